"""Fair shares: no pipeline delays another's execution by more than one step, whatever its own
backlog or its scripts are like. Told by conditions: the other's execution completes while the
first pipeline is still stuck, or still has most of its backlog."""
import os
import signal
import time

import pytest

from harness import is_running, until
from jobs import (OK, SH, completed, executions_of, failure, gate, make, marked, python, replace,
                  runners, trigger, wait_for, wait_trigger)


def start(home, **dispatcher):
    home.configure(dispatcher=dispatcher)
    home.start()
    home.start_dispatcher()


def post_many(home, topic, count, start=0):
    """As one batch, so that all of them are there at once. Their cids in order."""
    reply = home.post("/fx/events", [
        {"specversion": "1.0", "id": f"{topic}{n}", "source": "test", "type": topic, "data": n}
        for n in range(start, start + count)],
        headers=[("Content-Type", "application/cloudevents-batch+json")])
    assert reply.status == 200, reply
    return [accepted["cid"] for accepted in reply.json]


def single(home, cid):
    [execution] = home.wait_cid(cid)
    return completed(execution)


@pytest.mark.parametrize("places", [2, 4, 16])
def test_hanging_scripts(home, places):
    """One pipeline's scripts all hang, as many as it may have; another's run as ever."""
    start(home, instances=places)
    with gate(home) as (path, opened):
        stuck = make(home, SH + wait_for(path), event="stuck", scale={"max": 100})
        cids = post_many(home, "stuck", 100)
        held = until(lambda: trigger(home, stuck)["running"], what="they hang")
        quick = make(home, OK, event="quick", scale={"max": 100})
        for _ in range(10):
            single(home, home.post_event("quick")["cid"])
        by_hand = make(home, OK, event=None)
        execution = home.post(f"/api/v1/batches/{by_hand}", {}).json
        single(home, execution["cid"])
        status = trigger(home, stuck)
        assert status["running"] >= held and status["running"] + status["pending"] == 100
        wait_trigger(home, quick, pending=0, running=0)
        opened()
    for cid in cids:
        single(home, cid)


def test_backlog(home):
    """A single execution does not wait for the backlog of another, even where only one can run."""
    start(home, instances=1)
    long = make(home, SH + "sleep 0.02\n", event="long", scale={"max": 8})
    make(home, OK, event="quick")
    cids = post_many(home, "long", 500)
    wait_trigger(home, long, running=1)
    for _ in range(3):
        single(home, home.post_event("quick")["cid"])
    waiting = trigger(home, long)["pending"]
    assert waiting > 250, waiting
    assert home.delete(f"/api/v1/events/{long}").status == 200
    home.wait_cid(cids[-1])


def test_ten_thousand_waiting(home):
    """One of another pipeline comes in between."""
    start(home, instances=2)
    long = make(home, SH + "sleep 0.02\n", event="long")
    make(home, OK, event="quick")
    cids = [cid for batch in range(10) for cid in post_many(home, "long", 1000, batch * 1000)]
    wait_trigger(home, long, running=1)
    single(home, home.post_event("quick")["cid"])
    assert trigger(home, long)["pending"] > 9000
    assert home.delete(f"/api/v1/events/{long}").status == 200
    statuses = {home.wait_cid(cid)[0]["status"] for cid in (cids[0], cids[-1])}
    assert statuses <= {"completed", "skipped"}
    assert not home.get("/fx/executions?status=pending").json["executions"]


def test_backlog_beside_a_backlog(home):
    """Equal shares: the one that came later is not behind the first one's whole backlog."""
    start(home, instances=2)
    first = make(home, SH + "sleep 0.02\n", event="first", scale={"max": 8})
    make(home, SH + "sleep 0.02\n", event="second", scale={"max": 8})
    late = post_many(home, "first", 400)
    wait_trigger(home, first, running=1)
    for cid in post_many(home, "second", 30):
        single(home, cid)
    assert trigger(home, first)["pending"] > 100
    assert home.delete(f"/api/v1/events/{first}").status == 200
    home.wait_cid(late[-1])


def test_ordered_ones_that_hang(home):
    """Each holds one place, and no more of them than leave others one."""
    start(home, instances=4)
    with gate(home) as (path, opened):
        stuck = [make(home, SH + wait_for(path), event="stuck", ordered=True) for _ in range(3)]
        cids = post_many(home, "stuck", 4)
        for pipeline in stuck:
            wait_trigger(home, pipeline, running=1, pending=3)
        make(home, OK, event="quick")
        for _ in range(5):
            single(home, home.post_event("quick")["cid"])
        opened()
    for cid in cids:
        for execution in home.wait_cid(cid):
            completed(execution)


