"""Triggers at work: event services that come and go, replacing, stopping, and a dispatcher that is
stopped, killed or not there."""
import os
import shutil
import signal
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from checks import check_problem
from harness import BUILD, FINAL, is_running, until
from jobs import (OK, SH, completed, emit, executions_of, failure, gate, make, make_steps, marked,
                  once, python, replace, runners, stop_trigger, trigger, wait_for, wait_trigger)


def post_many(home, topic, count, start=0):
    """Events numbered from start. Their cids in order."""
    return [home.post_event(topic, n)["cid"] for n in range(start, start + count)]


def single(home, cid):
    """The only execution of a cid, which is final."""
    executions = home.wait_cid(cid)
    assert len(executions) == 1, executions
    return executions[0]


def settled(home, cid):
    """The executions of a cid once it is routed and all of them are final. There may be none."""
    reply = home.get(f"/fx/cid/{cid}?wait=10")
    assert reply.status == 200, reply
    executions = reply.json["executions"]
    assert all(e["status"] in FINAL for e in executions), executions
    return executions


def lines_of(path):
    return path.read_text().split() if path.exists() else []


# --- Scale ---

def test_from_zero_to_max_to_zero(live):
    with gate(live) as (path, opened):
        pipeline = make(live, SH + wait_for(path), event="job",
                        scale={"min": 0, "max": 3, "idle_timeout": 0.3})
        assert trigger(live, pipeline)["instances"] == 0
        assert not runners(live)
        cids = post_many(live, "job", 20)
        busy = wait_trigger(live, pipeline, running=3, pending=17)
        assert busy["instances"] == 3
        assert len(runners(live)) == 3
        opened()
    for cid in cids:
        completed(single(live, cid))
    wait_trigger(live, pipeline, instances=0, pending=0, running=0, ready=True)
    until(lambda: not runners(live), what="no runner is left")
    completed(single(live, live.post_event("job")["cid"]))  # and from zero again


def test_never_more_than_max(live):
    """As the scripts see it themselves."""
    now = live.scratch / "now"
    now.mkdir()
    make(live, SH + f'mkdir {now}/$FX_EXECUTION_ID; ls {now} | wc -l; sleep 0.01\n'
         f'rmdir {now}/$FX_EXECUTION_ID\n', event="job", scale={"max": 2})
    with ThreadPoolExecutor(4) as pool:
        cids = list(pool.map(lambda n: live.post_event("job", n)["cid"], range(40)))
    counts = {int(completed(single(live, cid))["steps"][0]["log"]) for cid in cids}
    assert counts == {1, 2}


def test_instances_leave_when_idle(live):
    """Not before their time, and those that are busy not at all."""
    with gate(live) as (path, opened):
        pipeline = make(live, SH + f"[ $FX_EVENT_TYPE = a.quick ] || {wait_for(path)}",
                        event="a.*", scale={"max": 4, "idle_timeout": 1})
        stays = live.post_event("a.slow")["cid"]
        wait_trigger(live, pipeline, running=1)
        for cid in post_many(live, "a.quick", 8):
            completed(single(live, cid))
        idle = time.monotonic()
        assert len(runners(live)) > 1
        until(lambda: len(runners(live)) == 1, what="the idle ones leave")
        assert time.monotonic() - idle > 0.5
        wait_trigger(live, pipeline, instances=1, running=1)
        opened()
    completed(single(live, stays))


def test_min(live):
    """Instances that are there before there is work, and after it; gone with the trigger."""
    pipeline = make(live, OK, event="job", scale={"min": 2, "max": 3, "idle_timeout": 0})
    until(lambda: len(runners(live)) == 2, what="two runners")
    wait_trigger(live, pipeline, instances=2)
    for cid in post_many(live, "job", 20):
        completed(single(live, cid))
    wait_trigger(live, pipeline, instances=2)
    os.kill(runners(live)[0], signal.SIGKILL)
    until(lambda: len(runners(live)) == 2, what="the lost one is replaced")
    stop_trigger(live, pipeline)
    until(lambda: not runners(live), what="no runner is left")


