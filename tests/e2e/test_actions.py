"""What people do to executions: run a pipeline by hand, retry, skip and cancel, by HTTP and by
fxctl, in every status, and whether a dispatcher runs or not."""
import json
import re

import pytest

from checks import UUID, check_problem, nothing_stored
from harness import until
from jobs import (OK, SH, completed, executions_of, failure, gate, make, make_steps, marked,
                  python, replace, runners, stop_trigger, trigger, wait_for, wait_trigger)

NEVER_ISSUED = "01900000-0000-7000-8000-000000000000"
SHOW = SH + """sed -n 's/.*"data":\\(.*\\)}$/{"save":{"got":\\1}}/p' >&3\n"""
VERSION = SH + """echo "{\\"save\\":{\\"version\\":\\"$FX_PIPELINE_VERSION\\"}}" >&3\n"""
FAILS_ONCE = SH + "[ $FX_ATTEMPT != 1 ]\n"
LATER = {"limit": 3, "delay": 86400, "max_delay": 86400}

DONE = {"retry": "The execution is pending again", "skip": "The execution is skipped",
        "cancel": "The execution is being cancelled"}
ACTIONS = tuple(DONE)


# --- Both ways to act ---

def by_http(home, action, execution):
    """None when it was done; why not, otherwise."""
    reply = home.post(f"/api/v1/executions/{execution}/{action}")
    if reply.status == 200:
        version = {"pipeline_version": reply.json.get("pipeline_version")}
        assert reply.json == {"message": DONE[action], **(version if action == "retry" else {})}
        return None
    return check_problem(reply, 409, "The execution stays as it is: ")["detail"]


def by_fxctl(home, action, execution):
    done = home.run_fxctl("execution", action, execution)
    assert done.stdout == ""
    assert done.stderr
    if done.returncode == 0:
        more = ", with version [0-9]+ of its pipeline" if action == "retry" else ""
        assert re.fullmatch(DONE[action] + more + "\\.\n", done.stderr)
        return None
    assert done.returncode == 1, done
    return done.stderr


@pytest.fixture(params=[by_http, by_fxctl])
def act(request):
    return request.param


def run_by_hand(home, pipeline, payload=None, version=None):
    """The id of the execution."""
    reply = home.post(f"/api/v1/batches/{pipeline}" +
                      (f"?pipeline_version={version}" if version else ""), payload)
    assert reply.status == 200, reply
    assert UUID.fullmatch(reply.json["item"])
    return reply.json["item"]


def show(home, execution):
    reply = home.get(f"/fx/executions/{execution}")
    assert reply.status == 200, reply
    return reply.json


def wait_status(home, execution, *statuses):
    return until(lambda: next((e for e in [show(home, execution)] if e["status"] in statuses),
                              None), what=lambda: f"{statuses}: {show(home, execution)}")


def sent(home, topic="job", payload=None):
    """Sends an event. The id of its only execution, once there is one."""
    cid = home.post_event(topic, payload)["cid"]
    return until(lambda: executions_of(home, cid), what="it is routed")[0]["execution_id"]


def failed_ids(home):
    return [e["execution_id"] for e in home.get("/fx/executions?status=failed").json["executions"]]



# --- Runs by hand ---

@pytest.mark.parametrize("payload", [
    {"n": [1, 2]}, [1, 2], "text", 0, True, b"null", b'{"a": 1e400}', b' {"spaces" : 1} '])
def test_run_with_a_payload(live, payload):
    pipeline = make(live, SHOW, event=None)
    execution = completed(wait_status(live, run_by_hand(live, pipeline, payload),
                                      "completed", "failed"))
    given = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    if b"1e400" not in given:
        assert execution["data"] == {"got": json.loads(given)}
    assert execution["event_type"] == "fx.run"
    assert execution["pipeline_id"] == pipeline
    assert execution["parent_execution_id"] is None
    assert executions_of(live, execution["cid"]) == [execution]


