"""Bodies: what they are said to be, and how long. On the routes that test_events.py and
test_bad_input.py leave out."""
import json
import socket

import pytest

import senders
from checks import check_problem, nothing_stored
from harness import Home, read_reply

EVENT = {"event_source": "shop", "event_type": "order.created", "payload": {"id": 1}}
PIPELINE = {"steps": [{"name": "run", "script": "ok.sh"}]}
HOOK = "/fx/events/webhook"
SECRET = "the secret that these are signed with"

# Where a JSON body is taken, what is sent there, and the status it gets.
BODIES = {
    "POST /fx/events": (EVENT, 200),
    "POST /fx/events/generic": ({"a": 1}, 200),
    "POST /fx/events/webhook": ({"a": 1}, 200),
    "PUT /api/v1/pipelines/content-type": (PIPELINE, 200),
    "POST /api/v1/batches/content-type": ({"a": 1}, 200),
    # Taken already: it gets as far as that.
    "POST /api/v1/pipelines": ({**PIPELINE, "name": "content-type"}, 409),
}
bodies = pytest.mark.parametrize("route", BODIES)


@pytest.fixture(scope="module")
def door():
    with Home() as home:
        home.configure(web={"failures_per_minute": 0})
        home.write_script("ok.sh", "#!/bin/sh\n")
        home.secret = home.new_secret("github", SECRET)
        home.start()
        made = {**PIPELINE, "id": "content-type", "name": "content-type"}
        assert home.post("/api/v1/pipelines", made).status == 201
        yield home


def head(home, route, *lines, key=True):
    """The head of a request, as it is given."""
    key = [f"X-API-KEY: {home.key()}"] if key else []
    return "\r\n".join([f"{route} HTTP/1.1", "Host: test", *key, *lines, "", ""]).encode()


def body_of(route):
    return json.dumps(BODIES[route][0]).encode()


# --- What it is said to be ---

@bodies
@pytest.mark.parametrize("lines", [
    [], ["Content-Type:"], ["Content-Type: application/json"], ["Content-Type: APPLICATION/Json"],
    ["content-type: application/json; charset=utf-8"],
    ["Content-Type: application/json;charset=UTF-8"],
    ['Content-Type: application/json ; charset="utf-8"'], ["Content-Type: application/vnd.a+json"],
    ["Content-Type: application/problem+JSON; x=y"], ["Content-Type: text/x+json"]], ids=str)
def test_json_by_name(door, route, lines):
    body = body_of(route)
    lines = [*lines, f"Content-Length: {len(body)}", "Connection: close"]
    assert door.exchange(head(door, route, *lines) + body, "POST").status == BODIES[route][1]


@bodies
@pytest.mark.parametrize("content_type", [
    "text/plain", "text/json", "application/jsonp", "application/x-json", "application/json5",
    "json", "*/*", "application/octet-stream", "multipart/form-data; boundary=x",
    "text/plain; x=application/json", "application/x-ndjson", "+json"])
def test_not_json_by_name(door, route, content_type):
    with nothing_stored(door):
        reply = door.call(*route.split(), body_of(route), headers=[("Content-Type", content_type)])
    check_problem(reply, 415, "application/json")


@bodies
def test_two_names(door, route):
    """Which of them counts must not depend on who looks."""
    body = body_of(route)
    lines = ["Content-Type: application/json", "Content-Type: text/plain",
             f"Content-Length: {len(body)}", "Connection: close"]
    with nothing_stored(door):
        reply = door.exchange(head(door, route, *lines) + body, "POST")
    assert reply.status in (400, 415), reply


def test_nothing_needs_no_name(door):
    """Without a body there is nothing to be named."""
    headers = [("Content-Type", "text/plain")]
    reply = door.post("/api/v1/batches/content-type", b"", headers=headers)
    assert reply.status in (200, 415)
    assert door.post("/api/v1/batches/content-type").status == 200


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1", "utf-16", "x"])
def test_charset_changes_nothing(door, charset):
    """JSON is UTF-8, whatever is said (RFC 8259, section 11)."""
    headers = [("Content-Type", f"application/json; charset={charset}")]
    body = '{"ü":1}'
    assert door.post("/fx/events/generic", body.encode(), headers=headers).status == 200
    with nothing_stored(door):
        for other in ("latin-1", "utf-16"):
            reply = door.post("/fx/events/generic", body.encode(other), headers=headers)
            check_problem(reply, 400)


# --- In chunks ---

def chunked(body, size=7, extension=b"", trailer=b""):
    parts = [body[i:i + size] for i in range(0, len(body), size)]
    chunks = [b"%x%s\r\n%s\r\n" % (len(part), extension, part) for part in parts]
    return b"".join(chunks) + b"0\r\n" + trailer + b"\r\n"