def test_min_when_all_are_killed(live):
    """At work, all at once: nothing is lost, and as many are warm again."""
    pipeline = make(live, SH + "sleep 0.05\n", event="job",
                    scale={"min": 3, "max": 4, "idle_timeout": 0})
    wait_trigger(live, pipeline, instances=3)
    cids = post_many(live, "job", 30)
    for pid in runners(live):
        os.kill(pid, signal.SIGKILL)
    for cid in cids:
        completed(single(live, cid))
    wait_trigger(live, pipeline, instances=3, pending=0, running=0)
    until(lambda: len(runners(live)) == 3, what="three runners")


def test_runner_that_cannot_be_started(home, tmp_path):
    """The execution waits and is not counted as tried; it runs as soon as one can be."""
    for name in ("fx-dispatcher", "fx-runner"):
        shutil.copy(BUILD / "bin" / name, tmp_path)
    home.start()
    with open(home.dir / "log/dispatcher.log", "ab") as log:
        home.dispatcher = subprocess.Popen(
            [tmp_path / "fx-dispatcher", "--home", home.dir], env=home.environment(),
            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    make(home, OK, event="job")
    os.rename(tmp_path / "fx-runner", tmp_path / "away")
    cid = home.post_event("job")["cid"]
    until(lambda: "cannot start" in home.logs(), what="it says so")
    os.rename(tmp_path / "away", tmp_path / "fx-runner")
    assert completed(single(home, cid))["attempt"] == 1


def test_status_is_prompt(live):
    """What the trigger says of its instances follows what is, not a timer."""
    pipeline = make(live, OK, event="job", scale={"min": 1, "max": 1})
    begun = time.monotonic()
    wait_trigger(live, pipeline, instances=1)
    assert time.monotonic() - begun < 2


def test_new_scale_of_a_new_version(live):
    with gate(live) as (path, opened):
        pipeline = make(live, SH + wait_for(path), event="job", scale={"max": 1})
        cids = post_many(live, "job", 5)
        wait_trigger(live, pipeline, running=1, instances=1, pending=4)
        replace(live, pipeline, SH + wait_for(path), scale={"max": 3})
        live.start_trigger(pipeline)
        wait_trigger(live, pipeline, running=3, instances=3, pending=2)
        opened()
    for cid in cids:
        completed(single(live, cid))


def test_one_stuck_pipeline_does_not_starve_another(home):
    """Places are shared: whoever has none gets one, however many wait elsewhere."""
    home.configure(dispatcher={"instances": 4})
    home.start()
    home.start_dispatcher()
    with gate(home) as (path, opened):
        stuck = make(home, SH + wait_for(path), event="stuck", scale={"max": 50})
        cids = post_many(home, "stuck", 50)
        wait_trigger(home, stuck, running=3)
        make(home, OK, event="quick", scale={"max": 50})
        for cid in post_many(home, "quick", 20):
            completed(single(home, cid))
            assert trigger(home, stuck)["running"] == 3
            assert len(runners(home)) <= 4
        opened()
    for cid in cids:
        completed(single(home, cid))


def test_idle_runners_make_place(home):
    """There is room for one: each pipeline in turn, and no waiting for idle_timeout."""
    home.configure(dispatcher={"instances": 1})
    home.start()
    home.start_dispatcher()
    for name in "abc":
        make(home, OK, event=name, scale={"max": 4, "idle_timeout": 86400})
    for name in "abcabc":
        completed(single(home, home.post_event(name)["cid"]))
    until(lambda: len(runners(home)) == 1, what="one is left")


def test_never_more_than_there_are_places(home):
    """However busily pipelines give way to each other."""
    home.configure(dispatcher={"instances": 3})
    home.start()
    home.start_dispatcher()
    now = home.scratch / "now"
    now.mkdir()
    count = SH + f"mkdir {now}/$FX_EXECUTION_ID; ls {now} | wc -l\nrmdir {now}/$FX_EXECUTION_ID\n"
    for name in "abcdef":
        make(home, count, event=name, scale={"max": 2, "idle_timeout": 86400})
    with ThreadPoolExecutor(6) as pool:
        cids = [cid for part in pool.map(lambda name: post_many(home, name, 20), "abcdef")
                for cid in part]
    counts = {int(completed(single(home, cid))["steps"][0]["log"]) for cid in cids}
    assert max(counts) <= 3


# --- Ready ---

def test_ready(home):
    home.start()
    pipeline = make(home, OK, event="job", start=False)
    assert trigger(home, pipeline) == {"ready": False}
    home.start_trigger(pipeline)
    status = trigger(home, pipeline)
    assert not status["ready"]  # nobody is there to take it up
    assert (status["topic"], status["pipeline_version"]) == ("job", "1")
    home.start_dispatcher()
    wait_trigger(home, pipeline, ready=True, instances=0, pending=0, running=0)
    home.kill_dispatcher()
    assert not trigger(home, pipeline)["ready"]
    home.start_dispatcher()
    wait_trigger(home, pipeline, ready=True)
    generation = trigger(home, pipeline)["generation"]
    home.start_trigger(pipeline)
    assert wait_trigger(home, pipeline, ready=True)["generation"] > generation
    home.stop_dispatcher()
    assert not trigger(home, pipeline)["ready"]
    home.start_dispatcher()
    wait_trigger(home, pipeline, ready=True)
    stop_trigger(home, pipeline)
    assert trigger(home, pipeline) == {"ready": False}


def test_not_ready_while_the_dispatcher_hangs(home):
    """It holds its lock, but has not shown itself lately."""
    home.configure(dispatcher={"look_seconds": 1})
    home.start()
    home.start_dispatcher()
    pipeline = make(home, OK, event="job")
    home.dispatcher.send_signal(signal.SIGSTOP)
    try:
        wait_trigger(home, pipeline, ready=False)
    finally:
        home.dispatcher.send_signal(signal.SIGCONT)
    wait_trigger(home, pipeline, ready=True)


def test_list(live):
    first, second = make(live, OK, event="a"), make(live, OK, event="b")
    make(live, OK, event="c", start=False)
    listed = live.get("/api/v1/events").json["events"]
    assert {t["pipeline_id"]: t for t in listed} == {
        first: trigger(live, first), second: trigger(live, second)}


# --- Which events ---

def test_topics(live):
    """One execution for each pipeline whose topic fits, and none for others."""
    for name, topic in {"one": "orders.new", "all": "orders.*", "every": "*",
                        "deep": "orders.new.*", "short": "order*"}.items():
        make(live, OK, event=topic, name=name)
    for topic, expected in {
            "orders.new": {"one", "all", "every", "short"},
            "orders.": {"all", "every", "short"},
            "orders": {"every", "short"},
            "orders.new.eu": {"all", "every", "deep", "short"},
            "ordersXnew": {"every", "short"},
            "Orders.new": {"every"},
            "x": {"every"}}.items():
        executions = live.wait_cid(live.post_event(topic)["cid"])
        assert sorted(completed(e)["service"] for e in executions) == sorted(expected), topic


@pytest.mark.parametrize("filters, expected", [
    ([{"exact": {"source": "shop"}}], "ab"),
    ([{"prefix": {"source": "sh"}}, {"suffix": {"source": "op"}}], "ab"),
    ([{"not": {"exact": {"source": "shop"}}}], "c"),
    ([{"any": [{"json": {"/n": 2}}, {"exact": {"source": "bank"}}]}], "bc"),
    ([{"all": [{"json": {"/n": 1.0}}, {"json": {"/tags/0": "x"}}]}], "a"),
    ([{"json": {"/missing": None}}], ""),
    ([], "abc"),
])
def test_filters(live, filters, expected):
    make(live, OK, event="job", filters=filters)
    sent = {"a": ("shop", {"n": 1, "tags": ["x"]}), "b": ("shop", {"n": 2}), "c": ("bank", 7)}
    cids = {name: live.post_event("job", payload, source=source)["cid"]
            for name, (source, payload) in sent.items()}
    found = {name: settled(live, cid) for name, cid in cids.items()}
    assert "".join(name for name in sent if found[name]) == expected
    for executions in found.values():
        assert len(executions) <= 1 and all(map(completed, executions))


def test_starts_at_the_end_of_the_log(live):
    before = live.post_event("job")["cid"]
    make(live, OK, event="job")
    after = live.post_event("job")["cid"]
    completed(single(live, after))
    assert settled(live, before) == []


@pytest.mark.parametrize("turn_events", [1, 3, 1000])
def test_earliest(home, turn_events):
    """All that is kept on the topic, in order, each once, and then what comes."""
    home.configure(dispatcher={"turn_events": turn_events})
    home.start()
    home.start_dispatcher()
    old = []
    for n in range(15):
        old.append(home.post_event("job", n)["cid"])
        home.post_event("other", n)
    out = home.scratch / "out"
    make(home, python(f"""
with open({str(out)!r}, "a") as out:
    print(json.load(sys.stdin)["data"], file=out)
"""), event="job", ordered=True, initial_offset="earliest")
    new = post_many(home, "job", 5, start=15)
    for cid in old + new:
        completed(single(home, cid))
    assert lines_of(out) == [str(n) for n in range(20)]


def test_earliest_in_order(home):
    """What comes waits for what is kept, however long it takes to come to that."""
    home.configure(dispatcher={"turn_events": 5})
    home.start()
    out = home.scratch / "out"
    pipeline = make(home, python(f"""
with open({str(out)!r}, "a") as out:
    print(json.load(sys.stdin)["data"], file=out)
"""), event="job", ordered=True, initial_offset="earliest", start=False)
    post_many(home, "other", 50)
    old = home.post_event("job", "old")["cid"]
    assert once(home).returncode == 0
    home.start_trigger(pipeline)
    new = home.post_event("job", "new")["cid"]
    by_hand = home.post(f"/api/v1/batches/{pipeline}", "hand").json["item"]
    home.start_dispatcher()
    for cid in (old, new):
        completed(single(home, cid))
    until(lambda: home.get(f"/fx/executions/{by_hand}").json["status"] == "completed",
          what="the run by hand has ended")
    assert lines_of(out) == ["old", "new", "hand"]


def test_earliest_only_when_new(home):
    """Replacing a trigger does not bring its past back, nor does it lose what is still to come of
    it."""
    home.configure(dispatcher={"turn_events": 2})
    home.start()
    cids = post_many(home, "job", 40)
    pipeline = make(home, OK, event="job", initial_offset="earliest")
    home.start_dispatcher()
    for _ in range(5):
        home.start_trigger(pipeline)
    for cid in cids:
        completed(single(home, cid))
    for _ in range(3):
        home.start_trigger(pipeline, ready=True)
    last = home.post_event("job")["cid"]
    completed(single(home, last))
    assert all(len(executions_of(home, cid)) == 1 for cid in cids)


# --- Versions ---

VERSION = SH + """echo "{\\"save\\":{\\"version\\":\\"$FX_PIPELINE_VERSION\\"}}" >&3\n"""


def ran_version(execution):
    """The version that ran, as the script and the result have it."""
    assert completed(execution)["data"]["version"] == execution["pipeline_version"]
    return execution["pipeline_version"]


def test_versions_are_pinned(live):
    pipeline = make(live, VERSION, event="job")

    def version():
        return ran_version(single(live, live.post_event("job")["cid"]))

    assert version() == "1"
    assert replace(live, pipeline, VERSION) == "2"
    assert version() == "1"
    live.start_trigger(pipeline)
    assert version() == "2"
    assert live.post(f"/api/v1/events/{pipeline}?pipeline_version=1").status == 200
    assert version() == "1"
    assert live.post(f"/api/v1/events/{pipeline}?pipeline_version=3").status == 404
    assert trigger(live, pipeline)["pipeline_version"] == "1"
    assert version() == "1"


def test_pinned_while_it_waits(live):
    """An execution belongs to the version that was live when its event was accepted."""
    with gate(live) as (path, opened):
        pipeline = make(live, SH + wait_for(path), VERSION, event="job", scale={"max": 1})
        old = post_many(live, "job", 3)
        replace(live, pipeline, VERSION, scale={"max": 1})
        live.start_trigger(pipeline)
        new = post_many(live, "job", 3)
        wait_trigger(live, pipeline, running=1, pending=5)
        opened()
    assert [ran_version(single(live, cid)) for cid in old + new] == ["1"] * 3 + ["2"] * 3


# --- Replacing ---

def test_replaced_in_a_burst(live):
    """While events pour in: nothing lost, nothing doubled."""
    pipeline = make(live, VERSION, event="job", scale={"max": 4})
    replace(live, pipeline, VERSION, scale={"max": 2})
    stop = threading.Event()
    replaced = 0

    def pour(sender):
        cids = []
        while not stop.is_set():
            cids.append(live.post_event("job", len(cids), source=f"sender{sender}")["cid"])
        return cids

    with ThreadPoolExecutor(3) as pool:
        senders = [pool.submit(pour, n) for n in range(3)]
        try:
            while replaced < 30:
                version = replaced % 2 + 1
                assert live.post(
                    f"/api/v1/events/{pipeline}?pipeline_version={version}").status == 200
                replaced += 1
        finally:
            stop.set()
    cids = [cid for sender in senders for cid in sender.result()]
    assert len(cids) > 30
    assert {ran_version(single(live, cid)) for cid in cids} == {"1", "2"}


@pytest.mark.parametrize("dispatching", [True, False])
def test_topic_changes_in_a_burst(home, dispatching):
    """Each event belongs to the generation that was live when it was accepted, however late the
    dispatcher gets to it."""
    home.start()
    if dispatching:
        home.start_dispatcher()
    pipeline = make(home, VERSION, event="a")
    replace(home, pipeline, VERSION, event="b")
    expected = {}
    for turn in range(20):
        version = turn % 2 + 1
        assert home.post(f"/api/v1/events/{pipeline}?pipeline_version={version}").status == 200
        for topic in "ab":
            fits = topic == " ab"[version]
            for cid in post_many(home, topic, 3):
                expected[cid] = [str(version)] if fits else []
    if not dispatching:
        home.start_dispatcher()
    for cid, versions in expected.items():
        assert [ran_version(e) for e in settled(home, cid)] == versions


# --- Stopping ---

def test_stop(live):
    """What runs finishes, what waits is skipped, what comes makes nothing."""
    with gate(live) as (path, opened):
        pipeline = make(live, SH + wait_for(path), event="job", scale={"max": 2})
        cids = post_many(live, "job", 10)
        wait_trigger(live, pipeline, running=2, pending=8)
        stop_trigger(live, pipeline)
        after = live.post_event("job")["cid"]
        assert settled(live, after) == []
        skipped = [single(live, cid) for cid in cids[2:]]
        for execution in skipped:
            assert execution["status"] == "skipped"
            assert execution["error"] == "the trigger was stopped before it ran"
            assert execution["attempt"] == 0
        assert [executions_of(live, cid)[0]["status"] for cid in cids[:2]] == ["in_progress"] * 2
        opened()
    for cid in cids[:2]:
        completed(single(live, cid))
    until(lambda: not runners(live), what="the event service is gone")
    stop_trigger(live, pipeline)  # none is there: as good as stopped


def test_stop_reaches_what_waits_for_its_next_attempt(live):
    pipeline = make(live, SH + "exit 1\n", event="job",
                    retry={"limit": 5, "delay": 86400, "max_delay": 86400})
    cids = post_many(live, "job", 3)
    wait_trigger(live, pipeline, running=0, pending=3)
    other = make(live, SH + "exit 1\n", event="other",
                 retry={"limit": 5, "delay": 86400, "max_delay": 86400})
    kept = live.post_event("other")["cid"]
    wait_trigger(live, other, running=0, pending=1)
    stop_trigger(live, pipeline)
    for cid in cids:
        ended = single(live, cid)
        assert (ended["status"], ended["dead_letter"]) == ("failed", True)
        assert ended["error"] == ("the trigger was stopped while it waited for its next attempt; "
                                  "attempt 1 had failed: step step1: exited with 1")
    assert executions_of(live, kept)[0]["status"] == "pending"


def test_stop_with_a_backlog(live):
    """Events that were accepted before the stop have their executions, whenever they are routed."""
    pipeline = make(live, OK, event="job")
    live.stop_dispatcher()
    cids = post_many(live, "job", 5)
    stop_trigger(live, pipeline)
    late = live.post_event("job")["cid"]
    live.start_dispatcher()
    for cid in cids:
        assert single(live, cid)["status"] == "skipped"
    assert settled(live, late) == []


def test_stopped_and_started_again(live):
    """A new event service: what the old one had is its own affair."""
    with gate(live) as (path, opened):
        pipeline = make(live, SH + wait_for(path), event="job", scale={"max": 1})
        old = post_many(live, "job", 4)
        wait_trigger(live, pipeline, running=1, pending=3)
        stop_trigger(live, pipeline)
        live.start_trigger(pipeline)
        new = post_many(live, "job", 2)
        wait_trigger(live, pipeline, running=1, pending=1)
        opened()
    assert [single(live, cid)["status"] for cid in old] == ["completed"] + ["skipped"] * 3
    for cid in new:
        completed(single(live, cid))


def test_delete_a_pipeline(live):
    """Not while it is started, and not while an execution of it runs. Its history stays."""
    with gate(live) as (path, opened):
        pipeline = make(live, SH + wait_for(path), event="job")
        at = f"/api/v1/pipelines/{pipeline}"
        cid = live.post_event("job")["cid"]
        wait_trigger(live, pipeline, running=1)
        assert live.delete(at).status == 409
        stop_trigger(live, pipeline)
        assert live.delete(at).status == 409
        opened()
    execution = completed(single(live, cid))
    assert live.delete(at).status == 200
    assert live.get(at).status == 404
    assert live.get(f"/api/v1/events/{pipeline}").status == 404
    assert single(live, cid) == execution


def test_made_again_under_the_same_id(live):
    """It goes on counting its versions: each execution's stays what it was."""
    for number, text in enumerate(("one", "two"), 1):
        reply = live.post("/api/v1/pipelines/", {
            "id": "same", "name": "same", "options": {"event": "job"},
            "steps": make_steps(live, SH + f"echo {text}\n")})
        assert reply.status == 201 and reply.json["version"] == str(number), reply
        versions = live.get("/api/v1/pipelines/same/versions").json["versions"]
        assert [v["version"] for v in versions] == [str(number)]
        live.start_trigger("same")
        execution = completed(single(live, live.post_event("job")["cid"]))
        assert execution["steps"][0]["log"] == text + "\n"
        assert execution["pipeline_version"] == str(number)
        stop_trigger(live, "same")
        until(lambda: live.delete("/api/v1/pipelines/same").status == 200, what="it is deleted")


# --- Order ---

def test_ordered(loose):
    """One at a time in the order of the log, also over attempts that fail and runners that die."""
    out = loose.scratch / "out"
    pipeline = make(loose, python(f"""
import signal
n = json.load(sys.stdin)["data"]
first = os.environ["FX_ATTEMPT"] == "1"
with open({str(out)!r}, "a") as out:
    print(f"{{n}}{{'+' if first else ''}}", file=out)
if n % 10 == 3 and first:
    sys.exit(75)
if n % 10 == 6 and first:
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(10)
"""), event="job", ordered=True, scale={"max": 8}, retry={"limit": 3, "delay": 0.05})
    cids = post_many(loose, "job", 30)
    for cid in cids:
        completed(single(loose, cid))
        assert len(runners(loose)) <= 1
    expected = []
    for n in range(30):
        expected += [f"{n}+", f"{n}"] if n % 10 in (3, 6) else [f"{n}+"]
    assert lines_of(out) == expected
    assert trigger(loose, pipeline)["instances"] == 1


# --- The dispatcher ---

def test_accepted_without_a_dispatcher(home):
    home.start()
    make(home, OK, event="job")
    cids = post_many(home, "job", 5)
    assert executions_of(home, cids[0]) == []
    home.start_dispatcher()
    for cid in cids:
        completed(single(home, cid))


def test_only_one(live):
    """A second one leaves at once, and says why."""
    second = subprocess.run([BUILD / "bin/fx-dispatcher", "--home", live.dir],
                            env=live.environment(), capture_output=True, text=True, timeout=20)
    assert second.returncode == 111
    assert "a dispatcher is already running" in second.stderr
    assert str(live.dispatcher.pid) in second.stderr
    pipeline = make(live, OK, event="job")
    completed(single(live, live.post_event("job")["cid"]))
    assert trigger(live, pipeline)["ready"]


def test_many_at_the_same_moment(home):
    """One of them gets it."""
    started = [subprocess.Popen([BUILD / "bin/fx-dispatcher", "--home", home.dir],
                                env=home.environment(), stderr=subprocess.DEVNULL)
               for _ in range(8)]
    until(lambda: sum(p.poll() is None for p in started) == 1, what="one is left")
    [left] = [p for p in started if p.poll() is None]
    assert [p.returncode for p in started if p is not left] == [111] * 7
    left.terminate()
    assert left.wait(20) == 0


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
def test_drain(live, sig):
    """What runs finishes, nothing new begins, and the rest is for the next dispatcher."""
    with gate(live) as (path, opened):
        pipeline = make(live, SH + wait_for(path), event="job", scale={"max": 2})
        cids = post_many(live, "job", 5)
        wait_trigger(live, pipeline, running=2, pending=3)
        live.dispatcher.send_signal(sig)
        until(lambda: "stopping" in live.logs(), what="it says that it stops")
        more = live.post_event("job")["cid"]
        assert live.dispatcher.poll() is None
        opened()
    assert live.dispatcher.wait(20) == 0
    live.dispatcher = None
    statuses = [executions_of(live, cid)[0]["status"] for cid in cids]
    assert statuses == ["completed"] * 2 + ["pending"] * 3
    live.start_dispatcher()
    for cid in cids + [more]:
        assert completed(single(live, cid))["attempt"] == 1


def test_drain_has_an_end(home):
    """What cannot finish within drain_seconds is pending again, and nothing of it is left."""
    home.configure(dispatcher={"drain_seconds": 1})
    home.start()
    home.start_dispatcher()
    mark = f"MARK-{home.place.name}"
    with gate(home) as (path, opened):
        pipeline = make(home, SH + f"trap '' TERM; setsid sleep 1000 &\n{wait_for(path)}",
                        event="job", env={"APP_MARK": mark})
        cids = post_many(home, "job", 3)
        wait_trigger(home, pipeline, running=3)
        begun = time.monotonic()
        assert home.stop_dispatcher() == 0
        assert 1 <= time.monotonic() - begun < 10
        assert not marked(mark)
        assert not runners(home)
        for cid in cids:
            assert executions_of(home, cid)[0]["status"] == "pending"
        assert trigger(home, pipeline)["instances"] == 0
        opened()
    home.start_dispatcher()
    for cid in cids:
        assert completed(single(home, cid))["attempt"] == 2


def test_drain_with_nothing_to_do(live):
    make(live, OK, event="job", scale={"min": 2})
    until(lambda: len(runners(live)) == 2, what="two runners")
    begun = time.monotonic()
    assert live.stop_dispatcher() == 0
    assert time.monotonic() - begun < 5
    assert not runners(live)


def test_killed_dispatcher(live):
    """Its runners and their steps are gone with it; what they did is done again."""
    mark = f"MARK-{live.place.name}"
    with gate(live) as (path, opened):
        pipeline = make(live, SH + f"setsid sleep 1000 & {wait_for(path)}", event="job",
                        env={"APP_MARK": mark})
        cids = post_many(live, "job", 6)
        wait_trigger(live, pipeline, running=4, pending=2)
        live.kill_dispatcher()
        until(lambda: not runners(live) and not marked(mark), what="all is gone")
        assert [executions_of(live, cid)[0]["status"] for cid in cids] == \
            ["in_progress"] * 4 + ["pending"] * 2
        opened()
    live.start_dispatcher()
    assert [completed(single(live, cid))["attempt"] for cid in cids] == [2] * 4 + [1] * 2


def test_killed_with_its_runners(live):
    """Nobody is left to end what their steps have started: the next dispatcher does."""
    mark = f"MARK-{live.place.name}"
    with gate(live) as (path, opened):
        pipeline = make(live, SH + f"setsid sleep 1000 & sleep 1000 &\n{wait_for(path)}",
                        event="job", env={"APP_MARK": mark})
        cids = post_many(live, "job", 3)
        wait_trigger(live, pipeline, running=3)
        until(lambda: len(marked(mark)) >= 9, what="the steps run")
        before = marked(mark)
        for pid in [*runners(live), live.dispatcher.pid]:
            os.kill(pid, signal.SIGKILL)
        live.dispatcher.wait()
        live.dispatcher = None
        live.start_dispatcher()
        until(lambda: not any(map(is_running, before)), what="what was left is gone")
        opened()
    for cid in cids:
        completed(single(live, cid))


def test_rests_when_nothing_happens(live):
    """No commit, and no processor time to speak of."""
    pipeline = make(live, OK, event="job", scale={"max": 2, "idle_timeout": 0})
    completed(single(live, live.post_event("job")["cid"]))
    wait_trigger(live, pipeline, instances=0)
    until(lambda: not runners(live), what="no runner is left")
    before, ticks = live.commits(), processor_ticks(live.dispatcher.pid)
    begun = time.monotonic()
    until(lambda: time.monotonic() - begun > 1, what="a second")
    assert live.commits() == before
    assert processor_ticks(live.dispatcher.pid) - ticks <= 2


def processor_ticks(pid):
    fields = open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


@pytest.mark.parametrize("name", ["fx.run", "fx.schedule"])
@pytest.mark.parametrize("by", ["client", "step"])
def test_event_that_looks_like_one_of_ours(live, by, name):
    """Nobody can make one: neither hide an event from triggers, nor fake a tick."""
    make(live, OK, event=name, name="listens")
    if by == "client":
        reply = live.post("/fx/events", {
            "specversion": "1.0", "id": "1", "source": "/fx/schedule", "type": name,
            "subject": "listens"}, headers=[("Content-Type", "application/cloudevents+json")])
        check_problem(reply, 422, 'type: names that begin with "fx."')
    else:
        make(live, emit(name), event="first")
        executions = live.wait_cid(live.post_event("first")["cid"])
        assert 'event_type: names that begin with "fx."' in failure(executions[0])
        assert len(executions) == 1
