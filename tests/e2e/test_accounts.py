"""Programs, web server and steps under accounts of their own: who may connect, who reaches which
part of a split home, and that all of it works so."""
import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import accounts
import raw
from harness import BUILD, Home, until
from jobs import SH, completed

ROOT_LACKS = accounts.lacks()
pytestmark = pytest.mark.skipif(bool(ROOT_LACKS), reason=ROOT_LACKS or "")

OWNER, READER, STEPS, WEB, MATE = "own", "read", "step", "web", "mate"
CAPABILITIES = ",".join(f"+{name}" for name in (
    "setuid", "setgid", "kill", "chown", "fowner", "dac_override"))

# Tells what an account can do with files: a line each, the name of the error or "good".
PROBE = """
import errno, os, sys
def try_one(what, path):
    if what == "list":
        os.listdir(path)
    elif what == "make":
        os.close(os.open(path + "/probe", os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        os.unlink(path + "/probe")
    else:
        os.close(os.open(path, os.O_RDONLY if what == "read" else os.O_WRONLY))
for line in sys.stdin:
    what, path = line.rstrip("\\n").split(" ", 1)
    try:
        try_one(what, path)
        print("good")
    except OSError as e:
        print(errno.errorcode[e.errno])
"""


@pytest.fixture(scope="module")
def people():
    with accounts.Accounts(OWNER, READER, STEPS, WEB, MATE) as people:
        people.join(MATE, WEB)
        people.join(OWNER, READER)
        people.join(OWNER, STEPS)
        yield people


class Site(Home):
    """A home of the owner's, in a directory that all may pass. The programs are copied there."""

    def __init__(self, people):
        super().__init__(account=people.name(OWNER))
        self.people, self.started = people, []
        self.process = people.process(OWNER)
        self.place.chmod(0o755)
        self.mine = self.place / "programs"
        shutil.copytree(BUILD / "cgi-bin", self.mine)
        shutil.copytree(BUILD / "bin", self.mine, dirs_exist_ok=True)

    def split(self):
        self.fxctl("init", "--split", "--readers", self.people.name(READER), "--steps",
                   self.people.name(STEPS))

    def listen(self, name, word=None):
        """A held socket, as systemd holds one: by root, or by the account of this word."""
        path = self.place / f"{name}.sock"
        held = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        held.bind(str(path))
        path.chmod(0o666)
        if word:
            os.seteuid(self.people.uid(word))
        try:
            held.listen(64)
        finally:
            os.seteuid(0)
        return held, str(path)

    def run_web(self, name, word=OWNER, listener=None):
        """Runs a web program under the account of this word. The path of its socket."""
        held, path = self.listen(f"{name}-{len(self.started)}", listener)
        with held, open(self.place / "programs.log", "ab") as log:
            program = subprocess.Popen(
                [self.mine / f"{name}.fcgi"], stdin=held, stdout=log, stderr=log, umask=0o007,
                env=self.environment(), cwd="/", **self.people.process(word))
        self.started.append(program)
        return path

    def told(self):
        log = self.place / "programs.log"
        return log.read_text() if log.exists() else ""

    def ask(self, path, method, url, body=b"", word=None, **more):
        """A request as the account of this word, root else; the status, or None: refused."""
        given = raw.variables(method, url, body, HTTP_X_API_KEY=self.key(), **more)
        asker = ("import sys; sys.path.insert(0, sys.argv[1]); import ast, raw\n"
                 "try: out, ended = raw.request(sys.argv[2], ast.literal_eval(sys.argv[3]), "
                 "sys.stdin.buffer.read())\n"
                 "except (ConnectionResetError, BrokenPipeError): out = b''\n"
                 "sys.stdout.buffer.write(out)")
        library = self.place / "lib"
        if not library.exists():
            library.mkdir()
            shutil.copy(Path(raw.__file__), library)
        done = subprocess.run(["/usr/bin/python3", "-I", "-B", "-c", asker, library, path, repr(given)],
                              input=body, capture_output=True, timeout=60, cwd="/",
                              **(self.people.process(word) if word else {}))
        assert done.returncode == 0, done.stderr
        if not done.stdout:
            return None, None
        head, _, text = done.stdout.partition(b"\r\n\r\n")
        status = [line for line in head.split(b"\r\n") if line.startswith(b"Status:")]
        return int(status[0].split()[1]) if status else 200, text

    def close(self):
        for program in self.started:
            program.terminate()
            program.wait()
        super().close()


