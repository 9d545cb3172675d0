"""attacks - what a hostile client does all the time, in a process of its own, from 127.0.0.1.

    with attack(home, "half-sent") as going:
        …               # it goes on, and has its effect already
    going.seen          # {"200": 3, "closed": 700, …}: how it was answered meanwhile

Each attack is a function that is told where the home listens and what it needs, says when it
is in full swing, and goes on until it is killed. What it needs in the home is prepared first.
"""
import collections
import json
import select
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
MIB = 1 << 20
TICK = 0.05  # seconds between two looks of an attack at its connections

# Nearly as many elements as an event has room for, and filters that read all of them.
ZEROS = [0] * 340000
TERMS = 100
FAR = {f"/{len(ZEROS) - 1 - n}": 0 for n in range(TERMS)}


# --- The attacker's process ---

class Attacker:
    """Connections that are made again when they are lost, and a count of how they fared."""

    def __init__(self, port):
        self.port = port
        self.seen = collections.Counter()

    def connect(self):
        try:
            connection = socket.create_connection(("127.0.0.1", self.port), 5)
        except OSError:
            self.seen["refused"] += 1
            return None
        self.seen["connected"] += 1
        connection.setblocking(False)
        return connection

    def take(self, connection):
        """Reads what has come. False when the other end has gone."""
        try:
            data = connection.recv(MIB)
        except BlockingIOError:
            return True
        except OSError:
            data = b""
        self.seen["closed"] += not data
        for part in data.split(b"HTTP/1.1 ")[1:]:
            self.seen[part[:3].decode("latin-1")] += 1
        return bool(data)

    def give(self, connection, data):
        """Sends what there is room for; the rest. None when the other end has gone."""
        try:
            return data[connection.send(data):] if data else data
        except BlockingIOError:
            return data
        except OSError:
            return None

    def say(self, what):
        print(json.dumps({what: dict(self.seen)}), flush=True)

    def hold(self, count, begin, more, ready=None):
        """So many connections that each send `begin`, and then `more` once a second, for ever."""
        lines = {}  # connection → what it still has to send
        ready = ready or (lambda: self.seen["connected"] + self.seen["refused"] >= count)
        said, beat = False, time.monotonic()
        while True:
            for _ in range(count - len(lines)):
                if connection := self.connect():
                    lines[connection] = begin
            now = time.monotonic()
            due, beat = (True, now) if now - beat >= 1 else (False, beat)
            for connection, rest in list(lines.items()):
                rest = self.give(connection, rest or (more if due else rest))
                if rest is None or not self.take(connection):
                    connection.close()
                    del lines[connection]
                else:
                    lines[connection] = rest
            if not said and ready():
                self.say("ready")
                said = True
            time.sleep(TICK)

    def ask(self, count, request, pause=0, ready=None):
        """So many connections that each ask and ask again once they are answered, for ever."""
        waiting = {}
        ready = ready or (lambda: len(waiting) == count)
        said = False
        while True:
            for _ in range(count - len(waiting)):
                if connection := self.connect():
                    waiting[connection] = request
                    time.sleep(pause)
            for connection, rest in list(waiting.items()):
                waiting[connection] = self.give(connection, rest)
            if not said and ready():
                self.say("ready")
                said = True
            for connection in select.select(list(waiting), [], [], TICK)[0]:
                if not self.take(connection):
                    connection.close()
                    del waiting[connection]


def head(path, method="GET", **headers):
    lines = [f"{method} {path} HTTP/1.1", "Host: victim"]
    return "\r\n".join(
        [*lines, *(f"{name.replace('_', '-')}: {v}" for name, v in headers.items())]) + "\r\n"


def closing(path, **headers):
    return (head(path, Connection="close", **headers) + "\r\n").encode()


