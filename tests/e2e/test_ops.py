"""What watches over a home is told: health in a word, what is wrong and what to do, and metrics."""
import json
import os
import re
import subprocess

import pytest

from harness import PROJECT, find_program, until

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


def word(home):
    """What anybody is told, and the status it comes with."""
    reply = home.get("/health/ready", key=None)
    told = reply.json["status"]
    assert reply.status == (200 if told == "ready" else 503)
    return told


def check(home, name):
    [found] = [one for one in home.get("/health").json["checks"] if one["name"] == name]
    return found


def is_told(home, expected):
    until(lambda: word(home) == expected, what=lambda: f"{expected}, instead of {word(home)}")


def number(home, name, **labels):
    """The value of one sample; None where there is none."""
    given = ",".join(f'{key}="{value}"' for key, value in labels.items())
    text = home.get("/metrics").body.decode()
    found = re.search(rf"^{re.escape(name + (f'{{{given}}}' if given else ''))} (\S+)$", text, re.M)
    return found and float(found[1])


# --- Health ---

@pytest.fixture(params=["fastcgi", "cgi"])
def served(request, home):
    home.start(request.param)
    return home


def test_ready_while_a_dispatcher_runs(served):
    is_told(served, "stopped")
    found = check(served, "dispatcher")
    assert not found["good"] and "fx-dispatcher" in found["remedy"]
    served.start_dispatcher()
    is_told(served, "ready")
    assert all(one["good"] and not one["remedy"] for one in served.get("/health").json["checks"])
    served.stop_dispatcher()
    is_told(served, "stopped")


def test_no_dispatcher_is_expected_where_the_next_event_starts_one(home):
    home.configure(dispatcher={"on_demand": 1})
    home.start()
    assert word(home) == "ready"
    assert "starts one" in check(home, "dispatcher")["reason"]


@pytest.mark.parametrize("setting, remedy", [
    ({"disk_reserve_bytes": 1 << 40}, "disk_reserve_bytes"),
    ({"map_bytes": 16 << 20, "map_max_bytes": 16 << 20, "accept_percent": 10}, "map_max_bytes")])
def test_full(home, setting, remedy):
    home.configure(store=setting)
    home.start("cgi")
    home.start_dispatcher()
    while remedy == "map_max_bytes" and home.post("/fx/events/generic", ["x" * 500_000]).status == 200:
        pass
    is_told(home, "full")
    found = check(home, "room")
    assert not found["good"] and remedy in found["remedy"]
    assert number(home, "fxbridge_accepting") == 0


def test_late(home):
    """An execution that could run waits for a runner: one that runs does not end."""
    home.configure(dispatcher={"instances": 1, "late_seconds": 1})
    home.write_script("stay.sh", f"#!/bin/sh\ncat {home.scratch}/gate >/dev/null\n")
    os.mkfifo(home.scratch / "gate")
    home.start()
    home.start_dispatcher()
    stay = home.create_pipeline("stay", [{"name": "stay", "script": "stay.sh"}])
    for _ in range(2):
        assert home.post(f"/api/v1/batches/{stay}").status == 200
    is_told(home, "late")
    found = check(home, "waiting")
    assert not found["good"] and "instances" in found["remedy"]
    assert number(home, "fxbridge_oldest_waiting_seconds") > 1
    assert number(home, "fxbridge_healthy", check="waiting") == 0
    for _ in range(2):
        with open(home.scratch / "gate", "w"):
            pass
    is_told(home, "ready")


def test_events_that_nobody_routes_are_late(home):
    home.configure(dispatcher={"on_demand": 0, "late_seconds": 1})
    home.start()
    home.post_event("any")
    until(lambda: not check(home, "waiting")["good"], what="the event is late")
    assert number(home, "fxbridge_events_unrouted") == 1


