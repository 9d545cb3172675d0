"""The step contract: what a script is told, what it may say, and what becomes of bad ones."""
import json
import os
import pwd
import re
import shutil
import uuid
from datetime import datetime, timedelta, timezone

import pytest

from checks import TIME
from clock import Clock
from harness import is_running, until
from jobs import (OK, PYTHON, SH, completed, emit, executions_of, failure, make, make_steps, marked, processes, python, run,
                  save, stop_trigger, trigger, wait_for)

KIB = 1 << 10
MIB = 1 << 20


# --- What a script is told ---

TELL_ENVIRONMENT = python("""
lines = open("/proc/self/environ").read().split("\\0")
assert lines.pop() == ""
env = dict(line.split("=", 1) for line in lines)
home = os.getcwd().removesuffix("/scripts")
assert env.pop("FX_INSTANCE") == f"{os.getppid()}:{home}"
work = env.pop("TMPDIR")
assert work.startswith(f"{home}/run/work/{os.getppid()}/")
assert env.pop("FX_CONTEXT") == work + "/.fx-context"
assert env.pop("FX_OUT") == work + "/.fx-out"
say(save={"env": env, "count": len(lines) - 4})
""")


def expected_environment(execution, step="step1", **more):
    """Of a step, but for FX_INSTANCE, TMPDIR and what lies in it, which name a process."""
    account = pwd.getpwuid(os.geteuid())
    return {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "HOME": account.pw_dir,
        "USER": account.pw_name,
        "LOGNAME": account.pw_name,
        "SHELL": "/bin/sh",
        "FX_CID": execution["cid"],
        "FX_EXECUTION_ID": execution["execution_id"],
        "FX_PARENT_EXECUTION_ID": execution["parent_execution_id"] or "",
        "FX_ATTEMPT": "1",
        "FX_PIPELINE_ID": execution["pipeline_id"],
        "FX_PIPELINE": execution["service"],
        "FX_PIPELINE_VERSION": "1",
        "FX_STEP": step,
        "FX_EVENT_TYPE": execution["event_type"],
        **more,
    }


def test_environment(live):
    """Nothing of the dispatcher's own environment comes through."""
    execution = completed(run(live, TELL_ENVIRONMENT))
    assert execution["data"]["env"] == expected_environment(execution)
    assert execution["data"]["count"] == len(execution["data"]["env"])


def start_with_open(home, names):
    home.configure(step={"env_allow": names})
    home.start()
    home.start_dispatcher()


def test_environment_of_the_pipeline(home):
    start_with_open(home, "COL* EMPTY _x1 LANG")
    env = {"COLOUR": "rot und grün", "EMPTY": "", "_x1": "a=b\n'\"$(id)`", "LANG": "de_DE.UTF-8"}
    execution = completed(run(home, TELL_ENVIRONMENT, env=env))
    told = execution["data"]["env"]
    assert told == expected_environment(execution, **env)


def test_each_variable_once(home):
    """Where the pipeline sets LANG or TZ, there is not a second one."""
    start_with_open(home, "LANG TZ")
    execution = completed(run(home, TELL_ENVIRONMENT, env={"LANG": "C", "TZ": "Europe/Berlin"}))
    assert execution["data"]["count"] == len(execution["data"]["env"])


def test_event_on_stdin(live):
    """The CloudEvent, `data` last and byte for byte; each step reads it from its beginning."""
    payload = b' { "b":1.0, "a" : "\\u00fc \xc3\xbc" , "big": 123456789012345678901234567890 }'
    tell = "import hashlib\nraw = sys.stdin.buffer.read()\n"
    make(live, python(tell + "say(save={'event': json.loads(raw), 'raw': raw.decode()})"),
         python(tell + "say(save={'again': raw.decode()})"), event="order.created")
    reply = live.post(
        "/fx/events", b'{"event_source":"shop","event_type":"order.created","payload":' +
        payload + b"}")
    execution = completed(live.wait_cid(reply.json["cid"])[0])
    data = execution["data"]
    event = data["event"]
    assert TIME.fullmatch(event.pop("time"))
    assert event == {
        "specversion": "1.0", "id": execution["cid"], "source": "shop", "type": "order.created",
        "datacontenttype": "application/json", "correlationid": execution["cid"],
        "data": json.loads(payload)}
    assert data["again"] == data["raw"]
    assert data["raw"].encode().endswith(b'"data":' + payload.strip() + b"}")


def test_event_on_stdin_is_whole_and_only_to_be_read(live):
    payload = "x" * (MIB - KIB)
    execution = completed(run(live, python("""
first, second = os.open("/dev/stdin", os.O_RDONLY), os.dup(0)
texts = [os.read(0, 1 << 21), os.read(first, 1 << 21)]
say(save={"lengths": [len(json.loads(t)["data"]) for t in texts]})
for fd in (lambda: 0, lambda: 4, lambda: os.open("/dev/fd/4", os.O_RDWR)):
    try:
        os.pwrite(fd(), b"!", 0)
        say(save={"wrote": True})
    except OSError:
        pass
"""), payload=payload))
    assert execution["data"] == {"lengths": [len(payload)] * 2}


def test_context(live):
    """What was saved so far, the step's own inputs and outputs, and how the event came in."""
    tell = python("""
text = open(os.environ["FX_CONTEXT"]).read()
assert text == open(os.environ["FX_CONTEXT"]).read() == os.read(4, 1 << 20).decode()
say(save={os.environ["FX_STEP"]: json.loads(text)})
""")
    inputs, outputs = {"a": [1, 2.50, "ü"]}, {"report": "pdf"}
    execution = completed(run(
        live, {"name": "one", "text": tell},
        {"name": "two", "text": tell, "inputs": inputs, "outputs": outputs}))
    one, two = (execution["data"][name] for name in ("one", "two"))
    received = one.pop("received")
    assert two.pop("received") == two["data"]["one"].pop("received") == received
    assert received["door"] == "events" and received["address"] == "127.0.0.1"
    assert one == {"data": {}, "inputs": {}, "outputs": {}}
    assert two == {"data": {"one": one}, "inputs": inputs, "outputs": outputs}


def test_process(live):
    """Its place, its session, its signals; and no way to more rights."""
    execution = completed(run(live, {"name": "one", "text": python("""
status = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines())
say(save={
    "directory": os.getcwd(), "program": sys.argv[0], "arguments": sys.argv[1:],
    "session": os.getsid(0) == os.getpgid(0) == os.getpid(), "umask": os.umask(0),
    "tty": any(os.isatty(fd) for fd in range(3)),
    # Python itself ignores SIGPIPE and SIGXFSZ, the C library two of its own from 32 on.
    "blocked": status["SigBlk"],
    "ignored": int(status["SigIgn"], 16) & 0x7fffffff & ~(1 << 12 | 1 << 24),
    "no_new_privileges": status["NoNewPrivs"]})
""")}))
    data = execution["data"]
    program = data.pop("program")
    assert os.path.dirname(program) == str(live.dir / "scripts")
    assert data == {
        "directory": str(live.dir / "scripts"), "arguments": [], "session": True, "umask": 0o027,
        "tty": False, "blocked": "0" * 16, "ignored": 0, "no_new_privileges": "1"}


def test_no_inherited_descriptor(live):
    """Also in a step after others, which left theirs open."""
    tell = SH + 'ls -l /proc/self/fd | sed "s/.* \\([0-9]* -> [^:]*\\).*/\\1/"\n'
    execution = completed(run(live, OK, tell))
    seen = {}
    for line in execution["steps"][1]["log"].splitlines()[1:]:
        number, _, target = line.partition(" -> ")
        seen[int(number)] = target
    assert seen.pop(5).startswith("/proc/")  # what ls itself is listing
    assert seen.keys() == {0, 1, 2, 3, 4}
    assert seen[0].startswith("/memfd") and seen[4].endswith("/.fx-context")
    assert seen[1] == seen[2] == seen[3] == "pipe"


