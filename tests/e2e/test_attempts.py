"""What became of each attempt of an execution: it stays readable, whatever came after it."""
import re

import pytest

from checks import TIME
from harness import until
from jobs import OK, SH, completed, executions_of, failure, make, run, runners

AT_ONCE = {"limit": 5, "delay": 0}
LATER = {"limit": 3, "delay": 86400, "max_delay": 86400}


def told(execution):
    """Of each attempt: (attempt, status, error, step, exit code). What holds for all is checked."""
    attempts = execution["attempts"]
    assert [a["attempt"] for a in attempts] == list(range(1, execution["attempt"] + 1))
    assert all(TIME.fullmatch(a["started"]) for a in attempts)
    started = [a["started"] for a in attempts]
    assert started == sorted(started)
    return [(a["attempt"], a["status"], a["error"], a["step"], a["exit_code"]) for a in attempts]


def failed(attempt):
    """What is told of one that exits with its number."""
    return attempt, "failed", f"step step1: exited with {attempt}", "step1", attempt


def show(home, execution):
    reply = home.get(f"/fx/executions/{execution}")
    assert reply.status == 200, reply
    return reply.json


def wait_attempt(home, execution, attempt, *statuses):
    """The execution, once it is in its attempt of this number and in one of these statuses."""
    def found():
        shown = show(home, execution)
        return shown if shown["attempt"] == attempt and shown["status"] in statuses else None

    return until(found, what=lambda: f"{attempt} {statuses}: {show(home, execution)}")


def sent(home, topic="job"):
    cid = home.post_event(topic)["cid"]
    return until(lambda: executions_of(home, cid), what="it is routed")[0]["execution_id"]


def act(home, execution, action):
    reply = home.post(f"/api/v1/executions/{execution}/{action}")
    assert reply.status == 200, reply


def test_first_attempt(live):
    """It is listed like any other."""
    execution = completed(run(live, OK))
    assert told(execution) == [(1, "completed", None, None, None)]
    assert execution["attempts"][0]["seconds"] == execution["execution_time"]
    assert execution["dead_letter"] is False


def test_before_the_first_attempt(home):
    home.start()
    pipeline = make(home, OK, event=None)
    made = home.post(f"/api/v1/batches/{pipeline}", {}).json
    assert executions_of(home, made["cid"])[0]["attempts"] == []


def test_each_failed_for_its_own_reason(live):
    """By step, exit code and error; everywhere where executions are shown."""
    execution = completed(run(
        live, SH + "[ $FX_ATTEMPT != 2 ] || kill -9 $$\n",
        SH + "[ $FX_ATTEMPT != 1 ] || exit 7\n[ $FX_ATTEMPT != 3 ] || exit 75\n", retry=AT_ONCE))
    assert told(execution) == [
        (1, "failed", "step step2: exited with 7", "step2", 7),
        (2, "failed", "step step1: was killed by signal 9 (Killed)", "step1", None),
        (3, "failed", "step step2: asked to be tried again later (exit 75)", "step2", 75),
        (4, "completed", None, None, None)]
    assert execution["error"] is None
    assert all(a["seconds"] >= 0 for a in execution["attempts"])
    assert show(live, execution["execution_id"]) == execution
    assert live.get("/fx/executions?full=1").json["executions"] == [execution]


def test_used_up(live):
    execution = run(live, SH + "exit $FX_ATTEMPT\n", retry={"limit": 2, "delay": 0})
    assert failure(execution) == "step step1: exited with 3"
    assert told(execution) == [failed(n) for n in (1, 2, 3)]
    assert execution["dead_letter"] is True


def test_while_it_waits_and_while_it_runs(live):
    """What is at hand is listed, too, and has no error of its own yet."""
    go = live.scratch / "go"
    make(live, SH + f"[ $FX_ATTEMPT = 1 ] && exit 1\nwhile [ ! -e {go} ]; do sleep 0.01; done\n",
         event="job", retry=AT_ONCE)
    make(live, SH + "exit 1\n", event="slow", retry=LATER)
    execution, waiting = sent(live), sent(live, "slow")
    running = wait_attempt(live, execution, 2, "in_progress")
    assert told(running) == [failed(1), (2, "in_progress", None, None, None)]
    assert running["attempts"][1]["seconds"] is None
    assert running["error"] == "step step1: exited with 1"
    assert told(wait_attempt(live, waiting, 1, "pending")) == [failed(1)]
    go.touch()
    ended = wait_attempt(live, execution, 2, "completed")
    assert told(ended) == [failed(1), (2, "completed", None, None, None)]
    act(live, waiting, "skip")
    assert told(show(live, waiting)) == [failed(1)]


def test_runner_that_dies(loose):
    execution = completed(run(loose, SH + "[ $FX_ATTEMPT = 3 ] || kill -9 $PPID; sleep 0.2\n"))
    assert told(execution) == [
        *((n, "lost", f"the runner died during attempt {n}", None, None) for n in (1, 2)),
        (3, "completed", None, None, None)]
    assert all(a["seconds"] >= 0 for a in execution["attempts"])


