"""What somebody has to mend first: a home that is not there, a wrong setting, a broken database.

A sender that is told to try again later goes on trying, so it is told so only where that helps. And
what is wrong is in a log that somebody finds, wherever standard error leads.
"""
import os
import shutil
import signal
import socket
import subprocess

import pytest

import raw
from harness import BUILD, Home, until

PROGRAMS = {
    "events": ("POST", "/fx/events"), "status": ("GET", "/fx/executions"),
    "pipelines": ("GET", "/api/v1/pipelines"), "triggers": ("GET", "/api/v1/events"),
    "console": ("GET", "/api/v1/admin/dead-letters")}


def no_home(home):
    home.more_environment["FX_HOME"] = str(home.place / "nowhere")


def home_is_a_file(home):
    home.more_environment["FX_HOME"] = str(home.dir / "fx.conf")


def unknown_setting(home):
    home.configure(web={"thread": 4})


def proxies_are_none(home):
    home.configure(web={"proxies": "not-an-address"})


def others_may_write(home):
    home.dir.chmod(0o777)


def damaged(home):
    data = home.dir / "db/data.mdb"
    data.write_bytes(b"\xff" * data.stat().st_size)


def may_not_read(home):
    (home.dir / "db/data.mdb").chmod(0)


FAULTS = {
    no_home: "there is no home at",
    home_is_a_file: "there is no home at",
    unknown_setting: "fx.conf, line",
    proxies_are_none: ": proxies of [web]: ",
    others_may_write: "can be written by",
    damaged: "is not usable",
    may_not_read: "may not open",
}


@pytest.fixture
def own():
    """A home of an account that is not root's, so that modes count."""
    with Home("nobody" if os.geteuid() == 0 else None) as made:
        made.place.chmod(0o755)
        yield made


def ask(home, program, method, path, **more):
    """Calls a program as plain CGI: its reply's head and body, and what it logged."""
    environment = {**home.environment(), **raw.variables(method, path)}
    done = subprocess.run([BUILD / f"cgi-bin/{program}.fcgi"], env=environment, text=True,
                          stdin=subprocess.DEVNULL, timeout=60, stdout=subprocess.PIPE,
                          **{"stderr": subprocess.PIPE, **home.process, **more})
    head, _, body = done.stdout.partition("\n\n")
    return head, body, done.stderr


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_nobody_is_told_to_try_again(own, fault):
    """Under plain CGI: the reply is a defect of the gateway, and the log names it."""
    fault(own)
    for program, (method, path) in PROGRAMS.items():
        head, body, log = ask(own, program, method, path)
        assert head.startswith("Status: 500 "), (program, head, log)
        assert "application/problem+json" in head and "Retry-After" not in head, (program, head)
        assert "its log says what" in body, (program, body)
        assert FAULTS[fault] in log, (program, log)


def being_put_back(home):
    """From a backup."""
    (home.dir / "db/data.mdb").rename(home.dir / "db/away")


def system_fails(home):
    """A file that can be opened, and is none."""
    (home.dir / "db/lock.mdb").unlink()
    (home.dir / "db/lock.mdb").mkdir()


@pytest.mark.parametrize("trouble", [being_put_back, system_fails], ids=lambda one: one.__name__)
def test_what_passes_is_to_be_tried_again(own, trouble):
    trouble(own)
    head, _, log = ask(own, "events", "POST", "/fx/events")
    assert head.startswith("Status: 503 ") and "Retry-After" in head, log


# --- Where the log is ---

def closed():
    os.close(2)


UNHEARD = {"null": {"stderr": subprocess.DEVNULL}, "closed": {"preexec_fn": closed}}


