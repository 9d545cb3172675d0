"""Every change that somebody makes is on record, with who made it, in the commit of the change.

The rows are all ways to change a home: each command of fxctl, and each route that is no GET. One
that is new fails until it has a row here, which says what it leaves in the audit.
"""
import json
import os
import pwd
import re
import subprocess

import pytest

import contract
from checks import UUID
from harness import BUILD, PROJECT, Home
from kept import HOMES, unpack

URL = "/api/v1/admin/audit"
ACCOUNT = pwd.getpwuid(os.getuid()).pw_name
RUN = {"name": "run", "script": "run"}
USAGE = 2


@pytest.fixture(scope="module")
def home():
    with Home() as made:
        made.write_script("run", "#!/bin/sh\nexit 1\n")
        made.configure(events={"failures": 0})
        made.start()
        yield made


def export(home, *words):
    return [json.loads(line) for line in home.fxctl("audit", "--export", *words).splitlines()]


def last(home):
    return (json.loads(home.fxctl("--json", "audit", "--limit", "1"))["audit"] or [{"seq": 0}])[0]["seq"]


def pipeline(home, name, **options):
    made = {"id": name, "name": name, "steps": [RUN], "options": options}
    assert home.post("/api/v1/pipelines", made).status == 201
    return name


def started(home, name):
    pipeline(home, name, event="never")
    home.start_trigger(name)
    return name


def waiting(home, name):
    """An execution that waits; no dispatcher runs."""
    return home.post(f"/api/v1/batches/{started(home, name)}").json["item"]


def dead(home, name):
    item = home.post(f"/api/v1/batches/{pipeline(home, name, retry={'limit': 0})}").json
    home.start_dispatcher()
    home.wait_cid(item["cid"])
    home.stop_dispatcher()
    return item["item"]


def paused(home, *what):
    """Paused, and not for long: others of the home are not to wait."""
    home.fxctl("pause", *what, "--reason", "for a moment")
    home.fxctl("resume", *what)


def ended(home, name):
    return home.get(f"/fx/executions/{dead(home, name)}").json["cid"]


def document(name):
    return json.dumps({"id": name, "name": name, "steps": [RUN], "options": {"event": "never"}})