@pytest.fixture
def site(people):
    with Site(people) as site:
        yield site


# --- Who may connect ---

def test_strangers_are_refused_and_logged(site, people):
    path = site.run_web("status")
    assert site.ask(path, "GET", "/fx/executions")[0] == 200  # root
    assert site.ask(path, "GET", "/fx/executions", word=OWNER)[0] == 200
    assert site.ask(path, "GET", "/fx/executions", word=WEB)[0] is None
    assert f"refused a connection from another account ({people.uid(WEB)})" in site.told()
    assert "name it in fx.conf: peers of [web]" in site.told()


@pytest.mark.parametrize("named, word", [("account", WEB), ("group", MATE), ("number", WEB)])
def test_named_peer(site, people, named, word):
    """An account, or a group that it is of besides its first."""
    name = people.uid(WEB) if named == "number" else people.name(WEB)
    site.configure(web={"peers": f"root {name}"})
    path = site.run_web("status")
    assert site.ask(path, "GET", "/fx/executions", word=word)[0] == 200
    assert site.ask(path, "GET", "/fx/executions", word=STEPS)[0] is None


def test_member_of_the_programs_group(people):
    with accounts.Accounts("own2", "web2") as others, Site(people) as site:
        site.people = people
        subprocess.run(["usermod", "-aG", people.name(OWNER), others.name("web2")], check=True)
        path = site.run_web("status")
        site.people = others
        assert site.ask(path, "GET", "/fx/executions", word="web2")[0] == 200
        assert site.ask(path, "GET", "/fx/executions", word="own2")[0] is None
        site.people = people


def test_who_listens_may_connect(site):
    """As where a web server starts the program by suexec, and has made its socket."""
    path = site.run_web("status", listener=WEB)
    assert site.ask(path, "GET", "/fx/executions", word=WEB)[0] == 200
    assert site.ask(path, "GET", "/fx/executions", word=READER)[0] is None


def test_peer_that_is_nobody(site):
    site.configure(web={"peers": "no-such-account"})
    site.run_web("status")
    assert site.started[0].wait(60) == 100
    assert 'peers of [web]: there is no account and no group "no-such-account" here' in site.told()


# --- A split home ---

def probe(site, word, lines):
    done = subprocess.run(
        ["/usr/bin/python3", "-I", "-B", "-c", PROBE], cwd="/", text=True, capture_output=True,
        input="".join(f"{what} {site.dir / part}\n" for what, part in lines), timeout=60,
        **site.people.process(word))
    assert done.returncode == 0, done.stderr
    return dict(zip(lines, done.stdout.split()))


# What an account may (good) and may not: EACCES.
EVERYBODY_MUST_NOT = [("write", "db/data.mdb"), ("read", "secret.key"), ("write", "secret.key"),
                      ("make", "scripts"), ("make", "db"), ("make", "run"), ("make", ""),
                      ("write", "fx.conf"), ("write", "run/dispatcher.lock"), ("make", "uploads"),
                      ("list", "uploads"), ("list", "")]
MUST_NOT = {
    READER: EVERYBODY_MUST_NOT + [("list", "scripts"), ("list", "run/work"), ("make", "run/live")],
    STEPS: EVERYBODY_MUST_NOT + [("read", "db/data.mdb"), ("write", "db/lock.mdb"), ("list", "db"),
                                 ("write", "run/meters"), ("list", "log"), ("list", "run")],
    WEB: EVERYBODY_MUST_NOT + [("read", "db/data.mdb"), ("write", "db/lock.mdb"), ("list", "db"),
                               ("list", "scripts"), ("write", "run/meters"), ("list", "log")],
}
MAY = {
    READER: [("read", "db/data.mdb"), ("read", "fx.conf"), ("read", "run/dispatcher.lock"),
             ("list", "run/live"), ("make", "log"),
             # What docs/accounts.md says is not guarded.
             ("write", "db/lock.mdb"), ("write", "run/meters")],
    STEPS: [("list", "scripts")],
    WEB: [],
}


