"""Words that fxctl does not know, and questions for help: what is meant, what to type next.

Nothing here may move the cursor of a terminal, whatever is typed, pasted or stored.
"""
import json
import os
import re
import subprocess

import pytest

from harness import BUILD
from jobs import OK, make, replace

DONE, NO, USAGE = 0, 1, 2


def run(*words):
    """Without a home; words may be bytes."""
    return subprocess.run([BUILD / "bin/fxctl", *words], capture_output=True, timeout=60,
                          env={"PATH": os.environ["PATH"], "FX_HOME": "/nonexistent"})


def meant(done):
    """The words that are proposed."""
    found = re.search(r"did you mean (.*?)\?", done.stderr.decode())
    return re.findall('"(.*?)"', found[1]) if found else []


@pytest.mark.parametrize("typed, expected", [
    ("pipelines", ["pipeline"]), ("Pipeline", ["pipeline"]), ("pipelin", ["pipeline"]),
    ("pipelines list", ["pipeline list"]), ("pipline apply f", ["pipeline apply"]),
    ("executoin show x", ["execution show"]), ("dead-letters", ["dead-letter"]),
    ("run", ["pipeline run"]), ("version", ["--version"]), ("statsu", ["status"]),
    ("pipeline aply f", ["pipeline apply"]), ("pipeline lst", ["pipeline list"]),
    ("key creat", ["key create"]), ("trigger strat x", ["trigger start"]),
    ("executions --limt 3", ["--limit"]), ("executions --LIMIT 3", ["--limit"]),
    ("-home x status", ["--home"]), ("status --jsn", ["--json"]), ("init -json", ["--json"]),
    ("executions --status complete", ["completed"]), ("executions --status Failed", ["failed"]),
    ("executions --status in-progress", ["in_progress"]),
    ("key create --name n --scope event", ["events"]),
    ("key create --name n --scope status,pipline,admin", ["pipelines"]),
    ("secret create --name n --provider githb", ["github"]),
    ("secret create --name n --provider GitLab", ["gitlab"]),
    ("verify --provider strip --secret-env A --body -", ["stripe"]),
    ("events --door webhok", ["webhook"]), ("events --door tikc", ["tick"]),
    ("xyzzy", []), ("k", []), ("pipeline xyzzy", []), ("executions --xyzzy", []),
    ("executions --status xyzzy", []), ("key create --name n --scope xyzzy", [])])
def test_did_you_mean(typed, expected):
    done = run(*typed.split())
    assert (done.returncode, done.stdout) == (USAGE, b""), done
    assert meant(done)[:1] == expected[:1]


HOSTILE = [
    b"\x1b[2Jpipeline", b"pipeline\x1b]0;title\x07", b"pipel\xffine", b"pipe\xe2\x80\xaeline",
    b"pipeline\nforged line", "pipelin\u00e9".encode(), b"\xc3", b"\xf0\x9f\x98", b"%s%n%x", b'"',
    b"pipeline" * 8000, b"x" * 255, b"x" * 256, b"x" * 257, b"x" * 258, b"\xc2\x9bpipeline"]


@pytest.mark.parametrize("word", HOSTILE, ids=lambda word: repr(word[:12]))
def test_hostile_words(word):
    """As a command, of a noun, as an option, as one of a list."""
    for words in ([word], [b"pipeline", word], [b"--" + word], [b"executions", b"--status", word],
                  [b"status", b"--" + word, word], [word, word], [b"help", word],
                  [b"key", b"create", b"--name", b"n", b"--scope", word + b"," + word]):
        done = run(*words)
        assert (done.returncode, done.stdout) == (USAGE, b""), done
        is_plain(done.stderr)


def is_plain(printed):
    text = printed.decode("utf-8")
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", text)
    assert "\nforged" not in text


NAMES = ["order-mail", "Order Mail", "\u00fcber-mail", "mail'; rm -rf ~", "-mail", "help"]


@pytest.fixture
def named(home):
    for name in NAMES:
        make(home_started(home), OK, name=name, event=None)
    return home


def home_started(home):
    if not home.server:
        home.start()
    return home


PIPELINE_COMMANDS = [["pipeline", "show"], ["pipeline", "delete"], ["pipeline", "run"],
                     ["trigger", "start"], ["trigger", "stop"], ["trigger", "status"]]


def test_names_of_pipelines(named):
    for typed, expected in [("order-mial", "order-mail"), ("ordermail", "order-mail"),
                            ("\u00dcber-mial", "\u00fcber-mail"), ("order", "order-mail")]:
        for command in [*PIPELINE_COMMANDS, ["dead-letter", "list", "--pipeline"]]:
            done = named.run_fxctl(*command, typed)
            assert (done.returncode, done.stdout) == (NO, "")
            assert f'no pipeline "{typed}"; did you mean "{expected}"' in done.stderr
    done = named.run_fxctl("executions", "--service", "order-mial")
    assert (done.returncode, done.stdout) == (DONE, "")
    assert 'There is no pipeline "order-mial"; did you mean "order-mail"' in done.stderr


