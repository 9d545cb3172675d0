"""Everything at once: some twenty pipelines that fail, hang, emit, publish and keep order, under
random SIGKILLs of dispatcher, runners and web programs. Then the books are checked: every event
has exactly the executions it should have, each final, with the attempts that were really made;
ordered pipelines ran in order; no process and no descriptor is left.

FX_SCENARIO_SECONDS is how long it goes on, FX_SEED which moments it picks.
"""
import os
import random
import shutil
import signal
import threading
from collections import Counter, defaultdict
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from harness import read_proc, until
from jobs import PYTHON, SH, make, marked, python, runners, stop_trigger, wait_trigger
from test_kill import pause, while_killing

SECONDS = float(os.environ.get("FX_SCENARIO_SECONDS", 30))
SENDERS = 2
PAUSE_SECONDS = 0.5  # of a sender between two events, on average
KILL_PAUSE_SECONDS = 0.3
SHOWN = 100  # attempts of an execution that are listed

RETRY = {"limit": 30, "delay": 0.02, "max_delay": 0.1}
LATER = {"limit": 5, "delay": 86400, "max_delay": 86400}
BASH = shutil.which("bash")

PERSISTENT = PYTHON + """
for line in sys.stdin:
    question = json.loads(line)
    n = question["event"]["data"]["n"]
    if n % 7 == 3 and question["attempt"] == 1:
        sys.exit(1)
    print(json.dumps({"ok": True, "save": {"n": n}}), flush=True)
"""


