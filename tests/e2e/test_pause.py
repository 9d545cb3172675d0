"""What an operator tells to wait waits, is told of, and goes on; and the exit status of fxctl status."""
import json
import subprocess

import pytest

from checks import check_problem
from harness import BUILD, until

SENTENCE = "We move to another machine until noon."
JOB = [{"name": "one", "script": "ok.sh"}]


@pytest.fixture
def running(home):
    home.write_script("ok.sh", "#!/bin/sh\nexit 0\n")
    home.start()
    home.start_dispatcher()
    return home


def pipeline(home, name):
    made = home.create_pipeline(name, JOB, event=name)
    home.start_trigger(made, ready=True)
    return made


def word(home):
    return home.get("/health/ready", key=None).json["status"]


def is_told(home, expected):
    until(lambda: word(home) == expected, what=lambda: f"{expected}, instead of {word(home)}")


def check(home, name):
    [found] = [one for one in home.get("/health").json["checks"] if one["name"] == name]
    return found


def exit_status(home):
    return home.run_fxctl("status").returncode


def send(home):
    return home.post("/fx/events", {"event_source": "s", "event_type": "one", "payload": 1})


@pytest.mark.parametrize("reason", [None, SENTENCE])
@pytest.mark.parametrize("serve", ["fastcgi", "cgi"])
def test_intake(home, serve, reason):
    home.start(serve)
    home.start_dispatcher()
    home.fxctl("pause", "intake", *(["--reason", reason] if reason else []))
    before = home.commits()
    reply = send(home)
    problem = check_problem(reply, 503, "not taken in for the time being")
    assert int(reply.headers["Retry-After"]) >= 1 and problem["detail"].endswith(reason or "later.")
    assert home.commits() == before
    refused = home.run_fxctl("publish", "--type", "one", "{}")
    assert refused.returncode == 1 and "resume intake" in refused.stderr
    is_told(home, "paused")
    found = check(home, "intake")
    assert not found["good"] and "fxctl resume intake" in found["remedy"] and (reason or "") in found["reason"]
    status = home.run_fxctl("status")
    assert status.returncode == 1 and "resume intake" in status.stderr
    assert b'fxbridge_paused{what="intake",pipeline=""} 1\n' in home.get("/metrics").body
    home.fxctl("resume", "intake")
    assert send(home).status == 200
    is_told(home, "ready")
    assert exit_status(home) == 0


def test_what_was_accepted_is_run_while_intake_is_paused(running):
    made = pipeline(running, "one")
    running.fxctl("pause", "dispatcher")
    cid = send(running).json["cid"]
    running.fxctl("pause", "intake")
    running.fxctl("resume", "dispatcher")
    assert [e["status"] for e in running.wait_cid(cid)] == ["completed"]
    run = running.post(f"/api/v1/batches/{made}").json
    assert [e["status"] for e in running.wait_cid(run["cid"])] == ["completed"]


def test_a_pipeline_waits_alone(running):
    one, _ = pipeline(running, "one"), pipeline(running, "two")
    running.fxctl("pause", "pipeline", "one", "--reason", SENTENCE)
    waits = [running.post_event("one")["cid"] for _ in range(3)]
    assert [e["status"] for e in running.wait_cid(running.post_event("two")["cid"])] == ["completed"]
    for cid in waits:
        until(lambda: running.get(f"/fx/cid/{cid}").json["executions"], what="it is routed")
        assert [e["status"] for e in running.get(f"/fx/cid/{cid}").json["executions"]] == ["pending"]
    assert word(running) == "ready" and exit_status(running) == 0
    found = check(running, "pauses")
    assert found["good"] and one in found["reason"] and SENTENCE in found["reason"]
    running.stop_dispatcher()
    running.start_dispatcher()
    assert [e["status"] for e in running.wait_cid(running.post_event("two")["cid"])] == ["completed"]
    assert [e["status"] for e in running.get(f"/fx/cid/{waits[0]}").json["executions"]] == ["pending"]
    running.fxctl("resume", "pipeline", "one")
    for cid in waits:
        assert [e["status"] for e in running.wait_cid(cid)] == ["completed"]


