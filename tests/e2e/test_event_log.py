"""The events of the log by HTTP: lists with every condition, page by page, one event with how it
came in, and its payload."""
import json
import time

import pytest

import senders
from checks import check_problem
from harness import Home, until
from jobs import OK, emit, make

LIST = "/api/v1/admin/events"
NOBODY = "00000000-0000-7000-8000-000000000000"


@pytest.fixture
def home():
    with Home() as home:
        home.configure(web={"keep_headers": "X-Shop User-Agent X-GitHub-Event", "keep_query": "tenant"})
        home.start()
        yield home


def rows(home, query=""):
    """All rows, page by page."""
    found, before = [], ""
    while before is not None:
        reply = home.get(f"{LIST}?{query}{before}")
        assert reply.status == 200, reply
        found += reply.json["events"]
        before = f"&before={reply.json['next']}" if reply.json["next"] else None
    return found


def seqs(home, query=""):
    return [row["seq"] for row in rows(home, query)]


def send_batch(home, *events):
    """CloudEvents; each a dict that says what differs. Their cids."""
    whole = [{"specversion": "1.0", "id": f"{time.time_ns()}-{i}", "source": "/s", "type": "t", **event}
             for i, event in enumerate(events)]
    reply = home.post("/fx/events", json.dumps(whole).encode(),
                      headers=[("Content-Type", "application/cloudevents-batch+json")])
    assert reply.status == 200, reply
    return [accepted["cid"] for accepted in reply.json]


# --- What an event is shown as ---

def test_row_and_detail(home):
    key = home.new_key("events", name="shop")
    reply = home.post("/fx/events/generic?event_type=a.b&event_source=%2Fshop&topic=t&tenant=x%20y",
                      b'{"n": 1.50}', headers=[("X-Shop", "gr\xc3\xbc\xc3\x9fe"), ("User-Agent", "u")],
                      key=key.token)
    [row] = rows(home)
    assert row.pop("accepted")
    cid = reply.json["cid"]
    assert row == {
        "seq": 1, "cid": cid, "id": cid, "type": "a.b", "topic": "t", "source": "/shop", "subject": None,
        "datacontenttype": "application/json", "bytes": 11, "parent_execution_id": None,
        "door": "generic", "credential": key.id, "credential_name": "shop", "address": "127.0.0.1"}
    detail = home.get(f"{LIST}/1").json
    assert row.items() <= detail.items()
    assert detail["headers"] == {"x-shop": "grüße", "user-agent": "u"}
    assert detail["query"] == {"tenant": "x y"}
    assert detail["payload_shown"] is True and detail["payload"] == {"n": 1.5}
    assert b'"payload":{"n": 1.50}' in home.get(f"{LIST}/1").body


def test_doors(home):
    """Each has its name; what only a person or FX Bridge does has no address."""
    home.start_dispatcher()
    secret = home.new_secret("github", name="hub")
    make(home, emit("emitted"), event="com.github.push", name="emits")
    by_hand = make(home, OK, name="by-hand", event=None)
    home.post_event("first")
    home.post("/fx/events/generic", {})
    body = b'{"ref": "main"}'
    reply = home.post("/fx/events/webhook", body, key=None, headers=[
        *senders.sign("github", secret.token, body), ("X-GitHub-Event", "push")])
    [execution] = home.wait_cid(reply.json["cid"])
    home.fxctl("publish", "--type", "published", "{}")
    home.fxctl("pipeline", "run", "by-hand")
    pipelines = home.new_key("pipelines", name="runs")
    home.post(f"/api/v1/batches/{by_hand}", {}, key=pipelines.token)
    found = {row["seq"]: (row["door"], row["credential_name"], row["address"], row["parent_execution_id"])
             for row in rows(home)}
    assert found == {
        1: ("events", "test", "127.0.0.1", None), 2: ("generic", "test", "127.0.0.1", None),
        3: ("webhook", "hub", "127.0.0.1", None), 4: ("emit", None, None, execution["execution_id"]),
        5: ("hand", None, None, None), 6: ("hand", None, None, None), 7: ("hand", "runs", None, None)}
    assert home.get(f"{LIST}/3").json["headers"] == {"x-github-event": "push"}
    assert home.get(f"{LIST}/4").json["headers"] is None
    for door, number in {"events": 1, "generic": 1, "webhook": 1, "emit": 1, "hand": 3, "fx": 0}.items():
        assert len(rows(home, f"door={door}")) == number, door


def test_address_is_not_kept(home):
    home.stop()
    home.configure(web={"keep_address": 0})
    home.start()
    home.post_event("a")
    assert rows(home)[0]["address"] is None


BINARY = bytes(range(256))
LARGE = json.dumps({"a": "x" * 70000}).encode()