def test_limits(home):
    home.configure(step={"memory_bytes": 200 * MIB, "file_bytes": 12345, "files": 77,
                         "cpu_seconds": 9})
    home.start()
    home.start_dispatcher()
    log = completed(run(home, SH + "cat /proc/self/limits\n"))["steps"][0]["log"]
    limits = {line[:26].strip(): line[26:].split()[:2] for line in log.splitlines()}
    assert limits["Max core file size"] == ["0", "0"]
    assert limits["Max data size"] == [str(200 * MIB)] * 2
    assert limits["Max file size"] == ["12345"] * 2
    assert limits["Max open files"] == ["77"] * 2
    assert limits["Max cpu time"] == ["9"] * 2


def test_memory_limit(home):
    home.configure(step={"memory_bytes": 200 * MIB})
    home.start()
    home.start_dispatcher()
    execution = run(home, python("x = bytearray(100 << 20)\nsay(save={'half': True})\n"
                                 "y = bytearray(150 << 20)\n"))
    assert failure(execution) == "step step1: exited with 1"
    assert execution["data"] == {"half": True}
    assert "MemoryError" in execution["steps"][0]["log"]


def test_cpu_limit(home):
    home.configure(step={"cpu_seconds": 1})
    home.start()
    home.start_dispatcher()
    error = failure(run(home, PYTHON + "while True: pass\n"))
    assert re.fullmatch(
        r"step step1: was killed by signal \d+ \((CPU time limit exceeded|Killed)\)", error)


# --- Saving ---

def test_save_merges_by_top_level_name(live):
    execution = completed(run(
        live,
        python('say(save={"a": {"x": 1}, "b": 1}); say(save={"b": {"y": None}, "ü": "€"})'),
        save(a={"z": 2}, c=None)))
    assert execution["data"] == {"a": {"z": 2}, "b": {"y": None}, "ü": "€", "c": None}


def test_saved_bytes_are_kept(live):
    execution = run(live, SH + """echo '{"save":{"n":1.0e0,"big":12345678901234567890123}}' >&3""")
    text = live.get(f"/fx/executions/{execution['execution_id']}").body
    assert b'"n":1.0e0' in text and b'"big":12345678901234567890123' in text


def test_saved_by_a_step_that_fails(live):
    """What it said before it failed helps to see why."""
    execution = run(live, save(a=1), save(b=2) + "exit 1\n", save(c=3))
    assert failure(execution) == "step step2: exited with 1"
    assert execution["data"] == {"a": 1, "b": 2}


def test_no_newline_at_the_end(live):
    execution = completed(run(live, SH + """printf '{"save":{"a":1}}\\n\\n{"save":{"b":2}}' >&3"""))
    assert execution["data"] == {"a": 1, "b": 2}


def test_save_in_pieces(live):
    execution = completed(run(live, python("""
for byte in json.dumps({"save": {"a": "x" * 300, "b": 2}}).encode():
    os.write(3, bytes([byte]))
os.close(3)
""")))
    assert execution["data"] == {"a": "x" * 300, "b": 2}


def test_save_of_a_child(live):
    execution = completed(run(live, SH + """(echo '{"save":{"a":1}}' >&3) & wait"""))
    assert execution["data"] == {"a": 1}


def test_ten_megabytes_of_good_lines(live):
    execution = completed(run(live, python("""
line = json.dumps({"save": {"last": 0, "text": "x" * 10000}}).encode() + b"\\n"
with os.fdopen(3, "wb") as out:
    for _ in range(1100):
        out.write(line)
"""), save(last=1)))
    assert execution["data"] == {"last": 1, "text": "x" * 10000}


def test_too_much_data(live):
    execution = run(live, python("""
for name in "abc":
    say(save={name: "x" * (100 << 10)})
time.sleep(100)
"""))
    assert failure(execution) == \
        "step step1: descriptor 3: the data saved would be more than 262144 bytes"
    assert execution["data"].keys() == {"a", "b"}


# --- Emitting ---

def test_emit(live):
    """With the same cid, the parent's id, and its executions where the first are."""
    make(live, SH + """
echo '{"emit":{"event_type":"second","payload":[1.0, "ü"]}}' >&3
echo '{"emit":{"event_type":"other","payload":null,"event_source":"/x","topic":"second"}}' >&3
echo '{"emit":{"event_type":"nobody.listens","payload":0}}' >&3
""", event="first", name="parent")
    make(live, TELL_ENVIRONMENT, python("say(save={'event': json.load(sys.stdin)})"),
         event="second", scale={"max": 1})
    cid = live.post_event("first")["cid"]
    parent, one, two = live.wait_cid(cid)
    for execution, event_type in ((parent, "first"), (one, "second"), (two, "other")):
        completed(execution)
        assert execution["cid"] == cid
        assert execution["event_type"] == event_type
    assert parent["parent_execution_id"] is None
    ids = [one["data"]["event"]["id"], two["data"]["event"]["id"], cid]
    assert len(set(ids)) == 3
    for execution, event_type, source, payload in (
            (one, "second", "parent", [1.0, "ü"]), (two, "other", "/x", None)):
        assert execution["parent_execution_id"] == parent["execution_id"]
        assert execution["data"]["env"] == expected_environment(execution)
        event = execution["data"]["event"]
        assert event["source"] == source
        assert event["type"] == event_type
        assert event["correlationid"] == cid
        assert event["causationid"] == parent["execution_id"]
        assert event["data"] == payload
    assert two["data"]["event"]["topic"] == "second"


def test_no_emit_of_a_step_that_fails(live):
    """While those of the steps before it stand."""
    make(live, emit("second", "good"), emit("second", "bad") + "exit 1\n", event="first")
    make(live, python("say(save={'payload': json.load(sys.stdin)['data']})"), event="second")
    parent, child = live.wait_cid(live.post_event("first")["cid"])
    assert failure(parent) == "step step2: exited with 1"
    assert completed(child)["data"] == {"payload": "good"}


def test_emit_once_however_many_attempts(live):
    make(live, emit("second"), SH + "[ $FX_ATTEMPT = 3 ]\n", event="first",
         retry={"limit": 5, "delay": 0})
    make(live, OK, event="second")
    parent, child = live.wait_cid(live.post_event("first")["cid"])
    assert completed(parent)["attempt"] == 3
    assert completed(child)["parent_execution_id"] == parent["execution_id"]


@pytest.mark.parametrize("count, status", [(5, "completed"), (6, "failed")])
def test_emit_limit(home, count, status):
    """Over all steps of an execution."""
    home.configure(step={"emits": 5})
    home.start()
    home.start_dispatcher()
    make(home, emit("second"), SH + f"for i in $(seq {count - 1}); do\n"
         """echo '{"emit":{"event_type":"second","payload":null}}' >&3\ndone\n""", event="first")
    make(home, OK, event="second")
    parent, *children = home.wait_cid(home.post_event("first")["cid"])
    assert parent["status"] == status
    if status == "failed":
        assert parent["error"] == "step step2: descriptor 3: emitted more events than the 5 allowed"
        assert len(children) == 1
    else:
        assert len(children) == 5


def test_loop(home):
    """A pipeline that answers itself comes to an end."""
    home.configure(step={"depth": 4})
    home.start()
    home.start_dispatcher()
    make(home, emit("loop"), event="loop", retry={"limit": 3, "delay": 0})
    *good, last = home.wait_cid(home.post_event("loop")["cid"])
    assert [e["status"] for e in good] == ["completed"] * 4
    assert failure(last) == \
        "emits follow each other more than 4 deep, which looks like a loop"
    assert last["attempt"] == 1
    for parent, child in zip(good, [*good[1:], last]):
        assert child["parent_execution_id"] == parent["execution_id"]


def test_loop_over_two_pipelines(home):
    """Through publish steps; all of it is one cid's."""
    home.configure(step={"depth": 4})
    home.start()
    home.start_dispatcher()
    make(home, {"publish": {"event_type": "pong"}}, event="ping", name="ping")
    make(home, {"publish": {"event_type": "ping"}}, event="pong", name="pong")
    *good, last = home.wait_cid(home.post_event("ping")["cid"])
    assert [completed(e)["service"] for e in good] == ["ping", "pong"] * 2
    assert "more than 4 deep" in failure(last)
    for parent, child in zip(good, [*good[1:], last]):
        assert child["parent_execution_id"] == parent["execution_id"]