def test_runner_that_always_dies(home):
    home.configure(dispatcher={"losses": 2}, step={"confine": "off"})
    home.start()
    home.start_dispatcher()
    execution = run(home, SH + "kill -9 $PPID; sleep 10\n")
    assert failure(execution) == "the runner died during attempt 2"
    assert [a[1] for a in told(execution)] == ["lost", "lost"]
    assert execution["dead_letter"] is True


def test_dispatcher_that_dies(live):
    """Nobody saw how long that attempt went on."""
    begun = live.scratch / "begun"
    make(live, SH + f"[ $FX_ATTEMPT = 2 ] || {{ touch {begun}; sleep 1000; }}\n", event="job")
    execution = sent(live)
    until(begun.exists, what="it is at work")
    live.kill_dispatcher()
    until(lambda: not runners(live), what="its runners are gone")
    assert told(show(live, execution)) == [(1, "in_progress", None, None, None)]
    live.start_dispatcher()
    ended = wait_attempt(live, execution, 2, "completed")
    assert told(ended) == [(1, "lost", "the dispatcher ended during attempt 1", None, None),
                           (2, "completed", None, None, None)]
    assert ended["attempts"][0]["seconds"] is None


@pytest.mark.parametrize("again", [1, 2])
def test_retried_by_hand(live, again):
    """Attempts are counted on, and those before the retry are still there."""
    make(live, SH + "exit $FX_ATTEMPT\n", event="job", retry={"limit": 1, "delay": 0})
    execution = sent(live)
    wait_attempt(live, execution, 2, "failed")
    for n in range(1, again + 1):
        act(live, execution, "retry")
        ended = wait_attempt(live, execution, 2 + 2 * n, "failed")
    assert told(ended) == [failed(n) for n in range(1, 3 + 2 * again)]


def test_retried_by_hand_while_nobody_is_there(live):
    """The attempt it ended with is listed while it waits."""
    make(live, SH + "exit 4\n", event="job")
    execution = sent(live)
    before = wait_attempt(live, execution, 1, "failed")
    live.stop_dispatcher()
    act(live, execution, "retry")
    waiting = wait_attempt(live, execution, 1, "pending")
    assert waiting["attempts"] == before["attempts"]
    assert (waiting["dead_letter"], before["dead_letter"]) == (False, True)


def test_cancelled_and_retried(live):
    begun = live.scratch / "begun"
    make(live, SH + f"[ $FX_ATTEMPT = 2 ] || {{ touch {begun}; sleep 1000; }}\n", event="job")
    execution = sent(live)
    until(begun.exists, what="it is at work")
    act(live, execution, "cancel")
    ended = wait_attempt(live, execution, 1, "failed")
    assert told(ended)[0][:4] == (1, "cancelled", "cancelled by request", "step1")
    assert ended["dead_letter"] is False
    act(live, execution, "retry")
    assert [a[1] for a in told(wait_attempt(live, execution, 2, "completed"))] == [
        "cancelled", "completed"]


def test_no_more_than_the_last_hundred(live):
    execution = run(live, SH + "exit 1\n", retry={"limit": 100, "delay": 0})
    assert execution["attempt"] == 101
    assert [a["attempt"] for a in execution["attempts"]] == list(range(2, 102))


def test_shown_by_fxctl(live):
    execution = run(live, SH + "[ $FX_ATTEMPT = 2 ] || exit 9\n", retry=AT_ONCE)
    text = live.fxctl("execution", "show", execution["execution_id"])
    table = text.split("\nattempts\n")[1].split("\n\n")[0].splitlines()
    assert table[0].split() == ["ATTEMPT", "STARTED", "SECONDS", "STATUS", "STEP", "EXIT", "VERSION",
                                "ERROR"]
    assert re.fullmatch(r" +1  \S+ +\S+  failed +step1 +9 +1  step step1: exited with 9", table[1])
    assert re.fullmatch(r" +2  \S+ +\S+  completed +- +- +1  -", table[2])
    assert len(table) == 3


# --- What happens to it later ---

FAILS = SH + """echo "attempt $FX_ATTEMPT"
echo '{"save": {"seen": true}}' >&3
exit 7
"""
HAD_FAILED = "attempt 1 had failed: step step2: exited with 7"


def stop(home, pipeline, _):
    assert home.delete(f"/api/v1/events/{pipeline}").status == 200


def delete(home, pipeline, _):
    stop(home, pipeline, None)
    assert home.delete(f"/api/v1/pipelines/{pipeline}").status == 200


def cancel(home, _, execution):
    act(home, execution, "cancel")


def skip(home, _, execution):
    act(home, execution, "skip")


# What is done → what it is when it had failed and waited: status, dead letter, the reason's beginning;
# and the reason's end when it never ran, where it is skipped.
LATER_ON = {
    cancel: ("failed", True, "cancelled by request", ""),
    skip: ("skipped", False, "skipped by request", ""),
    stop: ("failed", True, "the trigger was stopped", " before it ran"),
    delete: ("failed", True, "its pipeline was deleted", " before it ran"),
}