@pytest.mark.parametrize("media, payload, shown", [
    ("application/json", b' {"a": [1, 2.50]}\n', {"a": [1, 2.5]}),
    ("application/json", b'{"a":1,"a":2,"b":"\\ud800\\u0000"}', {"a": 2, "b": "\ud800\x00"}),
    ("application/json", b"null", None),
    ("text/plain", "grüße\n".encode(), "grüße\n"),
    ("text/html", b"<script>alert(1)</script>", ...),
    ("application/octet-stream", BINARY, ...),
    ("application/json", LARGE, ...),
    (None, b"", ...),
], ids=["JSON", "foreign JSON", "null", "text", "HTML", "binary", "large", "none"])
def test_payload(home, media, payload, shown):
    """As it was sent, as a file that no browser runs; shown where it is small and text."""
    headers = [("ce-specversion", "1.0"), ("ce-id", "1"), ("ce-source", "/s"), ("ce-type", "t")]
    if media:
        headers.append(("Content-Type", media))
    reply = home.post("/fx/events", payload if media else None, headers=headers)
    assert reply.status == 200, reply
    detail = home.get(f"{LIST}/1").json
    assert detail["bytes"] == len(payload.strip()) or detail["bytes"] == len(payload)
    if shown is ... and "payload" not in detail:
        assert detail["payload_shown"] is False
    elif shown is not ...:
        assert detail["payload_shown"] is True and detail["payload"] == shown
    reply = home.get(f"{LIST}/1/payload")
    assert reply.body == payload or reply.body == payload.strip()
    assert reply.headers["Content-Type"] == "application/octet-stream"
    assert reply.headers["Content-Disposition"] == 'attachment; filename="event-1"'
    assert reply.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert home.call("HEAD", f"{LIST}/1/payload").status == 200


@pytest.mark.parametrize("seq", ["0", "2", "-1", "1x", "01x", "%31", "18446744073709551616", "9" * 4000,
                                 NOBODY, "1.0", "+1"])
@pytest.mark.parametrize("end", ["", "/payload"])
def test_no_such_event(home, seq, end):
    home.post_event("a")
    check_problem(home.get(f"{LIST}/{seq}{end}"), 404)


def test_cid_is_in_the_line_of_its_request(home):
    """In the front end's log, as the reply's X-Correlation-Id: of one event, a batch's first, a run."""
    home.start_dispatcher()
    by_hand = make(home, OK, name="by-hand", event=None)
    reply = home.post("/fx/events", {"event_source": "s", "event_type": "t", "payload": 1},
                      headers=[("Idempotency-Key", "k")])
    again = home.post("/fx/events", {"event_source": "s", "event_type": "t", "payload": 1},
                      headers=[("Idempotency-Key", "k")])
    run = home.post(f"/api/v1/batches/{by_hand}", {})
    assert reply.headers["X-Correlation-Id"] == again.headers["X-Correlation-Id"] == reply.json["cid"]
    assert run.headers["X-Correlation-Id"] == run.json["cid"]
    first = send_batch(home, {}, {})[0]
    bad = home.post("/fx/events", {})
    assert bad.headers["X-Correlation-Id"] is None

    def lines():
        text = (home.dir / "log/access.log").read_text().splitlines()
        return {line.split()[-2]: line.split()[-1] for line in text}

    wanted = {each.headers["X-Request-Id"]: each.headers["X-Correlation-Id"] or "-"
              for each in (reply, again, run, bad)}
    until(lambda: wanted.items() <= lines().items() and first in lines().values(),
          what=lambda: f"{wanted} in {lines()}")


# --- Lists ---

def test_nothing_yet(home):
    assert home.get(LIST).json == {"events": [], "next": None, "looked_back_to": None}


def test_conditions(home):
    other = home.new_key("events", name="other")
    send_batch(home, {"type": "order.new", "source": "/a"}, {"type": "order.paid", "source": "/b"},
               {"type": "stock", "source": "/a", "topic": "order.new"})
    home.post("/fx/events", {"event_source": "/b", "event_type": "order.new", "payload": 0}, key=other.token)
    for query, expected in {
        "": [4, 3, 2, 1],
        "type=order.new": [4, 1], "type=order.*": [4, 2, 1], "type=*": [4, 3, 2, 1], "type=order": [],
        "source=%2Fa": [3, 1], "topic=order.new": [4, 3, 1], "topic=order.new&type=stock": [3],
        f"credential={other.id}": [4], f"credential={NOBODY}": [], "door=events": [4, 3, 2, 1],
        "door=webhook": [], "before=3": [2, 1], "before=1": [], "before=99": [4, 3, 2, 1],
        "limit=2": [4, 3, 2, 1], "since=2020-01-01T00:00:00Z": [4, 3, 2, 1],
        "until=2020-01-01T00:00:00Z": [], "since=2099-01-01T00:00:00Z": [],
        "until=2099-01-01T00:00:00Z&type=stock": [3],
    }.items():
        assert seqs(home, query) == expected, query
    page = home.get(f"{LIST}?limit=1&type=order.*").json
    assert [row["seq"] for row in page["events"]] == [4] and page["next"] == 4
    assert page["looked_back_to"] == page["events"][0]["accepted"]