def test_run_without_a_payload(live):
    pipeline = make(live, SHOW, event=None)
    execution = wait_status(live, run_by_hand(live, pipeline), "completed")
    assert execution["data"] == {"got": {}}


def test_run_names_its_cid(live):
    pipeline = make(live, OK, event=None)
    started = live.post(f"/api/v1/batches/{pipeline}", {}).json
    [execution] = live.wait_cid(started["cid"])
    assert completed(execution)["execution_id"] == started["item"]


def test_run_of_a_version(live):
    """The latest, unless it is named; a trigger's own version does not matter."""
    pipeline = make(live, VERSION, event="job")
    replace(live, pipeline, VERSION)

    def ran(version=None):
        execution = wait_status(live, run_by_hand(live, pipeline, {}, version), "completed")
        assert execution["data"] == {"version": execution["pipeline_version"]}
        return execution["pipeline_version"]

    assert [ran(), ran(1), ran(2), ran()] == ["2", "1", "2", "2"]


def test_run_reaches_its_pipeline_alone(live):
    """No trigger sees the event of a run by hand, not even one that listens to everything."""
    make(live, OK, event="*", name="all")
    make(live, OK, event="fx.run", name="runs")
    pipeline = make(live, OK, event="job", name="mine")
    execution = wait_status(live, run_by_hand(live, pipeline, {}), "completed")
    last = completed(live.wait_cid(live.post_event("other")["cid"])[0])  # routed after it
    assert last["service"] == "all"
    assert [e["service"] for e in executions_of(live, execution["cid"])] == ["mine"]


def test_run_of_an_unknown_one(fastcgi):
    pipeline = make(fastcgi, OK, event=None)
    with nothing_stored(fastcgi):
        for path in (f"/api/v1/batches/{NEVER_ISSUED}", "/api/v1/batches/no%20such",
                     "/api/v1/batches/" + "x" * 300,
                     *(f"/api/v1/batches/{pipeline}?pipeline_version={v}" for v in "02x")):
            check_problem(fastcgi.post(path, {}), 404)


@pytest.mark.parametrize("body, status", [
    (b"{", 400), (b"{} {}", 400), (b"\xff", 400), (b"[" * 100, 400),
    (b" ", 400)])
def test_run_with_a_bad_body(fastcgi, body, status):
    pipeline = make(fastcgi, OK, event=None)
    with nothing_stored(fastcgi):
        check_problem(fastcgi.post(f"/api/v1/batches/{pipeline}", body), status)


def test_run_with_another_kind_of_body(fastcgi):
    pipeline = make(fastcgi, OK, event=None)
    with nothing_stored(fastcgi):
        check_problem(fastcgi.post(f"/api/v1/batches/{pipeline}", b"{}",
                                   headers=[("Content-Type", "text/plain")]), 415)


@pytest.mark.parametrize("path", [f"batches/{NEVER_ISSUED}"] + [
    f"executions/{NEVER_ISSUED}/{action}" for action in ACTIONS])
def test_needs_the_scope(fastcgi, path):
    path = f"/api/v1/{path}"
    check_problem(fastcgi.post(path, {}, key=None), 401)
    check_problem(fastcgi.post(path, {}, key=fastcgi.key("events", "status", "triggers")), 403)
    check_problem(fastcgi.post(path, {}, key=fastcgi.key("pipelines")), 404)
    assert fastcgi.get(path).status == 405


def test_run_without_a_dispatcher(home):
    """It waits for one."""
    home.start()
    pipeline = make(home, SHOW, event=None)
    execution = run_by_hand(home, pipeline, 7)
    assert show(home, execution)["status"] == "pending"
    home.start_dispatcher()
    assert wait_status(home, execution, "completed")["data"] == {"got": 7}


def test_run_while_the_trigger_is_stopped(live):
    """Runs by hand are not the trigger's: neither its stop nor its start touches them."""
    with gate(live) as (path, opened):
        pipeline = make(live, SH + wait_for(path), event="job", scale={"max": 1})
        ids = [run_by_hand(live, pipeline, n) for n in range(3)]
        wait_status(live, ids[0], "in_progress")
        stop_trigger(live, pipeline)
        live.start_trigger(pipeline, ready=True)
        stop_trigger(live, pipeline)
        opened()
    for execution in ids:
        completed(wait_status(live, execution, "completed", "skipped"))


