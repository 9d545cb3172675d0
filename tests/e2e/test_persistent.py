"""Persistent scripts: one line in, one line out, and a fresh process after everything else."""
import json
import os
import pwd
import re
import shutil
import signal

import pytest

from harness import PROJECT, Home, is_running, until
from jobs import OK, PYTHON, SH, completed, failure, make, marked, replace, runners, save

MIB = 1 << 20

# answer(line) is called with each line as it came, and returns what is answered.
LOOP = """
def serve(answer):
    for line in sys.stdin.buffer:
        text = answer(line)
        if text is not None:
            sys.stdout.write((text if isinstance(text, str) else json.dumps(text)) + "\\n")
            sys.stdout.flush()
"""

# Says its process number, and does what the payload asks for besides.
OBEDIENT = PYTHON + LOOP + """
import signal
def answer(line):
    question = json.loads(line)
    exec(question["event"]["data"] or "")
    return {"ok": True, "save": {"pid": os.getpid()}}
serve(answer)
"""


def script(text, **options):
    return {"text": text, "name": "one", "options": {"persistent": True, **options}}


def start(home, *steps, event="job", **options):
    """A pipeline with a single runner."""
    return make(home, *steps, event=event, scale={"max": 1}, **options)


def send(home, payload=None, event="job"):
    """What became of the one execution of an event."""
    executions = home.wait_cid(home.post_event(event, payload)["cid"])
    assert len(executions) == 1, executions
    return executions[0]


def pid_of(execution):
    return completed(execution)["data"]["pid"]


# --- What it is told ---

def test_question(live):
    tell = PYTHON + LOOP + 'serve(lambda line: {"ok": True, "save": {"line": line.decode()}})\n'
    inputs, outputs = {"a": [1, 2.50, "ü"]}, {"report": "pdf"}
    pipeline = start(live, save(before=1),
                     {**script(tell), "name": "tell", "inputs": inputs, "outputs": outputs})
    execution = completed(send(live, {"n": 1.0}))
    line = execution["data"]["line"]
    assert line.endswith("}\n") and line.count("\n") == 1
    question = json.loads(line)
    event, received = question.pop("event"), question.pop("received")
    assert (received["door"], received["address"]) == ("events", "127.0.0.1")
    assert question == {
        "execution_id": execution["execution_id"], "attempt": 1, "cid": execution["cid"],
        "pipeline": {"id": pipeline, "name": execution["service"], "version": 1},
        "step": "tell", "data": {"before": 1}, "inputs": inputs, "outputs": outputs}
    assert event["id"] == execution["cid"]
    assert event["type"] == "job"
    assert event["data"] == {"n": 1.0}


def test_attempt(live):
    start(live, script(PYTHON + LOOP + """
serve(lambda line: {"ok": json.loads(line)["attempt"] == 3, "save": {"pid": os.getpid()}})
"""), retry={"limit": 5, "delay": 0.01})
    execution = completed(send(live))
    assert execution["attempt"] == 3


def test_lines_within_the_payload(live):
    """Line ends between tokens are taken out; every other byte stays as it was sent."""
    tell = PYTHON + LOOP + 'serve(lambda line: {"ok": True, "save": {"line": line.decode()}})\n'
    start(live, script(tell), {"name": "two", "text": OK, "inputs": {}})
    payload = ('{\n  "a" : [1.0 ,\r\n\t2e0],\n"text":"x\\n\\r\\u000a  y\u2028\u0085ü",\r\r"big":'
               '123456789012345678901234567890\n}\n')
    reply = live.post("/fx/events", ('{"event_source":"t","event_type":"job","payload":' + payload +
                                     "}").encode())
    line = completed(live.wait_cid(reply.json["cid"])[0])["data"]["line"]
    assert line.count("\n") == 1 and "\r" not in line
    assert payload.strip().replace("\n", "").replace("\r", "") in line
    assert json.loads(line)["event"]["data"] == json.loads(payload)


def test_inputs_on_several_lines(live):
    """They are kept as the client wrote them."""
    tell = PYTHON + LOOP + 'serve(lambda line: {"ok": True, "save": {"line": line.decode()}})\n'
    live.write_script("tell", tell)
    body = b"""{"name": "lines", "options": {"event": "job", "retry": {"limit": 0}}, "steps": [
        {"name": "one", "script": "tell", "options": {"persistent": true},
         "inputs": {
             "a": "b",
             "c": [1,
                   2]
         }}]}"""
    reply = live.post("/api/v1/pipelines/", body)
    assert reply.status == 201, reply
    live.start_trigger(reply.json["id"], ready=True)
    line = completed(send(live))["data"]["line"]
    assert json.loads(line)["inputs"] == {"a": "b", "c": [1, 2]}
    assert line.count("\n") == 1


