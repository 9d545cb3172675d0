"""Webhooks: what each provider sends is taken and named; and by which secret it is known.

The senders are made anew in tests/lib/senders.py; test_clients.py has the official libraries.
Signatures that are refused are in test_signatures.py.
"""
import json
from urllib.parse import quote, urlencode

import pytest

import jobs
import senders
from checks import check_problem, nothing_stored
from door import BODY, HOOK, SECRETS, SENDERS, UNNAMED, Door, fresh
from harness import until
from senders import b64, digest


@pytest.fixture(scope="module")
def door():
    """Without a dispatcher, so that one can see that nothing is stored."""
    with Door() as home:
        home.start()
        yield home


@pytest.fixture
def secret(door):
    """Makes a secret that is revoked at the end: those that are live are all tried."""
    made = []

    def make(*args, **options):
        made.append(door.new_secret(*args, **options))
        return made[-1]

    yield make
    for credential in made:
        door.revoke(credential)


@pytest.fixture(scope="module")
def listening():
    """With a pipeline that keeps each event as its step was given it."""
    with Door() as home:
        home.start()
        home.start_dispatcher()
        jobs.make(home, jobs.python('say(save={"event": sys.stdin.read()})'), event="*")
        yield home


def received(home, reply):
    """The event of a request that must have been accepted, as its step had it, and its text."""
    assert reply.status == 200, reply
    [execution] = home.wait_cid(reply.json["cid"])
    text = jobs.completed(execution)["data"]["event"]
    return json.loads(text), text


# --- Each provider ---

GITHUB_REPOSITORY = {"url": "https://api.github.example/repos/octo/cat",
                     "html_url": "https://github.example/octo/cat"}
GITEA_REPOSITORY = {"html_url": "https://gitea.example/octo/cat"}
GITLAB_PROJECT = {"web_url": "https://gitlab.example/octo/cat"}
GITLAB_PUSH = {"object_kind": "push", "checkout_sha": "da1560886d4f", "project": GITLAB_PROJECT}

# sender, headers ({} is the id of the delivery), payload ({} likewise), attributes of the event.
DELIVERIES = {
    "github": (
        "github", [("X-GitHub-Event", "issues"), ("X-GitHub-Delivery", "{}")],
        {"action": "opened", "repository": GITHUB_REPOSITORY},
        {"type": "com.github.issues.opened", "source": "https://github.example/octo/cat"}),
    "github without action": (
        "github", [("X-GitHub-Event", "push"), ("X-GitHub-Delivery", "{}")],
        {"ref": "refs/heads/main", "repository": GITHUB_REPOSITORY},
        {"type": "com.github.push", "source": "https://github.example/octo/cat"}),
    "github ping": (
        "github", [("X-GitHub-Event", "ping"), ("X-GitHub-Delivery", "{}")],
        {"zen": "Keep it logically awesome.", "hook_id": 1, "repository": GITHUB_REPOSITORY},
        {"type": "com.github.ping", "source": "https://github.example/octo/cat"}),
    "github ping of an organization": (
        "github", [("X-GitHub-Event", "ping"), ("X-GitHub-Delivery", "{}")],
        {"zen": "Design for failure.", "hook_id": 2},
        {"type": "com.github.ping", "source": HOOK}),
    "github without its headers": (
        "github", [], {"action": "opened"}, {"type": UNNAMED, "source": HOOK, "id": ...}),
    "gitea": (
        "gitea", [("X-Gitea-Event", "issues"), ("X-Gitea-Delivery", "{}")],
        {"action": "closed", "repository": GITEA_REPOSITORY},
        {"type": "com.gitea.issues.closed", "source": "https://gitea.example/octo/cat"}),
    "forgejo": (
        "forgejo", [("X-Gitea-Event", "push"), ("X-Forgejo-Event", "push"),
                    ("X-Forgejo-Delivery", "{}")],
        {"repository": GITEA_REPOSITORY},
        {"type": "com.forgejo.push", "source": "https://gitea.example/octo/cat"}),
    "gitlab": (
        "gitlab", [("X-Gitlab-Event", "Push Hook"), ("Idempotency-Key", "{}")], GITLAB_PUSH,
        {"type": "com.gitlab.push", "source": "https://gitlab.example/octo/cat",
         "subject": "da1560886d4f"}),
    "gitlab merge request": (
        "gitlab", [("X-Gitlab-Event", "Merge Request Hook"), ("Idempotency-Key", "{}")],
        {"object_kind": "merge_request", "project": GITLAB_PROJECT},
        {"type": "com.gitlab.merge_request", "source": "https://gitlab.example/octo/cat",
         "subject": ...}),
    "gitlab-signing": (
        "gitlab-signing", [("X-Gitlab-Event", "Push Hook")], GITLAB_PUSH,
        {"type": "com.gitlab.push", "source": "https://gitlab.example/octo/cat"}),
    "standard-webhooks": (
        "standard-webhooks", [], {"type": "invoice.paid", "data": {"id": 1}},
        {"type": "invoice.paid", "source": HOOK}),
    "standard-webhooks without type": (
        "standard-webhooks", [], [1, 2], {"type": UNNAMED, "source": HOOK}),
    "svix": ("svix", [], {"type": "user.created"}, {"type": "user.created", "source": HOOK}),
    "stripe": (
        "stripe", [], {"id": "{}", "type": "charge.succeeded", "data": {}},
        {"type": "com.stripe.charge.succeeded", "source": "https://stripe.com"}),
    "slack": (
        "slack", [], {"type": "event_callback", "event_id": "{}", "event": {"type": "app_mention"}},
        {"type": "com.slack.app_mention", "source": "https://slack.com"}),
    "shopify": (
        "shopify", [("X-Shopify-Topic", "orders/create"), ("X-Shopify-Webhook-Id", "{}"),
                    ("X-Shopify-Shop-Domain", "octo.shop.example")], {"id": 820982911946154508},
        {"type": "com.shopify.orders.create", "source": "https://octo.shop.example"}),
}

