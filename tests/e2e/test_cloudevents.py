"""CloudEvents 1.0 over HTTP, as a receiver: each point of the conformance checklist, as bytes on
the wire. What the official SDK makes of it is in test_clients.py, repeats in test_idempotency.py.
"""
import base64
import json
import socket

import pytest

import jobs
from checks import UUID, check_problem, nothing_stored
from harness import Home

ROUTES = ["/fx/events", "/fx/events/generic", "/fx/events/webhook"]
JSON = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"

MODES = ["structured", "batch", "binary"]
modes = pytest.mark.parametrize("mode", MODES)

EVENT = {"specversion": "1.0", "id": "1", "source": "/s", "type": "kind"}


@pytest.fixture(scope="module")
def listening():
    """With a pipeline that keeps each event as its step was given it."""
    with Home() as home:
        home.start()
        home.start_dispatcher()
        jobs.make(home, jobs.python('say(save={"event": sys.stdin.read()})'), event="*")
        yield home


@pytest.fixture(scope="module")
def door():
    """Without a dispatcher, so that one can see that nothing is stored."""
    with Home() as home:
        home.start()
        yield home


def wire(value):
    """Text as a header has it: its UTF-8 bytes."""
    return value.encode().decode("latin-1")


def send_headers(home, attributes, body=b"", content_type="application/json", path="/fx/events"):
    """In binary mode; the values as they are."""
    headers = [("Content-Type", content_type)] if content_type else []
    headers += [(f"ce-{name}", wire(value)) for name, value in attributes.items()]
    head = home.request("POST", path, None, headers)
    head = head.replace(b"Content-Length: 0\r\n", b"Content-Length: %d\r\n" % len(body))
    return home.exchange(head + body, "POST")


def send_json(home, event, content_type=JSON, path="/fx/events"):
    """In structured or batch mode; bytes as they are, or a value."""
    return home.post(path, event, headers=[("Content-Type", content_type)])


def send(home, mode, event, path="/fx/events"):
    """An event without members that only one mode has."""
    if mode == "binary":
        attributes = {name: value for name, value in event.items() if name != "data"}
        body = json.dumps(event["data"]).encode() if "data" in event else b""
        return send_headers(home, attributes, body, path=path)
    if mode == "batch":
        return send_json(home, [event], BATCH, path)
    return send_json(home, event, path=path)


def answer(reply):
    """The one answer to an event that must have been accepted."""
    assert reply.status == 200, reply
    assert reply.headers["Content-Type"] == "application/json"
    one = reply.json[0] if isinstance(reply.json, list) else reply.json
    assert UUID.fullmatch(one["cid"])
    return one


def received(home, reply):
    """The event as its step was given it."""
    [execution] = home.wait_cid(answer(reply)["cid"])
    return json.loads(jobs.completed(execution)["data"]["event"])


def refused(home, status, part, sending):
    with nothing_stored(home):
        reply = sending()
    return check_problem(reply, status, part)


# --- Core: id, source, specversion = 1.0 and type are there and not empty ---

@modes
@pytest.mark.parametrize("name", ["specversion", "id", "source", "type"])
@pytest.mark.parametrize("path", ROUTES)
def test_core_required_attribute_missing(door, mode, name, path):
    event = {key: value for key, value in EVENT.items() if key != name}
    refused(door, 422, f"{name}: is missing", lambda: send(door, mode, event, path))


@modes
@pytest.mark.parametrize("name", ["specversion", "id", "source", "type"])
def test_core_required_attribute_empty(door, mode, name):
    """lighttpd takes an empty header for none."""
    part = f"{name}: is missing" if mode == "binary" else f"{name}: must not be empty"
    refused(door, 422, part, lambda: send(door, mode, {**EVENT, name: ""}))


@modes
@pytest.mark.parametrize("version", ["0.3", "1.1", "2.0", "1", "1.0.2", "v1.0", "1.0, 1.0"])
def test_core_specversion_is_1_0(door, mode, version):
    refused(door, 422, "specversion: must be 1.0",
            lambda: send(door, mode, {**EVENT, "specversion": version}))


