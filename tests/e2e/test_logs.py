"""What programs log, where to, and how much of it is kept."""
import json
import os
import re
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from harness import BUILD, children_of, command_of, is_running, read_reply, until
from jobs import gate, make, runners, wait_for

KIB = 1 << 10

LINE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) ([\w-]+)\[(\d+)\] "
                  r"(info|warning|error|fatal): (?:\[([0-9a-f-]{36})\] )?(.+)")


def lines(path):
    """The lines of a log; each must be as a line is."""
    if not path.exists():
        return []
    found = [LINE.fullmatch(line) for line in path.read_text().splitlines()]
    assert all(found), path.read_text()
    return [match.groups() for match in found]


def pid_of(home, name):
    [pid] = [pid for pid in children_of(home.server.pid) if name in command_of(pid)]
    return pid


def refused(home, name="status"):
    """A request that leaves a line: its id."""
    path = {"status": "/fx/executions", "events": "/fx/events", "triggers": "/api/v1/events/x",
            "pipelines": "/api/v1/pipelines", "console": "/api/v1/admin/dead-letters",
            "ops": "/metrics"}[name]
    reply = home.call("POST" if name == "events" else "GET", path, key="no key")
    assert reply.status == 401
    return reply.headers["X-Request-Id"]


# --- What a line has, and where it goes ---

@pytest.mark.parametrize("serve", ["fastcgi", "cgi"])
@pytest.mark.parametrize("to, file", [("stderr", "programs"), ("file", None)])
@pytest.mark.parametrize("name", ["events", "status", "triggers", "pipelines", "console", "ops"])
def test_line_of_a_request(home, serve, to, file, name):
    home.configure(log={"to": to})
    home.start(serve)
    asked = refused(home, name)
    found = [line for line in lines(home.dir / f"log/{file or name}.log") if line[4] == asked]
    assert [(line[1], line[3]) for line in found] == [(name, "info")]
    assert "401" in found[0][5]


@pytest.mark.parametrize("level, some", [("error", 0), ("warning", 0), ("info", 1)])
def test_level(home, level, some):
    home.configure(log={"level": level})
    home.start()
    refused(home)
    assert len(lines(home.dir / "log/programs.log")) == some


def test_dispatcher(home):
    home.configure(log={"to": "file"})
    home.start_dispatcher()
    until(lambda: any("running for" in line[5] for line in lines(home.dir / "log/dispatcher.log")),
          what=home.logs)


def test_fxctl_talks_to_a_person(home):
    done = home.run([BUILD / "bin/fxctl", "status"], {"FX_HOME": str(home.place / "none")}, "")
    assert re.match(r"fxctl\[\d+\] error: there is no home at ", done.stderr)


# --- How much is kept ---

def kept(home, name):
    return sorted((home.dir / "log").glob(f"{name}.log*"))


def check_bounds(home, name, most):
    """Files of at most so many bytes, the one that is written and two more."""
    found = kept(home, name)
    assert len(found) <= 3, found
    assert all(path.stat().st_size <= most for path in found), [p.stat() for p in found]


LONG = f"/fx/executions?{'%41' * 5000}"


@pytest.mark.parametrize("to, file", [("stderr", "programs"), ("file", "status")])
def test_flood_without_a_credential(home, to, file):
    """However much is sent, and whatever, the logs have their bounds."""
    home.configure(log={"to": to, "file_bytes": 64 * KIB, "files": 2},
                   web={"failures_per_minute": 0})
    home.start()
    data = home.request("GET", LONG, key="no key", keep=True)

    def client(_):
        with home.connect() as connection:
            for _ in range(300):
                connection.sendall(data)
                assert read_reply(connection).status in (401, 429)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(client, range(8)))
    home.stop()
    for name in ("access", "lighttpd", file):
        check_bounds(home, name, 66 * KIB)
    assert len(kept(home, "access")) == 3
    text = kept(home, "access")[1].read_text().splitlines()
    assert all(len(line) < 2 * KIB and re.search(r'" 4\d\d \d+ \d+ [0-9a-f-]{36} -$', line)
               for line in text[1:])
    assert len(lines(home.dir / f"log/{file}.log")) < 600  # of 2,400