# Each way: what makes a thing ready and returns its name, given one for it; what does it to that
# thing; and what that leaves.
CHANGES = {
    "key create": (None, lambda h, _: h.new_key("status"), ["credential.create"]),
    "key rotate": (lambda h, n: h.new_key("status").id, lambda h, i: h.fxctl("key", "rotate", i), ["credential.rotate"]),
    "key revoke": (lambda h, n: h.new_key("status").id, lambda h, i: h.fxctl("key", "revoke", i), ["credential.revoke"]),
    "secret create": (None, lambda h, _: h.new_secret("github"), ["credential.create"]),
    "secret rotate": (lambda h, n: h.new_secret("github").id, lambda h, i: h.fxctl("secret", "rotate", i), ["credential.rotate"]),
    "secret revoke": (lambda h, n: h.new_secret("github").id, lambda h, i: h.fxctl("secret", "revoke", i), ["credential.revoke"]),
    "step-secret set": (None, lambda h, n: h.fxctl("step-secret", "set", n, stdin="x"), ["step_secret.set"]),
    "step-secret delete": (lambda h, n: h.fxctl("step-secret", "set", n, stdin="x") or n,
                           lambda h, n: h.fxctl("step-secret", "delete", n), ["step_secret.delete"]),
    "rekey": (None, lambda h, _: h.fxctl("rekey"), ["home.rekey"]),
    "pipeline apply": (None, lambda h, n: h.fxctl("pipeline", "apply", "-", stdin=document(n)), ["pipeline.create"]),
    "pipeline delete": (pipeline, lambda h, n: h.fxctl("pipeline", "delete", n), ["pipeline.delete"]),
    "pipeline run": (pipeline, lambda h, n: h.fxctl("pipeline", "run", n), ["execution.run"]),
    "trigger start": (lambda h, n: pipeline(h, n, event="never"), lambda h, n: h.fxctl("trigger", "start", n), ["trigger.start"]),
    "trigger stop": (started, lambda h, n: h.fxctl("trigger", "stop", n), ["trigger.stop"]),
    **{f"{verb} {what}": (None, lambda h, _, what=what, verb=verb: paused(h, what), ["pause.set", "pause.lift"])
       for verb in ("pause", "resume") for what in ("intake", "dispatcher")},
    **{f"{verb} pipeline": (pipeline, lambda h, n: paused(h, "pipeline", n), ["pause.set", "pause.lift"])
       for verb in ("pause", "resume")},
    "publish": (None, lambda h, _: h.fxctl("publish", "--type", "never", "{}"), ["event.publish"]),
    "event erase": (ended, lambda h, c: h.fxctl("event", "erase", c), ["event.erase"]),
    "execution retry": (dead, lambda h, i: h.fxctl("execution", "retry", i), ["execution.retry"]),
    "execution skip": (waiting, lambda h, i: h.fxctl("execution", "skip", i), ["execution.skip"]),
    "execution cancel": (waiting, lambda h, i: h.fxctl("execution", "cancel", i), ["execution.cancel"]),
    "dead-letter retry": (dead, lambda h, i: h.fxctl("dead-letter", "retry", i), ["execution.retry"]),

    ("POST", "/api/v1/pipelines"): (None, pipeline, ["pipeline.create"]),
    ("PUT", "/api/v1/pipelines/{id}"): (pipeline, lambda h, n: h.put(f"/api/v1/pipelines/{n}", {"steps": [RUN]}), ["pipeline.replace"]),
    ("DELETE", "/api/v1/pipelines/{id}"): (pipeline, lambda h, n: h.delete(f"/api/v1/pipelines/{n}"), ["pipeline.delete"]),
    ("POST", "/api/v1/batches/{pipeline_id}"): (pipeline, lambda h, n: h.post(f"/api/v1/batches/{n}"), ["execution.run"]),
    **{("POST", f"/api/v1/executions/{{id}}/{verb}"):
       (make_ready, lambda h, i, verb=verb: h.post(f"/api/v1/executions/{i}/{verb}"), [f"execution.{verb}"])
       for verb, make_ready in (("retry", dead), ("skip", waiting), ("cancel", waiting))},
    ("POST", "/api/v1/events/{pipeline_id}"): (lambda h, n: pipeline(h, n, event="never"), lambda h, n: h.post(f"/api/v1/events/{n}"), ["trigger.start"]),
    ("DELETE", "/api/v1/events/{pipeline_id}"): (started, lambda h, n: h.delete(f"/api/v1/events/{n}"), ["trigger.stop"]),
    ("POST", "/api/v1/admin/dead-letters/retry"): (
        lambda h, n: dead(h, n) and n, lambda h, n: h.post(f"/api/v1/admin/dead-letters/retry?pipeline_id={n}"), ["execution.retry"]),
    ("POST", "/api/v1/admin/dead-letters/{execution_id}/retry"):
        (dead, lambda h, i: h.post(f"/api/v1/admin/dead-letters/{i}/retry"), ["execution.retry"]),
    ("POST", "/api/v1/admin/cids/{cid}/erase"): (ended, lambda h, c: h.post(f"/api/v1/admin/cids/{c}/erase"), ["event.erase"]),
    ("PUT", "/api/v1/admin/step-secrets/{name}"): (None, lambda h, n: h.put(f"/api/v1/admin/step-secrets/{n}", {"value": "x"}), ["step_secret.set"]),
    ("DELETE", "/api/v1/admin/step-secrets/{name}"): (
        lambda h, n: h.fxctl("step-secret", "set", n, stdin="x") or n,
        lambda h, n: h.delete(f"/api/v1/admin/step-secrets/{n}"), ["step_secret.delete"]),
}

