"""Payloads are foreign: whatever RFC 8259 allows is taken, kept and handed on to the byte.

What is refused in text of ours, and what no RFC allows, is in test_bad_input.py.
"""
import base64
import json
from urllib.parse import quote

import pytest

import jobs
import senders
from checks import UUID
from door import fresh
from harness import Home
from jobs import completed, python
from test_http_steps import http, serving

BOM = b"\xef\xbb\xbf"

# What senders send, and others like it.
PAYLOADS = {
    "NUL in a diff": rb'{"comment":{"diff_hunk":"a\u0000b"}}',
    "half an emoji": rb'{"title":"hi \ud83d"}',
    "the other half": rb'{"title":"\ude00 hi"}',
    "halves in the wrong order": rb'["\ude00\ud83d","\ud83d\ud83d\ude00"]',
    "half an emoji as a name": rb'{"\ud83d":1,"\udfff":{"\ud800":[]}}',
    "NUL in names": rb'{"\u0000":1,"a\u0000":2,"a":3,"a\u0000b":4}',
    "a name twice": rb'{"a":1,"a":2}',
    "a name twice, escaped": rb'{"a":1,"\u0061":2,"b":[{"c":1,"d":[],"c":{}}]}',
    "a name twice, deep": b'{"a":' * 60 + b'{"x":1,"x":2}' + b"}" * 60,
    "empty names": rb'{"":0,"":{"":0,"":1}}',
    "noncharacters": '{"a":"\ufffe\uffff\ufdd0\U0010ffff"}'.encode(),
    "white space": b' \r\n\t{ "a" :\r[ 1.10 , -0 , 1e400 ]\n}\t',
    "line separators": '["\u2028\u2029\u0085\ufeff"]'.encode(),
    "names of ours": b'{"payload":1,"payload":2,"data":{"data":1,"data":2},"save":1,"emit":1,"save":2}',
}
payloads = pytest.mark.parametrize("name", PAYLOADS)

KEEP = python('say(save={"event": sys.stdin.buffer.read().decode("utf-8")})')


@pytest.fixture(scope="module")
def keeping():
    """With a pipeline that keeps each event as its step was given it, and one to run by hand."""
    with Home() as home:
        home.start()
        home.start_dispatcher()
        jobs.make(home, KEEP, event="*")
        jobs.make(home, KEEP, name="by-hand", event=None)
        yield home


def ce(**more):
    return {"specversion": "1.0", "id": "x", "source": "/s", "type": "t", **more}


def envelope(members, name, payload):
    """The text of an object with these members and, as it is, the payload."""
    return json.dumps(members).encode()[:-1] + f',"{name}":'.encode() + payload + b"}"


def send_event(home, payload, before=b""):
    return home.post("/fx/events", before + envelope(
        {"event_source": "/s", "event_type": "t"}, "payload", payload))


def send_generic(home, payload, before=b""):
    return home.post("/fx/events/generic", before + payload)


def send_signed(home, payload, before=b""):
    """The signature is over all bytes, the mark among them."""
    made = home.new_secret("github")
    body = before + payload
    try:
        return home.post(f"/fx/events/webhook?key={made.id}", body, key=None,
                         headers=senders.sign("github", made.token, body))
    finally:
        home.revoke(made)


def send_form(home, payload, before=b""):
    return home.post("/fx/events/webhook", b"payload=" + quote(before + payload).encode(),
                     headers=[("Content-Type", "application/x-www-form-urlencoded")])


def send_structured(home, payload, before=b""):
    return home.post("/fx/events", before + envelope(ce(id=fresh()), "data", payload),
                     headers=[("Content-Type", "application/cloudevents+json")])


def send_batch(home, payload, before=b""):
    event = envelope(ce(id=fresh()), "data", payload)
    reply = home.post("/fx/events", before + b"[" + event + b"]",
                      headers=[("Content-Type", "application/cloudevents-batch+json")])
    if reply.status == 200:
        reply.body = json.dumps(reply.json[0]).encode()
    return reply


def send_binary(home, payload, before=b""):
    return home.post("/fx/events", before + payload, headers=[
        (f"ce-{name}", value) for name, value in ce(id=fresh()).items()])


def send_base64(home, payload, before=b""):
    data = base64.b64encode(before + payload).decode()
    return home.post("/fx/events", ce(id=fresh(), datacontenttype="application/json",
                                      data_base64=data),
                     headers=[("Content-Type", "application/cloudevents+json")])


WAYS = [send_event, send_generic, send_signed, send_form, send_structured, send_batch, send_binary,
        send_base64]
