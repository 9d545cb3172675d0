"""Clients that leave early, that wait, and that are too many at once."""
import os
import socket
import struct
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from http.client import RemoteDisconnected

import pytest

from fronts import FRONTS
from harness import read_reply, until
from load import events

EVENT = {"event_source": "clients", "event_type": "wanted", "payload": "x" * 500}
LEAVERS = 30
DAWDLERS = 30
WAITERS = 6  # mod_fcgid takes a process for each
LEFT = 12
MANY = int(os.environ.get("FX_CLIENTS", 100))  # at the same time


def reset(peer):
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


# How much of its request a client sends before it goes, and whether it resets the connection.
LEAVES = {"nothing": 0.0, "half a header": 0.2, "half a body": 0.8, "all": 1.0}


@pytest.mark.parametrize("how", [None, reset], ids=["closes", "resets"])
@pytest.mark.parametrize("much", LEAVES)
def test_clients_that_leave(site, much, how):
    """The next ones are served, by the same processes, and no half of a body was stored."""
    before, stored = set(site.programs()), events(site)
    data = site.request("POST", "/fx/events", EVENT)
    for _ in range(LEAVERS):
        with site.connect() as peer, suppress(OSError):
            peer.sendall(data[:int(len(data) * LEAVES[much])])
            if how:
                how(peer)
    site.post_event("stays")
    if LEAVES[much] < 1:
        assert events(site) == stored + 1
    if FRONTS[site.serve].held:
        assert before == set(site.programs())


def test_client_that_sends_no_more(site):
    """A half-closed connection is still one that wants its reply. nginx cannot tell it from one
    that has been closed, and is to tell programs of those (fastcgi_ignore_client_abort)."""
    with site.connect() as peer:
        peer.sendall(site.request("POST", "/fx/events", EVENT))
        peer.shutdown(socket.SHUT_WR)
        if site.serve == "nginx":
            with suppress(RemoteDisconnected):
                assert read_reply(peer).status == 200
        else:
            assert read_reply(peer).status == 200
    site.post_event("stays")


def test_clients_that_dawdle(site):
    """Half a body, or half a header, for as long as they like: others are served meanwhile."""
    data = site.request("POST", "/fx/events", EVENT)
    with ExitStack() as stack:
        for part in [data[:30], data[:-100]] * (DAWDLERS // 2):
            stack.enter_context(site.connect()).sendall(part)
        for _ in range(20):
            site.post_event("stays")


@pytest.fixture
def wanted(own):
    pipeline = own.create_pipeline("wanted", [{"name": "ok", "script": "ok.sh"}], event="wanted")
    own.start_trigger(pipeline)
    return own


def test_long_polls(wanted):
    """They wait side by side, nobody waits behind them, and all hear of the end at once. Those
    that have left take nobody's place."""
    cid = wanted.post_event("wanted")["cid"]
    for _ in range(LEFT):
        with wanted.connect() as peer:
            peer.sendall(wanted.request("GET", f"/fx/cid/{cid}?wait=25"))

    def poll():
        reply = wanted.get(f"/fx/cid/{cid}?wait=25")
        assert reply.status == 200, reply
        return [execution["status"] for execution in reply.json["executions"]]

    with ThreadPoolExecutor(WAITERS) as pool:
        waiters = [pool.submit(poll) for _ in range(WAITERS)]
        try:
            for _ in range(20):
                assert wanted.get("/fx/executions").status == 200
                wanted.post_event("other")
            assert not any(waiter.done() for waiter in waiters)
        finally:
            wanted.start_dispatcher()
        assert [waiter.result() for waiter in waiters] == [["completed"]] * WAITERS


def test_too_many_at_once(own):
    """Each is answered, with a cid or with what says that it was not stored; what got a cid is there.

    All are connected, and have sent half, before any has sent the rest.
    """
    data = own.request("POST", "/fx/events", EVENT)
    with ExitStack() as stack:
        peers = [stack.enter_context(own.connect()) for _ in range(MANY)]
        for part in (data[:50], data[50:]):
            for peer in peers:
                peer.sendall(part)
        replies = [read_reply(peer) for peer in peers]
    assert {reply.status for reply in replies} == {200}, [r for r in replies if r.status != 200][:3]
    assert len({reply.json["cid"] for reply in replies}) == MANY
    assert events(own) == MANY
    until(lambda: own.get("/fx/executions").status == 200, what="it goes on")
