"""What a signature vouches for: the body alone. Names and ids beside it are anybody's."""
import json
from urllib.parse import quote

import pytest

import jobs
import senders
from checks import check_problem, nothing_stored
from door import HOOK, UNNAMED, fresh
from harness import Home, until

TARGET = "person.arrived"  # what somebody would like to start
BODY = {"action": "opened", "repository": {"html_url": "https://github.example/o/c"}}


@pytest.fixture(scope="module")
def home():
    """With a pipeline that keeps each event as its step was given it."""
    with Home() as made:
        made.configure(web={"failures_per_minute": 0})
        made.start()
        made.start_dispatcher()
        jobs.make(made, jobs.python('say(save={"event": sys.stdin.read()})'), event="*")
        made.key("events"), made.key()
        yield made


def published(home, reply):
    """The type, the source and the topic of what a request has made."""
    assert reply.status == 200, reply
    [execution] = home.wait_cid(reply.json["cid"])
    event = json.loads(jobs.completed(execution)["data"]["event"])
    return event["type"], event["source"], event.get("topic", event["type"])


def send(home, made, path, body, headers=(), provider="github"):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    joint = "&" if "?" in path else "?"
    signed = senders.sign(provider, made.token, body, own=fresh())
    return home.post(f"{path}{joint}key={made.id}", body, headers=[*headers, *signed], key=None)


# --- A limit on types binds the topic ---

STRUCTURED = [("Content-Type", "application/cloudevents+json")]
BATCH = [("Content-Type", "application/cloudevents-batch+json")]


def ce(**more):
    return {"specversion": "1.0", "id": fresh(), "source": "/s", "type": "orders.x", **more}


def ce_headers(**more):
    return [(f"ce-{name}", value) for name, value in ce(**more).items()]


EVENT = {"event_source": "s", "event_type": "orders.x", "payload": {"name": "M"}}
TOPIC = f"topic={quote(TARGET)}"

# Ways to publish under the target's topic, with a type that is allowed: path, body, headers.
WAYS = {
    "URL of events": (f"/fx/events?{TOPIC}", EVENT, []),
    "URL of generic": (f"/fx/events/generic?event_type=orders.x&{TOPIC}", {}, []),
    "URL of webhook": (f"{HOOK}?event_type=orders.x&{TOPIC}", {}, []),
    "structured": ("/fx/events", ce(topic=TARGET), STRUCTURED),
    "batch": ("/fx/events", [ce(), ce(topic=TARGET)], BATCH),
    "binary": ("/fx/events", {}, ce_headers(topic=TARGET)),
    "URL of structured": (f"/fx/events?{TOPIC}", ce(), STRUCTURED),
    "URL of batch": (f"/fx/events?{TOPIC}", [ce(), ce()], BATCH),
    "URL of binary": (f"{HOOK}?{TOPIC}", {}, ce_headers()),
    "URL, encoded": ("/fx/events?topic=person%2Earrived", EVENT, []),
    "structured at webhook": (HOOK, ce(topic=TARGET), STRUCTURED),
}


@pytest.mark.parametrize("way", WAYS)
def test_types_bind_the_topic_of_a_key(home, way):
    path, body, headers = WAYS[way]
    limited = home.new_key("events", types="orders.*").token
    check_problem(home.post(path, body, headers=headers, key=limited), 403, "topic: ")
    open_to_it = home.new_key("events", types=f"orders.*,{TARGET}").token
    assert home.post(path, body, headers=headers, key=open_to_it).status == 200
    assert home.post(path, body, headers=headers, key=home.key("events")).status == 200


@pytest.mark.parametrize("way", [way for way, (path, _, _) in WAYS.items() if "topic=" not in path])
def test_types_bind_the_topic_of_a_secret(home, way):
    path, body, headers = WAYS[way]
    limited = home.new_secret(types="orders.*")
    check_problem(send(home, limited, path, body, headers), 403, "topic: ")
    home.revoke(limited)


# --- The URL of a signed request ---

NAMES = f"event_type={quote(TARGET)}&event_source=/evil&{TOPIC}"
PUSH = [("X-GitHub-Event", "push")]
OWN = "https://github.example/o/c"

# provider, path, body, headers: type, source and topic, all as without the URL's names.
SIGNED = {
    "webhook": ("github", HOOK, BODY, PUSH, "com.github.push.opened", OWN),
    "webhook without a name": ("github", HOOK, {}, [], UNNAMED, HOOK),
    "generic": ("github", "/fx/events/generic", {}, PUSH, "fx.events.generic.incoming",
                "/fx/events/generic"),
    "events": ("github", "/fx/events", EVENT, PUSH, "orders.x", "s"),
    "structured": ("github", "/fx/events", ce(), STRUCTURED, "orders.x", "/s"),
    "gitlab, a token": ("gitlab", HOOK, {"object_kind": "push"}, [], "com.gitlab.push", HOOK),
    "stripe": ("stripe", HOOK, {"type": "charge.paid"}, [], "com.stripe.charge.paid",
               "https://stripe.com"),
    "standard": ("standard-webhooks", HOOK, {"type": "a.b"}, [], "a.b", HOOK),
    "slack": ("slack", HOOK, {"type": "message"}, [], "com.slack.message", "https://slack.com"),
}


