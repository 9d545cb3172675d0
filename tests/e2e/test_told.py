"""What is told of an execution that fails for good: an event of the log, which any pipeline can
listen to and nobody else can send.
"""
import json
import shutil

import pytest

import senders
from checks import TIME, check_problem, nothing_stored
from harness import until
from jobs import (OK, SH, completed, emit, executions_of, failure, make, make_steps, python,
                  stop_trigger)

TYPE = "fx.execution.failed"
OURS = 'names that begin with "fx." are FX Bridge\'s own'
FAILS = SH + "exit 1\n"
KEEP = python('say(save={"event": json.load(sys.stdin)})')
MIB = 1 << 20


def listen(home, name="told", event=TYPE, **options):
    """A pipeline that keeps each event it is told."""
    return make(home, KEEP, event=event, name=name, **options)


def told(home, cid, count=1, name="told"):
    """The events that the listener was told of a cid, once nothing more comes of the cid."""
    found = [e for e in home.wait_cid(cid) if e["service"] == name]
    assert len(found) == count, found
    return [completed(e)["data"]["event"] for e in found]


def fails(home, topic="job", service=None):
    """The cid of an event, once its execution has failed, and the execution."""
    cid = home.post_event(topic)["cid"]
    execution = next(e for e in home.wait_cid(cid) if service in (None, e["service"]))
    failure(execution)
    return cid, execution


# --- The event ---

def test_event(home):
    """What it says, and what it belongs to."""
    home.configure(web={"public_url": "https://fx.example.org/"})
    home.start()
    home.start_dispatcher()
    listen(home)
    mine = make(home, OK, SH + "echo a log line\nexit 3\n", event="job", name="mine",
                retry={"limit": 1, "delay": 0})
    reply = home.post("/fx/events", {"specversion": "1.0", "id": "e-1", "source": "/s", "type": "t",
                                     "topic": "job", "data": {"secret of a payload": 1}},
                      headers=[("Content-Type", "application/cloudevents+json")])
    [failed, heard] = home.wait_cid(reply.json["cid"])
    event = completed(heard)["data"]["event"]
    assert heard["parent_execution_id"] == failed["execution_id"]
    assert heard["cid"] == failed["cid"] and heard["event_type"] == TYPE
    assert event["type"] == TYPE and event["source"] == "/fx/executions"
    assert event["subject"] == "mine" and event["datacontenttype"] == "application/json"
    assert event["correlationid"] == failed["cid"]
    assert event["causationid"] == failed["execution_id"]
    assert event["id"] not in (failed["cid"], failed["execution_id"])
    data = event["data"]
    assert TIME.fullmatch(data.pop("failed"))
    assert data.pop("event_seq") >= 1
    assert data == {
        "execution_id": failed["execution_id"], "service": "mine", "pipeline_id": mine,
        "pipeline_version": "1", "cid": failed["cid"], "event_id": "e-1", "event_type": "t",
        "attempt": 2, "step": "step2", "exit_code": 3, "error": "step step2: exited with 3",
        "datetime": failed["datetime"],
        "link": f"https://fx.example.org/fx/executions/{failed['execution_id']}"}


@pytest.mark.parametrize("script, options, says", [
    ("exit 1", {"retry": {"limit": 2, "delay": 0}}, "exited with 1"),
    ("exit 100", {"retry": {"limit": 5, "delay": 0}}, "exit 100"),
    ("kill -9 $PPID; sleep 10", {}, "the runner died during attempt 2"),
    ("sleep 1000", {"attempt_timeout": 0.2}, "were over"),
    ("exit 1", {"timeout": 0.5, "retry": {"limit": 5, "delay": 80000, "max_delay": 86400}},
     "would begin after"),
    ("""echo '{"emit": {"event_type": "job", "payload": 1}}' >&3""", {}, "looks like a loop"),
    ("""echo '{"emit": {"event_type": "fx.a", "payload": 1}}' >&3""", {}, OURS),
    ("exit 0", {"env": {"APP_A": {"secret": "gone"}}}, "gone"),
], ids=["used up", "for good", "lost", "too long", "no time left", "too deep", "forged",
        "no secret"])
