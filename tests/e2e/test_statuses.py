"""Every status that schema/openapi.yaml promises for a route is given by it: one test for each.

The tests are made from the document, so that a status without a way to it fails here.
"""
import re
from datetime import datetime, timedelta, timezone

import pytest

import contract
import raw
from clock import Clock
from harness import SCOPES, Home, Reply, until

NOBODY = "00000000-0000-7000-8000-000000000000"
WRONG = "fxk_" + "A" * 43
MIB = 1 << 20

EVENT = {"event_source": "shop", "event_type": "order.created", "payload": 1}
STEPS = [{"name": "run", "script": "ok.sh"}]
TEXT = [("Content-Type", "text/plain")]


def promises():
    """All of (method, path, status)."""
    for (method, path), operation in contract.OPERATIONS.items():
        for status in operation["responses"]:
            yield pytest.param(method, path, int(status), id=f"{method} {path} {status}")


# --- Homes ---

@pytest.fixture(scope="module")
def home():
    """A home without a dispatcher but where one is needed: executions stay pending."""
    with Home() as made:
        made.configure(web={"failures_per_minute": 0})
        made.write_script("ok.sh", "#!/bin/sh\n")
        made.start()
        yield made


@pytest.fixture(scope="module")
def shut():
    """A home whose store is gone."""
    with Home() as made:
        made.start("cgi")
        (made.dir / "db/data.mdb").rename(made.dir / "db/away")
        yield made


@pytest.fixture(scope="module")
def bygone():
    """A home whose older rows are kept no longer."""
    with Home() as made:
        made.configure(retention={"row_days": 1})
        made.start()
        for _ in range(2):
            made.post_event("order.created")
        Clock(made, datetime.now(timezone.utc) + timedelta(days=2))
        made.start_dispatcher()
        until(lambda: made.get(f"{EVENTS}/1").status == 410, what="the first event is gone")
        yield made


@pytest.fixture(scope="module")
def strict():
    """A home with a key that may ask once a second."""
    with Home() as made:
        made.rated = made.new_key("events", "status", "pipelines", "triggers", "admin", rate=1)
        made.start()
        yield made


# --- Statuses that many routes have in common ---

def filled(path):
    """A path with nobody's id wherever one belongs."""
    return re.sub(r"\{\w+\}", NOBODY, path)


def is_open(method, path):
    return not contract.OPERATIONS[method, path]["security"]


def program_of(path):
    if path.startswith("/fx/events"):
        return "events"
    if path.startswith(("/health", "/metrics")):
        return "ops"
    if path == "/" or path.startswith("/fx/"):
        return "status"
    if path.startswith("/api/v1/admin"):
        return "console"
    return "triggers" if path.startswith("/api/v1/events") else "pipelines"


def ask_program(home, method, path, **variables):
    """Past the web server, which refuses by itself much of what is refused here."""
    given = raw.variables(method, filled(path), HTTP_X_API_KEY=home.key(), **variables)
    out, ended = raw.request(home.socket(program_of(path)), given)
    assert ended
    return cgi_reply(home, method, path, out)


def cgi_reply(home, method, path, out):
    """A reply in the form of CGI, held against the contract like all others."""
    head, _, body = out.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = contract.http_headers(lines)
    reply = Reply(int(status.split(" ")[1]), headers, body)
    home.check(f"{method} {filled(path)} HTTP/1.1\r\n\r\n".encode(), reply)
    return reply


def bad_request(home, method, path):
    """Two keys; where none is needed, a length that is none."""
    if is_open(method, path):
        return ask_program(home, method, path, CONTENT_LENGTH="x")
    other = [("Authorization", f"Bearer {home.key('status')}")]
    return home.call(method, filled(path), headers=other)


def without_a_key(home, method, path):
    return home.call(method, filled(path), key=None)


def without_the_scope(home, method, path):
    needed = contract.OPERATIONS[method, path]["security"][0]["apiKey"]
    return home.call(method, filled(path), key=home.key(*(s for s in SCOPES if s not in needed)))


