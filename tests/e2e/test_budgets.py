"""A reply has a budget in bytes, whatever the store holds, and so has the memory of whoever writes it.

A control character in a log takes six bytes as JSON, so one execution of these takes more than all
of a reply may.
"""
import json
import re
import resource
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import BUILD, Home, children_of, command_of, until
from jobs import OK, SH, emit, make, make_steps

MIB = 1 << 20
BUDGET = 4 * MIB       # [web] reply_bytes
ROW = BUDGET + MIB     # the most that one execution takes: its logs are cut, its data is not
MEMORY = 64 * MIB      # far less than all of it would take
LOUD = SH + "head -c 65536 /dev/zero | tr '\\0' '\\001'\n"
CUT = "[the reply has no room for what comes before]\n"
STEPS, RUNS = 20, 12


@pytest.fixture(scope="module")
def loud():
    """A home with executions that have written 90 MiB of JSON, and a loop's."""
    with Home() as home:
        home.start()
        home.start_dispatcher()
        make(home, *[LOUD] * STEPS, event="loud", name="loud")
        make(home, *[LOUD] * 8, emit("loop"), event="loop", name="loop")
        cids = [home.post_event("loud")["cid"] for _ in range(RUNS)]
        home.loop = home.post_event("loop")["cid"]
        for cid in [*cids, home.loop]:
            until(lambda: home.get(f"/fx/cid/{cid}?wait=30&limit=1").status == 200)
        until(lambda: not home.get("/fx/executions?status=pending").json["executions"], 60)
        until(lambda: not home.get("/fx/executions?status=in_progress").json["executions"], 60)
        yield home


def peak(home, program):
    """The most memory a program has ever had, in bytes."""
    [pid] = [pid for pid in children_of(home.server.pid) if f"{program}.fcgi" in command_of(pid)]
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmHWM:\s+(\d+)", status.read())[1]) * 1024


def is_small(home, program):
    if "asan" not in str(BUILD):
        assert peak(home, program) < MEMORY


def pages(home, path, member, most):
    """The pages of a list. The last may be empty."""
    after = ""
    while True:
        reply = home.get(path + after)
        assert reply.status == 200, reply
        assert len(reply.body) <= most
        assert reply.json[member] or not reply.json.get("next")
        yield reply.json[member]
        if not reply.json.get("next"):
            return
        after = f"{'&' if '?' in path else '?'}after={reply.json['next']}"


def ids(executions):
    return [execution["execution_id"] for execution in executions]


def briefly(execution):
    """What a list says of an execution."""
    steps = [{k: v for k, v in step.items() if k != "log"} for step in execution["steps"]]
    return {k: v for k, v in execution.items() if k != "data"} | {"steps": steps}


def test_a_plain_list_is_brief(loud):
    reply = loud.get("/fx/executions?service=loud")
    assert len(reply.body) < MIB
    assert len(reply.json["executions"]) == RUNS
    for row in reply.json["executions"][:2]:
        whole = loud.get(f"/fx/executions/{row['execution_id']}").json
        assert row == briefly(whole) != whole
    is_small(loud, "status")


def test_a_full_list_comes_in_pages(loud):
    """Which together are the list, each execution once."""
    brief = loud.get("/fx/executions?service=loud").json["executions"]
    found = list(pages(loud, "/fx/executions?service=loud&full=1", "executions", BUDGET + ROW))
    whole = [execution for page in found for execution in page]
    assert len(found) > 2
    assert [briefly(execution) for execution in whole] == brief
    is_small(loud, "status")


@pytest.mark.parametrize("full", ["2", "true", "01", "yes"])
def test_bad_full(site, full):
    reply = site.get(f"/fx/executions?full={full}")
    assert (reply.status, reply.json["detail"]) == (422, "full: must be 1 or 0.")


def test_dead_letters_are_brief(live):
    make(live, SH + "echo loud; exit 1\n", event="fails")
    live.wait_cid(live.post_event("fails")["cid"])
    letters = "/api/v1/admin/dead-letters"
    [whole] = live.get(f"{letters}?full=1").json["dead_letters"]
    [brief] = live.get(letters).json["dead_letters"]
    assert whole["steps"][0]["log"] == "loud\n"
    assert brief == briefly(whole)
    assert live.get(f"{letters}?full=0").json["dead_letters"] == [brief]