def test_ways_to_fail(home, script, options, says):
    home.configure(dispatcher={"losses": 2}, step={"depth": 1, "confine": "off"})
    home.fxctl("step-secret", "set", "gone", stdin="some value")
    home.start()
    home.start_dispatcher()
    listen(home)
    make(home, SH + script + "\n", event="job", name="mine", **options)
    home.fxctl("step-secret", "delete", "gone")
    cid = home.post_event("job")["cid"]
    [event] = told(home, cid)
    failed = next(e for e in reversed(home.wait_cid(cid)) if e["service"] == "mine")
    assert failed["dead_letter"] and says in failed["error"]
    data = event["data"]
    assert (data["execution_id"], data["error"], data["attempt"], data["link"]) == (
        failed["execution_id"], failed["error"], failed["attempt"], None)


@pytest.mark.parametrize("how", ["stopped", "deleted"])
def test_one_that_waited(live, how):
    """With the step that had failed, which only the attempt before tells."""
    listen(live)
    by_hand = how == "deleted"
    pipeline = make(live, FAILS, event=None if by_hand else "job", name="mine",
                    retry={"limit": 3, "delay": 80000, "max_delay": 86400})
    cid = (live.post(f"/api/v1/batches/{pipeline}", {}).json if by_hand
           else live.post_event("job"))["cid"]
    until(lambda: [(e["status"], e["attempt"]) for e in executions_of(live, cid)] ==
          [("pending", 1)], what="it waits for its next attempt")
    if by_hand:
        assert live.delete(f"/api/v1/pipelines/{pipeline}").status == 200
    else:
        stop_trigger(live, pipeline)
    [event] = told(live, cid)
    assert how in event["data"]["error"]
    assert (event["data"]["step"], event["data"]["exit_code"]) == ("step1", 1)


@pytest.mark.parametrize("path", ["/api/v1/batches/{}", "/fx/events/generic", "/fx/events/webhook"])
def test_started_by_an_event_of_ours(live, path):
    """What a run by hand, or an event that a door has named, starts is told of like all else."""
    listen(live)
    pipeline = make(live, FAILS, event="fx.events.*", name="mine")
    [event] = told(live, live.post(path.format(pipeline), {}).json["cid"])
    assert event["data"]["service"] == "mine"
    assert event["data"]["event_type"].startswith("fx.")


def test_cancelled_or_skipped_is_not_told(live):
    listen(live)
    begun = live.scratch / "begun"
    make(live, SH + f"touch {begun}\nsleep 1000\n", event="slow")
    make(live, FAILS, event="later", retry={"limit": 3, "delay": 80000, "max_delay": 86400})
    cids = [live.post_event(topic)["cid"] for topic in ("slow", "later")]
    until(begun.exists, what="it is at work")
    until(lambda: executions_of(live, cids[1])[0]["attempt"] == 1, what="it has failed once")
    for cid, action in zip(cids, ("cancel", "skip")):
        [execution] = executions_of(live, cid)
        until(lambda: live.post(
            f"/api/v1/executions/{execution['execution_id']}/{action}").status == 200)
        assert told(live, cid, count=0) == []


def test_each_time_it_fails(live):
    """A dead letter that is tried again and fails again is told of again."""
    listen(live)
    make(live, FAILS, event="job", name="mine")
    cid, execution = fails(live)
    for attempt in (2, 3):
        assert live.post(f"/api/v1/executions/{execution['execution_id']}/retry").status == 200
        until(lambda: [e["attempt"] for e in live.wait_cid(cid) if e["service"] == "mine"] ==
              [attempt])
    assert [event["data"]["attempt"] for event in told(live, cid, count=3)] == [1, 2, 3]


def test_off(home):
    home.configure(events={"failures": 0})
    home.start()
    home.start_dispatcher()
    listen(home)
    make(home, FAILS, event="job", name="mine")
    cid, _ = fails(home)
    assert told(home, cid, count=0) == []


# --- Who hears it ---

@pytest.mark.parametrize("pattern, hears", [
    ("fx.execution.failed", True), ("fx.execution.*", True), ("fx.*", True),
    ("*", False), ("f*", False), ("fx*", False)])
def test_patterns(live, pattern, hears):
    listen(live, event=pattern)
    listen(live, name="always")
    make(live, FAILS, event="job", name="mine")
    cid, _ = fails(live, service="mine")
    # "*" hears the event that started what failed, and nothing of the failure.
    types = [event["type"] for event in told(live, cid, count=int(hears or pattern == "*"))]
    assert types == ([TYPE] if hears else ["job"] if pattern == "*" else [])
    told(live, cid, name="always")