deliveries = pytest.mark.parametrize("name", DELIVERIES)


def delivery(home, name, own):
    """The path, body and headers of a delivery with this id."""
    sender, headers, payload, expected = DELIVERIES[name]
    body = json.dumps(payload).replace("{}", own, 1).encode() if '"{}"' in json.dumps(
        payload) else json.dumps(payload).encode()
    headers = [(header, value.format(own)) for header, value in headers]
    return home.url(sender), body, headers + home.sign(sender, body, own=own)


@deliveries
def test_delivery_becomes_an_event(listening, name):
    """Its type, source and id are what the provider calls them; its payload is what was sent."""
    own = fresh()
    path, body, headers = delivery(listening, name, own)
    event, _ = received(listening, listening.deliver(body, headers, path))
    for attribute, value in {"id": own, **DELIVERIES[name][3]}.items():
        if value is not ...:
            assert event[attribute] == value
    if DELIVERIES[name][3].get("subject") is ...:
        assert "subject" not in event
    assert event["data"] == json.loads(body)
    assert event["datacontenttype"] == "application/json"


@pytest.mark.parametrize("name", [name for name, (*_, expected) in DELIVERIES.items()
                                  if expected.get("id") is not ...])
def test_delivery_sent_again(door, name):
    """It is known by its id, although it is signed at another time."""
    own = fresh()
    path, body, headers = delivery(door, name, own)
    first = door.deliver(body, headers, path)
    assert first.status == 200
    assert "Idempotent-Replayed" not in first.headers
    sender = DELIVERIES[name][0]
    known = {header for header, _ in door.sign(sender, body, own=own)}
    again = [h for h in headers if h[0] not in known] + door.sign(sender, body, own=own, at=-20)
    with nothing_stored(door):
        reply = door.deliver(body, again, path)
    assert reply.headers["Idempotent-Replayed"] == "true"
    assert reply.json == first.json
    path, body, headers = delivery(door, name, fresh())
    assert door.deliver(body, headers, path).json["cid"] != first.json["cid"]


def test_delivery_id_is_the_secret_s_own(door, secret):
    """Two senders that use the same id do not meet."""
    own, body = [("X-GitHub-Delivery", fresh())], b"{}"
    cids = []
    for made in (secret(), secret()):
        reply = door.deliver(body, senders.sign("github", made.token, body) + own)
        cids.append(reply.json["cid"])
    assert cids[0] != cids[1]