def test_environment(live):
    """As of other scripts, but for what changes from one execution to the next."""
    start(live, script(PYTHON + LOOP + """
def answer(line):
    status = dict(l.split(":\\t", 1) for l in open("/proc/self/status").read().splitlines())
    return {"ok": True, "save": {
        "env": open("/proc/self/environ").read().split("\\0")[:-1], "directory": os.getcwd(),
        "runner": os.getppid(),
        "fds": sorted(map(int, os.listdir("/proc/self/fd")))[:4], "umask": os.umask(0o027),
        "session": os.getsid(0) == os.getpid(), "no_new_privileges": status["NoNewPrivs"]}}
serve(answer)
"""), env={"APP_COLOUR": "red", "APP_TZ": "Europe/Berlin"})
    execution = completed(send(live))
    data = execution["data"]
    account = pwd.getpwuid(os.geteuid())
    work = next(line for line in data["env"] if line.startswith("TMPDIR="))
    assert work.startswith(f"TMPDIR={live.dir}/run/work/")
    assert sorted(data.pop("env")) == sorted([
        work,
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8",
        "TZ=UTC", f"HOME={account.pw_dir}", f"USER={account.pw_name}", f"LOGNAME={account.pw_name}",
        "SHELL=/bin/sh", "APP_COLOUR=red", "APP_TZ=Europe/Berlin", f"FX_PIPELINE_ID={execution['pipeline_id']}",
        f"FX_PIPELINE={execution['service']}", "FX_PIPELINE_VERSION=1", "FX_STEP=one",
        f"FX_INSTANCE={data.pop('runner')}:{live.dir}"])
    # 3 is what os.listdir itself reads.
    assert data == {"directory": str(live.dir / "scripts"), "fds": [0, 1, 2, 3], "umask": 0o027,
                    "session": True, "no_new_privileges": "1"}


def test_limits(home):
    """Processor time is not limited: it would add up."""
    home.configure(step={"memory_bytes": 200 * MIB, "files": 77, "cpu_seconds": 9})
    home.start()
    home.start_dispatcher()
    start(home, script(PYTHON + LOOP + """
serve(lambda line: {"ok": True, "save": {"limits": open("/proc/self/limits").read()}})
"""))
    text = completed(send(home))["data"]["limits"]
    limits = {line[:26].strip(): line[26:].split()[0] for line in text.splitlines()}
    assert limits["Max core file size"] == "0"
    assert limits["Max data size"] == str(200 * MIB)
    assert limits["Max open files"] == "77"
    assert limits["Max cpu time"] == "unlimited"


# --- One process for many executions ---

def test_same_process(live):
    start(live, script(OBEDIENT))
    assert len({pid_of(send(live)) for _ in range(20)}) == 1


def test_counts_up(live):
    """It may keep what it likes from one execution to the next."""
    start(live, script(SH + """
n=0
while read -r line; do
    n=$((n + 1))
    echo "{\\"ok\\":true,\\"save\\":{\\"n\\":$n}}"
done
"""))
    assert [completed(send(live))["data"]["n"] for _ in range(5)] == [1, 2, 3, 4, 5]


def test_each_runner_has_its_own(live):
    start_two = script(PYTHON + LOOP + """
def answer(line):
    open(json.loads(line)["event"]["data"] + str(os.getpid()), "w").close()
    while len(os.listdir(os.path.dirname(json.loads(line)["event"]["data"]))) < 2:
        time.sleep(0.01)
    return {"ok": True, "save": {"pid": os.getpid()}}
serve(answer)
""")
    make(live, start_two, event="job", scale={"max": 2})
    cids = [live.post_event("job", str(live.scratch / "here-"))["cid"] for _ in range(2)]
    assert len({pid_of(live.wait_cid(cid)[0]) for cid in cids}) == 2


def test_several_in_a_pipeline(live):
    tell = PYTHON + LOOP + """
def answer(line):
    question = json.loads(line)
    return {"ok": True, "save": {question["step"]: [os.getpid(), len(question["data"])]}}
serve(answer)
"""
    start(live, *({**script(tell), "name": name} for name in ("a", "b", "c")))
    first, second = (completed(send(live))["data"] for _ in range(2))
    assert first == second
    assert len({pid for pid, _ in first.values()}) == 3
    assert [first[name][1] for name in "abc"] == [0, 1, 2]