@modes
def test_core_source_is_a_uri_reference(door, mode):
    refused(door, 422, "source: must be a URI reference",
            lambda: send(door, mode, {**EVENT, "source": "a%20b" if mode == "binary" else "a b"}))


# --- Core: optional attributes ---

OPTIONAL = {"subject": "4711", "time": "2026-01-02T03:04:05.678+01:00",
            "dataschema": "https://shop.example/schema#a", "datacontenttype": "application/json"}


@modes
def test_core_optional_attributes_are_kept(listening, mode):
    event = {**EVENT, **OPTIONAL, "id": f"optional-{mode}", "data": 1}
    sent = {k: v for k, v in event.items() if mode != "binary" or k != "datacontenttype"}
    assert received(listening, send(listening, mode, sent)).items() >= event.items()


@modes
@pytest.mark.parametrize("name, value, part", [
    ("time", "yesterday", "RFC 3339"), ("time", "2026-02-30T00:00:00Z", "RFC 3339"),
    ("time", "2026-01-02", "RFC 3339"), ("dataschema", "/relative", "absolute URI"),
    ("topic", "a*b", "topic")])
def test_core_optional_attribute_is_wrong(door, mode, name, value, part):
    refused(door, 422, part, lambda: send(door, mode, {**EVENT, name: value}))


@pytest.mark.parametrize("value", ["json", "/json", "text/ü", "application/"])
def test_core_datacontenttype_is_a_media_type(door, value):
    refused(door, 422, "datacontenttype: must be a media type",
            lambda: send_json(door, {**EVENT, "datacontenttype": value}))
    refused(door, 422, "datacontenttype: must be a media type",
            lambda: send_headers(door, EVENT, b"1", wire(value)))


# --- Core: names; unknown extensions are kept and passed on ---

@modes
def test_core_unknown_extensions_are_kept(listening, mode):
    extensions = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                  "tracestate": "congo=t61rcWkgMzE", "sequence": "0042", "partitionkey": "p 1",
                  "expirytime": "2027-01-01T00:00:00Z", "recordedtime": "2026-01-01T00:00:00Z",
                  "dataref": "https://shop.example/big", "x": "1", "0a9": "b" * 300,
                  "verylongextensionattributename": "kept"}
    event = {**EVENT, **extensions, "id": f"extensions-{mode}", "data": {}}
    assert received(listening, send(listening, mode, event)).items() >= event.items()


@pytest.mark.parametrize("name", ["Id", "traceParent", "trace_parent", "trace-parent", "größe", "",
                                  "a b", "x" * 65, "Data", "ID"])
def test_core_names_are_lower_case_letters_and_digits(door, name):
    refused(door, 422, "attribute's name", lambda: send_json(door, {**EVENT, name: "x"}))


@pytest.mark.parametrize("name", ["trace-parent", "trace_parent", "data", "data_base64"])
def test_core_names_of_headers(door, name):
    refused(door, 422, "attribute's name", lambda: send_headers(door, {**EVENT, name: "x"}))


def test_core_names_of_headers_in_any_case(listening):
    """HTTP ignores the case; attributes are in lower case."""
    names = {"SpecVersion": "1.0", "ID": "any-case", "sOURCE": "/s", "TYPE": "kind", "ABC": "x"}
    event = received(listening, send_headers(listening, names, b"1"))
    assert event.items() >= {"id": "any-case", "abc": "x", "source": "/s"}.items()


# --- Core: types ---

def test_core_types_of_extensions_are_kept(listening):
    extensions = {"yes": True, "no": False, "small": -2147483648, "large": 2147483647, "zero": 0,
                  "text": 'a "b" \\ ü 😀', "empty": ""}
    event = {**EVENT, **extensions, "id": "types"}
    assert received(listening, send_json(listening, event)).items() >= event.items()


