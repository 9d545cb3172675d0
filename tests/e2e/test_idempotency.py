"""Repeats: who sends the same again gets the first answer, and nothing is stored again."""
import itertools
import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import senders
from checks import UUID, check_problem, nothing_stored
from harness import until

EVENT = {"event_source": "shop", "event_type": "order.created", "payload": {"id": 1}}
STRUCTURED = [("Content-Type", "application/cloudevents+json")]
BATCH = [("Content-Type", "application/cloudevents-batch+json")]
ROUTES = ["/fx/events", "/fx/events/generic", "/fx/events/webhook"]

PARALLEL = 64
REPEATED = "Idempotent-Replayed"

numbers = itertools.count(time.time_ns())


def fresh():
    """A name that nobody has used."""
    return f"n{next(numbers)}"


def keyed(own):
    return [("Idempotency-Key", own)]


def cloudevent(**more):
    return {"specversion": "1.0", "id": fresh(), "source": "/s", "type": "any", "data": 1, **more}


def events(home):
    """How many events the home has taken in."""
    return json.loads(home.status("--json"))["events"]["last"]


def first(reply):
    """The answer to a request that must have been accepted as a new one."""
    assert reply.status == 200, reply
    assert REPEATED not in reply.headers
    return reply.json


def again(reply):
    """The answer to a request that must have been known as a repeat."""
    assert reply.status == 200, reply
    assert reply.headers[REPEATED] == "true"
    return reply.json


# --- At once ---

def at_once(home, *requests):
    """Sends requests, each one PARALLEL times, on as many connections. The replies."""
    with ThreadPoolExecutor(PARALLEL) as pool:
        return list(pool.map(home.exchange, requests * PARALLEL))


def check_one(home, request, before):
    replies = at_once(home, request)
    assert {reply.status for reply in replies} == {200}
    assert len({reply.body for reply in replies}) == 1
    assert sum(REPEATED not in reply.headers for reply in replies) == 1
    assert events(home) == before + 1


@pytest.mark.parametrize("route", ROUTES)
def test_64_with_one_key(site, route):
    """In one process by threads, and as 64 processes: one event, 64 equal cids."""
    check_one(site, site.request("POST", route, EVENT, keyed(fresh())), events(site))


def test_64_equal_cloudevents(site):
    check_one(site, site.request("POST", "/fx/events", cloudevent(), STRUCTURED), events(site))


def test_64_equal_deliveries(site):
    made = site.new_secret()
    headers = [("X-GitHub-Delivery", fresh()), *senders.sign("github", made.token, b"{}")]
    check_one(site, site.request("POST", f"/fx/events/webhook?key={made.id}", b"{}", headers,
                                 key=None), events(site))
    site.revoke(made)


def test_64_equal_batches(site):
    before = events(site)
    batch = [cloudevent() for _ in range(10)]
    replies = at_once(site, site.request("POST", "/fx/events", batch, BATCH))
    assert {reply.status for reply in replies} == {200}
    assert len({reply.body for reply in replies}) == 1
    assert len({answer["cid"] for answer in replies[0].json}) == 10
    assert events(site) == before + 10


def test_64_with_one_key_and_two_bodies(site):
    """Whichever came first stands; all of the other are refused."""
    own, before = keyed(fresh()), events(site)
    bodies = [{**EVENT, "payload": payload} for payload in (1, 2)]
    replies = at_once(site, *[site.request("POST", "/fx/events", body, own) for body in bodies])
    by_body = [{reply.status for reply in replies[i::2]} for i in (0, 1)]
    assert sorted(by_body, key=min) == [{200}, {422}]
    assert len({reply.json["cid"] for reply in replies if reply.status == 200}) == 1
    assert events(site) == before + 1


def test_64_with_keys_of_their_own(site):
    before = events(site)
    replies = [site.request("POST", "/fx/events", EVENT, keyed(fresh())) for _ in range(PARALLEL)]
    with ThreadPoolExecutor(PARALLEL) as pool:
        answers = [first(reply) for reply in pool.map(site.exchange, replies)]
    assert len({answer["cid"] for answer in answers}) == PARALLEL
    assert events(site) == before + PARALLEL


# --- One after the other ---

@pytest.mark.parametrize("route", ROUTES)
def test_same_key(site, route):
    own = keyed(fresh())
    answer = first(site.post(route, EVENT, headers=own))
    assert UUID.fullmatch(answer["cid"])
    with nothing_stored(site):
        for path in (route, route + "/"):
            assert again(site.post(path, EVENT, headers=own)) == answer


