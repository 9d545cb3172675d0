"""Retried after a fix: which version of its pipeline an execution goes by when people try it again."""
import json
import re

import pytest

from checks import check_problem, nothing_stored
from harness import until
from jobs import (OK, SH, completed, executions_of, failure, gate, make, replace, stop_trigger,
                  wait_for, wait_trigger)

LETTERS = "/api/v1/admin/dead-letters"
NEVER_ISSUED = "01900000-0000-7000-8000-000000000000"
FAILS = SH + "exit 1\n"
VERSION = SH + """echo "{\\"save\\":{\\"version\\":\\"$FX_PIPELINE_VERSION\\"}}" >&3\n"""
LATER = {"limit": 3, "delay": 80000, "max_delay": 86400}
NO_SUCH = "its pipeline has no such version"
RIGHT = "version: must be latest, same, or the number of a version"


# --- The ways to try one again: the version it then goes by, or why it stays ---

def by_http(path):
    def retry(home, execution, version=None):
        reply = home.post(path.format(execution) + (f"?version={version}" if version else ""))
        if reply.status != 200:
            return check_problem(reply, reply.status)["detail"]
        assert reply.json["message"] == "The execution is pending again"
        return reply.json["pipeline_version"]

    return retry


def by_fxctl(noun):
    def retry(home, execution, version=None):
        words = ["--version", version] if version else []
        done = home.run_fxctl(noun, "retry", execution, *words)
        assert done.stdout == ""
        if done.returncode:
            assert done.returncode == 1
            return done.stderr
        return re.search(r"version:? (\d+)", done.stderr)[1]

    return retry


WAYS = {
    "executions": by_http("/api/v1/executions/{}/retry"),
    "dead letters": by_http(LETTERS + "/{}/retry"),
    "fxctl execution": by_fxctl("execution"),
    "fxctl dead-letter": by_fxctl("dead-letter"),
}


@pytest.fixture(params=WAYS)
def retry(request):
    return WAYS[request.param]


def show(home, execution):
    return home.get(f"/fx/executions/{execution}").json


def wait_attempt(home, execution, attempt, *statuses):
    def found():
        shown = show(home, execution)
        return shown if (shown["attempt"], shown["status"] in statuses) == (attempt, True) else None

    return until(found, what=lambda: f"{attempt} {statuses}: {show(home, execution)}")


def failed_once(home, start="event", name="mine", **options):
    """A pipeline whose version 1 fails, whose trigger is at 2, and whose newest is 3; and an
    execution of version 1 that has failed."""
    pipeline = make(home, FAILS, event="job" if start == "event" else None, name=name, **options)
    if start == "event":
        cid = home.post_event("job")["cid"]
    else:
        cid = home.post(f"/api/v1/batches/{pipeline}", {}).json["cid"]
    waits = "retry" in options
    execution = until(lambda: executions_of(home, cid), what="it is routed")[0]["execution_id"]
    wait_attempt(home, execution, 1, "pending" if waits else "failed")
    event = "job" if start == "event" else None
    replaced(home, pipeline, event, **options)
    if event:
        home.start_trigger(pipeline, ready=True)
    replaced(home, pipeline, event, **options)
    return pipeline, execution


def replaced(home, pipeline, event, **options):
    if event:
        return replace(home, pipeline, VERSION, event=event, **options)
    shown = home.get(f"/api/v1/pipelines/{pipeline}").json
    home.write_script("version.sh", VERSION)
    reply = home.put(f"/api/v1/pipelines/{pipeline}", {
        "steps": [{"name": "step1", "script": "version.sh"}], "options": shown["options"]})
    assert reply.status == 200, reply
    return reply.json["version"]


@pytest.mark.parametrize("version, goes_by", [
    (None, "2"), ("latest", "2"), ("same", "1"), ("1", "1"), ("2", "2"), ("3", "3")])
def test_dead_letter(live, retry, version, goes_by):
    """The latest is the trigger's. Each attempt says what it went by."""
    _, execution = failed_once(live)
    assert retry(live, execution, version) == goes_by
    ended = wait_attempt(live, execution, 2, "completed", "failed")
    assert ended["pipeline_version"] == goes_by
    assert [a["pipeline_version"] for a in ended["attempts"]] == ["1", goes_by]
    if goes_by == "1":
        failure(ended)
    else:
        assert completed(ended)["data"] == {"version": goes_by}


@pytest.mark.parametrize("version, goes_by", [(None, "3"), ("same", "1"), ("2", "2")])
def test_run_by_hand(live, retry, version, goes_by):
    """It has no trigger: the latest is the newest, as it is for a run by hand."""
    _, execution = failed_once(live, start="hand")
    assert retry(live, execution, version) == goes_by
    assert wait_attempt(live, execution, 2, "completed", "failed")["pipeline_version"] == goes_by