@bodies
@pytest.mark.parametrize("more", [{}, {"size": 1}, {"size": 10_000}, {"extension": b";a=b"},
                                  {"trailer": b"X-Trailer: 1\r\n"}], ids=str)
def test_chunks(door, route, more):
    """No length is announced; the body is the same."""
    lines = ["Content-Type: application/json", "Transfer-Encoding: chunked", "Connection: close"]
    data = head(door, route, *lines) + chunked(body_of(route), **more)
    assert door.exchange(data, "POST").status == BODIES[route][1]


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_signed_chunks(door, size):
    """What is signed is the body, not the chunks."""
    body = b'{"id":1,"name":"grown in chunks"}'
    (name, value), = senders.sign("github", SECRET, body)
    lines = ["Transfer-Encoding: chunked", "Connection: close", f"{name}: {value}"]
    start = head(door, f"POST {HOOK}", *lines, key=False)
    assert door.exchange(start + chunked(body, size)).status == 200
    with nothing_stored(door):
        check_problem(door.exchange(start + chunked(body + b" ", size)), 401)
        check_problem(door.exchange(start + chunked(body[:-1], size)), 401)


@bodies
@pytest.mark.parametrize("chunks", [
    b"", b"5\r\n{}", b"5\r\nabc\r\n0\r\n\r\n", b"zz\r\n{}\r\n0\r\n\r\n", b"-1\r\n", b"2\r\n{}\r\n",
    b"10000000000000000\r\n{}\r\n0\r\n\r\n"], ids=str)
def test_chunks_that_break_off(door, route, chunks):
    """Half a body is none."""
    lines = ["Content-Type: application/json", "Transfer-Encoding: chunked", "Connection: close"]
    with nothing_stored(door):
        reply = half_closed(door, head(door, route, *lines) + chunks)
    assert reply is None or reply.status in (400, 408, 413), reply


def half_closed(home, data):
    """Sends this and ends its side: the reply, or None when the server hung up without one."""
    with home.connect() as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        try:
            reply = read_reply(connection, "POST")
        except OSError:
            return None
    home.check(data, reply)
    return reply


# --- Lengths ---

def signed(body, length):
    (name, value), = senders.sign("github", SECRET, body)
    return [f"{name}: {value}", "Content-Type: application/json", f"Content-Length: {length}"]


@pytest.mark.parametrize("missing", [1, 10, 30])
def test_length_too_short(door, missing):
    """A body that is cut is not what was signed; the rest is no event, either."""
    body = b'{"id":1,"name":"longer than its length says"}'
    lines = signed(body, len(body) - missing)
    with nothing_stored(door):
        with door.connect() as connection:
            connection.sendall(head(door, f"POST {HOOK}", *lines, key=False) + body)
            connection.shutdown(socket.SHUT_WR)
            check_problem(read_reply(connection, "POST"), 401)
            try:
                assert read_reply(connection, "POST").status in (400, 501, 505)
            except OSError:
                pass  # it is not even answered
        for route in BODIES:
            text = body_of(route)
            lines = [f"Content-Length: {len(text) - 1}", "Connection: close"]
            check_problem(door.exchange(head(door, route, *lines) + text, "POST"), 400)


@pytest.mark.parametrize("more", [1, 1000, 1 << 20])
def test_length_too_long(door, more):
    """The rest never comes."""
    body = b'{"id":1}'
    with nothing_stored(door):
        data = head(door, f"POST {HOOK}", *signed(body, len(body) + more), key=False) + body
        reply = half_closed(door, data)
        assert reply is None or reply.status in (400, 408, 413), reply
        for route in BODIES:
            text = body_of(route)
            lines = [f"Content-Length: {len(text) + more}"]
            reply = half_closed(door, head(door, route, *lines) + text)
            assert reply is None or reply.status in (400, 408, 413), reply
    assert door.get("/fx/executions").status == 200


@bodies
def test_no_length_is_no_body(door, route):
    """lighttpd wants a POST to say so (411); elsewhere it is an empty body."""
    with nothing_stored(door):
        reply = door.exchange(head(door, route, "Connection: close") + body_of(route), "POST")
    assert reply.status in (400, 411), reply


@pytest.mark.parametrize("path", ["/fx/executions", "/api/v1/pipelines", "/api/v1/events",
                                  "/fx/openapi.json"])
def test_get_has_no_body(door, path):
    """Front ends do not agree on whether one counts."""
    check_problem(door.call("GET", path, {"a": 1}), 400)