@pytest.fixture
def server():
    """Answers an HTTP step, now and then with 503."""
    chance = random.Random(1)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(503 if chance.random() < 0.2 else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.daemon_threads = True
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    try:
        yield made
    finally:
        made.shutdown()
        thread.join()
        made.server_close()


class Books:
    """What the scripts have written down themselves: a line for each attempt that they began."""

    def __init__(self, home):
        self.path = home.scratch / "books"
        self.path.touch()
        self.note = f'echo "$FX_EXECUTION_ID $FX_ATTEMPT" >>{self.path}\n'

    def attempts(self):
        found = defaultdict(list)
        for line in self.path.read_text().splitlines():
            execution, attempt = line.split()
            found[execution].append(int(attempt))
        return found


def ordered(path, end):
    """Writes down when it begins and ends."""
    return python(f"""
n = json.load(sys.stdin)["data"]["n"]
attempt = os.environ["FX_ATTEMPT"]
def note(what):
    with open({str(path)!r}, "a") as out:
        out.write(f"{{n}} {{what}}\\n")
note("begins")
{end}
note("ends")
""")


def make_all(home, books, mark, port):
    """The pipelines by name."""
    made = {}

    def add(name, *steps, event="work", **options):
        options = {"env": {"APP_MARK": mark}, "scale": {"max": 3, "idle_timeout": 0.5}, "retry": RETRY,
                   **options}
        made[name] = make(home, *steps, event=event, name=name, **options)

    note = SH + books.note
    add("plain", note)
    add("all", note, event="work*")
    add("twice", note + "[ $FX_ATTEMPT != 1 ]\n")
    add("later", note + "[ $FX_ATTEMPT != 1 ] || exit 75\n")
    add("hopeless", note + "exit 1\n", retry={"limit": 1, "delay": 0.02})
    add("giving-up", note + "exit 100\n")
    add("slow", note + "sleep 0.3\n", SH + "sleep 0.2\n")
    add("hanging", note + "sleep 1000 & sleep 1000\n", event="work.hang", attempt_timeout=0.4,
        retry={"limit": 1, "delay": 0.02})
    add("stubborn", note + "trap '' TERM\nwhile :; do sleep 0.1; done\n", event="work.hang",
        attempt_timeout=0.3, retry={"limit": 0})
    add("emitting", note + """sed -n 's/.*"data":\\(.*\\)}$/"""
        """{"emit":{"event_type":"emitted","payload":\\1}}/p' >&3\n""")
    add("on-emitted", note, event="emitted")
    add("publishing", note, {"name": "next", "publish": {"event_type": "published"}})
    add("on-published", note, event="published")
    add("even", note, filters=[{"json": {"/parity": 0}}])
    add("odd", note, filters=[{"not": {"json": {"/parity": 0}}}])
    add("when", note, {"name": "never", "text": SH + "exit 100\n",
                       "when": [{"exact": {"source": "nobody"}}]})
    add("ordered", ordered(home.scratch / "ordered", "time.sleep(0.005)"), ordered=True)
    add("ordered-twice", ordered(home.scratch / "ordered-twice",
                                 "sys.exit(1) if n % 3 == 0 and attempt == '1' else None"),
        ordered=True)
    add("persistent", {"text": PERSISTENT, "options": {"persistent": True}},
        scale={"min": 1, "max": 2, "idle_timeout": 0.5})
    add("http", {"name": "post", "http": {"url": f"http://127.0.0.1:{port}/"}})
    add("daemons", note + "setsid sleep 1000 & sleep 1000 &\nexit 0\n")
    add("through", f"#!{BASH}\nexec > >(sed s/^/x/) 2>&1\n{books.note}seq 100\n")
    add("waiting", note + """echo "attempt $FX_ATTEMPT"; exit 1\n""", retry=LATER)
    add("limited", note + "exit 1\n", timeout=0.5, retry={"limit": 100, "delay": 0.1, "max_delay": 0.1})
    add("tidying", note + """trap 'echo "{\\"save\\":{\\"tidied\\":$FX_ATTEMPT}}" >&3; exit 0' TERM
while :; do sleep 0.02; done
""", event="work.hang", attempt_timeout=0.3, retry={"limit": 1, "delay": 0.02})
    add("scheduled", note, event="never.sent", schedule="* * * * *")
    return made


EVERY_WORK = {"through", "waiting", "limited", "plain", "all", "twice", "later", "hopeless", "giving-up", "slow", "emitting",
              "on-emitted", "publishing", "on-published", "when", "ordered", "ordered-twice",
              "persistent", "http", "daemons"}
EVERY_HANG = {"all", "hanging", "stubborn", "tidying"}
FAIL = {"hopeless": "exited with 1", "giving-up": "exit 100", "hanging": "seconds",
        "stubborn": "seconds", "tidying": "seconds", "limited": "seconds were over"}
UNWRITTEN = {"ordered", "ordered-twice", "persistent", "http"}  # not in the books
THROUGH = "".join(f"x{n}\n" for n in range(1, 101))
AT_LEAST = {"tidying": 2, "twice": 2, "later": 2, "hopeless": 2, "hanging": 2}


def event_of(n):
    return {"event_source": "scenario", "event_type": "work.hang" if n % 10 == 4 else "work",
            "payload": {"n": n, "parity": n % 2}}


class Sender(threading.Thread):
    def __init__(self, home, first, chance, stop):
        super().__init__()
        self.home, self.chance, self.stop = home, chance, stop
        self.numbers = range(first, 1 << 30, SENDERS)
        self.acknowledged = {}  # number → cid
        self.refused = 0
        self.fault = None

    def run(self):
        try:
            for n in self.numbers:
                if pause(self.chance, PAUSE_SECONDS, self.stop):
                    return
                try:
                    reply = self.home.post("/fx/events", event_of(n))
                except (OSError, HTTPException):
                    reply = None
                if reply is not None and reply.status == 200:
                    self.acknowledged[n] = reply.json["cid"]
                else:
                    assert reply is None or reply.status in (500, 502, 503, 504), reply
                    self.refused += 1
        except BaseException as fault:
            self.fault = fault
            raise


class Reloader(threading.Thread):
    """Sends SIGHUP to whichever dispatcher listens, which ends nothing."""

    def __init__(self, home, chance, stop):
        super().__init__()
        self.home, self.chance, self.stop = home, chance, stop
        self.sent = 0

    def run(self):
        while not pause(self.chance, PAUSE_SECONDS, self.stop):
            dispatcher = self.home.dispatcher
            lock = self.home.dir / "run/dispatcher.lock"
            if dispatcher and lock.read_text().strip() == str(dispatcher.pid):
                dispatcher.send_signal(signal.SIGHUP)  # of a child that nobody has reaped
                self.sent += 1


def descriptors(pid):
    """What it has open, without numbers that differ from process to process."""
    names = []
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            names.append(os.readlink(f"/proc/{pid}/fd/{fd}").partition(":[")[0])
        except OSError:
            pass
    return sorted(names)


def check_cid(executions):
    """The executions of one event and all that follows from it."""
    kind = {e["event_type"] for e in executions}
    names = Counter(e["service"] for e in executions)
    if kind == {"fx.schedule"}:
        expected = {"scheduled"}
    elif "work.hang" in kind:
        expected = EVERY_HANG
    else:
        parity = "even" if names["even"] else "odd"
        expected = EVERY_WORK | {parity}
    assert names == Counter(expected), (kind, names)
    by_name = {e["service"]: e for e in executions}
    for name, execution in by_name.items():
        check_execution(name, execution)
    for child, parent in (("on-emitted", "emitting"), ("on-published", "publishing")):
        if child in by_name:
            assert by_name[child]["parent_execution_id"] == by_name[parent]["execution_id"]
    assert all(e["parent_execution_id"] is None for e in executions
               if e["service"] not in ("on-emitted", "on-published"))


def check_waiting(execution):
    """It had failed, and then people or the stop of its trigger ended its waiting."""
    n = max(a["attempt"] for a in execution["attempts"] if a["status"] == "failed")
    [step] = execution["steps"]
    assert (step["status"], step["log"]) == ("failed", f"attempt {n}\n"), execution
    by = {"skipped": ("skipped by request",),
          "failed": ("cancelled by request", "the trigger was stopped")}[execution["status"]]
    assert execution["error"] in [
        f"{reason} while it waited for its next attempt; attempt {n} had failed: step step1: exited with 1"
        for reason in by], execution
    assert execution["dead_letter"] == (execution["status"] == "failed"), execution


def check_execution(name, execution):
    if name == "waiting":
        check_waiting(execution)
    elif name in FAIL:
        assert execution["status"] == "failed", execution
        assert FAIL[name] in execution["error"], execution
    else:
        assert execution["status"] == "completed", execution
        assert execution["error"] is None, execution
    assert execution["attempt"] >= AT_LEAST.get(name, 1), execution
    if name == "through":
        assert execution["steps"][0]["log"] == THROUGH, execution
    if name == "tidying":
        assert execution["data"] == {"tidied": execution["attempt"]}, execution
    if name == "when":
        assert [s["status"] for s in execution["steps"]] == ["completed", "skipped"]


def check_attempts(executions, books):
    """An attempt that was cut off before its script began is in nobody's books; the last one is."""
    written = books.attempts()
    for execution in executions:
        attempts = written.pop(execution["execution_id"], [])
        if execution["service"] in UNWRITTEN:
            assert not attempts
            continue
        assert len(set(attempts)) == len(attempts), (attempts, execution)
        assert attempts == sorted(attempts), (attempts, execution)
        if execution["service"] != "limited":  # its time may be over before its script begins
            assert attempts and attempts[-1] == execution["attempt"], (attempts, execution)
    assert not written, f"ran without being known: {dict(written)}"


def check_history(home, executions):
    """Each attempt is listed with what became of it, and the dead letters are those that failed."""
    for execution in executions:
        *past, last = execution["attempts"] or [None]
        newest, numbers = execution["attempt"], [a["attempt"] for a in execution["attempts"]]
        assert numbers == list(range(1, newest + 1))[-SHOWN:], execution
        assert {a["status"] for a in past} <= {"failed", "lost"}, execution
        assert execution["status"] == "skipped" or (last or {}).get("status") in ("completed", "failed", "lost")
    failed = {e["execution_id"] for e in executions if e["status"] == "failed"}
    letters = home.all_executions("/api/v1/admin/dead-letters", "dead_letters")
    assert {e["execution_id"] for e in letters} == failed


def check_order(path, expected):
    """In log order, each once the one before has ended. One that had ended when its runner or the
    dispatcher was killed may have been run again before the next began."""
    at, ended = 0, False
    for line in path.read_text().splitlines():
        n, what = line.split()
        if int(n) != expected[at]:
            assert ended, f"{path.name}: {line} before {expected[at]} has ended"
            at, ended = at + 1, False
            assert at < len(expected) and int(n) == expected[at], f"{path.name}: {line} at {at}"
        ended |= what == "ends"
    assert at == len(expected) - 1 and ended


def place_in_log(home, cid):
    reply = home.get(f"/fx/cid/{cid}/explain")
    assert reply.status == 200, reply
    return reply.json["events"][0]["seq"]



def test_everything_at_once(home, server):
    seed = int(os.environ.get("FX_SEED") or random.randrange(1 << 32))
    print(f"again with FX_SEED={seed} FX_SCENARIO_SECONDS={SECONDS:g}")
    chance = random.Random(seed)
    mark = f"MARK-{home.place.name}"
    home.configure(dispatcher={"instances": 24, "look_seconds": 1, "losses": 1000},
                   step={"grace_seconds": 1}, http={"allow": "127.0.0.1"})
    home.key()
    home.keeps_contract = False  # a program that dies with a request is a 500 of lighttpd's
    home.start()
    home.start_dispatcher()
    books = Books(home)
    pipelines = make_all(home, books, mark, server.server_address[1])
    stop = threading.Event()
    senders = [Sender(home, n, random.Random(chance.random()), stop) for n in range(SENDERS)]
    reloader = Reloader(home, random.Random(chance.random()), stop)
    reloader.start()
    acknowledged, _ = while_killing(home, chance, stop, senders, SECONDS, KILL_PAUSE_SECONDS)
    reloader.join()
    assert len(acknowledged) >= SECONDS and reloader.sent

    until(lambda: home.post("/fx/events", key=None).status == 401, what="events answers again")
    stop_trigger(home, pipelines["scheduled"])

    def unfinished():
        return [e for status in ("pending", "in_progress")
                for e in home.get(f"/fx/executions?status={status}&limit=1000").json["executions"]]

    def is_waiting(execution):
        return execution["service"] == "waiting" and execution["status"] == "pending" and any(
            a["status"] == "failed" for a in execution["attempts"])

    until(lambda: all(map(is_waiting, unfinished())), 120,
          lambda: f"all are final, or wait: {[e for e in unfinished() if not is_waiting(e)][:5]}")
    waiting = unfinished()
    assert len(waiting) >= 3
    for action, execution in zip(["skip", "cancel"] * (len(waiting) // 3), waiting):
        assert home.post(f"/api/v1/executions/{execution['execution_id']}/{action}").status == 200
    stop_trigger(home, pipelines["waiting"])
    until(lambda: not unfinished(), 60, lambda: f"all are final: {unfinished()[:5]}")

    executions = home.all_executions()
    print(f"{len(executions)} executions, {sum(e['attempt'] for e in executions)} attempts")
    by_cid = defaultdict(list)
    for execution in executions:
        by_cid[execution["cid"]].append(execution)
    for cid, found in by_cid.items():
        if {e["service"] for e in found} == {"scheduled"} and found[0]["status"] == "skipped":
            continue  # its trigger was stopped just then
        check_cid(found)
    assert set(acknowledged.values()) <= set(by_cid)
    check_attempts([e for e in executions if e["attempt"]], books)
    check_history(home, executions)

    numbers = {cid: n for n, cid in acknowledged.items()}
    for cid, found in by_cid.items():  # stored, and nobody was told
        for execution in found:
            if execution["service"] == "persistent":
                assert numbers.setdefault(cid, execution["data"]["n"]) == execution["data"]["n"]
    sent = sorted((place_in_log(home, cid), n) for cid, n in numbers.items()
                  if any(e["service"] == "ordered" for e in by_cid[cid]))
    for name in ("ordered", "ordered-twice"):
        check_order(home.scratch / name, [n for _, n in sent])

    check_nothing_left(home, pipelines, mark)


def check_nothing_left(home, pipelines, mark):
    for name, pipeline in pipelines.items():
        if name not in ("scheduled", "waiting"):
            wait_trigger(home, pipeline, pending=0, running=0)
            stop_trigger(home, pipeline)
    until(lambda: not runners(home), what="no runner is left")
    until(lambda: not marked(mark), 10, lambda: [read_proc(p, "cmdline") for p in marked(mark)])
    left = descriptors(home.dispatcher.pid)
    home.stop_dispatcher()
    home.start_dispatcher()
    until(lambda: left == descriptors(home.dispatcher.pid), 10,
          lambda: f"{left} is what a new one has: {descriptors(home.dispatcher.pid)}")
    home.stop_dispatcher()
    assert not runners(home) and not marked(mark)
