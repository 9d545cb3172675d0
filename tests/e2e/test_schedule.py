"""Schedules. The wall clock of the dispatcher and of fxctl, which starts the triggers, is set by
the test (libfaketime), a second before a minute begins, say; their other clock and everything
around them go on as they are."""
import json
import re
import signal
import subprocess
from datetime import datetime, timedelta, timezone

import pytest

from clock import Clock
from harness import BUILD, end, until
from jobs import (OK, SH, completed, executions_of, make, once, replace, run, stop_trigger, trigger,
                  wait_trigger)

NOON = datetime(2030, 6, 12, 12, 0, tzinfo=timezone.utc)  # a Wednesday


def start_trigger(home, pipeline, ready):
    home.fxctl("trigger", "start", pipeline)
    if ready:
        wait_trigger(home, pipeline, ready=True)


@pytest.fixture
def away(home):
    """A home without a dispatcher, its clock at 12:00:30. It keeps everything: what web programs
    accept, whose clock is the machine's, is years old to this one."""
    home.configure(dispatcher={"look_seconds": 1},
                   retention={"payload_days": 0, "log_days": 0, "row_days": 0})
    home.start()
    home.clock = Clock(home, NOON + timedelta(seconds=30))
    home.start_trigger = lambda pipeline, ready=False: start_trigger(home, pipeline, ready)
    return home


@pytest.fixture
def clocked(away):
    """The same with a dispatcher."""
    away.start_dispatcher()
    return away


def at(home, minutes, seconds=58.8):
    """Sets the clock: so long after noon, as a rule just before the next minute begins."""
    home.clock.set(NOON + timedelta(minutes=minutes, seconds=seconds))


def ticks(home, service):
    """Its scheduled executions, oldest first."""
    found = home.get(f"/fx/executions?service={service}&limit=1000").json["executions"]
    return [e for e in reversed(found) if e["event_type"] == "fx.schedule"]


def event_of(home, execution):
    """The event of a tick, which has the minute it was due as its time and in its payload."""
    event = home.get(f"/fx/executions/{execution['execution_id']}/event").json
    assert event["data"] == {"due": event["time"]}
    return event


def wait_ticks(home, service, count):
    def enough():
        seen = ticks(home, service)
        return seen if len(seen) >= count else None

    found = until(enough,
                  what=lambda: f"{count} ticks of {service}: {ticks(home, service)}\n{home.logs()}")
    assert len(found) == count
    return found


def a_look_later(home):
    """The dispatcher has looked at its clock and routed an event since."""
    for _ in range(2):
        before = home.dir.joinpath("run/dispatcher.lock").stat().st_mtime_ns
        until(lambda: home.dir.joinpath("run/dispatcher.lock").stat().st_mtime_ns != before,
              what="the dispatcher looks around")
    assert home.get(f"/fx/cid/{home.post_event('look')['cid']}?wait=10").status == 200


def scheduled(home, *steps, schedule="* * * * *", name="tick", **options):
    return make(home, *(steps or [OK]), event="never.sent", schedule=schedule, name=name, **options)


def test_every_minute(clocked):
    """At the beginning of each; an event with a cid like any other."""
    scheduled(clocked, SH + """sed -n 's/.*"data":\\(.*\\)}$/{"save":{"got":\\1}}/p' >&3\n""")
    a_look_later(clocked)
    assert ticks(clocked, "tick") == []
    for minute in range(3):
        at(clocked, minute)
        execution = wait_ticks(clocked, "tick", minute + 1)[-1]
        [execution] = clocked.wait_cid(execution["cid"])
        due = f"2030-06-12T12:0{minute + 1}:00.000Z"
        assert completed(execution)["data"] == {"got": {"due": due}}
        assert event_of(clocked, execution)["time"] == due
        assert execution["datetime"].startswith(f"2030-06-12T12:0{minute + 1}:00.")
        assert execution["parent_execution_id"] is None
        [event] = clocked.get(f"/fx/cid/{execution['cid']}/explain").json["events"]
        assert (event["type"], event["source"]) == ("fx.schedule", "/fx/schedule")
        assert [t["execution_id"] for t in event["triggers"]] == [execution["execution_id"]]
    a_look_later(clocked)
    assert len(ticks(clocked, "tick")) == 3


