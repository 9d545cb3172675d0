"""Below another path than "/": the shipped files of each front end with that path in front of every
path they name, and public_url, which says the same."""
import dataclasses
import re
import shutil

import pytest

from fronts import ACCOUNT, FRONTS
from harness import PROJECT, Home

BASE = "/bridge"
# A path of the gateway as the files have it: behind a quote, a blank or the mark of a beginning.
PATH = re.compile(r'(?<=["^ ])/(?=\(?(fx|api|health|metrics)\b)')


@pytest.fixture
def below(name, monkeypatch):
    """A home behind the front end, on files that have the base."""
    front = FRONTS[name]
    with Home(account=ACCOUNT) as home:
        folder = home.place / front.folder
        shutil.copytree(PROJECT / front.folder, folder)
        for file in folder.glob("*.conf"):
            file.write_text(PATH.sub(BASE + "/", file.read_text()))
        monkeypatch.setitem(FRONTS, name, dataclasses.replace(front, folder=str(folder)))
        home.configure(web={"public_url": f"https://fx.example.org{BASE}"})
        home.base = BASE
        home.start(name)
        yield home


def test_below_another_path(below):
    """Each program is found, and its replies name the URLs of the world."""
    world = f"https://fx.example.org{BASE}"
    step = {"name": "ok", "script": "ok.sh"}
    below.write_script("ok.sh", "#!/bin/sh\n")
    made = below.post("/api/v1/pipelines", {"name": "p", "id": "p", "steps": [step],
                                            "options": {"event": "t"}})
    assert made.status == 201
    assert made.headers["Location"] == world + "/api/v1/pipelines/p"
    below.start_trigger("p")
    cid = below.post_event("t")["cid"]
    assert below.get(f"/fx/cid/{cid}").status == 200
    assert below.get("/fx/openapi.json").json["servers"][0]["url"] == world
    for path in "/api/v1/admin/events", "/api/v1/events/p", "/health/live", "/fx/executions/":
        assert below.get(path).status == 200, path
    assert below.get("/fx/nope").status == 404
    below.base = ""
    assert below.get("/other/fx/executions").status == 404