def test_run_obeys_scale(live):
    with gate(live) as (path, opened):
        pipeline = make(live, SH + wait_for(path), event=None, scale={"max": 2})
        ids = [run_by_hand(live, pipeline, n) for n in range(5)]
        for execution in ids[:2]:
            wait_status(live, execution, "in_progress")
        completed(live.wait_cid(live.post(f"/api/v1/batches/{make(live, OK, event=None)}",
                                          {}).json["cid"])[0])
        assert [show(live, e)["status"] for e in ids[2:]] == ["pending"] * 3
        assert len(runners(live)) <= 3
        opened()
    for execution in ids:
        wait_status(live, execution, "completed")


def test_deleted_with_runs_waiting(home, act):
    """What waits is skipped, and not run by another pipeline that gets its id. The history stays."""
    home.start()
    executions = []
    for number in range(2):
        reply = home.post("/api/v1/pipelines/", {"id": "same", "name": "same",
                                                 "steps": make_steps(home, SHOW)})
        assert reply.status == 201, reply
        executions.append(run_by_hand(home, "same", number))
        if not number:
            assert home.delete("/api/v1/pipelines/same").status == 200
    home.start_dispatcher()
    waited, ran = executions
    assert completed(wait_status(home, ran, "completed"))["pipeline_version"] == "2"
    skipped = wait_status(home, waited, "skipped")
    assert (skipped["error"], skipped["pipeline_version"]) == (
        "its pipeline was deleted before it ran", "1")
    assert "its version of the pipeline was deleted" in act(home, "retry", waited)


def test_deleted_while_a_retry_waits(live):
    pipeline = make(live, FAILS_ONCE, event=None, retry=LATER)
    execution = run_by_hand(live, pipeline, {})
    until(lambda: {"status": "pending", "attempt": 1}.items() <= show(live, execution).items(),
          what="it waits for its next attempt")
    assert live.delete(f"/api/v1/pipelines/{pipeline}").status == 200
    ended = wait_status(live, execution, "failed")
    assert ended["error"].startswith("its pipeline was deleted while it waited for its next attempt; ")
    assert ended["dead_letter"] is True


# --- Every action in every status ---

NOT_RETRIED = "only a failed or skipped execution can be tried again"
NOT_SKIPPED = "only a pending execution can be skipped; cancel one that runs"
ENDED = "it has ended already"

# Why an action is refused; None when it is done.
REFUSED = {
    "retry": {"pending": NOT_RETRIED, "in_progress": NOT_RETRIED, "completed": NOT_RETRIED,
              "failed": None, "skipped": None},
    "skip": {"pending": None, "in_progress": NOT_SKIPPED, "completed": NOT_SKIPPED,
             "failed": NOT_SKIPPED, "skipped": NOT_SKIPPED},
    "cancel": {"pending": None, "in_progress": None, "completed": ENDED, "failed": ENDED,
               "skipped": ENDED},
}

# What becomes of each in the end: status, attempts, error. By status, and where something was done
# by status and action.
BECOMES = {
    "pending": ("completed", 1, None),
    "in_progress": ("completed", 1, None),
    "completed": ("completed", 1, None),
    "failed": ("failed", 1, "step step1: exited with 1"),
    "skipped": ("skipped", 0, "skipped by request"),
    ("failed", "retry"): ("failed", 2, "step step1: exited with 1"),
    ("skipped", "retry"): ("completed", 1, None),
    ("pending", "skip"): ("skipped", 0, "skipped by request"),
    ("pending", "cancel"): ("skipped", 0, "cancelled by request"),
    ("in_progress", "cancel"): ("failed", 1, "cancelled by request"),
}


