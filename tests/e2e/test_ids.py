"""The ids that people type: whole, or their end; of the wrong kind; that fit several, up to 10,000."""
import json
import re
import subprocess

import pytest

from harness import BUILD, Home
from jobs import OK, make

DONE, NO, USAGE = 0, 1, 2
DIGITS = "1234abcd"
NEVER_ISSUED = "01900000-0000-7000-8000-00000000feed"

OF_EXECUTION = [["execution", "show"], ["execution", "event"], ["execution", "retry"],
                ["execution", "skip"], ["execution", "cancel"], ["dead-letter", "retry"]]
OF_CID = [["cid"], ["explain"], ["event", "show"], ["event", "show", "--payload"]]
OF_PIPELINE = [["pipeline", "show"], ["pipeline", "delete"], ["trigger", "start"]]


def fill(home, count):
    subprocess.run([BUILD / "tests/fill", home.dir, str(count), DIGITS], check=True, timeout=120,
                   env=home.environment())


@pytest.fixture(scope="module")
def site():
    """A home with one of each kind of thing, and nobody who runs anything."""
    with Home() as home:
        home.start()
        home.pipeline = make(home, OK, event="job", name="one")
        home.cid = home.post_event("job")["cid"]
        home.execution = home.fxctl("pipeline", "run", "one").strip()
        yield home


@pytest.mark.parametrize("length", [8, 9, 12, 13, 23, 35, 36])
@pytest.mark.parametrize("shape", [str, str.upper])
def test_end_of_an_id(site, length, shape):
    done = site.run_fxctl("execution", "show", "--", shape(site.execution[-length:]))
    assert done.returncode == DONE and site.execution in done.stdout
    for command in OF_CID:
        assert site.run_fxctl(*command, "--", shape(site.cid[-length:])).returncode == DONE
    for words in ["--json"], ["--wait", "0.01"]:
        assert site.run_fxctl("cid", *words, "--", site.cid[-length:]).returncode in (DONE, NO)


@pytest.mark.parametrize("command", OF_EXECUTION + OF_CID)
@pytest.mark.parametrize("word", ["", "1234567", "nonsense", "123g5678", "1" * 37, "%s%n%s%n", "1234 678",
                                  "\u0661" * 8, "one"])