@pytest.mark.parametrize("value", [b"2147483648", b"-2147483649", b"1.5", b"1.0", b"1e2", b"{}",
                                   b"[]", b'["a"]', b"99999999999999999999"])
def test_core_types_that_no_attribute_has(door, value):
    text = json.dumps(EVENT).encode()[:-1] + b',"ext":' + value + b"}"
    refused(door, 422, "ext: must be", lambda: send_json(door, text))


BAD_STRINGS = ["a\x01b", "a\nb", "a\x7fb", "a\x85b", "\ufdd0", "\ufffe", "\U0001ffff"]


@pytest.mark.parametrize("value", BAD_STRINGS, ids=ascii)
@pytest.mark.parametrize("name", ["id", "source", "type", "subject", "ext"])
def test_core_strings_without_control_characters(door, name, value):
    text = json.dumps({**EVENT, name: value}).encode()
    refused(door, 422, f"{name}: ", lambda: send_json(door, text))


@pytest.mark.parametrize(
    "text", [rb"\ud800", rb"\udc00x", rb"\u0000", b"\xff", b"\xc0\xa0"], ids=str)
def test_core_strings_that_are_no_text_at_all(door, text):
    """Unpaired surrogates, NUL and what is no UTF-8 are not acceptable in attributes."""
    body = json.dumps(EVENT).encode()[:-1] + b',"ext":"' + text + b'"}'
    refused(door, 400, "JSON", lambda: send_json(door, body))


# --- Core: at least 64 KiB on the wire ---

@modes
def test_core_64_kib_are_accepted_and_forwarded(listening, mode):
    event = {**EVENT, "id": f"large-{mode}", "data": "x" * 65536}
    assert received(listening, send(listening, mode, event))["data"] == event["data"]


# --- HTTP: the mode is told by the content type ---

@pytest.mark.parametrize("content_type", [
    JSON, JSON.upper(), "Application/CloudEvents+JSON", f"{JSON}; charset=utf-8",
    f"{JSON};charset=UTF-8", f" {JSON} ; x=y"])
@pytest.mark.parametrize("path", ROUTES)
def test_http_structured(door, content_type, path):
    assert answer(send_json(door, EVENT, content_type, path))["eventType"] == "kind"


@pytest.mark.parametrize("content_type", [BATCH, BATCH.upper(), f"{BATCH}; charset=utf-8"])
@pytest.mark.parametrize("path", ROUTES)
def test_http_batch(door, content_type, path):
    reply = send_json(door, [EVENT, EVENT], content_type, path)
    assert [one["eventType"] for one in reply.json] == ["kind", "kind"]


def test_http_content_type_counts_more_than_headers(door):
    """In structured mode ce-* headers may be copies, and are not looked at."""
    headers = [("Content-Type", JSON), ("ce-type", "other"), ("ce-specversion", "0.3")]
    assert answer(door.post("/fx/events", EVENT, headers=headers))["eventType"] == "kind"


@pytest.mark.parametrize("content_type", [
    "application/cloudevents", "application/cloudevents+xml", "application/cloudevents+avro",
    "application/cloudevents-batch", "application/cloudevents-batch+xml",
    "application/cloudeventsx", "application/cloudevents+jsonx",
    "Application/CloudEvents+Protobuf; a=b"])
@pytest.mark.parametrize("path", ROUTES)
def test_http_unknown_format_is_415(door, content_type, path):
    refused(door, 415, JSON, lambda: send_json(door, EVENT, content_type, path))
    refused(door, 415, JSON, lambda: send_headers(door, EVENT, b"{}", content_type, path))


# --- HTTP: binary mode ---

