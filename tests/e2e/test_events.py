"""POST /fx/events: what is accepted, and what a sender gets for it."""
import json
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

import raw
from checks import UUID, check_problem, nothing_stored
from harness import children_of, read_reply

EVENT = {"event_source": "shop", "event_type": "order.created", "payload": {"id": 1}}

MIB = 1 << 20


def document(size):
    """An event document of exactly this many bytes."""
    empty = json.dumps({**EVENT, "payload": ""}).encode()
    text = json.dumps({**EVENT, "payload": "x" * (size - len(empty))}).encode()
    assert len(text) == size
    return text


def test_reply(site):
    reply = site.post("/fx/events", EVENT)
    assert reply.status == 200
    assert reply.headers["Content-Type"] == "application/json"
    assert UUID.fullmatch(reply.headers["X-Request-Id"])
    assert reply.json.keys() >= {"cid", "eventType"}
    assert UUID.fullmatch(reply.json["cid"])
    assert reply.json["eventType"] == "order.created"


def test_trailing_slash(site):
    assert site.post("/fx/events/", EVENT).status == 200


def test_each_event_has_its_own_cid(site):
    """Also when they come together and are stored by one commit."""
    with ThreadPoolExecutor(16) as pool:
        cids = list(pool.map(lambda _: site.post_event("order.created")["cid"], range(64)))
    assert len(set(cids)) == 64
    with ThreadPoolExecutor(16) as pool:
        found = pool.map(lambda cid: site.get(f"/fx/cid/{cid}").status, cids)
    assert set(found) == {200}


@pytest.mark.parametrize("payload", [
    b"null", b"true", b"false", b"0", b"-0", b"1e400", b"123456789012345678901234567890",
    b'""', b'"text"', b"[]", b"{}", b'{"a":{"b":[1,2,{"c":null}]}}', b' [ 1 , 2 ] ',
    '"grüße 😀"'.encode(), rb'"gr\u00fc\u00dfe \ud83d\ude00"', rb'"\"\\\/\b\f\n\r\t"',
])
def test_payload_is_any_value(site, payload):
    body = b'{"event_source":"shop","event_type":"order.created","payload":' + payload + b"}"
    assert site.post("/fx/events", body).status == 200


@pytest.mark.parametrize("body", [
    b'\r\n\t {"event_source" : "shop" , "event_type":"a","payload":1} \r\n',
    b'{"payload":1,"event_type":"a","event_source":"shop"}',
    rb'{"event_\u0073ource":"shop","event_type":"\u0061","payload":1}',
])
def test_writing_does_not_matter(site, body):
    assert site.post("/fx/events", body).status == 200


@pytest.mark.parametrize("member, value", [
    ("event_type", "a"),
    ("event_type", "x" * 249),
    ("event_type", "com.github.push/a_b:c-D.0"),
    ("event_source", "x"),
    ("event_source", "x" * 2048),
    ("event_source", "ü" * 1024),
    ("event_source", "https://shop.example/orders?a=b#c"),
])
def test_longest_and_shortest(site, member, value):
    reply = site.post("/fx/events", {**EVENT, member: value})
    assert reply.status == 200
    assert reply.json["eventType"] == {**EVENT, member: value}["event_type"]


def test_depth_64(site):
    body = json.dumps(EVENT).replace('{"id": 1}', "[" * 63 + "]" * 63)
    assert site.post("/fx/events", body.encode()).status == 200


@pytest.mark.parametrize("size", [MIB - 1, MIB])
def test_up_to_the_limit(site, size):
    assert site.post("/fx/events", document(size)).status == 200


@pytest.mark.parametrize("size", [MIB + 1, 2 * MIB, 25 * MIB, 26 * MIB])
def test_over_the_limit(site, size):
    with nothing_stored(site):
        reply = site.post("/fx/events", document(size))
    check_problem(reply, 413, str(MIB))


def test_far_over_the_limit(site):
    """This is refused by the web server, without its taking in the body."""
    with nothing_stored(site):
        assert site.post("/fx/events", document(27 * MIB)).status == 413


def test_limit_is_a_setting(home):
    limit = 25 * MIB
    home.configure(web={"body_bytes": limit})
    home.start()
    assert home.post("/fx/events", document(limit)).status == 200
    with nothing_stored(home):
        check_problem(home.post("/fx/events", document(limit + 1)), 413, str(limit))


@pytest.mark.parametrize("content_type", [
    "application/json", "application/json; charset=utf-8", "application/json ;charset=utf-8",
    "APPLICATION/JSON", "application/problem+json",
])
def test_content_types(site, content_type):
    assert site.post("/fx/events", EVENT, headers=[("Content-Type", content_type)]).status == 200


def test_no_content_type(site):
    body = json.dumps(EVENT).encode()
    head = (f"POST /fx/events HTTP/1.1\r\nHost: test\r\nX-API-KEY: {site.key()}\r\n"
            f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n")
    assert site.exchange(head.encode() + body).status == 200


def chunked(body, size):
    parts = [body[i:i + size] for i in range(0, len(body), size)] + [b""]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)


def chunked_request(site, body):
    head = site.request("POST", "/fx/events", b"", [("Transfer-Encoding", "chunked")])
    return head + chunked(body, 1000)


@pytest.mark.parametrize("size", [200, 100_000, MIB])
def test_chunked_body(site, size):
    assert site.exchange(chunked_request(site, document(size))).status == 200


def test_chunked_body_over_the_limit(site):
    with nothing_stored(site):
        check_problem(site.exchange(chunked_request(site, document(MIB + 1))), 413)


def test_expect_continue(site):
    reply = site.post("/fx/events", EVENT, headers=[("Expect", "100-continue")])
    assert reply.status == 200