@pytest.mark.parametrize("version", ["4", "4294967295"])
def test_no_such_version(live, retry, version):
    _, execution = failed_once(live)
    before = show(live, execution)
    assert NO_SUCH in retry(live, execution, version)
    assert show(live, execution) == before


def test_replaced_once_more(live, retry):
    """What fails again can be mended again, back and forth."""
    pipeline, execution = failed_once(live)
    for attempt, version in ((2, "1"), (3, "same"), (4, "3")):
        assert retry(live, execution, version) == ("1" if version == "same" else version)
        ended = wait_attempt(live, execution, attempt, "completed", "failed")
    assert completed(ended)["pipeline_version"] == "3"
    assert [a["pipeline_version"] for a in ended["attempts"]] == ["1", "1", "1", "3"]


def test_other_steps(live):
    """An attempt begins with the first step and without data, whatever version it goes by."""
    pipeline = make(live, SH + "echo '{\"save\":{\"old\":1}}' >&3\n", SH + "echo why; exit 1\n", OK,
                    event="job")
    [before] = live.wait_cid(live.post_event("job")["cid"])
    assert before["data"] == {"old": 1} and len(before["steps"]) == 3
    replace(live, pipeline, {"text": VERSION, "name": "other"})
    live.start_trigger(pipeline, ready=True)
    assert WAYS["executions"](live, before["execution_id"]) == "2"
    after = wait_attempt(live, before["execution_id"], 2, "completed")
    assert after["data"] == {"version": "2"}
    assert [(s["name"], s["log"]) for s in after["steps"]] == [("other", "")]
    assert [a["step"] for a in after["attempts"]] == ["step2", None]


# --- Its trigger is stopped ---

@pytest.mark.parametrize("version, goes_by", [(None, "3"), ("latest", "3"), ("same", "1"), ("2", "2")])
def test_stopped_trigger(live, retry, version, goes_by):
    """The latest is the newest then: what would start it today is a run by hand."""
    pipeline, execution = failed_once(live)
    stop_trigger(live, pipeline)
    assert retry(live, execution, version) == goes_by
    ended = wait_attempt(live, execution, 2, "completed", "failed")
    assert ended["pipeline_version"] == goes_by


def test_trigger_that_is_started_again(live, retry):
    """Wherever one has waited meanwhile: the trigger's version counts once there is one."""
    pipeline, execution = failed_once(live)
    stop_trigger(live, pipeline)
    assert retry(live, execution, "same") == "1"
    wait_attempt(live, execution, 2, "failed")
    reply = live.post(f"/api/v1/events/{pipeline}?pipeline_version=2")
    assert reply.status == 200, reply
    assert retry(live, execution) == "2"
    assert completed(wait_attempt(live, execution, 3, "completed"))["data"] == {"version": "2"}


@pytest.mark.parametrize("way", ["executions", "fxctl execution"])
def test_one_that_was_skipped_with_its_trigger(live, way):
    with gate(live) as (path, _):
        pipeline = make(live, SH + wait_for(path) + VERSION.removeprefix(SH), event="job", scale={"max": 1})
        running, waiting = (live.post_event("job")["cid"] for _ in range(2))
        until(lambda: executions_of(live, waiting), what="it is routed")
        stop_trigger(live, pipeline)
        [skipped] = live.wait_cid(waiting)
        assert skipped["status"] == "skipped"
    live.wait_cid(running)
    replaced(live, pipeline, "job")
    assert WAYS[way](live, skipped["execution_id"]) == "2"
    ended = wait_attempt(live, skipped["execution_id"], 1, "completed")
    assert ended["data"] == {"version": "2"}


# --- What waits for its next attempt ---

@pytest.mark.parametrize("way", ["executions", "fxctl execution"])
@pytest.mark.parametrize("version, goes_by", [(None, "2"), ("same", "1"), ("3", "3")])
def test_one_that_waits(live, way, version, goes_by):
    """It is tried at once, and all counts are right afterwards."""
    pipeline, execution = failed_once(live, retry=LATER, ordered=True)
    assert WAYS[way](live, execution, version) == goes_by
    ended = wait_attempt(live, execution, 2, "completed", "pending")
    assert ended["pipeline_version"] == goes_by
    assert [a["pipeline_version"] for a in ended["attempts"]] == ["1", goes_by]
    wait_trigger(live, pipeline, running=0, pending=int(goes_by == "1"))
    if goes_by == "1":
        assert WAYS[way](live, execution) == "2"
        wait_attempt(live, execution, 3, "completed")
        wait_trigger(live, pipeline, running=0, pending=0)
    [after] = live.wait_cid(live.post_event("job")["cid"])  # ordered: nothing is in its way
    assert completed(after)["data"] == {"version": "2"}


def test_one_that_waits_without_a_dispatcher(live):
    """Taken out of where it waits, whoever is there, and no more than once."""
    pipeline, execution = failed_once(live, retry=LATER)
    live.stop_dispatcher()
    assert WAYS["executions"](live, execution, "same") == "1"
    assert WAYS["executions"](live, execution) == "2"  # it is ready now, and not tried yet
    live.start_dispatcher()
    assert completed(wait_attempt(live, execution, 2, "completed"))["data"] == {"version": "2"}
    wait_trigger(live, pipeline, running=0, pending=0)


