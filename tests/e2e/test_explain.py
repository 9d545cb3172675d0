"""Explain: for an event, which triggers were considered, which matched, which did not and why, and
what became of those that did; by HTTP and by fxctl."""
import json

import pytest

from checks import check_problem
from harness import until
from jobs import (OK, SH, completed, emit, executions_of, gate, make, python, replace,
                  stop_trigger, trigger, wait_for, wait_trigger)

NEVER_ISSUED = "01900000-0000-7000-8000-000000000000"


def explain(home, cid):
    """The same by HTTP and by fxctl."""
    reply = home.get(f"/fx/cid/{cid}/explain")
    assert reply.status == 200, reply
    assert reply.json["cid"] == cid
    assert json.loads(home.fxctl("explain", cid, "--json")) == reply.json
    assert not reply.json["more"]
    return reply.json["events"]


def triggers(event):
    """By service. One that matched names its execution; one that did not says why."""
    found = {}
    for trigger in event["triggers"]:
        assert trigger["matched"] == (trigger["why"] is None)
        assert trigger["matched"] == (trigger["execution_id"] is not None)
        assert trigger["matched"] == (trigger["status"] is not None)
        found[trigger["service"]] = trigger
    return found


def why(event):
    return {name: trigger["why"] for name, trigger in triggers(event).items()}


def settled(home, cid):
    assert home.get(f"/fx/cid/{cid}?wait=10").status == 200
    return cid


def test_nobody_listens(live):
    [event] = explain(live, settled(live, live.post_event("job", source="shop")["cid"]))
    assert (event["type"], event["topic"], event["source"]) == ("job", "job", "shop")
    assert event["routed"] is True
    assert event["triggers"] == []


def test_matched_and_not(live):
    make(live, OK, event="order.*", name="orders")
    make(live, SH + "exit 1\n", event="order.new", name="fails")
    make(live, OK, event="order.paid", name="paid")
    make(live, OK, event="order.new", name="idle", start=False)
    cid = settled(live, live.post_event("order.new")["cid"])
    [event, told] = explain(live, cid)
    assert told["type"] == "fx.execution.failed"
    found = triggers(event)
    ran = {e["service"]: e for e in executions_of(live, cid)}
    assert set(found) == {"orders", "fails", "paid", "idle"} and set(ran) == {"orders", "fails"}
    assert found["idle"]["why"] == "trigger: none is started, so no event starts the pipeline"
    assert found["idle"]["generation"] is None
    for name, execution in ran.items():
        assert found[name]["execution_id"] == execution["execution_id"]
        assert found[name]["status"] == execution["status"]
        assert found[name]["pipeline_id"] == execution["pipeline_id"]
        assert found[name]["pipeline_version"] == "1"
    assert found["paid"]["why"] == \
        'topic: it listens to "order.paid", the event\'s topic is "order.new"'
    text = live.fxctl("explain", cid)
    assert text.startswith("event order.new on the topic order.new\n")
    for line in (f"  orders  matched: execution {ran['orders']['execution_id']} is completed\n",
                 f"  fails  matched: execution {ran['fails']['execution_id']} is failed\n",
                 f"  paid  no: {found['paid']['why']}\n"):
        assert line in text


def test_topic_of_its_own(live):
    """It is the topic that counts, not the type."""
    make(live, OK, event="job", name="by-type")
    make(live, OK, event="lane", name="by-topic")
    reply = live.post("/fx/events?topic=lane", {
        "event_source": "test", "event_type": "job", "payload": 1})
    [event] = explain(live, settled(live, reply.json["cid"]))
    assert (event["type"], event["topic"]) == ("job", "lane")
    assert why(event) == {
        "by-type": 'topic: it listens to "job", the event\'s topic is "lane"', "by-topic": None}