# What only reads, what tells of itself (an event says who sent it), what has nobody to tell to yet
# (init), and what another test here sees to (upgrade).
NO_RECORD = {
    "init", "upgrade", "key list", "secret list", "step-secret list", "pipeline list", "pipeline show", "trigger status",
    "verify", "events", "event show", "tail", "cid", "executions", "execution show", "execution event", "execution log",
    "explain", "dead-letter list", "status", "audit", "retention", "doctor", "completion", "man",
    ("POST", "/fx/events"), ("POST", "/fx/events/generic"), ("POST", "/fx/events/webhook"),
    ("OPTIONS", "/fx/events"), ("OPTIONS", "/fx/events/generic"), ("OPTIONS", "/fx/events/webhook"),
}


def test_every_way_has_a_row():
    text = subprocess.run([BUILD / "bin/fxctl", "--help"], capture_output=True, text=True, check=True).stdout
    commands = re.findall(r"^  ([a-z-]+(?: [a-z]+)?)  +\S", text.partition("Commands:")[2].partition("\n\n")[0], re.M)
    routes = {(method, path) for method, path in contract.OPERATIONS if method != "GET"}
    assert len(commands) > 30
    assert {*commands, *routes} == CHANGES.keys() | NO_RECORD


def test_every_action_is_one_of_a_row():
    text = (PROJECT / "common/model/audit.h").read_text()
    actions = set(re.findall(r'ACTION\(\w+, "([a-z_.]+)"\)', text))
    assert actions == {action for *_, left in CHANGES.values() for action in left} | {"home.upgrade"}


@pytest.mark.parametrize("way", CHANGES, ids=str)
def test_a_change_is_on_record(home, way):
    make_ready, change, left = CHANGES[way]
    name = re.sub(r"\W+", "-", str(way)).strip("-").lower()
    thing = make_ready(home, name) if make_ready else name
    before = last(home)
    done = change(home, thing)
    assert getattr(done, "status", 200) in (200, 201)
    records = [record for record in export(home) if record["seq"] > before]
    assert [record["action"] for record in records] == left
    for record in records:
        if isinstance(way, tuple):
            assert record["actor"] == "test" and record["actor_kind"] == "key" and record["credential"]
            assert record["address"] == "127.0.0.1"
            assert UUID.fullmatch(record["request"])
        else:
            assert record["actor"].endswith(ACCOUNT) and record["actor_kind"] == "account"
            assert record["credential"] is record["address"] is record["request"] is None
        assert re.fullmatch(r"home|(credential|step_secret|pipeline|execution|event)/[\w.-]+", record["subject"])


def test_what_changes_nothing_is_not_on_record(home):
    name = started(home, "unchanged")
    key = home.new_key("status").id
    home.revoke(home.new_key("status"))
    home.fxctl("key", "revoke", key)
    home.fxctl("trigger", "stop", name)
    before = last(home)
    home.fxctl("key", "revoke", key)
    home.fxctl("trigger", "stop", name)
    assert home.delete(f"/api/v1/events/{name}").status == 200
    assert home.post("/api/v1/pipelines", {"id": name, "name": name, "steps": [RUN]}).status == 409
    assert home.post("/api/v1/batches/none").status == 404
    assert home.post_event("never")
    assert last(home) == before


def test_no_record_holds_a_secret(home):
    home.fxctl("step-secret", "set", "hidden", stdin="so-well-hidden")
    home.post("/api/v1/pipelines", {"id": "hiding", "name": "hiding", "options": {}, "steps": [
        {"name": "a", "http": {"url": "https://x.example/", "headers": {"Authorization": "Bearer hidden-too"}}}]})
    text = home.fxctl("audit", "--export")
    assert '"hiding"' in text
    assert not any(word in text for word in ("so-well-hidden", "hidden-too", *home.secrets))


# --- Lists ---

@pytest.fixture(scope="module")
def filled(home):
    """Some records of one thing among those of others."""
    for _ in range(3):
        home.fxctl("step-secret", "set", "one", stdin="x")
        home.fxctl("step-secret", "set", "one-more", stdin="x")
    return home


def rows(home, query=""):
    reply = home.get(f"{URL}?limit=1000{query}")
    assert reply.status == 200, reply
    return reply.json["audit"]