def test_without_a_store(home):
    """A program is there, and says so; that there is no store is for the other route to tell."""
    home.start("cgi")
    (home.dir / "db/data.mdb").rename(home.dir / "db/away")
    live = home.get("/health/live", key=None)
    assert (live.status, live.json) == (200, {"status": "live"})
    assert word(home) == "broken"
    assert home.get("/metrics").status == 503


# --- Metrics ---

def counted(home, name, **labels):
    """A counter's value; 0 where there is none yet."""
    return number(home, name + "_total", **labels) or 0


def is_counted(home, expected, name, **labels):
    """A reply is counted when it has left, so that whoever has it may come first."""
    until(lambda: counted(home, name, **labels) == expected,
          what=lambda: f"{name} {labels} is {expected}, instead of {counted(home, name, **labels)}")

def test_no_label_is_named_twice(home):
    home.start()
    home.start_dispatcher()
    home.post_event("any")
    for line in home.get("/metrics").body.decode().splitlines():
        names = [] if line[0] == "#" else re.findall(r'[{,](\w+)="', line)
        assert len(names) == len(set(names)), line


def promtool(*arguments, stdin=None):
    program = find_program("promtool") or pytest.skip("there is no promtool (Debian: prometheus)")
    return subprocess.run([program, *arguments], input=stdin, capture_output=True, timeout=60)


def test_promtool_has_nothing_to_say(home):
    home.start()
    home.start_dispatcher()
    home.post_event("any")
    reply = home.get("/metrics")
    assert reply.headers["Content-Type"] == TEXT
    done = promtool("check", "metrics", stdin=reply.body)
    assert done.returncode == 0 and not done.stderr + done.stdout, done


@pytest.mark.parametrize("accept, expected", [
    (None, TEXT), ("*/*", TEXT), ("text/plain", TEXT), ("nonsense;;;q=,", TEXT),
    ("application/openmetrics-text", OPENMETRICS),
    ("APPLICATION/OPENMETRICS-TEXT ; version=1.0.0", OPENMETRICS),
    ("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
     "text/plain;version=0.0.4;q=0.5,*/*;q=0.1", OPENMETRICS),
    ("application/openmetrics-text;q=0", TEXT),
    ("text/plain, application/openmetrics-text;q=0.4", TEXT),
    ("application/openmetrics-textual", TEXT)])
def test_formats(home, accept, expected):
    home.start()
    reply = home.get("/metrics", headers=[("Accept", accept)] if accept else [])
    assert reply.headers["Content-Type"] == expected
    assert reply.body.endswith(b"# EOF\n") == (expected == OPENMETRICS)


def test_openmetrics_names(home):
    """A counter's family has no suffix there, and its samples have."""
    home.start()
    text = home.get("/metrics", headers=[("Accept", OPENMETRICS)]).body.decode()
    assert "# TYPE fxbridge_events_accepted counter\nfxbridge_events_accepted_total 0\n" in text


REFUSALS = {
    "malformed": (lambda home: home.call("POST", "/fx/events", b"{"), 400),
    "credential": (lambda home: home.call("POST", "/fx/events", b"{}", key=None), 401),
    "not_allowed": (lambda home: home.call("POST", "/fx/events", b"{}", key=home.key("status")), 403),
    "path": (lambda home: home.get("/fx/events/none"), 404),
    "method": (lambda home: home.get("/fx/events"), 405),
    "media_type": (lambda home: home.call("POST", "/fx/events", b"{}", headers=[("Content-Type", "text/plain")]), 415),
    "not_acceptable": (lambda home: home.post("/fx/events", {}), 422),
}