def test_the_dispatcher_waits_and_its_events_are_taken(running):
    pipeline(running, "one")
    running.fxctl("pause", "dispatcher")
    cid = running.post_event("one")["cid"]
    until(lambda: running.get(f"/fx/cid/{cid}").json["executions"], what="it is routed")
    is_told(running, "paused")
    assert "resume dispatcher" in check(running, "pauses")["remedy"]
    running.fxctl("resume", "dispatcher")
    assert [e["status"] for e in running.wait_cid(cid)] == ["completed"]


def test_once_leaves_what_is_paused(home):
    home.write_script("ok.sh", "#!/bin/sh\nexit 0\n")
    home.start()
    made = home.create_pipeline("one", JOB, event="one")
    home.start_trigger(made)
    home.fxctl("pause", "pipeline", "one")
    cid = home.post_event("one")["cid"]
    once = [BUILD / "bin/fx-dispatcher", "--home", home.dir, "--once"]
    assert subprocess.run(once, env=home.environment(), timeout=60).returncode == 0
    assert [e["status"] for e in home.get(f"/fx/cid/{cid}").json["executions"]] == ["pending"]
    home.fxctl("resume", "pipeline", "one")
    assert subprocess.run(once, env=home.environment(), timeout=60).returncode == 0
    assert [e["status"] for e in home.get(f"/fx/cid/{cid}").json["executions"]] == ["completed"]


def test_what_waits_because_it_is_told_to_is_not_late(home):
    home.configure(dispatcher={"late_seconds": 1})
    home.write_script("ok.sh", "#!/bin/sh\nexit 0\n")
    home.start()
    home.start_dispatcher()
    pipeline(home, "one")
    home.fxctl("pause", "pipeline", "one")
    cid = home.post_event("one")["cid"]
    until(lambda: home.get(f"/fx/cid/{cid}").json["executions"], what="it is routed")
    assert "Nothing waits" in check(home, "waiting")["reason"]


def test_a_pause_goes_with_its_pipeline(running):
    running.create_pipeline("one", JOB)
    running.fxctl("pause", "pipeline", "one")
    running.fxctl("pipeline", "delete", "one")
    assert check(running, "pauses")["reason"] == "No pipeline is paused."


@pytest.mark.parametrize("arguments, status", [
    (["pause", "intake", "x"], 2), (["pause", "pipeline"], 2), (["pause", "all"], 2),
    (["resume", "pipeline"], 2), (["pause", "pipeline", "none"], 1), (["resume", "pipeline", "none"], 1),
    (["pause", "intake", "--reason", "x" * 501], 2)])
def test_wrong_words(home, arguments, status):
    done = home.run_fxctl(*arguments)
    assert done.returncode == status and done.stderr, done


def test_pausing_twice_and_going_on_twice(home):
    for words in ("first", "second"):
        home.fxctl("pause", "intake", "--reason", words)
    home.start()
    assert "second" in send(home).json["detail"]
    for _ in range(2):
        home.fxctl("resume", "intake")
    assert send(home).status == 200


# --- The exit status ---

def test_exit_status_without_a_dispatcher(home):
    done = home.run_fxctl("status")
    assert done.returncode == 1 and "fx-dispatcher" in done.stderr and "none runs" in done.stdout
    done = home.run_fxctl("status", "--json")
    assert done.returncode == 1 and json.loads(done.stdout)["dispatcher"]["alive"] is False
    home.start_dispatcher()
    assert exit_status(home) == 0
    home.stop_dispatcher()
    assert exit_status(home) == 1


def test_exit_status_where_one_starts_on_demand(home):
    home.configure(dispatcher={"on_demand": 1})
    assert exit_status(home) == 0


def test_exit_status_of_a_home_that_cron_looks_after(home):
    assert exit_status(home) == 1
    once = [BUILD / "bin/fx-dispatcher", "--home", home.dir, "--once"]
    assert subprocess.run(once, env=home.environment(), timeout=60).returncode == 0
    assert exit_status(home) == 0
    past = (home.dir / "run/once").stat().st_mtime - 121
    subprocess.run(["touch", "-d", f"@{past}", home.dir / "run/once"], check=True)
    assert exit_status(home) == 1


def test_exit_status_where_events_are_refused(home):
    home.configure(store={"disk_reserve_bytes": 1 << 40})
    home.start_dispatcher()
    done = home.run_fxctl("status")
    assert done.returncode == 1 and "disk_reserve_bytes" in done.stderr