def test_filters(live):
    """As with any event: by the pipeline that failed, or by what the payload says."""
    listen(live, name="by-subject", filters=[{"exact": {"subject": "mine"}}])
    listen(live, name="by-pointer", filters=[{"json": {"/exit_code": 7}}])
    make(live, SH + "exit 7\n", event="job", name="mine")
    make(live, FAILS, event="other", name="other")
    cid, _ = fails(live, service="mine")
    told(live, cid, name="by-subject"), told(live, cid, name="by-pointer")
    cid, _ = fails(live, "other", service="other")
    told(live, cid, 0, "by-subject"), told(live, cid, 0, "by-pointer")


# --- No loops, no budget ---

def test_teller_that_fails(live):
    """What fails while it tells of another is not told of."""
    make(live, FAILS, event=TYPE, name="told")
    make(live, FAILS, event="job", name="mine")
    cid, _ = fails(live, service="mine")
    executions = live.wait_cid(cid)
    assert sorted(e["service"] for e in executions) == ["mine", "told"]
    assert all(e["dead_letter"] for e in executions)


def test_teller_that_starts_what_failed(home):
    """That is a loop by way of an event of its own, which the budgets of those end."""
    home.configure(step={"depth": 3})
    home.start()
    home.start_dispatcher()
    make(home, emit("job"), event=TYPE, name="told")
    make(home, FAILS, event="job", name="mine")
    executions = home.wait_cid(home.post_event("job")["cid"])
    assert [e["service"] for e in executions] == ["mine", "told"] * 4
    assert "looks like a loop" in executions[-1]["error"]


def test_failures_use_up_no_budget(home):
    """With room for one event that follows, three failures leave that room."""
    home.configure(step={"cid_events": 1})
    home.start()
    home.start_dispatcher()
    for number in range(3):
        make(home, FAILS, event="job", name=f"mine{number}")
    make(home, emit("next"), event="go", name="emits")
    make(home, emit("go2"), event=TYPE, filters=[{"exact": {"subject": "mine2"}}], name="told")
    executions = home.wait_cid(home.post_event("job")["cid"])
    assert [e["status"] for e in executions if e["service"] == "told"] == ["completed"]


# --- Many, and no room ---

def test_a_thousand_at_once(live):
    """Each is told, once."""
    live.write_script("fails.py", python(
        'for line in sys.stdin:\n    print(json.dumps({"ok": False, "retry": False}), flush=True)\n'))
    make(live, {"script": "fails.py", "options": {"persistent": True}}, event="job", name="mine")
    live.write_script("keeps.py", python(
        'for line in sys.stdin:\n    data = json.loads(line)["event"]["data"]\n'
        '    print(json.dumps({"ok": True, "save": {"of": data["execution_id"]}}), flush=True)\n'))
    make(live, {"script": "keeps.py", "options": {"persistent": True}}, event=TYPE, name="told")
    batch = [{"specversion": "1.0", "id": str(n), "source": "/s", "type": "job"} for n in range(1000)]
    reply = live.post("/fx/events", batch,
                      headers=[("Content-Type", "application/cloudevents-batch+json")])
    assert reply.status == 200

    def all_done():
        last = live.get("/fx/executions?service=told&status=completed&limit=1000").json
        return len(last["executions"]) == 1000

    until(all_done, 60, what="all are told")
    made = live.all_executions()
    mine = {e["execution_id"] for e in made if e["service"] == "mine"}
    assert len(mine) == 1000
    assert sorted(e["data"]["of"] for e in made if e["service"] == "told") == sorted(mine)


def test_full_store(home):
    """What became of the execution is kept; that it is told of is not."""
    home.configure(store={"map_bytes": 256 * MIB, "map_max_bytes": 256 * MIB, "accept_percent": 10})
    shutil.rmtree(home.dir / "db")
    home.fxctl("init")
    home.start()
    make(home, FAILS, event="job", name="mine")
    listen(home)
    cid = home.post_event("job")["cid"]
    big = {"event_source": "test", "event_type": "big", "payload": "x" * (900 << 10)}
    until(lambda: home.post("/fx/events", big).status == 503, what="the store is full")
    home.start_dispatcher()
    [execution] = home.wait_cid(cid)
    assert execution["dead_letter"]
    assert home.logs().count("no event tells that an execution has failed") == 1


# --- Nobody else says it ---

STRUCTURED = [("Content-Type", "application/cloudevents+json")]
BATCH = [("Content-Type", "application/cloudevents-batch+json")]
FORM = [("Content-Type", "application/x-www-form-urlencoded")]


def ce(**more):
    return {"specversion": "1.0", "id": "1", "source": "/fx/executions", "type": "t", **more}


def by_webhook(home, name):
    """Signed, where the type is in the body."""
    made = home.made_secret
    body = json.dumps({"type": name}).encode()
    return home.post(f"/fx/events/webhook?key={made.id}", body, key=None,
                     headers=senders.sign("standard-webhooks", made.token, body))