def test_another_process_answers(home):
    """What was accepted is known to a program that was started since."""
    home.start()
    own, event = keyed(fresh()), cloudevent()
    answers = [first(home.post("/fx/events", EVENT, headers=own)),
               first(home.post("/fx/events", event, headers=STRUCTURED))]
    home.kill()
    home.start("cgi")
    assert again(home.post("/fx/events", EVENT, headers=own)) == answers[0]
    assert again(home.post("/fx/events", event, headers=STRUCTURED)) == answers[1]
    check_problem(home.post("/fx/events", {**EVENT, "payload": 2}, headers=own), 422)


@pytest.mark.parametrize("other", [
    {**EVENT, "payload": {"id": 2}}, {**EVENT, "event_type": "another"},
    json.dumps(EVENT, indent=1).encode()], ids=["payload", "type", "spaces"])
def test_same_key_with_another_body(site, other):
    """The bytes count; the first answer stands."""
    own = keyed(fresh())
    answer = first(site.post("/fx/events", EVENT, headers=own))
    with nothing_stored(site):
        for _ in range(2):
            check_problem(site.post("/fx/events", other, headers=own), 422, "Idempotency-Key",
                          "another body")
        assert again(site.post("/fx/events", EVENT, headers=own)) == answer


@pytest.mark.parametrize("one, other", [
    ("?event_type=a", "?event_type=b"), ("?event_type=a", ""), ("", "?topic=mine"),
    ("?event_source=a", "?event_source=b")], ids=str)
@pytest.mark.parametrize("route", ROUTES[1:])
def test_same_key_with_another_query(site, route, one, other):
    """What the URL says of the event is part of what was asked for."""
    own = keyed(fresh())
    answer = first(site.post(route + one, EVENT, headers=own))
    with nothing_stored(site):
        check_problem(site.post(route + other, EVENT, headers=own), 422, "Idempotency-Key")
        assert again(site.post(route + one + "&" * bool(one), EVENT, headers=own)) == answer


@pytest.mark.parametrize("name", ["ce-id", "ce-type", "ce-source", "ce-subject", "ce-topic"])
def test_same_key_with_another_header(site, name):
    """So is what headers say of it: one body is many CloudEvents in binary mode."""
    own = keyed(fresh())
    headers = [("ce-specversion", "1.0"), ("ce-id", fresh()), ("ce-source", "/s"),
               ("ce-type", "t"), ("ce-subject", "s"), ("ce-topic", "o")]
    answer = first(site.post("/fx/events", b"{}", headers=headers + own))
    changed = [(header, value + "x" * (header == name)) for header, value in headers]
    with nothing_stored(site):
        check_problem(site.post("/fx/events", b"{}", headers=changed + own), 422, "Idempotency-Key")
        assert again(site.post("/fx/events", b"{}", headers=headers + own)) == answer


def test_same_key_with_another_event_header(site):
    own = keyed(fresh())
    hook = "/fx/events/webhook"
    first(site.post(hook, b"{}", headers=[("X-GitHub-Event", "push"), *own]))
    with nothing_stored(site):
        check_problem(site.post(hook, b"{}", headers=[("X-GitHub-Event", "fork"), *own]), 422)
        again(site.post(hook, b"{}", headers=[("X-GitHub-Event", "push"), *own]))


def test_same_key_on_another_route(site):
    own = keyed(fresh())
    answers = [first(site.post(route, EVENT, headers=own)) for route in ROUTES]
    assert len({answer["cid"] for answer in answers}) == len(ROUTES)


def test_same_key_of_another_sender(site):
    """A key is its sender's own: nobody learns from it what somebody else has sent."""
    own = keyed(fresh())
    answers = [first(site.post("/fx/events", EVENT, headers=own, key=token))
               for token in (site.key("events"), site.key())]
    assert answers[0]["cid"] != answers[1]["cid"]


def test_refused_requests_are_not_remembered(site):
    own = keyed(fresh())
    with nothing_stored(site):
        check_problem(site.post("/fx/events", {**EVENT, "event_type": "a b"}, headers=own), 422)
        check_problem(site.post("/fx/events", b"{", headers=own), 400)
        check_problem(site.post("/fx/events", EVENT, headers=own, key=None), 401)
    answer = first(site.post("/fx/events", EVENT, headers=own))
    assert again(site.post("/fx/events", EVENT, headers=own)) == answer


GOOD_KEYS = ["x", "8e03978e-40d5-43e8-bc93-6894a57f9324", '"quoted"', "a b", "x" * 255, "!~{}=,;"]