def test_budget_of_a_cid(home):
    """Branches multiply; all of them together have a budget, and others of that pipeline go on."""
    home.configure(step={"depth": 100, "cid_events": 50})
    home.start()
    home.start_dispatcher()
    twice = {"publish": {"event_type": "bush", "loop": True}}
    make(home, twice, twice, twice, event="bush", scale={"max": 4})
    first = home.post_event("bush")["cid"]
    made = home.wait_cid(first)
    good = [e for e in made if e["status"] == "completed"]
    assert 1 + 3 * len(good) == len(made) <= 51
    assert {e["error"] for e in made if e["status"] == "failed"} == {
        "more events than the 50 allowed have followed from one, which looks like a loop; the setting "
        "[step] cid_events bounds them"}
    assert 1 + 3 * (len(good) + 1) > 51  # one more would have been too many
    [again] = [e for e in home.wait_cid(home.post_event("bush")["cid"])
               if not e["parent_execution_id"]]
    completed(again)


@pytest.mark.parametrize("event, step, refused", [
    ("a", {"event_type": "a"}, True),
    ("a*", {"event_type": "ab"}, True),
    ("a", {"event_type": "b", "topic": "a"}, True),
    ("*", {"event_type": "b"}, True),
    ("a", {"event_type": "a", "loop": False}, True),
    ("a", {"event_type": "a", "loop": True}, False),
    ("a", {"event_type": "a", "topic": "b"}, False),
    ("a", {"event_type": "ab"}, False),
    ("a*", {"event_type": "b"}, False),
])
def test_a_step_that_starts_its_own_pipeline(site, event, step, refused):
    body = {"name": f"p{uuid.uuid4()}", "options": {"event": event},
            "steps": [*make_steps(site, OK), {"name": "again", "publish": step}]}
    reply = site.post("/api/v1/pipelines", body)
    assert reply.status == (422 if refused else 201), reply
    if refused:
        assert reply.json["detail"].startswith("steps[1].publish: its event starts this pipeline")


TEN_THOUSAND = {
    "script": python("""
for n in range(10000):
    say(emit={"event_type": "second", "payload": n})
"""),
    "persistent": {"options": {"persistent": True}, "text": PYTHON + """
for line in sys.stdin:
    print(json.dumps({"ok": True, "emit": [
        {"event_type": "second", "payload": n} for n in range(10000)]}), flush=True)
"""}}


def types_of(home, cid):
    """The types of a cid's events, in their order."""
    return [event["type"] for event in home.get(f"/fx/cid/{cid}/explain").json["events"]]


@pytest.mark.parametrize("kind", TEN_THOUSAND)
def test_ten_thousand_emits(live, kind):
    """A clear error, and none of them is published."""
    make(live, TEN_THOUSAND[kind], event="first")
    make(live, OK, event="second")
    cid = live.post_event("first")["cid"]
    [execution] = live.wait_cid(cid)
    assert failure(execution).endswith("emitted more events than the 100 allowed")
    assert types_of(live, cid) == ["first", "fx.execution.failed"]


def test_ten_thousand_emits_that_are_allowed(home):
    """All of them are there at once, each once."""
    home.configure(step={"emits": 10000})
    home.start()
    home.start_dispatcher()
    make(home, TEN_THOUSAND["script"], event="first")
    second = make(home, OK, event="second", scale={"max": 1})
    cid = home.post_event("first")["cid"]
    until(lambda: trigger(home, second)["pending"] > 100, what="they are routed")
    stop_trigger(home, second)
    parent, *children = home.wait_cid(cid)
    completed(parent)
    assert len(children) == 10000
    assert {e["parent_execution_id"] for e in children} == {parent["execution_id"]}


@pytest.mark.parametrize("garbage", ["\\x00\\xff", "{", '{"save":1}', '{"emit":{}}'])
def test_emits_before_rubbish_are_not_published(live, garbage):
    make(live, python(f"""
say(emit={{"event_type": "second", "payload": 1}})
say(save={{"a": 1}})
os.write(3, b'{garbage}\\n')
time.sleep(1000)
"""), event="first")
    make(live, OK, event="second")
    cid = live.post_event("first")["cid"]
    [execution] = live.wait_cid(cid)
    assert failure(execution).startswith("step step1: descriptor 3: ")
    assert execution["data"] == {"a": 1}
    assert types_of(live, cid) == ["first", "fx.execution.failed"]


def test_large_emit(live):
    """A payload may be nearly as long as a line."""
    make(live, python("say(emit={'event_type': 'second', 'payload': 'x' * 1048000})"),
         event="first")
    make(live, python("say(save={'n': len(json.load(sys.stdin)['data'])})"), event="second")
    parent, child = live.wait_cid(live.post_event("first")["cid"])
    completed(parent)
    assert completed(child)["data"] == {"n": 1048000}


# --- The log ---

def test_log(live):
    execution = completed(run(live, SH + "echo one; echo two >&2; echo three; echo grün\n", OK))
    assert [step["log"] for step in execution["steps"]] == ["one\ntwo\nthree\ngrün\n", ""]


def test_log_keeps_its_end(live):
    execution = completed(run(live, SH + """
i=0; while [ $i -lt 3000 ]; do echo "out $i is a line of some length"; echo "err $i" >&2
i=$((i + 1)); done
"""))
    whole = "".join(f"out {i} is a line of some length\nerr {i}\n" for i in range(3000))
    assert len(whole) > 100 * KIB
    assert execution["steps"][0]["log"] == whole[-64 * KIB:]


def test_log_of_any_bytes(live):
    """Cut inside a character, and with bytes that are no text at all: still good JSON."""
    execution = completed(run(
        live, python("os.write(1, b'ab\\xff\\x00\\x1b[31m\\xc3')"),
        python("os.write(1, 'ü'.encode() * 40000 + b'!')")))
    first, second = (step["log"] for step in execution["steps"])
    assert re.fullmatch("ab\ufffd{2}\x1b\\[31m\ufffd", first)
    assert second.endswith("ü" * 32767 + "!")


def test_a_hundred_megabytes(live):
    """To the log: all of it is read, its end is kept, and nobody's memory fills up."""
    execution = completed(run(live, SH + "head -c 100000000 /dev/zero | tr '\\0' x; echo end\n"))
    assert execution["steps"][0]["log"] == "x" * (64 * KIB - 4) + "end\n"
    for pid in processes():
        if live_program(live, pid):
            assert peak_kib(pid) < 64 * KIB


def live_program(home, pid):
    try:
        command = open(f"/proc/{pid}/cmdline", "rb").read()
    except OSError:
        return False
    return b"/fx-" in command and str(home.dir).encode() in command


def peak_kib(pid):
    with open(f"/proc/{pid}/status") as status:
        return int(re.search(r"VmHWM:\s+(\d+)", status.read())[1])


# --- Steps that are not run, and steps that publish ---

def test_when(live):
    make(live, {"name": "paid", "text": save(paid=True), "when": [{"json": {"/paid": True}}]},
         {"name": "unpaid", "text": save(unpaid=True), "when": [{"json": {"/paid": False}}]},
         {"name": "shop", "publish": {"event_type": "shopped"},
          "when": [{"exact": {"source": "shop"}}]},
         {"name": "both", "text": save(both=True),
          "when": [{"json": {"/paid": True}}, {"prefix": {"type": "ord"}}]},
         event="order")
    cid = live.post_event("order", {"paid": True}, source="test")["cid"]
    execution = completed(live.wait_cid(cid)[0])
    assert {step["name"]: step["status"] for step in execution["steps"]} == {
        "paid": "completed", "unpaid": "skipped", "shop": "skipped", "both": "completed"}
    assert execution["data"] == {"paid": True, "both": True}
    skipped = execution["steps"][1]
    assert skipped["exit_code"] is skipped["started"] is skipped["seconds"] is None
    assert skipped["log"] == ""


