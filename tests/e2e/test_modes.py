"""Where the dispatcher lives: on demand, started by a web program or by fxctl and leaving again,
and from cron. Never two at once, and at rest no process at all."""
import os
import signal
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import BUILD, command_of, end, is_running, until
from jobs import (OK, PYTHON, SH, completed, emit, executions_of, gate, make, marked, once, runners,
                  wait_for)


def dispatchers(home):
    return [pid for pid, command in home.processes().items() if "fx-dispatcher" in command]


def ours(home):
    """Every process of the home but the web server."""
    return {pid: command for pid, command in home.processes().items()
            if "lighttpd" not in command}


def holder(home):
    """The process that holds the lock, as fxctl sees it; None when there is none."""
    lock = home.dir / "run/dispatcher.lock"
    pid = int(lock.read_text() or 0) if lock.exists() else 0
    return pid if pid and is_running(pid) and pid in dispatchers(home) else None


def sockets(home):
    return [path.name for path in (home.dir / "run").iterdir() if path.is_socket()]


def wait_gone(home, timeout=20):
    until(lambda: not dispatchers(home) and not runners(home), timeout,
          lambda: f"the dispatcher has left: {home.processes()}\n{home.logs()}")
    assert not (home.dir / "run/wake").exists()


@pytest.fixture(params=["fastcgi", "cgi"])
def lazy(request, home):
    """A home whose dispatcher is started on demand and leaves after a second."""
    return on_demand(home, request.param)


@pytest.fixture
def lazy_cgi(home):
    return on_demand(home, "cgi")


def on_demand(home, serve):
    home.configure(dispatcher={"on_demand": 1, "leave_seconds": 1, "look_seconds": 1})
    home.start(serve)
    return home


def quick(home, **options):
    return make(home, OK, event="job", scale={"max": 4, "idle_timeout": 0.2}, **options)


# --- On demand ---

def test_started_by_a_web_program(lazy):
    quick(lazy)
    wait_gone(lazy)  # the trigger's start has summoned one
    completed(lazy.wait_cid(lazy.post_event("job")["cid"])[0])
    assert len(dispatchers(lazy)) == 1
    wait_gone(lazy)
    completed(lazy.wait_cid(lazy.post_event("job")["cid"])[0])
    wait_gone(lazy)


def test_started_by_fxctl(home):
    """With no web server anywhere."""
    home.configure(dispatcher={"on_demand": 1, "leave_seconds": 1})
    home.write_script("ok.sh", OK)
    home.fxctl("pipeline", "apply", "-", stdin='{"name": "one", "options": {"event": "job", '
               '"scale": {"idle_timeout": 0}}, "steps": [{"name": "do", "script": "ok.sh"}]}')
    home.fxctl("trigger", "start", "one")
    until(lambda: dispatchers(home), what="there is one")
    wait_gone(home)
    cid = home.fxctl("publish", "--type", "job", "{}").strip()
    assert "completed" in home.fxctl("cid", cid, "--wait", "20")
    wait_gone(home)
    execution = home.fxctl("pipeline", "run", "one").strip()
    until(lambda: "completed" in home.fxctl("execution", "show", execution), what="it has run")
    wait_gone(home)
    assert not home.processes()


def test_reading_starts_nothing(lazy):
    quick(lazy)
    cid = lazy.post_event("job")["cid"]
    lazy.wait_cid(cid)
    wait_gone(lazy)
    executions_of(lazy, cid)
    lazy.get("/fx/executions")
    lazy.get("/api/v1/pipelines/")
    lazy.get("/api/v1/events")
    lazy.status()
    lazy.fxctl("explain", cid)
    assert not dispatchers(lazy)


def test_not_unless_asked(home):
    home.start()
    quick(home)
    home.post_event("job")
    assert not dispatchers(home)


def test_belongs_to_nobody(lazy_cgi):
    """It is in a session of its own, holds nothing of who started it, and outlives the server."""
    with gate(lazy_cgi) as (path, opened):
        make(lazy_cgi, SH + wait_for(path), event="job")
        cid = lazy_cgi.post_event("job")["cid"]
        until(lambda: runners(lazy_cgi), what="it works")
        pid = holder(lazy_cgi)
        assert os.getsid(pid) not in (os.getsid(lazy_cgi.server.pid), os.getsid(0))
        fds = {int(fd): os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}
        assert fds[0] == "/dev/null" and fds[1] == "/dev/null"
        assert fds[2].endswith("/log/dispatcher.log")
        assert not [name for name in fds.values() if "pipe:" in name]
        lazy_cgi.stop()
        assert is_running(pid)
        opened()
    wait_gone(lazy_cgi)
    lazy_cgi.start("cgi")
    completed(lazy_cgi.wait_cid(cid)[0])


