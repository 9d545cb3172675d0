"""An execution while it runs: its steps so far, and the log of the one at hand as it grows."""
import itertools
import json
import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness import BUILD, until
from jobs import OK, PYTHON, SH, completed, executions_of, make, python, run, runners, wait_for
from test_step_user import USER, only_root, opened, script

KIB = 1 << 10


def begin(home, *steps, **options):
    """Starts an execution of these steps. Its id, once it runs."""
    make(home, *steps, event="job", **options)
    cid = home.post_event("job")["cid"]
    [execution] = until(lambda: [e for e in executions_of(home, cid) if e["status"] == "in_progress"],
                        what="it runs")
    return execution["execution_id"]


def log_of(home, execution, wait=0, **query):
    words = "&".join(f"{name}={value}" for name, value in {**query, "wait": wait}.items())
    reply = home.get(f"/fx/executions/{execution}/log?{words}")
    assert reply.status == 200, reply
    return reply


def first(reply):
    return int(reply.headers["X-FX-Log-From"])


def following(reply):
    return int(reply.headers["X-FX-Log-Next"])


def is_whole(reply):
    return reply.headers["X-FX-Log-End"] == "true"


def follow(home, execution, **query):
    """The replies until the step's log is whole, each waited for."""
    replies = [log_of(home, execution, wait=20, **query)]
    while not is_whole(replies[-1]):
        replies.append(log_of(home, execution, wait=20, **{**query, "from": following(replies[-1])}))
    return replies


def steps_of(home, execution):
    return home.get(f"/fx/executions/{execution}").json["steps"]


def final(home, execution):
    """The execution, once its outcome is stored."""
    def found():
        result = home.get(f"/fx/executions/{execution}").json
        return result if result["status"] not in ("pending", "in_progress") else None
    return until(found, what="it has ended")


def files(home):
    return sorted((home.dir / "run/live").glob("*"))


@pytest.fixture
def gate(live):
    """A file that scripts wait for; opened by touch()."""
    return live.scratch / "gate"


# --- The steps so far ---

def test_steps_so_far(live, gate):
    execution = begin(live, {"name": "one", "text": SH + "echo 1\n"},
                      {"name": "no", "text": OK, "when": [{"exact": {"type": "other"}}]},
                      {"name": "two", "text": SH + "echo begun\n" + wait_for(gate)},
                      {"name": "three", "text": SH + "echo 3\n"})
    until(lambda: "begun" in log_of(live, execution).body.decode(), what="it has said so")
    steps = steps_of(live, execution)
    assert [(s["name"], s["status"], s["log"], s["exit_code"]) for s in steps] == [
        ("one", "completed", "1\n", 0), ("no", "skipped", "", None),
        ("two", "in_progress", "begun\n", None), ("three", "pending", "", None)]
    assert steps[0]["seconds"] > 0 and steps[2]["started"] and steps[3]["started"] is None
    assert log_of(live, execution, step="one").body == b"1\n"
    gate.touch()
    steps = final(live, execution)["steps"]
    assert [(s["status"], s["log"]) for s in steps] == [
        ("completed", "1\n"), ("skipped", ""), ("completed", "begun\n"), ("completed", "3\n")]


def test_persistent_script(live, gate):
    text = PYTHON + f"""
for n, line in enumerate(sys.stdin):
    print("asked", n, file=sys.stderr, flush=True)
    while not os.path.exists({str(gate)!r}):
        time.sleep(0.01)
    print("done", file=sys.stderr, flush=True)
    print('{{"ok": true}}', flush=True)
"""
    execution = begin(live, {"text": text, "options": {"persistent": True}})
    until(lambda: log_of(live, execution).body == b"asked 0\n", what="the line")
    gate.touch()
    assert b"".join(r.body for r in follow(live, execution, step="step1")) == b"asked 0\ndone\n"
    assert final(live, execution)["steps"][0]["log"] == "asked 0\ndone\n"