@pytest.mark.parametrize("query, why", {
    "type=": "type: must be text", "type=a%07": "type: must be text", "source=%0a": "source: must be text",
    "topic=": "topic: must be text", "credential=shop": "credential: must be the id",
    "credential=00000000-0000-0000-0000-000000000000": "credential: must be the id",
    "door=window": "door: must be events, generic, webhook, emit, hand, tick or fx",
    "door=Events": "door: must be", "since=yesterday": "since: must be an RFC 3339 time",
    "until=1": "until: must be", "limit=0": "limit: must be a whole number", "limit=1001": "limit: must be",
    "before=0": 'before: must be the "next" of the page before', "before=-1": "before: must be",
    f"before={NOBODY}": "before: must be", "before=9223372036854775808": "before: must be",
    "before=1e3": "before: must be",
}.items())
def test_wrong_conditions(home, query, why):
    check_problem(home.get(f"{LIST}?{query}"), 422, why)


def test_many(home):
    """A page looks at 10,000 events at most, fewer where its time is up, and says how far it came;
    time is found by halving."""
    send_batch(home, {"type": "rare"})
    for _ in range(12):
        send_batch(home, *[{"data": i} for i in range(1000)])
    page = home.get(f"{LIST}?type=rare").json
    assert page["events"] == [] and 2002 <= page["next"] <= 12001
    assert page["looked_back_to"] == home.get(f"{LIST}/{page['next']}").json["accepted"]
    assert seqs(home, "type=rare") == [1]
    assert len(rows(home, "limit=1000")) == 12001
    times = {seq: home.get(f"{LIST}/{seq}").json["accepted"] for seq in (1, 2, 6000, 12001)}
    for first, end in ((1, 6000), (2, 12001), (6000, 6000), (6000, 12001)):
        found = seqs(home, f"limit=1000&since={times[first]}&until={times[end]}")
        assert found == sorted(found, reverse=True)
        within = [seq for seq in times if times[first] <= times[seq] < times[end]]
        assert set(within) <= set(found) and not {seq for seq in times if seq not in within} & set(found)


def test_page_ends_at_its_bytes(home):
    home.stop()
    home.configure(web={"reply_bytes": 16384})
    home.start()
    send_batch(home, *[{"source": "/" + "s" * 2000}] * 30)
    page = home.get(f"{LIST}?limit=1000").json
    assert 0 < len(page["events"]) < 12 and page["next"] == page["events"][-1]["seq"]
    assert seqs(home, "limit=1000") == list(range(30, 0, -1))


def test_wanderer_sees_each_once(home):
    """Events that come meanwhile are before the first page only."""
    send_batch(home, *[{}] * 10)
    seen, before = [], ""
    while before is not None:
        page = home.get(f"{LIST}?limit=3{before}").json
        seen += [row["seq"] for row in page["events"]]
        before = f"&before={page['next']}" if page["next"] else None
        send_batch(home, {})
    assert seen == list(range(10, 0, -1))


def test_scope(home):
    """Whoever may see what came of events may see the events."""
    home.post_event("a")
    for path in (LIST, f"{LIST}/1", f"{LIST}/1/payload"):
        assert home.get(path, key=home.key("status")).status == 200
        for scope in ("events", "pipelines", "triggers", "admin"):
            check_problem(home.get(path, key=home.key(scope)), 403, "status")


@pytest.mark.parametrize("line, why", {
    "keep_headers = X-A Authorization": 'keep_headers: "Authorization" may say who sends',
    "keep_headers = X-*": 'keep_headers: "X-*" is no such name',
    "keep_headers = x_api_key": 'keep_headers: "x_api_key" is no such name',
    "keep_query = key": 'keep_query: "key" may say who sends',
    "keep_query = a b,c": 'keep_query: "b,c" is no such name',
}.items())
def test_names_that_are_never_kept(line, why):
    with Home() as home:
        with open(home.dir / "fx.conf", "a") as conf:
            conf.write(f"[web]\n{line}\n")
        number = (home.dir / "fx.conf").read_text().count("\n")
        done = home.run_fxctl("status")
        assert done.returncode == 1 and f"line {number}: {why}" in done.stderr, done


def test_headers_of_hostile_senders(home):
    """Of 8 KiB, in any encoding, twice: kept as text, or said to have come."""
    for headers in ([("X-Shop", "x" * 7000)], [("X-Shop", "\xff\xfe\x9b[2J")], [("X-Shop", "")]):
        reply = home.post("/fx/events", {"event_source": "s", "event_type": "t", "payload": 1},
                          headers=headers)
        assert reply.status == 200, reply
    kept = [home.get(f"{LIST}/{seq}").json["headers"] for seq in (1, 2, 3)]
    assert kept[0] == {"x-shop": None}
    assert kept[1] == {"x-shop": "\ufffd\ufffd\ufffd[2J"}
    assert kept[2] in ({"x-shop": ""}, {})