def too_large(home, method, path):
    return ask_program(home, method, path, CONTENT_LENGTH=str(MIB + 1))


def not_json(home, method, path):
    return home.call(method, filled(path), b"{}", headers=TEXT)


def nothing_there(home, method, path):
    return home.call(method, filled(path))


def too_many(home, method, path):
    while (reply := home.call(method, filled(path), key=home.rated.token)).status != 429:
        pass
    return reply


GENERAL = {400: bad_request, 401: without_a_key, 403: without_the_scope, 404: nothing_there,
           413: too_large, 415: not_json}


# --- Those that one route has ---

def pipeline(home, name="one", **options):
    """A pipeline, made when it is first needed. Its id."""
    if home.get(f"/api/v1/pipelines/{name}").status == 404:
        made = {"id": name, "name": name, "steps": STEPS, "options": options}
        assert home.post("/api/v1/pipelines", made).status == 201
    return name


def started(home):
    home.start_trigger(pipeline(home, "started", event="never"))
    return "started"


def pending(home):
    """An execution that waits in the queue of a trigger."""
    return home.post(f"/api/v1/batches/{started(home)}").json["item"]


def cid(home):
    return home.post("/fx/events", EVENT).json["cid"]


def deleted(home):
    name = pipeline(home, "to-be-deleted")
    return home.delete(f"/api/v1/pipelines/{name}")


def act(home, action):
    """Does what it can to an execution, so that the second time its status does not allow it."""
    own = pending(home)
    if action == "retry":
        assert home.post(f"/api/v1/executions/{own}/skip").status == 200
    url = f"/api/v1/executions/{own}/{action}"
    return home.post(url), home.post(url)


def dead_letter(home):
    """An execution that fails, in a pipeline of its own; the dispatcher has gone again."""
    name = f"fails-{home.commits()}"
    home.write_script("fails.sh", "#!/bin/sh\nexit 1\n")
    made = {"id": name, "name": name, "steps": [{"name": "run", "script": "fails.sh"}],
            "options": {"retry": {"limit": 0}}}
    assert home.post(PIPELINES, made).status == 201
    home.start_dispatcher()
    run = home.post(f"/api/v1/batches/{name}").json
    home.wait_cid(run["cid"])
    home.stop_dispatcher()
    return run["item"]


def deserted(home):
    """A dead letter whose pipeline is no more."""
    own = dead_letter(home)
    pipeline_id = home.get(f"/fx/executions/{own}").json["pipeline_id"]
    assert home.delete(f"{PIPELINES}/{pipeline_id}").status == 200
    return own


def retry_letter(home, own):
    return home.post(f"{LETTERS}/{own}/retry")


def step_secret(home, name="one"):
    return home.put(f"{SECRETS}/{name}", {"value": "any"})


def deleted_secret(home):
    step_secret(home, "to-be-deleted")
    return home.delete(f"{SECRETS}/to-be-deleted")


def ready(home):
    """A reply to who asks while a dispatcher runs."""
    home.start_dispatcher()
    try:
        return until(lambda: (reply := home.get("/health/ready", key=None)).status == 200 and reply,
                     what="the home is ready")
    finally:
        home.stop_dispatcher()


BAD = {**EVENT, "event_type": "a b"}
PIPELINES = "/api/v1/pipelines"
PIPELINE = "/api/v1/pipelines/{id}"
TRIGGER = "/api/v1/events/{pipeline_id}"
LETTERS = "/api/v1/admin/dead-letters"
ERASE = "/api/v1/admin/cids/{cid}/erase"
SECRETS = "/api/v1/admin/step-secrets"
SECRET = "/api/v1/admin/step-secrets/{name}"
EVENTS = "/api/v1/admin/events"
STEP_LOG = "/fx/executions/{execution_id}/log"
ACTIONS = ("retry", "skip", "cancel")