ways = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)


def data_of(execution):
    """The event's data as the step had it: its text, which stands last."""
    text = completed(execution)["data"]["event"]
    return text[text.index('"data":') + 7:-1].encode()


def kept(home, reply):
    assert reply.status == 200, reply
    [execution] = home.wait_cid(reply.json["cid"])
    return data_of(execution)


@ways
@payloads
def test_payload_is_kept_to_the_byte(keeping, way, name):
    payload = PAYLOADS[name]
    # White space round a member's value is not part of the value.
    whole = way in (send_generic, send_signed, send_form, send_binary, send_base64)
    assert kept(keeping, way(keeping, payload)) == (payload if whole else payload.strip())


@ways
def test_mark_before_the_text_is_skipped(keeping, way):
    """RFC 8259, section 8.1. Within the text it is a character like others, or none at all."""
    payload = '{"value":["\ufeff"]}'.encode()
    assert kept(keeping, way(keeping, payload, before=BOM)) == payload
    assert way(keeping, payload, before=BOM + BOM).status in (400, 422)
    assert way(keeping, payload + BOM).status in (400, 422)


def test_mark_before_what_is_no_json(keeping):
    """It is part of the payload then."""
    body = BOM + b"hello"
    reply = keeping.post("/fx/events", body, headers=[
        ("Content-Type", "text/plain"), *((f"ce-{n}", v) for n, v in ce(id=fresh()).items())])
    assert json.loads(kept(keeping, reply)) == body.decode()


# --- By hand, and by fxctl ---

@payloads
def test_payload_of_a_run_by_hand(keeping, name):
    pipeline = next(p["id"] for p in keeping.get("/api/v1/pipelines/").json["pipelines"]
                    if p["name"] == "by-hand")
    path = f"/api/v1/batches/{pipeline}"
    assert kept(keeping, keeping.post(path, PAYLOADS[name])) == PAYLOADS[name]
    assert kept(keeping, keeping.post(path, BOM + PAYLOADS[name])) == PAYLOADS[name]
    item = keeping.fxctl("pipeline", "run", "by-hand", "-", stdin=PAYLOADS[name].decode()).strip()
    cid = keeping.get(f"/fx/executions/{item}").json["cid"]
    [execution] = keeping.wait_cid(cid)
    assert data_of(execution) == PAYLOADS[name].strip()


@payloads
@pytest.mark.parametrize("before", ["", "\ufeff"], ids=["", "mark"])
def test_payload_of_fxctl_publish(keeping, tmp_path, before, name):
    payload = PAYLOADS[name]
    file = tmp_path / "payload.json"
    file.write_bytes(before.encode() + payload)
    cids = [keeping.fxctl("publish", "--type", "t", str(file)),
            keeping.fxctl("publish", "--type", "t", stdin=before + payload.decode())]
    if not before and payload.strip() == payload:
        cids.append(keeping.fxctl("publish", "--type", "t", payload.decode()))
    for cid in cids:
        assert UUID.fullmatch(cid.strip())
        [execution] = keeping.wait_cid(cid.strip())
        assert data_of(execution) == payload.strip()


# --- Texts of other media types ---

TEXTS = [rb"a\u0000b", rb"\ud83d", rb"\ude00\ud83d", rb"x\ud83d\ude00", rb"\n\"\\"]


@pytest.mark.parametrize("text", TEXTS, ids=str)
def test_text_that_is_no_json(keeping, text):
    """Its characters are kept, also those that are none in UTF-8."""
    reply = keeping.post("/fx/events", envelope(
        ce(id=fresh(), datacontenttype="text/plain"), "data", b'"' + text + b'"'),
        headers=[("Content-Type", "application/cloudevents+json")])
    assert json.loads(kept(keeping, reply)) == json.loads(b'"' + text + b'"')


# --- What steps are given and what they hand on ---

STRANGE = rb'{ "a":"\u0000\ud83d", "b":{"c":1,"c":2},' + b"\r\n" + rb'"b" : {"c":3, "d":[1.10]} }'


def post_strange(home, event="job"):
    reply = home.post(f"/fx/events/generic?event_type={event}", STRANGE)
    assert reply.status == 200, reply
    return reply.json["cid"]


def test_persistent_script_gets_one_line_of_json(live):
    """A line end between two tokens is taken out, and nothing else is changed."""
    jobs.make(live, {"text": python(
        "for line in sys.stdin.buffer:\n"
        "    json.loads(line)\n"
        "    print(json.dumps({'ok': True, 'save': {'line': line.decode('utf-8')}}), flush=True)\n"),
        "options": {"persistent": True}})
    [execution] = live.wait_cid(post_strange(live))
    line = completed(execution)["data"]["line"].encode()
    assert line.count(b"\n") == 1
    assert b'"data":' + STRANGE.replace(b"\r\n", b"") + b"}" in line