@pytest.mark.parametrize("content_type, body, expected", [
    ("application/json", b'{"a":1.0}', {"data": {"a": 1.0}}),
    ("application/json; charset=utf-8", b'"text"', {"data": "text"}),
    ("application/vnd.shop+json", b"[1]", {"data": [1]}),
    ("application/json", b"null", {"data": None}),
    ("text/plain", "grüße".encode(), {"data": "grüße"}),
    ("text/plain", b"\xff\xfe", {"data_base64": "//4="}),
    ("text/plain", b"a\0b", {"data_base64": "YQBi"}),
    ("text/html; charset=utf-8", b'{"a":1}', {"data": '{"a":1}'}),
    ("application/xml", b"<a/>", {"data_base64": base64.b64encode(b"<a/>").decode()}),
    ("image/png", bytes(range(256)), {"data_base64": base64.b64encode(bytes(range(256))).decode()}),
    ("application/octet-stream", b"\0", {"data_base64": "AA=="}),
    (None, b"\xff", {"data_base64": "/w=="}),
    ("application/json", b"", {}),
    (None, b"", {}),
])
def test_http_binary_body_is_data(listening, content_type, body, expected):
    """Content-Type is datacontenttype, and the body the data as it is."""
    own = f"binary-{content_type}-{body[:20]!r}".replace('"', "").replace("%", "")
    event = received(listening, send_headers(listening, {**EVENT, "id": own}, body, content_type))
    assert {name: event[name] for name in ("data", "data_base64") if name in event} == expected
    assert event.get("datacontenttype") == content_type


@pytest.mark.parametrize("body", [b"{", b"{} x", b'{"a":1,,"b":2}', b"\xff", b" "])
def test_http_binary_body_that_is_not_the_json_it_says(door, body):
    refused(door, 400, "JSON", lambda: send_headers(door, EVENT, body))


@pytest.mark.parametrize("name", ["datacontenttype", "DataContentType"])
def test_http_ce_datacontenttype_is_forbidden(door, name):
    refused(door, 422, "Content-Type says it",
            lambda: send_headers(door, {**EVENT, name: "text/plain"}, b"1"))


def test_http_header_twice(door):
    """Also where the second has another name and becomes the same variable."""
    for name in ("ce-id", "CE-ID", "ce_id", "CE_ID"):
        refused(door, 422, "", lambda name=name: door.post("/fx/events", b"1", headers=[
            *[(f"ce-{known}", value) for known, value in EVENT.items()], (name, "2"),
            ("ce-source", "/t")]))
    refused(door, 422, "twice", lambda: door.post("/fx/events", b"1", headers=[
        *[(f"ce-{name}", value) for name, value in EVENT.items()], ("ce_id", "1")]))


def test_http_many_attributes(listening):
    """As many as one may send, and one more."""
    more = {f"x{i}": str(i) for i in range(64 - len(EVENT))}
    event = {**EVENT, "id": "many", **more}
    assert received(listening, send_headers(listening, event, b"1")).items() >= event.items()
    reply = send_headers(listening, {**event, "y": "1"}, b"1")
    check_problem(reply, 422, "at most 64")


# --- HTTP: how headers are decoded ---

@pytest.mark.parametrize("value, expected", [
    ("plain", "plain"),
    ("Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀"),
    ("%e2%82%ac", "€"),
    ("%41%62%2D", "Ab-"),
    ("%2541", "%41"),
    ("%22", '"'),
    ('"quoted text"', "quoted text"),
    ('"a \\"b\\" \\\\"', 'a "b" \\'),
    ('"%20"', " "),
    ("a b", "a b"),
    ("ü", "ü"),
    ("a+b", "a+b"),
    ("%C2%A0", "\u00a0"),
])
def test_http_header_decoding(listening, value, expected):
    """Quotes go first, then exactly one round of percent-decoding."""
    own = "decode-" + base64.urlsafe_b64encode(value.encode()).decode()
    event = received(listening, send_headers(listening, {**EVENT, "id": own, "ext": value}, b"1"))
    assert event["ext"] == expected


@pytest.mark.parametrize("value", [
    "%C0%A0", "%E0%80%A0", "%FF", "%80", "%E2%82", "%ED%A0%80", "%F4%90%80%80", "%00", "%0A", "%7F",
    "%C2%85", "%EF%BF%BE", "%", "%4", "%zz", "a%", "%u0041", '"a', '"a"b', '"a\\', '"'])
