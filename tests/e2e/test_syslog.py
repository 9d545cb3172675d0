"""[log] to = syslog: what each program sends to the system's log.

The programs run where /dev/log is a socket of the test: in a mount namespace of their own, whose
/dev has little else.
"""
import os
import re
import socket
import subprocess

import pytest

import harness
from harness import until

OPTIONS = ["--mount"] if os.geteuid() == 0 else ["--user", "--map-root-user", "--mount"]
DEVICES = "null zero random urandom tty fd"

# Starts what its arguments say, in its own place: no process stands between.
ENTER = """#!/bin/sh
exec unshare {options} sh -c '
    set -e
    mount -t tmpfs none {dev}
    for name in {devices}; do
        [ -L /dev/$name ] && {{ ln -s "$(readlink /dev/$name)" {dev}/$name; continue; }}
        : >{dev}/$name && mount --bind /dev/$name {dev}/$name
    done
    ln -s {log} {dev}/log
    mount --rbind {dev} /dev
    exec "$@"' sh {program} "$@"
"""

# facility daemon (3) and a severity (RFC 5424, 6.2.1), the time, the program and its process.
SENT = re.compile(rb"<(\d+)>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d ([\w.-]+)\[(\d+)\]: ([a-z]+): "
                  rb"(?:\[([0-9a-f-]{36})\] )?(.*)")
SEVERITIES = {"info": 6, "warning": 4, "error": 3, "fatal": 2}
DAEMON = 3 << 3


class System:
    """The system's log, as far as it has been read."""

    def __init__(self, path):
        self.path = path
        self.lines = []
        self.listen()

    def listen(self):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.path))
        self.path.chmod(0o666)

    def read(self):
        while True:
            try:
                data = self.socket.recv(1 << 16, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return self.lines
            assert len(data) < 2200 and not re.search(rb"[\0-\x1f\x7f]", data), data
            match = SENT.fullmatch(data)
            assert match, data
            priority, name, pid, level, asked, text = match.groups()
            assert int(priority) == DAEMON | SEVERITIES[level.decode()], data
            self.lines.append((name.decode(), int(pid), level.decode(), (asked or b"").decode(),
                               text.decode()))

    def find(self, **wanted):
        """The lines that have this."""
        names = ("name", "pid", "level", "asked", "text")
        return [line for line in self.read()
                if all(line[names.index(name)] == value for name, value in wanted.items())]


@pytest.fixture
def system(home, monkeypatch):
    """The system's log of a home whose programs log there."""
    if subprocess.run(["unshare", *OPTIONS, "true"], capture_output=True).returncode:
        pytest.skip("this machine allows no namespaces")
    place = System(home.scratch / "log")
    dev = home.scratch / "dev"
    dev.mkdir()

    def enter(program):
        made = home.scratch / "enter" / program.name
        made.parent.mkdir(exist_ok=True)
        made.write_text(ENTER.format(options=" ".join(OPTIONS), dev=dev, log=home.scratch / "log",
                                     devices=DEVICES, program=program))
        made.chmod(0o755)
        return made

    lighttpd = enter(harness.Path(harness.find_program("lighttpd")))
    monkeypatch.setenv("PATH", f"{lighttpd.parent}:{os.environ['PATH']}")
    enter(home.bin / "fx-dispatcher")
    (home.scratch / "enter/fxctl").symlink_to(home.bin / "fxctl")
    home.bin = home.scratch / "enter"
    home.configure(log={"to": "syslog"})
    yield place
    place.socket.close()


PROGRAMS = {"events": ("POST", "/fx/events"), "status": ("GET", "/fx/executions"),
            "triggers": ("GET", "/api/v1/events/x"), "pipelines": ("GET", "/api/v1/pipelines"),
            "console": ("GET", "/api/v1/admin/dead-letters"), "ops": ("GET", "/metrics")}


@pytest.mark.parametrize("serve", ["fastcgi", "cgi"])
def test_requests(home, system, serve):
    """One line each, with the program, its process, the level and the request."""
    home.start(serve)
    for name, (method, path) in PROGRAMS.items():
        reply = home.call(method, path, key="no key")
        assert reply.status == 401
        asked = reply.headers["X-Request-Id"]
        [line] = until(lambda: system.find(asked=asked), what=f"{name} has logged")
        assert (line[0], line[2]) == (name, "info") and line[4].startswith("401 ")
    programs = home.dir / "log/programs.log"
    assert not programs.exists() or "401" not in programs.read_text()


def test_level(home, system):
    home.configure(log={"level": "error"})
    home.start()
    assert home.get("/fx/executions", key="no key").status == 401
    home.stop()
    assert not [line for line in system.read() if line[2] not in ("error", "fatal")]


def test_dispatcher(home, system):
    home.start_dispatcher()
    lines = until(lambda: system.find(pid=home.dispatcher.pid), what="it logs")
    assert {line[0] for line in lines} == {"fx-dispatcher"}
    assert any("running for" in line[4] for line in lines)


def test_system_log_that_is_started_again(home, system):
    """Lines go to the one that listens, also from a program that gave up opening files."""
    home.start()
    first = home.get("/fx/executions", key="no key").headers["X-Request-Id"]
    until(lambda: system.find(asked=first), what="it has logged")
    system.socket.close()
    system.path.unlink()
    assert home.get("/fx/executions", key="no key").status == 401
    system.listen()
    second = home.get("/fx/executions", key="no key").headers["X-Request-Id"]
    until(lambda: system.find(asked=second), what="it logs there")


def test_without_a_log(home, system):
    """Where nobody takes the lines, everything works."""
    system.socket.close()
    system.path.unlink()
    home.start()
    home.post_event("any")
    assert home.get("/fx/executions", key="no key").status == 401
