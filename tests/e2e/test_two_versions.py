"""Programs of two versions share a home for a while: those that run when a version is installed in
the place of another, and those that are started from then on. Each two of them work together, or one
refuses with a sentence, and what it refused is done by the right one. No event is lost, and no
execution has failed for it."""
import http.server
import os
import shutil
import subprocess
import threading

import pytest

import before
from harness import BUILD, until
from jobs import OK, SH, completed, gate, make, runners, wait_for

OURS, THEIRS = b"frames=1\0", b"frames=2\0"


class Installed:
    """A folder that programs are installed into, one version over the other, as make install does."""

    def __init__(self, home, first):
        self.dir = home.scratch / "installed"
        home.keeps_contract = first == BUILD  # web programs of before had another
        home.bin, home.cgi_bin = self.dir / "bin", self.dir / "cgi-bin"
        home.bin.mkdir(parents=True)
        home.cgi_bin.mkdir()
        self.put(BUILD, *self.all())  # a web program that is new
        self.put(first, *self.all())

    @staticmethod
    def all():
        return [f"{folder}/{name}" for folder in ("bin", "cgi-bin") for name in sorted(os.listdir(BUILD / folder))]

    def put(self, version, *names):
        for name in names:
            if (version / name).exists():
                shutil.copy(version / name, self.dir / f"{name}.new")
                os.rename(self.dir / f"{name}.new", self.dir / name)


@pytest.fixture(scope="module")
def old():
    return before.programs()


@pytest.fixture
def home(home, old):
    """A home that the release before has made: it knows no settings of later ones."""
    shutil.rmtree(home.dir)
    subprocess.run([old / "bin/fxctl", "--home", home.dir, "init"], env=home.environment(), check=True,
                   capture_output=True)
    home.fxctl("init")  # tables that have come since: programs that only read need them
    return home


@pytest.fixture(scope="module")
def next_version(tmp_path_factory):
    """The programs of a version whose frames nobody else reads."""
    place = tmp_path_factory.mktemp("next")
    for folder in ("bin", "cgi-bin"):
        shutil.copytree(BUILD / folder, place / folder)
    for name in ("fx-dispatcher", "fx-runner", "fx-http"):
        program = place / "bin" / name
        data = program.read_bytes()
        assert data.count(OURS) >= 1, name
        program.write_bytes(data.replace(OURS, THEIRS))
    return place


RUN = ("bin/fx-dispatcher", "bin/fx-runner", "bin/fx-http")


def single(home, cid):
    """The one execution of an event."""
    [execution] = home.wait_cid(cid, 60)
    return completed(execution)


def tried_once(execution):
    assert execution["attempt"] == 1, execution
    return execution