@pytest.mark.parametrize("own", GOOD_KEYS, ids=lambda own: own[:20])
def test_good_keys(site, own):
    body = {**EVENT, "payload": fresh()}
    first(site.post("/fx/events", body, headers=keyed(own)))
    again(site.post("/fx/events", body, headers=keyed(own)))


@pytest.mark.parametrize("headers", [
    keyed("x" * 256), keyed("ü".encode().decode("latin-1")), keyed("a\tb"), keyed("\xff"),
    keyed("x" * 10_000)], ids=lambda headers: headers[0][1][:20])
def test_bad_keys(site, headers):
    with nothing_stored(site):
        check_problem(site.post("/fx/events", EVENT, headers=headers), 400, "Idempotency-Key")


def test_key_twice(site):
    """lighttpd joins two headers by a comma: it is another key than each of them."""
    a, b = keyed(fresh()), keyed(fresh())
    answer = first(site.post("/fx/events", EVENT, headers=a))
    reply = site.post("/fx/events", EVENT, headers=a + b)
    assert reply.status == 400 or first(reply) != answer
    # Under another name it is no header of its own, and refused.
    twin = [("Idempotency_Key", b[0][1])]
    with nothing_stored(site):
        check_problem(site.post("/fx/events", EVENT, headers=a + twin), 400)


def test_empty_key_is_none(site):
    answers = [first(site.post("/fx/events", EVENT, headers=keyed(""))) for _ in range(2)]
    assert answers[0]["cid"] != answers[1]["cid"]


def test_event_comes_once(live):
    """What is repeated runs no second time."""
    live.write_script("ok.sh", "#!/bin/sh\n")
    live.start_trigger(live.create_pipeline(
        "one", [{"name": "run", "script": "ok.sh"}], event="order.created"), ready=True)
    own = keyed(fresh())
    answer = first(live.post("/fx/events", EVENT, headers=own))
    live.wait_cid(answer["cid"])
    assert again(live.post("/fx/events", EVENT, headers=own)) == answer
    last = live.post_event("order.created")["cid"]
    live.wait_cid(last)
    assert len(live.get("/fx/executions").json["executions"]) == 2


# --- Deliveries, by id and contents ---

def logged(home, reply, *parts):
    """The line that the programs log of this request, once it is there."""
    mark, log = f"[{reply.headers['X-Request-Id']}]", home.dir / "log/programs.log"

    def find():
        return next((line for line in log.read_text(errors="replace").splitlines()
                     if mark in line and all(part in line for part in parts)), None)

    return until(find, what=f"a line of {mark} with {parts}\n{home.logs()}")


def unlogged(home, reply):
    assert reply.headers["X-Request-Id"] not in (home.dir / "log/programs.log").read_text()


class Hook:
    """A sender of webhooks: how it signs, and how it says the id of a delivery."""

    def __init__(self, home, provider, header=None, member=None, scheme=None):
        self.home, self.provider, self.header, self.member = home, provider, header, member
        self.made = home.new_secret(provider, url_names=True,
                                    **({"scheme": json.dumps(scheme)} if scheme else {}))

    def deliver(self, own, content, query="", headers=()):
        payload = {"n": content, "type": "event_callback", **({self.member: own} if self.member
                                                              else {})}
        body = json.dumps(payload).encode()
        if self.provider == "generic":
            signed = [("X-S", senders.digest(self.made.token, body).hex())]
        else:
            signed = senders.sign(self.provider, self.made.token, body, own=own)
        return self.home.post(f"/fx/events/webhook?key={self.made.id}{query}", body, key=None,
                              headers=[*signed, *headers,
                                       *([(self.header, own)] if self.header else [])])


HOOKS = {
    "the hook's number as its id": ("generic", "X-Id", None, {"header": "X-S", "id_header": "X-Id"}),
    "github": ("github", "X-GitHub-Delivery"),
    "gitea": ("gitea", "X-Gitea-Delivery"),
    "shopify": ("shopify", "X-Shopify-Webhook-Id"),
    "standard-webhooks": ("standard-webhooks",),
    "stripe": ("stripe", None, "id"),
    "slack": ("slack", None, "event_id"),
}


@pytest.fixture(params=HOOKS)
def hook(request, site):
    made = Hook(site, *HOOKS[request.param])
    yield made
    site.revoke(made.made)


