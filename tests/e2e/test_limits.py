"""Limits: of what a credential may send and how often, and of how often an address may be wrong."""
import json
import re
import subprocess

import pytest

import raw
import senders
from checks import TIME, check_problem, nothing_stored
from harness import BUILD, Home, until

EVENT = {"event_source": "shop", "event_type": "order.created", "payload": 1}
HOOK = "/fx/events/webhook"
BATCH = [("Content-Type", "application/cloudevents-batch+json")]
WRONG = "fxk_" + "A" * 43


def cloudevent(**more):
    return {"specversion": "1.0", "id": "1", "source": "shop", "type": "order.created", **more}


def too_many(reply):
    """The seconds after which a request is to be sent again."""
    check_problem(reply, 429)
    seconds = int(reply.headers["Retry-After"])
    assert seconds >= 1
    return seconds


@pytest.fixture(scope="module")
def door():
    with Home() as home:
        home.configure(web={"failures_per_minute": 0})
        home.start()
        yield home


# --- Types and sources ---

ALLOWED = [
    # options, type, source, the field that is refused or None
    ({"types": "order.created"}, "order.created", "shop", None),
    ({"types": "order.created"}, "order.create", "shop", "event_type"),
    ({"types": "order.created"}, "order.created2", "shop", "event_type"),
    ({"types": "order.created"}, "Order.created", "shop", "event_type"),
    ({"types": "order.*"}, "order.paid", "shop", None),
    ({"types": "order.*"}, "order.", "shop", None),
    ({"types": "order.*"}, "order", "shop", "event_type"),
    ({"types": "a,order.*,b"}, "b", "shop", None),
    ({"types": "a,order.*,b"}, "c", "shop", "event_type"),
    ({"types": "*"}, "anything", "shop", None),
    ({"sources": "https://shop.example/*"}, "a", "https://shop.example/orders", None),
    ({"sources": "https://shop.example/*"}, "a", "https://shop.example.evil/", "event_source"),
    ({"sources": "shop"}, "a", "shop", None),
    ({"sources": "shop"}, "a", "shop/", "event_source"),
    ({"types": "a", "sources": "b"}, "a", "b", None),
    ({"types": "a", "sources": "b"}, "a", "c", "event_source"),
    ({"types": "a", "sources": "b"}, "c", "b", "event_type"),
]


@pytest.mark.parametrize("options, kind, source, field", ALLOWED, ids=str)
def test_allowed_types_and_sources(door, options, kind, source, field):
    token = door.new_key("events", **options).token
    event = {"event_source": source, "event_type": kind, "payload": 1}
    ce = cloudevent(type=kind, source=source, id=kind + source)
    headers = [(f"ce-{name}", value) for name, value in ce.items()]
    field_of_ce = field and field.removeprefix("event_")
    requests = [
        ("/fx/events", event, [], field),
        (f"/fx/events/generic?event_type={kind}&event_source={source}", {}, [], field),
        (f"{HOOK}?event_type={kind}&event_source={source}", {}, [], field),
        ("/fx/events", ce, [("Content-Type", "application/cloudevents+json")], field_of_ce),
        ("/fx/events", [ce], BATCH, field_of_ce),
        ("/fx/events", 1, headers, field_of_ce),
    ]
    for path, body, more, name in requests:
        before = door.commits()
        reply = door.post(path, body, headers=more, key=token)
        if name:
            check_problem(reply, 403, f"{name}: this credential may not")
            assert door.commits() == before
        else:
            assert reply.status == 200, reply


def test_one_of_a_batch_is_not_allowed(door):
    """Then none is stored."""
    token = door.new_key("events", types="order.*").token
    events = [cloudevent(id=str(i)) for i in range(3)]
    events[1]["type"] = "user.created"
    with nothing_stored(door):
        check_problem(door.post("/fx/events", events, headers=BATCH, key=token), 403, "type: ")