def test_attempts_begin_anew(live, gate):
    execution = begin(live, SH + f"echo attempt $FX_ATTEMPT\n[ $FX_ATTEMPT = 1 ] && {{ {wait_for(gate)}exit 1; }}\n"
                      + wait_for(str(gate) + "2"), retry={"limit": 1, "delay": 0})
    until(lambda: log_of(live, execution).body == b"attempt 1\n", what="the first")
    gate.touch()
    until(lambda: log_of(live, execution).body == b"attempt 2\n", what="the second")
    Path(str(gate) + "2").touch()
    final(live, execution)


# --- The log as it grows ---

def test_follow(live, gate):
    """Each line once, whatever was waited for meanwhile; and the same as what is stored."""
    lines = 40
    execution = begin(live, SH + f"i=0; while [ $i -lt {lines} ]; do echo line $i; i=$((i+1)); sleep 0.01; done\n")
    replies = follow(live, execution)
    text = b"".join(reply.body for reply in replies)
    assert text.decode() == "".join(f"line {n}\n" for n in range(lines))
    assert len([reply for reply in replies if reply.body]) > 2
    assert all(reply.headers["X-FX-Log-Step"] == "step1" for reply in replies)
    assert final(live, execution)["steps"][0]["log"] == text.decode()
    assert log_of(live, execution).body == text
    assert log_of(live, execution, **{"from": 7}).body == text[7:]
    beyond = log_of(live, execution, **{"from": 10**9})
    assert beyond.body == b"" and is_whole(beyond) and following(beyond) == 10**9


def test_follow_from_before_it_runs(live, gate):
    """One that waits for its turn: the first byte ends the waiting."""
    make(live, SH + wait_for(gate) + "echo $FX_EVENT_TYPE\n", event="job", scale={"max": 1}, ordered=True)
    cids = [live.post_event("job")["cid"] for _ in range(2)]
    second = until(lambda: executions_of(live, cids[1]), what="it is there")[0]["execution_id"]
    assert log_of(live, second).body == b"" and not is_whole(log_of(live, second))
    gate.touch()
    assert b"".join(r.body for r in follow(live, second)) == b"job\n"


def test_last_words(live):
    """Without a line end, by TERM, and what was killed."""
    execution = begin(live, SH + 'trap "printf bye; exit 3" TERM\nsetsid sleep 1000 >/dev/null 2>&1 & printf hello; wait\n',
                      timeout=1)
    text = b"".join(reply.body for reply in follow(live, execution)).decode()
    assert text == final(live, execution)["steps"][0]["log"]
    assert text.startswith("hellobye\nfx-bridge: killed what the script had left running: sleep")


def test_bytes_are_as_written(live, gate):
    execution = begin(live, SH + r"printf '\377\000\033[31m\r\n'" + "\n" + wait_for(gate))
    until(lambda: log_of(live, execution).body == b"\xff\0\x1b[31m\r\n", what="its bytes")
    gate.touch()
    final(live, execution)


@pytest.mark.parametrize("query, status", [
    ("from=-1", 422), ("from=x", 422), ("from=1.5", 422), ("from=", 422),
    ("from=99999999999999999999", 422), ("wait=31", 422), ("wait=-1", 422), ("step=other", 404)])
def test_bad_queries(live, query, status):
    execution = completed(run(live, SH + "echo x\n"))["execution_id"]
    assert live.get(f"/fx/executions/{execution}/log?{query}").status == status


@pytest.mark.parametrize("name", ["x", "00000000-0000-7000-8000-000000000000", "cid"])
def test_ids_of_other_kinds(live, name):
    if name == "cid":
        name = completed(run(live, OK))["cid"]
    reply = live.get(f"/fx/executions/{name}/log?wait=5")
    assert (reply.status, reply.json["detail"]) == (404, "There is no such execution.")


def test_more_readers_than_may_wait(home):
    """One whose place another takes is answered as things are, asks again, and misses nothing."""
    home.configure(web={"waits": 2})
    home.start()
    home.start_dispatcher()
    path = home.scratch / "gate"
    execution = begin(home, SH + f"echo begun\n{wait_for(path)}echo ended\n")
    with ThreadPoolExecutor(6) as pool:
        readers = [pool.submit(follow, home, execution) for _ in range(6)]
        try:
            until(lambda: log_of(home, execution).body == b"begun\n", what="it has begun")
        finally:
            path.touch()
        for reader in readers:
            assert b"".join(reply.body for reply in reader.result()) == b"begun\nended\n"