@pytest.mark.parametrize("headers, kind", [
    ([("X-GitHub-Event", "push")], "com.github.push"),
    ([("X-Gitea-Event", "push")], "com.gitea.push"),
    ([], UNNAMED),
])
def test_named_by_its_headers_beside_a_key(door, headers, kind):
    """Who has a key may send what a provider would."""
    reply = door.deliver(b"{}", headers, key=door.key("events"))
    assert (reply.status, reply.json["eventType"]) == (200, kind)


@pytest.mark.parametrize("query, expected", [
    ("event_type=my.type", {"type": "my.type", "source": "https://github.example/octo/cat"}),
    ("event_source=/mine", {"type": "com.github.push", "source": "/mine"}),
    ("topic=mine", {"type": "com.github.push", "topic": "mine"}),
])
def test_url_says_more_than_the_provider(listening, query, expected):
    """Where the secret was made so (test_vouched.py has those that were not)."""
    made = listening.new_secret(url_names=True)
    _, body, headers = delivery(listening, "github without action", fresh())
    headers = [*headers[:2], *senders.sign("github", made.token, body)]
    reply = listening.deliver(body, headers, f"{HOOK}?key={made.id}&{query}")
    event, _ = received(listening, reply)
    assert event.items() >= expected.items()
    listening.revoke(made)


@pytest.mark.parametrize("event", ["a b", "x" * 300, "ü", "a\tb", "%2e"])
def test_event_header_that_is_no_type(door, event):
    """The event is taken nevertheless, under the common type."""
    body = b"{}"
    header = ("X-GitHub-Event", event.encode().decode("latin-1"))
    reply = door.deliver(body, [header, *door.sign("github", body)])
    assert (reply.status, reply.json["eventType"]) == (200, UNNAMED)


@pytest.mark.parametrize("body", [
    b'{"a":1.0,"b":1e2,"c":"\\u00fc",  "d" : [ ] , "e":123456789012345678901234567890}',
    b' \r\n[1 , 2]\t',
    '{"ü":"😀"}'.encode(),
])
def test_payload_is_kept_to_the_byte(listening, body):
    headers = listening.sign("github", body)
    _, text = received(listening, listening.deliver(body, headers))
    assert f'"data":{body.decode()}' in text


@pytest.mark.parametrize("body, status", [
    (b"", 400), (b"{", 400), (b'{"a":1,"a":}', 400), (b"1", 422), (b'"a"', 422), (b"null", 422)])
def test_signed_nonsense(door, body, status):
    """A good signature does not make it JSON."""
    with nothing_stored(door):
        check_problem(door.deliver(body, door.sign("github", body)), status)


@pytest.mark.parametrize("route", ["/fx/events", "/fx/events/webhook"])
def test_signed_cloudevent(door, route):
    """It has its own name, whoever signs it."""
    event = {"specversion": "1.0", "id": fresh(), "source": "/s", "type": "kind"}
    body = json.dumps(event).encode()
    headers = [("Content-Type", "application/cloudevents+json"), ("X-GitHub-Event", "push"),
               *door.sign("github", body)]
    reply = door.deliver(body, headers, route)
    assert (reply.status, reply.json["eventType"]) == (200, "kind")
    with nothing_stored(door):
        check_problem(door.deliver(body + b" ", headers, route), 401)


# --- GitHub's forms ---

FORM = ("Content-Type", "application/x-www-form-urlencoded")


def form(text, **more):
    return urlencode({"payload": text, **more}).encode()


@pytest.mark.parametrize("text", [
    '{"ref":"refs/heads/main"}',
    '{"a":"1 + 1 = 2 & 3 % 4","b":"grüße 😀"}',
    '{ "a" : 1.0 }',
    "[1,2]",
])
def test_form(listening, text):
    """The signature is over the form, the payload is the JSON in it."""
    body = form(text)
    headers = [FORM, ("X-GitHub-Event", "push"), *listening.sign("github", body)]
    event, got = received(listening, listening.deliver(body, headers))
    assert event["type"] == "com.github.push"
    assert event["datacontenttype"] == "application/json"
    assert f'"data":{text}' in got


@pytest.mark.parametrize("content_type", [
    "application/x-www-form-urlencoded; charset=utf-8", "APPLICATION/X-WWW-FORM-URLENCODED",
    "application/x-www-form-urlencoded;charset=utf-8"])