@pytest.mark.parametrize("case", SIGNED)
def test_url_decides_nothing(home, case):
    provider, path, body, headers, kind, source = SIGNED[case]
    made = home.new_secret(provider)
    body = {**body, "n": fresh()} if path == HOOK else body
    for query in (NAMES, "topic=", "topic=a&topic=b", "event_type=%ff"):
        body = {**body, "id": fresh()} if "specversion" in body else body
        reply = send(home, made, f"{path}?{query}", body, headers, provider)
        assert published(home, reply) == (kind, source, kind), query
    until(lambda: "in the URL counts for nothing" in home.logs(), 10, "the log tells it")
    home.revoke(made)


@pytest.mark.parametrize("types, status", [(None, 200), (f"{TARGET},other", 200), ("other", 403),
                                           ("com.github.*", 403)])
def test_url_names_where_the_secret_allows_it(home, types, status):
    """Within its types."""
    made = home.new_secret(url_names=True, types=types)
    reply = send(home, made, f"{HOOK}?{NAMES}", BODY, PUSH)
    assert reply.status == status, reply
    if status == 200:
        assert published(home, reply) == (TARGET, "/evil", TARGET)
    if types == "com.github.*":
        check_problem(send(home, made, f"{HOOK}?{TOPIC}", BODY, PUSH), 403, "topic: ")
    home.revoke(made)


def test_url_names_beside_a_key(home):
    """Who has a key too decides what it is called."""
    made = home.new_secret()
    body = json.dumps(BODY).encode()
    signed = senders.sign("github", made.token, body)
    for headers in (signed, []):
        path = f"{HOOK}?{NAMES}" + (f"&key={made.id}" if headers else "")
        reply = home.post(path, body, headers=headers, key=home.key("events"))
        assert published(home, reply) == (TARGET, "/evil", TARGET)
    home.revoke(made)


# --- Names in headers that nobody signs ---

@pytest.mark.parametrize("event, types, kind", [
    ("push", None, "com.github.push.opened"),
    (TARGET, None, f"com.github.{TARGET}.opened"),
    ("../x", None, "com.github....x.opened"),
    ("push", "com.github.push.*", "com.github.push.opened"),
    ("deployment", "com.github.push.*", None),
    (TARGET, TARGET, None),
])
def test_event_header_stays_within_the_provider_and_the_types(home, event, types, kind):
    made = home.new_secret(types=types)
    reply = send(home, made, HOOK, {**BODY, "n": fresh()}, [("X-GitHub-Event", event)])
    if kind:
        assert published(home, reply)[0] == kind
    else:
        check_problem(reply, 403, "event_type")
    home.revoke(made)


@pytest.mark.parametrize("provider, types, kind, topic, word", [
    ("github", None, TARGET, None, "type: "),
    ("github", None, "com.github.push", TARGET, "topic: "),
    ("github", None, "com.github.push", None, None),
    ("github", TARGET, TARGET, None, None),
    ("github", "com.github.*", TARGET, None, "type: "),
    ("gitea", None, "com.github.push", None, "type: "),
    ("standard-webhooks", None, TARGET, None, "type: "),
    ("standard-webhooks", f"{TARGET},x", TARGET, "x", None),
    ("gitlab", None, TARGET, None, "type: "),
])
def test_cloudevent_whose_names_are_in_headers(home, provider, types, kind, topic, word):
    """The signature is over the body; a batch or a structured event has its names there."""
    made = home.new_secret(provider, types=types)
    headers = ce_headers(type=kind, **({"topic": topic} if topic else {}))
    reply = send(home, made, "/fx/events", {"n": fresh()}, headers, provider)
    if word:
        check_problem(reply, 403, word)
    else:
        assert published(home, reply) == (kind, "/s", topic or kind)
    home.revoke(made)


def test_names_in_the_body_are_the_signer_s(home):
    """Limited by --types alone."""
    made = home.new_secret()
    for path, body, headers in (("/fx/events", {**EVENT, "event_type": TARGET}, []),
                                ("/fx/events", ce(type=TARGET), STRUCTURED)):
        assert published(home, send(home, made, path, body, headers))[0] == TARGET
    home.revoke(made)


# --- A body that comes again ---

