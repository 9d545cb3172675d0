"""What a program can still do once it serves: a library that is loaded into it tries from inside."""
import os
import re
import shutil
import socket
import subprocess

import pytest

from harness import BUILD, PROJECT

FILES = {"write data.mdb", "append to data.mdb", "read fx.conf", "write fx.conf", "read secret.key",
         "write secret.key", "list scripts", "make a script", "wake the dispatcher",
         "read a file outside", "write a file outside"}
PROCESSES = {"make a process", "start a program", "signal its parent", "look into its parent"}

# What each of them needs, and so can do.
ALL = {"read fx.conf"}  # again, at SIGHUP
WRITES = ALL | {"wake the dispatcher"}
SEALS = WRITES | {"read secret.key", "list scripts"}
NEEDS = {
    "status": ALL,
    "events": SEALS,
    "pipelines": SEALS,
    "triggers": WRITES,
    "console": SEALS,
    "ops": ALL,
}


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    made = tmp_path_factory.mktemp("inside") / "inside.so"
    compiler = shutil.which(os.environ.get("CC", "cc")) or pytest.skip("there is no C compiler")
    subprocess.run([compiler, "-D_GNU_SOURCE", "-shared", "-fPIC", "-o", made,
                    PROJECT / "tests/lib/inside.c"], check=True)
    return made


def loaded(home, library):
    made = home.environment()
    return {**made, "LD_PRELOAD": str(library), "INSIDE_HOME": str(home.dir),
            "ASAN_OPTIONS": made["ASAN_OPTIONS"] + ":verify_asan_link_order=0"}


def told(text, program):
    """What was tried, and how it went."""
    found = dict(re.findall(rf"^inside {re.escape(program)}: ([^:]+): (.*)$", text, re.M))
    assert found.keys() == FILES | PROCESSES, text
    return found


def check(found, needs):
    for what, result in found.items():
        if what in needs:
            assert result == "done", (what, result)
        else:
            expected = "Permission denied" if what in FILES else "Operation not permitted"
            assert result == expected, (what, result)


@pytest.fixture(params=[0, 1], ids=["service", "on demand"])
def place(request, home):
    """A home in which a dispatcher listens, and where one is missing is started or not."""
    home.configure(dispatcher={"on_demand": request.param, "leave_seconds": 1})
    home.key()
    home.start_dispatcher()
    return home


@pytest.mark.parametrize("program", NEEDS)
def test_fastcgi(place, library, program):
    path = place.scratch / f"{program}.sock"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        served = subprocess.Popen([BUILD / f"cgi-bin/{program}.fcgi"], stdin=listening,
                                  stderr=subprocess.PIPE, env=loaded(place, library), text=True)
    with socket.socket(socket.AF_UNIX) as peer:
        # It serves when it takes this for what it is: nothing.
        peer.connect(str(path))
        peer.shutdown(socket.SHUT_WR)
        assert peer.recv(1) == b""
    served.terminate()
    _, text = served.communicate(timeout=60)
    assert served.returncode == 0, text
    check(told(text, f"{program}.fcgi"), NEEDS[program])


PATHS = {"status": "/fx/executions", "events": "/fx/events", "pipelines": "/api/v1/pipelines",
         "triggers": "/api/v1/events", "console": "/api/v1/admin/dead-letters", "ops": "/metrics"}


@pytest.mark.parametrize("program", NEEDS)
def test_cgi(place, library, program):
    method = "OPTIONS" if program == "events" else "GET"
    done = subprocess.run(
        [BUILD / f"cgi-bin/{program}.fcgi"], stdin=subprocess.DEVNULL, capture_output=True,
        text=True, timeout=60, env={
            **loaded(place, library), "REQUEST_METHOD": method, "SCRIPT_NAME": PATHS[program],
            "HTTP_X_API_KEY": place.key(), "REMOTE_ADDR": "127.0.0.1"})
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(("Status: 200", "Status: 204")), done.stdout
    check(told(done.stderr, f"{program}.fcgi"), NEEDS[program])


def test_fx_http(home, library):
    """It reads what names and certificates need; of the home, the settings."""
    home.start_dispatcher()
    done = subprocess.run([BUILD / "bin/fx-http", home.dir], stdin=subprocess.DEVNULL, text=True,
                          capture_output=True, env=loaded(home, library), timeout=60)
    assert done.returncode == 0, done.stderr
    check(told(done.stderr, "fx-http"), ALL | {"read a file outside"})


def test_a_key_that_is_replaced_can_be_read(place, library):
    """By a program that reads it: whatever takes the file's place."""
    (place.scratch / "key").write_bytes(os.urandom(32))
    os.replace(place.scratch / "key", place.dir / "secret.key")
    test_fastcgi(place, library, "events")
    test_fastcgi(place, library, "status")