def test_beside_other_scripts(live):
    """What ends with a script is the script's alone, however it ends."""
    mark = f"MARK-{live.place.name}"
    start(live, script(OBEDIENT), {"name": "leaves", "text": SH + "setsid sleep 1000 &\n"
          "sleep 1000 &\nexit 0\n"}, {**script(OBEDIENT), "name": "two"}, env={"APP_MARK": mark})
    pids = {pid_of(send(live)) for _ in range(5)}
    assert len(pids) == 1
    assert len(marked(mark)) == 2 and pids < set(marked(mark))


def test_started_with_the_first_execution(live):
    """A step that is not reached costs no process."""
    path = live.scratch / "started"
    start(live, {**script(f"{SH}touch {path}\ncat\n"), "when": [{"exact": {"source": "nobody"}}]})
    completed(send(live))
    assert not path.exists()


def test_large_payload(live):
    start(live, script(PYTHON + LOOP + """
serve(lambda line: {"ok": True, "save": {"n": len(json.loads(line)["event"]["data"])}})
"""))
    for size in (1, 65536, MIB - 1000):
        assert completed(send(live, "x" * size))["data"]["n"] == size


def test_large_answer(live):
    """As long as a line may be, with emits that are nearly as long."""
    start(live, script(PYTHON + LOOP + """
serve(lambda line: {"ok": True, "emit": [
    {"event_type": "other", "payload": "x" * 1000000}], "save": {"text": "y" * 10000}})
"""))
    make(live, script(PYTHON + LOOP + """
serve(lambda line: {"ok": True, "save": {"n": len(json.loads(line)["event"]["data"])}})
"""), event="other")
    parent, child = live.wait_cid(live.post_event("job")["cid"])
    assert completed(parent)["data"] == {"text": "y" * 10000}
    assert completed(child)["data"] == {"n": 1000000}


# --- What it answers ---

def test_save_and_emit(live):
    start(live, save(a=1, b=1), script(PYTHON + LOOP + """
serve(lambda line: {"ok": True, "error": None, "retry": True, "save": {"b": 2, "c": None}, "emit": [
    {"event_type": "other", "payload": [1]}, {"event_type": "other", "payload": {"n": 2}},
    {"event_type": "third", "payload": 3, "event_source": "/x", "topic": "other"}]})
"""))
    make(live, script(PYTHON + LOOP + """
serve(lambda line: {"ok": True, "save": {"event": json.loads(line)["event"]}})
"""), event="other", scale={"max": 1})
    parent, *children = live.wait_cid(live.post_event("job")["cid"])
    assert completed(parent)["data"] == {"a": 1, "b": 2, "c": None}
    assert [completed(child)["data"]["event"]["data"] for child in children] == [[1], {"n": 2}, 3]
    assert children[2]["data"]["event"]["source"] == "/x"
    assert {child["parent_execution_id"] for child in children} == {parent["execution_id"]}


@pytest.mark.parametrize("answer, error", [
    ({"ok": False}, "it failed without saying why"),
    ({"ok": False, "error": None}, "it failed without saying why"),
    ({"ok": False, "error": ""}, "it failed without saying why"),
    ({"ok": False, "error": "no luck: ü"}, "no luck: ü"),
    pytest.param({"ok": False, "error": "x" * 5000}, "x" * 1024, id="long"),
    ({"ok": False, "error": "100 %s %n"}, "100 %s %n"),
])
def test_failure(live, answer, error):
    """The process goes on."""
    start(live, script(OBEDIENT.replace(
        "exec(", f"if question['event']['data']: return {answer!r}\n    exec(")))
    pid = pid_of(send(live))
    execution = send(live, "fail")
    assert failure(execution) == f"step one: {error}"
    assert execution["attempt"] == 1
    assert pid_of(send(live)) == pid


@pytest.mark.parametrize("retry, attempts", [({}, 3), ({"retry": True}, 3), ({"retry": False}, 1)])
def test_retry(live, retry, attempts):
    start(live, script(PYTHON + LOOP + f"serve(lambda line: {{'ok': False, **{retry!r}}})\n"),
          retry={"limit": 2, "delay": 0.01})
    execution = send(live)
    failure(execution)
    assert execution["attempt"] == attempts


def test_what_a_failure_saves_and_emits(live):
    """Its data is kept, to see why; its events are not published."""
    start(live, script(PYTHON + LOOP + """
serve(lambda line: {"ok": False, "error": "no", "save": {"a": 1}, "emit": [
    {"event_type": "other", "payload": 1}]})
"""))
    make(live, OK, event="other")
    execution = send(live)
    assert failure(execution) == "step one: no"
    assert execution["data"] == {"a": 1}


