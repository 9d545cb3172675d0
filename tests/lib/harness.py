"""harness - a home of its own for a test, with the real programs in it.

    with Home() as home:
        home.start("fastcgi")
        accepted = home.post_event("order.created", {"id": 1})
        home.wait_cid(accepted["cid"])

Everything is in a temporary directory and on a free port, so that tests run in
parallel and anywhere. Nothing here sleeps for a fixed time: `until` waits for
conditions. At its end a home makes sure that no process of it is left and that
no sanitizer had anything to say.

FX_BUILD chooses the build that is tested: a directory, relative to the project
(build by default, build/asan for the sanitizers).
"""
import contextlib
import http.client
import json
import os
import pwd
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
from collections import namedtuple
from pathlib import Path

import contract
from fronts import FRONTS

PROJECT = Path(__file__).resolve().parents[2]
BUILD = PROJECT / os.environ.get("FX_BUILD", "build")

SCOPES = ("events", "status", "pipelines", "triggers", "admin")
FINAL = ("completed", "failed", "skipped")

START_TIMEOUT = 30
STOP_TIMEOUT = 60

ANY = object()  # "the key that may do everything"


def until(condition, timeout=20, what=None):
    """Waits until the condition holds and returns what it returned.

    `what` says what is waited for: text, or a function that makes it.
    """
    deadline = time.monotonic() + timeout
    pause = 0.001
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"after {timeout} s not: {what() if callable(what) else what}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def find_program(name):
    """The path of a program of the system: servers are outside of an ordinary user's PATH."""
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin")