@pytest.mark.parametrize("body", [form("{}"), form("{}", other="1"), b"a=b&payload=%7b%7D"])
def test_form_in_other_words(door, content_type, body):
    headers = [("Content-Type", content_type), *door.sign("github", body)]
    assert door.deliver(body, headers).status == 200


@pytest.mark.parametrize("body, status, part", [
    (b"", 400, "payload"),
    (b"other=1", 400, "payload"),
    (b"payload", 400, "payload"),
    (b"Payload={}", 400, "payload"),
    (b"payload={}&payload={}", 400, "payload"),
    (b"payload=", 400, "JSON"),
    (b"payload={", 400, "JSON"),
    (b"payload=%7", 400, "encoded"),
    (b"payload=%zz", 400, "encoded"),
    (b"payload=%00", 400, "encoded"),
    (b"payload=%ff", 400, "JSON"),
    (b'payload={"a":1,"a":}', 400, "JSON"),
    (b"payload=" + b"[" * 65 + b"]" * 65, 400, "deeply"),
    (b"payload=1", 422, "object or array"),
    (b"payload=null", 422, "object or array"),
    (b"{}", 400, "payload"),
])
def test_bad_form(door, body, status, part):
    with nothing_stored(door):
        reply = door.deliver(body, [FORM, *door.sign("github", body)])
    check_problem(reply, status, part)


# --- Slack's question ---

@pytest.mark.parametrize("challenge", ["3eZbrw1aBm2rZgRNFdxV", 'a "b" \\ ü 😀', ""])
def test_slack_challenge(door, challenge):
    body = json.dumps({"token": "x", "challenge": challenge, "type": "url_verification"}).encode()
    with nothing_stored(door):
        reply = door.deliver(body, door.sign("slack", body))
    assert (reply.status, reply.json) == (200, {"challenge": challenge})
    assert reply.headers["Content-Type"] == "application/json"


def test_slack_challenge_without_a_signature(door):
    body = b'{"type":"url_verification","challenge":"x"}'
    with nothing_stored(door):
        check_problem(door.deliver(body, []), 401)
        check_problem(door.deliver(body, door.sign("slack", body, at=-600)), 401)


def test_challenge_of_somebody_else(door):
    """Others may send what they like."""
    body = b'{"type":"url_verification","challenge":"x"}'
    reply = door.deliver(body, door.sign("github", body))
    assert (reply.status, reply.json["eventType"]) == (200, UNNAMED)


# --- Which secret ---

@pytest.mark.parametrize("sender", SENDERS)
@pytest.mark.parametrize("named", [True, False], ids=["named", "searched"])
def test_secret_is_found(door, sender, named):
    body = b'{"n":1}'
    path = door.url(sender) if named else HOOK
    assert door.deliver(body, door.sign(sender, body, own=fresh()), path).status == 200


@pytest.mark.parametrize("route", ["/fx/events", "/fx/events/generic", "/fx/events/webhook"])
@pytest.mark.parametrize("slash", ["", "/"])
def test_each_submission_route(door, route, slash):
    body = b'{"event_source":"a","event_type":"b","payload":1}'
    assert door.deliver(body, door.sign("github", body), route + slash).status == 200


@pytest.mark.parametrize("method, path", [
    ("GET", "/fx/executions"), ("GET", "/api/v1/pipelines"), ("POST", "/api/v1/pipelines"),
    ("POST", "/api/v1/batches/none"), ("GET", "/api/v1/events"), ("POST", "/api/v1/events/none")])
def test_other_routes_take_no_signature(door, method, path):
    body = b"{}" if method == "POST" else None
    headers = door.sign("github", body or b"")
    with nothing_stored(door):
        check_problem(door.call(method, path, body, headers=headers, key=None), 401)


BAD_KEYS = ["", "x", "0", "{github}x", "00000000-0000-7000-8000-000000000000", "{api}", "{gitea}",
            "{github}&key={github}", "%00", "%zz", "%ff", "x" * 5000]


@pytest.mark.parametrize("named", BAD_KEYS, ids=lambda named: named[:20])
def test_another_secret_is_named(door, named):
    """Only the one that is named is tried, and none where the name is nobody's."""
    api = door.new_key("events")
    named = named.format(github=door.secret("github").id, gitea=door.secret("gitea").id, api=api.id)
    body = b"{}"
    with nothing_stored(door):
        check_problem(door.deliver(body, door.sign("github", body), f"{HOOK}?key={named}"), 401)


