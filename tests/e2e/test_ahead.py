"""Executions that take no time are given to a runner ahead. That must not show: when one of them
takes its time after all, is cancelled, or kills its runner, the others are as if they had waited."""
import os
import signal
from uuid import uuid4

import pytest

from harness import until
from jobs import PYTHON, completed, executions_of, gate, make, runners, wait_trigger

QUICK = 400  # enough for the pace to be known
CROWD = 50

# Waits for the gate, kills its runner, or answers at once, as the event says.
WORKER = PYTHON + """
for line in sys.stdin:
    question = json.loads(line)
    what = question["event"]["data"]
    while what == "wait" and not os.path.exists(GATE):
        time.sleep(0.01)
    if what == "kill" and question["attempt"] == 1:
        os.kill(os.getppid(), 9)
        time.sleep(60)
    print('{"ok": true}', flush=True)
"""


def post_all(home, payloads):
    """As one batch, so that all of them are there at once. Their cids in order."""
    reply = home.post("/fx/events", [
        {"specversion": "1.0", "id": str(uuid4()), "source": "test", "type": "job",
         "data": payload} for payload in payloads],
        headers=[("Content-Type", "application/cloudevents-batch+json")])
    assert reply.status == 200, reply
    return [accepted["cid"] for accepted in reply.json]


def post_between(home, what):
    """One such event in the midst of quick ones, so that it and those behind it are given ahead.
    Their cids: the one, and those behind it."""
    cids = post_all(home, ["quick"] * CROWD + [what] + ["quick"] * 30)
    return cids[CROWD], cids[CROWD + 1:]


def one(home, cid):
    [execution] = home.wait_cid(cid)
    return execution


def pace(home, path="never"):
    """Makes a pipeline of one instance, which runs so many executions in no time. Its id."""
    step = {"text": WORKER.replace("GATE", repr(str(path))), "options": {"persistent": True}}
    pipeline = make(home, step, scale={"max": 1}, timeout=60)
    for cid in post_all(home, ["quick"] * QUICK):
        completed(one(home, cid))
    return pipeline


@pytest.fixture
def paced(home):
    home.configure(dispatcher={"instances": 8}, step={"confine": "off"})
    home.start()
    home.start_dispatcher()
    with gate(home) as (path, opened):
        home.pipeline = pace(home, path)
        home.opened = opened
        yield home


def test_one_that_takes_its_time(paced):
    """Those behind it are pending again, and none of them has been tried."""
    slow, others = post_between(paced, "wait")
    wait_trigger(paced, paced.pipeline, running=1, pending=30)
    for cid in others:
        [execution] = executions_of(paced, cid)
        assert (execution["status"], execution["attempt"]) == ("pending", 0), execution
    paced.opened()
    for cid in [slow, *others]:
        assert completed(one(paced, cid))["attempt"] == 1


def test_one_that_kills_its_runner(paced):
    """It has an attempt more; those behind it have not."""
    killer, others = post_between(paced, "kill")
    assert completed(one(paced, killer))["attempt"] == 2
    for cid in others:
        assert completed(one(paced, cid))["attempt"] == 1


@pytest.mark.parametrize("which", [0, 1, 15])
def test_cancelled(paced, which):
    """One is cancelled, at hand or not, and only that."""
    slow, others = post_between(paced, "wait")
    cids = [slow, *others]
    target = until(lambda: executions_of(paced, cids[which]), what="it is routed")[0]
    wait_trigger(paced, paced.pipeline, running=1)
    reply = paced.post(f"/api/v1/executions/{target['execution_id']}/cancel")
    assert reply.status == 200, reply
    if which:
        paced.opened()
    for n, cid in enumerate(cids):
        if n != which:
            completed(one(paced, cid))
        else:
            execution = one(paced, cid)
            assert execution["status"] in ("failed", "skipped")
            assert execution["error"] == "cancelled by request"


def test_another_instance_takes_what_is_recalled(paced):
    """With more instances nobody waits for the slow one."""
    assert paced.put(f"/api/v1/pipelines/{paced.pipeline}", {
        "steps": paced.get(f"/api/v1/pipelines/{paced.pipeline}").json["steps"],
        "options": {"event": "job", "scale": {"max": 2}}}).status == 200
    paced.start_trigger(paced.pipeline, ready=True)
    for cid in post_all(paced, ["quick"] * QUICK):
        completed(one(paced, cid))
    slow, others = post_between(paced, "wait")
    for cid in others:
        completed(one(paced, cid))
    [execution] = executions_of(paced, slow)
    assert execution["status"] == "in_progress"
    paced.opened()
    completed(one(paced, slow))


def test_stopped_while_jobs_are_ahead(paced):
    """What has not begun when the dispatcher is killed is run by the next one."""
    slow, others = post_between(paced, "wait")
    until(lambda: [e["status"] for e in executions_of(paced, slow)] == ["in_progress"],
          what="it runs")
    paced.kill_dispatcher()
    until(lambda: not runners(paced), what="the runner has ended")
    paced.opened()
    paced.start_dispatcher()
    for cid in [slow, *others]:
        completed(one(paced, cid))


def test_given_up_while_jobs_are_ahead(home):
    """A runner may have begun with any of them when the dispatcher hangs up: each has had an
    attempt, so that no number of an attempt is used twice."""
    home.configure(dispatcher={"instances": 8, "drain_seconds": 0})
    home.start()
    home.start_dispatcher()
    pace(home)
    [pid] = runners(home)
    os.kill(pid, signal.SIGSTOP)
    cids = post_all(home, ["quick"] * CROWD)
    given = until(lambda: home.get("/fx/executions?status=in_progress").json["executions"],
                  what="it is given some")
    assert len(given) > 1
    home.dispatcher.send_signal(signal.SIGTERM)
    until(lambda: not home.get("/fx/executions?status=in_progress").json["executions"],
          what="they are given up")
    os.kill(pid, signal.SIGCONT)
    assert home.stop_dispatcher() == 0
    home.start_dispatcher()
    attempts = {e["execution_id"]: e["attempt"] for e in (one(home, cid) for cid in cids)}
    assert all(attempts[e["execution_id"]] == 2 for e in given)