class Reply:
    """An HTTP reply: status, headers (a message that ignores case) and body (bytes)."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {self.body[:500]!r}>"


def read_reply(connection, method="GET"):
    reply = http.client.HTTPResponse(connection, method=method)
    reply.begin()
    return Reply(reply.status, reply.headers, reply.read())


class Credential:
    """An API key or a webhook secret: its id, and the token or the secret itself."""

    def __init__(self, kind, made):
        self.is_key = kind == "key"
        self.id = made["id"]
        self.token = made["token" if self.is_key else "secret"]


def option_words(options):
    """{"scope": "events"} as words of a command line. An option that is None is left out, one that
    is True stands alone."""
    return [word for name, value in options.items() if value is not None
            for word in (f"--{name.replace('_', '-')}", *([] if value is True else [str(value)]))]


class Home:
    keeps_contract = True  # every reply is as schema/openapi.yaml says

    def __init__(self, account=None, where=None):
        """`account`: whom the home belongs to and its programs run as; a test of root's may say.

        `where`: the directory it is made in; else the one for what is temporary.
        """
        self.process = {}  # what makes a process one of that account
        if account:
            user = pwd.getpwnam(account)
            self.process = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        self.place = Path(tempfile.mkdtemp(prefix="fx-", dir=where))
        self.dir = self.place / "home"
        self.scratch = self.place / "scratch"  # where steps and tests may meet
        self.port = None
        self.base = ""  # what stands in front of the paths of all requests
        self.server = None
        self.serve = None  # the front end that serves, a name of fronts.FRONTS
        self.holder = None  # fx-holder, where the front end starts no programs
        self.dispatcher = None
        self.sessions = set()  # of what was started here, as far as it runs (processes)
        self.bin = BUILD / "bin"
        self.cgi_bin = BUILD / "cgi-bin"
        self._keys = {}
        self.secrets = set()  # given out by this home: no reply may hold any of them
        self.more_environment = {}  # of its programs
        self.more_sanitizer = ""
        self.dir.mkdir(0o770)
        self.scratch.mkdir()
        if account:
            for path in (self.place, self.dir, self.scratch):
                os.chown(path, user.pw_uid, user.pw_gid)
        try:
            self.fxctl("init")
        except BaseException:
            shutil.rmtree(self.place)
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def configure(self, **sections):
        """Appends to fx.conf: configure(web={"threads": 4}). Programs read it when they start."""
        with open(self.dir / "fx.conf", "a") as conf:
            for section, settings in sections.items():
                conf.write(f"\n[{section}]\n")
                conf.writelines(f"{key} = {value}\n" for key, value in settings.items())

    # --- Programs ---

    def spawn(self, command, environment, log, umask=0o007):
        """Starts a server of the home, which writes into log/. It has a session of its own, by which
        whatever it starts is known when it has ended itself."""
        with open(self.dir / "log" / log, "ab") as out:
            process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                umask=umask, start_new_session=True, **self.process)
        self.sessions.add(process.pid)
        return process

    def environment(self):
        reports = f"halt_on_error=1:print_stacktrace=1:log_path={self.dir}/log/sanitizer"
        return {
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "FX_HOME": str(self.dir),
            "ASAN_OPTIONS": f"detect_leaks=1:{self.more_sanitizer}{reports}",
            "UBSAN_OPTIONS": reports,
            "TSAN_OPTIONS": reports,
            **self.more_environment,
        }

    def run_fxctl(self, *arguments, stdin=None):
        """Runs fxctl; the finished process with its output as text."""
        return subprocess.run(
            [self.bin / "fxctl", "--home", self.dir, *arguments], env=self.environment(),
            input=stdin, capture_output=True, text=True, timeout=60, **self.process)

    def run(self, command, environment, text):
        """Runs a program of ours with this text as its input; the finished process."""
        return subprocess.run(command, env={**self.environment(), **environment}, input=text,
                              capture_output=True, text=True, timeout=60, **self.process)

    def fxctl(self, *arguments, stdin=None):
        """Runs fxctl, which must succeed. Returns the standard output."""
        done = self.run_fxctl(*arguments, stdin=stdin)
        assert done.returncode == 0, f"fxctl {arguments}: {done.returncode}: {done.stderr}"
        return done.stdout

    def status(self, *arguments):
        """What fxctl tells of the home, good or bad."""
        done = self.run_fxctl("status", *arguments)
        assert done.returncode in (0, 1), done
        return done.stdout

    def start(self, serve="fastcgi"):
        """Starts a front end with the shipped configuration and waits until it answers."""
        self.serve = serve
        self.key()  # made now, so that no test sees it being stored
        if FRONTS[serve].held and not self.holder:
            self.start_holder()
        deadline = time.monotonic() + START_TIMEOUT
        while not self._try_start(FRONTS[serve]):
            assert time.monotonic() < deadline, f"{serve} does not start:\n{self.logs()}"

    def _try_start(self, front):
        """False when the server ended at once: somebody else took the port meanwhile."""
        self.port = free_port()
        environment = {
            **self.environment(),
            "FX_PORT": str(self.port),
            "FX_CGI_BIN": str(self.cgi_bin),
        }
        program, *words = front.start
        self.server = self.spawn([PROJECT / program, *words], environment, "start.log")
        until(lambda: self.server.poll() is not None or self._answers(), START_TIMEOUT,
              lambda: f"{front.folder} answers\n{self.logs()}")
        return self.server.poll() is None

    def start_holder(self):
        """Starts fx-holder and waits until all programs run on their sockets."""
        self.holder = self.spawn([self.cgi_bin / "fx-holder"], self.environment(), "programs.log")
        until(lambda: self._holds(), START_TIMEOUT, lambda: f"fx-holder holds\n{self.logs()}")

    def _holds(self):
        assert self.holder.poll() is None, f"fx-holder has ended\n{self.logs()}"
        run = {command_of(pid).strip() for pid in children_of(self.holder.pid)}
        return all(str(program) in run for program in self.cgi_bin.glob("*.fcgi"))

    def _answers(self):
        try:
            return all(getattr(self.get(path, key=None), "status", None) == 404
                       for path in ("/fx/events/-/-", "/api/v1/events/-/-", "/api/v1/pipelines/-/-",
                                    "/api/v1/admin/-/-", "/health/-", "/-"))
        except (OSError, http.client.HTTPException):
            # A connection to a port where nobody listens yet may come to be one with itself.
            return False

    def stop(self):
        """Stops the server and waits until its programs have gone too."""
        for process in filter(None, (self.server, self.holder)):
            children = children_of(process.pid)
            end(process)
            until(lambda: not any(map(is_running, children)), STOP_TIMEOUT, "the programs end")
        until(lambda: not self.programs(), STOP_TIMEOUT, "no program is left")
        self.server = self.holder = None

    def kill(self):
        """Kills the server, its programs and the dispatcher at once, as a power cut would.

        All are waited for: a lighttpd that finds a program of the one before
        still listening takes it for one that somebody else keeps running.
        """
        until(lambda: not self._kill_all(), STOP_TIMEOUT, "everything is gone")
        for process in filter(None, (self.server, self.holder, self.dispatcher)):
            process.wait(STOP_TIMEOUT)
        self.server = self.holder = self.dispatcher = None

    def _kill_all(self):
        """Kills what there is. What is started meanwhile, as for a CGI request, is left to the next."""
        found = self.processes()
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return found

    def kill_program(self, name, sig=signal.SIGKILL):
        """Kills a web program; whoever keeps it replaces it. A CGI process may have ended of itself."""
        found = self.programs(name)
        assert found or FRONTS[self.serve].is_cgi, f"there is no {name}: {self.processes()}"
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, sig)
            until(lambda: not is_running(pid), STOP_TIMEOUT, f"{name} ends")

    def programs(self, name=""):
        """The processes of this web program, or of all of them."""
        return [pid for pid, command in self.processes().items() if f"{name}.fcgi" in command]

    def start_dispatcher(self):
        """Starts fx-dispatcher and waits until it has its lock and listens."""
        assert not self.dispatcher
        self.dispatcher = self.spawn(
            [self.bin / "fx-dispatcher", "--home", self.dir], self.environment(), "dispatcher.log")
        until(self._dispatcher_listens, START_TIMEOUT, "the dispatcher listens")

    def _dispatcher_listens(self):
        assert self.dispatcher.poll() is None, f"the dispatcher ended:\n{self.logs()}"
        lock = self.dir / "run/dispatcher.lock"
        return (lock.exists() and lock.read_text().strip() == str(self.dispatcher.pid) and
                (self.dir / "run/wake").exists())

    def stop_dispatcher(self, sig=signal.SIGTERM):
        """Ends the dispatcher, in order or with another signal. Returns its exit status."""
        status = end(self.dispatcher, sig)
        self.dispatcher = None
        return status

    def kill_dispatcher(self):
        return self.stop_dispatcher(signal.SIGKILL)

    def write_script(self, name, text):
        """Writes an executable into the home's scripts."""
        path = self.dir / "scripts" / name
        path.write_text(text)
        path.chmod(0o750)
        if self.process:
            os.chown(path, self.process["user"], self.process["group"])
        return path

    # --- HTTP ---

    def connect(self, timeout=90, source="127.0.0.1"):
        return socket.create_connection(("127.0.0.1", self.port), timeout, (source, 0))

    def exchange(self, data, method="GET", source="127.0.0.1"):
        """Sends these bytes and reads one reply, which must be as the contract says.

        None when the server hung up without one. `source` is an address of this machine.
        """
        with self.connect(source=source) as connection:
            try:
                connection.sendall(data)
            except (BrokenPipeError, ConnectionResetError):
                pass  # refused before everything was sent: the reply says why
            try:
                reply = read_reply(connection, method)
            except (http.client.RemoteDisconnected, ConnectionResetError):
                return None
        if self.keeps_contract:
            self.check(data, reply)
        return reply

    def check(self, data, reply):
        """Is the reply to these bytes as the contract says, and says no more?"""
        contract.check_exchange(data.replace(b" " + self.base.encode(), b" ", 1), reply)
        if reply:
            contract.check_discreet(reply, self.secrets, [str(self.dir), str(PROJECT)])

    def request(self, method, path, body=None, headers=(), key=ANY, keep=False):
        """The bytes of a request, all of it exactly as given.

        `body` may be bytes, or a value that is sent as JSON. `headers` are
        pairs. `key` is a token; None sends none. A POST without a body says so
        with its length, 0 (RFC 9110, section 8.6), which lighttpd insists on.
        """
        lines = [f"{method} {self.base}{path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}"]
        names = {name.lower() for name, _ in headers}
        if key is not None:
            lines.append(f"X-API-KEY: {self.key() if key is ANY else key}")
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if ((body is not None or method == "POST") and
                not names & {"content-length", "transfer-encoding"}):
            lines.append(f"Content-Length: {len(body or b'')}")
        if body is not None and "content-type" not in names:
            lines.append("Content-Type: application/json")
        if not keep:
            lines.append("Connection: close")
        lines += [f"{name}: {value}" for name, value in headers]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + (body or b"")

    def call(self, method, path, body=None, headers=(), key=ANY):
        """Sends a request and returns the reply."""
        return self.exchange(self.request(method, path, body, headers, key), method)

    def get(self, path, **more):
        return self.call("GET", path, **more)

    def post(self, path, body=None, **more):
        return self.call("POST", path, body, **more)

    def put(self, path, body=None, **more):
        return self.call("PUT", path, body, **more)

    def delete(self, path, **more):
        return self.call("DELETE", path, **more)

    # --- What tests do often ---

    def new_key(self, *scopes, **options):
        """Makes a key; options are those of `fxctl key create`, such as expires="1s"."""
        return self._new("key", {"scope": ",".join(scopes), **options})

    def new_secret(self, provider="github", secret=None, **options):
        """Makes a webhook secret, of the sender's choice or our own; options as above."""
        given = {"secret-file": "-"} if secret is not None else {}
        return self._new("secret", {"provider": provider, **given, **options}, secret)

    def rotate(self, credential, secret=None, until=None):
        """A new token or secret; the old one is good `until`."""
        kind = "key" if credential.is_key else "secret"
        given = {"secret-file": "-"} if secret is not None else {}
        words = option_words({**given, "until": until})
        return self._made(kind, self.fxctl(kind, "rotate", credential.id, "--json", *words,
                                           stdin=secret))

    def revoke(self, credential):
        self.fxctl("key" if credential.is_key else "secret", "revoke", credential.id)

    def _new(self, kind, options, stdin=None):
        words = option_words({"name": "test", **options})
        return self._made(kind, self.fxctl(kind, "create", "--json", *words, stdin=stdin))

    def _made(self, kind, text):
        credential = Credential(kind, json.loads(text))
        self.secrets.add(credential.token)
        return credential

    def key(self, *scopes):
        """The token of a key with these scopes (all of them by default), made once."""
        scopes = scopes or SCOPES
        if scopes not in self._keys:
            self._keys[scopes] = self.new_key(*scopes).token
        return self._keys[scopes]

    def post_event(self, event_type, payload=None, source="test"):
        """Sends an event, which must be accepted. {"cid", "eventType"}"""
        reply = self.post("/fx/events", {
            "event_source": source, "event_type": event_type, "payload": payload})
        assert reply.status == 200, reply
        return reply.json

    def wait_cid(self, cid, timeout=30):
        """The executions of a cid once all of them are final and none is to come."""
        deadline = time.monotonic() + timeout
        while True:
            left = max(0.0, min(10.0, deadline - time.monotonic()))
            reply = self.get(f"/fx/cid/{cid}?wait={left:.3f}")
            assert reply.status == 200, reply
            executions = reply.json["executions"]
            if executions and all(e["status"] in FINAL for e in executions):
                return executions + self._rest_of_cid(cid, reply.json)
            assert left, f"after {timeout} s still not final: {executions}\n{self.logs()}"

    def _rest_of_cid(self, cid, page):
        """The executions behind a page, which must be final, too."""
        rest = []
        while page.get("next"):
            page = self.get(f"/fx/cid/{cid}?after={page['next']}").json
            rest += page["executions"]
        assert all(e["status"] in FINAL for e in rest)
        return rest

    def create_pipeline(self, name, steps, **options):
        """Makes a pipeline. Returns its id."""
        reply = self.post("/api/v1/pipelines/", {"name": name, "steps": steps, "options": options})
        assert reply.status == 201, reply
        return reply.json["id"]

    def start_trigger(self, pipeline_id, ready=False):
        """Starts a trigger and, where a dispatcher runs, waits until it has taken it up."""
        reply = self.post(f"/api/v1/events/{pipeline_id}")
        assert reply.status == 200, reply
        if ready:
            until(lambda: self.get(f"/api/v1/events/{pipeline_id}").json["ready"],
                  what="the trigger is ready")

    def all_executions(self, path="/fx/executions", member="executions"):
        """Every execution there is in such a list, whole, newest first, page by page."""
        found, after = [], ""
        while after is not None:
            page = self.get(f"{path}?limit=1000&full=1{after}").json
            found += page[member]
            after = f"&after={page['next']}" if page["next"] else None
        return found

    # --- Looking behind the scenes ---

    def commits(self):
        """The number of the store's last commit: it stays the same while nothing is stored.

        LMDB keeps two copies of its head, in the first two pages; the larger
        number is the newer one.
        """
        with open(self.dir / "db/data.mdb", "rb") as data:
            head = data.read(1 << 17)
        page = struct.unpack_from("<I", head, 40)[0]
        assert struct.unpack_from("<I", head, 16)[0] == 0xBEEFC0DE
        return max(struct.unpack_from("<Q", head, at + 144)[0] for at in (0, page))

    def socket(self, program):
        """The FastCGI socket of a program."""
        number = "" if FRONTS[self.serve].held else "-0"  # lighttpd's own
        return str(self.dir / f"run/{program}.sock{number}")

    def logs(self):
        """The end of everything in log/."""
        parts = []
        for path in sorted((self.dir / "log").iterdir()):
            text = path.read_text(errors="replace")
            parts.append(f"--- {path.name}\n{text[-4000:]}")
        return "\n".join(parts)

    def processes(self):
        """All processes that have to do with this home, as {pid: command line}.

        Of most programs of ours an ordinary account sees neither the environment nor the open files
        (PR_SET_DUMPABLE). Who started a process, and its session, anybody may see: a session that
        is once known is so until it is empty, whoever of it has ended meanwhile.
        """
        table = running()
        started = with_descendants(
            {pid for pid, process in table.items() if process.session in self.sessions}, table)
        self.sessions = {table[pid].session for pid in started}
        named = {pid for pid in table
                 if pid != os.getpid() and belongs_to(pid, str(self.place))}
        return {pid: command_of(pid) for pid in started | with_descendants(named, table)}

    def sanitizer_reports(self):
        reports = [p.read_text(errors="replace") for p in (self.dir / "log").glob("sanitizer*")]
        # A notice of the leak checker, and no finding: a thread ended while it was looking.
        notice = re.compile(r"==\d+==Unable to get registers from thread \d+\.\n?")
        reports = [text for text in (notice.sub("", report) for report in reports) if text]
        # CGI programs do not get the options from lighttpd: theirs are on standard error.
        for name in ("programs.log", "dispatcher.log", "apache.log"):
            path = self.dir / "log" / name
            text = path.read_text(errors="replace") if path.exists() else ""
            if "Sanitizer" in text or "runtime error:" in text:
                reports.append(text[-8000:])
        return "\n".join(reports)

    def close(self):
        """Stops everything, removes the home, and fails when something was not in order."""
        try:
            if self.dispatcher:
                self.stop_dispatcher()
            self.stop()
            until(lambda: not self.processes(), STOP_TIMEOUT,
                  lambda: f"no process is left: {self.processes()}")
            reports = self.sanitizer_reports()
            assert not reports, reports
        finally:
            self._kill_all()
            shutil.rmtree(self.place, ignore_errors=True)