def test_newest_first_and_page_by_page(filled):
    everything = export(filled)
    assert [row["seq"] for row in everything] == list(range(1, len(everything) + 1))
    for page, cursor, order in ((2, "before", everything[::-1]), (3, "after", everything)):
        found, at = [], 0
        while True:
            reply = filled.get(f"{URL}?limit={page}" + (f"&{cursor}={at}" if at or cursor == "after" else "")).json
            found += reply["audit"]
            if not reply["audit"] or not reply["next"]:
                break
            at = reply["next"]
        assert found == order


@pytest.mark.parametrize("query, fits", [
    ("subject=step_secret/one", lambda row: row["subject"] == "step_secret/one"),
    ("subject=step_secret/on", lambda row: False),
    ("subject=" + "x" * 200, lambda row: False),
    ("action=step_secret.*", lambda row: row["action"].startswith("step_secret.")),
    ("action=step_secret", lambda row: False),
    ("actor=test", lambda row: row["actor"] == "test"),
    ("actor=*", lambda row: True),
    ("since=2020-01-01T00:00:00Z", lambda row: True),
    ("until=2020-01-01T00:00:00Z", lambda row: False),
])
def test_what_is_asked_for(filled, query, fits):
    name, value = query.split("=")
    expected = [row for row in export(filled) if fits(row)]
    assert rows(filled, f"&{query}") == expected[::-1][:1000]
    assert rows(filled, f"&{query}&after=0") == expected[:1000]
    assert export(filled, f"--{name}", value) == expected
    assert json.loads(filled.fxctl("--json", "audit", "--limit", "1000", f"--{name}", value))["audit"] == expected[::-1][:1000]


@pytest.mark.parametrize("query", [
    "limit=0", "limit=1001", "before=0", "before=x", "after=-1", "after=0&before=3", "since=yesterday", "actor=", "action=%01"])
def test_bad_queries(home, query):
    assert home.get(f"{URL}?{query}").status == 422


@pytest.mark.parametrize("words", [
    ["--limit", "0"], ["--since", "x"], ["--export", "--limit", "3"], ["-f", "--before", "3"], ["--actor", ""]])
def test_bad_command_lines(home, words):
    assert home.run_fxctl("audit", *words).returncode == USAGE


def test_a_table_for_people(filled):
    text = filled.fxctl("audit", "--limit", "2", "--subject", "step_secret/one")
    assert re.search(rf"(?m)^ *\d+  20\S+Z  .*{ACCOUNT}  step_secret\.set  step_secret/one  -$", text), text
    assert "SUBJECT" in text
    done = filled.run_fxctl("audit", "--subject", "none")
    assert done.stdout == "" and "No change is on record" in done.stderr


@pytest.mark.parametrize("words", [["-f", "--json"], ["-f", "--export"], ["-f"]])
def test_it_is_followed(home, words):
    with subprocess.Popen([home.bin / "fxctl", "--home", home.dir, "audit", *words, "--action", "step_secret.*"],
                          env=home.environment(), stdout=subprocess.PIPE, text=True) as process:
        try:
            for i in range(3):
                home.fxctl("step-secret", "set", f"followed-{'-'.join(words).strip('-')}-{i}", stdin="x")
            want = f"followed-{'-'.join(words).strip('-')}-2"
            seen = ""
            while want not in seen:
                line = process.stdout.readline()
                assert line, seen
                seen += line
        finally:
            process.kill()


def test_an_upgrade_is_on_record():
    kept, _ = unpack(HOMES / "layout-1")
    with kept:
        kept.fxctl("upgrade")
        records = export(kept)
        assert [(row["action"], row["subject"], row["detail"]) for row in records] == [
            ("home.upgrade", "home", {"from": n, "to": n + 1}) for n in range(1, len(records) + 1)]
        assert len(records) >= 2 and all(row["actor"].endswith(ACCOUNT) for row in records)


def test_sudo_says_whose_wish_it_was(home):
    home.more_environment["SUDO_USER"] = "alice"
    try:
        home.fxctl("step-secret", "set", "of-alice", stdin="x")
    finally:
        del home.more_environment["SUDO_USER"]
    record, = export(home, "--subject", "step_secret/of-alice")
    assert record["actor"] == f"alice as {ACCOUNT}"