def test_allowed_types_of_a_secret(door):
    """They hold for what the provider makes of a delivery; a key beside it has its own."""
    made = door.new_secret("github", types="com.github.*", sources="https://github.example/*",
                           url_names=True)
    path = f"{HOOK}?key={made.id}"
    body = b'{"repository":{"html_url":"https://github.example/a/b"}}'
    signed = senders.sign("github", made.token, body)
    named = [*signed, ("X-GitHub-Event", "push")]
    assert door.post(path, body, headers=named, key=None).status == 200
    other = b'{"repository":{"html_url":"https://gitlab.example/a/b"}}'
    other_signed = [*senders.sign("github", made.token, other), ("X-GitHub-Event", "push")]
    with nothing_stored(door):
        check_problem(door.post(path, body, headers=signed, key=None), 403, "event_type")
        check_problem(door.post(f"{path}&event_type=x", body, headers=named, key=None), 403,
                      "event_type")
        check_problem(door.post(path, other, headers=other_signed, key=None), 403, "event_source")
    door.revoke(made)


def test_not_allowed_says_nothing_of_what_is(door):
    token = door.new_key("events", types="a.very.secret.type").token
    reply = door.post("/fx/events", EVENT, key=token)
    assert "very" not in check_problem(reply, 403)["detail"]


def test_other_routes_are_not_concerned(door):
    key = door.new_key("events", "status", types="none")
    assert door.get("/fx/executions", key=key.token).status == 200


# --- Rate and burst ---

def spend(ask, most=2000):
    """Asks until that is too much: how often it was granted, and the last reply."""
    for granted in range(most):
        reply = ask()
        if reply.status != 200:
            return granted, reply
    raise AssertionError(f"{most} requests were granted")


def test_burst_and_rate(site):
    """So many at once, and then again after the time that is named."""
    token = site.new_key("status", rate=1, burst=5).token

    def ask():
        return site.get("/fx/executions", key=token)

    granted, reply = spend(ask)
    assert granted >= 5  # and one more for each second that this takes
    assert too_many(reply) == 1
    until(lambda: ask().status == 200, 10, "one has come back")


def test_burst_is_all_there_is(site):
    """With a rate that does not come back while this runs."""
    token = site.new_key("status", rate=1).token
    granted, _ = spend(lambda: site.get("/fx/executions", key=token))
    assert 1 <= granted <= 5


def test_refused_requests_store_nothing(site):
    token = site.new_key("events", rate=1, burst=1).token
    spend(lambda: site.post("/fx/events", EVENT, key=token))
    with nothing_stored(site):
        replies = [site.post("/fx/events", b"{", key=token) for _ in range(3)]
    # The rate is looked at before the body, also of a request that would be refused anyway.
    assert 429 in [reply.status for reply in replies]


def test_rate_of_a_secret(site):
    made = site.new_secret(rate=1, burst=2)
    path, body = f"{HOOK}?key={made.id}", b"{}"
    signed = senders.sign("github", made.token, body)

    def ask():
        return site.post(path, body, headers=signed, key=None)

    granted, reply = spend(ask)
    assert granted >= 2
    too_many(reply)
    # Who has a key beside it is measured by that.
    assert site.post(path, body, headers=signed, key=site.key("events")).status == 200
    site.revoke(made)


def test_bad_signatures_do_not_use_a_secret_s_rate(door):
    made = door.new_secret(rate=1, burst=3)
    path, body = f"{HOOK}?key={made.id}", b"{}"
    for _ in range(20):
        bad = senders.sign("github", "another", body)
        check_problem(door.post(path, body, headers=bad, key=None), 401)
    good = senders.sign("github", made.token, body)
    replies = [door.post(path, body, headers=good, key=None).status for _ in range(3)]
    assert replies == [200] * 3
    door.revoke(made)


def test_rate_is_a_credential_s_own(door):
    used, other = (door.new_key("status", rate=1, burst=1).token for _ in range(2))
    spend(lambda: door.get("/fx/executions", key=used))
    assert door.get("/fx/executions", key=other).status == 200


def test_rate_holds_over_all_programs(site):
    """And over both tokens of a key that is being rotated."""
    key = site.new_key("status", "pipelines", "triggers", "admin", rate=1, burst=40)
    new = site.rotate(key)
    asks = [lambda token=token, path=path: site.get(path, key=token)
            for token in (key.token, new.token)
            for path in ("/fx/executions", "/api/v1/pipelines", "/api/v1/events",
                         "/api/v1/admin/dead-letters")]
    turns = iter(range(10_000))
    granted, reply = spend(lambda: asks[next(turns) % len(asks)]())
    too_many(reply)
    # Eight meters of 40 would grant 320; one grants 40, and some for the seconds that this takes.
    assert 40 <= granted < 120


