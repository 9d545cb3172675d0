"""Peers that stop half way hold up themselves and nobody else."""
import json
import os
import re
import select
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

import raw
from harness import PROJECT, children_of, command_of, freeze, is_running, read_reply, until

REQUESTS = 1000
AT_A_TIME = 64

BODY = b'{"event_source":"slow","event_type":"slow.peer","payload":1}'


def whole(home):
    given = raw.variables("POST", "/fx/events", BODY, HTTP_X_API_KEY=home.key())
    return raw.begin() + raw.stream(raw.PARAMS, raw.pairs(given)) + raw.stream(raw.STDIN, BODY)


def batch_request(home, events, ids=""):
    """A batch of so many events, whose reply is larger than a socket holds (about 208 KiB)."""
    one = {"specversion": "1.0", "source": "slow", "type": "slow." + "x" * 230}
    body = json.dumps([{**one, "id": f"{ids}{n}"} for n in range(events)]).encode()
    given = raw.variables("POST", "/fx/events", body, HTTP_X_API_KEY=home.key(),
                          CONTENT_TYPE="application/cloudevents-batch+json")
    return raw.begin() + raw.stream(raw.PARAMS, raw.pairs(given)) + raw.stream(raw.STDIN, body)


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


@pytest.mark.parametrize("half", ["nothing", "BEGIN", "half of PARAMS", "half of STDIN"])
def test_a_peer_that_trickles_is_given_up(home, half):
    """It is never silent, and slower than web.least_bytes_per_second."""
    home.configure(web={"io_timeout_seconds": 2, "least_bytes_per_second": 1000})
    home.start()
    data = whole(home)
    before = home.commits()
    begun = HALVES[half](data)
    with raw.connect(home.socket("events")) as peer:
        peer.sendall(begun)
        for at in range(len(begun), len(data)):
            if select.select([peer], [], [], 0.2)[0]:
                break
            peer.sendall(data[at:at + 1])
        assert at < len(data) - 1, "it was waited for to its end"
        out = raw.read_reply(peer)[0]
    assert out.startswith(b"Status: 400") if half == "half of STDIN" else out == b""
    assert home.commits() == before


def test_a_peer_that_is_fast_enough_may_finish(home):
    """It takes longer than the other's patience, and sends enough all the while."""
    home.configure(web={"io_timeout_seconds": 3, "least_bytes_per_second": 100})
    home.start()
    body = b" " * 10000 + BODY
    given = raw.variables("POST", "/fx/events", body, HTTP_X_API_KEY=home.key())
    data = raw.begin() + raw.stream(raw.PARAMS, raw.pairs(given)) + raw.stream(raw.STDIN, body)
    with raw.connect(home.socket("events")) as peer:
        for at in range(0, len(data), 100):
            time.sleep(0.05)
            peer.sendall(data[at:at + 100])
        out, ended = raw.read_reply(peer)
        assert ended and out.startswith(b"Status: 200")


def pid_of(home, program):
    found = [pid for pid in children_of(home.server.pid) if f"{program}.fcgi" in command_of(pid)]
    assert len(found) == 1
    return found[0]


def threads(pid):
    return len(os.listdir(f"/proc/{pid}/task"))


