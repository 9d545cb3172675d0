"""Retention: what has come to its age is taken away, from the oldest on, and never what waits."""
import json
from datetime import datetime, timedelta, timezone

import pytest

from checks import check_problem
from clock import Clock
from harness import Home, until
from jobs import SH, gate, make, save, wait_for

DAY = timedelta(days=1)
NO = 1
OLD_ID = "01900000-0000-7000-8000-000000000000"  # of 2024


def kept(home, **days):
    home.configure(retention=days)


def rows(home):
    return json.loads(home.fxctl("--json", "events", "--limit", "1000"))["events"]


def dry(home):
    return {row["what"]: (row["days"], row["events"], row["bytes"])
            for row in json.loads(home.fxctl("--json", "retention", "--dry-run"))}


@pytest.fixture
def old(home):
    """A home in which 20 events have completed, and one that has failed; nothing is kept for a while yet."""
    kept(home, payload_days=0, log_days=0, row_days=0)
    home.start()
    home.start_dispatcher()
    make(home, save(secret="kept-data") + "echo kept-log\n", event="done")
    make(home, SH + "echo failed-log; exit 1\n", event="fails", name="fails")
    home.cids = [home.post_event("done", {"text": f"kept-payload-{i}"})["cid"] for i in range(20)]
    home.dead = home.post_event("fails", {"text": "dead-payload"})["cid"]
    for cid in (*home.cids, home.dead):
        home.wait_cid(cid)
    home.stop_dispatcher()
    return home


def later(home, days):
    """A dispatcher so many days on."""
    Clock(home, datetime.now(timezone.utc) + days * DAY)
    home.start_dispatcher()


def payload(home, event):
    return home.get(f"/api/v1/admin/events/{event['seq']}/payload")


def test_a_new_home_begins_with_ages():
    with Home() as home:
        text = (home.dir / "fx.conf").read_text()
        assert "[retention]\npayload_days = 30\nlog_days = 30\nrow_days = 400\n" in text
        assert {row["what"]: row["days"] for row in json.loads(home.fxctl("--json", "retention"))} == {
            "payloads": 30, "logs": 30, "rows": 400}
        (home.dir / "fx.conf").write_text("")
        assert {row["days"] for row in json.loads(home.fxctl("--json", "retention"))} == {None}


@pytest.mark.parametrize("value", ["-1", "x", "1.5", "36501", ""])
def test_bad_ages(home, value):
    kept(home, payload_days=value)
    done = home.run_fxctl("retention")
    assert done.returncode == NO and "payload_days" in done.stderr


def test_what_is_kept_for_ever_stays(old):
    later(old, 3000)
    until(lambda: old.post_event("other"), what="a turn")
    assert len(rows(old)) >= 22 and dry(old) == {what: (None, 0, 0) for what in ("payloads", "logs", "rows")}


def test_payloads_go_and_rows_stay(old):
    kept(old, payload_days=30)
    before = rows(old)
    later(old, 29)
    old.post_event("other")
    assert old.wait_cid(old.cids[0])[0]["data"] == {"secret": "kept-data"}
    assert all(payload(old, event).status == 200 for event in before)
    old.stop_dispatcher()
    later(old, 31)
    until(lambda: all(payload(old, event).status == 410 for event in before), what="payloads are gone")
    assert [event["seq"] for event in rows(old)][-len(before):] == [event["seq"] for event in before]
    assert {event["bytes"] for event in rows(old) if event["seq"] <= before[0]["seq"]} == {0}
    execution, = old.get(f"/fx/cid/{old.cids[0]}").json["executions"]
    assert execution["data"] == {"secret": "kept-data"} and execution["status"] == "completed"
    dead, = old.get(f"/fx/cid/{old.dead}").json["executions"]
    for path in ("/api/v1/executions", "/api/v1/admin/dead-letters"):
        check_problem(old.post(f"{path}/{dead['execution_id']}/retry"), 410, "kept no longer")
    assert "kept no longer" in old.run_fxctl("execution", "retry", dead["execution_id"]).stderr
    assert old.post("/api/v1/admin/dead-letters/retry").json["left"] == 1


def test_logs_and_data_go(old):
    kept(old, log_days=30)
    later(old, 31)
    until(lambda: not old.get(f"/fx/cid/{old.dead}").json["executions"][0]["steps"][0].get("log"), what="the logs are gone")
    execution, = old.get(f"/fx/cid/{old.cids[0]}").json["executions"]
    assert not execution["data"]
    assert payload(old, rows(old)[-1]).status == 200


