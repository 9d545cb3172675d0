"""Bodies that a web server is still receiving: anybody may send them, for as long as they like."""
import os
import select
import shutil
from contextlib import ExitStack

import pytest

from checks import check_problem
from harness import until

KIB, MIB = 1 << 10, 1 << 20


def begin(home, stack, length, path="/nowhere"):
    """A client that announces so many bytes and sends all but one of them."""
    peer = stack.enter_context(home.connect())
    head = f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n"
    peer.sendall(head.encode() + bytes(length - 1))
    return peer


def size(directory):
    return sum(path.stat().st_size for path in directory.iterdir())


@pytest.mark.parametrize("path", ["/nowhere", "/fx/events", "/api/v1/pipelines"])
def test_where_they_lie(home, path):
    """In a place of their own, and nowhere else in the home."""
    home.start()
    uploads = home.dir / "uploads"
    before = size(home.dir / "run")
    with ExitStack() as stack:
        for _ in range(16):
            begin(home, stack, MIB, path)
        until(lambda: size(uploads) > 15 * MIB, what=lambda: f"{size(uploads)} bytes lie there")
        assert size(home.dir / "run") < before + MIB
    until(lambda: not any(uploads.iterdir()), what="they go with their clients")


@pytest.mark.parametrize("limit", [None, 64 * KIB, 2 * MIB, 25 * MIB])
@pytest.mark.parametrize("over", [KIB, 200 * KIB, 64 * MIB], ids=["little", "more", "far"])
def test_none_is_larger_than_the_limit(home, limit, over):
    """Little more is refused by the program, much more before it lies anywhere."""
    if limit:
        home.configure(web={"body_bytes": limit})
    home.start()
    limit = limit or MIB
    head = home.request("POST", "/fx/events", headers=[("Content-Length", str(limit + over))])
    if over == KIB:
        head += bytes(limit + over)
    check_problem(home.exchange(head), 413, f"the limit is {limit} bytes")
    assert not size(home.dir / "uploads")


def test_in_chunks(home):
    """No length says beforehand how much will come."""
    home.start()
    head = home.request("POST", "/fx/events", b"", [("Transfer-Encoding", "chunked")])
    part = b"%x\r\n%s\r\n" % (64 * KIB, bytes(64 * KIB))
    check_problem(home.exchange(head + part * 1000), 413, f"the limit is {MIB} bytes")
    until(lambda: not size(home.dir / "uploads"), what="nothing is left")


def test_their_disk_is_full(home):
    """What has no room there is refused; all else goes on."""
    home.start()
    shutil.rmtree(home.dir / "uploads")
    os.symlink("/dev/full", home.dir / "uploads")
    reply = home.post("/fx/events", {"event_source": "a", "event_type": "b", "payload": "x" * 900_000})
    check_problem(reply, 503, "send it again")
    home.post_event("small")


def test_many_connections(home):
    """700 half-sent requests of one client keep no other one out."""
    home.start()
    with ExitStack() as stack:
        peers = [stack.enter_context(home.connect()) for _ in range(700)]
        for peer in peers:
            peer.sendall(b"POST /fx/events HTTP/1.1\r\nHost:")
        for _ in range(20):
            home.post_event("others")
        assert not select.select(peers, [], [], 0)[0]  # none has been given up for that
