"""behind - what other front ends than the default one leave of the speed, and cost at rest.

Each is started on its shipped files. The yardstick is the same front end with a program that does
nothing (nothing.c) in the place of events.fcgi, in another home, measured in turns.
"""
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from bench_home import EVENT, HELPERS, BenchHome, event_body
from harness import BUILD, find_program, free_port, until
from measures import in_turns, median_ratio, unshared_mb
from registry import benchmark
from web import Intake


class FrontHome(BenchHome):
    """A home behind a front end, started without a question to its programs."""

    def __init__(self, front, with_nothing=False):
        super().__init__()
        self.front = front
        if with_nothing:
            self.cgi_bin = shutil.copytree(self.cgi_bin, self.place / "cgi-bin")
            shutil.copy(HELPERS / "nothing", self.cgi_bin / "events.fcgi")

    def __enter__(self):
        self.start(self.front)
        return self

    def close(self):
        self.stop()
        end_ours(self)  # a dispatcher that was started on demand
        super().close()

    def _answers(self):
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.port)) == 0

    def events_rps(self, connections, seconds=3):
        return self.load("POST", "/fx/events", connections, seconds, event_body())["rps"]


@contextmanager
def yardstick_and_ours(front, connections):
    """Two rates to be asked for, after warming up."""
    with FrontHome(front, with_nothing=True) as nothing, FrontHome(front) as home:
        nothing.keeps_all = False
        nothing.events_rps(connections, 1)
        home.events_rps(connections, 1)
        yield (lambda: nothing.events_rps(connections),
               lambda: Intake(home).events(connections, 3)["rps"])


@benchmark(proxy_fcgi_ratio_c64="of-nothing", proxy_fcgi_rps_c64="events/s",
           nginx_ratio_c64="of-nothing", nginx_rps_c64="events/s")
def held():
    """Durable events over the sockets that fx-holder holds."""
    for name, front in ("proxy_fcgi", "apache-proxy"), ("nginx", "nginx"):
        with yardstick_and_ours(front, 64) as rates:
            pairs = in_turns(5, *rates)
        yield f"{name}_ratio_c64", median_ratio(pairs)
        yield f"{name}_rps_c64", statistics.median(ours for _, ours in pairs)


def commits_rps(seconds=2):
    """What commits of one event allow on the disk where homes are."""
    with BenchHome() as home:
        done = subprocess.run([HELPERS / "commits", home.dir, str(seconds)], check=True,
                              capture_output=True, text=True, timeout=60)
        return float(done.stdout)


@benchmark(fcgid_ratio_c16="of-least", fcgid_rps_c16="events/s", cgi_ratio_c4="of-least",
           cgid_ratio_c4="of-least", commits_rps="1/s")
def one_by_one():
    """Durable events where each has a process, or a turn of one, and so a commit, for itself.

    The yardstick is what commits of one event allow, or the do-nothing program, where that is less.
    """
    commits = []
    for name, front, connections in (("fcgid", "apache-fcgid", 16), ("cgi", "lighttpd-cgi", 4),
                                     ("cgid", "apache-cgid", 4)):
        with yardstick_and_ours(front, connections) as (nothing, events):
            def least(nothing=nothing):
                commits.append(commits_rps())
                return min(nothing(), commits[-1])

            pairs = in_turns(3, least, events)
        yield f"{name}_ratio_c{connections}", median_ratio(pairs)
        if name == "fcgid":
            yield "fcgid_rps_c16", statistics.median(rate for _, rate in pairs)
    yield "commits_rps", statistics.median(commits)


class Webhook:
    """adnanh/webhook with one hook, whose command does nothing; it stores nothing."""

    def __init__(self, place):
        self.port = free_port()
        hooks = place / "hooks.json"
        hooks.write_text(json.dumps([{"id": "nothing", "execute-command": str(HELPERS / "true"),
                                      "response-message": "{}"}]))
        self.log = open(place / "webhook.log", "w")
        self.process = subprocess.Popen(
            [find_program("webhook"), "-hooks", hooks, "-ip", "127.0.0.1", "-port", str(self.port)],
            stdout=self.log, stderr=self.log)

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.log.close()