def test_nothing_runs_while_nothing_happens(lazy_cgi):
    """A home under load goes back to no process of ours at all."""
    mark = f"MARK-{lazy_cgi.place.name}"
    make(lazy_cgi, SH + "setsid sleep 1000 & exit 0\n", event="job", name="one",
         env={"APP_MARK": mark})  # default scale: its runners would stay for a minute
    make(lazy_cgi, OK, event="job", name="two", retry={"limit": 3, "delay": 0.1})
    with ThreadPoolExecutor(4) as pool:
        cids = list(pool.map(lambda n: lazy_cgi.post_event("job", n)["cid"], range(60)))
        for executions in pool.map(lazy_cgi.wait_cid, cids):
            assert sorted(completed(e)["service"] for e in executions) == ["one", "two"]
    until(lambda: not ours(lazy_cgi) and not marked(mark), 20,
          lambda: f"nothing is left: {ours(lazy_cgi)}")
    lazy_cgi.stop()
    assert not lazy_cgi.processes() and not sockets(lazy_cgi)


def test_stays_for_what_waits(lazy_cgi):
    """A retry that is due later keeps it, since nobody else would begin it."""
    make(lazy_cgi, SH + "[ $FX_ATTEMPT = 2 ]\n", event="job",
         retry={"limit": 1, "delay": 2.5, "max_delay": 2.5}, scale={"idle_timeout": 0})
    cid = lazy_cgi.post_event("job")["cid"]
    assert completed(lazy_cgi.wait_cid(cid)[0])["attempt"] == 2
    wait_gone(lazy_cgi)


def test_stays_for_warm_instances(lazy_cgi):
    pipeline = make(lazy_cgi, OK, event="job", scale={"min": 1, "max": 1})
    until(lambda: runners(lazy_cgi), what="a warm one")
    begun = time.monotonic()
    until(lambda: time.monotonic() - begun > 2.5, what="leave_seconds have passed")
    assert len(runners(lazy_cgi)) == 1
    assert lazy_cgi.delete(f"/api/v1/events/{pipeline}").status == 200
    wait_gone(lazy_cgi)


def test_killed_and_summoned_again(lazy):
    """Where one was killed its socket is still there; that keeps nobody from starting another."""
    with gate(lazy) as (path, opened):
        make(lazy, SH + wait_for(path), event="job", scale={"max": 1, "idle_timeout": 0})
        first = lazy.post_event("job")["cid"]
        until(lambda: runners(lazy), what="it works")
        pid = holder(lazy)
        os.kill(pid, signal.SIGKILL)
        until(lambda: not is_running(pid), what="it is gone")
        opened()
    begun = time.monotonic()
    until(lambda: time.monotonic() - begun > 1, what="a program tries once a second")
    second = lazy.post_event("job")["cid"]
    for cid in (first, second):
        completed(lazy.wait_cid(cid)[0])
    wait_gone(lazy)


@pytest.mark.parametrize("serve", ["fastcgi", "cgi"])
def test_burst_at_the_moment_of_leaving(home, serve):
    """Again and again as it is about to go, going or gone: nothing is lost, and nobody is needed to
    set it going again."""
    on_demand(home, serve)
    quick(home)
    for turn in range(8):
        pid = until(lambda: holder(home), what="there is one") if turn == 0 else holder(home)
        begun = time.monotonic()
        # Around the time when it goes, each turn at another moment of that.
        until(lambda: time.monotonic() - begun > 0.93 + turn * 0.02 or
              (pid and not is_running(pid)), what="it is about to go")
        with ThreadPoolExecutor(3) as pool:
            cids = list(pool.map(lambda n: home.post_event("job", n)["cid"], range(3)))
        for cid in cids:
            completed(home.wait_cid(cid, timeout=10)[0])
    wait_gone(home)


STUBBORN = PYTHON + """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
for line in sys.stdin:
    print('{{"ok": true}}', flush=True)
open({leaving!r}, "w").close()
time.sleep(1000)
"""