@pytest.mark.parametrize("name", ["subject", "ext", "id", "type"])
def test_http_header_that_is_no_text(door, name, value):
    refused(door, 422, f"{name}: ", lambda: send_headers(door, {**EVENT, name: value}, b"1"))


@pytest.mark.parametrize("value", ["\xff", "\xc0\xa0", "a\xe2\x82"], ids=ascii)
def test_http_raw_bytes_that_are_no_utf_8(door, value):
    refused(door, 422, "ext: ", lambda: door.post("/fx/events", b"1", headers=[
        *[(f"ce-{name}", each) for name, each in EVENT.items()], ("ce-ext", value)]))


# --- HTTP: batches ---

@pytest.mark.parametrize("count", [0, 1, 2, 1000])
def test_http_batch_of(door, count):
    events = [{**EVENT, "id": f"batch-of-{count}-{i}", "type": f"kind{i}"} for i in range(count)]
    reply = send_json(door, events, BATCH)
    assert reply.status == 200, reply
    assert [one["eventType"] for one in reply.json] == [event["type"] for event in events]
    assert len({one["cid"] for one in reply.json}) == count


def test_http_batch_of_1001(door):
    events = [{**EVENT, "id": f"too-many-{i}"} for i in range(1001)]
    refused(door, 422, "at most 1000", lambda: send_json(door, events, BATCH))


def test_http_batch_limit_is_a_setting(home):
    home.configure(events={"batch": 2})
    home.start()
    assert send_json(home, [EVENT] * 2, BATCH).status == 200
    refused(home, 422, "at most 2", lambda: send_json(home, [EVENT] * 3, BATCH))


@pytest.mark.parametrize("bad, status, part", [
    ({**EVENT, "id": ""}, 422, "id: must not be empty"),
    ({**EVENT, "type": "a b"}, 422, "type: "),
    ({**EVENT, "specversion": "0.3"}, 422, "specversion: "),
    ({**EVENT, "data": 1, "data_base64": "YQ=="}, 422, "data_base64: "),
    ({**EVENT, "data_base64": "Y"}, 422, "data_base64: "),
    ({}, 422, "specversion: is missing"),
    (1, 422, "object"), (None, 422, "object"), ([EVENT], 422, "object"), ("x", 422, "object"),
], ids=str)
@pytest.mark.parametrize("at", [0, 500, 999])
def test_http_batch_with_one_bad_event_stores_nothing(door, bad, status, part, at):
    events = [{**EVENT, "id": f"one-bad-{at}-{i}"} for i in range(1000)]
    events[at] = bad
    problem = refused(door, status, part, lambda: send_json(door, events, BATCH))
    assert f"Event {at + 1} of the batch" in problem["detail"]


@pytest.mark.parametrize("body", [b"{}", json.dumps(EVENT).encode(), b"null", b"1", b'"[]"'])
def test_http_batch_is_an_array(door, body):
    refused(door, 422, "array", lambda: send_json(door, body, BATCH))


@pytest.mark.parametrize("body", [b"", b"[", b"[]]", b"[,]", b"[{}", b"[" * 65 + b"]" * 65])
@pytest.mark.parametrize("content_type", [JSON, BATCH])
def test_http_body_is_json(door, content_type, body):
    refused(door, 400, "", lambda: send_json(door, body, content_type))


@pytest.mark.parametrize("body", [b"[]", b"null", b"1", b'"x"', b"[{}]"])
def test_http_structured_is_an_object(door, body):
    refused(door, 422, "object", lambda: send_json(door, body))


# --- JSON: data and data_base64 ---

def test_json_data_and_data_base64_exclude_each_other(door):
    for data in (1, None, "", {}):
        refused(door, 422, "data_base64: must not be there together with data",
                lambda data=data: send_json(door, {**EVENT, "data": data, "data_base64": "YQ=="}))
        refused(door, 422, "data_base64", lambda data=data: send_json(
            door, {"data_base64": "", **EVENT, "data": data}))