def test_log(live):
    """What it writes on stderr until it answers, each execution its own."""
    start(live, script(PYTHON + LOOP + """
def answer(line):
    sys.stderr.write("begin\\n")
    sys.stderr.write(json.loads(line)["event"]["data"])
    sys.stderr.flush()
    return {"ok": True}
sys.stderr.write("starting\\n")
serve(answer)
"""))
    assert [completed(send(live, text))["steps"][0]["log"] for text in ("one", "", "grün")] == [
        "starting\nbegin\none", "begin\n", "begin\ngrün"]


def test_log_keeps_its_end(live):
    start(live, script(PYTHON + LOOP + """
def answer(line):
    sys.stderr.write("x" * 10000000 + "end")
    sys.stderr.flush()
    return {"ok": True}
serve(answer)
"""))
    for _ in range(2):
        assert completed(send(live))["steps"][0]["log"] == "x" * 65533 + "end"


@pytest.mark.parametrize("answer, error", [
    ("hello", "its answer is not JSON: at byte 0, "),
    ("", "its answer is not JSON: at byte 0, "),
    ("{}", "its answer lacks ok"),
    ("[]", "its answer is not an object"),
    ("null", "its answer is not an object"),
    ('{"ok":1}', "its answer has an ok that is neither true nor false"),
    ('{"ok":"true"}', "its answer has an ok that is neither true nor false"),
    ('{"ok":true,"ok":true}', "its answer is not JSON: at byte "),
    ('{"ok":true} {"ok":true}', "its answer is not JSON: at byte "),
    ('{"ok":true}\n{"ok":true}', "it answered with more than one line"),
    ('{"ok":true}\n', "it answered with more than one line"),
    ('{"ok":true,"done":1}',
     "its answer has other members than ok, error, retry, save and emit"),
    ('{"ok":false,"error":1}', "its answer has an error that is no text"),
    ('{"ok":false,"retry":"no"}', "its answer has a retry that is neither true nor false"),
    ('{"ok":true,"save":[]}', "its answer has a save that is no object"),
    ('{"ok":true,"emit":{"event_type":"a","payload":1}}',
     "its answer has an emit that is no array"),
    ('{"ok":true,"emit":[1]}', "its answer has an emit with something in it that is no object"),
    ('{"ok":true,"emit":[{}]}',
     "its answer is not acceptable: emit: event_type and payload are needed"),
    pytest.param('{"ok":true,"save":{"a":"' + "x" * 300000 + '"}}',
                 "its answer is not acceptable: the data saved would be more than 262144 bytes",
                 id="much"),
    ('{"ok":true}\r', None),
    (' {"ok" : true } ', None),
])
def test_garbage(live, answer, error):
    """The next execution has a fresh process, whatever was wrong."""
    start(live, script(OBEDIENT.replace(
        "exec(", f"if question['event']['data']: return {answer!r}\n    exec(")))
    pid = pid_of(send(live))
    execution = send(live, "say it")
    if error is None:
        completed(execution)
        return
    assert failure(execution).startswith(f"step one: {error}")
    assert not is_running(pid)
    fresh = pid_of(send(live))
    assert fresh != pid
    assert pid_of(send(live)) == fresh


def test_bytes_that_are_no_text(live):
    start(live, script(PYTHON + "sys.stdin.readline()\nos.write(1, b'\\xff\\x00\\n')\n"
                       "sys.stdin.read()\n"))
    assert failure(send(live)).startswith("step one: its answer is not JSON: at byte 0, ")


@pytest.mark.parametrize("text", [
    "'{\"ok\":true,\"error\":\"' + 'x' * 1048576 + '\"}\\n'",
    "'x' * 1048577",
    "'x' * 100000000",
])
def test_answer_that_is_too_long(live, text):
    start(live, script(PYTHON + "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
                       f"for line in sys.stdin:\n    sys.stdout.write({text})\n"
                       "    sys.stdout.flush()\n"))
    assert failure(send(live)) == "step one: its answer is longer than 1048576 bytes"


@pytest.fixture
def hasty(home):
    """A home that kills at once."""
    home.configure(step={"grace_seconds": 0})
    home.start()
    home.start_dispatcher()
    return home