def test_what_programs_count(served):
    """Processes of before included: CGI has one for each request."""
    home = served
    before = {reason: counted(home, "fxbridge_events_refused", reason=reason) for reason in REFUSALS}
    for reason, (refuse, status) in REFUSALS.items():
        for _ in range(2):
            assert refuse(home).status == status, reason
    same = {"headers": [("Idempotency-Key", "one")]}
    for _ in range(3):
        assert home.post("/fx/events/generic", {}, **same).status == 200
    for reason, (_, status) in REFUSALS.items():
        is_counted(home, before[reason] + 2, "fxbridge_events_refused", reason=reason)
    is_counted(home, 2, "fxbridge_events_repeated")
    is_counted(home, 3, "fxbridge_http_requests", program="events", status="200")
    assert number(home, "fxbridge_http_request_seconds_count", program="events") >= 17
    assert counted(home, "fxbridge_events_accepted") == 1
    assert number(home, "fxbridge_commit_seconds_count", program="events") >= 1
    assert number(home, "fxbridge_commit_mutations_sum", program="events") >= 1
    assert counted(home, "fxbridge_commits_failed", program="events") == 0


def test_numbers_outlive_programs(home):
    home.start()
    assert home.post("/fx/events", {}).status == 422
    is_counted(home, 1, "fxbridge_events_refused", reason="not_acceptable")
    home.kill()
    home.start()
    assert counted(home, "fxbridge_events_refused", reason="not_acceptable") == 1


def test_histograms_add_up(home):
    home.start()
    text = home.get("/metrics").body.decode()
    told = re.findall(r'^(\w+)_bucket{program="(\w+)",le="([^"]+)"} (\d+)$', text, re.M)
    assert told
    rows = {}
    for name, program, le, count in told:
        rows.setdefault((name, program), []).append((float(le), int(count)))
    for (name, program), buckets in rows.items():
        assert buckets == sorted(buckets) and buckets[-1][0] == float("inf"), name
        assert buckets[-1][1] == number(home, f"{name}_count", program=program) or program == "ops"


# --- Counts of the store ---

OUTCOMES = ("completed", "failed", "skipped")


def outcomes(home, pipeline):
    return {outcome: counted(home, "fxbridge_executions", pipeline=pipeline, outcome=outcome)
            for outcome in OUTCOMES}


def counted_pipeline(home, name="count"):
    """A pipeline whose payload says how often it fails, or whether it stays pending."""
    home.write_script("count.sh", '#!/bin/sh\nread payload || :\n'
                      'case $payload in *bad*true*) exit 1;; esac\n')
    made = home.create_pipeline(name, [{"name": "one", "script": "count.sh"}], event="count",
                                retry={"limit": 1, "delay": 0.001})
    home.start_trigger(made, ready=bool(home.dispatcher))
    return made


def test_what_is_run_is_counted(home):
    home.start()
    home.start_dispatcher()
    pipeline = counted_pipeline(home)
    for bad in (False, False, True):
        home.wait_cid(home.post_event("count", {"bad": bad})["cid"])
    assert outcomes(home, pipeline) == {"completed": 2, "failed": 1, "skipped": 0}
    assert counted(home, "fxbridge_retries", pipeline=pipeline) == 1
    assert counted(home, "fxbridge_topic_events", topic="count") == 3
    assert number(home, "fxbridge_start_lag_seconds_count") == 3
    assert number(home, "fxbridge_attempt_seconds_count") == 4
    assert number(home, "fxbridge_pipeline_attempt_seconds_count", pipeline=pipeline) == 4
    assert number(home, "fxbridge_dead_letters") == 1


def test_what_people_end_is_counted(home):
    """By whichever program: the dispatcher does not run."""
    home.start()
    pipeline = counted_pipeline(home)
    ids = [home.post(f"/api/v1/batches/{pipeline}").json["item"] for _ in range(3)]
    assert home.post(f"/api/v1/executions/{ids[0]}/skip").status == 200
    assert home.post(f"/api/v1/executions/{ids[1]}/cancel").status == 200
    home.fxctl("execution", "skip", ids[2])
    assert outcomes(home, pipeline) == {"completed": 0, "failed": 0, "skipped": 3}