@pytest.mark.parametrize("unheard", UNHEARD)
def test_log_of_a_program_that_nobody_listens_to(home, unheard):
    """spawn-fcgi gives programs /dev/null for a standard error."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(home.dir / "run/spawned.sock"))
        listener.listen()
        program = subprocess.Popen([BUILD / "cgi-bin/events.fcgi"], stdin=listener,
                                   stdout=subprocess.DEVNULL, env=home.environment(),
                                   **UNHEARD[unheard])
        try:
            answered = raw.connect(str(home.dir / "run/spawned.sock"))
            answered.sendall(b"".join(raw.records(raw.variables("GET", "/nowhere"))))
            assert b"404" in raw.read_reply(answered)[0]  # it heeds signals by now
            program.send_signal(signal.SIGHUP)
            until(lambda: "the settings were read again" in log_of(home, "events"), what=home.logs)
        finally:
            program.terminate()
            program.wait()


def log_of(home, name):
    path = home.dir / f"log/{name}.log"
    return path.read_text() if path.exists() else ""


@pytest.mark.parametrize("unheard", UNHEARD)
def test_what_is_wrong_with_the_settings_is_found(home, unheard):
    """Though they would say where the log is. Cron's usual line throws standard error away."""
    unknown_setting(home)
    ask(home, "events", "POST", "/fx/events", **UNHEARD[unheard])
    assert "fx.conf, line" in log_of(home, "events")
    done = subprocess.run([BUILD / "bin/fx-dispatcher", "--home", home.dir, "--once"],
                          env=home.environment(), **UNHEARD[unheard], timeout=60)
    assert done.returncode == 100
    assert "fx.conf, line" in log_of(home, "dispatcher")


# --- Where programs find each other ---

def test_dispatcher_is_found_where_the_settings_say(home):
    """A program alone in a folder of a web server starts the dispatcher of a place of its own."""
    place, web = home.scratch / "programs", home.scratch / "web/api/v1"
    shutil.copytree(BUILD / "bin", place)
    web.mkdir(parents=True)
    shutil.copy(BUILD / "bin/fxctl", web)
    home.configure(dispatcher={"on_demand": 1, "leave_seconds": 1, "programs": place})
    done = subprocess.run([web / "fxctl", "--home", home.dir, "publish", "--type", "job", "{}"],
                          env=home.environment(), capture_output=True, text=True, timeout=20)
    assert done.returncode == 0 and "cannot find" not in done.stderr
    until(lambda: f"running for {home.dir}" in log_of(home, "dispatcher"), what=home.logs)
    until(lambda: not home.processes(), what="it leaves")


@pytest.mark.parametrize("folder", ["bin", "libexec/fxbridge"])
def test_runner_is_found(home, folder):
    """Beside the dispatcher, or where programs are that nobody calls."""
    root = home.scratch / "root"
    (root / "bin").mkdir(parents=True)
    (root / folder).mkdir(parents=True, exist_ok=True)
    shutil.copy(BUILD / "bin/fx-dispatcher", root / "bin")
    for name in ("fx-runner", "fx-http"):
        shutil.copy(BUILD / "bin" / name, root / folder)
    home.write_script("ok.sh", "#!/bin/sh\nexit 0\n")
    home.fxctl("pipeline", "apply", "-", stdin='{"name": "found", "steps": [{"name": "ok", '
               '"script": "ok.sh"}], "options": {"event": "job"}}')
    home.fxctl("trigger", "start", "found")
    home.fxctl("publish", "--type", "job", "{}")
    done = subprocess.run([root / "bin/fx-dispatcher", "--home", home.dir, "--once"],
                          env=home.environment(), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert '"completed"' in home.fxctl("--json", "executions"), done.stderr


def test_runner_that_is_nowhere(home):
    """The message has each place that was looked at."""
    root = home.scratch / "root/bin"
    root.mkdir(parents=True)
    shutil.copy(BUILD / "bin/fx-dispatcher", root)
    done = subprocess.run([root / "fx-dispatcher", "--home", home.dir, "--once"],
                          env=home.environment(), capture_output=True, text=True, timeout=60)
    assert done.returncode == 100
    assert "fx-runner" in done.stderr and "libexec/fxbridge" in done.stderr
    assert "programs in [dispatcher] of fx.conf" in done.stderr