@pytest.mark.parametrize("change", [str.upper, quote, lambda own: own.replace("-", "%2D")])
def test_secret_named_in_other_words(door, change):
    body = b"{}"
    path = f"{HOOK}?event_type=a&key={change(door.secret('github').id)}"
    assert door.deliver(body, door.sign("github", body), path).status == 200


def test_sixteen_secrets_are_tried(home):
    """More must be named; those that are over do not count."""
    home.configure(web={"failures_per_minute": 0})
    made = [home.new_secret() for _ in range(17)]
    home.start()
    body = b"{}"

    def deliver(secret, query=""):
        return home.post(HOOK + query, body, headers=senders.sign("github", secret.token, body),
                         key=None).status

    assert [deliver(secret) for secret in made] == [200] * 16 + [401]
    assert deliver(made[16], f"?key={made[16].id}") == 200
    home.revoke(made[3])
    assert deliver(made[16]) == 200


def test_secrets_of_others_are_not_in_the_way(home):
    """Only those count whose header came, of whatever provider the others are."""
    home.configure(web={"failures_per_minute": 0})
    scheme = json.dumps({"header": "X-Own", "algorithm": "token"})
    for _ in range(16):
        home.new_secret("stripe"), home.new_secret("gitlab"), home.new_secret("generic", scheme=scheme)
    github, own = home.new_secret(), home.new_secret("generic", scheme=json.dumps({"header": "X-My"}))
    home.start()
    body = b"{}"
    signed = senders.sign("github", github.token, body)
    assert home.post(HOOK, body, headers=signed, key=None).status == 200
    mine = [("X-My", digest(own.token, body).hex())]
    assert home.post(HOOK, body, headers=mine, key=None).status == 200
    # A header that is empty is none.
    empty = [("X-Own", ""), ("X-Gitlab-Token", ""), ("Stripe-Signature", "")]
    assert home.post(HOOK, body, headers=mine + empty, key=None).status == 200


def test_two_live_secrets(door, secret):
    """While one is rotated, both sign; the next rotation ends the older."""
    old = secret()
    body = b"{}"

    def deliver(token, path=f"{HOOK}?key={old.id}"):
        return door.deliver(body, senders.sign("github", token, body), path).status

    new = door.rotate(old)
    assert [deliver(old.token), deliver(new.token)] == [200, 200]
    assert [deliver(old.token, HOOK), deliver(new.token, HOOK)] == [200, 200]
    newest = door.rotate(old, secret="of the sender's own choice")
    assert [deliver(old.token), deliver(new.token), deliver(newest.token)] == [401, 200, 200]


def test_end_of_a_rotation(site):
    """The old secret is refused from then on, by programs that have been running all the time."""
    old = site.new_secret()
    body = b"{}"

    def deliver(secret):
        headers = senders.sign("github", secret.token, body)
        return site.post(f"{HOOK}?key={old.id}", body, headers=headers, key=None)

    new = site.rotate(old, until="1s")
    assert deliver(new).status == 200
    until(lambda: deliver(old).status == 401, 10, "the old secret ends")
    check_problem(deliver(old), 401)
    assert deliver(new).status == 200
    site.revoke(old)


def test_both_secrets_of_a_rotation_in_one_header(door, secret):
    """Stripe signs with both while one is rolled, whichever of them we have."""
    made = secret("stripe", "whsec_of_stripe_itself")
    body = b"{}"
    (name, ours), = senders.sign("stripe", made.token, body)
    at, v1 = ours.split(",")
    other = "v1=" + digest("another", body).hex()
    for value in (f"{at},{other},{v1}", f"{at},{v1},{other}", f"{v1}, {at}, v0=00, {other}"):
        assert door.deliver(body, [(name, value)]).status == 200


def test_revoked(site):
    """The very next request is refused, searched or named."""
    made = site.new_secret()
    body = b"{}"
    headers = senders.sign("github", made.token, body)
    paths = (HOOK, f"{HOOK}?key={made.id}")
    assert {site.post(path, body, headers=headers, key=None).status for path in paths} == {200}
    site.revoke(made)
    with nothing_stored(site):
        for path in paths:
            check_problem(site.post(path, body, headers=headers, key=None), 401)