def test_counts_are_exact_whatever_is_killed(home):
    home.start()
    home.start_dispatcher()
    pipeline = counted_pipeline(home)
    cids = []
    for _ in range(4):
        cids += [home.post_event("count", {})["cid"] for _ in range(20)]
        home.kill_dispatcher()
        home.start_dispatcher()
    ended = [e["status"] for cid in cids for e in home.wait_cid(cid)]
    assert outcomes(home, pipeline) == {name: ended.count(name) for name in OUTCOMES}
    assert counted(home, "fxbridge_topic_events", topic="count") == len(cids)


def test_what_waits_is_told_by_pipeline(home):
    home.start()
    home.start_dispatcher()
    home.write_script("stay.sh", f"#!/bin/sh\ncat {home.scratch}/gate >/dev/null\n")
    os.mkfifo(home.scratch / "gate")
    stay = home.create_pipeline("stay", [{"name": "one", "script": "stay.sh"}], event="stay",
                                scale={"max": 1})
    home.start_trigger(stay, ready=True)
    for _ in range(3):
        home.post_event("stay")
    def told():
        return [number(home, f"fxbridge_pipeline_{what}", pipeline=stay)
                for what in ("pending", "running", "instances")]
    until(lambda: told() == [2, 1, 1], what=lambda: f"one runs and two wait, instead of {told()}")
    home.kill_dispatcher()
    until(lambda: told()[1:] == [0, 0], what="nothing is told to run that does not")


def test_names_are_told_as_they_are(home):
    """A label's value may hold what would end it."""
    home.start()
    home.start_dispatcher()
    counted_pipeline(home)
    done = promtool("check", "metrics", stdin=home.get("/metrics").body)
    assert done.returncode == 0 and not done.stderr + done.stdout, done


# --- What is given away to be copied ---

MONITORING = PROJECT / "examples/monitoring"


@pytest.fixture(scope="module")
def families():
    """All that /metrics has, by its own words."""
    text = "".join(path.read_text() for path in (PROJECT / "cgi-bin/ops").glob("*.c"))
    counters = set(re.findall(r'"(fxbridge_\w+)",\s*"counter"', text)) | {"fxbridge_events_accepted"}
    plain = set(re.findall(r'"(fxbridge_\w+)"', text)) - counters
    assert len(counters) > 5 and len(plain) > 15
    return plain | {f"{name}_total" for name in counters}


def test_told_are_those_that_are_known(home, families):
    home.start()
    told = set(re.findall(r"^# TYPE (\w+) ", home.get("/metrics").body.decode(), re.M))
    assert told == families


def names_in(text):
    return {re.sub("_(bucket|sum|count)$", "", name) for name in re.findall(r"fxbridge_\w+", text)}


def test_rules(families):
    for arguments in (["check", "rules", "alerts.yml"], ["test", "rules", "alerts_test.yml"]):
        program = find_program("promtool") or pytest.skip("there is no promtool (Debian: prometheus)")
        done = subprocess.run([program, *arguments], cwd=MONITORING, capture_output=True, timeout=60)
        assert done.returncode == 0, done
    rules = (MONITORING / "alerts.yml").read_text()
    assert names_in(rules) <= families
    alerts = set(re.findall(r"alert: (\w+)", rules))
    assert set(re.findall(r"alertname: (\w+)", (MONITORING / "alerts_test.yml").read_text())) == alerts


def test_dashboard(families):
    """Every query names what /metrics has; all of that is shown, but for what is there to be joined with."""
    dashboard = json.loads((MONITORING / "dashboard.json").read_text())
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    assert all(names_in(query) for query in queries)
    shown = names_in(json.dumps(dashboard))
    assert shown <= families
    assert families - shown == {"fxbridge_dispatcher_up", "fxbridge_accepting", "fxbridge_executions_kept",
                                "fxbridge_topic_events_total"}


def test_page_has_every_metric(families):
    page = (PROJECT / "docs/monitoring.md").read_text()
    assert set(re.findall(r"`(fxbridge_\w+)`", page)) == families