@pytest.mark.parametrize("value", [
    "Y", "YQ", "YQ=", "YQ===", "Y===", "====", "YQ= =", "YWJj\n", " YWJj", "YWJj YWJj", "-_-_",
    "YR==", "Y*Jj", "ü", 1, True, {}, []], ids=str)
def test_json_bad_base64(door, value):
    text = json.dumps({**EVENT, "datacontenttype": "image/png", "data_base64": value},
                      ensure_ascii=False).encode()
    refused(door, 422, "data_base64: ", lambda: send_json(door, text))


@pytest.mark.parametrize("more, expected", [
    # A JSON value where the media type says JSON; a string there is not parsed again.
    ({"data": {"a": [1, None]}}, {"data": {"a": [1, None]}, "datacontenttype": "application/json"}),
    ({"data": '{"a":1}'}, {"data": '{"a":1}', "datacontenttype": "application/json"}),
    ({"data": "1", "datacontenttype": "application/x+json"}, {"data": "1"}),
    ({"data": "x", "datacontenttype": "text/plain"}, {"data": "x"}),
    ({"data": {"a": 1}, "datacontenttype": "text/plain"}, {"data": {"a": 1}}),
    # data_base64 without a media type implies nothing.
    ({"data_base64": "AP8="}, {"data_base64": "AP8="}),
    ({"data_base64": "", "datacontenttype": "image/png"}, {"data_base64": ""}),
    ({"data_base64": "eyJhIjoxfQ==", "datacontenttype": "application/json"}, {"data": {"a": 1}}),
    ({"data_base64": "aGk=", "datacontenttype": "text/plain"}, {"data": "hi"}),
    # null is a payload in data, and absence elsewhere.
    ({"data": None}, {"data": None, "datacontenttype": "application/json"}),
    ({"data": 1, "data_base64": None}, {"data": 1, "datacontenttype": "application/json"}),
    ({"data": 1, "subject": None, "time": None, "ext": None, "topic": None},
     {"data": 1, "datacontenttype": "application/json"}),
    ({}, {}),
])
def test_json_payload(listening, more, expected):
    own = "json-" + json.dumps(more)
    event = received(listening, send_json(listening, {**EVENT, "id": own, **more}))
    payload = {name: event[name] for name in ("data", "data_base64") if name in event}
    assert payload == {name: value for name, value in expected.items() if name.startswith("data")
                       and name != "datacontenttype"}
    assert event.get("datacontenttype") == {**expected, **more}.get("datacontenttype")
    assert not {"subject", "ext", "topic"} & event.keys()


def test_json_base64_that_is_not_the_json_it_says(door):
    event = {**EVENT, "datacontenttype": "application/json", "data_base64": "ew=="}
    refused(door, 422, "data_base64: is not acceptable JSON", lambda: send_json(door, event))


@pytest.mark.parametrize("name", ["specversion", "id", "source", "type"])
def test_json_null_is_absent(door, name):
    refused(door, 422, f"{name}: is missing", lambda: send_json(door, {**EVENT, name: None}))


@pytest.mark.parametrize("text", [b'"id":"2"', rb'"\u0069d":"1"', b'"data":1,"data":1',
                                  b'"data":{"a":1,"a":1},"data":1', b'"ext":1,"ext":1'])
def test_json_names_twice_are_refused(door, text):
    body = json.dumps(EVENT).encode()[:-1] + b"," + text + b"}"
    refused(door, 400, "twice", lambda: send_json(door, body))


def test_json_extensions_stand_at_the_top(door):
    refused(door, 422, "extensions: must be",
            lambda: send_json(door, {**EVENT, "extensions": {"a": "b"}}))


# --- Web hooks: delivery ---

@pytest.mark.parametrize("mode, status", [("structured", 200), ("batch", 200), ("binary", 200)])
@pytest.mark.parametrize("path", ROUTES)
def test_hooks_accepted_with_a_body(door, mode, status, path):
    reply = send(door, mode, {**EVENT, "data": 1}, path)
    assert reply.status == status
    answer(reply)


