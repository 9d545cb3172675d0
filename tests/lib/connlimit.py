"""connlimit - a client that holds as many connections as it gets, and what others get beside it.

    unshare --net connlimit.py CONNECTIONS EVENTS SECONDS [RULE…]

Starts a home on port 443 in this network, which is nobody else's. Adds rules of the kernel, each a
shell command; lets one address open so many connections, on each of which it sends half a request
and then a byte a second; and sends so many events from another address, which waits so many seconds
for each. Prints JSON: how many connections the first "holds" and how many were "refused", how many
events of the other were "served", with "p50_ms" and "p99_ms".
"""
import json
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, suppress

import harness

ATTACKER, OTHER = "127.0.0.66", "127.0.0.77"  # a loopback interface has all of 127/8
BODY = b'{"event_source":"shop","event_type":"order.created","payload":1}'


class Attack:
    def __init__(self, home, connections, seconds, stack):
        self.held, self.refused = [], 0
        for _ in range(connections):
            try:
                connection = stack.enter_context(home.connect(seconds, ATTACKER))
            except OSError:
                self.refused += 1
                continue
            connection.sendall(b"POST /fx/events HTTP/1.1\r\nHost: x\r\nX-")
            connection.setblocking(False)
            self.held.append(connection)

    def trickle(self, over):
        while not over.wait(1):
            for connection in self.held:
                with suppress(OSError):
                    connection.send(b"x")


def send_events(home, count, seconds):
    """How many ms each took that was served, in order; each has a connection of its own."""
    request = home.request("POST", "/fx/events", BODY)
    times = []
    for _ in range(count):
        begin = time.perf_counter()
        with suppress(socket.timeout), home.connect(seconds, OTHER) as connection:
            connection.sendall(request)
            assert harness.read_reply(connection).status == 200
            times.append((time.perf_counter() - begin) * 1000)
    return sorted(times)


def main(connections, events, seconds, *rules):
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for rule in rules:
        subprocess.run(rule, shell=True, check=True)
    harness.free_port = lambda: 443
    over = threading.Event()
    with harness.Home() as home, ExitStack() as stack:
        home.start()
        attack = Attack(home, int(connections), float(seconds), stack)
        trickling = threading.Thread(target=attack.trickle, args=[over])
        trickling.start()
        try:
            times = send_events(home, int(events), float(seconds))
        finally:
            over.set()
            trickling.join()
    told = {"holds": len(attack.held), "refused": attack.refused, "served": len(times)}
    for share in (50, 99) if times else ():
        told[f"p{share}_ms"] = round(times[(len(times) - 1) * share // 100], 1)
    print(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
