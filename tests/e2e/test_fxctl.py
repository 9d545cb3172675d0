"""fxctl: every command, what it says where, and with which exit status it leaves."""
import fcntl
import json
import os
import re
import struct
import subprocess
from contextlib import contextmanager
from datetime import datetime

import pytest

from checks import TIME, UUID
from harness import BUILD, PROJECT, until

DONE, NO, USAGE, RETRY = 0, 1, 2, 111

TOKEN = re.compile(r"fxk_[A-Za-z0-9_-]{43}")
NEVER_ISSUED = "01900000-0000-7000-8000-000000000000"

COMMANDS = [
    "init", "status", "key create", "key list", "key rotate", "key revoke", "secret create",
    "secret list", "secret rotate", "secret revoke", "verify", "pipeline apply", "pipeline list",
    "pipeline show", "pipeline delete", "pipeline run", "trigger start", "trigger status",
    "trigger stop", "publish", "cid", "explain", "executions", "execution show", "execution event",
    "execution log",
    "execution retry", "execution skip", "execution cancel", "dead-letter list",
    "dead-letter retry", "completion", "man",
]

ORDER_MAIL = {
    "name": "order-mail",
    "options": {"event": "order.created"},
    "steps": [{"name": "next", "publish": {"event_type": "order.mailed"}}],
}


def run(*arguments, env=(), cwd=None, stdin=""):
    """Runs fxctl without a home of its own. The finished process."""
    environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), **dict(env)}
    return subprocess.run([BUILD / "bin/fxctl", *arguments], env=environment, cwd=cwd, input=stdin,
                          capture_output=True, text=True, timeout=60)


def answer(done):
    """The JSON on standard output of a command that succeeded."""
    assert done.returncode == DONE, done.stderr
    return json.loads(done.stdout)


def refused(done, status=NO, says=""):
    """Checks that a command did nothing, said why, and printed nothing that a script could take."""
    assert done.returncode == status, (done.stdout, done.stderr)
    assert done.stdout == ""
    assert says in done.stderr


def rows(text):
    """A table's lines as dictionaries, cut where the titles begin or end."""
    lines = text.splitlines()
    titles = re.split(r"\s{2,}", lines[0].strip())
    return [dict(zip(titles, re.split(r"\s{2,}", line.strip()))) for line in lines[1:]]


def apply(home, definition=None, **changes):
    definition = {**ORDER_MAIL, **changes} if definition is None else definition
    return home.run_fxctl("pipeline", "apply", "-", stdin=json.dumps(definition))


def apply_json(home, definition):
    return home.run_fxctl("pipeline", "apply", "-", "--json", stdin=json.dumps(definition))


def publish(home, payload="{}", event_type="order.created"):
    return home.fxctl("publish", "--type", event_type, payload).strip()


# --- The command line itself ---

def test_help_names_every_command():
    done = run("--help")
    assert done.returncode == DONE and done.stderr == ""
    for command in COMMANDS:
        assert f"  {command} " in done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command(command):
    done = run(*command.split(), "--help")
    assert done.returncode == DONE and done.stderr == ""
    assert done.stdout.startswith(f"usage: fxctl {command}")
    assert max(map(len, done.stdout.splitlines())) <= 100
    assert run("--help", *command.split()).stdout == done.stdout
    assert run(*command.split(), "-h").stdout == done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_manual_has_every_command(command):
    """With all of its options, which stand as `Fl -name` in the page's source."""
    items = [item for item in run("man").stdout.split("\n.It Cm ")
             if re.match(rf"{command}( (Fl|Ar|O[op]|Brq|\\\\)|\n)", item)]
    own = run(*command.split(), "--help").stdout.split("Options of every command")[0]
    assert items
    for option in re.findall(r"^  --([a-z-]+)", own, re.MULTILINE):
        assert any(re.search(rf"Fl -{option}\b", item) for item in items), option


def test_help_of_a_noun_shows_its_commands_only():
    done = run("key", "--help")
    assert done.returncode == DONE
    assert "key create" in done.stdout and "pipeline apply" not in done.stdout


def test_version():
    done = run("--version")
    assert done.returncode == DONE
    assert re.fullmatch(r"fxctl \d+\.\d+\.\d+\n", done.stdout)


