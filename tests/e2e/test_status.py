"""/fx/cid and /fx/executions: what has become of events. Mostly without a dispatcher."""
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from checks import check_problem, nothing_stored
from harness import until

NOBODY = "01900000-0000-7000-8000-000000000000"

BAD_IDS = [NOBODY, "x", "-", "0", "%20", "%ff", NOBODY[:-1], NOBODY + "0", NOBODY.replace("-", ""),
           "{" + NOBODY + "}", "urn:uuid:" + NOBODY, NOBODY.replace("9", "g"), "x" * 3000, "%C3%BC",
           "*", "..x", "' OR 1=1", "null", "undefined"]


@pytest.mark.parametrize("collection", ["cid", "executions"])
@pytest.mark.parametrize("own", [own.replace(" ", "%20") for own in BAD_IDS], ids=lambda v: v[:20])
def test_unknown(site, collection, own):
    what = "nothing at this path" if "%" in own else "no such"
    check_problem(site.get(f"/fx/{collection}/{own}"), 404, what)


def test_cid_is_no_execution_id(site):
    cid = site.post_event("nobody.listens")["cid"]
    check_problem(site.get(f"/fx/executions/{cid}"), 404)


def test_unmatched_event(site):
    """No trigger wants it: a cid of its own, and an empty list."""
    cid = site.post_event("nobody.listens")["cid"]
    for path in (f"/fx/cid/{cid}", f"/fx/cid/{cid}/"):
        reply = site.get(path)
        assert reply.status == 200
        assert reply.json == {"cid": cid, "executions": []}


def test_right_after_the_post(site):
    """By whichever process answers, a cid is known once its POST was answered."""
    def send_and_ask(_):
        cid = site.post_event("nobody.listens")["cid"]
        return site.get(f"/fx/cid/{cid}").status

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(send_and_ask, range(100))) == {200}


def test_wait_ends_after_its_time(site):
    """Nobody routes the event, so that nothing is final; the wait ends nevertheless."""
    cid = site.post_event("nobody.listens")["cid"]
    start = time.monotonic()
    reply = site.get(f"/fx/cid/{cid}?wait=0.3")
    assert 0.3 <= time.monotonic() - start < 5
    assert reply.status == 200
    assert reply.json["executions"] == []


def test_wait_for_nothing(site):
    """A cid that was never issued is not waited for."""
    start = time.monotonic()
    check_problem(site.get(f"/fx/cid/{NOBODY}?wait=30"), 404)
    assert time.monotonic() - start < 5


@pytest.mark.parametrize("wait", ["0", "0.0", "0.001", "1e-3", ""])
def test_short_waits(site, wait):
    cid = site.post_event("nobody.listens")["cid"]
    reply = site.get(f"/fx/cid/{cid}?wait={wait}")
    if wait:
        assert reply.status == 200
    else:
        check_problem(reply, 422, "wait")


@pytest.mark.parametrize("query, status", [
    ("wait=-1", 422), ("wait=30.001", 422), ("wait=31", 422), ("wait=1e9", 422), ("wait=nan", 422),
    ("wait=inf", 422), ("wait=-0.001", 422), ("wait=a", 422), ("wait=1a", 422), ("wait=1,5", 422),
    ("wait=%30%30%61", 422), ("wait=1&wait=1", 400), ("wait=%zz", 400), ("wait=%0", 400),
    ("wait=%00", 400), ("wait=" + "1" * 5000, 400)])
def test_bad_wait(site, query, status):
    cid = site.post_event("nobody.listens")["cid"]
    start = time.monotonic()
    check_problem(site.get(f"/fx/cid/{cid}?{query}"), status, "wait")
    assert time.monotonic() - start < 5


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_waiting_requests_leave_room(home, threads):
    """However many wait, those that do not are answered meanwhile."""
    home.configure(web={"threads": threads})
    home.start()
    cid = home.post_event("nobody.listens")["cid"]
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(home.get, f"/fx/cid/{cid}?wait=2") for _ in range(8)]
        start = time.monotonic()
        for _ in range(10):
            assert home.get("/fx/executions").status == 200
        took = time.monotonic() - start
        assert not all(w.done() for w in waiting)
        assert took < 1.5
        assert {w.result().status for w in waiting} == {200}


@pytest.mark.parametrize("query", [
    "", "?", "?limit=1", "?limit=1000", "?status=pending", "?status=in_progress",
    "?status=completed", "?status=failed", "?status=skipped", "?service=a", "?pipeline_id=a",
    "?event_type=a",
    "?since=2026-01-31T12:00:00Z", "?until=2026-01-31T12:00:00.123Z", f"?after={NOBODY}",
    "?unknown=1", "?since=2026-01-31T12:00:00Z&until=2026-02-01T00:00:00Z&status=failed&limit=5"])
