"""Each front end on its shipped files, started unchanged by an ordinary account: one event
through it, to the end of its execution."""
import json
import os
import re
import signal
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from fronts import FRONTS, NAMES
from harness import PROJECT, is_running, until

ACCOUNT = "nobody" if os.geteuid() == 0 else None


@pytest.mark.parametrize("name", NAMES)
def test_one_event(front, name):
    home = front(name, account=ACCOUNT)
    home.write_script("ok.sh", "#!/bin/sh\nexit 0\n")
    pipeline = home.create_pipeline("one", [{"name": "ok", "script": "ok.sh"}], event="order")
    home.start_trigger(pipeline, ready=True)
    [execution] = home.wait_cid(home.post_event("order", {"id": 1})["cid"])
    assert execution["status"] == "completed"


@pytest.mark.parametrize("way", ["with a length", "in chunks"])
@pytest.mark.parametrize("name", NAMES)
def test_more_than_the_server_takes(front, name, way):
    """A body beyond the server's own limit is refused. mod_fcgid would hand on an empty one."""
    home = front(name)
    body = b"x" * 28_000_000
    headers = []
    if way == "in chunks":
        headers = [("Transfer-Encoding", "chunked")]
        body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    reply = home.post("/fx/events/generic", body, headers=headers)
    assert reply is None or reply.status in (413, 500, 503), reply
    assert json.loads(home.status("--json"))["events"]["last"] == 0


PROGRAM_OF = {  # where a configuration says which program answers which paths
    "lighttpd/fastcgi.conf": r'"(/[^"]*)" => var\.(\w+),',
    "apache/aliases.conf": r'ScriptAlias "([^"]+)" ".*/(\w+)\.fcgi',
    "apache/proxy.conf": r'ProxyPass "([^"]+)" ".*/(\w+)\.sock',
    "nginx/server.conf": r"location (/\S*) .*/(\w+)\.sock",
}


@pytest.mark.parametrize("file", PROGRAM_OF)
def test_paths_are_of_the_same_programs(file):
    """Of the default front, what is not status's; the rest is by its last key."""
    def read(file):
        found = re.findall(PROGRAM_OF[file], (PROJECT / file).read_text())
        return {path: program for path, program in found if path == "/" or program != "status"}

    assert read(file) == read("lighttpd/fastcgi.conf") and len(read(file)) > 5


HELD = [name for name in NAMES if FRONTS[name].held]


@pytest.mark.parametrize("name", HELD)
def test_a_held_socket_outlives_programs(front, name):
    """fx-holder starts a program that ends again, and what came meanwhile is answered."""
    home = front(name)
    for sig in signal.SIGTERM, signal.SIGKILL:
        [before] = home.programs("events")
        home.kill_program("events", sig)
        home.post_event("order")
        assert before not in until(lambda: home.programs("events"), what="events runs")


@pytest.mark.parametrize("name", HELD)
def test_reload(front, name):
    """SIGHUP to fx-holder: other processes, and no request that was not answered."""
    home = front(name)
    before, sent = set(home.programs()), threading.Event()

    def send():
        count = 0
        while not sent.is_set():
            home.post_event("order")
            count += 1
        return count

    with ThreadPoolExecutor() as pool:
        clients = [pool.submit(send) for _ in range(4)]
        try:
            for _ in range(3):
                home.holder.send_signal(signal.SIGHUP)
                until(lambda: len(home.programs()) == len(before) and
                      not before & set(home.programs()), what="all are other processes")
                before = set(home.programs())
        finally:
            sent.set()
        accepted = sum(client.result() for client in clients)
    assert json.loads(home.status("--json"))["events"]["last"] == accepted


@pytest.mark.parametrize("name", [name for name in NAMES if not FRONTS[name].is_cgi])
def test_what_runs_is_known_to_an_ordinary_account(front, name, monkeypatch):
    """To whom most programs show neither their environment nor what they have open: all are found,
    and killed, also those whose starter has ended."""
    home = front(name, account=ACCOUNT)
    before = set(home.processes())
    monkeypatch.setattr("harness.belongs_to", lambda *_: False)
    assert not any(map(is_running, before - set(home.processes())))
    assert home.programs("events")
    home.server.kill()
    home.server.wait()
    assert home.programs("events")
    home.kill()
    assert not any(map(is_running, before))


def test_settings_that_are_wrong_replace_nothing(home):
    home.start_holder()
    before = home.programs()
    home.configure(web={"threads": "many"})
    home.holder.send_signal(signal.SIGHUP)
    until(lambda: "the programs of before go on" in home.logs(), what="it is said")
    assert home.programs() == before


def test_one_holder_a_home(home):
    home.start_holder()
    done = home.run([home.cgi_bin / "fx-holder"], {}, "")
    assert done.returncode == 111 and "another fx-holder is running" in done.stderr


def test_a_killed_holder_leaves_no_program(home):
    home.start_holder()
    home.holder.kill()
    home.holder.wait()
    until(lambda: not home.programs(), what="the programs have ended")
    home.start_holder()


@pytest.mark.parametrize("words, status", [(["--help"], 0), (["--version"], 0), (["--nonsense"], 2),
                                           (["word"], 2), (["--home", "/nowhere"], 100)], ids=str)
def test_words_of_the_holder(home, words, status):
    assert home.run([home.cgi_bin / "fx-holder", *words], {}, "").returncode == status


def test_a_home_with_too_long_a_name(home):
    """A socket's path has 107 bytes (unix(7))."""
    long = home.place / ("x" * 100)
    home.run([home.bin / "fxctl", "--home", long, "init"], {}, "")
    done = home.run([home.cgi_bin / "fx-holder", "--home", long], {}, "")
    assert done.returncode == 100 and "too long for a socket" in done.stderr


def accepts(port):
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def test_lighttpd_without_programs_at_rest(home, monkeypatch):
    """FX_MIN_PROCS=0: a program is started by the first requests that want it, once."""
    home.more_environment["FX_MIN_PROCS"] = "0"
    monkeypatch.setattr(home, "_answers", lambda: accepts(home.port))
    home.start("lighttpd")
    assert not home.programs()
    with ThreadPoolExecutor(12) as pool:
        sent = [pool.submit(home.post_event, "order") for _ in range(12)]
    assert len({one.result()["cid"] for one in sent}) == 12
    assert len(home.programs()) == len(home.programs("events")) == 1