def test_the_real_clock(live):
    """Without any trick, which takes up to a minute."""
    scheduled(live)
    until(lambda: ticks(live, "tick"), 65, "the minute is over")
    completed(live.wait_cid(ticks(live, "tick")[0]["cid"])[0])
    assert ticks(live, "tick")[0]["datetime"][17:19] == "00"


@pytest.mark.parametrize("schedule, before", [
    ("1 12 * * *", NOON), ("@hourly", NOON + timedelta(minutes=59)),
    ("@daily", NOON.replace(hour=23, minute=59)), ("@midnight", NOON.replace(hour=23, minute=59)),
    ("@weekly", NOON.replace(day=15, hour=23, minute=59)),
    ("0 0 * * 7", NOON.replace(day=15, hour=23, minute=59)),
    ("0 0 * * sun", NOON.replace(day=15, hour=23, minute=59)),
    ("@monthly", NOON.replace(day=30, hour=23, minute=59)),
    ("@yearly", NOON.replace(month=12, day=31, hour=23, minute=59)),
    ("@annually", NOON.replace(month=12, day=31, hour=23, minute=59))])
def test_when(home, schedule, before):
    """Due with the minute that begins; one that is due a minute later is not."""
    home.configure(dispatcher={"look_seconds": 1})
    home.start()
    home.clock = Clock(home, before)
    home.start_dispatcher()
    scheduled(home, schedule=schedule)
    scheduled(home, name="other", schedule="30 6 29 2 *")
    home.clock.set(before + timedelta(seconds=58.8))
    completed(home.wait_cid(wait_ticks(home, "tick", 1)[0]["cid"])[0])
    assert ticks(home, "other") == []


def test_only_while_it_is_started(clocked):
    scheduled(clocked, name="idle", start=False)
    pipeline = scheduled(clocked)
    scheduled(clocked, name="beside")
    at(clocked, 0)
    wait_ticks(clocked, "beside", 1)
    wait_ticks(clocked, "tick", 1)
    stop_trigger(clocked, pipeline)
    at(clocked, 1)
    wait_ticks(clocked, "beside", 2)
    clocked.start_trigger(pipeline, ready=True)
    at(clocked, 2)
    wait_ticks(clocked, "beside", 3)
    wait_ticks(clocked, "tick", 2)
    a_look_later(clocked)
    assert ticks(clocked, "idle") == []
    assert len(ticks(clocked, "tick")) == 2


STOPS = pytest.mark.parametrize("how", ["stop_dispatcher", "kill_dispatcher"])


@STOPS
def test_missed_without_a_dispatcher(clocked, how):
    """Not made up for when tick_late_seconds are over; the next one comes."""
    scheduled(clocked, schedule="*/10 * * * *")
    at(clocked, 9)
    wait_ticks(clocked, "tick", 1)
    getattr(clocked, how)()
    at(clocked, 22, 0)
    clocked.start_dispatcher()
    a_look_later(clocked)
    assert len(ticks(clocked, "tick")) == 1
    at(clocked, 29)
    assert wait_ticks(clocked, "tick", 2)[-1]["datetime"].startswith("2030-06-12T12:30:00.")