@pytest.mark.parametrize("do, error", [
    ("sys.exit(0)", "exited with 0 before it answered"),
    ("sys.exit(3)", "exited with 3 before it answered"),
    ("raise ValueError('oh')", "exited with 1 before it answered"),
    ("os.kill(os.getpid(), 9)", "was killed by signal 9 (Killed) before it answered"),
    ("os.kill(os.getpid(), signal.SIGSEGV)",
     "was killed by signal 11 (Segmentation fault) before it answered"),
    ("os.close(1); os._exit(4)", "exited with 4 before it answered"),
    ("time.sleep(1000)", "did not answer within 0.5 seconds and was killed"),
    ("print('{\"ok\":', end='', flush=True); time.sleep(1000)",
     "did not answer within 0.5 seconds and was killed"),
    ("os.close(1); time.sleep(1000)", "did not answer within 0.5 seconds and was killed"),
    ("os.close(0); time.sleep(1000)", "did not answer within 0.5 seconds and was killed"),
    ("os.kill(os.getpid(), signal.SIGSTOP)", "did not answer within 0.5 seconds and was killed"),
    ("signal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True: time.sleep(1)",
     "did not answer within 0.5 seconds and was killed"),
])
def test_crash_and_silence(hasty, do, error):
    """With all that it has started; the next execution has a fresh process."""
    mark = f"MARK-{hasty.place.name}"
    start(hasty, script(OBEDIENT, timeout=0.5), env={"APP_MARK": mark})
    pid = pid_of(send(hasty))
    leave = """
for place in range(2):
    if os.fork() == 0:
        if place: os.setsid()
        os.closerange(0, 3)
        time.sleep(1000)
"""
    execution = send(hasty, leave + do)
    assert failure(execution) == f"step one: {error}"
    assert not marked(mark)
    fresh = pid_of(send(hasty))
    assert fresh != pid
    assert pid_of(send(hasty)) == fresh


def test_crash_is_tried_again(live):
    start(live, script(PYTHON + LOOP + """
def answer(line):
    question = json.loads(line)
    if question["attempt"] < 3:
        sys.exit(1)
    return {"ok": True, "save": {"attempt": question["attempt"]}}
serve(answer)
"""), retry={"limit": 5, "delay": 0.01})
    assert completed(send(live))["data"] == {"attempt": 3}


def test_exit_code(live):
    """Only where the process has ended."""
    start(live, script(OBEDIENT))
    assert send(live)["steps"][0]["exit_code"] is None
    execution = send(live, "sys.stderr.write('oh'); sys.exit(3)")
    assert execution["steps"][0]["exit_code"] == 3
    assert execution["steps"][0]["log"] == "oh"


@pytest.mark.parametrize("end", ["sys.exit(0)", "os.kill(os.getpid(), 9)"])
def test_ends_after_its_answer(live, end):
    """Then it has done its work, and another one does the next."""
    start(live, script(PYTHON + f"""
import signal
line = sys.stdin.readline()
print('{{"ok":true,"save":{{"pid":%d}}}}' % os.getpid(), flush=True)
{end}
"""))
    for _ in range(5):
        pid = pid_of(send(live))
        until(lambda: not is_running(pid), what="it ends")


def test_ends_after_each_answer(live):
    """Also when the next question is on its way by then: a fresh process gets it."""
    make(live, script(PYTHON + """
sys.stdin.readline()
print('{"ok":true}', flush=True)
time.sleep(0.02)
"""), event="job", scale={"max": 1})
    cids = [live.post_event("job")["cid"] for _ in range(20)]
    assert [live.wait_cid(cid)[0]["error"] for cid in cids] == [None] * 20


def test_says_something_unasked(live):
    """It would be taken for the next answer."""
    path = live.scratch / "unasked"
    start(live, script(PYTHON + f"""
mine = "{path}." + str(os.getpid())
sys.stdin.readline()
print('{{"ok":true,"save":{{"pid":%d}}}}' % os.getpid(), flush=True)
while not os.path.exists(mine + ".go"):
    time.sleep(0.01)
print('{{"ok":true,"save":{{"wrong":1}}}}', flush=True)
open(mine, "w").close()
sys.stdin.read()
"""))
    pid = pid_of(send(live))
    path.with_name(f"unasked.{pid}.go").touch()
    until(path.with_name(f"unasked.{pid}").exists, what="it has said something")
    execution = completed(send(live))
    assert execution["data"].keys() == {"pid"}
    assert execution["data"]["pid"] != pid


@pytest.mark.parametrize("size", [10, 900000])
def test_answers_without_reading(live, size):
    """The question would stay in the pipe, and every answer be that to the one before."""
    start(live, script(SH + """
echo "{\\"ok\\":true,\\"save\\":{\\"pid\\":$$}}"
exec sleep 1000
"""))
    pids = {pid_of(send(live, "x" * size)) for _ in range(3)}
    assert len(pids) == 3


def test_children_that_outlive_their_parents(live):
    """Are reaped when they end, though the script goes on."""
    start(live, script(OBEDIENT))
    leave = """
if os.fork() == 0:
    if os.fork() == 0:
        os._exit(0)
    os._exit(0)
os.wait()
"""
    for _ in range(3):
        send(live, leave)
    runner, = runners(live)
    pid = pid_of(send(live))

    def children():
        pid_of(send(live))
        with open(f"/proc/{runner}/task/{runner}/children") as file:
            return [int(child) for child in file.read().split()]

    until(lambda: children() == [pid], what="they are reaped")