@pytest.mark.parametrize("filters, parts", [
    ([{"exact": {"source": "bank"}}], ["source", "bank"]),
    ([{"prefix": {"source": "x"}}], ["source", "x"]),
    ([{"json": {"/n": 2}}], ["/n"]),
    ([{"json": {"/missing": 1}}], ["/missing"]),
    ([{"not": {"exact": {"source": "shop"}}}], ["not"]),
    ([{"any": [{"exact": {"source": "a"}}, {"exact": {"source": "b"}}]}], []),
    ([{"exact": {"source": "shop"}}, {"suffix": {"type": "zzz"}}], ["type", "zzz"]),
    ([{"exact": {"source": "shop"}}], None),
])
def test_filters(live, filters, parts):
    """The first that does not match, in words."""
    make(live, OK, event="job", filters=filters, name="one")
    [event] = explain(live, settled(live, live.post_event("job", {"n": 1}, source="shop")["cid"]))
    reason = why(event)["one"]
    if parts is None:
        assert reason is None
        return
    assert reason
    for part in parts:
        assert part in reason
    assert "\n" not in reason


def test_started_later(live):
    cid = settled(live, live.post_event("job")["cid"])
    make(live, OK, event="job", name="late")
    [event] = explain(live, cid)
    assert why(event) == {"late": "time: it was started after the event was accepted"}


def test_earliest(live):
    """Asked for what came before, and so it matched."""
    cid = settled(live, live.post_event("job")["cid"])
    make(live, OK, event="job", name="late", initial_offset="earliest")
    completed(live.wait_cid(cid)[0])
    [event] = explain(live, cid)
    assert why(event) == {"late": None}


def test_stopped_since(live):
    """The trigger is gone; what it made is still there to be seen."""
    pipeline = make(live, OK, event="job", name="gone")
    cid = live.post_event("job")["cid"]
    [execution] = live.wait_cid(cid)
    stop_trigger(live, pipeline)
    settled(live, live.post_event("other")["cid"])  # by now it is forgotten
    [event] = explain(live, cid)
    assert [t["service"] for t in event["triggers"]] in ([], ["gone"])
    for found in event["triggers"]:
        assert found["execution_id"] == execution["execution_id"]


def test_ended_before(home):
    """A trigger that has ended but still has older events to see, and one that replaced it."""
    home.start()
    pipeline = make(home, OK, event="job", name="one")
    first = home.post_event("job")["cid"]
    stop_trigger(home, pipeline)
    second = home.post_event("job")["cid"]
    [event] = explain(home, second)
    assert event["routed"] is False
    assert why(event) == {"one": "time: it had ended before the event was accepted"}
    [event] = explain(home, first)
    assert why(event) == {"one": "the event is not routed yet"}


def test_replaced(live):
    """Each event is explained by the generation that was live for it."""
    pipeline = make(live, OK, event="a", name="one")
    first = live.post_event("a")["cid"]
    completed(live.wait_cid(first)[0])
    replace(live, pipeline, OK, event="b")
    live.start_trigger(pipeline, ready=True)
    second = live.post_event("b")["cid"]
    completed(live.wait_cid(second)[0])
    for cid in (first, second):
        [event] = explain(live, cid)
        [found] = [t for t in event["triggers"] if t["matched"]]
        assert found["execution_id"] == executions_of(live, cid)[0]["execution_id"]


def test_judged_by_the_trigger_of_its_time(live):
    """Replaced, stopped and started anew: each event is judged by what was live for it."""
    pipeline = make(live, OK, event="job", name="one", filters=[{"json": {"/n": 1}}])
    cids = [live.post_event("job", {"n": 2})["cid"]]
    replace(live, pipeline, OK, event="job", filters=[{"json": {"/n": 2}}])
    live.start_trigger(pipeline, ready=True)
    cids.append(live.post_event("job", {"n": 1})["cid"])
    replace(live, pipeline, OK, event="other")
    live.start_trigger(pipeline, ready=True)
    cids.append(live.post_event("job", {"n": 1})["cid"])
    stop_trigger(live, pipeline)
    cids.append(live.post_event("job", {"n": 1})["cid"])
    live.start_trigger(pipeline, ready=True)
    for cid in cids:
        settled(live, cid)
    said = [explain(live, cid)[0]["triggers"] for cid in cids]
    assert [[t["pipeline_version"] for t in each] for each in said[:3]] == [["1", "3"], ["2", "3"], ["3", "3"]]
    assert [each[0]["why"] for each in said] == [
        "json: /n is 2, not 1", "json: /n is 1, not 2",
        'topic: it listens to "other", the event\'s topic is "job"',
        'topic: it listens to "other", the event\'s topic is "job"']
    for each in said[:3]:
        assert each[1]["why"].startswith("topic: ")