def test_rate_outlives_the_programs(home):
    home.start()
    token = home.new_key("status", rate=1, burst=1000).token
    spend(lambda: home.get("/fx/executions", key=token), 5000)
    home.stop()
    home.start("cgi")
    granted, _ = spend(lambda: home.get("/fx/executions", key=token))
    assert granted < 500


def test_without_a_rate_there_is_no_limit(door):
    token = door.new_key("status").token
    assert {door.get("/fx/executions", key=token).status for _ in range(200)} == {200}


# --- Whose failures are whose ---

@pytest.fixture
def strict(home):
    """Where an address may be wrong three times, and once more each minute."""
    home.configure(web={"failures_per_minute": 1, "failures_burst": 3})
    home.key("status"), home.key("events")
    home.signer = home.new_secret()
    return home


def deliver(home, secret=None, query="", body=b"{}", **more):
    """A delivery signed by a secret, the home's own unless another one is given."""
    signed = senders.sign("github", secret or home.signer.token, body)
    return home.post(HOOK + query, body, headers=signed, key=None, **more)


def wrong(home):
    return deliver(home, "another")


def fail(home, times=3):
    """So many deliveries that no secret fits, and one that is told to wait."""
    for _ in range(times):
        check_problem(wrong(home), 401)
    return too_many(wrong(home))


@pytest.mark.parametrize("serve", ["fastcgi", "cgi"])
def test_good_credentials_pass_whatever_the_address_did(strict, serve):
    """Only what has to be searched for waits; it is told that naming the secret helps."""
    bearer = [("Authorization", f"Bearer {strict.key('events')}")]
    named = f"?key={strict.signer.id}"
    strict.start(serve)
    assert 1 <= fail(strict) <= 60
    assert "?key=" in deliver(strict).json["detail"]
    good = [
        lambda: strict.get("/fx/executions"),
        lambda: strict.get("/api/v1/pipelines"),
        lambda: strict.post("/fx/events", EVENT),
        lambda: strict.post("/fx/events", EVENT, headers=bearer, key=None),
        lambda: deliver(strict, query=named),
        # Both a key and a signature.
        lambda: strict.post(HOOK, b"{}", headers=senders.sign("github", strict.signer.token, b"{}")),
    ]
    for ask in good * 2:
        assert ask().status == 200
    for path in (HOOK, "/fx/events", "/fx/events/generic"):
        with nothing_stored(strict):
            signed = senders.sign("github", strict.signer.token, b"{}")
            too_many(strict.post(path, b"{}", headers=signed, key=None))
            too_many(strict.post(path, b"{}", key=None))
    # What is wrong is told so.
    check_problem(strict.get("/fx/executions", key=WRONG), 401)
    check_problem(strict.get("/fx/executions", key=None), 401)
    check_problem(deliver(strict, "another", named), 401)
    check_problem(strict.post("/fx/events", b"{"), 400)
    # What is open to all stays open.
    assert strict.get("/fx/openapi.json", key=None).status == 200
    assert strict.call("OPTIONS", "/fx/events", key=None).status == 204
    check_problem(strict.get("/fx/none", key=None), 404)


FREE = {
    "a wrong key": lambda home: home.get("/fx/executions", key=WRONG),
    "what is no key": lambda home: home.get("/fx/executions", key="wrong"),
    "no key": lambda home: home.get("/fx/executions", key=None),
    "a wrong key at the door": lambda home: home.post("/fx/events", EVENT, key=WRONG),
    "a bad signature of a named secret":
        lambda home: deliver(home, "another", f"?key={home.signer.id}"),
    "a named secret that nobody has": lambda home: deliver(home, query="?key=nobody"),
    "a key beside a bad signature": lambda home: home.post(
        HOOK, b"{}", headers=senders.sign("github", "another", b"{}")),
}


@pytest.mark.parametrize("case", FREE)
def test_what_is_looked_up_at_once_costs_nobody_anything(strict, case):
    strict.start()
    for _ in range(20):
        check_problem(FREE[case](strict), 401)
    assert deliver(strict).status == 200


def test_good_deliveries_use_nothing_up(strict):
    strict.start()
    for _ in range(50):
        assert deliver(strict).status == 200
    fail(strict)