DIALECTS = {
    "exact": {"exact": {"source": "shop"}},
    "not-exact": {"exact": {"source": "sho"}},
    "prefix": {"prefix": {"type": "order."}},
    "not-prefix": {"prefix": {"type": "rder."}},
    "suffix": {"suffix": {"type": ".new"}},
    "not-suffix": {"suffix": {"type": ".ne"}},
    "any": {"any": [{"exact": {"source": "x"}}, {"exact": {"source": "shop"}}]},
    "not-any": {"any": [{"exact": {"source": "x"}}, {"exact": {"source": "y"}}]},
    "all": {"all": [{"exact": {"source": "shop"}}, {"json": {"/n": 1}}]},
    "not-all": {"all": [{"exact": {"source": "shop"}}, {"json": {"/n": 2}}]},
    "not": {"not": {"exact": {"source": "x"}}},
    "not-not": {"not": {"exact": {"source": "shop"}}},
    "json": {"json": {"/lines/1/price": 2.5, "/a~1b": None}},
    "not-json": {"json": {"/lines/1/price": "2.5"}},
    "not-there": {"json": {"/lines/2": None}},
    "not-attribute": {"exact": {"subject": "none was given"}},
}


def test_when_in_every_dialect(live):
    """What matches runs, what does not is skipped: also what is not there."""
    make(live, *({"name": name, "text": OK, "when": [filter]} for name, filter in DIALECTS.items()),
         event="order.new")
    payload = {"n": 1, "lines": [{"price": 1}, {"price": 2.5}], "a/b": None}
    [execution] = live.wait_cid(live.post_event("order.new", payload, source="shop")["cid"])
    skipped = {name for name in DIALECTS if name.startswith("not-")}
    assert {s["name"] for s in completed(execution)["steps"] if s["status"] == "skipped"} == skipped
    assert {s["name"] for s in execution["steps"] if s["status"] == "completed"} == (
        DIALECTS.keys() - skipped)


def test_when_of_data_that_is_no_json(live):
    """There is nothing a pointer could find."""
    json_filter = {"json": {"/a": 1}}
    make(live, {"name": "is", "text": OK, "when": [json_filter]},
         {"name": "is-not", "text": OK, "when": [{"not": json_filter}]}, event="job")
    reply = live.post("/fx/events", bytes(range(256)), headers=[
        ("ce-specversion", "1.0"), ("ce-id", "1"), ("ce-source", "/t"), ("ce-type", "job"),
        ("Content-Type", "application/octet-stream")])
    [execution] = live.wait_cid(reply.json["cid"])
    assert [s["status"] for s in completed(execution)["steps"]] == ["skipped", "completed"]


def test_publish_steps(live):
    make(live, save(a=1), {"publish": {"event_type": "saved"}},
         {"publish": {"event_type": "fixed", "payload": [1.0, {"b": None}], "event_source": "/me",
                      "topic": "else.where"}}, event="first", name="publisher")
    for topic in ("saved", "else.where"):
        make(live, python("say(save={'event': json.load(sys.stdin)})"), event=topic)
    executions = live.wait_cid(live.post_event("first")["cid"])
    assert len(executions) == 3
    parent = completed(executions[0])
    events = {completed(e)["event_type"]: e["data"]["event"] for e in executions[1:]}
    assert events["saved"]["data"] == {"a": 1}
    assert events["saved"]["source"] == "publisher"
    assert events["fixed"]["data"] == [1.0, {"b": None}]
    assert events["fixed"]["source"] == "/me"
    assert events["fixed"]["topic"] == "else.where"
    assert {e["causationid"] for e in events.values()} == {parent["execution_id"]}
    assert [step["status"] for step in parent["steps"]] == ["completed"] * 3
    assert [step["exit_code"] for step in parent["steps"]] == [0, None, None]


def test_results_of_steps(live):
    execution = run(live, OK, SH + "echo no; exit 3\n", OK)
    assert failure(execution) == "step step2: exited with 3"
    one, two, three = execution["steps"]
    assert (one["status"], one["exit_code"], one["log"]) == ("completed", 0, "")
    assert (two["status"], two["exit_code"], two["log"]) == ("failed", 3, "no\n")
    assert three == {"name": "step3", "status": "pending", "started": None, "seconds": None,
                     "exit_code": None, "log": ""}
    assert TIME.fullmatch(one["started"]) and TIME.fullmatch(two["started"])
    assert one["seconds"] >= 0 and two["seconds"] >= 0
    assert execution["execution_time"] >= one["seconds"]


# --- How scripts end ---

@pytest.mark.parametrize("end, error, code", [
    ("exit 1", "exited with 1", 1),
    ("exit 255", "exited with 255", 255),
    ("exit 75", "asked to be tried again later (exit 75)", 75),
    ("exit 100", "gave up (exit 100)", 100),
    ("kill -9 $$", "was killed by signal 9 (Killed)", None),
    ("kill -SEGV $$", "was killed by signal 11 (Segmentation fault)", None),
    ("kill -PIPE $$", "was killed by signal 13 (Broken pipe)", None),
    ("kill -TERM 0", "was killed by signal 15 (Terminated)", None),
    ("kill -HUP 0", "was killed by signal 1 (Hangup)", None),
])
def test_bad_ends(live, end, error, code):
    execution = run(live, SH + end + "\n")
    assert failure(execution) == f"step step1: {error}"
    assert execution["steps"][0]["exit_code"] == code
    assert execution["attempt"] == 1


def script_of(home, text=OK):
    """A started pipeline of one script, and that script's path."""
    home.write_script("script", text)
    make(home, {"name": "one", "script": "script"}, event="job")
    return home.dir / "scripts/script"


def outcome(home):
    return home.wait_cid(home.post_event("job")["cid"])[0]


def test_missing_script(live):
    """It was there when the pipeline was made."""
    script_of(live).unlink()
    assert failure(outcome(live)) == \
        'step one: the script "script" could not be started: No such file or directory'
    live.write_script("script", OK)
    completed(outcome(live))


def test_script_that_is_not_executable(live):
    path = script_of(live)
    path.chmod(0o640)
    assert failure(outcome(live)) == \
        'step one: the script "script" could not be started: Permission denied'


def test_script_that_is_a_directory(live):
    path = script_of(live)
    path.unlink()
    path.mkdir()
    assert failure(outcome(live)) == \
        'step one: the script "script" could not be started: Permission denied'


@pytest.mark.parametrize("text", ["echo hello\n", "", "\x7fELF nonsense"])
def test_no_shebang(live, text):
    assert failure(run(live, text)) == (
        f'step step1: the script "{last_script(live)}" could not be started: Exec format error '
        "(it needs a first line such as #!/bin/sh)")


@pytest.mark.parametrize("first", ["#!/no/such/interpreter\n", "#!/bin/sh\r\n"])
def test_bad_interpreter(live, first):
    """The kernel says of this only that a file is missing, and the script is there."""
    assert failure(run(live, first + "exit 0\n")) == (
        f'step step1: the script "{last_script(live)}" could not be started: No such file or '
        "directory (its first line names an interpreter that is not there)")


def last_script(home):
    return max((home.dir / "scripts").iterdir(), key=lambda path: path.stat().st_mtime_ns).name


def test_scripts_directory_missing(live):
    """And back again: the runner is not harmed."""
    script_of(live)
    (live.dir / "scripts").rename(live.dir / "away")
    assert "could not be started" in failure(outcome(live))
    (live.dir / "away").rename(live.dir / "scripts")
    completed(outcome(live))


def test_binary(live):
    """A step may be any program."""
    path = script_of(live)
    path.unlink()
    shutil.copy("/bin/cat", path)
    execution = completed(outcome(live))
    assert json.loads(execution["steps"][0]["log"])["type"] == "job"


# --- Time ---

def seconds(execution):
    return execution["steps"][-1]["seconds"]


def test_timeout(live):
    """TERM is enough for most."""
    execution = run(live, {"text": SH + "echo begun; sleep 1000\n", "options": {"timeout": 0.2}})
    assert failure(execution) == "step step1: ran longer than 0.2 seconds and was killed"
    assert execution["steps"][0]["log"] == "begun\n"
    assert execution["steps"][0]["exit_code"] is None
    assert 0.2 <= seconds(execution) < 3


