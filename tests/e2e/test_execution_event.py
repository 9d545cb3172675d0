"""What broke it: the event of an execution, by HTTP and by fxctl, to the byte."""
import json
import re
import subprocess

import pytest

import jobs
from checks import check_problem
from harness import Home
from test_foreign import KEEP, PAYLOADS, send_event

NOBODY = "01900000-0000-7000-8000-000000000000"
SHOWN = 1024  # bytes of a payload that `execution show` has


@pytest.fixture(scope="module")
def keeping():
    """With a pipeline that keeps each event as its step was given it, and one that emits another."""
    with Home() as home:
        home.start()
        home.start_dispatcher()
        jobs.make(home, KEEP, event="*", name="keeps")
        jobs.make(home, jobs.emit("emitted", {"from": "a step"}), event="emits", name="emits")
        yield home


def kept_by(home, reply):
    """The id of the execution that kept the event, and what its step was given."""
    assert reply.status == 200, reply
    [execution] = [e for e in home.wait_cid(reply.json["cid"]) if "event" in e["data"]]
    return execution["execution_id"], execution["data"]["event"].removesuffix("\n")


def raw_fxctl(home, *words):
    """What fxctl prints, as bytes."""
    done = subprocess.run([home.bin / "fxctl", "--home", home.dir, *words], capture_output=True,
                          env=home.environment(), timeout=60)
    assert (done.returncode, done.stderr) == (0, b""), done
    return done.stdout


@pytest.mark.parametrize("name", PAYLOADS)
def test_as_the_step_was_given_it(keeping, name):
    own, given = kept_by(keeping, send_event(keeping, PAYLOADS[name]))
    body = keeping.get(f"/fx/executions/{own}/event").body
    assert PAYLOADS[name].strip() in body
    assert body.decode("utf-8") == given
    assert raw_fxctl(keeping, "execution", "event", own, "--json") == body + b"\n"
    assert raw_fxctl(keeping, "execution", "event", own, "--payload") == PAYLOADS[name].strip()
    for words in ("event", own), ("show", own):
        printed = raw_fxctl(keeping, "execution", *words).decode("utf-8")
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029]", printed)


@pytest.mark.parametrize("media, body, shown", [
    ("application/octet-stream", bytes(range(256)) * 20, "no text"),
    ("text/plain", "a\x1b[31mred\n\u202eb\n".encode(), "    | a [31mred\n    |  b\n"),
    ("text/plain", b"", "none"), ("image/png", b"\0", "no text")])
def test_other_payloads(keeping, media, body, shown):
    headers = [("Content-Type", media), ("ce-specversion", "1.0"), ("ce-id", f"{media} {len(body)}"),
               ("ce-source", "/s"), ("ce-type", "t")]
    own, _ = kept_by(keeping, keeping.post("/fx/events", body, headers=headers))
    assert raw_fxctl(keeping, "execution", "event", own, "--payload") == body
    assert shown in raw_fxctl(keeping, "execution", "event", own).decode()
    assert shown in raw_fxctl(keeping, "execution", "show", own).decode()


@pytest.mark.parametrize("fill", ["x", "\u00fc", "\u20ac", "\U0001f600"])
def test_show_has_the_beginning(keeping, fill):
    """Up to so many bytes, and no part of a character; the rest is counted."""
    payload = json.dumps({"a": fill * 2000}, ensure_ascii=False).encode()
    own, _ = kept_by(keeping, send_event(keeping, payload))
    text = raw_fxctl(keeping, "execution", "show", own).decode("utf-8")
    [begin, more] = re.findall(r"^    \| (.*)\n    and (\d+) bytes more", text, re.M)[-1]
    assert payload.startswith(begin.encode()) and SHOWN - 4 < len(begin.encode()) <= SHOWN
    assert len(begin.encode()) + int(more) == len(payload)
    assert f"fxctl execution event {own}" in text
    whole = raw_fxctl(keeping, "execution", "event", own).decode("utf-8")
    assert f"    | {payload.decode()}\n" in whole


def test_of_what_a_step_emitted(keeping):
    cid = keeping.post_event("emits")["cid"]
    [own] = [e for e in keeping.wait_cid(cid) if e["event_type"] == "emitted"]
    event = keeping.get(f"/fx/executions/{own['execution_id']}/event").json
    assert (event["type"], event["data"]) == ("emitted", {"from": "a step"})
    assert event["causationid"] == own["parent_execution_id"]
    assert event["correlationid"] == cid


def test_of_a_run_by_hand(keeping):
    own = keeping.fxctl("pipeline", "run", "keeps", '{"by": "hand"}').strip()
    assert keeping.get(f"/fx/executions/{own}/event").json["data"] == {"by": "hand"}


@pytest.mark.parametrize("own", [NOBODY, "x", "%ff", "-"])
def test_of_nothing(keeping, own):
    check_problem(keeping.get(f"/fx/executions/{own}/event"), 404)


def test_fxctl_of_nothing(keeping):
    for words in ([], ["--payload"], ["--json"]):
        done = keeping.run_fxctl("execution", "event", NOBODY, *words)
        assert (done.returncode, done.stdout) == (1, "") and NOBODY in done.stderr
