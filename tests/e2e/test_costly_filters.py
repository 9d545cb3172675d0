"""What a definition and a payload make of each other has a budget, and holds up nobody else."""
import pytest

from jobs import OK, completed, executions_of, make, make_steps
from harness import FINAL, until

# Nearly as many elements as an event has room for.
ZEROS = [0] * 340000
FAR = {f"/{339999 - n}": 0 for n in range(100)}


def definition(home, **options):
    return {"name": "p", "steps": make_steps(home, OK), "options": options}


@pytest.mark.parametrize("terms, names", [
    ([{"json": {f"/{n}": 0 for n in range(1000)}}], "name 1000 attributes and pointers"),
    ([{"exact": {f"a{n}": "x" for n in range(101)}}], "name 101 attributes and pointers"),
    ([{"any": [{"json": {f"/{n}": 0 for n in range(60)}},
               {"not": {"json": {f"/{n}": 0 for n in range(41)}}}]}], "name 101 attributes"),
    ([{"json": {"/" + "x" * 1024: 0}}], "have a name or pointer of 1025 bytes"),
])
def test_terms_are_counted(site, terms, names):
    """In the filters of a pipeline, and of each step."""
    steps = make_steps(site, OK)
    body = {"name": "p", "steps": steps, "options": {"event": "job", "filters": terms}}
    reply = site.post("/api/v1/pipelines", body)
    assert reply.status == 422 and reply.json["detail"].startswith(f"options.filters: {names[:20]}")
    body = {"name": "p", "steps": steps + [{"name": "last", "script": steps[0]["script"],
                                            "when": terms}]}
    reply = site.post("/api/v1/pipelines", body)
    assert reply.status == 422 and reply.json["detail"].startswith("steps[1].when: ")


def test_the_most_terms_and_a_large_payload(live):
    """Each costs too much and does not match; others go on meanwhile, and explain says why."""
    dear = make(live, OK, event="zeros", filters=[{"json": FAR}])
    turned = make(live, OK, event="zeros", filters=[{"not": {"json": FAR}}])
    cheap = make(live, OK, event="zeros", filters=[{"json": {"/339999": 0}}])
    plain = make(live, OK, event="zeros")
    make(live, OK, event="other", filters=[{"json": {"/a": 1}}])
    cids = [live.post_event("zeros", ZEROS)["cid"] for _ in range(3)]
    other = live.post_event("other", {"a": 1})["cid"]
    completed(live.wait_cid(other)[0])
    for cid in cids:
        made = {e["pipeline_id"]: e["status"] for e in live.wait_cid(cid)}
        assert made == {cheap: "completed", plain: "completed"}
        [event] = live.get(f"/fx/cid/{cid}/explain").json["events"]
        why = {t["pipeline_id"]: t["why"] for t in event["triggers"]}
        assert why[dear].startswith("too costly: the filters take more than 1000000 steps")
        assert why[turned].startswith("too costly: ")


def test_a_step_that_costs_too_much(live):
    """It is neither run nor passed over; the execution fails, for good."""
    make(live, OK, {"text": OK, "when": [{"not": {"json": FAR}}]}, OK, event="zeros",
         retry={"limit": 3, "delay": 0})
    [execution] = live.wait_cid(live.post_event("zeros", ZEROS)["cid"])
    assert execution["status"] == "failed" and execution["attempt"] == 1
    assert execution["error"].startswith("step step2: whether it is to run is too costly: ")
    assert [s["status"] for s in execution["steps"]] == ["completed", "failed", "pending"]


@pytest.mark.parametrize("filters, matches", [
    ([{"json": {"/0": 0}}], True),
    ([{"json": {"/0": 1}}], False),
    ([{"exact": {"source": "nobody"}}], False),
    ([{"not": {"exact": {"source": "nobody"}}}], True),
])
def test_what_is_put_off(live, filters, matches):
    """A payload too large to be looked into within a turn is routed in order, and once each."""
    pipeline = make(live, OK, event="zeros", filters=filters, ordered=True)
    plain = make(live, OK, event="zeros")
    cids = [live.post_event("zeros", ZEROS[:100000] if n % 2 else [0])["cid"] for n in range(20)]
    for cid in cids:
        until(lambda: len(executions_of(live, cid)) >= 1 + matches, what="it is routed")
        made = live.wait_cid(cid)
        assert sorted(e["pipeline_id"] for e in made) == sorted([plain] + [pipeline] * matches)


def test_the_log_from_its_beginning(live):
    """A trigger that asks for older events judges them outside of its turn, too."""
    cids = [live.post_event("zeros", ZEROS[:100000])["cid"] for _ in range(5)]
    pipeline = make(live, OK, event="zeros", filters=[{"json": {"/99999": 0}}],
                    initial_offset="earliest")
    for cid in cids:
        until(lambda: executions_of(live, cid), what="it is routed")
        [execution] = live.wait_cid(cid)
        assert execution["pipeline_id"] == pipeline and execution["status"] in FINAL