def test_one_that_never_ran(home):
    home.start()
    pipeline = make(home, OK, event=None)
    execution = home.post(f"/api/v1/batches/{pipeline}", {}).json["item"]
    assert "only a failed or skipped" in WAYS["executions"](home, execution, "latest")


# --- All of them ---

def all_by_http(home, pipeline=None, version=None):
    query = [f"pipeline_id={pipeline}"] * bool(pipeline) + [f"version={version}"] * bool(version)
    reply = home.post(f"{LETTERS}/retry?{'&'.join(query)}")
    assert reply.status == 200, reply
    return reply.json


def all_by_fxctl(home, pipeline=None, version=None):
    words = ["--pipeline", pipeline] * bool(pipeline) + ["--version", version] * bool(version)
    return json.loads(home.run_fxctl("dead-letter", "retry", "--all", "--json", *words).stdout)


@pytest.mark.parametrize("all_of", [all_by_http, all_by_fxctl])
@pytest.mark.parametrize("version, goes_by", [(None, "2"), ("same", "1"), ("3", "3")])
def test_all_of_a_pipeline(live, all_of, version, goes_by):
    pipeline, execution = failed_once(live)
    assert all_of(live, pipeline, version) == {
        "retried": 1, "left": 0, "why": [], "version": version or "latest"}
    assert wait_attempt(live, execution, 2, "completed", "failed")["pipeline_version"] == goes_by


@pytest.mark.parametrize("all_of", [all_by_http, all_by_fxctl])
def test_all_of_which_some_have_no_such_version(live, all_of):
    pipeline, execution = failed_once(live)
    assert all_of(live, pipeline, "9") == {
        "retried": 0, "left": 1, "why": [NO_SUCH], "version": "9"}
    assert show(live, execution)["dead_letter"]
    assert all_of(live) == {"retried": 1, "left": 0, "why": [], "version": "latest"}


# --- Its pipeline is gone ---

@pytest.mark.parametrize("version", [None, "latest", "same", "1"])
def test_deleted_pipeline(live, retry, version):
    """Also where another one has been made under its id, which is not the one that failed."""
    live.write_script("fails.sh", FAILS)
    body = {"id": "mine", "name": "mine", "steps": [{"name": "s", "script": "fails.sh"}],
            "options": {"retry": {"limit": 0}}}
    assert live.post("/api/v1/pipelines/", body).status == 201
    execution = live.post("/api/v1/batches/mine", {}).json["item"]
    wait_attempt(live, execution, 1, "failed")
    until(lambda: live.delete("/api/v1/pipelines/mine").status == 200, what="it is deleted")
    assert "its pipeline was deleted" in retry(live, execution, version)
    assert live.post("/api/v1/pipelines/", body).status == 201
    assert "its version of the pipeline was deleted" in retry(live, execution, version)
    assert show(live, execution)["dead_letter"]


# --- Bad versions ---

BAD = ["", "0", "01", "-1", "1.0", "4294967296", "newest", "Latest", "latest,same", "%00", "x" * 300]


@pytest.mark.parametrize("version", BAD)
@pytest.mark.parametrize("path", [f"/api/v1/executions/{NEVER_ISSUED}/retry",
                                  f"{LETTERS}/{NEVER_ISSUED}/retry", f"{LETTERS}/retry"])
def test_bad_version(site, path, version):
    with nothing_stored(site):
        check_problem(site.post(f"{path}?version={version}"), 400 if version == "%00" else 422,
                      "version" if version == "%00" else RIGHT)


def test_version_twice(site):
    with nothing_stored(site):
        check_problem(site.post(f"{LETTERS}/retry?version=same&version=latest"), 400, "version")


def test_number_without_a_pipeline(site):
    """Each pipeline counts its own."""
    with nothing_stored(site):
        check_problem(site.post(f"{LETTERS}/retry?version=2"), 422, "goes with pipeline_id")


@pytest.mark.parametrize("words, says", [
    (["execution", "retry", NEVER_ISSUED, "--version", "0"], "--version: must be latest, same"),
    (["execution", "retry", NEVER_ISSUED, "--version="], "--version"),
    (["dead-letter", "retry", NEVER_ISSUED, "--version", "x"], "--version: must be latest, same"),
    (["dead-letter", "retry", "--all", "--version", "x"], "--version: must be latest, same"),
    (["dead-letter", "retry", "--all", "--version", "2"], "a number goes with --pipeline")])
def test_bad_version_of_fxctl(fastcgi, words, says):
    with nothing_stored(fastcgi):
        done = fastcgi.run_fxctl(*words)
    assert (done.returncode, done.stdout) == (2, "") and says in done.stderr