# --- Starting and ending ---

def test_missing_script(live):
    start(live, script(OBEDIENT))
    path = max((live.dir / "scripts").iterdir(), key=lambda p: p.stat().st_mtime_ns)
    text = path.read_text()
    path.unlink()
    assert failure(send(live)) == (
        f'step one: the script "{path.name}" could not be started: No such file or directory')
    live.write_script(path.name, text)
    pid_of(send(live))


def test_script_that_has_changed(live):
    """What runs is what lies there."""
    live.write_script(
        "script", SH + """while read -r l; do echo '{"ok":true,"save":{"v":1}}'; done\n""")
    start(live, {"name": "one", "script": "script", "options": {"persistent": True}})
    assert completed(send(live))["data"] == {"v": 1}
    new = live.write_script(
        "new", SH + """while read -r l; do echo '{"ok":true,"save":{"v":2}}'; done\n""")
    os.replace(new, live.dir / "scripts/script")
    assert completed(send(live))["data"] == {"v": 2}


VERSIONED = SH + """while read -r l; do echo '{"ok":true,"save":{"v":1}}'; done\n"""
NEXT = VERSIONED.replace('"v":1', '"v":2')


def rewrite(path, text):
    """In place, with the size, the times of the file and all else that can be kept."""
    before = path.stat()
    path.write_text(text)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = path.stat()
    assert (after.st_ino, after.st_size, after.st_mtime_ns) == (
        before.st_ino, before.st_size, before.st_mtime_ns)


def relink(path, text):
    new = path.with_name("next")
    new.write_text(text)
    new.chmod(0o750)
    link = path.with_name("link")
    link.symlink_to(new)
    os.replace(link, path)