# --- On the command line ---

def printed(home, *words):
    done = home.run_fxctl("execution", "log", *words)
    assert done.returncode == 0, done
    return done.stdout


def test_fxctl_prints_all_steps(live):
    execution = completed(run(live, SH + "echo 1\n", OK, SH + "printf 3\n"))["execution_id"]
    done = live.run_fxctl("execution", "log", execution[-8:])
    assert (done.stdout, done.stderr.split()) == (
        "1\n3", ["step", "step1:", "step", "step2:", "step", "step3:"])
    assert printed(live, execution, "--step", "step3") == "3"
    pieces = [json.loads(line) for line in printed(live, execution, "--json", "-f").splitlines()]
    assert pieces == [{"step": "step1", "attempt": 1, "from": 0, "log": "1\n"},
                      {"step": "step3", "attempt": 1, "from": 0, "log": "3"}]
    done = live.run_fxctl("execution", "log", execution, "--step", "other")
    assert (done.returncode, done.stdout) == (1, "") and 'has no step "other"' in done.stderr


def test_fxctl_follows(live, gate):
    """From the first step of the first attempt to the end of the last, whatever comes between."""
    begun = live.scratch / "begun"
    execution = begin(
        live, SH + "echo one $FX_ATTEMPT\n", OK,
        SH + f"echo two $FX_ATTEMPT\n: >{begun}-$FX_ATTEMPT\n[ $FX_ATTEMPT = 2 ] && {wait_for(gate)}echo more\nsleep 0.1\n"
        "[ $FX_ATTEMPT = 2 ]\n", retry={"limit": 1, "delay": 1})
    command = [BUILD / "bin/fxctl", "execution", "log", execution]
    follow_all = subprocess.Popen([*command, "-f"], env=live.environment(), text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **live.process)
    until(Path(f"{begun}-2").exists, what="the second attempt")
    follow_one = subprocess.Popen([*command, "--follow", "--step=step3"], env=live.environment(), text=True,
                                  stdout=subprocess.PIPE, **live.process)
    gate.touch()
    assert follow_all.communicate(timeout=30)[0].split("\n")[-4:] == ["one 2", "two 2", "more", ""]
    assert follow_one.communicate(timeout=30)[0] == "two 2\nmore\n"
    assert follow_all.returncode == follow_one.returncode == 0


@pytest.mark.parametrize("words", [["-f"], ["-f", "--step=step1"]], ids=["all", "one step"])
def test_fxctl_follows_a_flood(live, gate, words):
    """It says when some of it is gone, and at the end how much, and nothing in between."""
    execution = begin(live, SH + f"echo begun\n{wait_for(gate)}head -c 300M /dev/zero | tr '\\0' x\n")
    follow_it = subprocess.Popen([BUILD / "bin/fxctl", "execution", "log", execution, "--json", *words],
                                 env=live.environment(), text=True, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, **live.process)
    pieces = [json.loads(follow_it.stdout.readline())]
    gate.touch()
    out, err = follow_it.communicate(timeout=60)
    pieces += [json.loads(line) for line in out.splitlines()]
    gone = sum(b["from"] - a["from"] - len(a["log"]) for a, b in itertools.pairwise(pieces))
    told = [int(n) for n in re.findall(r"(\d+)(?: more)? bytes of the log are not there any more", err)]
    assert gone and sum(told) == gone and 1 <= len(told) <= 2, err


# --- Secrets ---

SECRET = "s3cr3t-abcdefghijklmnopqrstuvwxyz"


