"""Lists of fxctl that are longer than a page: one document, or one table, with all rows."""
import json
import re

import pytest

import jobs
from harness import Home

PAGE = 16384  # [web] reply_bytes, the least that it may be
MANY = 200


@pytest.fixture(scope="module")
def full():
    """A home in which every list takes several pages."""
    with Home() as home:
        home.configure(web={"reply_bytes": PAGE})
        home.write_script("ok.sh", jobs.OK)
        home.start()
        home.start_dispatcher()
        for n in range(MANY):
            home.start_trigger(home.create_pipeline(
                f"Pipeline {n}" + "x" * (n % 7), [{"name": "a", "script": "ok.sh"}], event="go"))
        for n in range(MANY):
            home.new_key("events", name=f"key {n}" + "x" * 90)
            home.new_secret("github", name=f"secret {n}" + "x" * 80)
        for n in range(MANY):
            home.fxctl("step-secret", "set", f"secret-{n}-".ljust(64, "x"), stdin="a value of it")
        home.cid = home.post_event("go")["cid"]
        home.wait_cid(home.cid)
        yield home


# The command, the member with the rows, and a member of each that its table shows.
LISTS = {
    "pipelines": (["pipeline", "list"], "pipelines", "name"),
    "triggers": (["trigger", "status"], "triggers", "service"),
    "keys": (["key", "list"], "keys", "id"),
    "secrets": (["secret", "list"], "secrets", "id"),
    "step secrets": (["step-secret", "list"], "step_secrets", "name"),
    "executions": (["executions", "--limit", "1000"], "executions", "execution_id"),
    "cid": (["cid"], "executions", "execution_id"),
}


def run(home, name):
    """What the list prints, as a document and as a table."""
    words, member, shown = LISTS[name]
    operand = [home.cid] if name == "cid" else []
    document = home.fxctl(*words, *operand, "--json")
    return document, home.fxctl(*words, *operand), member, shown


@pytest.mark.parametrize("name", LISTS)
def test_list_is_whole(full, name):
    document, table, member, shown = run(full, name)
    assert document.endswith("}\n") and document.count("\n") == 1
    rows = json.loads(document)[member]
    assert len(document) > PAGE * 1.5 and len(rows) >= MANY
    assert len({row[shown] for row in rows}) == len(rows)
    head, *lines = table.splitlines()
    assert not re.search("[a-z]", head)
    assert len(lines) == len(rows)
    for row, line in zip(rows, lines):
        assert row[shown] in line


def test_order_of_pages(full):
    """As their pages over HTTP have it."""
    for name, path in ("pipelines", "/api/v1/pipelines/?limit=1000"), ("triggers", "/api/v1/events"):
        document, _, member, shown = run(full, name)
        rows, after, there = [], "", "events" if name == "triggers" else member
        while after is not None:
            page = full.get(path + (after and ("&" if "?" in path else "?") + after)).json
            rows += page[there]
            after = f"after={page['next']}" if page.get("next") else None
        shown = "name" if name == "pipelines" else "service"
        assert [row[shown] for row in json.loads(document)[member]] == [row[shown] for row in rows]


def test_status_has_a_page_of_triggers(full):
    status = json.loads(full.status("--json"))
    assert 0 < len(status["triggers"]) < MANY
    assert len(json.dumps(status["triggers"])) < 2 * PAGE
    assert status["next"] == status["triggers"][-1]["pipeline_id"]
    text = full.status()
    assert "fxctl trigger status" in text
    assert "next" not in json.loads(_small_status())


def _small_status():
    with Home() as home:
        assert "fxctl trigger status" not in home.status()
        return home.status("--json")


@pytest.mark.parametrize("name, none", [
    ("pipelines", "no pipeline"), ("triggers", "No trigger"), ("keys", "no key"),
    ("secrets", "no secret"), ("step secrets", "no step secret"), ("executions", "no execution yet")])
def test_list_of_none(home, name, none):
    words, member, _ = LISTS[name]
    done = home.run_fxctl(*words)
    assert (done.returncode, done.stdout) == (0, "") and none in done.stderr
    done = home.run_fxctl(*words, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    answer = json.loads(done.stdout)
    assert answer.pop("next", None) is None and answer == {member: []}


def test_later_page_that_cannot_be_read(full, tmp_path):
    """Nothing is printed for what is not there, and nothing twice."""
    done = full.run_fxctl("cid", "019aa7d2-3c5e-7001-8f6b-2d1c9a4e7b30", "--json")
    assert (done.returncode, done.stdout) == (1, "")
    done = full.run_fxctl("cid", "019aa7d2-3c5e-7001-8f6b-2d1c9a4e7b30")
    assert (done.returncode, done.stdout) == (1, "")