def test_work_while_a_script_does_not_want_to_end(home):
    """It keeps the dispatcher from leaving for a while; who comes meanwhile is served at once."""
    home.configure(dispatcher={"on_demand": 1, "leave_seconds": 1}, step={"grace_seconds": 4})
    home.start("cgi")
    leaving = home.scratch / "leaving"
    make(home, {"text": STUBBORN.format(leaving=str(leaving)), "options": {"persistent": True}},
         event="job", scale={"max": 2, "idle_timeout": 600})
    completed(home.wait_cid(home.post_event("job")["cid"])[0])
    stubborn = until(lambda: runners(home), what="its runner stays")
    until(leaving.exists, what="it is to leave")
    completed(home.wait_cid(home.post_event("job")["cid"])[0])
    assert set(stubborn) <= set(runners(home))
    wait_gone(home)


def test_never_two_at_once(lazy):
    """However many are summoned, and whoever is killed."""
    quick(lazy)
    stop = threading.Event()
    most = 0

    def watch():
        nonlocal most
        while not stop.is_set():
            both = working(lazy)
            if len(both) > 1 and not stop.wait(0.05):
                both &= working(lazy)  # not one that is just ending, nor a runner that begins
            most = max(most, len(both))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        cids = []
        for _ in range(6):
            with ThreadPoolExecutor(6) as pool:
                cids += pool.map(lambda n: lazy.post_event("job", n)["cid"], range(6))
            pid = holder(lazy)
            if pid:
                os.kill(pid, signal.SIGKILL)
        begun = time.monotonic()
        until(lambda: time.monotonic() - begun > 1, what="a program tries once a second")
        cids.append(lazy.post_event("job")["cid"])
        for cid in cids:
            completed(lazy.wait_cid(cid)[0])
    finally:
        stop.set()
        watcher.join()
    assert most == 1
    assert all(len(executions_of(lazy, cid)) == 1 for cid in cids)
    wait_gone(lazy)


def working(home):
    """The dispatchers that have the store open."""
    return {pid for pid in dispatchers(home) if has_store_open(pid)}


def has_store_open(pid):
    try:
        names = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
    except OSError:
        return False
    return any(name.endswith("data.mdb") for name in names)


def test_beside_a_service(home):
    """Where one runs as a service nobody else is started."""
    on_demand(home, "fastcgi")
    home.start_dispatcher()
    quick(home)
    for _ in range(5):
        completed(home.wait_cid(home.post_event("job")["cid"])[0])
    assert dispatchers(home) == [home.dispatcher.pid]
    begun = time.monotonic()
    until(lambda: time.monotonic() - begun > 1.5, what="leave_seconds have passed")
    assert home.dispatcher.poll() is None  # the service stays


def test_no_dispatcher_to_be_found(home):
    """What is accepted stays accepted."""
    with_copy = home.dir / "alone"
    with_copy.mkdir()
    (with_copy / "fxctl").write_bytes((BUILD / "bin/fxctl").read_bytes())
    (with_copy / "fxctl").chmod(0o755)
    home.configure(dispatcher={"on_demand": 1, "leave_seconds": 1})
    words = ["--home", home.dir, "publish", "--type", "job", "{}"]
    done = subprocess.run([with_copy / "fxctl", *words], env=home.environment(),
                          capture_output=True, text=True, timeout=20)
    assert done.returncode == 0 and done.stdout.strip()
    assert "cannot find fx-dispatcher" in done.stderr


# --- From cron ---

def test_once(home):
    """Works off what waits, all that follows from it too, and leaves nothing."""
    home.start()
    mark = f"MARK-{home.place.name}"
    make(home, emit("after") + "setsid sleep 1000 &\n", event="job", name="first",
         env={"APP_MARK": mark})
    make(home, OK, event="after", name="second")
    make(home, SH + "exit 1\n", event="job", name="later",
         retry={"limit": 3, "delay": 86400, "max_delay": 86400})
    cids = [home.post_event("job", n)["cid"] for n in range(20)]
    done = once(home)
    assert done.returncode == 0, done.stderr
    assert not marked(mark) and not runners(home) and not dispatchers(home)
    for cid in cids:
        found = {e["service"]: e["status"] for e in executions_of(home, cid)}
        assert found == {"first": "completed", "second": "completed", "later": "pending"}


def test_once_with_nothing_to_do(home):
    begun = time.monotonic()
    assert once(home).returncode == 0
    assert time.monotonic() - begun < 10