@pytest.mark.parametrize("persistent", [False, True], ids=["script", "persistent"])
def test_secrets_are_blotted(live, gate, persistent):
    """Also one that is written in two parts, with a pause in between; and nothing else is held back."""
    live.fxctl("step-secret", "set", "token", stdin=SECRET)
    half = len(SECRET) // 2
    text = PYTHON + f"""
token = os.environ["APP_TOKEN"]
def say(text):
    os.write(2, text.encode())
    time.sleep(0.1)
for line in (sys.stdin if {persistent} else [0]):
    say("begin\\n")
    say(token[:{half}])
    say(token[{half}:] + "\\n")
    for c in "x" + token + "y\\n":
        say(c)
    while not os.path.exists({str(gate)!r}):
        time.sleep(0.01)
    say(token[:9])
    if {persistent}:
        print('{{"ok": true}}', flush=True)
"""
    execution = begin(live, {"text": text, "options": {"persistent": persistent}},
                      env={"APP_TOKEN": {"secret": "token"}})
    until(lambda: log_of(live, execution).body == b"begin\n", what="what is no secret")
    shown = b"begin\n(not shown)\nx(not shown)y\n"
    until(lambda: log_of(live, execution).body == shown, what=lambda: log_of(live, execution))
    assert SECRET[:9].encode() not in b"".join(path.read_bytes() for path in files(live))
    gate.touch()
    assert b"".join(r.body for r in follow(live, execution)) == shown + b"(not shown)"
    assert final(live, execution)["steps"][0]["log"].encode() == shown + b"(not shown)"


# --- Bounds ---

def test_flood(live, gate):
    """As much as a pipe takes: the file stays small, what is gone is said, and others go on."""
    execution = begin(live, python(f"""
block = b"x" * 65535 + b"\\n"
while not os.path.exists({str(gate)!r}):
    os.write(1, block)
os.write(1, b"the end\\n")
"""))
    until(lambda: following(log_of(live, execution)) > 64 << 20, what="64 MiB")
    largest, gaps, at = 0, 0, 0
    for _ in range(50):
        reply = log_of(live, execution, wait=5, **{"from": at})
        gaps += first(reply) > at
        assert len(reply.body) == following(reply) - first(reply)
        at = following(reply)
        largest = max([largest, *(path.stat().st_size for path in files(live))])
    assert gaps and largest <= 6 * 64 * KIB
    assert completed(run(live, OK))
    gate.touch()
    assert b"".join(reply.body for reply in follow(live, execution)).endswith(b"the end\n")
    assert final(live, execution)["steps"][0]["log"].endswith("the end\n")


def test_long_log_is_followed_to_its_end(live):
    """Longer than what is kept: a follower that keeps up misses nothing."""
    lines = 6000
    execution = begin(live, python(f"""
for n in range({lines}):
    print(n, "x" * 50, flush=True)
    if n % 100 == 0:
        time.sleep(0.05)
"""))
    text = b"".join(reply.body for reply in follow(live, execution)).decode()
    assert [int(line.split()[0]) for line in text.splitlines()] == list(range(lines))
    assert text.endswith(final(live, execution)["steps"][0]["log"])


def test_reader_that_never_reads(live, gate):
    """It takes a place for its wait at most, and no step, nor the dispatcher, waits for it."""
    execution = begin(live, SH + "yes | head -c 300000\n" + wait_for(gate) + "echo end\n")
    until(lambda: following(log_of(live, execution)) == 300000, what="all of it")
    peers = [live.connect() for _ in range(20)]
    for peer in peers:
        peer.sendall(live.request("GET", f"/fx/executions/{execution}/log"))
        peer.sendall(live.request("GET", f"/fx/executions/{execution}/log?from=300000&wait=30"))
    gate.touch()
    assert final(live, execution)["status"] == "completed"
    assert log_of(live, execution).body.endswith(b"y\nend\n")
    for peer in peers:
        peer.close()


def test_quick_executions_write_nothing(live):
    for _ in range(5):
        completed(run(live, SH + "echo x\n", SH + "echo y\n"))
    assert all(path.stat().st_size for path in files(live)) and len(files(live)) <= 5


# --- What is left ---

def test_file_goes(live):
    """Some seconds after the attempt, or with its runner."""
    execution = begin(live, SH + "echo x\nsleep 0.3\n", scale={"max": 1, "idle_timeout": 0.1})
    until(lambda: files(live), what="it is there")
    assert oct(files(live)[0].stat().st_mode & 0o777) == "0o640"
    final(live, execution)
    until(lambda: not runners(live) and not files(live), what="it is gone")