def test_term_comes_first(live):
    """A script may tidy up, but not turn its failure into success."""
    execution = run(live, {"text": python("""
import signal
signal.signal(signal.SIGTERM, lambda *_: (print("tidying"), sys.exit(0)))
signal.pause()
"""), "options": {"timeout": 0.2}})
    assert failure(execution) == "step step1: ran longer than 0.2 seconds and was killed"
    assert execution["steps"][0]["log"] == "tidying\n"
    assert 0.2 <= seconds(execution) < 3


# Saves early, and what is put for LAST when it gets TERM.
TIDY = """
import signal
def tidy(*_):
    print("tidying", flush=True)
    LAST
signal.signal(signal.SIGTERM, tidy)
say(save={"early": 1})
open(os.environ["APP_BEGUN"], "w").close()
while True:
    signal.pause()
"""


def tidies(last):
    return python(TIDY.replace("LAST", last))


GRACE = {
    "save": ("say(save={'late': 2}); sys.exit(0)", {"early": 1, "late": 2}),
    "save and fail": ("say(save={'late': 2}); sys.exit(1)", {"early": 1, "late": 2}),
    "save and give up": ("say(save={'late': 2}); sys.exit(100)", {"early": 1, "late": 2}),
    "save over": ("say(save={'early': 2}); sys.exit(0)", {"early": 2}),
    "save twice": ("say(save={'a': 1}); say(save={'b': 2}); sys.exit(0)", {"early": 1, "a": 1, "b": 2}),
    "no line end": ("os.write(3, b'{\"save\":{\"late\":2}}'); sys.exit(0)", {"early": 1, "late": 2}),
    "save, then killed": ("say(save={'late': 2})", {"early": 1, "late": 2}),
    "emit": ("say(save={'late': 2}, emit={'event_type': 'never', 'payload': 1}); sys.exit(0)",
             {"early": 1, "late": 2}),
    "rubbish": ("os.write(3, b'rubbish\\n'); say(save={'late': 2}); sys.exit(0)", {"early": 1}),
}


@pytest.mark.parametrize("way", ["timeout", "timeout of the attempt", "cancel"])
@pytest.mark.parametrize("case", GRACE)
def test_what_is_saved_in_the_grace_time_counts(home, way, case):
    """And nothing else changes: the step has failed as it had, and emits nothing."""
    last, data = GRACE[case]
    home.configure(step={"grace_seconds": 1})
    home.start()
    home.start_dispatcher()
    begun = home.scratch / "begun"
    limits = {"timeout": {"options": {"timeout": 0.5}}}.get(way, {})
    attempt = {"attempt_timeout": 0.5} if way == "timeout of the attempt" else {}
    make(home, {"text": tidies(last), **limits}, event="job", env={"APP_BEGUN": str(begun)}, **attempt)
    cid = home.post_event("job")["cid"]
    if way == "cancel":
        until(begun.exists, what="it is at work")
        execution, = home.get(f"/fx/cid/{cid}").json["executions"]
        assert home.post(f"/api/v1/executions/{execution['execution_id']}/cancel").status == 200
    execution, = home.wait_cid(cid)  # no other followed from it
    assert failure(execution) == {
        "timeout": "step step1: ran longer than 0.5 seconds and was killed",
        "timeout of the attempt": "step step1: was killed when the attempt's 0.5 seconds were over",
        "cancel": "cancelled by request"}[way]
    assert execution["data"] == data
    assert execution["steps"][0]["log"] == "tidying\n"


@pytest.mark.parametrize("ignore", ["trap '' TERM", "trap 'echo no' TERM"])
def test_then_kill(home, ignore):
    home.configure(step={"grace_seconds": 1})
    home.start()
    home.start_dispatcher()
    execution = run(home, {"text": SH + f"{ignore}\nwhile :; do sleep 0.01; done\n",
                           "options": {"timeout": 0.2}})
    assert failure(execution) == "step step1: ran longer than 0.2 seconds and was killed"
    assert 1.2 <= seconds(execution) < 4


def test_stopped_script(home):
    """SIGSTOP holds TERM back, and KILL not."""
    home.configure(step={"grace_seconds": 0})
    home.start()
    home.start_dispatcher()
    execution = run(home, {"text": SH + "kill -STOP $$\n", "options": {"timeout": 0.2}})
    assert failure(execution) == "step step1: ran longer than 0.2 seconds and was killed"


def test_timeout_of_the_whole_execution(live):
    """Says which limit it was: the step's own is a minute."""
    execution = run(live, {"text": SH + "sleep 0.1\n", "options": {"timeout": 60}},
                    {"text": SH + "sleep 1000\n", "options": {"timeout": 60}}, timeout=0.4)
    assert failure(execution) == (
        "step step2: was killed when the execution's 0.4 seconds were over")
    assert execution["steps"][0]["status"] == "completed"
    assert 0.1 < seconds(execution) < 3


def test_timeout_of_the_attempt(live):
    """The next one has as much."""
    execution = run(live, SH + "sleep 0.1\n", SH + "sleep 1000\n", attempt_timeout=0.4,
                    retry={"limit": 2, "delay": 0})
    assert [a["error"] for a in execution["attempts"]] == 3 * [
        "step step2: was killed when the attempt's 0.4 seconds were over"]


OVER = "{}; attempt {} would begin after the execution's {} seconds were over"


def test_timeout_holds_for_all_attempts_and_waits(live):
    """A retry that would begin after it is not waited for."""
    execution = run(live, SH + "sleep 0.4\nexit 1\n", timeout=1.5, retry={"limit": 100, "delay": 0})
    assert failure(execution) in (
        OVER.format("step step1: exited with 1", execution["attempt"] + 1, 1.5),
        "step step1: was killed when the execution's 1.5 seconds were over")
    assert 2 <= execution["attempt"] <= 4
    assert execution["dead_letter"] is True


def test_retry_that_would_begin_too_late(live):
    """Fails at once, though attempts are left, and says so; what it did can be read."""
    execution = run(live, SH + "echo words\nexit 75\n", timeout=60,
                    retry={"limit": 5, "delay": 80000, "max_delay": 80000})
    assert failure(execution) == OVER.format(
        "step step1: asked to be tried again later (exit 75)", 2, 60)
    assert (execution["attempt"], execution["dead_letter"]) == (1, True)
    assert execution["steps"][0]["log"] == "words\n"
    assert execution["attempts"][0]["status"] == "failed"


def test_attempt_that_has_what_is_left(live):
    """Of the whole time; and no other follows."""
    execution = run(live, SH + "[ $FX_ATTEMPT != 1 ] || { sleep 0.5; exit 1; }\nsleep 1000\n",
                    timeout=1.5, retry={"limit": 5, "delay": 0})
    assert failure(execution) == "step step1: was killed when the execution's 1.5 seconds were over"
    assert execution["attempt"] == 2
    assert 0.1 < seconds(execution) < 1.4
    assert execution["dead_letter"] is True


@pytest.mark.parametrize("limits, error", [
    ({"attempt_timeout": 60, "timeout": 0.3}, "the execution's 0.3 seconds were over"),
    ({"attempt_timeout": 0.3, "timeout": 60}, "the attempt's 0.3 seconds were over"),
    ({"timeout": 0.3}, "the execution's 0.3 seconds were over"),
])
def test_what_is_shorter(live, limits, error):
    assert failure(run(live, SH + "sleep 1000\n", **limits)) == f"step step1: was killed when {error}"


def test_time_before_the_first_start_never_counts(home):
    """Nor does that of a claim whose runner had not begun."""
    home.start()
    make(home, OK, event="job", timeout=0.5)
    cid = home.post_event("job")["cid"]
    Clock(home, datetime.now(timezone.utc) + timedelta(hours=1))
    home.start_dispatcher()
    assert completed(home.wait_cid(cid)[0])["attempt"] == 1