@pytest.mark.parametrize("word", [READER, STEPS, WEB])
def test_who_reaches_what(site, word):
    site.split()
    for part in ("db/data.mdb", "db/lock.mdb", "secret.key", "fx.conf", "run/meters"):
        assert (site.dir / part).exists(), "else its absence would pass for a refusal"
    lines = MUST_NOT[word] + MAY[word]
    assert probe(site, word, lines) == {
        **{line: "EACCES" for line in MUST_NOT[word]}, **{line: "good" for line in MAY[word]}}


def test_doctor_of_a_split_home(site):
    site.split()
    site.start_dispatcher()

    def look():
        done = site.run_fxctl("--json", "doctor")
        return done.returncode, [f for check in json.loads(done.stdout)["checks"]
                                 for f in check["findings"] if f["wrong"]]
    assert look() == (0, [])
    for part, mode in (("db", 0o2755), ("db/data.mdb", 0o660), ("run", 0o2771), ("secret.key", 0o640)):
        before = (site.dir / part).stat().st_mode & 0o7777
        (site.dir / part).chmod(mode)
        status, wrong = look()
        assert status == 1 and wrong[0]["file"] == str(site.dir / part), (part, wrong)
        subprocess.run(["sh", "-c", wrong[0]["mend"]], check=True, capture_output=True, timeout=60,
                       env={"PATH": f"{BUILD}/bin:/usr/bin:/bin"}, cwd="/", **site.process)
        assert look() == (0, []) and (site.dir / part).stat().st_mode & 0o7777 == before


def test_groups_that_are_missing(site):
    done = site.run_fxctl("init", "--split", "--readers", "no-such-group")
    assert done.returncode == 1
    assert 'there is no group "no-such-group"; make it' in done.stderr
    done = site.run_fxctl("init", "--readers", "no-such-group")
    assert done.returncode == 2 and "go with --split" in done.stderr


@pytest.mark.skipif(not shutil.which("setpriv"), reason="setpriv (util-linux) is not installed")
def test_all_of_it_works(site, people):
    """Writers, a reader and steps under accounts of their own: an event comes to its end."""
    site.configure(step={"user": people.name(STEPS)})
    site.split()
    with open(site.place / "dispatcher.log", "ab") as log:
        site.dispatcher = subprocess.Popen(
            ["setpriv", f"--reuid={people.name(OWNER)}", f"--regid={people.name(OWNER)}",
             "--init-groups", f"--inh-caps={CAPABILITIES}", f"--ambient-caps={CAPABILITIES}",
             site.mine / "fx-dispatcher", "--home", site.dir],
            env=site.environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/")
    until((site.dir / "run/wake").exists, what=lambda: (site.place / "dispatcher.log").read_text())
    script = site.write_script("who.sh", SH + "id -un; cat ../secret.key ../db/data.mdb | wc -c\n")
    os.chown(script, -1, people.gid(STEPS))
    definition = site.scratch / "who.json"
    definition.write_text(json.dumps({"name": "who", "steps": [{"name": "s", "script": "who.sh"}],
                                      "options": {"event": "order"}}))
    site.fxctl("pipeline", "apply", str(definition))
    site.fxctl("trigger", "start", "who")
    events, status = site.run_web("events"), site.run_web("status", word=READER)
    code, text = site.ask(events, "POST", "/fx/events", json.dumps(
        {"event_source": "s", "event_type": "order", "payload": {}}).encode())
    assert code == 200, (code, text, site.told())
    cid = json.loads(text)["cid"]

    def ended():
        code, text = site.ask(status, "GET", f"/fx/cid/{cid}", QUERY_STRING="wait=10")
        assert code == 200, (code, text, site.told())
        found = json.loads(text)["executions"]
        return found and found[0]["status"] in ("completed", "failed") and found[0]
    execution = until(ended, what="the execution ends")
    completed(execution)
    assert people.name(STEPS) in execution["steps"][0]["log"]
    assert "cannot use run/meters" not in site.told()
    # The reader's account alone cannot serve what writes.
    writer = site.run_web("events", word=READER)
    site.started[-1].wait(60)
    assert site.started[-1].returncode in (100, 111), site.told()
    assert writer