def test_many_that_fail(home):
    """Nor do executions that fail and wait and fail again."""
    start(home, instances=2)
    failing = make(home, SH + "exit 1\n", event="failing", scale={"max": 8},
                   retry={"limit": 100, "delay": 0, "max_delay": 0})
    post_many(home, "failing", 100)
    until(lambda: trigger(home, failing)["running"], what="they are at it")
    make(home, OK, event="quick")
    for _ in range(5):
        single(home, home.post_event("quick")["cid"])
    assert home.delete(f"/api/v1/events/{failing}").status == 200


def test_no_thrash(home):
    """Runners stay while there is work for them: a backlog is not worked off by ever new ones."""
    start(home, instances=4)
    pids = home.scratch / "pids"
    make(home, SH + f"echo $PPID >>{pids}\n", event="job", scale={"max": 4, "idle_timeout": 0})
    for cid in post_many(home, "job", 100):
        single(home, cid)
    assert len(pids.read_text().split()) == 100
    assert len(set(pids.read_text().split())) <= 12


def test_steady_load(live):
    """One event after another is served by runners that stay."""
    pids = live.scratch / "pids"
    make(live, SH + f"echo $PPID >>{pids}\n", event="job", scale={"max": 4})
    for n in range(200):
        live.post_event("job", n)
    until(lambda: len(pids.read_text().split()) == 200, what="all have run")
    assert set(pids.read_text().split()) <= set(map(str, runners(live)))


# --- Order ---

ORDERED = """
import signal
n = json.load(sys.stdin)["data"]
with open({out!r}, "a") as out:
    print(n, os.environ["FX_ATTEMPT"], "begins", file=out)
if n % 5 == 1 and os.environ["FX_ATTEMPT"] == "1":
    sys.exit(1)
if n % 5 == 2 and os.environ["FX_ATTEMPT"] == "1":
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(10)
time.sleep(0.01)
with open({out!r}, "a") as out:
    print(n, os.environ["FX_ATTEMPT"], "ends", file=out)
"""


def check_order(path, count):
    """Each number begins after the one before has ended, and comes again only until it has."""
    done, last = -1, 0
    for line in path.read_text().splitlines():
        n, attempt, what = line.split()
        assert int(n) == done + 1, f"{line} while {done + 1} is next"
        assert int(attempt) >= last, line
        last = int(attempt)
        if what == "ends":
            done, last = int(n), 0
    assert done == count - 1


@pytest.mark.parametrize("how", ["kill_dispatcher", "stop_dispatcher"])
def test_ordered_over_crashes(home, how):
    """Retries, runners that die, and a dispatcher that is killed again and again."""
    home.configure(dispatcher={"drain_seconds": 0}, step={"grace_seconds": 0, "confine": "off"})
    home.start()
    home.start_dispatcher()
    out = home.scratch / "out"
    mark = f"MARK-{home.place.name}"
    make(home, python(ORDERED.format(out=str(out))), event="job", ordered=True,
         scale={"max": 8}, env={"APP_MARK": mark},
         retry={"limit": 3, "delay": 0.02, "max_delay": 0.05})
    count = 25
    cids = post_many(home, "job", count)
    for turn in range(6):
        begun = time.monotonic()
        until(lambda: time.monotonic() - begun > 0.05 + turn * 0.04, what="a moment passes")
        getattr(home, how)()
        home.start_dispatcher()
    for cid in cids:
        single(home, cid)
    # An attempt that was cut off may have written its end before it was.
    check_order_over_crashes(out, count)
    assert not marked(mark)


def check_order_over_crashes(path, count):
    """As check_order, but the last that has ended may be run again: its end was not recorded."""
    current = 0
    ended = set()
    for line in path.read_text().splitlines():
        n, _, what = line.split()
        n = int(n)
        assert n in (current, current + 1), f"{line} while {current} is at hand"
        if n == current + 1:
            assert current in ended, f"{line} before {current} has ended"
            current = n
        if what == "ends":
            ended.add(n)
    assert current == count - 1 and current in ended


def test_ordered_over_retries(live):
    out = live.scratch / "out"
    make(live, python(ORDERED.format(out=str(out))), event="job", ordered=True, scale={"max": 8},
         retry={"limit": 3, "delay": 0.02, "max_delay": 0.05})
    for cid in post_many(live, "job", 25):
        single(live, cid)
    check_order(out, 25)


def mixed(home, pipeline, count):
    """Events and runs by hand in turn, numbered in the order of the log. Their cids."""
    def one(n):
        if n % 3:
            return home.post_event("job", n)["cid"]
        return home.post(f"/api/v1/batches/{pipeline}", n).json["cid"]

    return [one(n) for n in range(count)]


