"""/api/v1/events: start, watch and stop triggers. Here without a dispatcher: none is ever ready."""
import itertools
import os

import pytest

from checks import check_problem, nothing_stored
from test_pipelines import BAD_IDS

URL = "/api/v1/events"

numbers = itertools.count(1)


@pytest.fixture
def pipeline(site):
    """The id of a new pipeline that listens to order.created."""
    name = f"t{os.getpid()}-{next(numbers)}"
    return site.create_pipeline(name, [{"name": "run", "script": "ok.sh"}], event="order.created")


@pytest.fixture
def silent(site):
    """The id of a new pipeline without an event option."""
    name = f"t{os.getpid()}-{next(numbers)}"
    return site.create_pipeline(name, [{"name": "run", "script": "ok.sh"}])


def test_start(site, pipeline):
    reply = site.post(f"{URL}/{pipeline}")
    assert reply.status == 200
    assert reply.json == {"message": "Event started successfully"}


def test_start_with_a_body(site, pipeline):
    """None is needed, and one that comes does no harm."""
    assert site.post(f"{URL}/{pipeline}", {}).status == 200


def test_status(site, pipeline):
    assert site.get(f"{URL}/{pipeline}").json == {"ready": False}
    site.start_trigger(pipeline)
    state = site.get(f"{URL}/{pipeline}").json
    assert state["ready"] is False
    assert state["topic"] == "order.created"
    assert state["pipeline_version"] == "1"
    assert state["generation"] > 0
    assert (state["instances"], state["pending"], state["running"]) == (0, 0, 0)


def test_start_again_replaces(site, pipeline):
    site.start_trigger(pipeline)
    first = site.get(f"{URL}/{pipeline}").json
    site.start_trigger(pipeline)
    second = site.get(f"{URL}/{pipeline}").json
    assert second["generation"] > first["generation"]
    listed = [t for t in site.get(URL).json["events"] if t["pipeline_id"] == pipeline]
    assert listed == [second]


def test_version_is_pinned(site, pipeline):
    site.start_trigger(pipeline)
    body = {"steps": [{"name": "run", "script": "ok.sh"}], "options": {"event": "order.paid"}}
    assert site.put(f"/api/v1/pipelines/{pipeline}", body).status == 200
    state = site.get(f"{URL}/{pipeline}").json
    assert (state["pipeline_version"], state["topic"]) == ("1", "order.created")
    site.start_trigger(pipeline)
    state = site.get(f"{URL}/{pipeline}").json
    assert (state["pipeline_version"], state["topic"]) == ("2", "order.paid")
    assert site.post(f"{URL}/{pipeline}?pipeline_version=1").status == 200
    state = site.get(f"{URL}/{pipeline}").json
    assert (state["pipeline_version"], state["topic"]) == ("1", "order.created")


def test_stop(site, pipeline):
    site.start_trigger(pipeline)
    for _ in range(2):  # the second finds none, and is answered the same
        reply = site.delete(f"{URL}/{pipeline}")
        assert reply.status == 200
        assert reply.json == {"message": "Event deleted successfully"}
        assert site.get(f"{URL}/{pipeline}").json == {"ready": False}
    assert pipeline not in [t["pipeline_id"] for t in site.get(URL).json["events"]]


def test_list(site, pipeline):
    assert pipeline not in [t["pipeline_id"] for t in site.get(URL).json["events"]]
    site.start_trigger(pipeline)
    assert site.get(f"{URL}/{pipeline}").json in site.get(URL).json["events"]
    assert site.get(f"{URL}/{pipeline}").json in site.get(f"{URL}/").json["events"]


def test_without_an_event_option(site, silent):
    """500 is what the published API says; the detail says what to do."""
    before = site.get(URL).json
    check_problem(site.post(f"{URL}/{silent}"), 500, "options.event")
    assert site.get(f"{URL}/{silent}").json == {"ready": False}
    assert site.get(URL).json == before


def test_an_old_trigger_survives_a_version_without_event(site, pipeline):
    site.start_trigger(pipeline)
    state = site.get(f"{URL}/{pipeline}").json
    body = {"steps": [{"name": "run", "script": "ok.sh"}]}
    assert site.put(f"/api/v1/pipelines/{pipeline}", body).status == 200
    check_problem(site.post(f"{URL}/{pipeline}"), 500, "options.event")
    assert site.get(f"{URL}/{pipeline}").json == state


@pytest.mark.parametrize("version", [
    "0", "2", "-1", "01", "1.0", "%2B1", "%201", "a", "latest", "4294967297", "9" * 100, "1%00"])
def test_unknown_version(site, pipeline, version):
    reply = site.post(f"{URL}/{pipeline}?pipeline_version={version}")
    check_problem(reply, 400 if "%00" in version else 404)
    assert site.get(f"{URL}/{pipeline}").json == {"ready": False}


@pytest.mark.parametrize("query", ["pipeline_version=1&pipeline_version=1", "pipeline_version=%zz",
                                   "pipeline_version=" + "1" * 5000])
def test_bad_query(site, pipeline, query):
    with nothing_stored(site):
        check_problem(site.post(f"{URL}/{pipeline}?{query}"), 400, "pipeline_version")


@pytest.mark.parametrize("own", BAD_IDS, ids=lambda v: v[:20])
@pytest.mark.parametrize("method", ["POST", "GET", "DELETE"])
def test_unknown_pipeline(site, method, own):
    with nothing_stored(site):
        check_problem(site.call(method, f"{URL}/{own}"), 404)


def test_post_without_a_length(site, pipeline):
    """As `curl -X POST` sends it: lighttpd wants a length (411), its error handler serves it."""
    head = (f"POST {URL}/{pipeline} HTTP/1.1\r\nHost: test\r\nX-API-KEY: {site.key()}\r\n"
            "Connection: close\r\n\r\n")
    reply = site.exchange(head.encode())
    assert (reply.status, reply.json) == (200, {"message": "Event started successfully"})
    assert site.get(f"{URL}/{pipeline}").json["topic"]
    site.call("DELETE", f"{URL}/{pipeline}")


def test_what_lighttpd_refuses_is_a_problem_too(site):
    head = ("POST /fx/events HTTP/1.1\r\nHost: test\r\nContent-Length: x\r\n"
            "Connection: close\r\n\r\n")
    reply = site.exchange(head.encode())
    check_problem(reply, 400)