def test_rows_go_and_their_ids_are_gone(old):
    kept(old, row_days=30)
    assert old.get(f"/fx/cid/{OLD_ID}").status == 404
    later(old, 31)
    newest = rows(old)[0]["seq"]
    until(lambda: len(rows(old)) == 1, what="the rows are gone")
    assert rows(old)[0]["seq"] == newest  # by whose number the next one gets its own
    for path in (f"/fx/cid/{old.cids[0]}", f"/fx/cid/{OLD_ID}", f"/fx/cid/{OLD_ID}/explain", f"/fx/executions/{OLD_ID}",
                 f"/fx/executions/{OLD_ID}/log?step=step1", f"/fx/executions/{OLD_ID}/event", "/api/v1/admin/events/1"):
        check_problem(old.get(path), 410, "kept no longer")
    assert old.get("/fx/cid/01ffffff-ffff-7000-8000-000000000000").status == 404
    assert {e["event_type"] for e in old.get("/fx/executions").json["executions"]} <= {"fx.execution.failed", "other", "fails"}
    again = old.post_event("done")
    assert rows(old)[0]["seq"] == newest + 1
    old.wait_cid(again["cid"])


def test_what_waits_stays_until_it_has_ended(home):
    kept(home, payload_days=1, log_days=1, row_days=1)
    home.start()
    home.start_dispatcher()
    with gate(home) as (path, open_gate):
        make(home, SH + wait_for(path) + save(late="data").partition("\n")[2], event="slow")
        make(home, SH, event="quick")
        slow = home.post_event("slow", {"keep": "me"})["cid"]
        quick = home.post_event("quick", {"drop": "me"})["cid"]
        home.wait_cid(quick)
        home.post_event("other")
        home.kill_dispatcher()
        later(home, 2)
        of_quick = next(event for event in rows(home) if event["cid"] == quick)
        of_slow = next(event for event in rows(home) if event["cid"] == slow)
        until(lambda: payload(home, of_quick).status == 410, what="the payload of what has ended is gone")
        assert payload(home, of_slow).json == {"keep": "me"}
        assert {event["cid"] for event in rows(home)} >= {slow, quick}  # the log has no gaps
        open_gate()
        home.wait_cid(slow)
    home.stop_dispatcher()
    later(home, 2.2)
    until(lambda: len(rows(home)) == 1, what="all is gone but the newest")


def test_a_dry_run_says_what_goes(old):
    kept(old, payload_days=1, log_days=1, row_days=1)
    assert dry(old) == {what: (1, 0, 0) for what in ("payloads", "logs", "rows")}
    Clock(old, datetime.now(timezone.utc) + 2 * DAY)
    found = dry(old)
    assert found["payloads"][1] == len(rows(old)) and found["payloads"][2] > 20 * len('{"text": "kept-payload-"}')
    assert found["logs"][1] == 21
    assert len(rows(old)) >= 21
    old.start_dispatcher()
    until(lambda: len(rows(old)) == 1, what="it went")
    assert dry(old)["rows"][1:] == (0, 0)


def test_many_go_in_slices_and_intake_goes_on(home):
    kept(home, row_days=1)
    home.start()
    home.start_dispatcher()
    batch = [{"specversion": "1.0", "id": str(i), "source": "/s", "type": "many", "data": i} for i in range(1000)]
    for i in range(3):
        sent = [{**event, "id": f"{i}-{event['id']}"} for event in batch]
        assert home.post("/fx/events", sent, headers=[("Content-Type", "application/cloudevents-batch+json")]).status == 200
    home.stop_dispatcher()
    later(home, 2)
    until(lambda: (home.post_event("more"), len(rows(home)))[1] < 1000, timeout=60, what="they are gone")
    assert home.post_event("more")


def test_a_clock_that_is_set_back_by_years(home):
    """What was planned by a clock that was years ahead is not waited for."""
    kept(home, payload_days=30, log_days=0, row_days=0)
    home.configure(dispatcher={"look_seconds": 1})
    home.start()
    clock = Clock(home, datetime(2099, 1, 1, tzinfo=timezone.utc))
    home.start_dispatcher()
    make(home, SH + "echo a log\n", event="done")
    home.wait_cid(home.post_event("done", {"text": "planned"})["cid"])
    clock.set(datetime.now(timezone.utc) + 31 * DAY)
    until(lambda: payload(home, rows(home)[0]).status == 410, what="the payload has gone")