@pytest.mark.parametrize("arguments, says", [
    ([], "which command"),
    (["bogus"], 'no command "bogus"'),
    (["key"], "which command"),
    (["key", "bogus"], 'no command "key bogus"'),
    (["--bogus", "status"], "no option --bogus"),
    (["-x", "status"], "no option -x"),
    (["--name", "n", "key", "create"], "no option --name"),
    (["--home"], "--home needs a directory"),
    (["--home", "--json", "status"], "--home needs a directory"),
    (["--home=", "status"], "--home needs a directory"),
    (["--home", "a", "--home", "b", "status"], "--home is given twice"),
    (["--json=1", "status"], "--json takes no value"),
    (["init", "surplus"], '"surplus" is more'),
    (["status", "--bogus"], "no option --bogus"),
    (["status", "--", "--json"], '"--json" is more'),
    (["key", "create"], "--name is missing"),
    (["key", "create", "--name", "n"], "--scope is missing"),
    (["key", "create", "--name"], "--name needs a value"),
    (["key", "create", "--name", "--scope", "events"], "--name needs a value"),
    (["key", "create", "--name", "a", "--name", "b", "--scope", "events"], "given twice"),
    (["key", "create", "--name", "", "--scope", "events"], "--name:"),
    (["key", "create", "--name", "n" * 101, "--scope", "events"], "--name:"),
    (["key", "create", "--name", "n", "--scope", "bogus"], "the scopes are events,"),
    (["key", "create", "--name", "n", "--scope", ""], "at least one scope"),
    (["key", "create", "--name", "n", "--scope", "events,"], "missing beside a comma"),
    (["key", "revoke"], "NAME-OR-ID is missing"),
    (["key", "list", "surplus"], "is more"),
    (["pipeline", "apply"], "FILE|- is missing"),
    (["pipeline", "show"], "NAME-OR-ID is missing"),
    (["pipeline", "show", "a", "b"], '"b" is more'),
    (["pipeline", "show", "a", "--version", "0"], "--version: must be"),
    (["pipeline", "show", "a", "--version", "x"], "--version: must be"),
    (["pipeline", "delete"], "NAME-OR-ID is missing"),
    (["trigger", "start"], "NAME-OR-ID is missing"),
    (["trigger", "start", "a", "--version", "4294967296"], "--version: must be"),
    (["trigger", "stop"], "NAME-OR-ID is missing"),
    (["trigger", "status", "a", "b"], '"b" is more'),
    (["publish", "{}"], "--type is missing"),
    (["publish", "--type", "", "{}"], "--type:"),
    (["publish", "--type", "a b", "{}"], "--type:"),
    (["publish", "--type", "a", "--source", "", "{}"], "--source:"),
    (["publish", "--type", "a", "--topic", "a b", "{}"], "topic:"),
    (["publish", "--type", "a", "--topic", "", "{}"], "--topic:"),
    (["publish", "--type", "a", "{}", "{}"], "is more"),
    (["cid"], "CID is missing"),
    (["cid", "nonsense"], "no correlation id"),
    (["cid", NEVER_ISSUED, "--wait=soon"], "--wait:"),
    (["cid", NEVER_ISSUED, "--wait=nan"], "--wait:"),
    (["cid", NEVER_ISSUED, "--wait", "86401"], "--wait:"),
    (["executions", "--status", "bogus"], "--status:"),
    (["executions", "--service", ""], "--service:"),
    (["executions", "--event-type", ""], "--event-type:"),
    (["executions", "--since", "yesterday"], "--since:"),
    (["executions", "--limit", "0"], "--limit:"),
    (["executions", "--limit", "1001"], "--limit:"),
    (["executions", "--limit", "-1"], "--limit:"),
    (["executions", "--after", "nonsense"], "--after:"),
    (["execution", "show"], "ID is missing"),
    (["execution", "show", "nonsense"], "no id of an execution"),
])
def test_bad_command_line(arguments, says):
    """Said with the usage of that command, before anything is looked at."""
    done = run(*arguments)
    refused(done, USAGE, says)
    assert "usage: fxctl" in done.stderr


@pytest.mark.parametrize("expires", [
    "", "soon", "90", "d", "90x", "9 d", "-1d", "0d", "1.5d", "1000001d", "99999999999999999999d",
    "2020-01-01T00:00:00Z", "2030-01-01", "2030-13-01T00:00:00Z",
])
def test_bad_expiry(expires):
    refused(run("key", "create", "--name", "n", "--scope", "events", f"--expires={expires}"),
            USAGE, "--expires:")


def test_options_stand_anywhere(home):
    for arguments in (["--json", "key", "list"], ["key", "--json", "list"],
                      ["key", "list", "--json"]):
        assert answer(run("--home", home.dir, *arguments)) == {"keys": []}
        assert answer(run(*arguments, f"--home={home.dir}")) == {"keys": []}


def test_home_from_the_environment(home):
    assert answer(run("key", "list", "--json", env={"FX_HOME": str(home.dir)})) == {"keys": []}


