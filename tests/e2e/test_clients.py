"""The official client libraries of CloudEvents, GitHub, Standard Webhooks and Stripe as senders,
and that of Standard Webhooks as receiver.

What they send is made by tests/node/clients.mjs.
"""
import base64
import json
import subprocess

import pytest

from checks import UUID, check_problem, nothing_stored
from jobs import completed, make, python, run
from node import script
from test_http_steps import http, serving

TIMEOUT = 60


def client(command, given, *operands):
    """Runs a subcommand of clients.mjs: what it printed."""
    done = subprocess.run(
        ["node", script("clients.mjs"), command, *operands], input=json.dumps(given),
        capture_output=True, text=True, timeout=TIMEOUT)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


# --- CloudEvents ---

MODES = ("binary", "structured", "batch")
PATHS = ("/fx/events", "/fx/events/generic", "/fx/events/webhook")

modes = pytest.mark.parametrize("mode", MODES)

ORDER = {
    "id": "order-4711", "source": "https://shop.example/orders?a=b#c", "type": "order.created",
    "subject": "4711", "time": "2026-01-02T03:04:05.678Z",
    "dataschema": "https://shop.example/schema", "datacontenttype": "application/json",
    "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "attempt": 3, "urgent": True, "data": {"name": "grüße 😀", "lines": [1, 2.5, None]},
}


def emit(home, mode, events, path="/fx/events", key=None):
    """Sends events by the SDK. What each was answered: the headers, and the body as a value."""
    url = f"http://127.0.0.1:{home.port}{path}"
    replies = client("cloudevents", events, url, key or home.key(), mode)
    return [(reply["headers"], json.loads(reply["body"])) for reply in replies]


def accepted(replies, mode):
    """The answers to events that must have been accepted, one for each event."""
    bodies = [body for _, body in replies]
    bodies = bodies[0] if mode == "batch" else bodies
    for body in bodies:
        assert body.keys() == {"cid", "eventType"}, body
        assert UUID.fullmatch(body["cid"])
    return bodies


def received(home, cid):
    """The event as its step was given it."""
    [execution] = home.wait_cid(cid)
    return completed(execution)["data"]["event"]


def listen(home, event):
    make(home, python('say(save={"event": json.load(sys.stdin)})'), event=event)


@modes
def test_cloudevent_reaches_its_step(live, mode):
    """With all its attributes. In binary mode, extensions are text, since headers are."""
    listen(live, ORDER["type"])
    [answer] = accepted(emit(live, mode, [ORDER]), mode)
    assert answer["eventType"] == ORDER["type"]
    event = received(live, answer["cid"])
    expected = {**ORDER, "specversion": "1.0", "correlationid": answer["cid"]}
    if mode == "binary":
        expected |= {"attempt": "3", "urgent": "true"}
    assert event.items() >= expected.items()
    # The SDK accepts it in turn, and understands the same.
    assert client("cloudevents-read", event).items() >= expected.items()


@modes
@pytest.mark.parametrize("given", [
    {"data": None, "datacontenttype": "application/json"},
    {"data": [], "datacontenttype": "application/vnd.shop+json"},
    {"data": "grüße\n", "datacontenttype": "text/plain"},
    {"data_base64": base64.b64encode(bytes(range(256))).decode(), "datacontenttype": "image/png"},
], ids=lambda given: given["datacontenttype"])
def test_cloudevent_payloads(live, mode, given):
    if mode == "binary" and given.get("data", "") is None:
        given = {**given, "data": "null"}  # the SDK sends text as it is, and has no body for null
    listen(live, "kind")
    [answer] = accepted(emit(live, mode, [{"source": "/s", "type": "kind", **given}]), mode)
    event = received(live, answer["cid"])
    if given.get("data") == "null":
        given = {**given, "data": None}
    assert event.items() >= given.items()
    assert ("data" in event) != ("data_base64" in event)


@modes
@pytest.mark.parametrize("path", PATHS)
def test_cloudevent_on_each_route(site, mode, path):
    event = {"source": "/s", "type": "any", "data": {}}
    [answer] = accepted(emit(site, mode, [event], path), mode)
    assert answer["eventType"] == "any"


@modes
def test_cloudevent_topic(live, mode):
    """The extension attribute is the topic; the type stays."""
    listen(live, "orders")
    event = {"source": "/s", "type": "anything at all", "topic": "orders", "data": {}}
    [answer] = accepted(emit(live, mode, [event]), mode)
    event = received(live, answer["cid"])
    assert (event["type"], event["topic"]) == ("anything at all", "orders")


@modes
def test_cloudevent_repeated(fastcgi, mode):
    """The same source and id get the first answer, whichever way they come."""
    event = {"id": f"repeat-{mode}", "source": "/s", "type": "any", "data": {}}
    first = emit(fastcgi, mode, [event])
    assert "idempotent-replayed" not in first[0][0]
    [answer] = accepted(first, mode)
    for again in MODES:
        replies = emit(fastcgi, again, [event])
        assert accepted(replies, again) == [answer]
        assert replies[0][0]["idempotent-replayed"] == "true"
    [other] = accepted(emit(fastcgi, mode, [{**event, "source": "/t"}]), mode)
    assert other["cid"] != answer["cid"]


def test_batch_in_order(live):
    listen(live, "n*")
    events = [{"source": "/s", "type": f"n{i}", "data": i} for i in range(20)]
    answers = accepted(emit(live, "batch", events), "batch")
    assert [answer["eventType"] for answer in answers] == [event["type"] for event in events]
    assert len({answer["cid"] for answer in answers}) == len(events)
    assert [received(live, answer["cid"])["data"] for answer in answers] == list(range(20))