def test_once_keeps_no_instance(home):
    """Where a trigger wants one at all times, too: nothing waits, so no runner is started."""
    home.start()
    make(home, OK, event="job", scale={"min": 1, "max": 1})
    place = home.dir / "beside"
    place.mkdir()
    (place / "fx-dispatcher").write_bytes((BUILD / "bin/fx-dispatcher").read_bytes())
    (place / "fx-runner").write_text(f"#!/bin/sh\necho started >>{place}/started\n")
    for name in ("fx-dispatcher", "fx-runner"):
        (place / name).chmod(0o755)
    done = subprocess.run([place / "fx-dispatcher", "--home", home.dir, "--once"],
                          env=home.environment(), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert not (place / "started").exists()


def test_once_at_most_so_long(home):
    """Starts nothing new after that; what runs may end, and the rest is for the next."""
    home.start()
    make(home, SH + "sleep 0.3\n", event="job", scale={"max": 1})
    cids = [home.post_event("job", n)["cid"] for n in range(15)]
    begun = time.monotonic()
    done = once(home, "--max-seconds", "1")
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - begun < 10
    statuses = [executions_of(home, cid)[0]["status"] for cid in cids]
    ran = statuses.count("completed")
    assert 0 < ran < 15 and statuses == ["completed"] * ran + ["pending"] * (15 - ran)
    while "pending" in [executions_of(home, cid)[0]["status"] for cid in cids]:
        assert once(home, "--max-seconds", "2").returncode == 0
    assert [completed(executions_of(home, cid)[0])["attempt"] for cid in cids] == [1] * 15


def test_once_while_another_runs(live):
    """Succeeds at once, and says nothing: cron would send a mail."""
    begun = time.monotonic()
    done = once(live)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert time.monotonic() - begun < 10
    assert live.dispatcher.poll() is None
    make(live, OK, event="job")
    completed(live.wait_cid(live.post_event("job")["cid"])[0])


def test_once_after_once(home):
    """Every minute, one that takes longer than that: the work is shared out, none is done twice."""
    home.start()
    make(home, SH + "sleep 0.05\n", event="job", scale={"max": 2})
    cids = [home.post_event("job", n)["cid"] for n in range(20)]
    with ThreadPoolExecutor(4) as pool:
        for done in pool.map(lambda _: once(home), range(4)):
            assert done.returncode == 0, done.stderr
    for cid in cids:
        assert completed(executions_of(home, cid)[0])["attempt"] == 1


@pytest.mark.parametrize("arguments", [
    ["--max-seconds", "5"], ["--once", "--max-seconds", "0"], ["--once", "--max-seconds", "x"],
    ["--once", "--max-seconds"], ["--once", "--max-seconds", "86401"], ["--nonsense"], ["word"]])
def test_bad_command_line(home, arguments):
    done = subprocess.run([BUILD / "bin/fx-dispatcher", "--home", home.dir, *arguments],
                          env=home.environment(), capture_output=True, text=True, timeout=20)
    assert done.returncode == 2
    assert "usage: fx-dispatcher" in done.stderr


# --- As a service ---

def test_service_that_is_stopped_leaves_no_fifo(home):
    """Who sends a hint then finds nobody, not the FIFO of one that is gone."""
    home.start()
    home.start_dispatcher()
    quick(home)
    completed(home.wait_cid(home.post_event("job")["cid"])[0])
    assert home.stop_dispatcher() == 0
    assert not (home.dir / "run/wake").exists()
    home.stop()
    assert not home.processes() and not sockets(home)



def test_service_under_a_terminal(home):
    """Ctrl-C reaches the dispatcher alone: its runners end what they have begun."""
    home.start()
    with gate(home) as (path, opened):
        make(home, SH + wait_for(path), event="job")
        with open(home.dir / "log/dispatcher.log", "ab") as log:
            service = subprocess.Popen([BUILD / "bin/fx-dispatcher", "--home", home.dir],
                                       env=home.environment(), stdin=subprocess.DEVNULL, stdout=log,
                                       stderr=log, start_new_session=True)
        try:
            cid = home.post_event("job")["cid"]
            until(lambda: runners(home), what="it works")
            until(lambda: executions_of(home, cid)[0]["status"] == "in_progress", what="it runs")
            os.killpg(service.pid, signal.SIGINT)
            until(lambda: "stopping" in home.logs(), what="it says that it stops")
            assert "fx-dispatcher" in command_of(service.pid)
            opened()
            assert service.wait(20) == 0
        finally:
            if service.poll() is None:
                end(service, signal.SIGKILL)
    assert completed(executions_of(home, cid)[0])["attempt"] == 1