@pytest.mark.parametrize("command", [
    ["status"], ["key", "list"], ["key", "create", "--name", "n", "--scope", "events"],
    ["pipeline", "list"], ["trigger", "status"], ["publish", "--type", "a", "{}"], ["executions"],
    ["cid", NEVER_ISSUED], ["execution", "show", NEVER_ISSUED],
])
def test_no_home(tmp_path, command):
    refused(run("--home", tmp_path / "none", *command), NO, "init")


def test_wrong_settings(home):
    home.configure(web={"threads": "many"})
    refused(home.run_fxctl("status"), NO, "fx.conf")


def test_output_that_gets_lost_is_no_success(home):
    with open("/dev/full", "w") as full:
        done = subprocess.run([BUILD / "bin/fxctl", "--home", home.dir, "key", "list", "--json"],
                              stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == RETRY
    assert "standard output" in done.stderr


# --- init ---

def test_init(tmp_path):
    home = tmp_path / "home"
    done = run("--home", "home", "init", cwd=tmp_path)
    assert done.returncode == DONE
    assert done.stdout == f"{home}\n"
    assert "key create" in done.stderr
    assert {path.name for path in home.iterdir()} == {
        "fx.conf", "secret.key", "db", "scripts", "run", "log", "uploads"}


def test_init_again_changes_nothing(home):
    home.configure(web={"threads": 7})
    home.new_key("events")
    settings = (home.dir / "fx.conf").read_text()
    done = home.run_fxctl("init")
    assert done.returncode == DONE and done.stdout == f"{home.dir}\n"
    assert (home.dir / "fx.conf").read_text() == settings
    assert len(answer(home.run_fxctl("key", "list", "--json"))["keys"]) == 1


def test_init_as_json(tmp_path):
    home = tmp_path / "home"
    assert answer(run("--home", home, "init", "--json")) == {"home": str(home), "created": True}
    assert answer(run("--home", home, "init", "--json")) == {"home": str(home), "created": False}


def test_init_where_nothing_can_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    refused(run("--home", tmp_path / "file/home", "init"), NO, "cannot make")
    refused(run("--home", tmp_path / "file", "init"), NO, "cannot make")


# --- Keys ---

def millis(time):
    return round(datetime.fromisoformat(time.replace("Z", "+00:00")).timestamp() * 1000)



def test_key_create_prints_the_token_alone(home):
    done = home.run_fxctl("key", "create", "--name", "shop", "--scope", "events,status")
    assert done.returncode == DONE
    assert TOKEN.fullmatch(done.stdout.rstrip("\n"))
    key = answer(home.run_fxctl("key", "list", "--json"))["keys"][0]
    assert key["id"] in done.stderr
    assert done.stdout.strip() not in done.stderr


def test_key_create_as_json(home):
    done = home.run_fxctl("key", "create", "--name", "shöp", "--scope", "status,events", "--json",
                          "--expires", "90d")
    key = answer(done)
    assert list(key) == ["id", "name", "scopes", "token", "created", "expires"]
    assert UUID.fullmatch(key["id"]) and TOKEN.fullmatch(key["token"])
    assert key["name"] == "shöp"
    assert key["scopes"] == ["events", "status"]
    assert TIME.fullmatch(key["created"]) and TIME.fullmatch(key["expires"])


@pytest.mark.parametrize("expires, seconds", [
    ("1s", 1), ("30m", 1800), ("12h", 43200), ("90d", 7776000), ("2w", 1209600),
])
def test_key_expiry_from_now(home, expires, seconds):
    key = answer(home.run_fxctl("key", "create", "--name", "n", "--scope", "events", "--json",
                                "--expires", expires))
    assert millis(key["expires"]) - millis(key["created"]) == seconds * 1000


def test_key_expiry_as_time(home):
    key = answer(home.run_fxctl("key", "create", "--name", "n", "--scope", "events", "--json",
                                "--expires", "2099-12-31T23:59:59+01:00"))
    assert key["expires"] == "2099-12-31T22:59:59.000Z"
    key = answer(home.run_fxctl("key", "create", "--name", "n", "--scope", "events", "--json"))
    assert key["expires"] is None


def test_key_list_and_revoke(home):
    kept, gone = home.new_key("events"), home.new_key("admin", expires="90d")
    done = home.run_fxctl("key", "revoke", gone.id)
    assert (done.returncode, done.stdout) == (DONE, "")
    assert home.run_fxctl("key", "revoke", gone.id).returncode == DONE
    listed = answer(home.run_fxctl("key", "list", "--json"))["keys"]
    assert [(k["id"], k["scopes"], k["state"]) for k in listed] == [
        (kept.id, ["events"], "live"), (gone.id, ["admin"], "revoked")]
    table = home.run_fxctl("key", "list")
    assert [(row["ID"], row["EXPIRES"] == "-", row["STATE"]) for row in rows(table.stdout)] == [
        (kept.id, True, "live"), (gone.id, False, "revoked")]
    for secret in (kept.token, gone.token):
        assert secret not in table.stdout + table.stderr + json.dumps(listed)


def test_key_list_of_an_expired_key(home):
    home.new_key("events", expires="1s")
    until(lambda: answer(home.run_fxctl("key", "list", "--json"))["keys"][0]["state"] == "expired",
          what="the key has expired")


def test_key_revoke_unknown(home):
    refused(home.run_fxctl("key", "revoke", NEVER_ISSUED), NO, "no key")


def test_no_keys(home):
    done = home.run_fxctl("key", "list")
    assert (done.returncode, done.stdout) == (DONE, "") and "no key" in done.stderr


def test_names_cannot_move_the_cursor(home):
    home.fxctl("key", "create", "--name", "a\x1b[2Jb\nc\x9b", "--scope", "events")
    table = home.fxctl("key", "list")
    assert "a [2Jb c" in table and len(table.splitlines()) == 2
    assert answer(home.run_fxctl("key", "list", "--json"))["keys"][0]["name"] == "a\x1b[2Jb\nc\x9b"


# --- Pipelines ---

def test_pipeline_apply_creates(home, tmp_path):
    file = tmp_path / "order-mail.json"
    file.write_text(json.dumps(ORDER_MAIL))
    done = home.run_fxctl("pipeline", "apply", str(file))
    assert done.returncode == DONE
    assert UUID.fullmatch(done.stdout.strip())
    shown = json.loads(home.fxctl("pipeline", "show", "order-mail"))
    assert shown["id"] == done.stdout.strip()
    assert (shown["version"], shown["is_latest"]) == ("1", True)
    assert (shown["steps"], shown["options"]) == (ORDER_MAIL["steps"], ORDER_MAIL["options"])
    assert json.loads(home.fxctl("pipeline", "show", shown["id"])) == shown


def test_pipeline_apply_again_makes_a_version_only_when_it_differs(home):
    first = answer(apply_json(home, ORDER_MAIL))
    assert (first["outcome"], first["version"]) == ("created", "1")
    reordered = dict(reversed(ORDER_MAIL.items()))
    again = home.run_fxctl("pipeline", "apply", "-", "--json",
                           stdin=json.dumps(reordered, indent=4))
    assert answer(again) == {**first, "outcome": "unchanged"}
    changed = answer(apply_json(home, {**ORDER_MAIL, "options": {"event": "order.c*"}}))
    assert changed == {**first, "outcome": "replaced", "version": "2"}
    assert json.loads(home.fxctl("pipeline", "show", "order-mail"))["options"] == {
        "event": "order.c*"}
    old = json.loads(home.fxctl("pipeline", "show", "order-mail", "--version", "1"))
    assert (old["version"], old["is_latest"], old["options"]) == ("1", False, ORDER_MAIL["options"])


def test_pipeline_apply_by_id(home):
    with_id = {**ORDER_MAIL, "id": "mail-1"}
    assert apply(home, with_id).stdout == "mail-1\n"
    assert answer(apply_json(home, with_id))["outcome"] == "unchanged"
    assert answer(apply_json(home, ORDER_MAIL))["outcome"] == "unchanged"
    assert answer(apply_json(home, {**with_id, "options": {}}))["outcome"] == "replaced"
    refused(apply(home, {**with_id, "name": "other"}), NO, "keeps its name")
    refused(apply(home, {**ORDER_MAIL, "id": "mail-2"}), NO, "name: another pipeline has it")


@pytest.mark.parametrize("document, says", [
    ("", "not acceptable JSON"),
    ("{", "line 1, column 2"),
    ('{"name": "a",\n "name": "b"}', "line 2, column"),
    ("[]", "must be an object"),
    ("{}", "name:"),
    ('{"name": "a", "steps": []}', "steps"),
    ('{"name": "a", "steps": [{"name": "s", "publish": {"event_type": "t"}}], "more": 1}', "more"),
    ('{"name": "a", "steps": [{"name": "s", "script": "none.sh"}]}', "steps[0].script: there"),
    ('{"name": "a", "steps": [{"name": "s", "http": {"url": "http://a/", "secret": "whsec_abc"}}]}',
     "steps[0].http.secret: a secret has"),
    ('{"id": "-", "name": "a", "steps": []}', "id:"),
])
def test_pipeline_apply_refuses(home, document, says):
    refused(home.run_fxctl("pipeline", "apply", "-", stdin=document), NO, says)
    assert answer(home.run_fxctl("pipeline", "list", "--json")) == {"pipelines": []}


def test_pipeline_apply_quotes_nothing_that_moves_the_cursor(home):
    done = apply(home, **{"\x1b[2J": 1})
    refused(done, NO, "[2J")
    assert "\x1b" not in done.stderr


def test_pipeline_apply_checks_scripts(home):
    steps = [{"name": "s", "script": "do.sh"}]
    refused(apply(home, steps=steps), NO, "do.sh")
    home.write_script("do.sh", "#!/bin/sh\n").chmod(0o640)
    refused(apply(home, steps=steps), NO, "do.sh")
    home.write_script("do.sh", "#!/bin/sh\n")
    assert apply(home, steps=steps).returncode == DONE


def test_pipeline_apply_file_that_is_not_there(home, tmp_path):
    refused(home.run_fxctl("pipeline", "apply", str(tmp_path / "none.json")), NO, "cannot read")
    refused(home.run_fxctl("pipeline", "apply", str(tmp_path)), NO, "cannot read")


def test_pipeline_list(home):
    done = home.run_fxctl("pipeline", "list")
    assert (done.returncode, done.stdout) == (DONE, "") and "no pipeline" in done.stderr
    apply(home, name="a")
    apply(home, name="b")
    home.fxctl("trigger", "start", "b")
    apply(home, name="b", options={"event": "other"})
    assert [(row["NAME"], row["VERSION"], row["STARTED"])
            for row in rows(home.fxctl("pipeline", "list"))] == [("a", "1", "-"), ("b", "2", "1")]
    listed = answer(home.run_fxctl("pipeline", "list", "--json"))["pipelines"]
    assert [(p["name"], p["version"], p["started_version"]) for p in listed] == [
        ("a", "1", None), ("b", "2", "1")]


def test_pipeline_name_counts_before_an_id(home):
    apply(home, {**ORDER_MAIL, "name": "a", "id": "b"})
    apply(home, {**ORDER_MAIL, "name": "b", "id": "a"})
    assert json.loads(home.fxctl("pipeline", "show", "a"))["name"] == "a"
    assert json.loads(home.fxctl("pipeline", "show", "b"))["name"] == "b"


def test_pipeline_delete(home):
    apply(home)
    home.fxctl("trigger", "start", "order-mail")
    refused(home.run_fxctl("pipeline", "delete", "order-mail"), NO, "stop it first")
    home.fxctl("trigger", "stop", "order-mail")
    assert home.fxctl("pipeline", "delete", "order-mail") == ""
    refused(home.run_fxctl("pipeline", "delete", "order-mail"), NO, "no pipeline")


@pytest.mark.parametrize("command", [
    ["pipeline", "show"], ["pipeline", "delete"], ["trigger", "start"], ["trigger", "stop"],
    ["trigger", "status"],
])
@pytest.mark.parametrize("word", ["none", NEVER_ISSUED, "no such name", "", "x" * 200])
def test_unknown_pipeline(home, command, word):
    refused(home.run_fxctl(*command, word), NO, "there is no pipeline")


def test_unknown_version(home):
    apply(home)
    refused(home.run_fxctl("pipeline", "show", "order-mail", "--version", "2"), NO, "version 2")
    refused(home.run_fxctl("trigger", "start", "order-mail", "--version", "2"), NO, "version 2")


# --- Triggers ---

def test_trigger(home):
    pipeline = apply(home).stdout.strip()
    done = home.run_fxctl("trigger", "status")
    assert (done.returncode, done.stdout) == (DONE, "") and "No trigger" in done.stderr
    done = home.run_fxctl("trigger", "start", "order-mail")
    assert (done.returncode, done.stdout) == (DONE, "")
    assert "No dispatcher" in done.stderr
    state = answer(home.run_fxctl("trigger", "status", pipeline, "--json"))
    assert (state["ready"], state["topic"], state["pipeline_version"], state["generation"]) == (
        False, "order.created", "1", 1)
    assert answer(home.run_fxctl("trigger", "status", "--json")) == {"triggers": [state]}
    for table in (home.fxctl("trigger", "status"), home.fxctl("trigger", "status", "order-mail")):
        assert [(r["SERVICE"], r["TOPIC"], r["READY"]) for r in rows(table)] == [
            ("order-mail", "order.created", "no")]


def test_trigger_start_replaces(home):
    apply(home)
    assert answer(home.run_fxctl("trigger", "start", "order-mail", "--json"))["generation"] == 1
    done = apply(home, options={"event": "other"})
    assert "still runs version 1" in done.stderr
    again = answer(home.run_fxctl("trigger", "start", "order-mail", "--json"))
    assert (again["generation"], again["pipeline_version"], again["topic"]) == (2, "2", "other")
    back = answer(home.run_fxctl("trigger", "start", "order-mail", "--version", "1", "--json"))
    assert (back["generation"], back["pipeline_version"]) == (3, "1")


def test_trigger_stop(home):
    apply(home)
    home.fxctl("trigger", "start", "order-mail")
    assert answer(home.run_fxctl("trigger", "stop", "order-mail", "--json")) == {
        "was_started": True}
    assert answer(home.run_fxctl("trigger", "status", "order-mail", "--json")) == {"ready": False}
    done = home.run_fxctl("trigger", "status", "order-mail")
    assert (done.returncode, done.stdout) == (DONE, "") and "not started" in done.stderr
    done = home.run_fxctl("trigger", "stop", "order-mail")
    assert (done.returncode, done.stdout) == (DONE, "") and "not started" in done.stderr


def test_trigger_start_without_an_event_option(home):
    apply(home, options={})
    refused(home.run_fxctl("trigger", "start", "order-mail"), NO, "set options.event")


# --- Events ---

@contextmanager
def wake_fifo(home):
    """Listens as the dispatcher does."""
    path = home.dir / "run/wake"
    os.mkfifo(path)
    listening = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    yield listening
    os.close(listening)


def was_woken(listening):
    try:
        return bool(os.read(listening, 16))
    except BlockingIOError:
        return False


def test_publish_prints_the_cid_alone(home):
    with wake_fifo(home) as listening:
        done = home.run_fxctl("publish", "--type", "order.created", '{"order": 7}')
        assert was_woken(listening)
    assert done.returncode == DONE and done.stderr == ""
    assert UUID.fullmatch(done.stdout.rstrip("\n"))
    status = json.loads(home.status("--json"))
    assert status["events"] == {"first": 1, "last": 1, "kept": 1, "routed": 0, "waiting": 1}


def test_publish_as_json(home):
    accepted = answer(home.run_fxctl("publish", "--type", "order.created", "[]", "--json"))
    assert list(accepted) == ["cid", "eventType"]
    assert accepted["eventType"] == "order.created"


@pytest.mark.parametrize("payload", [
    "null", "true", "0", "123456789012345678901234567890", '""', '"text"', "[]", "{}",
    ' {"a": [1, {"b": null}]} \n', '"grüße 😀"',
])
def test_publish_takes_any_value(home, tmp_path, payload):
    file = tmp_path / "payload.json"
    file.write_text(payload)
    for arguments in ([str(file)], ["-"], []):
        cid = home.fxctl("publish", "--type", "a", *arguments, stdin=payload)
        assert UUID.fullmatch(cid.strip())


@pytest.mark.parametrize("payload, says", [
    ("{", "line 1, column 2"), ('{"a": 1, "a": }', "a value is expected"),
    ('["\n"]', "the argument is not"), ("[" * 65 + "]" * 65, "the argument is not"), ("[1] 2", ""),
])
def test_publish_refuses_what_is_no_json(home, payload, says):
    refused(home.run_fxctl("publish", "--type", "a", payload), NO, says)
    refused(home.run_fxctl("publish", "--type", "a", stdin=payload), NO, "standard input")
    assert json.loads(home.status("--json"))["events"]["kept"] == 0


@pytest.mark.parametrize("text, says", [
    ('{"name": "a", "name": "b"}', "the member name appears twice"), ('{"a": "\\u0000"}', "NUL"),
    ('{"a": "\\ud83d"}', "surrogate"), ("\ufeff{}", "byte order mark")])
def test_apply_refuses_what_readers_take_in_different_ways(home, text, says):
    """A definition is ours, unlike a payload."""
    refused(home.run_fxctl("pipeline", "apply", "-", stdin=text), NO, says)


def test_publish_without_a_payload(home):
    refused(home.run_fxctl("publish", "--type", "a", stdin=""), NO, "standard input")
    refused(home.run_fxctl("publish", "--type", "a", "none.json"), NO, "cannot read none.json")


def test_publish_bounds_the_payload(home):
    home.configure(web={"body_bytes": 1024})
    fits, too_large = '"' + "x" * 1022 + '"', '"' + "x" * 1023 + '"'
    for arguments in ([], ["-"]):
        assert home.run_fxctl("publish", "--type", "a", *arguments, stdin=fits).returncode == DONE
        refused(home.run_fxctl("publish", "--type", "a", *arguments, stdin=too_large), NO, "1024")
    refused(home.run_fxctl("publish", "--type", "a", too_large), NO, "1024")


def test_publish_where_there_is_no_room(home):
    home.configure(store={"disk_reserve_bytes": 1 << 40})
    refused(home.run_fxctl("publish", "--type", "a", "{}"), RETRY, "no room")
    assert json.loads(home.status("--json"))["store"]["accepting"] is False
    assert "TOO FULL" in home.status()


@pytest.mark.parametrize("command", [["start"], ["stop"]])
def test_trigger_changes_wake_the_dispatcher(home, command):
    apply(home)
    home.fxctl("trigger", "start", "order-mail")
    with wake_fifo(home) as listening:
        home.fxctl("trigger", *command, "order-mail")
        assert was_woken(listening)


# --- What came of it ---

def test_cid_before_the_dispatcher_came(home):
    cid = publish(home)
    done = home.run_fxctl("cid", cid)
    assert (done.returncode, done.stdout) == (DONE, "")
    assert "not come to this event" in done.stderr
    assert answer(home.run_fxctl("cid", cid, "--json")) == {"cid": cid, "executions": []}


@pytest.mark.parametrize("wait", [["--wait", "0"], ["--wait=0.01"]])
def test_cid_not_settled_in_time(home, wait):
    cid = publish(home)
    done = home.run_fxctl("cid", *wait, cid, "--json")
    assert done.returncode == NO
    assert json.loads(done.stdout) == {"cid": cid, "executions": []}
    assert "not settled in time; no dispatcher runs" in done.stderr


def test_unknown_cid_and_execution(home):
    refused(home.run_fxctl("cid", NEVER_ISSUED), NO, NEVER_ISSUED)
    refused(home.run_fxctl("cid", NEVER_ISSUED, "--wait"), NO, NEVER_ISSUED)
    refused(home.run_fxctl("execution", "show", NEVER_ISSUED), NO, NEVER_ISSUED)


def test_no_executions(home):
    done = home.run_fxctl("executions")
    assert (done.returncode, done.stdout) == (DONE, "") and "no execution yet" in done.stderr
    assert answer(home.run_fxctl("executions", "--json")) == {"executions": [], "next": None}


GOOD_STEP = r"""#!/bin/sh
printf 'first\nsecond \033[31mred\n'
echo '{"save": {"mailed": true}}' >&3
"""
BAD_STEP = "#!/bin/sh\necho no luck >&2\nexit 3\n"


@pytest.fixture
def running(home):
    """A home with a dispatcher and two pipelines: one that completes and one that fails."""
    home.write_script("good.sh", GOOD_STEP)
    home.write_script("bad.sh", BAD_STEP)
    apply(home, name="good", options={"event": "good"}, steps=[{"name": "do", "script": "good.sh"}])
    apply(home, name="bad", options={"event": "bad", "retry": {"limit": 0}},
          steps=[{"name": "do", "script": "bad.sh"}])
    home.fxctl("trigger", "start", "good")
    home.fxctl("trigger", "start", "bad")
    home.start_dispatcher()
    return home


def follow(home, event_type):
    """Publishes an event and waits until it is settled. Its cid and its executions."""
    cid = publish(home, event_type=event_type)
    return cid, answer(home.run_fxctl("cid", cid, "--wait", "--json"))["executions"]


def test_cid_waits_until_settled(running):
    cid = publish(running, event_type="good")
    done = running.run_fxctl("cid", cid, "--wait", "30")
    assert done.returncode == DONE, done.stderr
    [row] = rows(done.stdout)
    assert list(row) == ["SERVICE", "STATUS", "ATTEMPT", "DATETIME", "SECONDS", "ID",
                         "NEXT ATTEMPT", "ERROR"]
    assert (row["SERVICE"], row["STATUS"], row["ATTEMPT"]) == ("good", "completed", "1")
    assert TIME.fullmatch(row["DATETIME"]) and float(row["SECONDS"]) >= 0
    document = answer(running.run_fxctl("cid", cid, "--json"))
    assert document["cid"] == cid
    assert [e["execution_id"] for e in document["executions"]] == [row["ID"]]


def test_cid_of_an_event_that_nobody_listens_for(running):
    done = running.run_fxctl("cid", publish(running, event_type="nobody"), "--wait")
    assert (done.returncode, done.stdout) == (DONE, "")
    assert "No pipeline was started" in done.stderr


def test_execution_show(running):
    cid, [execution] = follow(running, "good")
    shown = answer(running.run_fxctl("execution", "show", execution["execution_id"], "--json"))
    assert shown == execution
    assert shown["data"] == {"mailed": True}
    text = running.fxctl("execution", "show", execution["execution_id"])
    assert re.search(rf"^cid +{cid}$", text, re.M)
    assert re.search(r"^status +completed$", text, re.M)
    assert re.search(r"^  do  completed  [\d.]+ s  exit 0$", text, re.M)
    assert "    | first\n    | second  [31mred\n" in text
    assert '"mailed"' in text.split("\ndata\n")[1]


def test_execution_show_of_a_failed_one(running):
    _, [execution] = follow(running, "bad")
    text = running.fxctl("execution", "show", execution["execution_id"])
    assert re.search(r"^status +failed$", text, re.M)
    assert re.search(r"^error +\S", text, re.M)
    assert re.search(r"^  do  failed  [\d.]+ s  exit 3$", text, re.M)
    assert "    | no luck\n" in text


def test_executions(running):
    good = [follow(running, "good")[1][0] for _ in range(3)]
    bad = [follow(running, "bad")[1][0] for _ in range(2)]

    def listed(*options):
        found = answer(running.run_fxctl("executions", "--json", *options))["executions"]
        return [e["execution_id"] for e in found]

    newest_first = [e["execution_id"] for e in reversed(good + bad)]
    assert listed() == newest_first
    assert listed("--status", "failed") == newest_first[:2]
    assert listed("--service", "good") == newest_first[2:]
    assert listed("--event-type", "good", "--status", "failed") == []
    assert listed("--since", "1h") == newest_first
    assert listed("--since", bad[0]["datetime"]) == newest_first[:2]
    assert listed("--since", "2099-01-01T00:00:00Z") == []
    table = rows(running.fxctl("executions", "--status", "completed"))
    assert [(r["ID"], r["SERVICE"], r["EVENT TYPE"]) for r in table] == [
        (id, "good", "good") for id in newest_first[2:]]

    page = running.run_fxctl("executions", "--limit", "2")
    assert [r["ID"] for r in rows(page.stdout)] == newest_first[:2]
    after = re.search(r"--after (\S+)", page.stderr)[1]
    rest = answer(running.run_fxctl("executions", "--after", after, "--limit", "1000", "--json"))
    assert [e["execution_id"] for e in rest["executions"]] == newest_first[2:]
    assert rest["next"] is None


def test_status_with_a_dispatcher(running):
    follow(running, "good")
    follow(running, "bad")
    status = json.loads(running.status("--json"))
    assert status["dispatcher"] == {"alive": True, "pid": running.dispatcher.pid}
    assert status["events"]["waiting"] == 0
    assert status["executions"] == {
        "pending": 0, "in_progress": 0, "completed": 1, "failed": 1, "skipped": 0}
    assert {t["service"]: t["ready"] for t in status["triggers"]} == {"good": True, "bad": True}
    text = running.status()
    assert f"alive, process {running.dispatcher.pid}" in text


# --- status ---

def test_status(home):
    apply(home)
    home.fxctl("trigger", "start", "order-mail")
    publish(home)
    status = json.loads(home.status("--json"))
    assert status["home"] == str(home.dir)
    assert status["dispatcher"] == {"alive": False, "pid": None}
    assert status["events"] == {"first": 1, "last": 1, "kept": 1, "routed": 0, "waiting": 1}
    assert set(status["executions"].values()) == {0} and status["at_least"] == []
    assert [t["service"] for t in status["triggers"]] == ["order-mail"]
    assert status["store"]["accepting"] is True
    assert 0 < status["store"]["used_bytes"] < status["store"]["max_bytes"]
    text = home.status()
    assert str(home.dir) in text and "none runs" in text and "1 waiting" in text
    assert "order-mail" in text


def test_status_knows_who_holds_the_lock(home):
    lock = home.dir / "run/dispatcher.lock"
    with open(lock, "w+") as file:
        file.write(f"{os.getpid()}\n")
        file.flush()
        assert json.loads(home.status("--json"))["dispatcher"]["pid"] is None
        fcntl.fcntl(file, fcntl.F_OFD_SETLK, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))
        assert json.loads(home.status("--json"))["dispatcher"] == {
            "alive": True, "pid": os.getpid()}
        os.utime(lock, (0, 0))
        assert json.loads(home.status("--json"))["dispatcher"] == {
            "alive": False, "pid": os.getpid()}
        assert "has not shown itself lately" in home.status()