def test_time_that_is_over_while_nobody_is_there(home):
    """The attempt is not begun, and a retry by hand has the whole time again."""
    home.start()
    home.start_dispatcher()
    make(home, SH + "[ $FX_ATTEMPT != 1 ] || exit 1\nsleep 0.1\n", event="job", timeout=60,
         retry={"limit": 5, "delay": 50, "max_delay": 50})
    cid = home.post_event("job")["cid"]

    def waits():
        [execution] = home.get(f"/fx/cid/{cid}").json["executions"] or [{"attempt": 0}]
        return execution["attempt"] == 1 and execution["status"] == "pending" and execution

    execution = until(waits, what="it waits")["execution_id"]
    home.stop_dispatcher()
    Clock(home, datetime.now(timezone.utc) + timedelta(hours=1))
    home.start_dispatcher()
    ended, = home.wait_cid(cid)
    assert failure(ended) == ("the execution's 60 seconds were over before attempt 2 could begin; "
                              "step step1: exited with 1")
    assert (ended["attempt"], ended["dead_letter"]) == (1, True)
    assert [s["status"] for s in ended["steps"]] == ["failed"]
    assert home.post(f"/api/v1/executions/{execution}/retry").status == 200
    assert completed(home.wait_cid(cid)[0])["attempt"] == 2


@pytest.fixture
def crowded(home):
    """One place for a runner. With what starts an execution that keeps it until `home.gate` is there."""
    home.configure(dispatcher={"instances": 1})
    home.start()
    home.gate, home.begun, home.go = (home.scratch / name for name in ("gate", "begun", "go"))
    make(home, SH + f"while [ ! -e {home.gate} ]; do sleep 0.01; done\n", event="long")
    home.start_dispatcher()
    yield home
    home.gate.touch()


def statuses(home, cid):
    return [(e["status"], e["attempt"]) for e in executions_of(home, cid)]


@pytest.mark.parametrize("options", [{}, {"ordered": True}], ids=["plain", "ordered"])
def test_time_that_is_over_while_it_waits_for_a_runner(crowded, options):
    """It has failed there and then, and what is behind it is not held up by it."""
    home = crowded
    make(home, SH + f"[ -e {home.go} ] && exit 0\ntouch {home.begun}\nwhile [ ! -e {home.go} ]; do sleep 0.01; "
         "done\nexit 1\n", event="job", timeout=3, retry={"limit": 5, "delay": 0}, **options)
    cid = home.post_event("job")["cid"]
    until(home.begun.exists, what="it is being tried")
    behind = home.post_event("job")["cid"]
    long = home.post_event("long")["cid"]
    until(lambda: statuses(home, long) == [("pending", 0)], what="the next one waits for the place")
    home.go.touch()
    until(lambda: statuses(home, long) == [("in_progress", 1)], what="it has got the place")
    assert statuses(home, cid) == [("pending", 1)]
    ended, = home.wait_cid(cid)
    assert failure(ended) == ("the execution's 3 seconds were over before attempt 2 could begin; "
                              "step step1: exited with 1")
    assert ended["dead_letter"] is True and [s["status"] for s in ended["steps"]] == ["failed"]
    assert statuses(home, long) == [("in_progress", 1)]
    assert statuses(home, behind) == [("pending", 0)]
    home.gate.touch()
    completed(home.wait_cid(behind)[0])
    until(lambda: home.get(f"/api/v1/events/{ended['pipeline_id']}").json["pending"] == 0, what="all is counted")


def test_time_that_was_given_anew_by_hand(crowded):
    """What was over before, with the attempts before, ends nothing."""
    home = crowded
    make(home, SH + f"[ ! -e {home.go} ]\n".replace("[ !", "[") , event="job", timeout=2,
         retry={"limit": 1, "delay": 0})
    cid = home.post_event("job")["cid"]
    [ended] = home.wait_cid(cid)
    assert failure(ended) == "step step1: exited with 1" and ended["attempt"] == 2
    over = datetime.now(timezone.utc) + timedelta(seconds=2)
    home.go.touch()
    long = home.post_event("long")["cid"]
    until(lambda: statuses(home, long) == [("in_progress", 1)], what="it has got the place")
    assert home.post(f"/api/v1/executions/{ended['execution_id']}/retry").status == 200
    until(lambda: datetime.now(timezone.utc) > over, what="the time before is over")
    later = home.post_event("long")["cid"]
    until(lambda: statuses(home, later) == [("pending", 0)], what="the dispatcher has looked since")
    assert statuses(home, cid) == [("pending", 2)]
    home.gate.touch()
    assert completed(home.wait_cid(cid)[0])["attempt"] == 3


def test_runner_that_dies_when_time_is_over(loose):
    execution = run(loose, SH + "sleep 0.3\nkill -9 $PPID\nsleep 1000\n", timeout=0.2)
    assert failure(execution) in (
        "step step1: was killed when the execution's 0.2 seconds were over",)
    execution = run(loose, SH + "sleep 0.1\nkill -9 $PPID\nsleep 1000\n", timeout=0.5)
    assert "execution's 0.5 seconds were over" in failure(execution)
    assert 2 <= execution["attempt"] and execution["dead_letter"] is True


def test_default_timeout(home):
    home.configure(step={"timeout_seconds": 1})
    home.start()
    home.start_dispatcher()
    execution = run(home, SH + "sleep 1000\n")
    assert failure(execution) == "step step1: ran longer than 1 second and was killed"


# Writes pages that are full, as fast as it can, so that the pipe is full too.
FLOOD = """
line = json.dumps({"save": {"a": "x" * 44}}).encode() + b"\\n"
assert len(line) == 64
while True:
    os.write(FD, line * 4096)
"""


@pytest.mark.parametrize("text", [
    SH + "while :; do :; done",
    SH + "exec yes",
    SH + "yes & yes & yes & exec yes",
    SH + "cat /dev/zero & exec cat /dev/zero",
    SH + """exec yes '{"save":{"a":1}}' >&3""",
    SH + "exec yes '' >&3",
    python(FLOOD.replace("FD", "1")),
    python(FLOOD.replace("FD", "3")),
    python("os.fork()\nos.fork()" + FLOOD.replace("FD", "3")),
], ids=["quiet", "log", "log of four", "log of two, one line", "saves", "empty lines", "log flood",
        "save flood", "save flood of four"])
def test_never_ends(live, text):
    """However much it writes meanwhile."""
    execution = run(live, {"text": text + "\n", "options": {"timeout": 0.5}})
    assert failure(execution) == "step step1: ran longer than 0.5 seconds and was killed"
    assert seconds(execution) < 3


# --- What scripts leave behind ---

@pytest.mark.parametrize("leave", [
    "sleep 1000 &",
    "(trap '' TERM HUP; while :; do sleep 1; done) &",
    "setsid sleep 1000 & sleep 0.1",
    "setsid sh -c 'setsid sleep 1000 & setsid sleep 1000 & sleep 1000' & sleep 0.1",
    "cd /; setsid sh -c 'sleep 1000 & exec sleep 1000' </dev/null >/dev/null 2>&1 3>&- 4>&- & "
    "sleep 0.1",
    "for i in $(seq 200); do sleep 1000 & done",
])
@pytest.mark.parametrize("end", ["exit 0", "exit 1", "kill -9 $$", "sleep 1000"])
def test_children(live, leave, end):
    """Gone when the execution is final, wherever they went."""
    mark = f"MARK-{live.place.name}"
    execution = run(live, {"text": SH + f"{leave}\n{end}\n", "options": {"timeout": 1}},
                    env={"APP_MARK": mark})
    assert not marked(mark)
    assert execution["status"] == ("completed" if end == "exit 0" else "failed")
    assert seconds(execution) < 4


def test_daemon(live):
    """Forks twice, leaves its session, closes everything, and works on."""
    mark = f"MARK-{live.place.name}"
    path = live.scratch / "daemon"
    execution = completed(run(live, python(f"""
def daemon():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.chdir("/")
            os.closerange(0, 1024)
            with open("{path}", "w") as out:
                out.write(str(os.getpid()))
            time.sleep(1000)
        os._exit(0)
    os.wait()
daemon()
while not (os.path.exists("{path}") and os.path.getsize("{path}")):
    time.sleep(0.01)
"""), env={"APP_MARK": mark}))
    assert not marked(mark)
    assert not is_running(int(path.read_text()))
    assert seconds(execution) < 4