@benchmark(hook_ratio="of-webhook", hook_lighttpd_ratio="of-webhook", webhook_rps_c64="1/s")
def hook():
    """Durable events behind mod_proxy_fcgi, and lighttpd, and hooks that are taken and forgotten."""
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fx-")))
        webhook = Webhook(place)
        stack.callback(webhook.close)
        proxy, lighttpd = (stack.enter_context(FrontHome(front))
                           for front in ("apache-proxy", "lighttpd"))

        def hooks(seconds=3):
            port, lighttpd.port = lighttpd.port, webhook.port
            try:
                return lighttpd.load("POST", "/hooks/nothing", 64, seconds, event_body())["rps"]
            finally:
                lighttpd.port = port

        until(lambda: socket.socket().connect_ex(("127.0.0.1", webhook.port)) == 0, what="webhook listens")
        hooks(1)
        proxy.events_rps(64, 1)
        lighttpd.events_rps(64, 1)
        triples = [(hooks(), proxy.events_rps(64), lighttpd.events_rps(64)) for _ in range(3)]
        yield "hook_ratio", statistics.median(ours / theirs for theirs, ours, _ in triples)
        yield "hook_lighttpd_ratio", statistics.median(ours / theirs for theirs, _, ours in triples)
        yield "webhook_rps_c64", statistics.median(theirs for theirs, _, _ in triples)


def ours(home):
    """The processes of FX Bridge in a home."""
    return [pid for pid, command in home.processes().items() if f"{BUILD}/" in command.split(" ")[0]]


def end_ours(home):
    for pid in ours(home):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    until(lambda: not ours(home), what="nothing of ours runs")


def begin_cold(home):
    """Ends all and starts the server. A program that is just ended under mod_fcgid would be missed
    by it for some seconds, and each request that it gives to that one waits for a second."""
    home.stop()
    end_ours(home)
    home.start(home.front)


def ended(home, cid):
    """When the one execution of an event completed, by the wall clock, in seconds: its step says when
    that began, and the record how long all of it took."""
    def look():
        found = json.loads(home.fxctl("cid", cid, "--json"))["executions"]
        return found[0] if found and found[0]["status"] == "completed" else None

    execution = until(look, what="it completes")
    return execution["data"]["at"] / 1e6 + execution["execution_time"]


@benchmark(all_cold_ms="ms", all_cold_reply_ms="ms")
def all_cold(count=12):
    """From sending an event until its execution has completed, with nothing of ours there.

    mod_fcgid starts the program, that the dispatcher, and that a runner.
    """
    home = FrontHome("apache-fcgid")
    home.configure(dispatcher={"on_demand": 1})
    replied, completed = [], []
    with home:
        home.run_on("stamp")
        for _ in range(count):
            begin_cold(home)
            sent = time.time()
            cid = home.post_event(EVENT)["cid"]
            replied.append((time.time() - sent) * 1000)
            completed.append((ended(home, cid) - sent) * 1000)
    yield "all_cold_ms", statistics.median(completed)
    yield "all_cold_reply_ms", statistics.median(replied)


@benchmark(resident_mb="MB")
def resident(count=10000):
    """Memory of all programs after so many events, each with an execution: what is private to each,
    and its part of what is shared and anonymous; not the pages of the database, which the system
    takes back when it wants them."""
    with BenchHome() as home:
        home.start()
        home.start_dispatcher()
        pipeline_id = home.run_on("true")
        home.publish(count)
        home.wait_all_final(pipeline_id)
        home.get("/fx/executions")
        home.get("/health")
        assert len(ours(home)) >= 4, home.processes()
        yield "resident_mb", sum(map(unshared_mb, ours(home)))