def test_what_is_no_failure(strict):
    """Good credentials without the scope, beyond their rate, or with a bad request behind them."""
    rated = strict.new_key("status", rate=1, burst=1).token
    strict.start()
    for _ in range(10):
        check_problem(strict.get("/fx/executions", key=strict.key("events")), 403)
        check_problem(strict.post("/fx/events", b"{", key=strict.key("events")), 400)
        check_problem(strict.get("/fx/none", key=WRONG), 404)
    spend(lambda: strict.get("/fx/executions", key=rated))
    assert strict.get("/fx/executions").status == 200
    assert deliver(strict).status == 200


def test_failures_outlive_the_programs(strict):
    strict.start()
    fail(strict)
    strict.stop()
    strict.start("cgi")
    too_many(deliver(strict))


FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Client-IP", "REMOTE_ADDR")


def test_another_address_is_not_concerned(strict):
    """And nobody is another address by saying so."""
    strict.start()
    fail(strict)
    for header in FORWARDED:
        signed = [*senders.sign("github", strict.signer.token, b"{}"), (header, "192.0.2.1")]
        too_many(strict.post(HOOK, b"{}", headers=signed, key=None))
    assert ask_from(strict, "192.0.2.1") == 200
    assert ask_from(strict, "127.0.0.1") == 429


def ask_from(home, address, secret=None, **more):
    """The status of a delivery from an address, as the web server would hand it on."""
    (_, signature), = senders.sign("github", secret or home.signer.token, b"{}")
    given = raw.variables("POST", HOOK, b"{}", REMOTE_ADDR=address,
                          HTTP_X_HUB_SIGNATURE_256=signature, **more)
    return int(raw.request(home.socket("events"), given, b"{}")[0].split(b" ")[1])


def use_up(home, address, **more):
    statuses = [ask_from(home, address, "another", **more) for _ in range(4)]
    assert statuses == [401, 401, 401, 429], (address, statuses)


NEIGHBOURS = [
    # who failed, who then asks, and are they one sender?
    ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::1", True),
    ("2001:db8:1:2::", "2001:db8:1:2:ffff:ffff:ffff:ffff", True),
    ("2001:db8:1:2::1", "2001:0DB8:0001:0002:0000:0000:0000:0001", True),
    ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
    ("2001:db8:1:2::1", "2001:db8:0:2::1", False),
    ("192.0.2.1", "::ffff:192.0.2.1", True),
    ("192.0.2.1", "::ffff:192.0.2.2", False),
    ("192.0.2.1", "192.0.2.2", False),
    ("192.0.2.1", "c000:201::", False),
    ("", "unix:/run/web.sock", True),
    ("", "192.0.2.1", False),
]


@pytest.mark.parametrize("failed, asks, same", NEIGHBOURS, ids=str)
def test_who_is_one_sender(strict, failed, asks, same):
    strict.start()
    use_up(strict, failed)
    assert ask_from(strict, asks) == (429 if same else 200)


PROXIED = [
    # REMOTE_ADDR, X-Forwarded-For, whose failure it is
    ("10.0.0.1", "192.0.2.1", "192.0.2.1"),
    ("10.0.0.1", "203.0.113.5, 192.0.2.1", "192.0.2.1"),
    ("10.0.0.1", "203.0.113.5,192.0.2.1,10.9.9.9", "192.0.2.1"),
    ("10.0.0.1", "203.0.113.5, 192.0.2.1, fd00::7", "192.0.2.1"),
    ("fd00::1", "192.0.2.1:4711", "192.0.2.1"),
    ("::ffff:10.0.0.1", "::ffff:192.0.2.1", "192.0.2.1"),
    ("10.0.0.1", "[2001:db8::1]:443", "2001:db8::1"),
    ("10.0.0.1", "2001:db8::1", "2001:db8::1"),
    # Nothing that can be read: the proxy itself.
    ("10.0.0.1", None, "10.0.0.1"),
    ("10.0.0.1", "", "10.0.0.1"),
    ("10.0.0.1", "unknown", "10.0.0.1"),
    ("10.0.0.1", "192.0.2.1, unknown", "10.0.0.1"),
    ("10.0.0.1", "192.0.2.1,", "10.0.0.1"),
    ("10.0.0.1", "192.0.2.0/24", "10.0.0.1"),
    ("10.0.0.1", "10.0.0.2", "10.0.0.2"),
    # Whoever is no proxy says nothing of others.
    ("198.51.100.1", "192.0.2.1", "198.51.100.1"),
    ("198.51.100.1", "10.0.0.1", "198.51.100.1"),
]


