"""Erasure: what an event has brought goes, and all that came of it; nothing that waits or runs."""
import json

import pytest

from checks import check_problem
from harness import until
from jobs import SH, gate, make, python, wait_for

WORD = "so-personal-a-word"
EMITS = python(f"""
os.write(2, b"in the log: {WORD}\\n")
say(save={{"found": "{WORD}"}}, emit={{"event_type": "second", "payload": "{WORD}"}})
""")
FAILS = SH + f"echo {WORD}; echo '{WORD}' >&2; exit 1\n"


def told(home, cid):
    """All that is told of a correlation id, and of all that there is."""
    lists = [home.get(path).body for path in (
        f"/fx/cid/{cid}", f"/fx/cid/{cid}/explain", "/fx/executions?full=1", "/api/v1/admin/events?limit=1000",
        "/api/v1/admin/dead-letters?full=1", "/api/v1/admin/audit?limit=1000")]
    rows = json.loads(home.fxctl("--json", "events", "--limit", "1000"))["events"]
    return b"".join([*lists, *(home.get(f"/api/v1/admin/events/{row['seq']}").body for row in rows)])


@pytest.fixture
def tree(live):
    """An event whose execution has emitted another, whose own execution has failed."""
    live.configure(web={"keep_headers": "X-Person"})
    live.kill_program("events")
    make(live, EMITS, event="first")
    make(live, FAILS, event="second")
    reply = live.post("/fx/events", {"event_source": "s", "event_type": "first", "payload": {"name": WORD}},
                      headers=[("X-Person", WORD)])
    live.cid = reply.json["cid"]
    until(lambda: len(live.get(f"/fx/cid/{live.cid}").json["executions"]) == 2, what="both executions are there")
    live.wait_cid(live.cid)
    until(lambda: all(row["routed"] for row in json.loads(live.fxctl("--json", "event", "show", live.cid))["events"]),
          what="all is routed")
    assert WORD.encode() in told(live, live.cid)
    return live


def by_http(home, cid):
    reply = home.post(f"/api/v1/admin/cids/{cid}/erase")
    return reply.status == 200 or check_problem(reply, 409, "Nothing is erased")


def by_fxctl(home, cid):
    done = home.run_fxctl("event", "erase", cid)
    assert done.returncode == 0 or "nothing is erased" in done.stderr
    return done.returncode == 0 or {"detail": done.stderr}


@pytest.mark.parametrize("erase", [by_http, by_fxctl])
def test_nothing_tells_of_it_again(tree, erase):
    other = tree.post_event("first", {"other": "stays"})["cid"]
    tree.wait_cid(other)
    before = tree.get(f"/fx/cid/{tree.cid}").json["executions"]
    assert erase(tree, tree.cid) is True
    own = b"".join(tree.get(path).body for path in (f"/fx/cid/{tree.cid}", f"/fx/cid/{tree.cid}/explain"))
    own += tree.fxctl("--json", "event", "show", tree.cid).encode()
    assert WORD.encode() not in own
    after = tree.get(f"/fx/cid/{tree.cid}").json["executions"]
    assert [(e["execution_id"], e["status"]) for e in after] == [(e["execution_id"], e["status"]) for e in before]
    for event in json.loads(tree.fxctl("--json", "event", "show", tree.cid))["events"]:
        assert event["erased"] and event["erased_by"] and event["bytes"] == 0
        assert "  none is kept\n" in tree.fxctl("event", "show", str(event["seq"]))
        assert tree.get(f"/api/v1/admin/events/{event['seq']}/payload").status == 410
    for execution in after:
        check_problem(tree.post(f"/api/v1/executions/{execution['execution_id']}/retry"), 409 if
                      execution["status"] == "completed" else 410)
    seq = json.loads(tree.fxctl("--json", "event", "show", other))["events"][0]["seq"]
    assert tree.get(f"/api/v1/admin/events/{seq}").json["erased"] is None
    assert tree.get(f"/api/v1/admin/events/{seq}/payload").json == {"other": "stays"}
    assert erase(tree, tree.cid) is True  # again: there is nothing left to erase


@pytest.mark.parametrize("erase", [by_http, by_fxctl])
def test_what_runs_is_not_erased(live, erase):
    with gate(live) as (path, open_gate):
        make(live, SH + wait_for(path), event="slow")
        cid = live.post_event("slow", {"keep": "me"})["cid"]
        until(lambda: [e["status"] for e in live.get(f"/fx/cid/{cid}").json["executions"]] == ["in_progress"], what="it runs")
        assert "waits or runs" in erase(live, cid)["detail"]
        assert "keep" in live.fxctl("event", "show", cid)
        open_gate()
        live.wait_cid(cid)
    assert erase(live, cid) is True


@pytest.mark.parametrize("erase", [by_http, by_fxctl])
def test_what_is_not_routed_is_not_erased(home, erase):
    home.start()
    cid = home.post_event("any", {"keep": "me"})["cid"]
    assert "not routed" in erase(home, cid)["detail"]


def test_nobodys_id(live):
    assert live.post("/api/v1/admin/cids/01ffffff-ffff-7000-8000-000000000000/erase").status == 404
    assert live.post("/api/v1/admin/cids/none/erase").status == 404
    assert live.run_fxctl("event", "erase", "01ffffff-ffff-7000-8000-000000000000").returncode == 1