def test_one_execution_is_cut(loud):
    """Each step has its part of the room, for the end of what it wrote."""
    [own] = ids(loud.get("/fx/executions?service=loud&limit=1").json["executions"])
    reply = loud.get(f"/fx/executions/{own}")
    assert BUDGET - MIB < len(reply.body) < ROW
    logs = [step["log"] for step in reply.json["steps"]]
    assert logs == [CUT + "\x01" * (BUDGET // STEPS // 6)] * STEPS


def test_a_log_that_fits_its_part_is_whole(live):
    make(live, SH + "echo quiet\n", *[LOUD] * STEPS, event="mixed")
    [execution] = live.wait_cid(live.post_event("mixed")["cid"])
    assert execution["steps"][0]["log"] == "quiet\n"
    assert all(step["log"].startswith(CUT) for step in execution["steps"][1:])


def test_cid_of_a_loop(loud):
    found = list(pages(loud, f"/fx/cid/{loud.loop}", "executions", BUDGET + ROW))
    whole = [execution for page in found for execution in page]
    assert len(found) > 2
    assert len(whole) == len(set(ids(whole))) == 17  # [step] depth, and the first
    assert [e["datetime"] for e in whole] == sorted(e["datetime"] for e in whole)
    assert all(len(step["log"]) == 65536 for e in whole for step in e["steps"][:8])
    is_small(loud, "status")


def test_cid_by_count(loud):
    one_by_one = list(pages(loud, f"/fx/cid/{loud.loop}?limit=1", "executions", ROW))
    assert [len(page) for page in one_by_one] == [1] * 17
    assert "next" not in loud.get(
        f"/fx/cid/{loud.loop}?after={ids(one_by_one[-2])[0]}&limit=1").json
    past = loud.get(f"/fx/cid/{loud.loop}?after={ids(one_by_one[-1])[0]}").json
    assert past == {"cid": loud.loop, "executions": []}


def test_wait_looks_at_all(live):
    """Not at the page alone."""
    gate = live.scratch / "gate"
    make(live, OK, event="job", name="quick")
    make(live, SH + f"while [ ! -e '{gate}' ]; do sleep 0.01; done\n", event="job", name="slow")
    cid = live.post_event("job")["cid"]
    until(lambda: {e["status"] for e in live.get(f"/fx/cid/{cid}").json["executions"]} ==
          {"completed", "in_progress"})
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(live.get, f"/fx/cid/{cid}?wait=30&limit=1")
        assert live.get(f"/fx/cid/{cid}?wait=0.3&limit=1").status == 200
        assert not waiting.done()
        gate.touch()
        assert len(waiting.result().json["executions"]) == 1
    assert {e["status"] for e in live.get(f"/fx/cid/{cid}").json["executions"]} == {"completed"}


def fxctl_within(home, memory, *words):
    """Runs fxctl, which gets so much memory for itself and no more. What it printed."""
    limit = (memory, memory)
    done = subprocess.run([home.bin / "fxctl", "--home", home.dir, *words], capture_output=True,
                          env=home.environment(), timeout=60,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, limit))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.skipif("san" in str(BUILD), reason="a sanitizer takes memory of its own")
def test_fxctl_holds_a_page(loud):
    """Its answers are printed while they are read."""
    found = fxctl_within(loud, 8 * BUDGET, "executions", "--json", "--full", "--limit", "1000")
    assert ids(found["executions"]) == ids(loud.all_executions())
    assert len(json.dumps(found)) > 64 * MIB
    result = fxctl_within(loud, 8 * BUDGET, "cid", loud.loop, "--json")
    whole = [row for page in pages(loud, f"/fx/cid/{loud.loop}", "executions", BUDGET + ROW)
             for row in page]
    assert result == {"cid": loud.loop, "executions": whole}


def test_fxctl_follows_the_pages(loud):
    whole = json.loads(loud.fxctl("cid", loud.loop, "--json"))
    assert "next" not in whole
    assert ids(whole["executions"]) == [
        own for page in pages(loud, f"/fx/cid/{loud.loop}", "executions", BUDGET + ROW)
        for own in ids(page)]
    full = json.loads(loud.fxctl("executions", "--service", "loud", "--full", "--json"))
    assert len(full["executions"]) == RUNS and full["executions"][0]["steps"][0]["log"]
    brief = json.loads(loud.fxctl("executions", "--service", "loud", "--json"))
    assert brief["executions"] == [briefly(execution) for execution in full["executions"]]


@pytest.fixture(scope="module")
def versions():
    """A home with a pipeline of many large versions, and many large pipelines."""
    with Home() as home:
        home.start()
        options = {"env": {f"APP_{n}": "x" * 8192 for n in range(100)}}
        body = {"steps": make_steps(home, OK), "options": options}
        for n in range(8):
            assert home.post("/api/v1/pipelines", {"id": f"p{n}", "name": f"p{n}", **body}
                             ).status == 201
        for n in range(19):
            options["env"]["APP_0"] = str(n)
            assert home.put("/api/v1/pipelines/p0", body).status == 200
        yield home


def test_versions_come_in_pages(versions):
    for path in ("", "?limit=3"):
        found = list(pages(versions, f"/api/v1/pipelines/p0/versions{path}", "versions", 5 * MIB))
        assert len(found) > 3
        assert [int(v["version"]) for page in found for v in page] == list(range(20, 0, -1))
    is_small(versions, "pipelines")


def test_versions_after(versions):
    path = "/api/v1/pipelines/p0/versions"
    assert versions.get(f"{path}?after=1").json == {"versions": []}
    [version] = versions.get(f"{path}?after=2").json["versions"]
    assert version["version"] == "1"
    assert versions.get(f"{path}?after=99&limit=1").json["versions"][0]["version"] == "20"
    for query in ("after=0", "after=x", "after=", "limit=0", "limit=1001"):
        assert versions.get(f"{path}?{query}").status == 422


def test_pipelines_come_in_pages(versions):
    found = list(pages(versions, "/api/v1/pipelines", "pipelines", 5 * MIB))
    assert len(found) > 1
    assert [p["id"] for page in found for p in page] == [f"p{n}" for n in range(8)]


def test_others_are_answered_meanwhile(loud):
    """Four large lists at once, from one key, and somebody without any."""
    def ask(path):
        return [loud.get(path).status for _ in range(3)]

    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(ask, path) for path in (
            "/fx/executions?full=1&limit=1000", "/fx/executions?service=loud&full=1",
            f"/fx/cid/{loud.loop}", "/fx/executions?limit=1000")]
        for _ in range(10):
            assert loud.get("/fx/openapi.json", key=None).status == 200
        assert [one.result() for one in asked] == [[200] * 3] * 4
    is_small(loud, "status")
