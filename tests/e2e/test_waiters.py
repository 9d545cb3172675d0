"""?wait= holds a place only for as long as its client is there, or nobody else wants one."""
import os
import select
import signal
import socket
import struct
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

import raw
from harness import children_of, command_of, freeze, read_reply, until

WAITERS = 200


def close(peer):
    peer.close()


def reset(peer):
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()


def half_close(peer):
    """Says that nothing more will come, and stays: answered at once."""
    peer.shutdown(socket.SHUT_WR)
    return read_reply(peer).status


@pytest.fixture
def waiting(home):
    """A home with an event that a trigger wants, where nobody is there to run anything yet."""
    def start(serve):
        home.write_script("ok.sh", "#!/bin/sh\n")
        home.start(serve)
        home.start_trigger(home.create_pipeline(
            "wanted", [{"name": "run", "script": "ok.sh"}], event="wanted"))
        return home, home.post_event("wanted")["cid"]
    return start


def processes(home):
    return [pid for pid in children_of(home.server.pid) if "status.fcgi" in command_of(pid)]


def threads(home):
    return len(os.listdir(f"/proc/{processes(home)[0]}/task"))


def is_connection(link):
    with suppress(FileNotFoundError):
        return os.readlink(link).startswith("socket:")


def served(home):
    """How many requests the program status has at hand."""
    if home.serve == "cgi":
        return len(processes(home))
    links = Path(f"/proc/{processes(home)[0]}/fd").iterdir()
    return sum(map(bool, map(is_connection, links))) - 1  # one listens


def unread(home):
    """Bytes that the web server has been sent and has not read.

    lighttpd 1.4.69 does not watch a client whose whole request is there when it is accepted.
    """
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(int(row[4].split(":")[1], 16) for row in rows
               if int(row[1].split(":")[1], 16) == home.port and row[3] == "01")


def check_one_is_served(home, cid):
    """A client that stays has its whole wait, until its event has been seen to."""
    until(lambda: not served(home), 10, lambda: f"{served(home)} are waited for by nobody")
    with ThreadPoolExecutor(1) as pool:
        waiter = pool.submit(home.get, f"/fx/cid/{cid}?wait=30")
        until(lambda: served(home), what="it waits")
        home.start_dispatcher()
        assert [e["status"] for e in waiter.result().json["executions"]] == ["completed"]


@pytest.mark.parametrize("serve", ["fastcgi", "cgi"])
@pytest.mark.parametrize("leave", [close, reset, half_close])
def test_waiters_that_leave(waiting, serve, leave):
    home, cid = waiting(serve)
    count = WAITERS if serve == "fastcgi" else 10
    data = home.request("GET", f"/fx/cid/{cid}?wait=30", keep=True)
    with ExitStack() as stack:
        peers = [stack.enter_context(home.connect()) for _ in range(count)]
        for part in (data[:10], data[10:]):
            for peer in peers:
                peer.sendall(part)
            until(lambda: not unread(home), what="it is read")
        until(lambda: served(home) >= min(count, 20), what="they wait")
        # A CGI process that has only begun when its client leaves is ended: 503.
        assert set(map(leave, peers)) <= {None, 200, 503 if serve == "cgi" else 200}
    check_one_is_served(home, cid)


ABORT = struct.pack("!BBHHBB", 1, 2, 1, 0, 0, 0)  # FastCGI 1.0, section 5.4

# How other front ends tell a program that the client has left.
ENDS = {
    "closes": lambda peer: peer.close(),
    "shuts down its side": lambda peer: peer.shutdown(socket.SHUT_WR),
    "aborts": lambda peer: peer.sendall(ABORT),
}