def test_delivery_with_other_contents(site, hook):
    """Each is an event of its own, with a line in the log; and each is known from then on."""
    own, before = fresh(), events(site)
    replies = [hook.deliver(own, n) for n in range(4)]
    answers = [first(reply) for reply in replies]
    assert len({answer["cid"] for answer in answers}) == 4
    assert events(site) == before + 4
    unlogged(site, replies[0])
    for reply in replies[1:]:
        logged(site, reply, own, "other contents", "new event")
    with nothing_stored(site):
        for n in (1, 0, 3, 2, 1):
            reply = hook.deliver(own, n)
            assert again(reply) == answers[n]
            unlogged(site, reply)


@pytest.mark.parametrize("query", ["&event_type=other", "&event_source=other", "&topic=other"])
def test_delivery_under_another_url(site, hook, query):
    """The hook's URL was changed, and the sender asked to deliver again."""
    own = fresh()
    answers = [first(hook.deliver(own, 1, also)) for also in ("", query)]
    assert answers[0]["cid"] != answers[1]["cid"]
    assert again(hook.deliver(own, 1, query)) == answers[1]


def test_delivery_of_another_event(site):
    """One body stands for what was made and for what was deleted."""
    hook = Hook(site, "generic", "X-Id", None,
                {"header": "X-S", "id_header": "X-Id", "event_header": "X-Topic"})
    own = fresh()
    answers = [first(hook.deliver(own, 1, headers=[("X-Topic", topic)]))
               for topic in ("order.created", "order.deleted")]
    assert [answer["eventType"] for answer in answers] == ["order.created", "order.deleted"]
    site.revoke(hook.made)


def test_delivery_under_an_idempotency_key(site):
    """The request's own name comes first; the delivery's does not hide in it."""
    hook, own = Hook(site, "github", "X-GitHub-Delivery"), fresh()
    answer = first(hook.deliver(own, 1, headers=keyed(own)))
    assert again(hook.deliver(own, 1, headers=keyed(own))) == answer
    assert again(hook.deliver(own, 1, headers=keyed(fresh()))) == answer
    with nothing_stored(site):
        check_problem(hook.deliver(own, 2, headers=keyed(own)), 422)
    assert first(hook.deliver(own, 2, headers=keyed(fresh())))["cid"] != answer["cid"]
    site.revoke(hook.made)


def test_64_deliveries_of_one_id(site):
    """Of eight contents, each eight times and all at once: eight events."""
    hook, own, before = Hook(site, "github", "X-GitHub-Delivery"), fresh(), events(site)
    with ThreadPoolExecutor(PARALLEL) as pool:
        replies = list(pool.map(lambda n: hook.deliver(own, n % 8), range(PARALLEL)))
    assert {reply.status for reply in replies} == {200}
    assert events(site) == before + 8
    for n in range(8):
        assert len({reply.json["cid"] for reply in replies[n::8]}) == 1
        assert sum(REPEATED not in reply.headers for reply in replies[n::8]) == 1
    site.revoke(hook.made)


# --- CloudEvents, by source and id ---

def binary(event):
    return [("Content-Type", "application/json"),
            *[(f"ce-{name}", value) for name, value in event.items() if name != "data"]]


def test_cloudevent_by_any_mode(site):
    event = cloudevent()
    answer = first(site.post("/fx/events", b"1", headers=binary(event)))
    with nothing_stored(site):
        replies = [site.post("/fx/events", event, headers=STRUCTURED),
                   site.post("/fx/events", [event], headers=BATCH),
                   site.post("/fx/events/webhook", event, headers=STRUCTURED)]
    assert [again(reply) for reply in replies] == [answer, [answer], answer]
    for reply in replies:
        unlogged(site, reply)


@pytest.mark.parametrize("change", [{"id": "other"}, {"source": "/t"}])
def test_another_cloudevent(site, change):
    """Only both together name it."""
    event = cloudevent(id=fresh())
    change = {**change, "id": event["id"] + "x"} if "id" in change else change
    answers = [first(site.post("/fx/events", each, headers=STRUCTURED))
               for each in (event, {**event, **change})]
    assert answers[0]["cid"] != answers[1]["cid"]


def test_cloudevent_with_another_content(site):
    """Source and id name it, whatever else it says: the first answer, with the first type."""
    event = cloudevent()
    answer = first(site.post("/fx/events", event, headers=STRUCTURED))
    with nothing_stored(site):
        for change in ({"type": "other", "data": 2}, {"data": 2}, {"subject": "other"}):
            reply = site.post("/fx/events", {**event, **change}, headers=STRUCTURED)
            assert again(reply) == answer
            logged(site, reply, event["id"], "other contents", "the first one stands")