def test_ordered_with_runs_by_hand(live):
    """One at a time and in the order of the log, also where two queues of a pipeline wait."""
    out = live.scratch / "out"
    with gate(live) as (path, opened):
        pipeline = make(live, SH + wait_for(path), python(ORDERED.format(out=str(out))),
                        event="job", ordered=True, scale={"max": 8},
                        retry={"limit": 3, "delay": 0.02, "max_delay": 0.05})
        cids = mixed(live, pipeline, 20)
        until(lambda: trigger(live, pipeline)["pending"] == 13, what="all are there")
        assert [executions_of(live, cid)[0]["status"] for cid in cids] == [
            "in_progress", *["pending"] * 19]
        opened()
    for cid in cids:
        single(live, cid)
    check_order(out, 20)


def test_ordered_with_runs_by_hand_over_crashes(home):
    home.configure(dispatcher={"drain_seconds": 0, "turn_events": 1}, step={"grace_seconds": 0})
    home.start()
    out = home.scratch / "out"
    pipeline = make(home, python(ORDERED.format(out=str(out))), event="job", ordered=True,
                    scale={"max": 8}, retry={"limit": 3, "delay": 0.02, "max_delay": 0.05})
    cids = mixed(home, pipeline, 20)  # of which the dispatcher routes one a turn
    for turn in range(5):
        home.start_dispatcher()
        begun = time.monotonic()
        until(lambda: time.monotonic() - begun > 0.05 + turn * 0.04, what="a moment passes")
        home.kill_dispatcher()
    home.start_dispatcher()
    for cid in cids:
        single(home, cid)
    check_order_over_crashes(out, 20)


@pytest.mark.parametrize("started, latest", [(True, False), (False, True)])
def test_ordered_by_one_version(live, started, latest):
    """The trigger's or that of the runs by hand: it goes for all of the pipeline."""
    out = live.scratch / "out"
    with gate(live) as (path, opened):
        script = python(f"""
with open({str(out)!r}, "a") as out:
    print(json.load(sys.stdin)["data"], file=out)
while not os.path.exists({str(path)!r}):
    time.sleep(0.01)
""")
        pipeline = make(live, script, event="job", ordered=started)
        replace(live, pipeline, script, ordered=latest)
        cids = mixed(live, pipeline, 4)
        until(lambda: trigger(live, pipeline)["pending"] == 2, what="its events are there")
        assert [executions_of(live, cid)[0]["status"] for cid in cids] == [
            "in_progress", *["pending"] * 3]
        opened()
    for cid in cids:
        single(live, cid)
    assert out.read_text().split() == ["0", "1", "2", "3"]


def test_unordered_beside_runs_by_hand(live):
    """Nobody waits for anybody."""
    with gate(live) as (path, opened):
        pipeline = make(live, SH + wait_for(path), event="job", scale={"max": 8})
        cids = mixed(live, pipeline, 6)
        until(lambda: [executions_of(live, cid)[0]["status"] for cid in cids
                       if executions_of(live, cid)] == ["in_progress"] * 6, what="all run at once")
        opened()
    for cid in cids:
        single(live, cid)


def test_ordered_goes_on_after_one_that_failed(live):
    """Attempts used up: the next one's turn. Retried by hand it goes before what waits."""
    out = live.scratch / "out"
    with gate(live) as (path, opened):
        make(live, python(f"""
n = json.load(sys.stdin)["data"]
with open({str(out)!r}, "a") as out:
    print(n, file=out)
while n == 2 and not os.path.exists({str(path)!r}):
    time.sleep(0.01)
sys.exit(n == 0 and os.environ["FX_ATTEMPT"] == "1")
"""), event="job", ordered=True)
        cids = post_many(live, "job", 5)
        until(lambda: out.exists() and out.read_text().split() == ["0", "1", "2"],
              what="the third is at hand")
        [failed] = executions_of(live, cids[0])
        assert failed["status"] == "failed"
        assert live.post(f"/api/v1/executions/{failed['execution_id']}/retry").status == 200
        opened()
    for cid in cids:
        single(live, cid)
    assert out.read_text().split() == ["0", "1", "2", "0", "3", "4"]


def test_hanging_runner_is_replaced(home):
    """A runner that stops answering is killed once its execution's time is long over, and that
    becomes another attempt."""
    home.configure(step={"grace_seconds": 0, "confine": "off"})
    home.start()
    home.start_dispatcher()
    mark = f"MARK-{home.place.name}"
    make(home, SH + "[ $FX_ATTEMPT = 1 ] || exit 0\nkill -STOP $PPID\nsleep 1000\n", event="job",
         attempt_timeout=0.5, env={"APP_MARK": mark})
    execution = single(home, home.post_event("job")["cid"])
    assert execution["attempt"] == 2
    assert "does not answer" in home.logs()
    until(lambda: not marked(mark), what="nothing of the first attempt is left")


