"""`make run`: what it does when one of its programs has ended."""
import contextlib
import os
import shutil
import signal
import subprocess

import pytest

from fronts import FRONTS, NAMES
from harness import BUILD, PROJECT, children_of, command_of, find_program, free_port, until

pytestmark = pytest.mark.skipif(BUILD.name != "build", reason="make run has the programs of build/")


NOTE = """#!/bin/sh
tr '\\0' '\\n' </proc/$$/cmdline >>{file}
exec {curl} "$@"
"""


@pytest.fixture
def arguments(home):
    """The file with all arguments that any curl gets, and the directory to look for curl in."""
    place = home.place / "bin"
    place.mkdir()
    file = home.place / "arguments"
    (place / "curl").write_text(NOTE.format(file=file, curl=shutil.which("curl")))
    (place / "curl").chmod(0o755)
    return file, place


@contextlib.contextmanager
def serve(home, *front, **environment):
    """A started `make run`: its process, and the file with what it has said."""
    said = home.place / "said"
    with open(said, "wb") as file:
        process = subprocess.Popen(
            [PROJECT / ".ci/serve", *front], stdin=subprocess.DEVNULL, stdout=file, stderr=file,
            env={**home.environment(), "HOME": str(home.place), "FX_PORT": str(free_port()),
                 **environment})
    try:
        until(lambda: "ready http" in said.read_text() or process.poll() is not None, timeout=60,
              what=said.read_text)
        assert process.poll() is None, said.read_text()
        yield process, said
    finally:
        process.terminate()
        process.wait()


@pytest.fixture
def running(home, arguments):
    with serve(home, PATH=f"{arguments[1]}:{os.environ['PATH']}") as started:
        yield started


def child(process, name):
    for pid in children_of(process.pid):
        if name in command_of(pid):
            return pid
    return None


@pytest.mark.parametrize("sig", [signal.SIGKILL, signal.SIGTERM])
def test_dispatcher_that_ends_is_started_again(running, sig):
    process, said = running
    for _ in range(2):
        old = child(process, "fx-dispatcher")
        os.kill(old, sig)
        until(lambda: child(process, "fx-dispatcher") not in (None, old),
              what="another dispatcher runs")
    assert said.read_text().count("it is started again") == 2
    assert process.poll() is None


def test_everything_ends_with_lighttpd(running):
    process, said = running
    os.kill(child(process, "lighttpd -D"), signal.SIGTERM)
    until(lambda: process.poll() is not None, what="run ends")
    assert process.returncode == 1
    assert "lighttpd has ended" in said.read_text()


def test_it_ends_at_once_when_asked(running):
    process, _ = running
    process.terminate()
    until(lambda: process.poll() is not None, what="run ends")
    assert process.returncode == 0


def test_no_key_among_arguments(home, arguments, running):
    """Anybody on the machine may read those of a process."""
    _, said = running
    file, _ = arguments
    key = (home.dir / "first.key").read_text().strip()
    assert key.startswith("fxk_") and "/api/v1/events/greet" in file.read_text()
    assert key not in file.read_text() + said.read_text()


def certificate(home):
    """Where a certificate and a key of one's own making lie, as the environment says it."""
    made = {"FX_TLS_CERTIFICATE": str(home.place / "tls.crt"), "FX_TLS_KEY": str(home.place / "tls.key")}
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=DNS:localhost,IP:127.0.0.1", "-out", made["FX_TLS_CERTIFICATE"],
                    "-keyout", made["FX_TLS_KEY"]], check=True, capture_output=True)
    return made


@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
@pytest.mark.parametrize("front", [*NAMES, "apache"])
def test_each_front(home, front, tls):
    """What it prints is pasted as it stands, and the event's execution completes."""
    lacks = FRONTS.get(front, FRONTS["apache-fcgid"]).lacks(find_program)
    if lacks:
        pytest.skip(f"{front} is left out: {lacks}")
    with serve(home, front, **(certificate(home) if tls else {})) as (process, said):
        pasted = said.read_text().partition("KEY=")
        commands = "".join(pasted[1:]).partition("Ctrl-C")[0]
        done = subprocess.run(["bash"], input=commands, capture_output=True, text=True, timeout=60)
        assert '"status":"completed"' in done.stdout, done
        assert ("https://" in commands) == tls
        process.terminate()
        assert process.wait() == 0, said.read_text()
    until(lambda: not home.processes(), what="nothing is left")


def test_a_front_that_is_none(home):
    done = subprocess.run([PROJECT / ".ci/serve", "iis"], capture_output=True, text=True,
                          env=home.environment(), timeout=60)
    assert done.returncode == 2 and "apache-proxy" in done.stderr
