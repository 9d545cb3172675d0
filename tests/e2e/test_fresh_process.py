"""Whatever starts a dispatcher, nothing of it is in what the dispatcher starts: no request, no
key, no odd signals, masks, limits, directories and descriptors."""
import os
import resource
import signal
import socket
import subprocess
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

import raw
from harness import BUILD, Home, command_of, end, read_proc, until
from jobs import SH, completed, gate, make, marked, parent_of, processes, runners, wait_for

GIB = 1 << 30

# What our programs may have in their environment, and sanitizers beside them.
OURS = {"PATH", "LANG", "TZ", "FX_HOME", "LD_LIBRARY_PATH", "LD_PRELOAD", "FX_INSTANCE",
        "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"}

TERM, INT, CHLD, HUP, PIPE = (1 << (number - 1) for number in (
    signal.SIGTERM, signal.SIGINT, signal.SIGCHLD, signal.SIGHUP, signal.SIGPIPE))
STANDARD = (1 << 31) - 1  # the C library uses two of the others itself


@contextmanager
def sink():
    """The URL of a server that says yes to everything."""
    class Yes(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Yes)
    threading.Thread(target=server.serve_forever).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()


# --- What a process is like ---

def environment_of(pid):
    words = read_proc(pid, "environ").decode().split("\0")
    return dict(word.split("=", 1) for word in words if word)


def status_of(pid):
    lines = read_proc(pid, "status").decode().splitlines()
    return dict(line.split(":\t", 1) for line in lines)


def signals(pid):
    status = status_of(pid)
    return {name: int(status[name], 16) & STANDARD for name in ("SigBlk", "SigIgn")}


def limits(pid):
    found = {}
    for line in read_proc(pid, "limits").decode().splitlines()[1:]:
        found[line[:26].strip()] = line[26:].split()[:2]
    return found


def descriptors(pid):
    return {int(fd): os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}


def one(name, pids):
    [pid] = [pid for pid in pids if f"/{name} " in command_of(pid)]
    return pid


@contextmanager
def running(home, start):
    """Has a pipeline at work: an HTTP step, then a script that waits. The processes by name."""
    home.configure(http={"allow": "127.0.0.0/8"}, dispatcher={"on_demand": 1, "leave_seconds": 1})
    mark = f"MARK-{home.place.name}"
    with sink() as url, gate(home) as (path, opened):
        make(home, {"http": {"url": url}},
             SH + f"cat /proc/self/limits\n{wait_for(path)}", env={"APP_MARK": mark})
        cid = start()
        step = until(lambda: [pid for pid in marked(mark) if parent_of(pid) in runners(home)],
                     what=lambda: f"the step runs\n{home.logs()}")[0]
        runner = parent_of(step)
        yield {"fx-dispatcher": parent_of(runner), "fx-runner": runner, "step": step,
               "fx-http": one("fx-http", [p for p in processes() if parent_of(p) == runner])}
        opened()
        completed(home.wait_cid(cid)[0])


def check(found):
    """Is each of them as if nobody had started it?"""
    for name, pid in found.items():
        names = set(environment_of(pid))
        if name != "step":
            assert names <= OURS, (name, names - OURS)
        expected = {"SigBlk": TERM | INT | CHLD | HUP if name == "fx-dispatcher" else 0,
                    "SigIgn": 0 if name == "step" else PIPE}
        # A shell blocks signals for the moment in which it starts a process.
        until(lambda: signals(pid) == expected, what=lambda: (name, signals(pid)))
        assert status_of(pid)["Umask"] == "0027", name
        cwd = os.readlink(f"/proc/{pid}/cwd")
        assert cwd.endswith("/scripts") if name == "step" else cwd == "/", name
        open_here = descriptors(pid)
        assert {0, 1, 2} <= set(open_here), (name, open_here)
        assert "/dev/null" in open_here[0] or name != "fx-dispatcher", open_here
        assert not any("inherited" in target for target in open_here.values()), (name, open_here)
        assert os.getsid(pid) == pid, name


# --- Where nothing is at rest ---

def test_nothing_of_a_request_is_left(home):
    """The key, the cookies and the address of a sender are in no environment; nor in memory that
    shows."""
    home.start("cgi")
    secrets = ["a-cookie-of-the-sender", "a-word-of-the-query", home.key()]

    def start():
        reply = home.post("/fx/events?note=" + secrets[1], {
            "event_source": "test", "event_type": "job", "payload": 1},
            headers=[("Cookie", secrets[0]), ("X-Anything", "a-header"),
                     ("Proxy-Authorization", "a-proxy")])
        assert reply.status == 200, reply
        return reply.json["cid"]

    with running(home, start) as found:
        check(found)
        for name, pid in found.items():
            text = read_proc(pid, "environ") + read_proc(pid, "cmdline")
            for word in [*secrets, "HTTP_", "REMOTE_ADDR", "QUERY_STRING", "a-header", "a-proxy",
                         "SERVER_", "SCRIPT_NAME", "GATEWAY_INTERFACE"]:
                assert word.encode() not in text, (name, word)
    until(lambda: not runners(home), what="it leaves")