def test_what_was_left_out_is_told(home):
    home.configure(web={"failures_per_minute": 0})
    home.start()
    for _ in range(300):
        refused(home)

    def told():
        home.get("/fx/executions", key="no key")
        return [line for line in lines(home.dir / "log/programs.log") if "left out" in line[5]]

    [line] = until(told, 30, "it is told")
    assert line[3] == "warning" and int(line[5].split()[0]) > 50


def test_on_demand(home):
    """A dispatcher that nobody has started by hand keeps its log within bounds as well."""
    home.configure(log={"file_bytes": 64 * KIB, "files": 2}, dispatcher={"on_demand": 1})
    log = home.dir / "log/dispatcher.log"
    log.write_text("x" * 64 * KIB)
    home.start()
    home.post_event("any")
    until(lambda: len(kept(home, "dispatcher")) == 2, what="a file is begun")
    dispatcher = int((home.dir / "run/dispatcher.lock").read_text())
    os.kill(dispatcher, signal.SIGTERM)
    until(lambda: not is_running(dispatcher), what="it ends")


def test_fx_log_of_no_home(home):
    """Says why, where its web server logs."""
    done = home.run([BUILD / "cgi-bin/fx-log", "access"], {"FX_HOME": str(home.place / "none")}, "a\n")
    assert done.returncode == 100 and "no home" in done.stderr


@pytest.mark.parametrize("text", ["", "a\n", "a\nb", "x" * 200_000, "\n" * 10, "x" * 5000 + "\nb\n"])
def test_fx_log_writes_what_it_reads(home, text):
    done = home.run([BUILD / "cgi-bin/fx-log", "some"], {}, text)
    assert done.returncode == 0, done.stderr
    found = (home.dir / "log/some.log").read_text()
    if len(text) < 100:
        assert found == text
    else:
        assert len(found) < 8 * KIB and found.startswith("x" * 1000) and found[-1] == text[-1]


# --- SIGHUP ---

def hang_up(home, pid, name):
    """Renames the log, tells the process, and finds the file there anew."""
    os.rename(home.dir / f"log/{name}.log", home.dir / f"log/{name}.old")
    os.kill(pid, signal.SIGHUP)


@pytest.mark.parametrize("name", ["events", "status", "triggers", "pipelines", "console", "ops"])
def test_hangup_of_a_web_program(home, name):
    home.configure(log={"to": "file"})
    home.start()
    pid = pid_of(home, f"{name}.fcgi")
    refused(home, name)
    hang_up(home, pid, name)
    until(lambda: lines(home.dir / f"log/{name}.log"), what="the log is opened anew")
    home.configure(log={"level": "error"})
    os.kill(pid, signal.SIGHUP)
    until(lambda: not logs_more(home, name), what="the level is heeded")
    assert is_running(pid)


@pytest.mark.parametrize("name", ["events", "status"])
def test_hangup_of_a_web_program_that_writes_to_its_server(home, name):
    """The server has opened the file, and whoever renames it chooses any name."""
    home.start()
    pid = pid_of(home, f"{name}.fcgi")
    refused(home, name)
    hang_up(home, pid, "programs")
    until(lambda: lines(home.dir / "log/programs.log"), what="the log is opened anew")
    assert is_running(pid)


# These cannot open a file of the home that was not there when they began (test_needs.py).
SHUT = ("status", "triggers", "ops")


@pytest.mark.parametrize("name", ["events", "status", "triggers", "pipelines", "console", "ops"])
def test_hangup_with_another_file_as_fx_conf(home, name):
    """As editors and `sed -i` make one: it is read, or the log says what to do, and that helps."""
    home.configure(log={"to": "file"})
    home.start()
    pid = pid_of(home, f"{name}.fcgi")
    refused(home, name)
    conf, new = home.dir / "fx.conf", home.dir / "fx.conf.new"
    new.write_text(conf.read_text() + "\n[log]\nlevel = error\n")
    new.chmod(0o640)
    os.replace(new, conf)
    os.kill(pid, signal.SIGHUP)
    if name in SHUT:
        log = home.dir / f"log/{name}.log"
        until(lambda: any(line[3] == "warning" and "the web server starts it anew" in line[5]
                          for line in lines(log)), what="it says so")
        assert logs_more(home, name), "it goes on as before"
        assert is_running(pid)
        home.kill_program(name, signal.SIGTERM)
        until(lambda: home.call("GET", "/fx/executions").status == 200 and
              home.call("GET", "/api/v1/events/x").status == 404, what="another one serves")
    until(lambda: not logs_more(home, name), what="the level is heeded")