@pytest.fixture
def receiver(home):
    """Takes calls of HTTP steps; its URL."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    home.configure(http={"allow": "127.0.0.0/8"})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def works(home, receiver):
    """An event comes in, its execution runs a script and a call, and is told of."""
    name = f"works-{len(home.all_executions())}"
    make(home, OK, {"name": "call", "http": {"url": receiver}}, event=name, name=name)
    execution = tried_once(single(home, home.post_event(name, {"a": 1})["cid"]))
    assert [step["status"] for step in execution["steps"]] == ["completed", "completed"]
    assert home.get(f"/fx/executions/{execution['execution_id']}/event").status == 200


# --- With the release before ---

def test_web_programs_before_the_dispatcher(home, old, receiver):
    """The web server still has the programs of the release before; all else is of this version."""
    installed = Installed(home, old)
    home.start()
    installed.put(BUILD, *installed.all())
    home.start_dispatcher()
    works(home, receiver)


def test_dispatcher_of_before(home, old, receiver):
    """It starts runners of this version, which make their calls with an fx-http of this one."""
    installed = Installed(home, old)
    home.start_dispatcher()
    installed.put(BUILD, *installed.all())
    home.start()
    works(home, receiver)
    assert runners(home)


def test_runner_of_before_that_goes_on(home, old, receiver):
    """One that has begun before starts an fx-http of this version."""
    installed = Installed(home, old)
    home.start_dispatcher()
    home.start()
    make(home, OK, {"name": "call", "http": {"url": receiver}, "when": [{"exact": {"source": "caller"}}]},
         event="job", scale={"max": 1, "idle_timeout": 3600})
    tried_once(single(home, home.post_event("job")["cid"]))
    [runner] = runners(home)
    installed.put(BUILD, *installed.all())
    tried_once(single(home, home.post_event("job", source="caller")["cid"]))
    assert runners(home) == [runner]


def test_runner_of_before_beside_this_dispatcher(home, old, receiver):
    """It refuses, the work waits, and is done when the runner is replaced."""
    installed = Installed(home, BUILD)
    installed.put(old, "bin/fx-runner", "bin/fx-http")
    home.start_dispatcher()
    home.start()
    make(home, OK, event="job")
    cid = home.post_event("job")["cid"]
    until(lambda: "could not begin" in home.logs(), what="it says so")
    installed.put(BUILD, "bin/fx-runner", "bin/fx-http")
    tried_once(single(home, cid))
    works(home, receiver)


def test_back_to_the_release_before(home, old, receiver):
    """A dispatcher of this version makes way for one of the release before."""
    installed = Installed(home, BUILD)
    home.start_dispatcher()
    home.start()
    installed.put(old, *installed.all())
    make(home, OK, event="job")
    tried_once(single(home, home.post_event("job")["cid"]))
    assert "makes way" in home.logs()
    works(home, receiver)


# --- With a version to come ---

def test_dispatcher_makes_way(home, next_version, receiver):
    """Its successor takes over in the same process; what runs meanwhile ends in order."""
    installed = Installed(home, BUILD)
    home.start_dispatcher()
    home.start()
    with gate(home) as (path, opened):
        make(home, SH + wait_for(path), event="long", scale={"max": 1})
        long = home.post_event("long")["cid"]
        until(lambda: runners(home), what="it runs")
        installed.put(next_version, *RUN)
        make(home, OK, event="job")
        cids = [home.post_event("job", n)["cid"] for n in range(20)]
        until(lambda: "makes way" in home.logs(), what="it makes way")
        assert "of another version (frames=1, and not frames=2); install all" in home.logs()
        opened()
        tried_once(single(home, long))
    for cid in cids:
        tried_once(single(home, cid))
    assert (home.dir / "run/dispatcher.lock").read_text().strip() == str(home.dispatcher.pid)
    works(home, receiver)


def test_told_to_stop_while_it_makes_way(home, next_version):
    """Nobody takes over then."""
    installed = Installed(home, BUILD)
    home.start_dispatcher()
    home.start()
    with gate(home) as (path, opened):
        make(home, SH + wait_for(path), event="long", scale={"max": 1})
        long = home.post_event("long")["cid"]
        until(lambda: runners(home), what="it runs")
        installed.put(next_version, *RUN)
        make(home, OK, event="job")
        home.post_event("job")
        until(lambda: "makes way" in home.logs(), what="it makes way")
        home.dispatcher.terminate()
        opened()
        assert home.dispatcher.wait(60) == 0
    home.dispatcher = None
    assert single(home, long)["status"] == "completed"


def test_half_installed(home, next_version):
    """The runner alone is of another version: the work waits, and is not tried for nothing."""
    installed = Installed(home, BUILD)
    installed.put(next_version, "bin/fx-runner")
    home.start_dispatcher()
    home.start()
    make(home, OK, event="job", scale={"min": 1, "max": 2})
    cids = [home.post_event("job", n)["cid"] for n in range(20)]
    until(lambda: home.logs().count("could not begin") > 3, what="it is tried again")
    installed.put(BUILD, "bin/fx-runner")
    for cid in cids:
        tried_once(single(home, cid))


def test_call_by_another_version(home, next_version, receiver):
    """The runner ends, and the next one tries again: nothing has failed."""
    installed = Installed(home, BUILD)
    installed.put(next_version, "bin/fx-http")
    home.start_dispatcher()
    home.start()
    make(home, {"name": "call", "http": {"url": receiver}}, event="job")
    cid = home.post_event("job")["cid"]
    until(lambda: "fx-http cannot begin" in home.logs(), what="it says so")
    installed.put(BUILD, "bin/fx-http")
    assert completed(single(home, cid))["attempt"] > 1