OWN = {
    ("POST", "/fx/events", 200): lambda home: home.post("/fx/events", EVENT),
    ("POST", "/fx/events", 422): lambda home: home.post("/fx/events", BAD),
    ("POST", "/fx/events/generic", 200): lambda home: home.post("/fx/events/generic", [1]),
    ("POST", "/fx/events/generic", 422): lambda home: home.post("/fx/events/generic", 1),
    ("POST", "/fx/events/webhook", 200): lambda home: home.post("/fx/events/webhook", {}),
    ("POST", "/fx/events/webhook", 422): lambda home: home.post("/fx/events/webhook", 1),
    ("GET", "/fx/cid/{cid}", 200): lambda home: home.get(f"/fx/cid/{cid(home)}"),
    ("GET", "/fx/cid/{cid}", 422): lambda home: home.get(f"/fx/cid/{cid(home)}?wait=x"),
    ("GET", "/fx/cid/{cid}/explain", 200): lambda home: home.get(f"/fx/cid/{cid(home)}/explain"),
    ("GET", "/fx/executions", 422): lambda home: home.get("/fx/executions?limit=x"),
    ("GET", "/fx/executions/{execution_id}", 200):
        lambda home: home.get(f"/fx/executions/{pending(home)}"),
    ("GET", "/fx/executions/{execution_id}/event", 200):
        lambda home: home.get(f"/fx/executions/{pending(home)}/event"),
    ("GET", STEP_LOG, 200):
        lambda home: home.get(f"/fx/executions/{dead_letter(home)}/log?step=run"),
    ("GET", STEP_LOG, 422): lambda home: home.get(f"/fx/executions/{pending(home)}/log?from=x"),
    ("GET", EVENTS, 422): lambda home: home.get(f"{EVENTS}?limit=x"),
    ("GET", f"{EVENTS}/{{seq}}", 200): lambda home: cid(home) and home.get(f"{EVENTS}/1"),
    ("GET", f"{EVENTS}/{{seq}}/payload", 200):
        lambda home: cid(home) and home.get(f"{EVENTS}/1/payload"),
    ("GET", PIPELINES, 422): lambda home: home.get(f"{PIPELINES}?limit=x"),
    ("GET", "/api/v1/pipelines/{id}/versions", 422):
        lambda home: home.get(f"/api/v1/pipelines/{pipeline(home)}/versions?limit=x"),
    ("GET", "/api/v1/events", 422): lambda home: home.get("/api/v1/events?limit=x"),
    ("POST", PIPELINES, 201):
        lambda home: home.post(PIPELINES, {"name": f"new-{home.commits()}", "steps": STEPS}),
    ("POST", PIPELINES, 409):
        lambda home: home.post(PIPELINES, {"name": pipeline(home), "steps": STEPS}),
    ("POST", PIPELINES, 422): lambda home: home.post(PIPELINES, {}),
    ("GET", PIPELINE, 200): lambda home: home.get(f"{PIPELINES}/{pipeline(home)}"),
    ("PUT", PIPELINE, 200):
        lambda home: home.put(f"{PIPELINES}/{pipeline(home)}", {"steps": STEPS}),
    ("PUT", PIPELINE, 404): lambda home: home.put(f"{PIPELINES}/none", {"steps": STEPS}),
    ("PUT", PIPELINE, 412):
        lambda home: home.put(f"{PIPELINES}/{pipeline(home)}", {"steps": STEPS},
                              headers=[("If-Match", '"999"')]),
    ("PUT", PIPELINE, 422): lambda home: home.put(f"{PIPELINES}/{pipeline(home)}", {}),
    ("DELETE", PIPELINE, 200): deleted,
    ("DELETE", PIPELINE, 409): lambda home: home.delete(f"{PIPELINES}/{started(home)}"),
    ("GET", f"{PIPELINE}/versions", 200):
        lambda home: home.get(f"{PIPELINES}/{pipeline(home)}/versions"),
    ("GET", f"{PIPELINE}/versions/{{version}}", 200):
        lambda home: home.get(f"{PIPELINES}/{pipeline(home)}/versions/1"),
    ("POST", "/api/v1/batches/{pipeline_id}", 200):
        lambda home: home.post(f"/api/v1/batches/{pipeline(home)}"),
    **{("POST", f"/api/v1/executions/{{id}}/{action}", status):
       lambda home, action=action, i=i: act(home, action)[i]
       for action in ACTIONS for i, status in enumerate((200, 409))},
    ("POST", TRIGGER, 200): lambda home: home.post(f"/api/v1/events/{started(home)}"),
    ("POST", TRIGGER, 500): lambda home: home.post(f"/api/v1/events/{pipeline(home)}"),
    ("GET", TRIGGER, 200): lambda home: home.get(f"/api/v1/events/{pipeline(home)}"),
    ("DELETE", TRIGGER, 200): lambda home: home.delete(f"/api/v1/events/{pipeline(home)}"),
    ("GET", LETTERS, 422): lambda home: home.get(f"{LETTERS}?limit=x"),
    ("POST", f"{LETTERS}/retry", 200): lambda home: home.post(f"{LETTERS}/retry"),
    ("POST", f"{LETTERS}/retry", 422): lambda home: home.post(f"{LETTERS}/retry?pipeline_id="),
    ("POST", LETTERS + "/{execution_id}/retry", 422):
        lambda home: home.post(f"{LETTERS}/none/retry?version=x"),
    ("POST", "/api/v1/executions/{id}/retry", 422):
        lambda home: home.post("/api/v1/executions/none/retry?version=x"),
    ("POST", f"{LETTERS}/{{execution_id}}/retry", 200):
        lambda home: retry_letter(home, dead_letter(home)),
    ("POST", f"{LETTERS}/{{execution_id}}/retry", 409):
        lambda home: retry_letter(home, deserted(home)),
    ("POST", ERASE, 200):
        lambda home: home.post(ERASE.format(cid=home.get(f"/fx/executions/{dead_letter(home)}").json["cid"])),
    ("POST", ERASE, 409): lambda home: home.post(ERASE.format(cid=cid(home))),
    ("GET", "/api/v1/admin/audit", 422): lambda home: home.get("/api/v1/admin/audit?limit=x"),
    ("GET", SECRETS, 422): lambda home: home.get(f"{SECRETS}?limit=x"),
    ("GET", SECRET, 200): lambda home: step_secret(home) and home.get(f"{SECRETS}/one"),
    ("PUT", SECRET, 200): lambda home: step_secret(home) and step_secret(home),
    ("PUT", SECRET, 201): lambda home: step_secret(home, f"new-{home.commits()}"),
    ("PUT", SECRET, 422): lambda home: home.put(f"{SECRETS}/one", {}),
    ("DELETE", SECRET, 200): deleted_secret,
    ("GET", "/health/ready", 200): ready,
}