@pytest.mark.parametrize("end", ENDS)
def test_front_ends_that_leave(waiting, end):
    home, cid = waiting("fastcgi")
    given = raw.variables("GET", f"/fx/cid/{cid}", QUERY_STRING="wait=30", HTTP_X_API_KEY=home.key())
    data = raw.begin() + raw.stream(raw.PARAMS, raw.pairs(given)) + raw.stream(raw.STDIN, b"")
    before = threads(home)
    with ExitStack() as stack:
        peers = [stack.enter_context(raw.connect(home.socket("status"))) for _ in range(24)]
        for peer in peers:
            peer.sendall(data)
        until(lambda: served(home) == len(peers), what="they wait")
        assert threads(home) <= before + 1
        for peer in peers:
            ENDS[end](peer)
        check_one_is_served(home, cid)


def send_unwatched(home, stack, data, count, source="127.0.0.1"):
    """Requests that are there whole when lighttpd accepts their connections: it then does not
    notice that their clients leave."""
    freeze(home.server.pid)
    try:
        peers = [stack.enter_context(home.connect(source=source)) for _ in range(count)]
        for peer in peers:
            peer.sendall(data)
    finally:
        os.kill(home.server.pid, signal.SIGCONT)
    return peers


def is_answered(peer):
    return bool(select.select([peer], [], [], 0)[0])


def test_waiters_whose_leaving_nobody_notices(waiting):
    """They are in nobody's way: one more waits as they did, and so does one without ?wait=."""
    home, cid = waiting("fastcgi")
    data = home.request("GET", f"/fx/cid/{cid}?wait=30", keep=True)
    with ExitStack() as stack:
        for peer in send_unwatched(home, stack, data, WAITERS):
            peer.close()
        until(lambda: served(home) == WAITERS, what="they wait")
        with ThreadPoolExecutor(1) as pool:
            waiter = pool.submit(home.get, f"/fx/cid/{cid}?wait=30")
            until(lambda: served(home) == WAITERS + 1, what="one more waits")
            assert home.get(f"/fx/cid/{cid}").json["executions"] == []
            home.start_dispatcher()
            assert [e["status"] for e in waiter.result().json["executions"]] == ["completed"]


def test_places_are_shared_among_senders(waiting):
    """However many one sender asks for, another keeps what it has, and gets what it asks for."""
    home, cid = waiting("fastcgi")
    home.configure(web={"waits": 8})
    home.stop()
    home.start()
    data = home.request("GET", f"/fx/cid/{cid}?wait=30", keep=True)
    with ExitStack() as stack:
        few = send_unwatched(home, stack, data, 2, "127.0.0.2")
        until(lambda: served(home) == 2, what="they wait")
        many = send_unwatched(home, stack, data, 50)
        until(lambda: sum(map(is_answered, many)) == 44, what="those beyond are answered")
        few += send_unwatched(home, stack, data, 2, "127.0.0.2")
        until(lambda: sum(map(is_answered, many)) == 46, what="two more give up their places")
        assert not any(map(is_answered, few))
        home.start_dispatcher()
        statuses = [[e["status"] for e in read_reply(peer).json["executions"]] for peer in many + few]
        assert sorted(statuses) == [[]] * 46 + [["completed"]] * 8
        assert all(statuses[-4:])


def test_senders_behind_a_proxy(waiting):
    """They are told apart as [web] proxies has it, and IPv6 by /64."""
    home, cid = waiting("fastcgi")
    home.configure(web={"waits": 4, "proxies": "127.0.0.1"})
    home.stop()
    home.start()

    def ask(address):
        return home.request("GET", f"/fx/cid/{cid}?wait=30", keep=True,
                            headers=[("X-Forwarded-For", address)])

    with ExitStack() as stack:
        [one] = send_unwatched(home, stack, ask("2001:db8::1"), 1)
        until(lambda: served(home) == 1, what="it waits")
        many = [peer for n in range(12)
                for peer in send_unwatched(home, stack, ask(f"2001:db8:0:1::{n}"), 1)]
        until(lambda: sum(map(is_answered, many)) == 9, what="those beyond are answered")
        assert not is_answered(one)