def test_no_id_at_all(command, word):
    """Said before anything is opened. Events have numbers as well."""
    if command[0] == "event" and word.isdecimal() and word.isascii():
        return
    done = subprocess.run([BUILD / "bin/fxctl", "--home", "/nonexistent", *command, "--", word],
                          capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (USAGE, "") and "is no " in done.stderr


@pytest.mark.parametrize("command", OF_EXECUTION + OF_CID)
@pytest.mark.parametrize("word", [NEVER_ISSUED, NEVER_ISSUED[-8:], "-" * 8, "f" * 35])
def test_id_of_nothing(site, command, word):
    done = site.run_fxctl(*command, "--", word)
    assert (done.returncode, done.stdout) == (NO, "") and word in done.stderr
    assert "it is" not in done.stderr and len(done.stderr.splitlines()) == 1


def kinds(home):
    """An id of each kind, what it is called, and the command that takes it."""
    return {
        "execution": (home.execution, "an execution", f"fxctl execution show {home.execution}"),
        "cid": (home.cid, "a correlation id", f"fxctl cid {home.cid}"),
        "pipeline": (home.pipeline, "a pipeline", f"fxctl pipeline show {home.pipeline}"),
        "key": (home.new_key("events").id, "a key", "fxctl key list"),
        "secret": (home.new_secret("github").id, "a webhook secret", "fxctl secret list"),
    }


@pytest.mark.parametrize("commands, own", [
    (OF_EXECUTION, "execution"), (OF_CID, "cid"), (OF_PIPELINE, "pipeline")])
def test_id_of_another_kind(site, commands, own):
    """It is said what it is, and which command takes it."""
    for kind, (word, called, takes) in kinds(site).items():
        for command in commands if kind != own else []:
            done = site.run_fxctl(*command, word)
            assert (done.returncode, done.stdout) == (NO, ""), (command, kind, done)
            assert f"it is {called}: {takes}\n" in done.stderr


def test_end_of_another_kind(site):
    for word, command, takes in [(site.cid, ["execution", "show"], f"fxctl cid {site.cid}"),
                                 (site.execution, ["cid"], f"fxctl execution show {site.execution}")]:
        done = site.run_fxctl(*command, word[-8:])
        assert (done.returncode, done.stdout) == (NO, "") and takes in done.stderr


@pytest.mark.parametrize("command", OF_EXECUTION + OF_CID)
def test_end_of_two(home, command):
    """Both are named, and nothing is done to either."""
    fill(home, 2)
    before = home.fxctl("executions", "--json")
    done = home.run_fxctl(*command, DIGITS)
    assert (done.returncode, done.stdout) == (NO, "")
    named = re.findall(r"^  ([0-9a-f-]{36})$", done.stderr, re.M)
    assert len(named) == len(set(named)) == 2 and all(name.endswith(DIGITS) for name in named)
    assert home.fxctl("executions", "--json") == before
    assert home.run_fxctl("execution", "show", before.split('"')[5]).returncode in (DONE, NO)


def test_ten_thousand_alike(home):
    """Ten are named and the others counted; an older one is found whole only."""
    fill(home, 10001)
    for command in OF_EXECUTION + OF_CID:
        done = home.run_fxctl(*command, DIGITS)
        assert (done.returncode, done.stdout) == (NO, "")
        assert done.stderr.startswith("fxctl: 10000 of the newest 10000")
        assert len(re.findall(r"^  [0-9a-f-]{36}$", done.stderr, re.M)) == 10
        assert done.stderr.endswith("  and 9990 more\n")
    oldest = "019b76da-a800-7000-8000-00001234abcd"  # tests/lib/fill.c
    assert home.run_fxctl("execution", "show", oldest).returncode == DONE
    assert home.run_fxctl("execution", "show", oldest[1:]).returncode == NO


def test_many_executions_of_one_cid(live):
    """An end is looked for among cids, however many events one of them has."""
    make(live, "#!/bin/sh\nfor i in $(seq 100); do echo '{\"emit\":{\"event_type\":\"b\"}}' >&3; done\n",
         event="a", name="many")
    cid = live.post_event("a")["cid"]
    live.wait_cid(cid)
    assert live.run_fxctl("cid", cid[-8:]).returncode == DONE


# --- Keys and webhook secrets, which have names that need not be their own ---

KINDS = ["key", "secret"]


def new(home, kind, name):
    return home.new_key("events", name=name) if kind == "key" else home.new_secret("github", name=name)


def revoked(home, kind):
    return {row["id"] for row in json.loads(home.fxctl(kind, "list", "--json"))[f"{kind}s"]
            if row["state"] == "revoked"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("word_of", [
    lambda made: "shop", lambda made: made.id, lambda made: made.id[-8:], lambda made: made.id[-12:].upper()],
    ids=["name", "id", "end", "longer end"])
def test_credential_by(home, kind, word_of):
    """One that is good counts before those of its name that are revoked."""
    home.revoke(new(home, kind, "shop"))
    before = revoked(home, kind)
    made, other = new(home, kind, "shop"), new(home, kind, "shop 2")
    assert home.run_fxctl(kind, "rotate", word_of(made)).returncode == DONE
    assert home.run_fxctl(kind, "revoke", word_of(made)).returncode == DONE
    assert revoked(home, kind) == before | {made.id} and other.id not in revoked(home, kind)


@pytest.mark.parametrize("kind", KINDS)
def test_credentials_of_one_name(home, kind):
    made = [new(home, kind, "shop").id for _ in range(12)]
    for action in ("rotate", "revoke"):
        done = home.run_fxctl(kind, action, "shop")
        assert (done.returncode, done.stdout) == (NO, "")
        assert set(re.findall(r"^  ([0-9a-f-]{36})$", done.stderr, re.M)) < set(made)
        assert '"shop" stands for 12' in done.stderr and "and 2 more" in done.stderr
    assert revoked(home, kind) == set()


@pytest.mark.parametrize("kind", KINDS)
def test_no_such_credential(site, kind):
    """Nor is it one of the other kind."""
    other = "secret" if kind == "key" else "key"
    mine, theirs = new(site, kind, "order mail"), new(site, other, f"a {other} of theirs")
    for word, says in [("ordermail", 'did you mean "order mail"'), (f"a {other} of theirs", f"no {kind}"),
                       (theirs.id, f"fxctl {other} list"), (NEVER_ISSUED, f"no {kind}"), ("", f"no {kind}"),
                       (site.execution, f"fxctl execution show {site.execution}"),
                       ("\x1b[2J", f"no {kind}"), ("help", f"no {kind}")]:
        for action in ("rotate", "revoke"):
            done = site.run_fxctl(kind, action, word)
            assert (done.returncode, done.stdout) == (NO, ""), (word, done)
            assert says in done.stderr and "\x1b" not in done.stderr
    assert mine.id not in revoked(site, kind) and theirs.id not in revoked(site, other)