def test_half_sent_requests_take_no_thread(home):
    """More of them than there are threads, for as long as they like. Slow commits take two more."""
    home.configure(web={"threads": 8, "io_timeout_seconds": 600})
    home.start()
    data = whole(home)
    pid = pid_of(home, "events")
    before = threads(pid)
    with ExitStack() as stack:
        peers = [stack.enter_context(raw.connect(home.socket("events"))) for _ in range(100)]
        for n, peer in enumerate(peers):
            peer.sendall(data[:n * len(data) // 100])
        load(home)
        assert all(map(is_held, peers))
        assert threads(pid) <= before + 2
        for n, peer in enumerate(peers):
            peer.sendall(data[n * len(data) // 100:])
        for peer in peers:
            out, ended = raw.read_reply(peer)
            assert ended and out.startswith(b"Status: 200")


def test_half_sent_requests_take_no_processor(home):
    """However many pieces have come, the program looks at each once, and rests."""
    home.configure(web={"io_timeout_seconds": 600})
    home.start()
    data = whole(home)
    pid = pid_of(home, "events")

    def spent():
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]

    def rests():
        before = spent()
        time.sleep(0.1)
        return spent() == before

    with raw.connect(home.socket("events")) as peer:
        for at in range(0, len(data) - 30, 30):
            peer.sendall(data[at:at + 30])
            until(rests, what="the program rests")
            assert is_held(peer)
        peer.sendall(data[at + 30:])
        out, ended = raw.read_reply(peer)
        assert ended and out.startswith(b"Status: 200")


def test_request_in_many_pieces(fastcgi):
    """A socket holds only so many: from some number on a thread reads them as they come."""
    data = whole(fastcgi)
    with raw.connect(fastcgi.socket("events")) as peer:
        for at in range(0, len(data), 5):
            peer.sendall(data[at:at + 5])
        out, ended = raw.read_reply(peer)
        assert ended and out.startswith(b"Status: 200")


def test_most_silent_peer_makes_room(home):
    """More than 512 are not kept waiting: who has said nothing for longest goes first."""
    home.configure(web={"io_timeout_seconds": 600})
    home.start()
    data = whole(home)
    with ExitStack() as stack:
        peers = []
        for _ in range(520):
            peers.append(stack.enter_context(raw.connect(home.socket("events"))))
            peers[-1].sendall(data[:50])
        home.post_event("slow.peer")
        until(lambda: not any(map(is_held, peers[:8])), what="the first are given up")
        assert all(map(is_held, peers[8:]))
        peers[8].sendall(data[50:])
        out, ended = raw.read_reply(peers[8])
        assert ended and out.startswith(b"Status: 200")


def test_who_has_most_makes_room(home):
    """Not who was there first: one sender's half-sent requests end none of another's."""
    home.configure(web={"io_timeout_seconds": 600, "proxies": "192.0.2.7"})
    home.start()

    def half_sent(**who):
        peer = stack.enter_context(raw.connect(home.socket("events")))
        given = raw.variables("POST", "/fx/events", BODY, HTTP_X_API_KEY=home.key(), **who)
        peer.sendall(raw.begin() + raw.stream(raw.PARAMS, raw.pairs(given)) + raw.stream(raw.STDIN, BODY)[:20])
        return peer

    with ExitStack() as stack:
        few = [half_sent(REMOTE_ADDR="192.0.2.1"), half_sent(REMOTE_ADDR="2001:db8::1"),
               half_sent(REMOTE_ADDR="192.0.2.7", HTTP_X_FORWARDED_FOR="198.51.100.1")]
        many = [half_sent(REMOTE_ADDR="192.0.2.7", HTTP_X_FORWARDED_FOR=f"2001:db8:0:1::{n:x}")
                for n in range(520)]
        until(lambda: not any(map(is_held, many[:11])), what="the most silent are given up")
        assert all(map(is_held, few + many[11:]))
        for peer in few:
            peer.sendall(raw.stream(raw.STDIN, BODY)[20:])
            out, ended = raw.read_reply(peer)
            assert ended and out.startswith(b"Status: 200")


def test_what_has_come_is_one_commit(home):
    """Beside requests that have not arrived, of which none makes the others wait or hurry."""
    home.start()
    data = whole(home)
    pid = pid_of(home, "events")
    with ExitStack() as stack:
        home.post_event("slow.peer")
        before = home.commits()
        freeze(pid)
        try:
            peers = []
            for n in range(250):
                peers.append(stack.enter_context(raw.connect(home.socket("events"))))
                peers[-1].sendall(data if n % 5 else data[:n])
        finally:
            os.kill(pid, signal.SIGCONT)
        for n, peer in enumerate(peers):
            if n % 5:
                out, ended = raw.read_reply(peer)
                assert ended and out.startswith(b"Status: 200")
        assert home.commits() == before + 1
        assert all(is_held(peer) for peer in peers[::5])


def test_what_is_at_hand_is_finished_at_the_end(home):
    """A request that has begun to arrive, and a reply that has not been taken."""
    home.start()
    data = whole(home)
    pid = pid_of(home, "events")
    with raw.connect(home.socket("events")) as half, raw.connect(home.socket("events")) as slow:
        half.sendall(data[:50])
        slow.sendall(batch_request(home, 1000))
        until(lambda: select.select([slow], [], [], 0)[0], what="the reply has begun")
        before = threads(pid)
        os.kill(pid, signal.SIGTERM)
        until(lambda: threads(pid) < before, what="the thread ends")
        half.sendall(data[50:])
        out, ended = raw.read_reply(half)
        assert ended and out.startswith(b"Status: 200")
        assert is_running(pid)
        out, ended = raw.read_reply(slow)
        assert ended and out.startswith(b"Status: 200") and len(out) > 250_000
    until(lambda: not is_running(pid), what="the program ends")
    # lighttpd starts another, and one that it told to end before it had begun would stay.
    until(lambda: home.post("/fx/events", BODY).status == 200, what="another one serves")


def test_replies_that_nobody_takes_hold_up_nobody(home):
    """More of them than there are threads, and some in one commit with those who wait."""
    home.configure(web={"threads": 2, "io_timeout_seconds": 600})
    home.start()
    data = whole(home)
    with ExitStack() as stack:
        slow = [stack.enter_context(raw.connect(home.socket("events"))) for _ in range(10)]
        for n, peer in enumerate(slow):
            peer.sendall(batch_request(home, 1000, f"{n}-"))
            assert raw.send(home.socket("events"), data).startswith(b"Status: 200")
        load(home)
        for peer in slow:
            out, ended = raw.read_reply(peer)
            assert ended and out.startswith(b"Status: 200") and len(out) > 250_000


def test_all_threads_taken(home):
    """Then requests wait until the first of the slow peers is given up, and are answered."""
    home.configure(web={"threads": 2, "io_timeout_seconds": 1})
    home.start()
    begin = raw.begin() + raw.record(raw.PARAMS, bytes(65535))[:1000]  # too long to be looked at
    with ExitStack() as stack:
        for _ in range(6):
            stack.enter_context(raw.connect(home.socket("events"))).sendall(raw.begin())
            stack.enter_context(raw.connect(home.socket("events"))).sendall(begin)
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


def test_commits_beside_a_peer_that_does_not_read(home):
    """The reply to 1,000 events waits for its peer, and nobody's commit waits for that reply."""
    home.configure(web={"io_timeout_seconds": 600})
    home.start()
    data = whole(home)
    with raw.connect(home.socket("events")) as slow:
        slow.sendall(batch_request(home, 1000))
        until(lambda: select.select([slow], [], [], 0)[0], what="the reply has begun")
        for _ in range(20):
            assert raw.send(home.socket("events"), data).startswith(b"Status: 200")
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


# --- What the kernel does for a server that faces strangers ---

README = (PROJECT / "lighttpd/README.md").read_text()
RULES = {
    "none": [],
    "nftables": [f"nft -f - <<'END'\n{re.search(r'^ *table inet fxbridge {.*?^      }$', README, re.M | re.S)[0]}\nEND"],
    "iptables": re.findall(r"^ *(ip6?tables .*)$", README, re.M),
}


def in_a_network(*command):
    """Runs a command where nobody else is."""
    return subprocess.run(["unshare", "--net", *command], capture_output=True, text=True, timeout=300,
                          env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"})


@pytest.mark.parametrize("way", RULES)
def test_connections_of_one_address(way):
    """The rules of the page, word for word: one address holds what they let it, and others are served."""
    if os.geteuid() != 0:
        pytest.skip("only root makes networks")
    for command in ("true", *RULES[way]):
        tried = in_a_network("sh", "-c", command)
        if tried.returncode:
            pytest.skip(f"cannot be done here: {tried.stderr.strip()}")
    events = 50 if RULES[way] else 0
    done = in_a_network(sys.executable, PROJECT / "tests/lib/connlimit.py", "200", str(events), "60", *RULES[way])
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["holds"], told["served"]) == (64 if RULES[way] else 200, events), told


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