@pytest.mark.parametrize("action", ACTIONS)
def test_every_status(live, act, action):
    """The exact answer, and what becomes of each."""
    with gate(live) as (path, opened):
        held = make(live, SH + wait_for(path), event=None, scale={"max": 1})
        ids = {status: run_by_hand(live, held) for status in ("in_progress", "pending", "skipped")}
        ids["completed"] = run_by_hand(live, make(live, OK, event=None))
        ids["failed"] = run_by_hand(live, make(live, SH + "exit 1\n", event=None))
        assert by_http(live, "skip", ids["skipped"]) is None
        for status, execution in ids.items():
            wait_status(live, execution, status)
        until(lambda: show(live, ids["in_progress"])["steps"], what="it tells of its step")
        for status in reversed(ids):  # the one that runs last: its place would be the pending one's
            execution = ids[status]
            before = show(live, execution)
            refused = act(live, action, execution)
            if REFUSED[action][status]:
                assert REFUSED[action][status] in refused
                assert show(live, execution) == before
            else:
                assert refused is None
        if action == "cancel":
            wait_status(live, ids["in_progress"], "failed")  # before it could complete
        opened()

    def become():
        return {status: tuple(show(live, execution)[name] for name in ("status", "attempt", "error"))
                for status, execution in ids.items()}

    expected = {status: BECOMES.get((status, action), BECOMES[status]) for status in ids}
    until(lambda: become() == expected, what=lambda: f"{expected}: {become()}")


def test_pending_and_ready(home, act):
    home.start()
    pipeline = make(home, OK, event=None)
    skipped, cancelled, kept = (run_by_hand(home, pipeline, n) for n in range(3))
    assert "only a failed or skipped execution" in act(home, "retry", skipped)
    assert act(home, "skip", skipped) is None
    assert act(home, "cancel", cancelled) is None
    assert [(show(home, e)["status"], show(home, e)["error"]) for e in (skipped, cancelled)] == [
        ("skipped", "skipped by request"), ("skipped", "cancelled by request")]
    home.start_dispatcher()
    assert wait_status(home, kept, "completed")["attempt"] == 1
    assert [show(home, e)["attempt"] for e in (skipped, cancelled)] == [0, 0]


@pytest.mark.parametrize("action", ["skip", "cancel"])
def test_pending_until_its_next_attempt(live, act, action):
    """It waits no longer: its trigger has nothing pending, and the next one gets its turn."""
    pipeline = make(live, FAILS_ONCE, event="job", ordered=True, retry=LATER)
    execution = sent(live)
    wait_trigger(live, pipeline, running=0, pending=1)
    assert show(live, execution)["attempt"] == 1
    assert act(live, action, execution) is None
    ended = show(live, execution)
    assert ended["status"] == {"skip": "skipped", "cancel": "failed"}[action]
    assert ended["error"] == (("skipped" if action == "skip" else "cancelled") + " by request while it waited for "
                              "its next attempt; attempt 1 had failed: step step1: exited with 1")
    assert ended["attempt"] == 1
    wait_trigger(live, pipeline, running=0, pending=0)
    second = sent(live)  # ordered: would wait behind the first
    until(lambda: show(live, second)["attempt"] == 1 and
          show(live, second)["status"] == "pending", what="the next one has run")
    assert act(live, action, second) is None
    assert act(live, "retry", execution) is None
    assert completed(wait_status(live, execution, "completed", "failed"))["attempt"] == 2