def replace_file(path, text):
    new = path.with_name("next")
    new.write_text(text)
    new.chmod(0o750)
    os.utime(new, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    os.replace(new, path)


@pytest.mark.parametrize("change", [rewrite, relink, replace_file])
def test_any_change_of_the_script(live, change):
    """Also one that keeps its size, its time, or its inode."""
    path = live.write_script("script", VERSIONED)
    start(live, {"name": "one", "script": "script", "options": {"persistent": True}})
    assert completed(send(live))["data"] == {"v": 1}
    change(path, NEXT)
    assert completed(send(live))["data"] == {"v": 2}


def test_script_that_may_not_be_run_any_more(live):
    """Its process does not go on, as one of another kind could not be started."""
    path = live.write_script("script", VERSIONED)
    start(live, {"name": "one", "script": "script", "options": {"persistent": True}})
    completed(send(live))
    path.chmod(0o640)
    assert failure(send(live)) == (
        'step one: the script "script" could not be started: Permission denied')
    path.chmod(0o750)
    assert completed(send(live))["data"] == {"v": 1}


LATE = {
    "ok": '{"ok": True, "save": {"late": 2}}',
    "not ok": '{"ok": False, "error": "no time", "save": {"late": 2}}',
    "emits": '{"ok": True, "save": {"late": 2}, "emit": [{"event_type": "never", "payload": 1}]}',
}


@pytest.mark.parametrize("way", ["timeout", "cancel"])
@pytest.mark.parametrize("answer", LATE)
def test_what_is_saved_in_the_grace_time_counts(live, way, answer):
    """An answer that comes too late saves what it saves, and the step has failed as it had."""
    begun = live.scratch / "begun"
    make(live, {"text": PYTHON + f"""
import signal
def late(*_):
    print(json.dumps({LATE[answer]}), flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, late)
for line in sys.stdin:
    open({str(begun)!r}, "w").close()
    while True:
        signal.pause()
""", "name": "one", "options": {"persistent": True, **({"timeout": 0.5} if way == "timeout" else {})}},
         event="job")
    cid = live.post_event("job")["cid"]
    if way == "cancel":
        until(begun.exists, what="it is at work")
        execution, = live.get(f"/fx/cid/{cid}").json["executions"]
        assert live.post(f"/api/v1/executions/{execution['execution_id']}/cancel").status == 200
    execution, = live.wait_cid(cid)
    assert failure(execution) == {"timeout": "step one: did not answer within 0.5 seconds and was killed",
                                  "cancel": "cancelled by request"}[way]
    assert execution["data"] == {"late": 2}


BASH = shutil.which("bash")


@pytest.mark.skipif(not BASH, reason="needs bash")
@pytest.mark.parametrize("case", ["dies", "answers and dies", "answers late"])
def test_output_through_a_process_substitution(live, case):
    """Whole, when its process has ended before the processes that its output goes through."""
    text, end, log = {
        "dies": ("exec 2> >(sed s/^/x/ >&2)", "echo traceback >&2; exit 3", "xtraceback\n"),
        "answers and dies": ("exec > >(cat)", """echo '{"ok":true}'; exit 0""", ""),
        "answers late": ("exec > >(sed 's/no/true/')", """echo '{"ok":no}'; exit 0""", ""),
    }[case]
    start(live, {"text": f"#!{BASH}\n{text}\nread -r l; {end}\n", "name": "one",
                 "options": {"persistent": True}})
    for _ in range(10):
        execution = send(live)
        assert execution["status"] == ("failed" if case == "dies" else "completed"), execution
        assert execution["steps"][0]["log"] == log


@pytest.mark.skipif(not BASH, reason="needs bash")
def test_what_is_left_when_its_runner_goes(live):
    """Its log of its own is whole."""
    path = live.scratch / "log"
    make(live, {"text": f"""#!{BASH}
exec 2> >(sed s/^/x/ >{path})
while read -r l; do echo '{{"ok":true}}'; done
echo end >&2
""", "name": "one", "options": {"persistent": True}}, event="job",
         scale={"min": 0, "max": 1, "idle_timeout": 0.1})
    completed(send(live))
    until(lambda: not runners(live), what="all is gone")
    assert path.read_text() == "xend\n"


def test_next_version(live):
    """Has a process of its own; that of the version before ends in order."""
    path = live.scratch / "bye"
    pipeline = start(live, script(OBEDIENT + f"\nopen('{path}', 'w').close()\n"))
    pid = pid_of(send(live))
    replace(live, pipeline, script(OBEDIENT), scale={"max": 1})
    live.start_trigger(pipeline, ready=True)
    assert pid_of(send(live)) != pid
    assert path.exists() and not is_running(pid)


def test_ends_with_its_runner(live):
    """Its stdin closes, and it may tidy up."""
    path = live.scratch / "bye"
    start_with = {"min": 0, "max": 1, "idle_timeout": 0.1}
    make(live, script(OBEDIENT + f"\nopen('{path}', 'w').write(str(os.getpid()))\n"),
         event="job", scale=start_with)
    pid = pid_of(send(live))
    until(lambda: path.exists() and path.read_text() == str(pid), what="it has tidied up")
    until(lambda: not is_running(pid) and not runners(live), what="all is gone")


def test_does_not_want_to_end(home):
    """When its runner goes."""
    home.configure(step={"grace_seconds": 1})
    home.start()
    home.start_dispatcher()
    mark = f"MARK-{home.place.name}"
    make(home, script(OBEDIENT + "\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
                      "if os.fork(): os.setpgid(0, 0)\ntime.sleep(1000)\n"),
         event="job", scale={"min": 0, "max": 1, "idle_timeout": 0.1}, env={"APP_MARK": mark})
    pid_of(send(home))
    until(lambda: not marked(mark) and not runners(home), what="all is gone")


@pytest.mark.parametrize("how", ["stop_dispatcher", "kill_dispatcher"])
@pytest.mark.parametrize("busy", [False, True])
def test_ends_with_the_dispatcher(home, how, busy):
    """Nothing is left, whether it was at work or not."""
    home.configure(dispatcher={"drain_seconds": 0})
    home.start()
    home.start_dispatcher()
    mark = f"MARK-{home.place.name}"
    path = home.scratch / "busy"
    start(home, script(OBEDIENT), env={"APP_MARK": mark})
    pid_of(send(home))
    if busy:
        home.post_event("job", f"open('{path}', 'w').close()\ntime.sleep(1000)")
        until(path.exists, what="it is at work")
    getattr(home, how)()
    until(lambda: not marked(mark) and not runners(home), what="all is gone")


def leave_something(home):
    """A persistent script has started a process and rests; the mark of both."""
    mark = f"MARK-{home.place.name}"
    home.start()
    home.start_dispatcher()
    start(home, script(OBEDIENT), env={"APP_MARK": mark})
    pid_of(send(home, "import subprocess as s\n"
                "s.Popen(['setsid', 'sleep', '1000'], stdin=0, stdout=2, stderr=2)\n"))
    until(lambda: len(marked(mark)) == 2, what="both are there")
    return mark


def kill_all_at_once(home):
    """The dispatcher and its runners: none of them has time to end what they have started."""
    home.dispatcher.send_signal(signal.SIGSTOP)
    for pid in runners(home):
        os.kill(pid, signal.SIGKILL)
        until(lambda: not is_running(pid), what="the runner is gone")
    home.kill_dispatcher()


def test_killed_with_its_runners(home):
    """What it has started is ended by the next dispatcher; what is of other homes stays, whether
    anybody is there for it or not."""
    with Home() as alive, Home() as dead:
        mark, alive_mark, dead_mark = map(leave_something, (home, alive, dead))
        kill_all_at_once(home)
        kill_all_at_once(dead)
        [left] = until(lambda: len(marked(mark)) == 1 and marked(mark), what="the script is gone")
        until(lambda: len(marked(dead_mark)) == 1, what="that of the other home too")
        home.start_dispatcher()
        until(lambda: not is_running(left), what="what was left is gone")
        completed(send(home))
        assert len(marked(alive_mark)) == 2 and len(marked(dead_mark)) == 1
        completed(send(alive))
        dead.start_dispatcher()
        until(lambda: not marked(dead_mark), what="its own dispatcher ends it")


def test_runner_that_is_killed(loose):
    """Takes it along; the execution is tried again with a fresh one."""
    start(loose, script(OBEDIENT))
    pid = pid_of(send(loose))
    execution = send(loose, "if question['attempt'] == 1:\n"
                     "    os.kill(os.getppid(), 9)\n    time.sleep(1000)")
    assert pid_of(execution) != pid
    assert execution["attempt"] == 2
    until(lambda: not is_running(pid), what="it is gone")


def test_cancelled(live):
    """It gets TERM; the next execution a fresh process."""
    path = live.scratch / "busy"
    start(live, script(OBEDIENT))
    pid = pid_of(send(live))
    cid = live.post_event("job", f"open('{path}', 'w').close()\ntime.sleep(1000)")["cid"]
    until(path.exists, what="it is at work")
    execution, = live.get(f"/fx/cid/{cid}").json["executions"]
    assert live.post(f"/api/v1/executions/{execution['execution_id']}/cancel").status == 200
    execution, = live.wait_cid(cid)
    assert failure(execution) == "cancelled by request"
    assert not is_running(pid)
    assert pid_of(send(live)) != pid


def test_time_of_the_whole_execution(live):
    """An execution whose time is up ends no process that it has not begun to ask."""
    start(live, script(OBEDIENT), {**script(OBEDIENT), "name": "two"}, timeout=0.5)
    pid = pid_of(send(live))
    execution = send(live, "time.sleep(1000 if question['step'] == 'two' else 0)")
    assert failure(execution) == (
        "step two: was killed when the execution's 0.5 seconds were over")
    assert pid_of(send(live)) != pid  # of the second step, whose data is the later


# --- The examples in docs/steps.md ---

def example(language, words):
    """The example in this language with these words in it."""
    text = (PROJECT / "docs/steps.md").read_text()
    found = [block for block in re.findall(rf"^```{language}\n(.*?)^```", text, re.M | re.S)
             if words in block]
    assert len(found) == 1, found
    return found[0]


def orders(home, text):
    """One order that is good, one that is not, twice."""
    start(home, script(text))
    make(home, save(other=True), event="order.seen")
    for n in (1, 2):
        parent, child = home.wait_cid(home.post_event("job", {"id": n, "text": "a\nb"})["cid"])
        assert completed(parent)["data"] == {"seen": n}
        assert parent["steps"][0]["log"] == f"order {n}\n"
        completed(child)
        execution = send(home, {"no": "id"})
        assert failure(execution) == "step one: an order without an id"
        assert execution["attempt"] == 1


def test_example_in_python(live):
    orders(live, example("python", "order"))


@pytest.mark.skipif(not shutil.which("php"), reason="php-cli is not installed")
def test_example_in_php(live):
    orders(live, example("php", "order"))


def test_example_in_sh(live):
    path = live.scratch / "events"
    start(live, script(example("sh", "while")), env={"APP_FILE": str(path)})
    for n in (1, 2, 3):
        completed(send(live, {"n": n}))
    questions = [json.loads(line) for line in path.read_text().splitlines()]
    assert [question["event"]["data"] for question in questions] == [{"n": 1}, {"n": 2}, {"n": 3}]


def test_example_of_a_script(live):
    directory = live.scratch / "events"
    directory.mkdir()
    make(live, {"name": "one", "text": example("sh", "$APP_DIRECTORY")}, event="job",
         env={"APP_DIRECTORY": str(directory)})
    execution = send(live, {"n": 1})
    name = completed(execution)["data"]["file"]
    assert json.loads((directory / name).read_text())["data"] == {"n": 1}
    assert execution["steps"][0]["log"] == "stored in attempt 1\n"