# --- What a starter may have been like ---

def ignore(*numbers):
    for number in numbers:
        signal.signal(number, signal.SIG_IGN)


def every_signal():
    return set(range(1, 32)) - {signal.SIGKILL, signal.SIGSTOP}


def lower(**soft):
    for name, value in soft.items():
        kind = getattr(resource, f"RLIMIT_{name}")
        resource.setrlimit(kind, (value, resource.getrlimit(kind)[1]))


def in_a_directory_that_is_gone():
    path = f"/tmp/gone-{os.getpid()}"
    os.mkdir(path)
    os.chdir(path)
    os.rmdir(path)


def with_descriptors():
    for number in (3, 4, 7, 100):
        fd = os.memfd_create("inherited", 0)
        os.dup2(fd, number)


# Each is called in the new process before the program begins.
STATES = {
    "as usual": lambda: None,
    "SIGCHLD ignored": lambda: ignore(signal.SIGCHLD),
    "every signal ignored": lambda: ignore(*every_signal() - {signal.SIGHUP}),
    "every signal blocked": lambda: signal.pthread_sigmask(signal.SIG_BLOCK, every_signal()),
    "a umask that forbids all": lambda: os.umask(0o777),
    "no umask": lambda: os.umask(0),
    "in a directory that is gone": in_a_directory_that_is_gone,
    "with descriptors": with_descriptors,
    "no standard input": lambda: os.close(0),
    "no standard output": lambda: os.close(1),
    "no standard error": lambda: os.close(2),
    "nothing standard": lambda: os.closerange(0, 3),
    "all together": lambda: (ignore(*every_signal() - {signal.SIGHUP}), os.umask(0o777),
                             signal.pthread_sigmask(signal.SIG_BLOCK, every_signal()),
                             in_a_directory_that_is_gone(), with_descriptors(),
                             os.closerange(0, 3)),
}


def post_as_cgi(home, state):
    """Runs events as CGI in a process of that state. The cid."""
    body = b'{"event_source": "test", "event_type": "job", "payload": 1}'
    keeps = 0 if "standard" in state or state == "all together" else None
    request, reply = os.pipe()
    os.write(reply, body)
    os.close(reply)

    def prepare():
        if keeps is None:
            STATES[state]()
        elif state == "no standard error" or state == "all together":
            os.close(2)

    done = subprocess.run(
        [BUILD / "cgi-bin/events.fcgi"], stdin=request, stdout=subprocess.PIPE,
        preexec_fn=prepare, timeout=60, env={
            **home.environment(), "REQUEST_METHOD": "POST", "SCRIPT_NAME": "/fx/events",
            "CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": "application/json",
            "HTTP_X_API_KEY": home.key(), "REMOTE_ADDR": "127.0.0.1"})
    os.close(request)
    head, _, text = done.stdout.partition(b"\r\n\r\n")
    assert b'"cid"' in text, (head, text, home.logs())
    return text.split(b'"cid"')[1].split(b'"')[1].decode()


@pytest.mark.parametrize("state", STATES)
def test_summoned_in_a_state(home, state):
    """By a web server that is like this."""
    home.start()
    with running(home, lambda: post_as_cgi(home, state)) as found:
        check(found)
    until(lambda: not runners(home), what="it leaves")


