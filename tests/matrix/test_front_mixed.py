"""Requests of all kinds, some thousands of them, a few at a time: each gets the program's own reply."""
import os
import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from early import CHUNKED, KINDS, in_chunks
from harness import read_reply
from load import events

REQUESTS = int(os.environ.get("FX_MIXED", 1000))
AT_A_TIME = 8
GENERIC = b'{"name":"Ada"}'

# Beside those that are answered early: how often, and the kind as there.
OFTEN = {
    10: ("GET", "/fx/nope", None, {}, 404),
    9: ("POST", "/fx/events/generic", GENERIC, {}, 200),
    8: ("POST", "/fx/events/generic", in_chunks(GENERIC), {"headers": CHUNKED}, 200),
    7: ("GET", "/fx/executions", None, {}, 200),
    6: ("HEAD", "/api/v1/pipelines", None, {}, 200),
    5: ("OPTIONS", "/fx/events", None, {"key": None,
        "headers": [("WebHook-Request-Origin", "a.example")]}, 204),
    4: ("GET", "/fx/executions", None, {"key": None}, 401),
    3: ("DELETE", "/api/v1/pipelines/none", None, {}, 404),
    2: ("GET", "/fx/openapi.json", None, {}, 200),
    1: ("GET", "/health/live", None, {"key": None}, 200),
}


def test_mixed(own):
    kinds, weights = [*KINDS.values(), *OFTEN.values()], [1] * len(KINDS) + list(OFTEN)
    seed = int(os.environ.get("FX_SEED") or random.randrange(1 << 32))
    print(f"again with FX_SEED={seed}")
    sent = [(kind[0], own.request(*kind[:3], **kind[3]), kind) for kind in kinds]
    before = events(own)

    def ask(one):
        method, data, kind = one
        with own.connect() as connection:
            connection.sendall(data)
            reply = read_reply(connection, method)
        assert reply.status == kind[-1] and reply.headers["X-Request-Id"], (kind[:2], reply)
        return kind[1].startswith("/fx/events") and reply.status == 200

    with ThreadPoolExecutor(AT_A_TIME) as pool:
        told = Counter(pool.map(ask, random.Random(seed).choices(sent, weights, k=REQUESTS)))
    assert events(own) - before == told[True]