def credentials(attacker, rate=1000, **_):
    """So many wrong ones a second: keys that nobody has, nonsense, and signatures."""
    wrong = [{"X_API_KEY": "fxk_" + "A" * 43}, {"X_API_KEY": "nonsense"},
             {"Authorization": "Basic dXNlcjpwYXNz"}, {"Authorization": "Bearer fxk_" + "B" * 43},
             {"X_Hub_Signature_256": "sha256=" + "0" * 64}, {"Stripe_Signature": "t=1,v1=00"}]
    requests = [(head("/fx/events/webhook", "POST", Content_Length=2, **w) + "\r\n{}").encode()
                for w in wrong]
    lines, sent, start = [], 0, time.monotonic()
    while True:
        while len(lines) < 8:
            if connection := attacker.connect():
                lines.append(connection)
        due = int((time.monotonic() - start) * rate) - sent
        for n in range(due):
            attacker.give(lines[n % len(lines)], requests[(sent + n) % len(requests)])
        sent += due
        lines = [line for line in lines if attacker.take(line)]
        if sent - due < rate <= sent:
            attacker.say("ready")
        if due > rate // 2:  # what this machine has no time for is not caught up with
            start += (due - rate // 2) / rate
        time.sleep(0.005)


def half_sent(attacker, **_):
    """700 requests that go on by a byte a second, within their headers."""
    attacker.hold(700, head("/fx/events", "POST").encode() + b"X-Slow: ", b"x")


def uploads(attacker, **_):
    """16 bodies, as large as any is taken, that never end."""
    begin = (head("/fx/events", "POST", Content_Length=MIB, Content_Type="application/json") +
             "\r\n").encode() + b" " * (MIB - 65536)
    attacker.hold(16, begin, b" ")


def lists(attacker, key, **_):
    """4 clients that list large executions, whole, again and again."""
    request = closing("/fx/executions?limit=1000&full=1", X_API_KEY=key)
    attacker.ask(4, request, ready=lambda: attacker.seen["200"] >= 4)


def costly(attacker, key, **_):
    """Events of 680 KB, one after another, that the most filter terms there may be look into."""
    body = json.dumps({"event_source": "attack", "event_type": "zeros", "payload": ZEROS},
                      separators=(",", ":")).encode()
    request = (head("/fx/events", "POST", X_API_KEY=key, Content_Length=len(body),
                    Connection="close") + "\r\n").encode() + body
    attacker.ask(1, request, ready=lambda: attacker.seen["200"] >= 3)


def waiters(attacker, key, cid, **_):
    """200 clients that wait for what does not end."""
    request = closing(f"/fx/cid/{cid}?wait=30", X_API_KEY=key)
    attacker.ask(200, request)


ATTACKS = {function.__name__.replace("_", "-"): function
           for function in (credentials, half_sent, uploads, lists, costly, waiters)}


# --- The home's side ---

def prepare_lists(home):
    """20 executions of as much log as is kept."""
    steps = [{"name": f"s{n}", "script": "loud.sh"} for n in range(20)]
    home.write_script("loud.sh", "#!/bin/sh\nhead -c 65536 /dev/zero | tr '\\0' '\\001'\n")
    home.start_trigger(home.create_pipeline("loud", steps, event="loud"), ready=True)
    for cid in [home.post_event("loud")["cid"] for _ in range(20)]:
        home.wait_cid(cid)
    return {"key": home.key("status")}


def prepare_costly(home):
    home.write_script("ok.sh", "#!/bin/sh\n")
    made = home.create_pipeline("dear", [{"name": "s", "script": "ok.sh"}], event="zeros",
                                filters=[{"json": FAR}])
    home.start_trigger(made, ready=True)
    return {"key": home.key("events")}


def prepare_waiters(home):
    home.write_script("long.sh", "#!/bin/sh\nexec sleep 600\n")
    made = home.create_pipeline("long", [{"name": "s", "script": "long.sh"}], event="long")
    home.start_trigger(made, ready=True)
    return {"key": home.key("status"), "cid": home.post_event("long")["cid"]}


PREPARE = {"lists": prepare_lists, "costly": prepare_costly, "waiters": prepare_waiters}


class Going:
    """An attack, from when it is in full swing."""

    def __init__(self, name, process):
        self.name, self.process = name, process
        self.seen = None

    def goes_on(self):
        return self.process.poll() is None


@contextmanager
def attack(home, name):
    """Has the attack go on, on a home with everything running."""
    told = {"name": name, "port": home.port, **PREPARE.get(name, lambda home: {})(home)}
    process = subprocess.Popen([sys.executable, HERE / "attacks.py", json.dumps(told)],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    going = Going(name, process)
    try:
        line = process.stdout.readline()
        assert line, f"{name} has ended"
        going.seen = json.loads(line)["ready"]
        yield going
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


if __name__ == "__main__":
    import resource

    resource.setrlimit(resource.RLIMIT_NOFILE, (2048, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    order = json.loads(sys.argv[1])
    ATTACKS[order.pop("name")](Attacker(order.pop("port")), **order)