def test_hooks_token_as_bearer(door):
    headers = [("Content-Type", JSON), ("Authorization", f"Bearer {door.key('events')}")]
    answer(door.post("/fx/events", EVENT, headers=headers, key=None))


def test_hooks_token_in_the_url_is_off(door):
    """It would be in every log on the way."""
    token = door.key("events")
    with nothing_stored(door):
        reply = door.post(f"/fx/events?access_token={token}", EVENT, key=None,
                          headers=[("Content-Type", JSON)])
    check_problem(reply, 401)


# --- Web hooks: the handshake ---

def ask(home, *headers, path="/fx/events"):
    return home.call("OPTIONS", path, headers=headers, key=None)


ORIGIN = ("WebHook-Request-Origin", "shop.example")


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("slash", ["", "/"])
def test_handshake_grants(site, path, slash):
    """A bare 200 would be no consent: origin and methods are named."""
    with nothing_stored(site):
        reply = ask(site, ORIGIN, path=path + slash)
    assert reply.status == 204 and not reply.body
    assert reply.headers["WebHook-Allowed-Origin"] in ("*", "shop.example")
    assert "POST" in reply.headers["Allow"].split(", ")
    assert "WebHook-Allowed-Rate" not in reply.headers


@pytest.mark.parametrize("name", ["WebHook-Request-Rate", "webhook-request-rate"])
@pytest.mark.parametrize("rate", ["120", "1", "*", "many"])
def test_handshake_rate_is_granted_when_asked_for(door, name, rate):
    granted = ask(door, ORIGIN, (name, rate)).headers["WebHook-Allowed-Rate"]
    assert granted == "*" or int(granted) > 0


@pytest.mark.parametrize("headers", [
    [], [("WebHook-Request-Rate", "120")], [("Origin", "https://shop.example")],
    [("WebHook-Request-Origin", "")]])
def test_handshake_without_an_origin_is_no_consent(door, headers):
    reply = ask(door, *headers)
    assert reply.status == 204
    assert "WebHook-Allowed-Origin" not in reply.headers
    assert "WebHook-Allowed-Rate" not in reply.headers


def test_handshake_calls_nobody_back(door):
    """The callback is a way to make a server send requests on somebody's behalf."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/callback"
        reply = ask(door, ORIGIN, ("WebHook-Request-Callback", url))
        assert reply.headers["WebHook-Allowed-Origin"]
        assert ask(door, ORIGIN).status == 204
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()


def test_handshake_says_nothing_of_the_sender(door):
    reply = ask(door, ("WebHook-Request-Origin", "shop.example\tX-Evil: 1"))
    assert reply is None or "Evil" not in str(reply.headers)


@pytest.mark.parametrize("path", ["/fx/executions", "/fx/cid/x", "/api/v1/pipelines",
                                  "/api/v1/events", "/api/v1/events/x", "/fx/openapi.json"])
def test_handshake_is_refused_elsewhere(door, path):
    check_problem(ask(door, ORIGIN, path=path), 405)


# --- Extensions: what the bridge adds ---

@modes
def test_extension_correlationid_is_the_cid(listening, mode):
    """Whatever a sender has put there."""
    event = {**EVENT, "id": f"correlation-{mode}", "correlationid": "mine", "causationid": "mine"}
    reply = send(listening, mode, {**event, "data": 1})
    got = received(listening, reply)
    assert got["correlationid"] == answer(reply)["cid"]
    assert "causationid" not in got


@modes
@pytest.mark.parametrize("query, expected", [("", "orders"), ("?topic=other", "other")])
def test_extension_topic(listening, mode, query, expected):
    """The attribute is the topic, and the URL says more."""
    event = {**EVENT, "id": f"topic-{mode}-{query}", "type": "any kind at all", "topic": "orders"}
    event["type"] = "any%20kind" if mode == "binary" else "any kind"
    got = received(listening, send(listening, mode, event, "/fx/events" + query))
    assert (got["topic"], got["type"]) == (expected, "any kind")
