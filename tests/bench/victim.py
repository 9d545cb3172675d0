"""victim - how soon events are accepted while somebody attacks from another address."""
import socket
import time

from attacks import ATTACKS, attack
from bench_home import BenchHome, event_body
from harness import read_reply
from measures import percentile
from registry import benchmark

VICTIM = "127.0.0.2"
FIGURE_OF = {name: f"victim_{name.replace('-', '_')}_p99_ms" for name in ATTACKS}


def accepted_ms(home, seconds, rate=50):
    """The milliseconds that each event took, from connecting to its cid, so many a second."""
    request = home.request("POST", "/fx/events", event_body(), key=home.key("events"))
    took, start = [], time.monotonic()
    for n in range(seconds * rate):
        time.sleep(max(0.0, start + n / rate - time.monotonic()))
        began = time.monotonic()
        with home.connect(source=VICTIM) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.sendall(request)
            reply = read_reply(connection, "POST")
        took.append((time.monotonic() - began) * 1000)
        assert reply.status == 200, reply
    return took


@benchmark(victim_p99_ms="ms", victim_alone_p99_ms="ms", **{f: "ms" for f in FIGURE_OF.values()})
def victim():
    """Events with a good key, a connection each, beside each attack (tests/lib/attacks.py)."""
    worst = 0
    with BenchHome() as home:
        home.start()
        home.start_dispatcher()
        accepted_ms(home, 1)
        yield "victim_alone_p99_ms", percentile(accepted_ms(home, 4), 99)
    for name, figure in FIGURE_OF.items():
        with BenchHome() as home:
            home.start()
            home.start_dispatcher()
            with attack(home, name) as going:
                p99 = percentile(accepted_ms(home, 6), 99)
                assert going.goes_on(), name
        worst = max(worst, p99)
        yield figure, p99
    yield "victim_p99_ms", worst
