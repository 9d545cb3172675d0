"""A reply that needs no body: whatever is refused before its body was read, the program's own reply
arrives behind every front end, good requests beside it are served, and the program lives on."""
from concurrent.futures import ThreadPoolExecutor

from early import KINDS
from fronts import FRONTS
from harness import read_reply

ROUNDS = 10
AT_A_TIME = 4


def processes(home):
    """Those that are to outlive requests: none of plain CGI."""
    return set() if "cgi" in FRONTS[home.serve].way or "cgid" in FRONTS[home.serve].way else set(
        home.programs())


def test_every_reply_arrives(site):
    before = processes(site)
    sent = {kind: site.request(method, path, body, **options)
            for kind, (method, path, body, options, _) in KINDS.items()}

    def ask(kind):
        with site.connect() as connection:
            connection.sendall(sent[kind])
            reply = read_reply(connection)
        assert reply.status == KINDS[kind][-1], (kind, reply)
        assert reply.headers["X-Request-Id"], (kind, reply)

    with ThreadPoolExecutor(AT_A_TIME) as pool:
        list(pool.map(ask, list(KINDS) * ROUNDS))
    assert before <= processes(site), "a program has ended"
