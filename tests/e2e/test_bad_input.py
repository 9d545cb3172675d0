"""Documents that are refused: with the right status, a detail that helps, and nothing stored."""
import json
from urllib.parse import quote

import pytest

from checks import check_problem, nothing_stored

EVENT = {"event_source": "shop", "event_type": "order.created", "payload": {"id": 1}}
CLOUDEVENT = {"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "data": 1}
PIPELINE = {"name": "bad-input", "steps": [{"name": "run", "script": "ok.sh"}]}

# Where a JSON document is taken, with one that is good there.
DOCUMENTS = {
    "POST /fx/events": EVENT,
    "POST /fx/events/generic": EVENT,
    "POST /fx/events/webhook": EVENT,
    "POST /api/v1/pipelines": PIPELINE,
    "PUT /api/v1/pipelines/bad-input": PIPELINE,
}


def good_text(document):
    return json.dumps(document, ensure_ascii=False).encode()


def with_value(value):
    """Puts a value, as raw bytes, into a good document as its first member."""
    return lambda text: b'{"x":' + value + b"," + text[1:]


def with_string(content):
    return with_value(b'"' + content + b'"')


def with_name(name):
    return lambda text: b'{"' + name + b'":1,' + text[1:]


# What is done to the text of a good document, and a part of the detail it gets.
NOT_JSON = {
    "empty": (lambda text: b"", "empty"),
    "only space": (lambda text: b" \r\n\t ", "value is expected"),
    "form": (lambda text: b"event_source=a&event_type=b", "value is expected"),
    "xml": (lambda text: b"<event/>", "value is expected"),
    "truncated": (lambda text: text[:-1], "JSON"),
    "truncated in a string": (lambda text: text[:6], "does not end"),
    "trailing bytes": (lambda text: text + b" x", "more after the value"),
    "trailing comma": (lambda text: text[:-1] + b",}", "member name"),
    "trailing brace": (lambda text: text + b"}", "more after the value"),
    "two documents": (lambda text: text + text, "more after the value"),
    "trailing NUL": (lambda text: text + b"\0", "more after the value"),
    "leading NUL": (lambda text: b"\0" + text, "value is expected"),
    "UTF-16": (lambda text: text.decode().encode("utf-16"), "JSON"),
    "comment": (lambda text: b"/* */" + text, "value is expected"),
    "single quotes": (lambda text: text.replace(b'"', b"'"), "double quotes"),
    "name without quotes": (lambda text: b"{x:1}", "double quotes"),
    "no comma": (lambda text: text.replace(b",", b" ", 1), "comma"),
    "no colon": (lambda text: text.replace(b":", b" ", 1), "colon"),
    "mismatched": (lambda text: b'{"a":[1}', "]"),
    # Characters.
    "invalid byte": (with_string(b"\xff"), "not UTF-8"),
    "overlong": (with_string(b"\xc0\xaf"), "not UTF-8"),
    "overlong NUL": (with_string(b"\xc0\x80"), "not UTF-8"),
    "encoded surrogate": (with_string(b"\xed\xa0\x80"), "not UTF-8"),
    "beyond Unicode": (with_string(b"\xf4\x90\x80\x80"), "not UTF-8"),
    "cut character": (with_string(b"\xe2\x82"), "not UTF-8"),
    "invalid byte in a name": (with_name(b"a\xffb"), "not UTF-8"),
    "NUL byte": (with_string(b"a\0b"), "control character"),
    "NUL byte in a name": (with_name(b"a\0b"), "control character"),
    "raw newline": (with_string(b"a\nb"), "control character"),
    "raw tab": (with_string(b"a\tb"), "control character"),
    "unknown escape": (with_string(rb"\x41"), "no such escape"),
    "short escape": (with_string(rb"\u12"), "hexadecimal"),
    # Numbers and words.
    "NaN": (with_value(b"NaN"), "value is expected"),
    "Infinity": (with_value(b"Infinity"), "value is expected"),
    "leading zero": (with_value(b"01"), "zero"),
    "leading plus": (with_value(b"+1"), "value is expected"),
    "leading point": (with_value(b".5"), "value is expected"),
    "no digits behind the point": (with_value(b"1."), "digit"),
    "no exponent": (with_value(b"1e"), "digit"),
    "hexadecimal": (with_value(b"0x10"), "comma"),
    "True": (with_value(b"True"), "value is expected"),
    "undefined": (with_value(b"undefined"), "value is expected"),
    # Depth: the document itself is the first level.
    "depth 65": (with_value(b"[" * 64 + b"]" * 64), "nested too deeply"),
    "depth 65 in objects": (with_value(b'{"a":' * 64 + b"1" + b"}" * 64), "nested too deeply"),
    "depth 100,000": (with_value(b"[" * 100_000), "nested too deeply"),
}

# What RFC 8259 allows, and readers take in different ways: refused in what is ours, and taken in
# what somebody else means.
NOT_OURS = {
    "byte order mark": (lambda text: b"\xef\xbb\xbf" + text, "byte order mark"),
    "name twice": (lambda text: b'{"a":1,"a":1}', "twice"),
    "name twice with an escape": (lambda text: rb'{"a":1,"\u0061":1}', "twice"),
    "name twice, nested": (with_value(b'{"a":[{"b":1,"c":2,"b":3}]}'), "twice"),
    "a known name twice": (lambda text: text[:-1] + b"," + text[1:], "twice"),
    "lone high surrogate": (with_string(rb"\ud800"), "surrogate"),
    "lone low surrogate": (with_string(rb"\udc00"), "surrogate"),
    "two high surrogates": (with_string(rb"\ud800\ud800"), "surrogate"),
    "high surrogate and text": (with_string(rb"\ud800x"), "surrogate"),
    "lone surrogate in a name": (with_name(rb"\udfff"), "surrogate"),
    "NUL by escape": (with_string(rb"a\u0000b"), "NUL"),
    "NUL by escape in a name": (with_name(rb"a\u0000b"), "NUL"),
    "NUL behind a known name": (with_name(rb"name\u0000"), "NUL"),
}


@pytest.fixture
def documents(site):
    """The site, with the pipeline that is to be replaced in vain."""
    if site.get("/api/v1/pipelines/bad-input").status == 404:
        assert site.post("/api/v1/pipelines", {**PIPELINE, "id": "bad-input"}).status == 201
    return site


@pytest.mark.parametrize("route", DOCUMENTS)
@pytest.mark.parametrize("case", NOT_JSON)
def test_not_json(documents, route, case):
    method, path = route.split()
    change, part = NOT_JSON[case]
    with nothing_stored(documents):
        reply = documents.call(method, path, change(good_text(DOCUMENTS[route])))
    check_problem(reply, 400, part)


@pytest.mark.parametrize("case", NOT_OURS)
@pytest.mark.parametrize("route", [route for route in DOCUMENTS if "pipelines" in route])
def test_definitions_are_ours(documents, route, case):
    method, path = route.split()
    change, part = NOT_OURS[case]
    with nothing_stored(documents):
        reply = documents.call(method, path, change(good_text(DOCUMENTS[route])))
    check_problem(reply, 400, part)


# Where JSON comes in another way: how a text is sent there.
OTHER_WAYS = {
    "by hand": lambda site, text: site.post("/api/v1/batches/bad-input", text),
    "structured": lambda site, text: site.post(
        "/fx/events", text, headers=[("Content-Type", "application/cloudevents+json")]),
    "batch": lambda site, text: site.post(
        "/fx/events", text, headers=[("Content-Type", "application/cloudevents-batch+json")]),
    "binary": lambda site, text: site.post("/fx/events", text, headers=[
        ("ce-specversion", "1.0"), ("ce-id", "1"), ("ce-source", "/s"), ("ce-type", "t")]),
    "form": lambda site, text: site.post(
        "/fx/events/webhook", b"payload=" + quote(text).encode(),
        headers=[("Content-Type", "application/x-www-form-urlencoded")]),
}
NO_BODY = ("by hand", "binary")  # there, that is no payload


@pytest.mark.parametrize("way, case", [
    (way, case) for way in OTHER_WAYS for case in NOT_JSON
    if case != "empty" or way not in NO_BODY])
def test_not_json_in_another_way(documents, way, case):
    text = NOT_JSON[case][0](good_text(EVENT))
    with nothing_stored(documents):
        check_problem(OTHER_WAYS[way](documents, text), 400)


IN_ENVELOPES = [case for case in NOT_OURS if case != "byte order mark"]  # which is before them


@pytest.mark.parametrize("way", ["EventRequest", "structured", "batch"])
@pytest.mark.parametrize("case", IN_ENVELOPES)
def test_envelopes_are_ours(documents, way, case):
    """So are their members, but the payload."""
    envelope = {**EVENT, "payload": 1} if way == "EventRequest" else CLOUDEVENT
    text = NOT_OURS[case][0](good_text(envelope))
    with nothing_stored(documents):
        reply = (documents.post("/fx/events", text) if way == "EventRequest" else
                 OTHER_WAYS[way](documents, b"[" + text + b"]" if way == "batch" else text))
    check_problem(reply, 400, NOT_OURS[case][1])


@pytest.mark.parametrize("route", DOCUMENTS)
def test_cut_anywhere(documents, route):
    method, path = route.split()
    text = good_text(DOCUMENTS[route])
    with nothing_stored(documents):
        for end in range(len(text)):
            check_problem(documents.call(method, path, text[:end]), 400)


@pytest.mark.parametrize("route, body", [
    (route, body) for route in DOCUMENTS
    for body in (b"null", b"true", b"1", b'"text"', b"[]", b"[{}]")
    # Payloads of their own may be arrays.
    if not (body.startswith(b"[") and route.startswith("POST /fx/events/"))])
def test_not_an_object(documents, route, body):
    method, path = route.split()
    with nothing_stored(documents):
        check_problem(documents.call(method, path, body), 422, "object")


NOT_JSON_TYPES = [
    "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
    "application/jsonx", "application/octet-stream", "json", "text/html",
    "application/xml; x=+json", "application",
]


@pytest.mark.parametrize("route, content_type", [
    (route, content_type) for route in DOCUMENTS for content_type in NOT_JSON_TYPES
    # Some senders of web hooks put the JSON into a form.
    if not (route.endswith("webhook") and "form-urlencoded" in content_type)])
def test_another_content_type(documents, route, content_type):
    method, path = route.split()
    with nothing_stored(documents):
        reply = documents.call(
            method, path, DOCUMENTS[route], headers=[("Content-Type", content_type)])
    check_problem(reply, 415, "application/json")


# Events that are JSON, but none of ours: what is changed (...: left out), and parts of the detail.

BAD_EVENTS = [
    *[({name: ...}, [f"{name}: ", "missing"]) for name in EVENT],
    ({"event_source": ..., "event_type": ..., "payload": ...}, ["missing"]),
    *[({name: value}, [f"{name}: ", "string"])
      for name in ("event_source", "event_type")
      for value in (None, True, 1, 1.5, [], {}, ["a"], {"a": "b"})],
    ({"event_source": ""}, ["event_source: ", "1 to 2048"]),
    ({"event_type": ""}, ["event_type: ", "1 to 249"]),
    ({"event_source": "x" * 2049}, ["event_source: ", "1 to 2048"]),
    ({"event_source": "ü" * 1025}, ["event_source: ", "1 to 2048"]),
    ({"event_type": "x" * 250}, ["event_type: ", "1 to 249"]),
    ({"event_type": "x" * 100_000}, ["event_type: ", "1 to 249"]),
    ({"event_source": "a\nb"}, ["event_source: ", "control"]),
    ({"event_source": "a\x7fb"}, ["event_source: ", "control"]),
    ({"event_type": "a\tb"}, ["event_type: ", "control"]),
    ({"event_type": "a b"}, ["event_type: "]),
    ({"event_type": "a*"}, ["event_type: "]),
    ({"event_type": "ü"}, ["event_type: "]),
    ({"event_type": "a%b"}, ["event_type: "]),
    ({"event_type": "a,b"}, ["event_type: "]),
    ({"extra": 1}, ["extra", "not known"]),
    ({"": 1}, ["not known"]),
    ({"Payload": 1}, ["Payload", "not known"]),
    ({"event_type ": "a"}, ["event_type ", "not known"]),
    ({"x" * 63 + "ü" * 100: 1}, ["not known"]),
    ({"<script>alert(1)</script>": 1}, ["not known"]),
]


@pytest.mark.parametrize("change, parts", BAD_EVENTS, ids=lambda v: str(v)[:60])
def test_bad_event(site, change, parts):
    document = {k: v for k, v in {**EVENT, **change}.items() if v is not ...}
    with nothing_stored(site):
        reply = site.post("/fx/events", json.dumps(document, ensure_ascii=False).encode())
    check_problem(reply, 422, *parts)


def test_empty_object(site):
    with nothing_stored(site):
        check_problem(site.post("/fx/events", b"{}"), 422, "missing")


# Headers and lengths, as bytes on the wire. Most of these the web server refuses itself.

def head(home, *lines):
    return "\r\n".join(["POST /fx/events HTTP/1.1", "Host: test", f"X-API-KEY: {home.key()}",
                        "Connection: close", *lines, "", ""]).encode("latin-1")


@pytest.mark.parametrize("lines", [
    ["Content-Length: abc"],
    ["Content-Length: -1"],
    ["Content-Length: 1, 2"],
    ["Content-Length: 0x50"],
    ["Content-Length: 18446744073709551696"],
    ["Content-Length: 80", "Content-Length: 81"],
    ["Content-Length: 80", "Transfer-Encoding: chunked"],
    ["Transfer-Encoding: gzip, chunked"],
    ["Content-Length : 80"],
    ["Transfer-Encoding: chunked", "X: a\x00b"],
    ["Bad Header: x"],
    ["X-Filler: " + "x" * 20_000],
], ids=lambda lines: " + ".join(lines)[:50])
def test_bad_request_heads(site, lines):
    body = json.dumps(EVENT).encode().ljust(80)
    with nothing_stored(site):
        reply = site.exchange(head(site, *lines) + body)
    assert reply is None or reply.status in (400, 411, 413, 431, 501), reply


def test_no_body_at_all(site):
    with nothing_stored(site):
        reply = site.exchange(head(site))
    assert reply.status in (400, 411)


@pytest.mark.parametrize("chunks", [
    b"zz\r\n{}\r\n0\r\n\r\n",
    b"-2\r\n{}\r\n0\r\n\r\n",
    b"ffffffffffffffffff\r\n{}\r\n0\r\n\r\n",
    b"2\r\n{}XX0\r\n\r\n",
])
def test_bad_chunks(site, chunks):
    with nothing_stored(site):
        reply = site.exchange(head(site, "Transfer-Encoding: chunked") + chunks)
    assert reply is None or reply.status == 400, reply


@pytest.mark.parametrize("sent", [0, 1, 79])
def test_client_goes_away(site, sent):
    """Half a body is no event."""
    body = json.dumps(EVENT).encode().ljust(80)
    with nothing_stored(site):
        with site.connect() as connection:
            connection.sendall(head(site, "Content-Length: 80") + body[:sent])
        assert site.get("/fx/executions").status == 200