PASS_ON = """
event = json.load(sys.stdin)
say(save={"got": event["data"]}, emit={"event_type": "next", "payload": event["data"]})
"""
PASS_ON_PERSISTENT = """
for line in sys.stdin:
    got = json.loads(line)["event"]["data"]
    print(json.dumps({"ok": True, "save": {"got": got},
                      "emit": [{"event_type": "next", "payload": got}]}), flush=True)
"""


@pytest.mark.parametrize("kind", ["script", "persistent"])
def test_step_may_pass_on_what_it_got(live, kind):
    """What it saves and emits of a payload is as foreign as the payload."""
    jobs.make(live, {"text": python(PASS_ON if kind == "script" else PASS_ON_PERSISTENT),
                     "options": {"persistent": kind == "persistent"}},
              {"publish": {"event_type": "last"}})
    jobs.make(live, KEEP, event="next")
    jobs.make(live, KEEP, event="last")
    cid = post_strange(live)
    first, *others = sorted(live.wait_cid(cid), key=lambda e: e["event_type"] != "job")
    got = json.loads(STRANGE)
    assert completed(first)["data"] == {"got": got}
    assert {e["event_type"]: json.loads(data_of(e)) for e in others} == {
        "next": got, "last": {"got": got}}
    # What shows them is JSON in UTF-8 all the same.
    for reply in (live.get(f"/fx/executions/{first['execution_id']}"),
                  live.get(f"/fx/cid/{cid}"), live.get("/fx/executions?full=1")):
        assert got in [e["data"].get("got") for e in reply.json.get("executions", [reply.json])]
    shown = json.loads(live.fxctl("execution", "show", first["execution_id"], "--json"))
    assert shown["data"] == {"got": got}


@pytest.mark.parametrize("mode", ["binary", "structured"])
def test_http_step_sends_what_was_sent(home, mode):
    home.configure(http={"allow": "127.0.0.0/8"})
    home.start()
    home.start_dispatcher()
    with serving() as server:
        jobs.make(home, http(server.url(), mode=mode))
        completed(home.wait_cid(post_strange(home))[0])
    body = server.calls[0].body
    assert body == STRANGE if mode == "binary" else body.endswith(b'"data":' + STRANGE + b"}")


@pytest.mark.parametrize("pointer, value, runs", [
    ("/b/c", 3, True), ("/b/c", 2, False), ("/b/c", 1, False), ("/b/d", [1.1], True),
    ("/b", {"d": [1.1], "c": 3}, True), ("/b", {"c": 2}, False), ("/b", {"c": 3}, False),
])
def test_pointer_finds_the_last_of_a_name(keeping, pointer, value, runs):
    event = fresh()
    pipeline = jobs.make(keeping, KEEP, event=event, filters=[{"json": {pointer: value}}])
    cid = post_strange(keeping, event)
    services = [e["pipeline_id"] for e in keeping.wait_cid(cid)]
    assert (pipeline in services) == runs
    jobs.stop_trigger(keeping, pipeline)


# --- What a provider is known by may be strange ---

@pytest.mark.parametrize("text", [rb"\u0000", rb"x\ud83d", rb"\u0007"], ids=str)
def test_provider_s_names_that_are_no_text(keeping, text):
    """The event is taken, named as if the payload did not say."""
    made = keeping.new_secret("github")
    body = b'{"action":"' + text + b'","repository":{"html_url":"https://h/' + text + b'"}}'
    reply = keeping.post(f"/fx/events/webhook?key={made.id}", body, key=None, headers=[
        ("X-GitHub-Event", "issues"), *senders.sign("github", made.token, body)])
    assert (reply.status, reply.json["eventType"]) == (200, "com.github.issues")
    assert kept(keeping, reply) == body
    keeping.revoke(made)


def test_provider_goes_by_the_last_of_a_name(keeping):
    made = keeping.new_secret("stripe")
    body = b'{"id":"evt_1","type":"a.b","data":{"type":"c.d"},"type":"e.f"}'
    reply = keeping.post(f"/fx/events/webhook?key={made.id}", body, key=None,
                         headers=senders.sign("stripe", made.token, body))
    assert (reply.status, reply.json["eventType"]) == (200, "com.stripe.e.f")
    keeping.revoke(made)