@pytest.mark.parametrize("what, dispatcher", [
    (cancel, "there"), (skip, "there"), (stop, "there"), *((what, "away") for what in LATER_ON)])
def test_later_on_when_it_had_failed(live, what, dispatcher):
    """Its steps, logs, data and attempts stay, and its status and reason are true."""
    status, dead, reason, _ = LATER_ON[what]
    pipeline = make(live, SH + "echo first\n", FAILS, OK, event="job", retry=LATER)
    execution = sent(live)
    before = wait_attempt(live, execution, 1, "pending")
    assert [(s["name"], s["status"], s["log"]) for s in before["steps"]] == [
        ("step1", "completed", "first\n"), ("step2", "failed", "attempt 1\n"), ("step3", "pending", "")]
    if dispatcher == "away":
        live.stop_dispatcher()
    what(live, pipeline, execution)
    if dispatcher == "away":
        live.start_dispatcher()
    after = wait_attempt(live, execution, 1, "failed", "skipped")
    assert (after["status"], after["dead_letter"]) == (status, dead)
    assert after["error"] == f"{reason} while it waited for its next attempt; {HAD_FAILED}"
    for name in ("steps", "data", "attempts", "attempt"):
        assert after[name] == before[name]
    assert after["data"] == {"seen": True} and told(after) == [
        (1, "failed", "step step2: exited with 7", "step2", 7)]
    letters = live.get("/api/v1/admin/dead-letters").json["dead_letters"]
    assert [e["execution_id"] for e in letters] == ([execution] if dead else [])
    assert "attempt 1" in live.fxctl("execution", "show", execution)


@pytest.mark.parametrize("what", LATER_ON)
def test_later_on_when_it_never_ran(home, what):
    _, _, reason, more = LATER_ON[what]
    home.start()
    pipeline = make(home, OK, event="job")
    if what is delete:
        execution = home.post(f"/api/v1/batches/{pipeline}", {}).json["item"]
        what(home, pipeline, execution)
    home.start_dispatcher()
    if what is not delete:
        home.stop_dispatcher()
        cid = home.post_event("job")["cid"]
        execution = home.post(f"/api/v1/batches/{pipeline}", {}).json["item"]
        what(home, pipeline, execution)
        home.start_dispatcher()
    if what is stop:
        execution = until(lambda: executions_of(home, cid), what="it is routed")[0]["execution_id"]
    after = wait_attempt(home, execution, 0, "skipped")
    assert (after["error"], after["dead_letter"]) == (reason + more, False)
    assert (after["steps"], after["attempts"]) == ([], [])


def test_last_told_steps_stay_until_others_come(loose):
    """While the next attempt runs, and where it is lost or cancelled without having told of any."""
    go = loose.scratch / "go"
    make(loose, SH + "echo first\n", FAILS.replace("exit 7", f"[ $FX_ATTEMPT = 1 ] && exit 7; touch {go}; "
                                                  "[ $FX_ATTEMPT = 2 ] && kill -9 $PPID; sleep 1000"),
         event="job", retry=AT_ONCE)
    execution = sent(loose)
    running = wait_attempt(loose, execution, 3, "in_progress")
    assert [(s["status"], s["log"]) for s in running["steps"]] == [
        ("completed", "first\n"), ("failed", "attempt 1\n")]
    assert running["data"] == {"seen": True}
    assert told(running) == [(1, "failed", "step step2: exited with 7", "step2", 7),
                             (2, "lost", "the runner died during attempt 2", None, None),
                             (3, "in_progress", None, None, None)]
    loose.kill_dispatcher()
    until(lambda: not runners(loose), what="its runners are gone")
    act(loose, execution, "cancel")
    loose.start_dispatcher()
    ended = wait_attempt(loose, execution, 3, "failed")
    assert ended["steps"] == running["steps"] and ended["data"] == running["data"]
    assert told(ended)[2] == (3, "cancelled", "cancelled by request", None, None)
    assert ended["dead_letter"] is False


def test_tried_by_hand_and_then_given_up(live):
    """The reason is that of the last attempt, not of all that was done before."""
    pipeline = make(live, SH + "exit 7\n", event="job")
    execution = sent(live)
    wait_attempt(live, execution, 1, "failed")
    live.stop_dispatcher()
    for _ in range(3):
        act(live, execution, "retry")
        act(live, execution, "cancel")
    cancelled = show(live, execution)
    had_failed = "attempt 1 had failed: step step1: exited with 7"
    assert (cancelled["status"], cancelled["error"], cancelled["dead_letter"]) == (
        "failed", f"cancelled by request while it waited for its next attempt; {had_failed}", True)
    act(live, execution, "retry")
    stop(live, pipeline, None)
    live.start_dispatcher()
    ended = wait_attempt(live, execution, 1, "failed")
    assert ended["error"] == f"the trigger was stopped while it waited for its next attempt; {had_failed}"
    assert ended["dead_letter"] is True
    assert told(ended) == [(1, "failed", "step step1: exited with 7", "step1", 7)]