def test_none_is_started(live):
    """Pipelines of the topic whose trigger was never started, or stopped before; no others."""
    make(live, OK, event="job", name="idle", start=False)
    make(live, OK, event="jo*", name="idle-too", start=False)
    make(live, OK, event="other", name="stranger", start=False)
    make(live, OK, event=None, name="by-hand")
    stopped = make(live, OK, event="job", name="stopped")
    renamed = make(live, OK, event="before", name="renamed")
    for pipeline in stopped, renamed:
        stop_trigger(live, pipeline)
    replace(live, renamed, OK, event="job")
    cid = settled(live, live.post_event("job")["cid"])
    idle = "trigger: none is started, so no event starts the pipeline"
    [event] = explain(live, cid)
    assert why(event) == {"idle": idle, "idle-too": idle, "renamed": idle,
                          "stopped": "time: it had ended before the event was accepted"}
    assert "  idle  no: trigger: none is started" in live.fxctl("explain", cid)
    live.start_trigger(stopped, ready=True)
    assert why(explain(live, cid)[0])["stopped"] == "time: it was started after the event was accepted"


def test_past_triggers_are_bounded(live):
    """The newest twenty of a pipeline are known, and none when it was deleted."""
    pipeline = make(live, OK, event="job", name="often")
    first = settled(live, live.post_event("job")["cid"])
    for _ in range(22):
        live.start_trigger(pipeline, ready=True)
    until(lambda: explain(live, first)[0]["triggers"][0]["generation"] > 20, what="all have gone by")
    [found] = explain(live, first)[0]["triggers"]
    assert found["matched"] and found["generation"] == 23
    stop_trigger(live, pipeline)
    settled(live, live.post_event("other")["cid"])
    assert live.delete(f"/api/v1/pipelines/{pipeline}").status == 200
    assert explain(live, first)[0]["triggers"] == []


def test_not_routed_yet(home):
    home.start()
    make(home, OK, event="job", name="one")
    make(home, OK, event="other", name="two")
    cid = home.post_event("job")["cid"]
    [event] = explain(home, cid)
    assert event["routed"] is False
    assert why(event)["one"] == "the event is not routed yet"
    assert why(event)["two"].startswith("topic: ")
    assert "  one  no: the event is not routed yet\n" in home.fxctl("explain", cid)
    home.start_dispatcher()
    completed(home.wait_cid(cid)[0])
    [event] = explain(home, cid)
    assert event["routed"] is True
    assert why(event)["one"] is None


def test_while_it_runs(live):
    with gate(live) as (path, opened):
        pipeline = make(live, SH + wait_for(path), event="job", name="one", scale={"max": 1})
        cids = [live.post_event("job")["cid"] for _ in range(2)]
        wait_trigger(live, pipeline, running=1, pending=1)
        assert [triggers(explain(live, cid)[0])["one"]["status"] for cid in cids] == [
            "in_progress", "pending"]
        opened()
    for cid in cids:
        live.wait_cid(cid)
        assert triggers(explain(live, cid)[0])["one"]["status"] == "completed"


def test_events_that_follow(live):
    """All of the cid in log order, each with its own triggers."""
    make(live, emit("after", 1), {"name": "next", "publish": {"event_type": "published"}},
         event="job", name="first")
    make(live, OK, event="after", name="second")
    make(live, OK, event="published", name="third")
    cid = live.post_event("job")["cid"]
    until(lambda: len(executions_of(live, cid)) == 3, what="all have begun")
    ran = {e["service"]: e["execution_id"] for e in live.wait_cid(cid)}
    events = explain(live, cid)
    assert [e["type"] for e in events] == ["job", "after", "published"]
    assert sorted(e["seq"] for e in events) == [e["seq"] for e in events]
    for event, service in zip(events, ("first", "second", "third")):
        matched = {t["service"]: t["execution_id"] for t in event["triggers"] if t["matched"]}
        assert matched == {service: ran[service]}
        assert {t["service"] for t in event["triggers"]} == {"first", "second", "third"}
    text = live.fxctl("explain", cid)
    assert text.count("\nevent ") == 2