@pytest.mark.parametrize("ignore", ["", "trap '' TERM\n"])
def test_in_progress(home, act, ignore):
    """TERM, then KILL, to all that the script has started; and nothing is tried again."""
    home.configure(step={"grace_seconds": 1})
    home.start()
    home.start_dispatcher()
    mark = f"MARK-{home.place.name}"
    begun = home.scratch / "begun"
    pipeline = make(home, SH + "echo '{\"save\":{\"first\":1}}' >&3\n",
                    SH + f"{ignore}echo working; sleep 1000 & setsid sleep 1000 &\ntouch {begun}\n"
                    "while :; do sleep 1000; done\n", OK,
                    event="job", env={"APP_MARK": mark}, retry={"limit": 5, "delay": 0})
    execution = sent(home)
    until(begun.exists, what="it is at work")
    assert "only a pending execution" in act(home, "skip", execution)
    assert "only a failed or skipped" in act(home, "retry", execution)
    assert act(home, "cancel", execution) is None
    ended = wait_status(home, execution, "failed", "completed", "skipped")
    assert failure(ended) == "cancelled by request"
    assert ended["attempt"] == 1
    assert ended["execution_time"] > 0
    assert ended["data"] == {"first": 1}
    assert [s["status"] for s in ended["steps"][:2]] == ["completed", "failed"]
    assert ended["steps"][1]["log"] == (
        "working\nfx-bridge: killed what the script had left running: sleep\n")
    assert not marked(mark)
    wait_trigger(home, pipeline, running=0, pending=0)
    assert execution in failed_ids(home)


def test_cancelled_twice(live, act):
    """The second is as good as the first, while it still runs."""
    begun = live.scratch / "begun"
    make(live, SH + f"trap 'sleep 0.5; exit 1' TERM\ntouch {begun}\nwhile :; do sleep 0.01; done\n",
         event="job")
    execution = sent(live)
    until(begun.exists, what="it is at work")
    assert act(live, "cancel", execution) is None
    act(live, "cancel", execution)
    assert failure(wait_status(live, execution, "failed", "completed")) == "cancelled by request"
    assert act(live, "cancel", execution)


def test_cancelled_script_may_tidy_up(live, act):
    """TERM comes first. It does not make a success of it, and no step after it is begun."""
    begun = live.scratch / "begun"
    make(live, python(f"""
import signal
signal.signal(signal.SIGTERM, lambda *_: (print("tidying"), sys.exit(0)))
open("{begun}", "w").close()
signal.pause()
"""), OK, event="job")
    execution = sent(live)
    until(begun.exists, what="it is at work")
    assert act(live, "cancel", execution) is None
    ended = wait_status(live, execution, "completed", "failed")
    assert failure(ended) == "cancelled by request"
    assert [(s["status"], s["log"]) for s in ended["steps"]] == [
        ("failed", "tidying\n"), ("pending", "")]
    other = sent(live)  # and the wish does not reach the next one
    until(lambda: show(live, other)["status"] == "in_progress", what="the next one runs")
    assert act(live, "cancel", other) is None


def test_completed(live, act):
    make(live, OK, event="job")
    execution = wait_status(live, sent(live), "completed")
    assert "ended already" in act(live, "cancel", execution["execution_id"])
    assert "only a pending" in act(live, "skip", execution["execution_id"])
    assert "only a failed or skipped" in act(live, "retry", execution["execution_id"])
    assert show(live, execution["execution_id"]) == execution


def test_failed(live, act):
    """Neither skipped nor cancelled; retried, it leaves the failed ones and has all its attempts
    again."""
    mended = live.scratch / "mended"
    make(live, SH + f"[ -e {mended} ] || exit 1\n", event="job", retry={"limit": 1, "delay": 0})
    execution = sent(live)
    before = wait_status(live, execution, "failed")
    assert before["attempt"] == 2
    assert "only a pending" in act(live, "skip", execution)
    assert "ended already" in act(live, "cancel", execution)
    assert failed_ids(live) == [execution]
    assert act(live, "retry", execution) is None
    assert wait_status(live, execution, "failed")["attempt"] in (2, 3, 4)
    assert until(lambda: show(live, execution)["attempt"] == 4 and
                 wait_status(live, execution, "failed"), what="it has failed again")
    mended.touch()
    assert act(live, "retry", execution) is None
    after = completed(wait_status(live, execution, "completed"))
    assert after["attempt"] == 5
    assert after["error"] is None
    assert after["datetime"] == before["datetime"] and after["cid"] == before["cid"]
    assert failed_ids(live) == []


