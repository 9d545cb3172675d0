"""A reply that needs no body waits for the body's end all the same.

A front end that is still sending when the connection closes answers its client with an
error of its own. So whatever the program refuses, and however large what comes with it
is, its own reply arrives, and the program lives on.
"""
import select
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

import raw
from early import KINDS, LARGE, SMALL, TOO_LARGE
from harness import children_of, command_of, read_reply

ROUNDS = 20
AT_A_TIME = 4


def programs(home):
    return {pid for pid in children_of(home.server.pid) if ".fcgi" in command_of(pid)}


def test_every_reply_arrives(site):
    """From whatever is asked, a few at a time, through the web server."""
    before = programs(site)
    sent = {name: site.request(method, path, body, **options)
            for name, (method, path, body, options, _) in KINDS.items()}

    def ask(name):
        with site.connect() as connection:
            connection.sendall(sent[name])
            reply = read_reply(connection)
        assert reply.status == KINDS[name][-1], (name, reply)

    with ThreadPoolExecutor(AT_A_TIME) as pool:
        list(pool.map(ask, list(KINDS) * ROUNDS))
    if site.serve == "fastcgi":
        assert programs(site) == before


# As a front end sends them that hands a body on as it comes: the program's socket, the
# variables of the request, its body, and the status of its reply.
RAW_KINDS = {
    "unknown path": ("status", ("GET", "/fx/nope"), b"", 404),
    "unknown path with a body": ("events", ("POST", "/fx/events/nope"), LARGE, 404),
    "wrong method": ("events", ("PATCH", "/fx/events"), LARGE, 405),
    "no key": ("events", ("POST", "/fx/events"), SMALL, 401),
    "no key, large": ("events", ("POST", "/fx/events"), LARGE, 401),
    "too large": ("events", ("POST", "/fx/events"), TOO_LARGE, 413),
    "no length": ("events", ("POST", "/fx/events"), TOO_LARGE, 413),
    "no number": ("events", ("POST", "/fx/events"), LARGE, 400),
    "event": ("events", ("POST", "/fx/events"), SMALL, 200),
    "large event": ("events", ("POST", "/fx/events"), LARGE, 200),
}
LENGTHS = {"no length": None, "no number": "many"}


def raw_request(home, name):
    _, line, body, status = RAW_KINDS[name]
    given = raw.variables(*line, body)
    if status != 401:
        given["HTTP_X_API_KEY"] = home.key()
    if name in LENGTHS:
        given["CONTENT_LENGTH"] = LENGTHS[name] or ""
    return raw.records(given, body)


def status_of(peer):
    out, ended = raw.read_reply(peer)
    assert ended
    return int(out.split()[1])


@pytest.mark.parametrize("name", RAW_KINDS)
def test_nobody_is_answered_before_the_end(fastcgi, name):
    """Not before the empty record that ends the body: a GET has one, too."""
    program, _, _, status = RAW_KINDS[name]
    *most, last = raw_request(fastcgi, name)
    with raw.connect(fastcgi.socket(program)) as peer:
        for record in most:
            peer.sendall(record)
        for _ in range(3):  # time for it to go wrong
            fastcgi.post_event("early.event")
            assert fastcgi.get("/fx/nope").status == 404
        assert not select.select([peer], [], [], 0)[0], "answered, or closed"
        peer.sendall(last)
        assert status_of(peer) == status


def test_record_by_record(fastcgi):
    """As fast as it goes: whoever is answered too early finds the connection closed."""

    def ask(name):
        with raw.connect(fastcgi.socket(RAW_KINDS[name][0])) as peer:
            for record in raw_request(fastcgi, name):
                peer.sendall(record)
            assert status_of(peer) == RAW_KINDS[name][-1], name

    with ThreadPoolExecutor(AT_A_TIME) as pool:
        list(pool.map(ask, list(RAW_KINDS) * ROUNDS))


def test_a_body_without_end_is_given_up(fastcgi):
    """32 MiB are more than any front end lets through."""
    mib = raw.record(raw.STDIN, bytes(1 << 15)) * 32
    begin = raw.records(raw.variables("POST", "/fx/events/nope", CONTENT_LENGTH=""))[:-1]
    sent = 0
    with raw.connect(fastcgi.socket("events")) as peer:
        peer.sendall(b"".join(begin))
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            for sent in range(64):
                peer.sendall(mib)
    assert 31 <= sent <= 33  # some of what was sent waits in the socket


def test_a_silent_body_is_given_up(home):
    """After web.io_timeout_seconds, with the reply; nobody waits with it meanwhile."""
    home.configure(web={"io_timeout_seconds": 1})
    home.start()
    *most, _ = raw_request(home, "unknown path with a body")
    with ExitStack() as stack:
        peers = [stack.enter_context(raw.connect(home.socket("events"))) for _ in range(8)]
        for peer in peers:
            peer.sendall(b"".join(most))
        home.post_event("early.event")
        assert [status_of(peer) for peer in peers] == [404] * len(peers)