def test_idle_runner_that_hangs_is_replaced(home):
    """It does not take the job that it is sent, and is found out by that."""
    home.configure(step={"grace_seconds": 0})
    home.start()
    home.start_dispatcher()
    pipeline = make(home, OK, event="job", attempt_timeout=0.5, scale={"min": 1, "max": 1})
    wait_trigger(home, pipeline, instances=1)
    [hangs] = until(lambda: runners(home), what="it is there")
    os.kill(hangs, signal.SIGSTOP)
    execution = single(home, home.post_event("job")["cid"])
    assert execution["attempt"] == 2
    assert hangs not in runners(home)


def test_runner_that_hangs_when_it_is_to_leave(home):
    """It is killed, and does not keep its place from others."""
    home.configure(dispatcher={"instances": 1}, step={"grace_seconds": 0})
    home.start()
    home.start_dispatcher()
    for name in "abc":
        make(home, OK, event=name)
    single(home, home.post_event("a")["cid"])
    [hangs] = runners(home)
    os.kill(hangs, signal.SIGSTOP)
    for name in "bcb":
        single(home, home.post_event(name)["cid"])
    assert hangs not in runners(home)


def test_stopped_runner_of_a_killed_dispatcher(home):
    """The next dispatcher kills it."""
    home.start()
    home.start_dispatcher()
    make(home, OK, event="job")
    home.wait_cid(home.post_event("job")["cid"])
    [pid] = runners(home)
    os.kill(pid, signal.SIGSTOP)
    home.kill_dispatcher()
    home.start_dispatcher()
    try:
        until(lambda: not is_running(pid), 10, "it is gone")
    finally:
        if is_running(pid):
            os.kill(pid, signal.SIGKILL)


def test_cancel_while_the_runner_hangs(home):
    """It does not hear of it, and need not: its execution's own time is five minutes."""
    home.configure(step={"grace_seconds": 0})
    home.start()
    home.start_dispatcher()
    mark = f"MARK-{home.place.name}"
    begun = home.scratch / "begun"
    make(home, SH + f"touch {begun}\nsleep 1000\n", event="job", env={"APP_MARK": mark})
    cid = home.post_event("job")["cid"]
    until(begun.exists, what="it is at work")
    [hangs] = runners(home)
    os.kill(hangs, signal.SIGSTOP)
    [execution] = executions_of(home, cid)
    assert home.post(f"/api/v1/executions/{execution['execution_id']}/cancel").status == 200
    [execution] = home.wait_cid(cid)
    assert failure(execution) == "cancelled by request"
    until(lambda: not marked(mark), what="nothing of it is left")


def test_cancelled_before_the_runner_looks(home):
    """The job and its cancellation reach it at once: nothing is begun, and it stays."""
    home.start()
    home.start_dispatcher()
    begun = home.scratch / "begun"
    pipeline = make(home, SH + f"touch {begun}\nsleep 1000\n", event="job", timeout=60,
                    scale={"min": 1, "max": 1})
    make(home, OK, event="other")
    wait_trigger(home, pipeline, instances=1)
    [late] = until(lambda: runners(home), what="it is there")
    os.kill(late, signal.SIGSTOP)
    cid = home.post_event("job")["cid"]
    wait_trigger(home, pipeline, running=1)
    [execution] = executions_of(home, cid)
    assert home.post(f"/api/v1/executions/{execution['execution_id']}/cancel").status == 200
    single(home, home.post_event("other")["cid"])  # so that the cancellation has been sent
    os.kill(late, signal.SIGCONT)
    [execution] = home.wait_cid(cid)
    assert failure(execution) == "cancelled by request"
    assert late in runners(home)
    assert not begun.exists()


def test_more_that_are_busy_than_places(home):
    """Where every place is taken by somebody with a backlog, each still has its turn."""
    start(home, instances=2)
    long = [make(home, SH + "sleep 0.02\n", event="long", scale={"max": 8}) for _ in range(4)]
    cids = post_many(home, "long", 300)
    make(home, OK, event="quick")
    for _ in range(5):
        single(home, home.post_event("quick")["cid"])
    until(lambda: all(300 - trigger(home, p)["pending"] > 5 for p in long), what="all are at it")
    assert all(trigger(home, p)["pending"] > 100 for p in long)
    for pipeline in long:
        assert home.delete(f"/api/v1/events/{pipeline}").status == 200
    home.wait_cid(cids[-1])