def test_batch_of_none(fastcgi):
    with nothing_stored(fastcgi):
        assert accepted(emit(fastcgi, "batch", []), "batch") == []


def test_batch_is_all_or_nothing(fastcgi):
    """The SDK lets an extension attribute through that names no topic."""
    event = {"source": "/s", "type": "any", "data": 1}
    with nothing_stored(fastcgi):
        [(_, problem)] = emit(fastcgi, "batch", [event, {**event, "topic": "a b"}, event])
    assert problem["status"] == 422
    assert "topic" in problem["detail"]


@modes
def test_cloudevent_with_a_wrong_key(fastcgi, mode):
    with nothing_stored(fastcgi):
        [(headers, problem)] = emit(
            fastcgi, mode, [{"source": "/s", "type": "any", "data": {}}], key="fxk_" + "A" * 43)
    assert problem["status"] == 401
    assert headers["content-type"] == "application/problem+json"


# --- Webhooks ---

def github(secret, body, delivery):
    return {**client("octokit-sign", {"secret": secret, "body": body}),
            "X-GitHub-Event": "issues", "X-GitHub-Delivery": delivery}


def standard(secret, body, delivery):
    return client("standardwebhooks-sign", {"secret": secret, "body": body, "id": delivery})


def stripe(secret, body, delivery):
    return client("stripe-sign", {"secret": secret, "body": body})


# The provider, how its library signs, a payload, and the type that it becomes.
WEBHOOKS = {
    "github": (github, {"action": "opened", "repository": {
        "url": "https://api.github.example/repos/a/b"}}, "com.github.issues.opened"),
    "standard-webhooks": (standard, {"type": "invoice.paid", "data": {"id": "grüße 😀"}}, None),
    "stripe": (stripe, {"id": "evt_1", "type": "charge.succeeded", "data": {}}, None),
}

webhooks = pytest.mark.parametrize("provider", WEBHOOKS)


@pytest.fixture
def secret(fastcgi, provider):
    """A secret of the provider; revoked at the end, since every active one is tried."""
    made = json.loads(fastcgi.fxctl(
        "secret", "create", "--name", "test", "--provider", provider, "--json"))
    yield made
    fastcgi.fxctl("secret", "revoke", made["id"])


def deliver(home, provider, secret, body=None, path="/fx/events/webhook", change=lambda h: h):
    """Signs a delivery with the provider's library and sends it."""
    sign, payload, _ = WEBHOOKS[provider]
    text = json.dumps(payload, ensure_ascii=False)
    headers = change(sign(secret, text, f"delivery-{provider}-{secret[-8:]}"))
    return home.post(path, (text if body is None else body).encode(), key=None,
                     headers=list(headers.items()))


@webhooks
def test_delivery(fastcgi, provider, secret):
    reply = deliver(fastcgi, provider, secret["secret"])
    assert reply.status == 200, reply
    assert reply.json["eventType"] == WEBHOOKS[provider][2] or not WEBHOOKS[provider][2]


@webhooks
def test_delivery_with_the_secret_named(fastcgi, provider, secret):
    path = f"/fx/events/webhook?key={secret['id']}"
    reply = deliver(fastcgi, provider, secret["secret"], path=path)
    assert reply.status == 200, reply


@webhooks
@pytest.mark.parametrize("query", ["", "?key={}"])
def test_delivery_changed_on_the_way(fastcgi, provider, secret, query):
    path = "/fx/events/webhook" + query.format(secret["id"])
    with nothing_stored(fastcgi):
        reply = deliver(fastcgi, provider, secret["secret"], body='{"type":"x"}', path=path)
    check_problem(reply, 401)


@webhooks
def test_delivery_signed_with_another_secret(fastcgi, provider, secret):
    other = base64.b64encode(b"another secret of 32 bytes or so").decode()
    other = f"whsec_{other}" if provider == "standard-webhooks" else other
    with nothing_stored(fastcgi):
        check_problem(deliver(fastcgi, provider, other), 401)


@webhooks
def test_delivery_without_its_signature(fastcgi, provider, secret):
    def unsign(headers):
        return {name: value for name, value in headers.items() if "signature" not in name.lower()}

    with nothing_stored(fastcgi):
        check_problem(deliver(fastcgi, provider, secret["secret"], change=unsign), 401)


@pytest.mark.parametrize("provider", ["github", "standard-webhooks"])
def test_delivery_repeated(fastcgi, provider, secret):
    """These say which delivery it is."""
    first = deliver(fastcgi, provider, secret["secret"])
    again = deliver(fastcgi, provider, secret["secret"])
    assert (first.status, again.status) == (200, 200)
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json == first.json


# --- HTTP steps ---

@pytest.mark.parametrize("mode", ["binary", "structured"])
def test_signed_http_step(home, mode):
    """A receiver that verifies with the reference library takes what the bridge sends, and not what
    was changed on the way."""
    home.configure(http={"allow": "127.0.0.0/8"})
    home.start()
    home.start_dispatcher()
    key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    payload = {"text": "grüße 😀", "lines": [1, 2.5, None]}
    with serving() as server:
        completed(run(home, http(server.url(), secret=key, mode=mode), payload=payload))
        call, = server.calls
    given = {"secret": key, "body": call.body.decode(), "headers": dict(call.headers)}
    verified = client("standardwebhooks-verify", given)
    assert (verified["data"] if mode == "structured" else verified) == payload
    with pytest.raises(AssertionError, match="WebhookVerificationError"):
        client("standardwebhooks-verify", {**given, "body": given["body"] + " "})