@pytest.mark.parametrize("state", STATES)
def test_service_in_a_state(home, state):
    """By hand, by a supervisor or from cron. The data is whole: no file got a standard number."""
    home.start()
    service = subprocess.Popen(
        [BUILD / "bin/fx-dispatcher", "--home", home.dir], preexec_fn=STATES[state],
        env={**home.environment(), "HTTP_X_API_KEY": "a-key", "ODD": "x" * 1000},
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with running(home, lambda: home.post_event("job")["cid"]) as found:
            assert found.pop("fx-dispatcher") == service.pid
            check(found)
            assert signals(service.pid) == {"SigBlk": TERM | INT | CHLD | HUP, "SigIgn": PIPE}
            assert {0, 1, 2} <= set(descriptors(service.pid))
        service.send_signal(signal.SIGTERM)
        assert service.wait(60) == 0
        assert "does not answer" not in home.logs()
    finally:
        if service.poll() is None:
            end(service, signal.SIGKILL)
    assert home.status()


def test_nohup_is_heeded(home):
    """SIGHUP stays ignored where it was: whoever started it so wants it to outlive the terminal."""
    home.start()
    service = subprocess.Popen(
        [BUILD / "bin/fx-dispatcher", "--home", home.dir],
        preexec_fn=lambda: ignore(signal.SIGHUP), env=home.environment(),
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with running(home, lambda: home.post_event("job")["cid"]) as found:
            assert signals(service.pid)["SigIgn"] == PIPE | 1
            assert signals(found["fx-runner"])["SigIgn"] == PIPE
    finally:
        assert end(service) == 0


# --- Limits ---

LOWERED = {"CPU": 1000, "DATA": GIB, "AS": 8 * GIB, "FSIZE": GIB // 2, "NOFILE": 100}
NAMES = {"CPU": "Max cpu time", "DATA": "Max data size", "AS": "Max address space",
         "FSIZE": "Max file size", "NOFILE": "Max open files"}


@pytest.mark.skipif(os.environ.get("FX_BUILD", "").endswith(("asan", "tsan")),
                    reason="a sanitizer needs more address space than that")
def test_lowered_limits(home):
    """A web server may keep its programs short; what a dispatcher runs is not its program. Steps
    have the limits of fx.conf. Niceness and the like are as given."""
    home.configure(step={"memory_bytes": 0, "file_bytes": 0, "files": 77})
    home.start()
    before = {name: resource.getrlimit(getattr(resource, f"RLIMIT_{name}"))[1] for name in LOWERED}
    STATES["limits"] = lambda: (lower(**LOWERED), os.nice(5))
    try:
        with running(home, lambda: post_as_cgi(home, "limits")) as found:
            for name, pid in found.items():
                told = limits(pid)
                for kind, hard in before.items():
                    wanted = "unlimited" if hard == resource.RLIM_INFINITY else str(hard)
                    if kind == "NOFILE":
                        wanted = "77" if name == "step" else str(min(hard, 65536))
                    assert told[NAMES[kind]][0] == wanted, (name, kind, told)
                nice = read_proc(pid, "stat").rpartition(b")")[2].split()[16]
                assert int(nice) == min(os.nice(0) + 5, 19), name
    finally:
        del STATES["limits"]
    until(lambda: not runners(home), what="it leaves")


# --- Programs that a web server starts ---

@contextmanager
def program(home, name, prepare):
    """A FastCGI program as some web server starts it: its socket is descriptor 0."""
    path = str(home.dir / f"run/by-hand-{name}.sock")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen(64)
        started = subprocess.Popen(
            [BUILD / f"cgi-bin/{name}.fcgi"], stdin=listening, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, env=home.environment(), preexec_fn=prepare, **home.process)
        try:
            yield started, path
        finally:
            end(started, signal.SIGKILL)


def ask(home, path):
    given = raw.variables("GET", "/fx/executions", HTTP_X_API_KEY=home.key())
    return raw.send(path, raw.begin() + raw.stream(raw.PARAMS, raw.pairs(given)) +
                    raw.stream(raw.STDIN, b""))


FOR_PROGRAMS = [state for state in STATES if state not in ("no standard input", "nothing standard",
                                                           "all together")]


@pytest.mark.parametrize("state", [*FOR_PROGRAMS, "SIGHUP ignored"])
@pytest.mark.parametrize("name", ["status", "events"])
def test_program_in_a_state(home, name, state):
    """It serves, hears of SIGHUP and ends in order."""
    states = {**STATES, "SIGHUP ignored": lambda: ignore(signal.SIGHUP)}
    home.configure(log={"to": "file"})
    log = home.dir / f"log/{name}.log"
    with program(home, name, states[state]) as (started, path):
        assert ask(home, path).startswith(b"Status: 200" if name == "status" else b"Status: 404")
        started.send_signal(signal.SIGHUP)
        until(lambda: "read again" in log.read_text(), what="SIGHUP is heeded")
        started.send_signal(signal.SIGTERM)
        assert started.wait(60) == 0


# --- No process may be started, and no thread ---

ONLY_ROOT_HAS_OTHERS = pytest.mark.skipif(
    os.geteuid() != 0, reason="the limit of one's own account is that of the tests as well")


@pytest.fixture
def poor():
    with Home(account="nobody" if os.geteuid() == 0 else None) as home:
        yield home


def no_process():
    lower(NPROC=0)


def give_processes(home, pid):
    """As the account of the process: to change the limits of others even root needs more."""
    subprocess.run(["prlimit", f"--pid={pid}", "--nproc=4096:"], check=True, **home.process)


@ONLY_ROOT_HAS_OTHERS
@pytest.mark.parametrize("served", [True, False])
@pytest.mark.parametrize("name", ["status", "events"])
def test_program_with_no_room_for_threads(poor, name, served):
    """It serves as soon as there is room, and can be stopped."""
    poor.configure(log={"to": "file"})
    poor.more_sanitizer = "detect_leaks=0:"  # which takes a process
    with program(poor, name, no_process) as (started, path):
        until(lambda: "cannot start a thread" in poor.logs(), what="it has tried")
        if served:
            give_processes(poor, started.pid)
            assert ask(poor, path)
        started.send_signal(signal.SIGTERM)
        assert started.wait(60) == 0


@ONLY_ROOT_HAS_OTHERS
def test_dispatcher_with_no_room_for_runners(poor):
    """Work waits, and is done in its first attempt once there is room."""
    poor.start()
    make(poor, SH)
    service = subprocess.Popen(
        [BUILD / "bin/fx-dispatcher", "--home", poor.dir], preexec_fn=no_process,
        env=poor.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=open(poor.dir / "log/dispatcher.log", "ab"), **poor.process)
    try:
        cid = poor.post_event("job")["cid"]
        until(lambda: "cannot start" in poor.logs(), what="it has tried")
        give_processes(poor, service.pid)
        assert completed(poor.wait_cid(cid)[0])["attempt"] == 1
    finally:
        assert end(service) == 0