def test_skipped(home, act):
    """Can be tried again, and runs then."""
    home.start()
    pipeline = make(home, SHOW, event=None)
    execution = run_by_hand(home, pipeline, 5)
    assert act(home, "skip", execution) is None
    assert "only a pending" in act(home, "skip", execution)
    assert "ended already" in act(home, "cancel", execution)
    assert act(home, "retry", execution) is None
    waiting = show(home, execution)
    assert (waiting["status"], waiting["error"]) == ("pending", None)
    home.start_dispatcher()
    assert wait_status(home, execution, "completed")["data"] == {"got": 5}


def test_retry_without_a_trigger(live, act):
    """It runs as what is run by hand does, and nothing else is started."""
    mended = live.scratch / "mended"
    pipeline = make(live, SH + f"[ -e {mended} ] || exit 1\n", event="job")
    execution = sent(live)
    wait_status(live, execution, "failed")
    stop_trigger(live, pipeline)
    mended.touch()
    assert act(live, "retry", execution) is None
    completed(wait_status(live, execution, "completed"))
    assert not trigger(live, pipeline)["ready"]


def test_retry_of_a_run_by_hand_needs_no_trigger(live, act):
    pipeline = make(live, FAILS_ONCE, event=None)
    execution = run_by_hand(live, pipeline, {})
    wait_status(live, execution, "failed")
    assert act(live, "retry", execution) is None
    completed(wait_status(live, execution, "completed"))


def test_retry_of_a_deleted_pipeline(live, act):
    pipeline = make(live, SH + "exit 1\n", event=None)
    execution = run_by_hand(live, pipeline, {})
    wait_status(live, execution, "failed")
    assert live.delete(f"/api/v1/pipelines/{pipeline}").status == 200
    assert act(live, "retry", execution)
    assert show(live, execution)["status"] == "failed"


# --- fxctl ---

def test_pipeline_run(live):
    make(live, SHOW, event=None, name="by-hand")
    execution = live.fxctl("pipeline", "run", "by-hand", '{"n": 3}')
    assert UUID.fullmatch(execution.strip()) and execution.endswith("\n")
    assert wait_status(live, execution.strip(), "completed")["data"] == {"got": {"n": 3}}
    execution = live.fxctl("pipeline", "run", "by-hand").strip()
    assert wait_status(live, execution, "completed")["data"] == {"got": {}}
    execution = live.fxctl("pipeline", "run", "by-hand", "-", stdin="[1]").strip()
    assert wait_status(live, execution, "completed")["data"] == {"got": [1]}
    made = json.loads(live.fxctl("pipeline", "run", "by-hand", "--json", "--version", "1"))
    assert set(made) == {"item", "cid"}
    [execution] = live.wait_cid(made["cid"])
    assert completed(execution)["execution_id"] == made["item"]


@pytest.mark.parametrize("arguments, status, says", [
    (["none"], 1, "none"), (["by-hand", "--version", "9"], 1, "version"), (["by-hand", "{"], 1, ""),
    (["by-hand", "--version", "x"], 2, ""), ([], 2, ""), (["by-hand", "{}", "{}"], 2, "")])
def test_pipeline_run_refused(fastcgi, arguments, status, says):
    if "by-hand" not in fastcgi.fxctl("pipeline", "list"):
        make(fastcgi, OK, event=None, name="by-hand")
    with nothing_stored(fastcgi):
        done = fastcgi.run_fxctl("pipeline", "run", *arguments)
    assert (done.returncode, done.stdout) == (status, "")
    assert says in done.stderr and done.stderr


@pytest.mark.parametrize("action", ACTIONS)
def test_unknown_execution(fastcgi, action):
    with nothing_stored(fastcgi):
        done = fastcgi.run_fxctl("execution", action, NEVER_ISSUED)
        assert (done.returncode, done.stdout) == (1, "") and NEVER_ISSUED in done.stderr
        done = fastcgi.run_fxctl("execution", action, "nonsense")
        assert (done.returncode, done.stdout) == (2, "") and "nonsense" in done.stderr
        check_problem(fastcgi.post(f"/api/v1/executions/{NEVER_ISSUED}/{action}"), 404)
        check_problem(fastcgi.post(f"/api/v1/executions/nonsense/{action}"), 404)