def test_expired(site):
    made = site.new_secret(expires="1s")
    body = b"{}"

    def deliver():
        headers = senders.sign("github", made.token, body)
        return site.post(f"{HOOK}?key={made.id}", body, headers=headers, key=None)

    until(lambda: deliver().status == 401, 10, "the secret expires")
    with nothing_stored(site):
        check_problem(deliver(), 401)


def test_made_while_the_programs_run(site):
    made = site.new_secret()
    body = b"{}"
    headers = senders.sign("github", made.token, body)
    assert site.post(HOOK, body, headers=headers, key=None).status == 200
    site.revoke(made)


# --- A key and a signature ---

@pytest.mark.parametrize("named, key, signed, status", [
    *[(named, *more) for named in (True, False) for more in (
        ("good", "good", 200), ("good", "bad", 401), ("bad", "good", 401), ("bad", "bad", 401),
        ("revoked", "good", 401), ("without the scope", "good", 403),
        ("without the scope", "bad", 401))],
    # Where no secret is named, either, that is a request with a key.
    (True, "good", "without a header", 401)])
def test_key_and_signature_must_both_pass(door, named, key, signed, status):
    keys = {"good": lambda: door.key("events"), "bad": lambda: "fxk_" + "A" * 43,
            "without the scope": lambda: door.key("status")}
    if key == "revoked":
        made = door.new_key("events")
        door.revoke(made)
        keys["revoked"] = lambda: made.token
    body = b"{}"
    headers = {"good": lambda: door.sign("github", body), "without a header": lambda: [],
               "bad": lambda: senders.sign("github", "another", body)}[signed]()
    path = door.url("github") if named else HOOK
    before = door.commits()
    reply = door.deliver(body, headers, path, key=keys[key]())
    assert reply.status == status, reply
    assert (door.commits() == before) == (status != 200)


@pytest.mark.parametrize("name", ["X_API_KEY", "X-API_KEY", "x_api-key"])
@pytest.mark.parametrize("good", [True, False])
def test_key_smuggled_beside_a_key(door, name, good):
    """A front end makes one variable of both names; whose value counts must not be left open."""
    body = b"{}"
    value = door.key() if good else "fxk_" + "A" * 43
    headers = [(name, value), *door.sign("github", body)]
    with nothing_stored(door):
        check_problem(door.deliver(body, headers, key=door.key("events")), 400)
        check_problem(door.deliver(body, headers[::-1], key=door.key("events")), 400)


def test_key_smuggled_beside_a_signature(door):
    """It counts as what it looks like to the program, a key: a bad one is refused."""
    body = b"{}"
    headers = door.sign("github", body)
    with nothing_stored(door):
        check_problem(door.deliver(body, [("X_API_KEY", "fxk_" + "A" * 43), *headers]), 401)


def test_secret_is_no_key(door):
    made = door.new_secret()
    for headers in ([("X-API-KEY", made.token)], [("Authorization", f"Bearer {made.token}")]):
        with nothing_stored(door):
            check_problem(door.deliver(b"{}", headers), 401)
    door.revoke(made)


# --- Schemes that are declared ---

GENERIC = {
    "paddle": (
        {"header": "Paddle-Signature", "separator": ";", "prefix": "h1=", "timestamp_item": "ts",
         "template": "{timestamp}:{body}"},
        lambda secret, at: [("Paddle-Signature", f"ts={at};h1="
                             + digest(secret, f"{at}:".encode() + BODY).hex())]),
    "woocommerce": (
        {"header": "X-WC-Webhook-Signature", "encoding": "base64",
         "id_header": "X-WC-Webhook-Delivery-ID", "event_header": "X-WC-Webhook-Topic"},
        lambda secret, at: [("X-WC-Webhook-Signature", b64(digest(secret, BODY))),
                            ("X-WC-Webhook-Topic", "order.created"),
                            ("X-WC-Webhook-Delivery-ID", "wc-1")]),
    "vercel": (
        {"header": "x-vercel-signature", "algorithm": "sha1"},
        lambda secret, at: [("x-vercel-signature", digest(secret, BODY, "sha1").hex())]),
    "customer.io": (
        {"header": "X-CIO-Signature", "timestamp_header": "X-CIO-Timestamp",
         "template": "v0:{timestamp}:{body}", "tolerance": 60},
        lambda secret, at: [("X-CIO-Timestamp", at), (
            "X-CIO-Signature", digest(secret, f"v0:{at}:".encode() + BODY).hex())]),
    "token": (
        {"header": "X-Token", "algorithm": "token", "prefix": "Token "},
        lambda secret, at: [("X-Token", f"Token {secret}")]),
}