def test_file_goes_while_its_runner_rests(live):
    """One that stays, and has no other job."""
    execution = begin(live, SH + "echo x\nsleep 0.3\n", scale={"min": 1, "max": 1})
    until(lambda: files(live), what="it is there")
    final(live, execution)
    until(lambda: not files(live), what="it is gone")
    assert len(runners(live)) == 1
    completed(live.wait_cid(live.post_event("job")["cid"])[0])


def test_file_goes_while_its_runner_works_on(live):
    make(live, SH + "echo x\nsleep 0.2\n", event="job", scale={"max": 1})
    ids = set()

    def gone():
        execution = live.wait_cid(live.post_event("job")["cid"])[0]["execution_id"]
        ids.add(execution)
        return {path.name for path in files(live)} < ids
    until(gone, what="some are gone")
    assert len(files(live)) < 64


def test_after_a_crash(live, gate):
    """The file of a runner that was killed tells of no other attempt, and goes with the next one."""
    begun = live.scratch / "begun"
    make(live, SH + f"echo attempt $FX_ATTEMPT\n: >{begun}-$FX_ATTEMPT\n[ $FX_ATTEMPT = 2 ] || sleep 1000\n"
         + wait_for(gate), event="job")
    cid = live.post_event("job")["cid"]
    until(lambda: files(live), what="it is told of")
    [runner] = runners(live)
    os.kill(runner, 9)
    [execution] = executions_of(live, cid)
    until(lambda: Path(f"{begun}-2").exists(), what="it runs again")
    until(lambda: log_of(live, execution["execution_id"]).body == b"attempt 2\n", what="its log")
    gate.touch()
    assert final(live, execution["execution_id"])["attempt"] == 2


def test_confined_scripts_reach_none(live, gate):
    execution = begin(live, SH + "echo secret words\n" + wait_for(gate))
    until(lambda: files(live), what="it is there")
    log = completed(run(live, SH + f"cat ../run/live/{execution}; ls ../run/live; (: >../run/live/x); exit 0\n"))
    text = log["steps"][0]["log"]
    assert text.count("denied") >= 2 and "secret words" not in text
    assert not (live.dir / "run/live/x").exists()
    gate.touch()
    final(live, execution)


@only_root
def test_another_account_reaches_none(home):
    """Its modes alone keep it shut, where scripts are not confined."""
    home.configure(step={"user": USER, "confine": "off"})
    opened(home).start()
    home.start_dispatcher()
    gate = home.scratch / "gate"
    home.scratch.chmod(0o777)
    waits = script(home, "waits", SH + "echo secret words\n" + wait_for(gate))
    execution = begin(home, waits)
    until(lambda: files(home), what="it is there")
    spy = script(home, "spy", SH + f"cat ../run/live/{execution}; ls ../run/live; exit 0\n")
    text = completed(run(home, spy))["steps"][0]["log"]
    assert text.count("denied") == 2 and "secret words" not in text
    gate.touch()
    final(home, execution)


@pytest.mark.parametrize("thing", ["file", "link", "pipe", "directory", "nothing of ours"])
def test_what_others_put_there(live, gate, thing):
    """A script that is not confined may: it harms nobody but itself."""
    place = live.dir / "run/live"
    if thing == "file":
        place.write_text("in the way")
    execution = begin(live, SH + wait_for(gate) + "echo end\n")
    path = place / execution
    if thing != "file":
        until(path.exists, what="it is there")
        path.unlink()
    if thing == "link":
        path.symlink_to(live.dir / "fx.conf")
    elif thing == "pipe":
        os.mkfifo(path)
    elif thing == "directory":
        path.mkdir()
    elif thing == "nothing of ours":
        path.write_bytes(os.urandom(5000))
    assert log_of(live, execution).body == b""
    assert steps_of(live, execution) == []
    gate.touch()
    assert final(live, execution)["steps"][0]["log"] == "end\n"