@STOPS
def test_taken_late(clocked, how):
    """The latest of those that nobody took, when a dispatcher is there again; and once."""
    scheduled(clocked)
    at(clocked, 0)
    wait_ticks(clocked, "tick", 1)
    for minute in (10, 20):
        getattr(clocked, how)()
        at(clocked, minute, 20)
        clocked.start_dispatcher()
        late = wait_ticks(clocked, "tick", minute // 10 + 1)[-1]
        assert late["datetime"].startswith(f"2030-06-12T12:{minute}:2")
        assert event_of(clocked, late)["time"] == f"2030-06-12T12:{minute}:00.000Z"
    getattr(clocked, how)()
    clocked.start_dispatcher()
    a_look_later(clocked)
    assert len(ticks(clocked, "tick")) == 3
    at(clocked, 20)
    wait_ticks(clocked, "tick", 4)


def test_how_late(away):
    """As tick_late_seconds says."""
    away.configure(dispatcher={"tick_late_seconds": 600})
    scheduled(away, schedule="1 * * * *")
    at(away, 10, 0)
    assert once(away).returncode == 0
    [tick] = ticks(away, "tick")
    assert event_of(away, tick)["time"] == "2030-06-12T12:01:00.000Z"
    at(away, 72, 0)
    assert once(away).returncode == 0
    assert len(ticks(away, "tick")) == 1


@pytest.mark.parametrize("schedule, count", [("* * * * *", 1), ("*/10 * * * *", 0)])
def test_a_machine_that_slept(clocked, schedule, count):
    """Of those that a jump of the clock left out the last is taken, where it is not too late."""
    scheduled(clocked, schedule=schedule)
    at(clocked, 182, 30)
    if count:
        [tick] = wait_ticks(clocked, "tick", count)
        assert event_of(clocked, tick)["time"] == "2030-06-12T15:02:00.000Z"
    a_look_later(clocked)
    assert len(ticks(clocked, "tick")) == count
    at(clocked, 189)
    wait_ticks(clocked, "tick", count + 1)


def test_from_cron(away):
    """Every minute a dispatcher that works off what is there: each tick is taken, and has run."""
    scheduled(away)
    scheduled(away, schedule="2 * * * *", name="hourly")
    assert once(away).returncode == 0
    assert ticks(away, "tick") == []
    for minute in range(1, 4):
        for second in (0.3, 30):
            at(away, minute, second)
            done = once(away, "--max-seconds", "50")
            assert done.returncode == 0, done.stderr
            found = ticks(away, "tick")
            assert len(found) == minute
            completed(found[-1])
        assert len(ticks(away, "hourly")) == (minute >= 2)
    at(away, 8, 0.3)
    once(away)
    assert len(ticks(away, "tick")) == 4


def test_once_whoever_is_killed(away):
    """At any moment of its work: each tick makes one event."""
    scheduled(away)
    for minute in range(1, 13):
        at(away, minute, 0.3)
        with open(away.dir / "log/dispatcher.log", "ab") as log:
            first = subprocess.Popen([BUILD / "bin/fx-dispatcher", "--home", away.dir, "--once"],
                                     env=away.environment(), stderr=log)
        before = away.commits()
        if minute % 4:  # else at once
            until(lambda: away.commits() >= before + minute % 4 or first.poll() is not None,
                  what="it has written")
        end(first, signal.SIGKILL)
        assert once(away).returncode == 0
        assert len(ticks(away, "tick")) == minute
    away.start_dispatcher()
    for execution in ticks(away, "tick"):
        completed(away.wait_cid(execution["cid"])[0])


def test_begins_after_its_start(away):
    """With the first tick then, whenever a dispatcher comes; what was before is not its own."""
    pipeline = scheduled(away)
    scheduled(away, schedule="0 * * * *", name="hourly")
    at(away, 1, 10)
    assert once(away).returncode == 0
    assert len(ticks(away, "tick")) == 1
    stop_trigger(away, pipeline)
    at(away, 2, 10)
    away.start_trigger(pipeline)
    at(away, 2, 20)
    assert once(away).returncode == 0
    assert len(ticks(away, "tick")) == 1
    at(away, 3, 1)
    assert once(away).returncode == 0
    assert len(ticks(away, "tick")) == 2
    assert ticks(away, "hourly") == []


@pytest.mark.parametrize("before, after, count", [
    ("1 * * * *", "@yearly", 1),  # due before it was replaced
    ("@yearly", "1 * * * *", 0),  # it was started after that
    ("@yearly", "2 * * * *", 1), ("2 * * * *", "@yearly", 0)])
def test_replaced_without_a_dispatcher(away, before, after, count):
    pipeline = scheduled(away, schedule=before)
    assert once(away).returncode == 0
    replace(away, pipeline, OK, event="never.sent", schedule=after)
    at(away, 1, 40)
    away.start_trigger(pipeline)
    at(away, 2, 10)
    assert once(away).returncode == 0
    assert [e["pipeline_version"] for e in ticks(away, "tick")] == ["2"] * count
    assert once(away).returncode == 0
    assert len(ticks(away, "tick")) == count


def test_on_demand(away):
    """A schedule keeps the dispatcher there: nobody would start another for its tick."""
    away.configure(dispatcher={"on_demand": 1, "leave_seconds": 1})
    away.clock.follow(away)
    pipeline = scheduled(away)
    wait_trigger(away, pipeline, ready=True)
    a_look_later(away)
    lock = away.dir / "run/dispatcher.lock"
    pid = lock.read_text()
    for _ in range(4):  # which is longer than leave_seconds
        mtime = lock.stat().st_mtime_ns
        until(lambda: lock.stat().st_mtime_ns != mtime, what="the dispatcher looks around")
    at(away, 0)
    completed(away.wait_cid(wait_ticks(away, "tick", 1)[0]["cid"])[0])
    assert lock.read_text() == pid
    stop_trigger(away, pipeline)
    until(lambda: not (away.dir / "run/wake").exists(), what="it leaves when there is none")


def test_clock_set_back(clocked):
    """By an hour: the schedule goes on by the clock as it is."""
    scheduled(clocked, schedule="1 * * * *")
    at(clocked, 0)
    wait_ticks(clocked, "tick", 1)
    at(clocked, -1, 58.8)  # a second time to 12:00 …
    a_look_later(clocked)
    assert len(ticks(clocked, "tick")) == 1
    at(clocked, 0)  # … and 12:01
    wait_ticks(clocked, "tick", 2)
    at(clocked, 60)
    wait_ticks(clocked, "tick", 3)


@STOPS
def test_clock_set_back_without_a_dispatcher(clocked, how):
    scheduled(clocked, schedule="1 * * * *")
    at(clocked, 0)
    wait_ticks(clocked, "tick", 1)
    getattr(clocked, how)()
    at(clocked, -60, 90)
    clocked.start_dispatcher()
    a_look_later(clocked)
    assert len(ticks(clocked, "tick")) == 1
    at(clocked, 0)
    wait_ticks(clocked, "tick", 2)


def test_clock_adjusted(clocked):
    """By a few seconds, a tick that was taken does not come again."""
    scheduled(clocked, schedule="1 * * * *")
    at(clocked, 0)
    wait_ticks(clocked, "tick", 1)
    at(clocked, 0)
    a_look_later(clocked)
    clocked.kill_dispatcher()
    at(clocked, 0)
    clocked.start_dispatcher()
    a_look_later(clocked)
    a_look_later(clocked)
    assert len(ticks(clocked, "tick")) == 1


def test_work_goes_on_when_the_clock_is_set_back(clocked):
    """What waits for its next attempt does not wait an hour longer; and nothing has taken negative
    time."""
    pipeline = make(clocked, SH + "[ $FX_ATTEMPT = 2 ]\n", event="job",
                    retry={"limit": 1, "delay": 30, "max_delay": 30})
    cid = clocked.post_event("job")["cid"]
    until(lambda: [e for e in executions_of(clocked, cid)
                   if (e["status"], e["attempt"]) == ("pending", 1)] or
          any(e["status"] == "completed" for e in executions_of(clocked, cid)), what="it waits")
    begun = clocked.scratch / "begun"
    make(clocked, SH + f"touch {begun}\nsleep 1000\n", event="long")
    long = clocked.post_event("long")["cid"]
    until(begun.exists, what="it runs")
    at(clocked, -60)
    assert completed(clocked.wait_cid(cid)[0])["attempt"] == 2
    [execution] = executions_of(clocked, long)
    assert clocked.post(f"/api/v1/executions/{execution['execution_id']}/cancel").status == 200
    assert clocked.wait_cid(long)[0]["execution_time"] >= 0
    completed(run(clocked, OK))
    wait_trigger(clocked, pipeline, pending=0, running=0, ready=True)


def test_beside_events(clocked):
    """A tick reaches its own pipeline once, whatever it listens to, and others by their topic."""
    make(clocked, OK, event="*", schedule="* * * * *", name="tick")
    make(clocked, OK, event="fx.schedule", name="listens")
    at(clocked, 0)
    cid = wait_ticks(clocked, "tick", 1)[0]["cid"]
    until(lambda: len(executions_of(clocked, cid)) == 2, what="both have it")
    assert sorted(e["service"] for e in clocked.wait_cid(cid)) == ["listens", "tick"]
    completed(clocked.wait_cid(clocked.post_event("job")["cid"])[0])


def test_filters_do_not_apply(clocked):
    """They are about events of the topic; a schedule has none."""
    scheduled(clocked, filters=[{"exact": {"source": "shop"}}])
    at(clocked, 0)
    wait_ticks(clocked, "tick", 1)


def test_new_version_new_schedule(clocked):
    pipeline = scheduled(clocked, schedule="@yearly")
    replace(clocked, pipeline, OK, event="never.sent", schedule="* * * * *")
    at(clocked, 0)
    a_look_later(clocked)
    assert ticks(clocked, "tick") == []
    clocked.start_trigger(pipeline, ready=True)
    at(clocked, 1)
    [execution] = wait_ticks(clocked, "tick", 1)
    assert execution["pipeline_version"] == "2"
    assert trigger(clocked, pipeline)["pipeline_version"] == "2"


def test_replaced_within_the_minute(clocked):
    """Again and again: one tick all the same."""
    pipeline = scheduled(clocked)
    at(clocked, 0)
    until(lambda: clocked.start_trigger(pipeline) or ticks(clocked, "tick"), what="it has ticked")
    for _ in range(10):
        clocked.start_trigger(pipeline)
    a_look_later(clocked)
    assert len(ticks(clocked, "tick")) == 1


def test_no_work_while_it_waits(clocked):
    """A schedule costs nothing until it is due."""
    pipeline = scheduled(clocked, schedule="@yearly")
    wait_trigger(clocked, pipeline, ready=True)
    before = clocked.commits()
    lock = clocked.dir / "run/dispatcher.lock"
    mtime = lock.stat().st_mtime_ns
    until(lambda: lock.stat().st_mtime_ns != mtime, what="the dispatcher looks around")
    assert clocked.commits() == before


def times(home, *words):
    """The times that a command of fxctl prints, on either output."""
    done = home.run_fxctl(*words)
    assert done.returncode == 0, done.stderr
    return re.findall(r"^  (\d{4}-\S+Z)$", done.stdout + done.stderr, re.M), done


@pytest.mark.parametrize("schedule, expected", [
    ("*/5 * * * *", ["06-12T12:05", "06-12T12:10", "06-12T12:15", "06-12T12:20", "06-12T12:25"]),
    ("0 9 1-7 * */7", ["07-07T09:00", "08-04T09:00", "09-01T09:00", "10-06T09:00", "11-03T09:00"])])
def test_next_five(away, schedule, expected):
    """In UTC; said by the start of a trigger and by its status, also before a dispatcher comes."""
    expected = [f"2030-{time}:00.000Z" for time in expected]
    pipeline = scheduled(away, schedule=schedule, start=False)
    for action in ("start", "status"):
        found, done = times(away, "trigger", action, pipeline)
        assert found == expected
        assert f'by the schedule "{schedule}" (UTC)' in done.stdout + done.stderr
    state = json.loads(away.fxctl("trigger", "status", pipeline, "--json"))
    assert (state["schedule"], state["next_ticks"]) == (schedule, expected)
    table = away.fxctl("trigger", "status")
    assert expected[0] in table and expected[1] not in table


@pytest.mark.parametrize("schedule, all_five", [
    ("0 0 29 2 *", True), ("0 0 29 2 */2", False), ("@yearly", True)])
def test_rare_ticks(live, schedule, all_five):
    """Over HTTP too: of one that comes rarely or, after some time, not for years."""
    pipeline = scheduled(live, schedule=schedule, start=False)
    started = live.post(f"/api/v1/events/{pipeline}").json
    state = trigger(live, pipeline)
    [listed] = live.get("/api/v1/events").json["events"]
    for answer in (started, state, listed):
        assert answer["schedule"] == schedule
        assert answer["next_ticks"] == started["next_ticks"]
        assert (len(answer["next_ticks"]) == 5) == all_five
    found, done = times(live, "trigger", "status", pipeline)
    assert found == started["next_ticks"]
    assert ("for years" in done.stdout) != all_five


def test_no_ticks_without_a_schedule(live):
    pipeline = make(live, OK, event="job")
    assert live.post(f"/api/v1/events/{pipeline}").json == {"message": "Event started successfully"}
    assert not {"schedule", "next_ticks"} & set(trigger(live, pipeline))
