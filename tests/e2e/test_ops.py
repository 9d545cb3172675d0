"""What watches over a home is told: health in a word, what is wrong and what to do, and metrics."""
import os
import re
import subprocess

import pytest

from harness import find_program, until

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