# --- Processes ---

def end(process, sig=signal.SIGTERM):
    process.send_signal(sig)
    return process.wait(STOP_TIMEOUT)


def read_proc(pid, name):
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""


Process = namedtuple("Process", "state parent session")


def process_of(pid):
    """What anybody may know of a process; None: there is none, or it has ended."""
    fields = read_proc(pid, "stat").rpartition(b")")[2].split()
    if not fields or fields[0] in (b"Z", b"X"):
        return None
    return Process(fields[0], int(fields[1]), int(fields[3]))


def is_running(pid):
    return process_of(pid) is not None


def running():
    """All processes that run, as {pid: Process}."""
    found = {int(name): process_of(name) for name in os.listdir("/proc") if name.isdigit()}
    return {pid: process for pid, process in found.items() if process}


def with_descendants(pids, table):
    """These, their children, and so on."""
    found, more = set(pids), pids
    while more:
        more = {pid for pid, process in table.items() if process.parent in more} - found
        found |= more
    return found


def freeze(pid):
    """Stops the process until SIGCONT, and waits until none of its threads runs on."""
    os.kill(pid, signal.SIGSTOP)
    until(lambda: all(read_proc(pid, f"task/{task}/stat").rpartition(b")")[2].split()[:1] == [b"T"]
                      for task in os.listdir(f"/proc/{pid}/task")), what="the process has stopped")


def children_of(pid):
    found = []
    for other in filter(str.isdigit, os.listdir("/proc")):
        fields = read_proc(other, "stat").rpartition(b")")[2].split()
        if len(fields) > 1 and int(fields[1]) == pid:
            found.append(int(other))
    return found


def command_of(pid):
    return read_proc(pid, "cmdline").replace(b"\0", b" ").decode(errors="replace")


def belongs_to(pid, directory):
    """Was the process started for this directory, or does it hold anything open there?"""
    if not is_running(pid):
        return False
    if directory.encode() in read_proc(pid, "environ") + read_proc(pid, "cmdline"):
        return True
    links = [f"/proc/{pid}/cwd"]
    try:
        links += [f"/proc/{pid}/fd/{fd}" for fd in os.listdir(f"/proc/{pid}/fd")]
    except OSError:
        pass
    for link in links:
        try:
            if os.readlink(link).startswith(directory):
                return True
        except OSError:
            pass
    return False
