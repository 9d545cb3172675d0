"""web - events in and results out, beside a FastCGI program that does nothing."""
import hmac
import resource
import statistics

from bench_home import EVENT, HELPERS, BenchHome, event_body
from measures import cpu_seconds, in_turns, machine_cpu_seconds, median_ratio, switches
from registry import benchmark


class Intake:
    """POST of an event to us, and of the same to the do-nothing program."""

    def __init__(self, home):
        self.home = home
        self.body = event_body()

    def nothing(self, connections, seconds):
        return self.home.load("POST", "/bench/nothing", connections, seconds, self.body)

    def events(self, connections, seconds):
        """Each reply must stand for one event in the log."""
        before = self.home.status()["events"]["last"]
        figures = self.home.load("POST", "/fx/events", connections, seconds, self.body)
        stored = self.home.status()["events"]["last"] - before
        # Beside those counted, what was on its way when this wrk and the one before it ended.
        over = stored - figures["requests"]
        assert 0 <= over <= 2 * connections, f"{stored} events stored: {figures}"
        return figures

    def in_turns(self, connections, seconds, rounds):
        """(the do-nothing program's figures, ours), round by round, after warming up."""
        self.nothing(connections, 1)
        self.events(connections, 1)
        return in_turns(rounds, lambda: self.nothing(connections, seconds),
                        lambda: self.events(connections, seconds))


def rates(pairs):
    return [(yardstick["rps"], ours["rps"]) for yardstick, ours in pairs]


def median_of(figures, name):
    return statistics.median(f[name] for f in figures)


@benchmark(intake_ratio_c64="of-nothing", intake_rps_c64="events/s", intake_p99_ms_c64="ms",
           nothing_rps_c64="requests/s", intake_rps_c1="events/s", nothing_rps_c1="requests/s")
def intake():
    """Durable events with an API key, 500 bytes, behind lighttpd. No dispatcher runs."""
    with BenchHome() as home:
        home.start_with_nothing()
        pairs = Intake(home).in_turns(64, seconds=3, rounds=5)
        nothing, ours = zip(*pairs)
        yield "intake_ratio_c64", median_ratio(rates(pairs))
        yield "intake_rps_c64", median_of(ours, "rps")
        yield "intake_p99_ms_c64", median_of(ours, "p99_us") / 1000
        yield "nothing_rps_c64", median_of(nothing, "rps")

        nothing, ours = zip(*Intake(home).in_turns(1, seconds=2, rounds=3))
        yield "intake_rps_c1", median_of(ours, "rps")
        yield "nothing_rps_c1", median_of(nothing, "rps")


class SlowHome(BenchHome):
    """A home on a slow disk: each flush of a file takes FLUSH_MS longer (slow_flush.c)."""

    FLUSH_MS = 2

    def environment(self):
        return {**super().environment(), "LD_PRELOAD": str(HELPERS / "slow_flush.so")}


@benchmark(intake_slow_c256="of-fast", intake_rps_c256="events/s", intake_slow_rps_c256="events/s")
def slow_intake():
    """The same from 256 connections, where every flush takes 2 ms longer, beside where none does."""
    with BenchHome() as fast, SlowHome() as slow:
        fast.start_with_nothing()
        slow.start_with_nothing()
        at_once, late = Intake(fast), Intake(slow)
        at_once.events(256, 1)
        late.events(256, 1)
        before = slow.commits()
        pairs = rates(in_turns(5, lambda: at_once.events(256, 3), lambda: late.events(256, 3)))
        flushes = 2 * (slow.commits() - before)
        assert flushes * SlowHome.FLUSH_MS <= 5 * 3500, f"{flushes} flushes were not delayed"
        yield "intake_slow_c256", median_ratio(pairs)
        yield "intake_rps_c256", statistics.median(fast for fast, _ in pairs)
        yield "intake_slow_rps_c256", statistics.median(slow for _, slow in pairs)


class SignedIntake(Intake):
    """The same with a webhook's signature in place of a key."""

    def __init__(self, home):
        super().__init__(home)
        secret = home.fxctl("secret", "create", "--name", "bench").strip()
        digest = hmac.new(secret.encode(), self.body, "sha256").hexdigest()
        self.headers = [("X-Hub-Signature-256", f"sha256={digest}"), ("X-GitHub-Event", "push")]

    def events(self, connections, seconds):
        return self.home.load("POST", "/fx/events/webhook", connections, seconds, self.body,
                              self.headers, key="")