@pytest.fixture
def still(home):
    """The store alone, where one can see that nothing is stored."""
    home.stop_dispatcher()
    yield home
    home.start_dispatcher()


def deliver(home, made, provider, body, headers):
    signed = senders.sign(provider, made.token, body)
    return home.post(f"{HOOK}?key={made.id}", body, headers=[*headers, *signed], key=None)


def logged(home, part):
    until(lambda: part in home.logs(), 10, "the log tells it")


COPIES = {
    "another id": [("X-GitHub-Delivery", "other"), ("X-GitHub-Event", "push")],
    "no id": [("X-GitHub-Event", "push")],
    "another event": [("X-GitHub-Delivery", "other"), ("X-GitHub-Event", "deployment")],
    "no event": [("X-GitHub-Delivery", "other")],
    "as a CloudEvent": ce_headers(type="com.github.push"),
}


@pytest.mark.parametrize("case", COPIES)
@pytest.mark.parametrize("repeats", [None, "body"])
def test_copy_of_a_delivery(still, case, repeats):
    """It is a new event and a line in the log, or a repeat where the secret says so."""
    made = still.new_secret(repeats=repeats)
    body = json.dumps({"n": fresh()}).encode()
    first = deliver(still, made, "github", body,
                    [("X-GitHub-Delivery", "first"), ("X-GitHub-Event", "push")])
    assert first.status == 200
    before = still.commits()
    reply = deliver(still, made, "github", body, COPIES[case])
    assert reply.status == 200
    assert (reply.json["cid"] == first.json["cid"]) == bool(repeats)
    assert (reply.headers["Idempotent-Replayed"] == "true") == bool(repeats)
    assert (still.commits() == before) == bool(repeats)
    line = (f"{reply.headers['X-Request-Id']}", "came before")
    if not repeats or "event" in case.lower():
        until(lambda: any(all(part in each for part in line)
                          for each in still.logs().splitlines()), 10, "the log tells it")
    if "CloudEvent" not in case or repeats:  # which else is known by its id alone
        other = deliver(still, made, "github", body + b" ", COPIES[case])
        assert "Idempotent-Replayed" not in other.headers
    still.revoke(made)


def test_copy_through_another_route(still):
    """The body is the same, whatever the route makes of it."""
    made = still.new_secret(repeats="body")
    body = json.dumps({**EVENT, "payload": fresh()}).encode()
    cids = set()
    for path in (HOOK, "/fx/events", "/fx/events/generic"):
        signed = senders.sign("github", made.token, body)
        reply = still.post(f"{path}?key={made.id}", body, headers=signed, key=None)
        cids.add(reply.json["cid"])
    assert len(cids) == 1
    still.revoke(made)


def test_same_body_of_two_secrets(still):
    body = json.dumps({"n": fresh()}).encode()
    cids = set()
    for made in (still.new_secret(repeats="body"), still.new_secret(repeats="body")):
        cids.add(deliver(still, made, "github", body, []).json["cid"])
        still.revoke(made)
    assert len(cids) == 2


SLACK = [({"type": "block_actions", "trigger_id": "1"}, True),
         ({"type": "event_callback", "event_id": "E", "event": {"type": "message"}}, True)]


@pytest.mark.parametrize("payload, repeat", SLACK, ids=str)
def test_bodies_of_a_provider_that_never_repeat(still, payload, repeat):
    made = still.new_secret("slack")
    body = json.dumps({**payload, "n": fresh()}).encode()
    first = deliver(still, made, "slack", body, [])
    with nothing_stored(still):
        again = deliver(still, made, "slack", body, [("X-Slack-Retry-Num", "1")])
    assert again.json == first.json
    still.revoke(made)


def test_signed_ids_are_believed(still):
    """Whoever signs an id means it: two events with one body are two."""
    made = still.new_secret("standard-webhooks")
    body = json.dumps({"type": "a", "n": fresh()}).encode()
    cids = set()
    for own in (fresh(), fresh()):
        signed = senders.sign("standard-webhooks", made.token, body, own=own)
        cids.add(still.post(f"{HOOK}?key={made.id}", body, headers=signed, key=None).json["cid"])
    assert len(cids) == 2
    still.revoke(made)


# --- What is said of it ---

def test_options_of_a_secret(home):
    home.new_secret(url_names=True, repeats="body", types="a.*")
    plain = home.new_secret()
    listed = {each["id"]: each for each in json.loads(home.fxctl("secret", "list", "--json"))["secrets"]}
    assert "url_names" not in listed[plain.id] and "repeats" not in listed[plain.id]
    assert any(each.get("url_names") is True and each.get("repeats") == "body"
               for each in listed.values())
    done = home.run_fxctl("secret", "create", "--name", "a", "--repeats", "id")
    assert (done.returncode, "--repeats: must be body" in done.stderr) == (2, True)