# --- Without a dispatcher, and across its end ---

@pytest.mark.parametrize("killed", [True, False])
def test_cancel_noted_while_nobody_is_there(live, act, killed):
    """It was running when its dispatcher went; the next one ends it instead of running it again."""
    runs = live.scratch / "runs"
    begun = SH + f"echo x >>{runs}\nwhile :; do sleep 0.01; done\n"
    pipeline = make(live, begun, event="job", retry={"limit": 5, "delay": 0})
    execution, other = sent(live, payload=1), sent(live, payload=2)
    until(lambda: runs.exists() and runs.read_text().count("x") == 2, what="both run")
    live.kill_dispatcher()
    until(lambda: not runners(live), what="its runners are gone")
    if not killed:
        live.start_dispatcher()
        until(lambda: runs.read_text().count("x") == 4, what="both run again")
    assert act(live, "cancel", execution) is None
    if killed:
        assert show(live, execution)["status"] == "in_progress"
        live.start_dispatcher()
    assert failure(wait_status(live, execution, "failed")) == "cancelled by request"
    assert show(live, execution)["attempt"] == (1 if killed else 2)
    wait_status(live, other, "in_progress")
    assert act(live, "cancel", other) is None
    wait_status(live, other, "failed")
    wait_trigger(live, pipeline, running=0, pending=0)


def test_killed_right_after_the_cancel(live, act):
    """What is noted survives the dispatcher that was to do it."""
    begun = live.scratch / "begun"
    make(live, SH + f"trap '' TERM\ntouch {begun}\nwhile :; do sleep 0.01; done\n", event="job")
    execution = sent(live)
    until(begun.exists, what="it is at work")
    assert act(live, "cancel", execution) is None
    live.kill_dispatcher()
    live.start_dispatcher()
    ended = wait_status(live, execution, "failed")
    assert failure(ended) == "cancelled by request" and ended["attempt"] == 1


def test_retried_without_a_dispatcher(live, act):
    mended = live.scratch / "mended"
    pipeline = make(live, SH + f"[ -e {mended} ] || exit 1\n", event="job")
    execution = sent(live)
    wait_status(live, execution, "failed")
    live.stop_dispatcher()
    assert act(live, "retry", execution) is None
    waiting = show(live, execution)
    assert (waiting["status"], waiting["attempt"], waiting["error"]) == ("pending", 1, None)
    assert waiting["attempts"][0]["error"] == "step step1: exited with 1"
    assert failed_ids(live) == []
    mended.touch()
    live.start_dispatcher()
    assert wait_status(live, execution, "completed")["attempt"] == 2
    assert trigger(live, pipeline)["pending"] == 0


def test_cancelled_again_after_a_retry(live, act):
    """A wish that was fulfilled does not reach the next attempt."""
    path = live.scratch / "runs"
    make(live, SH + f"echo x >>{path}\n[ $FX_ATTEMPT = 1 ] || exit 0\nsleep 1000\n", event="job")
    execution = sent(live)
    until(path.exists, what="it is at work")
    assert act(live, "cancel", execution) is None
    wait_status(live, execution, "failed")
    assert act(live, "retry", execution) is None
    assert completed(wait_status(live, execution, "completed", "failed"))["attempt"] == 2


def test_new_scale_of_runs_by_hand(live):
    """They go by the latest version as soon as there is one."""
    with gate(live) as (path, opened):
        text = SH + wait_for(path)
        pipeline = make(live, text, event=None, scale={"max": 1})
        ids = [run_by_hand(live, pipeline)]
        wait_status(live, ids[0], "in_progress")
        reply = live.put(f"/api/v1/pipelines/{pipeline}", {
            "steps": make_steps(live, text), "options": {"scale": {"max": 3}}})
        assert reply.status == 200, reply
        ids += [run_by_hand(live, pipeline) for _ in range(2)]
        for execution in ids:
            wait_status(live, execution, "in_progress")
        opened()