# A plain request: a list, the description, a handshake.
PLAIN = {("GET", 200), ("OPTIONS", 204)}


def provoke(home, method, path, status):
    if (method, path, status) in OWN:
        return OWN[method, path, status](home)
    if status in GENERAL:
        return GENERAL[status](home, method, path)
    assert (method, status) in PLAIN and "{" not in path, "there is no way to this"
    return home.call(method, path)


@pytest.mark.parametrize("method, path, status", promises())
def test_status_is_given(request, method, path, status):
    """And the reply is one that the document has for it, as every reply of these tests must be."""
    if status == 503:
        reply = request.getfixturevalue("shut").call(method, filled(path))
    elif status == 410:
        old = filled(path.replace("{seq}", "1"))
        reply = request.getfixturevalue("bygone").call(method, old)
    elif status == 429:
        reply = too_many(request.getfixturevalue("strict"), method, path)
    else:
        reply = provoke(request.getfixturevalue("home"), method, path, status)
    assert reply.status == status, reply
    if status in (429, 503):
        assert int(reply.headers["Retry-After"]) >= 1


def test_every_way_leads_to_a_promise():
    known = {tuple(param.values) for param in promises()}
    assert not OWN.keys() - known
    assert {(method, path) for method, path, _ in known} == contract.OPERATIONS.keys()