def test_empty_list(site, query):
    reply = site.get(f"/fx/executions{query}")
    assert reply.status == 200
    assert reply.json == {"executions": [], "next": None}


@pytest.mark.parametrize("query, status, name", [
    ("status=done", 422, "status"), ("status=", 422, "status"), ("status=PENDING", 422, "status"),
    ("status=pending%20", 422, "status"), ("limit=0", 422, "limit"), ("limit=-1", 422, "limit"),
    ("limit=1001", 422, "limit"), ("limit=", 422, "limit"), ("limit=1.5", 422, "limit"),
    ("limit=a", 422, "limit"), ("limit=99999999999999999999", 422, "limit"),
    ("since=yesterday", 422, "since"), ("since=2026-13-01T00:00:00Z", 422, "since"),
    ("since=2026-02-30T00:00:00Z", 422, "since"), ("until=2026-01-31", 422, "until"),
    ("until=1234567890", 422, "until"), ("until=", 422, "until"), ("after=x", 422, "after"),
    ("after=", 422, "after"), ("service=", 422, "service"), ("pipeline_id=", 422, "pipeline_id"),
    ("event_type=", 422, "event_type"), ("limit=1&limit=2", 400, "limit"),
    ("status=failed&status=failed", 400, "status"), ("service=%00", 400, "service"),
    ("service=%zz", 400, "service"), ("service=" + "x" * 5000, 400, "service")])
def test_bad_list(site, query, status, name):
    check_problem(site.get(f"/fx/executions?{query}"), status, name)


def test_reading_stores_nothing(site):
    cid = site.post_event("nobody.listens")["cid"]
    with nothing_stored(site):
        for path in (f"/fx/cid/{cid}", f"/fx/cid/{NOBODY}", "/fx/executions",
                     f"/fx/executions/{cid}"):
            site.get(path)


# A dispatcher at work.

ORDER = ("pending", "in_progress", "completed")


def shown(site, cid):
    """What a reader is shown: (id, how far it is), in the order of the list."""
    reply = site.get(f"/fx/cid/{cid}")
    assert reply.status == 200, reply
    return [(e["execution_id"], ORDER.index(e["status"])) for e in reply.json["executions"]]


@pytest.mark.parametrize("serve", ["fastcgi", "cgi"])
def test_never_shows_less(home, serve):
    """From the POST on a reader sees executions come and go forward, never one go or fall back."""
    home.write_script("ok.sh", "#!/bin/sh\n")
    home.start(serve)
    home.start_dispatcher()
    run = {"name": "run", "script": "ok.sh"}
    steps = {"one": [run], "two": [run, {"name": "tell", "publish": {"event_type": "b"}}],
             "three": [run]}
    for name, event in (("one", "a"), ("two", "a"), ("three", "b")):
        home.start_trigger(home.create_pipeline(name, steps[name], event=event), ready=True)

    def follow(_):
        cid = home.post_event("a")["cid"]
        seen = []

        def finished():
            now = shown(home, cid)
            assert [own for own, _ in seen] == [own for own, _ in now[:len(seen)]]
            assert all(before <= after for (_, before), (_, after) in zip(seen, now))
            seen[:] = now
            return len(now) == 3 and all(far == 2 for _, far in now)

        until(finished, what=lambda: f"{cid} is final: {seen}\n{home.logs()}")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(follow, range(20)))


def test_unmatched_event_settles(live):
    """The dispatcher has looked at it and no trigger wants it: ?wait= ends at once."""
    cid = live.post_event("nobody.listens")["cid"]
    start = time.monotonic()
    reply = live.get(f"/fx/cid/{cid}?wait=30")
    assert time.monotonic() - start < 10
    assert reply.json == {"cid": cid, "executions": []}


def test_wait_returns_early(live):
    live.write_script("ok.sh", "#!/bin/sh\n")
    steps = [{"name": "run", "script": "ok.sh"}]
    live.start_trigger(live.create_pipeline("one", steps, event="a"), ready=True)
    cid = live.post_event("a")["cid"]
    start = time.monotonic()
    executions = live.get(f"/fx/cid/{cid}?wait=30").json["executions"]
    assert time.monotonic() - start < 10
    assert [e["status"] for e in executions] == ["completed"]
    own = executions[0]["execution_id"]
    assert live.get(f"/fx/executions/{own}").json == executions[0]
    assert live.get("/fx/executions?full=1").json["executions"] == executions
