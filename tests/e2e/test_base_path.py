"""Below another path than "/": in a folder of a shared host, behind servers that keep the path and
such that take it off; and what replies then say of themselves."""
import contextlib
import json

import pytest

import raw
import senders
from checks import check_problem
from door import fresh
from harness import Home, read_reply
from host import Host

STEPS = [{"name": "ok", "script": "ok.sh"}]


@contextlib.contextmanager
def shared(base, way):
    with Host(base, way) as home:
        home.write_script("ok.sh", "#!/bin/sh\nexit 0\n")
        home.start()
        yield home


PLACES = [("/bridge", "cgi"), ("/~ada", "cgi"), ("/~ada/a%20b/fx", "cgi"), ("", "cgi"),
          ("/bridge", "fcgid"), ("/~ada", "fcgid")]


@pytest.fixture(scope="module", params=PLACES, ids=lambda place: " ".join(place) or "/")
def below(request):
    with shared(*request.param) as home:
        yield home


def test_everything_works(below):
    """An event by each way of sending it, and all that it leads to."""
    made = below.post("/api/v1/pipelines", {"id": "p", "name": "p", "steps": STEPS,
                                                 "options": {"event": "t"}})
    assert made.status == 201
    location = made.headers["Location"]
    assert location == below.base + "/api/v1/pipelines/p"
    assert below.get(location.removeprefix(below.base)).status == 200
    assert below.post("/api/v1/events/p").status == 200
    body = b'{"a":1}'
    secret = below.new_secret("github")
    signed = senders.sign("github", secret.token, body)
    below.start_dispatcher()
    sent = [below.post_event("t"),
            below.post("/fx/events/generic?event_type=t", body).json,
            below.post("/fx/events/webhook", body, headers=signed, key=None).json]
    assert [below.wait_cid(one["cid"])[0]["status"] for one in sent[:1]] == ["completed"]
    below.stop_dispatcher()
    assert all(below.get(f"/fx/cid/{one['cid']}").status == 200 for one in sent)
    assert below.get("/fx/executions").json["executions"]
    assert below.get("/api/v1/admin/events").json["events"]
    assert below.get("/health/live", key=None).status == 200
    bearer = [("Authorization", f"Bearer {below.key()}")]
    assert below.get("/api/v1/events", headers=bearer, key=None).status == 200


def test_openapi_names_its_server(below):
    reply = below.get("/fx/openapi.json")
    assert reply.status == 200 and reply.json["servers"][0]["url"] == (below.base or "/")


def test_the_root_leads_to_what_there_is(below):
    reply = below.get("/", key=None)
    assert reply.status == 200 and f" {below.base}/fx/openapi.json " in reply.json["message"]
    assert reply.headers["Link"] == f'<{below.base}/fx/openapi.json>; rel="service-desc"'


def test_root_leads_on(below):
    reply = below.get("/", key=None)
    assert reply.status == 200
    assert f"; {below.base}/fx/openapi.json says" in reply.json["message"]


@pytest.mark.parametrize("path", ["/fx/nope", "/fx/events/nope", "/nope", "/bridge/fx/executions",
                                  "/fx//executions", "/fx/%65xecutions", "/fx/../fx/executions"])
def test_other_paths_are_nothing(below, path):
    check_problem(below.get(path), 404)


def test_home_is_not_served(below):
    """Nor said to be there by anything but the host's own words."""
    with below.connect() as connection:
        connection.sendall(below.request("GET", "/fxbridge.home"))
        assert read_reply(connection).status == 403


# --- public_url: what the world sees ---

PUBLIC = "https://fx.example.org/bridge"


@pytest.fixture(scope="module")
def public():
    """Behind a proxy, as the setting says; the proxy may leave its base on or take it off."""
    with Home() as home:
        home.configure(web={"public_url": PUBLIC + "/"})
        home.write_script("ok.sh", "#!/bin/sh\nexit 0\n")
        home.start()
        yield home


@pytest.mark.parametrize("base", ["", "/bridge"])
def test_proxy_leaves_the_base_or_takes_it(public, base):
    public.base = base
    try:
        document = public.get("/fx/openapi.json").json
        assert document["servers"][0]["url"] == PUBLIC
        assert public.get("/fx/executions/").status == 200
        check_problem(public.get("/fx/nope"), 404)
        check_problem(public.get("/bridge/fx/executions") if base else
                      public.get("/bridges/fx/executions"), 404)
    finally:
        public.base = ""


@pytest.mark.parametrize("script, rest", [
    ("/bridge/api/v1/pipelines", ""), ("/bridge/api/v1", "/pipelines"), ("/bridge", "/api/v1/pipelines"),
    ("/pub/pipelines.fcgi", "/api/v1/pipelines"), ("/api/v1/pipelines", ""),
])
def test_location_is_what_the_world_sees(public, script, rest):
    """However the front end cuts the path, and whatever it leaves on."""
    name = fresh()
    body = json.dumps({"id": name, "name": name, "steps": STEPS}).encode()
    given = raw.variables("POST", script, body, PATH_INFO=rest, HTTP_X_API_KEY=public.key(),
                          REQUEST_URI="/bridge/api/v1/pipelines")
    out, _ = raw.request(public.socket("pipelines"), given, body)
    assert out.startswith(b"Status: 201")
    assert f"Location: {PUBLIC}/api/v1/pipelines/{name}\r\n".encode() in out


def test_fxctl_names_the_url_for_deliveries(public):
    said = public.run_fxctl("secret", "create", "--provider", "github", "--name", "one").stderr
    assert f"Deliveries go to {PUBLIC}/fx/events/webhook, or to {PUBLIC}/fx/events/webhook?key=" in said


def test_nobody_else_puts_a_base_in_front(site):
    """Without the setting, a path with more in front is another path. The second is below a key of
    lighttpd's, a beginning, and looks like that of a file."""
    for path in ("/bridge/fx/executions", "/fx/cid.fcgi/fx/executions", "/x/status.fcgi/fx/executions"):
        check_problem(site.get(path), 404)
    assert site.get("/fx/openapi.json").json["servers"][0]["url"] == "/"