@pytest.mark.parametrize("name", GENERIC)
def test_generic(door, secret, name):
    scheme, sign = GENERIC[name]
    made = secret("generic", scheme=json.dumps(scheme))
    path = f"{HOOK}?key={made.id}"
    good = sign(made.token, senders.stamp(0))
    reply = door.deliver(BODY, good, path)
    assert reply.status == 200, reply
    named = name == "woocommerce"
    assert reply.json["eventType"] == ("order.created" if named else UNNAMED)
    assert door.deliver(BODY, good).status == 200  # without ?key=, too
    again = door.deliver(BODY, good, path)
    assert again.headers["Idempotent-Replayed"] == ("true" if named else None)
    with nothing_stored(door):
        check_problem(door.deliver(BODY, sign("another", senders.stamp(0)), path), 401)
        check_problem(door.deliver(BODY, [], path), 401)
        if "template" in scheme:
            check_problem(door.deliver(BODY, sign(made.token, senders.stamp(-400)), path), 401)
        # A key does not make up for it where the secret is named.
        check_problem(door.deliver(BODY, [], path, key=door.key("events")), 401)


# --- Secrets that are none, and what is kept of those that are ---

@pytest.mark.parametrize("provider", [*SECRETS, "generic"])
def test_empty_secret_is_refused_when_it_is_made(door, provider):
    scheme = ["--scheme", '{"header":"X"}'] if provider == "generic" else []
    for text in ("", "\n", "\r\n"):
        done = door.run_fxctl("secret", "create", "--name", "a", "--provider", provider, *scheme,
                              "--secret-file", "-", stdin=text)
        assert done.returncode == 2
        assert "secret" in done.stderr
    own = door.secret("github").id
    assert door.run_fxctl("secret", "rotate", own, "--secret-file", "-", stdin="\n").returncode == 2


def test_secret_is_kept_sealed(door):
    """Not in the store, the log and the list; but why a delivery was refused is in the log."""
    made = door.new_secret("github", "a secret that is easy to find again")
    headers = [("X-GitHub-Delivery", "x"), *senders.sign("github", "another", BODY)]
    reply = door.deliver(BODY, headers, f"{HOOK}?key={made.id}")
    check_problem(reply, 401)
    door.deliver(BODY, [("X-Hub-Signature-256", made.token)], f"{HOOK}?key={made.id}")
    until(lambda: reply.headers["X-Request-Id"] in door.logs(), 10, "it is logged")
    line = next(line for line in door.logs().splitlines()
                if reply.headers["X-Request-Id"] in line and "401" in line
                and "x-hub-signature-256" in line)
    assert "was not made of this body with the secret" in line
    kept = (door.dir / "db/data.mdb").read_bytes() + door.logs().encode()
    assert made.token.encode() not in kept
    assert headers[1][1].encode() not in kept
    assert made.token not in door.fxctl("secret", "list", "--json")
    door.revoke(made)


def test_one_reply_for_every_reason(door, secret):
    """Nothing tells a wrong signature from an unknown secret or from none."""
    gone = secret()
    door.revoke(gone)
    nobody = "00000000-0000-7000-8000-000000000000"
    replies = [door.deliver(BODY, headers, path) for headers, path in (
        ([], HOOK), ([], door.url("github")), (senders.sign("github", "another", BODY), HOOK),
        (senders.sign("github", "another", BODY), door.url("github")),
        (senders.sign("github", gone.token, BODY), f"{HOOK}?key={gone.id}"),
        (door.sign("github", BODY), f"{HOOK}?key={nobody}"),
        (door.sign("slack", BODY, at=-600), door.url("slack")))]
    problems = [{**check_problem(reply, 401), "instance": None} for reply in replies]
    assert all(problem == problems[0] for problem in problems)