@pytest.mark.parametrize("peer, forwarded, sender", PROXIED, ids=str)
def test_sender_behind_a_proxy(strict, peer, forwarded, sender):
    strict.configure(web={"failures_per_minute": 1, "failures_burst": 3,
                          "proxies": "10.0.0.0/8 fd00::/8"})
    strict.start()
    use_up(strict, peer, HTTP_X_FORWARDED_FOR=forwarded)
    others = {"192.0.2.1", "203.0.113.5", "198.51.100.1", "10.0.0.1", "10.0.0.2", "2001:db8::1"}
    assert ask_from(strict, sender) == 429
    for other in others - {sender}:
        assert ask_from(strict, other) == 200


def test_forwarded_header_of_the_sender_s_own_is_not_believed(strict):
    """With "_" for "-" it becomes the variable of the proxy's header: then neither counts."""
    strict.configure(web={"failures_per_minute": 1, "failures_burst": 3, "proxies": "127.0.0.1"})
    strict.start()
    for n in range(3):
        signed = [("X_Forwarded_For", f"192.0.2.{n}"), ("X-Forwarded-For", f"203.0.113.{n}"),
                  *senders.sign("github", "another", b"{}")]
        check_problem(strict.post(HOOK, b"{}", headers=signed, key=None), 401)
    assert ask_from(strict, "127.0.0.1") == 429
    assert ask_from(strict, "192.0.2.1") == ask_from(strict, "203.0.113.1") == 200


def test_proxies_that_are_no_addresses(home):
    """The program does not start, and says why."""
    home.configure(web={"proxies": "localhost"})
    done = subprocess.run([BUILD / "cgi-bin/events.fcgi"], env=home.environment(),
                          capture_output=True, text=True, timeout=30)
    assert done.returncode == 100
    assert re.search(r"/fx.conf, line \d+: proxies of \[web\]: ", done.stderr) and "localhost" in done.stderr


def test_many_addresses_make_nobody_s_rate_forgotten(strict):
    """Neither a credential's nor an address's, though they are more than there is room for."""
    rated = strict.new_key("status", rate=1, burst=3000).token
    strict.start()
    use_up(strict, "192.0.2.1")
    spend(lambda: strict.get("/fx/executions", key=rated), 6000)
    with raw.connect(strict.socket("events")):
        for n in range(6000):
            ask_from(strict, f"2001:db8:{n >> 8:x}:{n & 255:x}::1", "another")
    assert ask_from(strict, "192.0.2.1") == 429
    granted, _ = spend(lambda: strict.get("/fx/executions", key=rated), 6000)
    assert granted < 1500


def test_limit_of_failures_by_default(home):
    """A hundred at once."""
    home.signer = home.new_secret()
    home.start()
    granted = 0
    while (reply := wrong(home)).status == 401:
        granted += 1
    too_many(reply)
    assert 100 <= granted < 200  # one comes back each second


def test_no_limit_of_failures(home):
    home.configure(web={"failures_per_minute": 0})
    home.signer = home.new_secret()
    home.start()
    assert {wrong(home).status for _ in range(300)} == {401}


# --- When it was last used ---

def last_used(home, credential):
    kind = "key" if credential.is_key else "secret"
    listed = json.loads(home.fxctl(kind, "list", "--json"))[f"{kind}s"]
    return next(each["last_used"] for each in listed if each["id"] == credential.id)


def test_last_use_is_shown(site):
    """By whichever program it was, without anything being stored."""
    key = site.new_key("status", "pipelines")
    assert last_used(site, key) is None
    with nothing_stored(site):
        assert site.get("/fx/executions", key=key.token).status == 200
    first = last_used(site, key)
    assert TIME.fullmatch(first)
    assert first in site.fxctl("key", "list")

    def used_again():
        assert site.get("/api/v1/pipelines", key=key.token).status == 200
        return last_used(site, key) > first

    until(used_again, 10, "it is used later")


def test_last_use_of_a_secret(site):
    made = site.new_secret()
    assert last_used(site, made) is None
    for secret in ("another", made.token):
        headers = senders.sign("github", secret, b"{}")
        site.post(f"{HOOK}?key={made.id}", b"{}", headers=headers, key=None)
        assert (last_used(site, made) is None) == (secret == "another")
    site.revoke(made)


def test_refused_requests_are_no_use(site):
    """Without the scope it was not used for anything."""
    key = site.new_key("events")
    check_problem(site.get("/fx/executions", key=key.token), 403)
    assert last_used(site, key) is None