def test_keep_alive(site):
    """Many requests on one connection, also after a refused one."""
    good = site.request("POST", "/fx/events", EVENT, keep=True)
    bad = site.request("POST", "/fx/events", b"{", keep=True)
    with site.connect() as connection:
        for data, status in [(good, 200), (bad, 400)] * 3:
            connection.sendall(data)
            assert read_reply(connection).status == status


def test_accepted_means_on_disk(home):
    """The programs are killed right after the reply; the event is still there."""
    home.start()
    cid = home.post_event("order.created")["cid"]
    home.kill()
    home.start()
    assert home.get(f"/fx/cid/{cid}").status == 200


# What no web server sends, straight to the program.

def ask(home, body, stdin=None, **variables):
    given = raw.variables("POST", "/fx/events", body, HTTP_X_API_KEY=home.key(), **variables)
    out, ended = raw.request(home.socket("events"), given, body if stdin is None else stdin)
    assert ended
    return out.decode()


def test_raw_without_length(fastcgi):
    """A front end that streams a chunked body announces no length."""
    assert ask(fastcgi, document(200), CONTENT_LENGTH=None).startswith("Status: 200")
    assert ask(fastcgi, document(MIB), CONTENT_LENGTH=None).startswith("Status: 200")


@pytest.mark.parametrize("body, variables, status", [
    (document(200), {"CONTENT_LENGTH": "201"}, 400),
    (document(200), {"CONTENT_LENGTH": "199"}, 400),
    (document(200), {"CONTENT_LENGTH": "-1"}, 400),
    (document(200), {"CONTENT_LENGTH": "200 "}, 400),
    (document(200), {"CONTENT_LENGTH": "0x10"}, 400),
    (document(200), {"CONTENT_LENGTH": str(1 << 32)}, 413),
    (document(200), {"CONTENT_LENGTH": str((1 << 64) + 200)}, 413),
    (document(200), {"CONTENT_LENGTH": "9" * 400}, 413),
    (b"", {"CONTENT_LENGTH": "200"}, 400),
    (document(MIB + 1), {"CONTENT_LENGTH": None}, 413),
], ids=str)
def test_raw_wrong_length(fastcgi, body, variables, status):
    with nothing_stored(fastcgi):
        assert ask(fastcgi, body, **variables).startswith(f"Status: {status}")


def test_raw_garbage(fastcgi):
    """Records that are none end their own connection and nothing else."""
    garbage = [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\0" * 64,
        b"\xff" * 64,
        raw.record(raw.STDIN, b"before any begin"),
        raw.begin() + raw.begin(),
        raw.begin() + raw.record(raw.STDIN),
        raw.begin() + raw.record(raw.PARAMS, b"\xff\xff\xff\xff\xff\xff\xff\xff" + b"x" * 100),
        raw.begin() + raw.record(raw.PARAMS, b"\x0b\x20CONTENT") + raw.record(raw.PARAMS),
        # Lengths for which there is no memory, alone or together, at once and one after another.
        raw.begin() + raw.record(raw.PARAMS, b"\xff\xff\xff\xfe\0" + b"x" * 100),
        raw.begin() + raw.record(raw.PARAMS, b"\xc0\0\0\0\xc0\0\0\0" + b"x" * 100),
        raw.begin() + raw.record(raw.PARAMS, b"\1\1ab\1\xff\xff") + raw.record(
            raw.PARAMS, b"\xff\xfe" + b"x" * 100),
        raw.record(9, b"") + raw.begin() + raw.record(raw.PARAMS, b"\xff\xff\xff\xfe\0"),
    ]
    running = children_of(fastcgi.server.pid)
    with nothing_stored(fastcgi):
        for data in garbage:
            with raw.connect(fastcgi.socket("events")) as peer:
                peer.sendall(data)
                peer.shutdown(socket.SHUT_WR)
                until_closed(peer)
    fastcgi.post_event("order.created")
    assert children_of(fastcgi.server.pid) == running


# Lengths for which there is no memory, as a parameter behind good ones.
CLAIMS = [b"\xff\xff\xff\xff" * 2, b"\xc0\0\0\0" * 2, b"\xff\xff\xff\xfe\0", b"\1\xff\xff\xff\xff"]


@pytest.mark.parametrize("filler", [16000, 16384, 70000, 200000])
@pytest.mark.parametrize("piece", [1, 3, 1000, 100000])
def test_lengths_that_come_late(fastcgi, filler, piece):
    """Behind whatever came before them, in however small pieces: they end no program."""
    running = children_of(fastcgi.server.pid)
    good = raw.pairs({"HTTP_X": "x" * filler})
    with nothing_stored(fastcgi):
        for claim in CLAIMS:
            late = raw.begin() + b"".join(raw.record(raw.PARAMS, part) for part in (
                good[:60000], good[60000:120000], good[120000:180000], good[180000:],
                claim[:3], claim[3:], b"x" * 1000) if part)
            with raw.connect(fastcgi.socket("events")) as peer, suppress(ConnectionError):
                peer.sendall(late[:-1100])
                for at in range(len(late) - 1100, len(late), piece):
                    peer.sendall(late[at:at + piece])
                peer.shutdown(socket.SHUT_WR)
                until_closed(peer)
    fastcgi.post_event("order.created")
    assert children_of(fastcgi.server.pid) == running


def until_closed(peer):
    try:
        while peer.recv(4096):
            pass
    except ConnectionError:
        pass


def test_storing_is_noticed(site):
    """What the tests of refused requests rely on."""
    with pytest.raises(AssertionError):
        with nothing_stored(site):
            site.post_event("order.created")