def test_cloudevent_in_a_batch_with_another_content(site):
    """Logged in one line, however many there are."""
    batch = [cloudevent() for _ in range(3)]
    answers = first(site.post("/fx/events", batch, headers=BATCH))
    changed = [batch[0], *({**event, "data": 2} for event in batch[1:])]
    reply = site.post("/fx/events", changed, headers=BATCH)
    assert again(reply) == answers
    logged(site, reply, batch[1]["id"], "such events in this request: 2 of 3")


def test_source_and_id_are_not_run_together(site):
    pairs = [("a", "bc"), ("ab", "c"), ("a b", "c"), ("a", "b c")]
    pairs = [(source.replace(" ", "/"), own) for source, own in pairs]
    tag = fresh()
    answers = [first(site.post("/fx/events", cloudevent(source=f"{tag}{source}", id=own),
                               headers=STRUCTURED)) for source, own in pairs]
    assert len({answer["cid"] for answer in answers}) == len(pairs)


def test_cloudevent_of_another_sender(site):
    event = cloudevent()
    answers = [first(site.post("/fx/events", event, headers=STRUCTURED, key=token))
               for token in (site.key("events"), site.key())]
    assert answers[0]["cid"] != answers[1]["cid"]


def test_cloudevent_under_another_key(site):
    """An Idempotency-Key names the request, and does not hide that the event is known."""
    event = cloudevent()
    answer = first(site.post("/fx/events", event, headers=STRUCTURED + keyed(fresh())))
    assert again(site.post("/fx/events", event, headers=STRUCTURED + keyed(fresh()))) == answer
    assert again(site.post("/fx/events", event, headers=STRUCTURED)) == answer


# --- Batches ---

def test_batch_again(site):
    batch = [cloudevent() for _ in range(5)]
    answers = first(site.post("/fx/events", batch, headers=BATCH))
    with nothing_stored(site):
        assert again(site.post("/fx/events", batch, headers=BATCH)) == answers
        assert again(site.post("/fx/events", batch[::-1], headers=BATCH)) == answers[::-1]
        assert again(site.post("/fx/events", batch[:2], headers=BATCH)) == answers[:2]


def test_batch_with_some_that_are_known(site):
    """These keep their cids, the others are stored, and it is no repeat."""
    known, new, before = cloudevent(), cloudevent(), events(site)
    [answer] = first(site.post("/fx/events", [known], headers=BATCH))
    answers = first(site.post("/fx/events", [new, known], headers=BATCH))
    assert answers[1] == answer
    assert answers[0]["cid"] != answer["cid"]
    assert events(site) == before + 2


def test_batch_with_one_event_twice(site):
    event, before = cloudevent(), events(site)
    answers = first(site.post("/fx/events", [event, cloudevent(), event], headers=BATCH))
    assert answers[0] == answers[2] != answers[1]
    assert events(site) == before + 2


def test_batch_under_a_key(site):
    own = keyed(fresh())
    batch = [cloudevent() for _ in range(3)]
    answers = first(site.post("/fx/events", batch, headers=BATCH + own))
    with nothing_stored(site):
        assert again(site.post("/fx/events", batch, headers=BATCH + own)) == answers


@pytest.mark.parametrize("sizes", [(3, 1), (1, 3), (3, 0), (0, 3), (1000, 1), (1, 1000)], ids=str)
def test_same_key_with_another_batch(site, sizes):
    """Of any size, also one larger or smaller than the first."""
    own = keyed(fresh())
    one, two = ([cloudevent() for _ in range(size)] for size in sizes)
    assert site.post("/fx/events", one, headers=BATCH + own).status == 200
    with nothing_stored(site):
        check_problem(site.post("/fx/events", two, headers=BATCH + own), 422, "Idempotency-Key")
        check_problem(site.post("/fx/events", EVENT, headers=own), 422, "Idempotency-Key")


def test_empty_batch_again(site):
    own = keyed(fresh())
    for _ in range(2):
        reply = site.post("/fx/events", [], headers=BATCH + own)
        assert (reply.status, reply.json) == (200, [])


def test_longest_types_again(site):
    """The first answer is given from the store, with room for all of it."""
    batch = [cloudevent(type="x" * 245 + f"{i:04}") for i in range(1000)]
    answers = first(site.post("/fx/events", batch, headers=BATCH + keyed("long")))
    assert [a["eventType"] for a in answers] == [event["type"] for event in batch]
    assert again(site.post("/fx/events", batch, headers=BATCH + keyed("long"))) == answers
    assert again(site.post("/fx/events", batch, headers=BATCH)) == answers
