"""Promises 1 and 2: what was acknowledged is there once, makes exactly one execution for each
trigger, and each of them becomes final, whatever process is killed."""
import os
import random
import signal
import threading
from collections import Counter
from http.client import HTTPException

from harness import children_of, command_of, until
from jobs import SH, make, marked, runners

KILL_SECONDS = float(os.environ.get("FX_KILL_SECONDS", 10))
SENDERS = 2
PAUSE_SECONDS = 0.04  # of a sender between two events, on average
KILL_PAUSE_SECONDS = 0.15  # between two kills, on average

# The event's data is its number.
WITH_N = """sed -n 's/.*"data":\\([0-9]*\\)}$/%s/p' >&3\n"""
SAVE_N = WITH_N % r'{"save":{"n":\1}}'
EMIT_N = WITH_N % r'{"emit":{"event_type":"after","payload":\1}}'


def programs(home, name):
    return [pid for pid in children_of(home.server.pid) if command_of(pid).strip().endswith(name)]


class Killer:
    """Kills one of the home's processes at a time."""

    def __init__(self, home, chance):
        self.home = home
        self.chance = chance
        self.killed = Counter()

    def kill_dispatcher(self):
        self.home.kill_dispatcher()
        if self.chance.random() < 0.3:
            pause(self.chance, KILL_PAUSE_SECONDS)
        self.home.start_dispatcher()
        return True

    def kill_runner(self):
        return kill_one(self.chance, runners(self.home))

    def kill_events(self):
        return kill_one(self.chance, programs(self.home, "events.fcgi"))

    def once(self):
        what = self.chance.choices(["dispatcher", "runner", "events"], [3, 5, 2])[0]
        if getattr(self, f"kill_{what}")():
            self.killed[what] += 1


def kill_one(chance, pids):
    if not pids:
        return False
    try:
        os.kill(chance.choice(pids), signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def pause(chance, mean, stop=threading.Event()):
    """A random moment. True when it is time to stop."""
    return stop.wait(chance.uniform(0, 2 * mean))


class Sender(threading.Thread):
    """Sends numbered events until it is told to stop; none is sent twice."""

    def __init__(self, home, first, chance, stop):
        super().__init__()
        self.home = home
        self.numbers = range(first, 1 << 30, SENDERS)
        self.chance = chance
        self.stop = stop
        self.acknowledged = {}  # number → cid
        self.refused = 0
        self.fault = None

    def run(self):
        try:
            for n in self.numbers:
                if pause(self.chance, PAUSE_SECONDS, self.stop):
                    return
                self.send(n)
        except BaseException as fault:
            self.fault = fault
            raise

    def send(self, n):
        try:
            reply = self.home.post("/fx/events", {
                "event_source": "crash", "event_type": "job", "payload": n})
        except (OSError, HTTPException):
            reply = None
        if reply is not None and reply.status == 200:
            self.acknowledged[n] = reply.json["cid"]
        else:
            assert reply is None or reply.status in (500, 502, 503, 504), reply
            self.refused += 1


def while_killing(home, chance, stop, senders, seconds, pause_seconds):
    """Has the senders send for so long while one thing after another is killed. The cids that were
    acknowledged, by number, and how often what was killed."""
    timer = threading.Timer(seconds, stop.set)
    killer = Killer(home, chance)
    try:
        for thread in [timer, *senders]:
            thread.start()
        while not pause(chance, pause_seconds, stop):
            killer.once()
    finally:
        stop.set()
        timer.cancel()
        for sender in senders:
            sender.join()
    assert not any(sender.fault for sender in senders)
    acknowledged = {n: cid for sender in senders for n, cid in sender.acknowledged.items()}
    print(f"{len(acknowledged)} acknowledged, {sum(s.refused for s in senders)} not, "
          f"killed {dict(killer.killed)}")
    assert len(set(acknowledged.values())) == len(acknowledged)
    return acknowledged, killer.killed


def test_killed_at_random_moments(home):
    seed = int(os.environ.get("FX_SEED") or random.randrange(1 << 32))
    print(f"again with FX_SEED={seed}")
    chance = random.Random(seed)
    mark = f"MARK-{home.place.name}"
    home.configure(dispatcher={"instances": 6, "look_seconds": 1}, step={"grace_seconds": 1})
    home.key()
    home.keeps_contract = False  # a program that dies with a request is a 500 of lighttpd's
    home.start()
    home.start_dispatcher()
    options = {"env": {"APP_MARK": mark}, "scale": {"max": 3, "idle_timeout": 0.2}}
    make(home, SH + SAVE_N, event="job", name="one", **options)
    make(home, SH + "sleep 1000 & setsid sleep 1000 &\nsleep 0.02\n" + SAVE_N, SH + EMIT_N,
         event="job", name="two", **options)
    make(home, SH + "sleep 0.01\n" + SAVE_N, event="after", name="three", **options)

    stop = threading.Event()
    senders = [Sender(home, n, random.Random(chance.random()), stop) for n in range(SENDERS)]
    acknowledged, killed = while_killing(home, chance, stop, senders, KILL_SECONDS,
                                         KILL_PAUSE_SECONDS)
    assert len(acknowledged) > 50 and all(killed[w] for w in ("dispatcher", "runner", "events"))

    # The last program that was killed is started again by lighttpd.
    until(lambda: home.post("/fx/events", key=None).status == 401, what="events answers again")
    for cid in acknowledged.values():
        home.wait_cid(cid, timeout=60)
    # What was stored and not acknowledged, since the program was killed in between, is no
    # different.
    until(lambda: all(home.get(f"/fx/executions?status={s}").json["executions"] == []
                      for s in ("pending", "in_progress")), 60, "all are final")

    by_cid = {}
    for execution in home.all_executions():
        assert execution["status"] == "completed", execution
        by_cid.setdefault(execution["cid"], []).append(execution)
    numbers = Counter()
    for executions in by_cid.values():
        assert sorted(e["service"] for e in executions) == ["one", "three", "two"], executions
        [n] = {e["data"]["n"] for e in executions}
        numbers[n] += 1
    assert set(numbers.values()) == {1}
    for n, cid in acknowledged.items():
        assert by_cid[cid][0]["data"]["n"] == n

    home.stop_dispatcher()
    until(lambda: not marked(mark), 10, lambda: f"nothing of a step is left: {marked(mark)}")