def test_children_that_go_on_forking(live):
    """Each of them outlives its parent, in a session of its own."""
    mark = f"MARK-{live.place.name}"
    completed(run(live, python("""
if os.fork() == 0:
    while True:
        os.setsid() if os.getsid(0) != os.getpid() else None
        if os.fork():
            os._exit(0)
time.sleep(0.2)
"""), env={"APP_MARK": mark}))
    assert not marked(mark)


LEAVES_A_WRITER = SH + "(sleep 0.2; echo '{\"save\":{\"late\":1}}' >&3; echo late) &\n"


def killed(*names):
    """What the log says of processes with these names."""
    return f"fx-bridge: killed what the script had left running: {', '.join(names)}\n"


def test_what_one_step_leaves_does_not_reach_the_next(home):
    home.configure(step={"leftover_ms": 0})
    home.start()
    home.start_dispatcher()
    execution = completed(run(home, LEAVES_A_WRITER, SH + "sleep 0.3\n"))
    assert execution["data"] == {}
    first, second = [step["log"] for step in execution["steps"]]
    assert re.fullmatch(r"fx-bridge: killed what the script had left running: .*\n", first)
    assert second == ""


def test_what_is_left_may_write_for_a_moment(live):
    execution = completed(run(live, LEAVES_A_WRITER))
    assert execution["data"] == {"late": 1}
    assert execution["steps"][0]["log"] == "late\n"



NUMBERS = "".join(f"{n}\n" for n in range(1, 201))
BASH = shutil.which("bash")

# Scripts whose output goes through processes that outlive them, and the logs that they have.
THROUGH = {
    "tee": ("exec > >(tee OUT) 2>&1; echo first; seq 200; echo 'last line'",
            f"first\n{NUMBERS}last line\n"),
    "tee, and fails": ("set -e; exec > >(tee -a OUT) 2>&1; echo working; false", "working\n"),
    "loop": ("exec > >(while read -r l; do printf 'x %s\\n' \"$l\"; done) 2>&1; seq 3", "x 1\nx 2\nx 3\n"),
    "one command": ("echo hi > >(sed s/^/x/)", "xhi\n"),
    "two in a row": ("exec > >(sed s/^/a/ | sed s/^/b/); seq 2", "ba1\nba2\n"),
    "errors alone": ("exec 2> >(sed s/^/E/ >&2); echo wrong >&2", "Ewrong\n"),
    "to a file alone": ("exec > >(cat >OUT); seq 200", ""),
    "in its own session": ("exec > >(setsid sed s/^/x/); seq 2", "x1\nx2\n"),
    "killed": ("exec > >(tee OUT); echo before; kill -9 $$", "before\n"),
    "saves": ("exec 5>&3 3> >(cat >&5); echo '{\"save\":{\"n\":1}}' >&3", ""),
}
RUNS = int(os.environ.get("FX_RUNS", 12))


@pytest.mark.skipif(not BASH, reason="needs bash")
@pytest.mark.parametrize("case", THROUGH)
def test_log_through_a_process_substitution(live, case):
    """Whole, each time. FX_RUNS is how often."""
    text, log = THROUGH[case]
    out = live.scratch / "out"
    make(live, f"#!{BASH}\n{text.replace('OUT', f'{out}.$FX_EXECUTION_ID')}\n", event="job",
         scale={"max": 4})
    cids = [live.post_event("job")["cid"] for _ in range(RUNS)]
    executions = [live.wait_cid(cid)[0] for cid in cids]
    assert [e["steps"][0]["log"] for e in executions] == [log] * RUNS
    assert {e["status"] for e in executions} == {"failed" if "fails" in case or "killed" in case
                                                 else "completed"}
    if case == "saves":
        assert [e["data"] for e in executions] == [{"n": 1}] * RUNS
    if "OUT" in text:
        whole = NUMBERS if case == "to a file alone" else log
        assert [(live.scratch / f"out.{e['execution_id']}").read_text()
                for e in executions] == [whole] * RUNS


CLOSED = "</dev/null >/dev/null 2>&1 3>&- 4>&-"


def once_it_is(name):
    """Shell text that waits until what was started last is this program."""
    return f"until grep -q {name} /proc/$!/comm; do :; done"


# What is left, and what the log says of it.
LEFT = {
    "one": ("sleep 1000 &", killed("sleep")),
    "one that holds no pipe": (f"sleep 1000 {CLOSED} & {once_it_is('sleep')}", killed("sleep")),
    "in a session of its own": (f"setsid sleep 1000 {CLOSED} & {once_it_is('sleep')}", killed("sleep")),
    "three": ("sleep 1000 & sleep 1000 & sleep 1000 &", killed("sleep (3)")),
    "two kinds": (f"sleep 1000 & {once_it_is('sleep')}; tail -f /dev/null & {once_it_is('tail')}", killed("sleep", "tail")),
    "behind output": ("printf words; sleep 1000 &", "words\n" + killed("sleep")),
    "none": ("sleep 0.1 & wait", ""),
    "ends by itself": ("sleep 0.1 &", ""),
}


@pytest.mark.parametrize("case", LEFT)
def test_log_says_what_was_killed(live, case):
    text, log = LEFT[case]
    execution = completed(run(live, SH + text + "\n"))
    assert execution["steps"][0]["log"] == log


@pytest.mark.parametrize("pipes", ["", CLOSED])
def test_what_is_left_gets_term_first(live, pipes):
    """And its last words, where it holds the script's output."""
    path, begun = live.scratch / "bye", live.scratch / "begun"
    execution = completed(run(live, SH + f"""
sh -c 'trap "echo bye; touch {path}; exit" TERM; touch {begun}; while :; do sleep 0.01; done' {pipes} &
{wait_for(begun)}"""))
    assert path.exists()
    words = re.escape(killed("sh")[:-1]) + r"(, sleep)?\n"
    assert re.fullmatch(("" if pipes else "(Terminated\n)?bye\n") + words, execution["steps"][0]["log"])


def test_what_is_left_and_minds_no_term(live):
    """It is killed a moment later."""
    mark = f"MARK-{live.place.name}"
    execution = completed(run(live, SH + "sh -c 'trap \"\" TERM; while :; do sleep 0.01; done' &\nsleep 0.1\n",
                              env={"APP_MARK": mark}))
    assert not marked(mark)
    assert "killed what the script had left running: sh" in execution["steps"][0]["log"]


def test_cancelled_while_something_is_left(home):
    """Nobody waits for it any longer."""
    home.configure(step={"leftover_ms": 60000})
    home.start()
    home.start_dispatcher()
    begun = home.scratch / "begun"
    make(home, SH + f"(echo left; touch {begun}; exec sleep 1000) &\n", event="job")
    cid = home.post_event("job")["cid"]
    until(begun.exists, what="it is left alone")
    execution, = home.get(f"/fx/cid/{cid}").json["executions"]
    assert home.post(f"/api/v1/executions/{execution['execution_id']}/cancel").status == 200
    execution, = home.wait_cid(cid)
    assert failure(execution) == "cancelled by request"
    assert execution["steps"][0]["log"] == "left\n" + killed("sleep")


def test_time_of_a_step_whose_script_has_ended(home):
    """What is left goes at the end of the step's time at the latest, and the step has not failed."""
    home.configure(step={"leftover_ms": 60000})
    home.start()
    home.start_dispatcher()
    execution = completed(run(home, {"text": SH + "sleep 1000 &\n", "options": {"timeout": 0.5}}))
    assert execution["steps"][0]["log"] == killed("sleep")


def test_dispatcher_that_dies_while_something_is_left(home):
    """It goes at once, with its runner; the step runs again."""
    home.configure(step={"leftover_ms": 60000})
    home.start()
    home.start_dispatcher()
    mark = f"MARK-{home.place.name}"
    begun = home.scratch / "begun"
    make(home, SH + f"[ $FX_ATTEMPT = 2 ] || {{ sleep 1000 & touch {begun}; }}\n", event="job",
         env={"APP_MARK": mark})
    cid = home.post_event("job")["cid"]
    until(begun.exists, what="it has begun")
    home.kill_dispatcher()
    until(lambda: not marked(mark), what="it is gone")
    home.start_dispatcher()
    assert completed(home.wait_cid(cid)[0])["attempt"] == 2