def test_run_by_hand(live):
    """No trigger sees it, and says so."""
    pipeline = make(live, OK, event="*", name="all")
    started = live.post(f"/api/v1/batches/{pipeline}", {}).json
    completed(live.wait_cid(started["cid"])[0])
    [event] = explain(live, started["cid"])
    assert event["type"] == "fx.run" and event["routed"]
    assert why(event) == {
        "all": "the event is that of a run by hand, which no trigger sees"}


def test_many_triggers_and_one_cid(live):
    for n in range(20):
        make(live, OK, event="job" if n % 2 else "other", name=f"n{n}")
    cid = live.post_event("job")["cid"]
    assert len(live.wait_cid(cid)) == 10
    [event] = explain(live, cid)
    assert {n for n, t in triggers(event).items() if t["matched"]} == {
        f"n{n}" for n in range(1, 20, 2)}


def test_unknown(site):
    for word in (NEVER_ISSUED, "nonsense"):
        check_problem(site.get(f"/fx/cid/{word}/explain"), 404)
    assert site.post(f"/fx/cid/{NEVER_ISSUED}/explain").status == 405
    check_problem(site.get(f"/fx/cid/{NEVER_ISSUED}/explain", key=None), 401)
    check_problem(site.get(f"/fx/cid/{NEVER_ISSUED}/explain", key=site.key("events")), 403)
    done = site.run_fxctl("explain", NEVER_ISSUED)
    assert (done.returncode, done.stdout) == (1, "") and NEVER_ISSUED in done.stderr
    done = site.run_fxctl("explain", "nonsense")
    assert (done.returncode, done.stdout) == (2, "")


@pytest.mark.parametrize("others, explained", [(5, 1000), (40, 20000 // 43)])
def test_many_events(home, others, explained):
    """The first thousand are explained, or fewer where there are many triggers, in a time that does
    not grow with their product."""
    home.configure(step={"emits": 10000}, web={"reply_bytes": 64 << 20})
    home.start()
    home.start_dispatcher()
    make(home, python("for n in range(10000):\n"
                      "    say(emit={'event_type': 'after', 'payload': n})\n"), event="job")
    after = make(home, OK, event="after")
    for n in range(others):
        make(home, OK, event=f"other{n}")
    cid = home.post_event("job")["cid"]
    until(lambda: trigger(home, after)["pending"] > 100, what="they are routed")
    stop_trigger(home, after)
    home.wait_cid(cid)
    found = home.get(f"/fx/cid/{cid}/explain").json
    assert found["more"]
    assert [event["type"] for event in found["events"]] == ["job"] + ["after"] * (explained - 1)
    assert len(found["events"][-1]["triggers"]) == others + 2
    assert f"only the first {explained} events are explained" in home.fxctl("explain", cid)


def test_filters_have_a_budget_of_steps(live):
    """Of all of a reply together: the later triggers are named, but not judged."""
    far = {f"/{299999 - n}": 0 for n in range(3)}  # three looks at far elements
    for n in range(40):
        make(live, OK, event="zeros", name=f"far{n:02}", filters=[{"json": far},
                                                                  {"json": {"/0": 1}}])
    cid = settled(live, live.post_event("zeros", [0] * 300000)["cid"])
    [event] = explain(live, cid)
    said = [text.split(":")[0] for text in why(event).values()]
    assert len(said) == 40
    assert said[0] == "json" and said[-1] == "not judged"
    assert said == sorted(said)
    [plain] = explain(live, settled(live, live.post_event("zeros", [0])["cid"]))
    assert "not judged" not in str(plain)


def test_a_reply_has_a_budget_of_bytes(home):
    home.configure(web={"reply_bytes": 16384})
    home.start()
    home.start_dispatcher()
    for n in range(60):
        make(home, OK, event="x" * 200, name=f"p{n}")
    cid = settled(home, home.post_event("job")["cid"])
    reply = home.get(f"/fx/cid/{cid}/explain")
    assert reply.json["more"] and len(reply.body) < 20000
    [event] = reply.json["events"]
    assert 10 < len(event["triggers"]) < 60
    assert json.loads(home.fxctl("explain", cid, "--json")) == reply.json