def logs_more(home, name):
    before = len(lines(home.dir / f"log/{name}.log"))
    refused(home, name)
    return len(lines(home.dir / f"log/{name}.log")) > before


def test_hangup_with_a_wrong_setting(home):
    """It is named, and all goes on with those of before."""
    home.start()
    with open(home.dir / "fx.conf", "a") as conf:
        conf.write("\n[web]\nbody_bytes = many\n")
    pid = pid_of(home, "events.fcgi")
    os.kill(pid, signal.SIGHUP)
    until(lambda: any("body_bytes" in line[5] for line in lines(home.dir / "log/programs.log")),
          what=home.logs)
    home.post_event("any")
    assert is_running(pid)


def test_hangup_changes_a_limit(home):
    home.start()
    home.configure(web={"body_bytes": 1024})
    big = {"event_source": "a", "event_type": "b", "payload": "x" * 2000}
    assert home.post("/fx/events", big).status == 200
    os.kill(pid_of(home, "events.fcgi"), signal.SIGHUP)
    until(lambda: home.post("/fx/events", big).status == 413, what="the limit is heeded")


def test_hangup_of_all_while_a_step_runs(home):
    """Work goes on in the same attempt, whoever of ours hears of it, as often as it likes."""
    home.start()
    home.start_dispatcher()
    with gate(home) as (path, opened):
        make(home, "#!/bin/sh\n" + wait_for(path))
        cid = home.post_event("job")["cid"]
        runner = until(lambda: runners(home), what="it runs")[0]
        ours = [home.dispatcher.pid, runner, *children_of(home.server.pid)]
        for _ in range(5):
            for pid in ours:
                os.kill(pid, signal.SIGHUP)
            assert home.get(f"/fx/cid/{cid}").json["executions"][0]["status"] == "in_progress"
        assert all(map(is_running, ours))
        opened()
        [execution] = home.wait_cid(cid)
    assert (execution["status"], execution["attempt"]) == ("completed", 1), execution
    assert any("read again" in line[5] for line in lines(home.dir / "log/dispatcher.log"))


def test_hangup_of_runners_that_begin(live):
    """From the first moment on it ends none."""
    for number in range(8):
        make(live, "#!/bin/sh\n", event=f"job{number}", name=f"job{number}")
        cid = live.post_event(f"job{number}")["cid"]
        while not all(e["status"] == "completed" for e in executions(live, cid) or [{"status": ""}]):
            for pid in runners(live):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGHUP)
        assert [e["attempt"] for e in executions(live, cid)] == [1]


def executions(home, cid):
    return home.get(f"/fx/cid/{cid}").json["executions"]


# --- JSON ---

@pytest.mark.parametrize("serve", ["fastcgi", "cgi"])
def test_lines_as_json(home, serve):
    """Each line that a program logs is one object, whatever strangers send."""
    home.configure(log={"to": "file", "format": "json"})
    home.start(serve)
    asked = refused(home)
    def told():
        path = home.dir / "log/status.log"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    line = until(lambda: next((one for one in told() if one.get("id") == asked), None), what="it is logged")
    assert line.keys() == {"time", "program", "pid", "level", "id", "message"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])
    assert (line["program"], line["level"]) == ("status", "info") and line["message"].startswith("401 GET")


def test_what_is_quoted_in_json(home):
    home.configure(log={"to": "file", "format": "json"})
    home.start()
    hostile = 'a"b\\c\u00e9\u2028' + '"' * 1500
    for _ in range(2):
        home.post("/fx/events", {"event_source": "s", "event_type": "t", "payload": 1},
                  headers=[("ce-specversion", "1.0"), ("ce-id", "1"), ("ce-type", "t"),
                           ("ce-source", hostile.encode().decode("latin-1"))])
    for path in (home.dir / "log").glob("*.log"):
        if path.stem in ("events", "status", "dispatcher"):
            for line in path.read_text().splitlines():
                assert len(line) < 2048 and json.loads(line)["message"]