# --- What scripts do to their descriptors ---

@pytest.mark.parametrize("text", [
    "exec <&-", "exec </dev/null", "exec <&- >&- 2>&- 3>&- 4>&-", "true",
    "head -c 1 >/dev/null",
])
def test_reads_nothing(live, text):
    completed(run(live, SH + text + "\nexit 0\n", payload="x" * 900000))


@pytest.mark.parametrize("line, error", [
    ("hello", "line 1 is not JSON: at byte 0, "),
    ("{", "line 1 is not JSON: at byte 1, "),
    ('{"save":{"a":1}} x', "line 1 is not JSON: at byte 17, "),
    ('{"save":{"a":1,"a":2}}', "line 1 is not JSON: at byte "),
    ('{"save":{"a":"\\xff"}}', "line 1 is not JSON: at byte "),
    ("[" * 100, "line 1 is not JSON: at byte "),
    ("[]", "line 1 is not an object with save or emit"),
    ("1", "line 1 is not an object with save or emit"),
    ('{"save":{}}\\n{"keep":{}}', "line 2: only save and emit are known"),
    ('{"save":[]}', "line 1: save must be an object"),
    ('{"save":null}', "line 1: save must be an object"),
    ('{"emit":"x"}', "line 1: emit must be an object"),
    ('{"emit":{}}', "emit: event_type and payload are needed"),
    ('{"emit":{"event_type":"a"}}', "emit: event_type and payload are needed"),
    ('{"emit":{"payload":1}}', "emit: event_type and payload are needed"),
    ('{"emit":{"event_type":1,"payload":1}}',
     "emit: event_type, event_source and topic must be strings"),
    ('{"emit":{"event_type":"a","payload":1,"data":1}}',
     "emit: only event_type, payload, event_source and topic are known"),
    ('{"emit":{"event_type":"a b","payload":1}}', "event_type"),
    ('{"emit":{"event_type":"a","payload":1,"topic":"ü"}}', "topic"),
    ('{"emit":{"event_type":"a","payload":1,"event_source":"a\\\\u0007"}}', "event_source"),
])
def test_rubbish_on_descriptor_3(live, line, error):
    """Ends the script at once, and the error says what is wrong with which line."""
    execution = run(live, SH + f"printf '{line}\\n' >&3\nsleep 1000\n")
    assert failure(execution).startswith(f"step step1: descriptor 3: {error}")
    assert seconds(execution) < 3


def test_rubbish_at_the_very_end(live):
    """Without a newline, from a script that has succeeded otherwise."""
    execution = run(live, SH + "printf '{\"save\":' >&3\n")
    assert failure(execution).startswith("step step1: descriptor 3: line 1 is not JSON: at byte 8")


@pytest.mark.parametrize("text", [
    "head -c 10000000 /dev/zero >&3",
    "head -c 10000000 /dev/urandom | base64 -w 0 >&3",
    "trap '' TERM PIPE; cat /dev/zero >&3",
])
def test_a_line_that_is_too_long(home, text):
    home.configure(step={"grace_seconds": 1})
    home.start()
    home.start_dispatcher()
    execution = run(home, SH + text + "\nsleep 1000\n")
    assert failure(execution) == "step step1: descriptor 3: a line is longer than 1048576 bytes"
    assert seconds(execution) < 4


def test_ten_megabytes_of_rubbish_lines(live):
    error = failure(run(live, SH + "head -c 10000000 /dev/urandom >&3\n"))
    assert error.startswith("step step1: descriptor 3: line 1 ")


# --- Trying again ---

def test_retry(live):
    """An execution is one attempt as a whole: every step again, data and logs of the last one."""
    execution = completed(run(
        live, SH + """echo "attempt $FX_ATTEMPT"
echo "{\\"save\\":{\\"one\\":$FX_ATTEMPT,\\"only$FX_ATTEMPT\\":true}}" >&3\n""",
        SH + '[ "$FX_ATTEMPT" = 3 ] || { echo failing; exit 1; }\n',
        retry={"limit": 5, "delay": 0.01}))
    assert execution["attempt"] == 3
    assert execution["error"] is None
    assert execution["data"] == {"one": 3, "only3": True}
    assert [step["log"] for step in execution["steps"]] == ["attempt 3\n", ""]


@pytest.mark.parametrize("end", ["exit 1", "exit 75", "kill -9 $$"])
def test_attempts_used_up(live, end):
    count = live.scratch / "count"
    execution = run(live, SH + f"echo $FX_ATTEMPT >>{count}\n{end}\n",
                    retry={"limit": 3, "delay": 0.01, "max_delay": 0.02})
    failure(execution)
    assert execution["attempt"] == 4
    assert count.read_text().split() == ["1", "2", "3", "4"]


def test_giving_up(live):
    """Exit 100: trying again is no use."""
    execution = run(live, SH + "[ $FX_ATTEMPT = 1 ] && exit 1\nexit 100\n",
                    retry={"limit": 10, "delay": 0})
    assert failure(execution) == "step step1: gave up (exit 100)"
    assert execution["attempt"] == 2


def test_while_it_waits_for_its_next_attempt(live):
    """It is pending, and says what went wrong."""
    pipeline = make(live, SH + "echo no luck; exit 1\n", event="job",
                    retry={"limit": 1, "delay": 86400, "max_delay": 86400})
    cid = live.post_event("job")["cid"]
    until(lambda: live.get(f"/api/v1/events/{pipeline}").json["pending"] == 1 and
          live.get(f"/fx/cid/{cid}").json["executions"][0]["error"], what="it waits")
    execution = live.get(f"/fx/cid/{cid}").json["executions"][0]
    assert execution["status"] == "pending"
    assert execution["attempt"] == 1
    assert execution["error"] == "step step1: exited with 1"


def test_a_runner_that_dies(loose):
    """Its execution is tried again, which does not count against the pipeline's retries."""
    execution = completed(run(loose, SH + "[ $FX_ATTEMPT = 3 ] || kill -9 $PPID; sleep 0.2\n"))
    assert execution["attempt"] == 3
    assert execution["error"] is None


def test_a_runner_that_always_dies(home):
    home.configure(dispatcher={"losses": 3}, step={"confine": "off"})
    home.start()
    home.start_dispatcher()
    execution = run(home, SH + "kill -9 $PPID; sleep 10\n")
    assert failure(execution) == "the runner died during attempt 3"
    assert execution["attempt"] == 3


def test_what_a_dead_runner_leaves(loose):
    """The dispatcher sees to it."""
    mark = f"MARK-{loose.place.name}"
    pids = loose.scratch / "pids"
    make(loose, SH + f"sleep 1000 & echo $! >>{pids}\n"
         f"setsid sleep 1000 & echo $! >>{pids}\necho $$ >>{pids}\n"
         "[ $FX_ATTEMPT = 1 ] && { kill -9 $PPID; sleep 1000; }\nexit 0\n",
         event="job", env={"APP_MARK": mark})
    completed(loose.wait_cid(loose.post_event("job")["cid"])[0])
    until(lambda: not marked(mark), what="they are gone")
    assert len(pids.read_text().split()) == 6


def test_big_everything(live):
    """Event, data, logs and emits at their limits in one execution."""
    fill = python("""
name = os.environ["FX_STEP"]
say(save={name: "x" * 80000})
say(emit={"event_type": "second", "payload": "y" * 500000})
os.write(1, b"z" * 70000)
""")
    make(live, fill, fill, fill, event="first")
    make(live, OK, event="second")
    executions = live.wait_cid(live.post_event("first", "p" * 1000000)["cid"])
    assert [completed(e)["service"] for e in executions][1:] == [executions[1]["service"]] * 3
    assert {name: len(text) for name, text in executions[0]["data"].items()} == {
        "step1": 80000, "step2": 80000, "step3": 80000}
    assert [len(step["log"]) for step in executions[0]["steps"]] == [65536] * 3