@benchmark(intake_hmac_ratio_c64="of-nothing", intake_hmac_rps_c64="events/s")
def hmac_intake():
    """Durable events of a webhook that signs with HMAC-SHA256, 500 bytes."""
    with BenchHome() as home:
        home.start_with_nothing()
        pairs = SignedIntake(home).in_turns(64, seconds=3, rounds=5)
        yield "intake_hmac_ratio_c64", median_ratio(rates(pairs))
        yield "intake_hmac_rps_c64", median_of([ours for _, ours in pairs], "rps")


@benchmark(batch_events_per_s="events/s")
def batches():
    """Durable CloudEvents in batches of 100, each with an id of its own."""
    rest = b'"source":"/bench","type":"bench.event","data":{"order":4711,"note":"%s"}}' % (b"x" * 100)
    with BenchHome() as home:
        home.start_with_nothing()
        headers = [("Content-Type", "application/cloudevents-batch+json")]

        def load(seconds):
            before = home.status()["events"]["last"]
            figures = home.load("POST", "/fx/events", 16, seconds, rest, headers, batch=100)
            stored = home.status()["events"]["last"] - before
            assert stored >= figures["requests"] * 100, (stored, figures)
            return figures["rps"] * 100

        load(1)
        yield "batch_events_per_s", statistics.median(load(3) for _ in range(3))


@benchmark(cost_us="us/event", cost_events_us="us/event", cost_lighttpd_us="us/event",
           cost_wrk_us="us/event", cost_nothing_us="us/request", cost_idle_percent="%",
           cost_batch="events/commit", cost_switches="switches/event")
def cost():
    """Where the processor time of intake at 64 connections goes; steadier than rates are.

    cost_us is the sum of events.fcgi, lighttpd and wrk, their time in the kernel included,
    and cost_nothing_us the same sum with the do-nothing program; cost_idle_percent is what
    both cores had left, by whatever used them; switches are those of events.fcgi.
    """
    with BenchHome() as home:
        home.start_with_nothing()
        intake = Intake(home)
        intake.nothing(64, 1)
        intake.events(64, 1)

        def spend(load, program):
            """The figures of a load, and what was spent on each of its requests."""
            pids = home.program(program), home.server.pid

            def look():
                children = resource.getrusage(resource.RUSAGE_CHILDREN)  # wrk, and little else
                return (*map(cpu_seconds, pids), children.ru_utime + children.ru_stime,
                        switches(pids[0]), home.commits(), *machine_cpu_seconds())

            before = look()
            requests = load(64, 4)["requests"]
            return requests, [b - a for a, b in zip(before, look())]

        requests, (nothing, server, wrk, *_) = spend(intake.nothing, "nothing")
        nothing_us = (nothing + server + wrk) / requests * 1e6
        requests, (events, server, wrk, switched, commits, busy, idle) = spend(
            intake.events, "events.fcgi")
        yield "cost_us", (events + server + wrk) / requests * 1e6
        yield "cost_events_us", events / requests * 1e6
        yield "cost_lighttpd_us", server / requests * 1e6
        yield "cost_wrk_us", wrk / requests * 1e6
        yield "cost_nothing_us", nothing_us
        yield "cost_idle_percent", idle / (busy + idle) * 100
        yield "cost_batch", requests / commits
        yield "cost_switches", switched / requests


@benchmark(status_ratio_c64="of-nothing")
def status():
    """The results of a finished event."""
    with BenchHome() as home:
        home.start_with_nothing()
        home.start_dispatcher()
        home.run_on("true")
        cid = home.post_event(EVENT)["cid"]
        home.finished(cid)
        home.stop_dispatcher()

        def nothing(seconds=2):
            return home.load("GET", "/bench/nothing", 64, seconds)["rps"]

        def results(seconds=2):
            return home.load("GET", f"/fx/cid/{cid}", 64, seconds)["rps"]

        nothing(1)
        results(1)
        yield "status_ratio_c64", median_ratio(in_turns(5, nothing, results))


@benchmark(cgi_rps_c4="events/s")
def cgi():
    """Durable events where each request starts a process."""
    with BenchHome() as home:
        home.start("cgi")
        intake = Intake(home)
        yield "cgi_rps_c4", median_of([intake.events(4, 2) for _ in range(3)], "rps")
