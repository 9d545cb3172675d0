"""Peers that stop half way hold up themselves and nobody else."""
import json
import select
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

import raw
from harness import read_reply, until

REQUESTS = 1000
AT_A_TIME = 64

BODY = b'{"event_source":"slow","event_type":"slow.peer","payload":1}'


def whole(home):
    given = raw.variables("POST", "/fx/events", BODY, HTTP_X_API_KEY=home.key())
    return raw.begin() + raw.stream(raw.PARAMS, raw.pairs(given)) + raw.stream(raw.STDIN, BODY)


# How far each peer gets with its request.
HALVES = {
    "nothing": lambda data: b"",
    "half a header": lambda data: data[:4],
    "half of BEGIN": lambda data: data[:12],
    "BEGIN": lambda data: data[:16],
    "half of PARAMS": lambda data: data[:100],
    "all but a byte of STDIN": lambda data: data[:-9],
    "half of STDIN": lambda data: data[:-8 - len(BODY) // 2],
    # The end of a request, but of another one.
    "another's STDIN": lambda data: data[:-16 - len(BODY)] + b"\1\5\0\2\0\0\0\0",
}


def is_held(peer):
    """Neither answered nor closed."""
    return not select.select([peer], [], [], 0)[0]


def load(home):
    """REQUESTS events, AT_A_TIME at a time, each client on one connection. The seconds it took."""
    data = home.request("POST", "/fx/events", BODY, keep=True)

    def client(count):
        cids = []
        with home.connect(timeout=20) as connection:
            for _ in range(count):
                connection.sendall(data)
                reply = read_reply(connection)
                assert reply.status == 200, reply
                cids.append(reply.json["cid"])
        return cids

    shares = [REQUESTS // AT_A_TIME + (i < REQUESTS % AT_A_TIME) for i in range(AT_A_TIME)]
    start = time.monotonic()
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        cids = [cid for part in pool.map(client, shares) for cid in part]
    assert len(set(cids)) == REQUESTS
    return time.monotonic() - start


@pytest.mark.parametrize("half", HALVES)
def test_load_beside_a_half_sent_request(fastcgi, half):
    with raw.connect(fastcgi.socket("events")) as peer:
        peer.sendall(HALVES[half](whole(fastcgi)))
        seconds = load(fastcgi)
        assert is_held(peer)
    assert seconds < 8  # less than the peer is waited for (web.io_timeout_seconds, 10)


def test_load_beside_many(fastcgi):
    """Most of the threads are taken; what is left does the work."""
    with ExitStack() as stack:
        peers = []
        for half in list(HALVES) * 3:
            peers.append(stack.enter_context(raw.connect(fastcgi.socket("events"))))
            peers[-1].sendall(HALVES[half](whole(fastcgi)))
        seconds = load(fastcgi)
        assert all(map(is_held, peers))
    assert seconds < 8


def test_a_slow_peer_may_finish(fastcgi):
    data = whole(fastcgi)
    with raw.connect(fastcgi.socket("events")) as peer:
        peer.sendall(data[:50])
        fastcgi.post_event("slow.peer")
        peer.sendall(data[50:])
        out, ended = raw.read_reply(peer)
    assert ended and out.startswith(b"Status: 200")


def test_a_slow_peer_is_given_up(home):
    """After web.io_timeout_seconds of silence; one that sent all but its body is told so."""
    home.configure(web={"io_timeout_seconds": 1})
    home.start()
    data = whole(home)
    before = home.commits()
    for half in ("nothing", "half of PARAMS", "half of STDIN"):
        with raw.connect(home.socket("events")) as peer:
            peer.sendall(HALVES[half](data))
            out, _ = raw.read_reply(peer)
        assert out.startswith(b"Status: 400") if half == "half of STDIN" else out == b""
    assert home.commits() == before


def test_all_threads_taken(home):
    """Then requests wait until the first of the slow peers is given up, and are answered."""
    home.configure(web={"threads": 2, "io_timeout_seconds": 1})
    home.start()
    with ExitStack() as stack:
        for _ in range(6):
            stack.enter_context(raw.connect(home.socket("events"))).sendall(raw.begin())
        home.post_event("slow.peer")


def test_a_peer_that_does_not_read(home):
    """A long reply to a peer that never takes it: given up as well."""
    home.configure(web={"threads": 2, "io_timeout_seconds": 1})
    home.write_script("ok.sh", "#!/bin/sh\n")
    home.start()
    filler = {"text": "x" * 900_000}
    home.create_pipeline("long", [{"name": "run", "script": "ok.sh", "inputs": filler}])
    given = raw.variables("GET", "/api/v1/pipelines", HTTP_X_API_KEY=home.key())
    data = raw.begin() + raw.stream(raw.PARAMS, raw.pairs(given)) + raw.stream(raw.STDIN, b"")
    with ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(raw.connect(home.socket("pipelines"))).sendall(data)
        assert home.get("/api/v1/pipelines").status == 200


def batch_request(home, events):
    """A batch of so many events, whose reply is larger than a socket holds (about 208 KiB)."""
    one = {"specversion": "1.0", "source": "slow", "type": "slow." + "x" * 230}
    body = json.dumps([{**one, "id": str(n)} for n in range(events)]).encode()
    given = raw.variables("POST", "/fx/events", body, HTTP_X_API_KEY=home.key(),
                          CONTENT_TYPE="application/cloudevents-batch+json")
    return raw.begin() + raw.stream(raw.PARAMS, raw.pairs(given)) + raw.stream(raw.STDIN, body)


def test_commits_beside_a_peer_that_does_not_read(home):
    """The reply to 1,000 events waits for its peer, and nobody's commit waits for that reply."""
    home.configure(web={"io_timeout_seconds": 600})
    home.start()
    data = whole(home)
    with raw.connect(home.socket("events")) as slow:
        slow.sendall(batch_request(home, 1000))
        until(lambda: select.select([slow], [], [], 0)[0], what="the reply has begun")
        for _ in range(20):
            with raw.connect(home.socket("events")) as peer:
                peer.sendall(data)
                out, ended = raw.read_reply(peer)
            assert ended and out.startswith(b"Status: 200")
        out, ended = raw.read_reply(slow)
    head, _, body = out.partition(b"\r\n\r\n")
    assert ended and head.startswith(b"Status: 200")
    assert len(out) > 250_000 and len(json.loads(body)) == 1000


def test_load_beside_peers_that_go_away(fastcgi):
    """Gone half way, or before the reply: nobody else's connection suffers."""
    data = whole(fastcgi)
    done = threading.Event()

    def come_and_go():
        count = 0
        while not done.is_set():
            for half in (*HALVES.values(), lambda data: data):
                with raw.connect(fastcgi.socket("events")) as peer:
                    peer.sendall(half(data))
                count += 1
            fastcgi.post_event("slow.peer")  # no faster than they are taken
        return count

    with ThreadPoolExecutor(2) as pool:
        gone = [pool.submit(come_and_go) for _ in range(2)]
        try:
            for _ in range(3):
                load(fastcgi)
        finally:
            done.set()
        assert sum(future.result() for future in gone) > 100


@pytest.mark.parametrize("part", ["line", "headers", "body"])
def test_load_beside_slow_clients(fastcgi, part):
    """Clients of the web server that stop half way hold no thread of ours at all."""
    data = fastcgi.request("POST", "/fx/events", BODY)
    end = {"line": 10, "headers": 60, "body": len(data) - 10}[part]
    with ExitStack() as stack:
        clients = [stack.enter_context(fastcgi.connect()) for _ in range(100)]
        for client in clients:
            client.sendall(data[:end])
        assert load(fastcgi) < 8
        assert all(map(is_held, clients))


def test_256_connections(fastcgi):
    """As many open connections, each of them answered."""
    data = fastcgi.request("POST", "/fx/events", BODY, keep=True)
    with ExitStack() as stack:
        clients = [stack.enter_context(fastcgi.connect()) for _ in range(256)]
        for _ in range(2):
            for client in clients:
                client.sendall(data)
            assert {read_reply(client).status for client in clients} == {200}


def test_a_program_that_died_is_started_again(home):
    """Until it is there again, which may take a second, the web server says 503.

    It says 500 for a request that it had handed over already.
    """
    home.start()
    data = home.request("POST", "/fx/events", BODY)
    first = home.post_event("slow.peer")["cid"]
    home.kill_program("events")
    replies = []

    def accepted():
        replies.append(home.exchange(data))
        assert replies[-1].status in (200, 500, 503), replies[-1]
        return replies[-1].status == 200

    until(accepted, what="events are accepted again")
    for cid in (first, replies[-1].json["cid"]):
        assert home.get(f"/fx/cid/{cid}").status == 200