# How to send an event of such a type, or on such a topic, by each door.
DOORS = {
    "event": lambda home, name: home.post("/fx/events", {
        "event_source": "/s", "event_type": name, "payload": 1}),
    "event on a topic": lambda home, name: home.post(f"/fx/events?topic={name}", {
        "event_source": "/s", "event_type": "t", "payload": 1}),
    "generic": lambda home, name: home.post(f"/fx/events/generic?event_type={name}", {}),
    "generic on a topic": lambda home, name: home.post(f"/fx/events/generic?topic={name}", {}),
    "webhook": by_webhook,
    "webhook by its URL": lambda home, name: home.post(f"/fx/events/webhook?event_type={name}", {}),
    "webhook on a topic": lambda home, name: home.post(f"/fx/events/webhook?topic={name}", {}),
    "form": lambda home, name: home.post(f"/fx/events/webhook?event_type={name}",
                                         b"payload=%7B%7D", headers=FORM),
    "structured": lambda home, name: home.post("/fx/events", ce(type=name), headers=STRUCTURED),
    "structured on a topic": lambda home, name: home.post("/fx/events", ce(topic=name),
                                                          headers=STRUCTURED),
    "batch": lambda home, name: home.post("/fx/events", [ce(), ce(id="2", type=name)],
                                          headers=BATCH),
    "batch on a topic": lambda home, name: home.post("/fx/events", [ce(), ce(id="2", topic=name)],
                                                     headers=BATCH),
    "binary": lambda home, name: home.post("/fx/events", {}, headers=[
        (f"ce-{k}", v) for k, v in ce(type=name).items()]),
    "binary on a topic": lambda home, name: home.post("/fx/events", {}, headers=[
        (f"ce-{k}", v) for k, v in ce(topic=name).items()]),
}


@pytest.fixture
def door(fastcgi):
    fastcgi.made_secret = fastcgi.new_secret("standard-webhooks", types="*")
    yield fastcgi
    fastcgi.revoke(fastcgi.made_secret)


@pytest.mark.parametrize("name", [TYPE, "fx.run", "fx.schedule", "fx.", "fx.events.generic.other"])
@pytest.mark.parametrize("way", DOORS)
def test_forged(door, way, name):
    with nothing_stored(door):
        check_problem(DOORS[way](door, name), 422, OURS)


@pytest.mark.parametrize("name", ["fx", "FX.execution.failed", "fxa.b",
                                  "fx.events.generic.incoming", "fx.events.webhook.incoming"])
@pytest.mark.parametrize("way", DOORS)
def test_not_forged(door, way, name):
    """Other names, and those that doors give: a bridge may send on what came to it."""
    reply = DOORS[way](door, name)
    assert reply.status == 200, reply


@pytest.mark.parametrize("option", ["--type", "--topic"])
def test_forged_by_fxctl(fastcgi, option):
    words = ["--type", TYPE] if option == "--type" else ["--type", "t", "--topic", TYPE]
    with nothing_stored(fastcgi):
        done = fastcgi.run_fxctl("publish", *words, "{}")
    assert (done.returncode, done.stdout) == (2, "") and OURS in done.stderr


@pytest.mark.parametrize("member, publish", [
    ("event_type", {"event_type": TYPE}), ("topic", {"event_type": "t", "topic": "fx.a"})])
def test_forged_by_a_definition(fastcgi, member, publish):
    with nothing_stored(fastcgi):
        check_problem(fastcgi.post("/api/v1/pipelines/", {
            "name": "forges", "steps": [{"name": "s", "publish": publish}]}), 422,
            f"steps[0].publish.{member}: {OURS}")


@pytest.mark.parametrize("line", [
    {"emit": {"event_type": TYPE, "payload": {}}},
    {"emit": {"event_type": "t", "topic": "fx.run", "payload": {}}}])
@pytest.mark.parametrize("persistent", [False, True])
def test_forged_by_a_script(live, line, persistent):
    if persistent:
        live.write_script("forges.py", python(
            f"for line in sys.stdin:\n    print(json.dumps({{'ok': True, 'emit': [{line['emit']!r}]}}),"
            " flush=True)\n"))
        step = {"script": "forges.py", "options": {"persistent": True}}
    else:
        step = SH + f"echo '{json.dumps(line)}' >&3\n"
    make(live, step, event="job", name="mine")
    _, execution = fails(live)
    assert OURS in execution["error"]