def test_names_of_step_secrets(home):
    home.fxctl("step-secret", "set", "crm-token", stdin="a value")
    done = home.run_fxctl("step-secret", "delete", "crm-tokn")
    assert done.returncode == NO and 'did you mean "crm-token"?' in done.stderr
    assert "shows what there is" in home.run_fxctl("step-secret", "delete", "xyzzy").stderr


@pytest.mark.parametrize("word", HOSTILE, ids=lambda word: repr(word[:12]))
def test_hostile_names(home, word):
    make(home_started(home), OK, name="pipeline", event=None)
    for command in (["pipeline", "show"], ["trigger", "start"], ["executions", "--service"]):
        done = subprocess.run([BUILD / "bin/fxctl", "--home", home.dir, *command, word],
                              capture_output=True, env=home.environment(), timeout=60)
        assert done.returncode in (DONE, NO) and done.stdout == b""
        is_plain(done.stderr)


# --- help ---

@pytest.mark.parametrize("words, begins", [
    ("help", "usage: fxctl [--home DIR] [--json] COMMAND"),
    ("help pipeline", "usage: fxctl [--home DIR] [--json] pipeline COMMAND"),
    ("pipeline help", "usage: fxctl [--home DIR] [--json] pipeline COMMAND"),
    ("help pipeline apply", "usage: fxctl pipeline apply FILE"),
    ("pipeline help apply", "usage: fxctl pipeline apply FILE"),
    ("pipeline apply help", "usage: fxctl pipeline apply FILE"),
    ("pipeline apply -h", "usage: fxctl pipeline apply FILE"),
    ("pipeline apply --help", "usage: fxctl pipeline apply FILE"),
    ("--json pipeline apply help", "usage: fxctl pipeline apply FILE"),
    ("executions help", "usage: fxctl executions"), ("help executions", "usage: fxctl executions"),
    ("cid help", "usage: fxctl cid"), ("execution show help", "usage: fxctl execution show"),
    ("status help", "usage: fxctl status"), ("publish help", "usage: fxctl publish"),
    ("key list help", "usage: fxctl key list"), ("help help", "usage: fxctl [--home DIR]")])
def test_help(words, begins):
    done = run(*words.split())
    assert (done.returncode, done.stderr) == (DONE, b"")
    assert done.stdout.decode().startswith(begins)


def test_help_for_what_is_not_there():
    done = run("help", "pipelne")
    assert done.returncode == USAGE
    assert meant(done) == ["pipeline", "pause pipeline", "resume pipeline"]


def test_help_is_a_name_where_a_name_is_taken(named):
    """And where there is none of that name, it is said how to ask."""
    assert json.loads(named.fxctl("pipeline", "show", "help"))["name"] == "help"
    assert re.fullmatch("[0-9a-f-]{36}\n", named.fxctl("pipeline", "run", "help"))
    assert "not started" in named.run_fxctl("trigger", "stop", "help").stderr
    named.fxctl("pipeline", "delete", "help")
    done = named.run_fxctl("trigger", "start", "help")
    assert done.returncode == NO and "for help: fxctl help trigger start" in done.stderr


def test_help_is_a_file_behind_two_hyphens(home, tmp_path):
    (tmp_path / "help").write_text('{"name": "a", "steps": [{"name": "s", "publish": {"event_type": "t"}}]}')
    for word in (["--", "help"], ["./help"]):
        done = subprocess.run([BUILD / "bin/fxctl", "pipeline", "apply", *word], cwd=tmp_path,
                              env=home.environment(), capture_output=True, text=True, timeout=60)
        assert done.returncode == DONE and "Pipeline a is" in done.stderr


# --- what to do next ---

@pytest.mark.parametrize("name", NAMES)
def test_apply_says_what_to_do_next(home, name):
    """A command that does it when it is pasted, on the home that was named."""
    def definition(**options):
        return json.dumps({"name": name, "steps": [{"name": "s", "publish": {"event_type": "t"}}],
                           "options": options})

    def apply(**options):
        done = home.run_fxctl("pipeline", "apply", "-", stdin=definition(**options))
        assert done.returncode == DONE, done.stderr
        return done.stderr

    def paste(said):
        [command] = re.findall(r"^  (fxctl .*)$", said, re.M)
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60,
                              env={"PATH": f"{BUILD}/bin:{os.environ['PATH']}"})
        assert done.returncode == DONE, done.stderr
        return command, done.stderr

    command, said = paste(apply(event="a"))
    assert "trigger start" in command and "version 1" in said
    assert "fxctl" not in apply(event="a")
    said = apply(event="b")
    assert "still runs version 1" in said
    command, said = paste(said)
    assert "trigger start" in command and "version 2" in said
    said = apply()
    assert "neither an event nor a schedule" in said
    assert "trigger stop" in paste(said)[0]
    assert "pipeline run" in paste(apply())[0]
