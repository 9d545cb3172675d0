"""runs - how many steps are run, and how soon."""
import shutil
import statistics
import subprocess
import time
from contextlib import contextmanager

from bench_home import EVENT, HELPERS, BenchHome, Client, event_body
from harness import children_of, until
from jobs import PYTHON
from measures import cpu_seconds, in_turns, median_ratio, percentile
from registry import benchmark

BACKLOG = 5000
AT_A_TIME = 4  # scale.max, and as many processes for the yardstick


@benchmark(script_ratio="of-spawn", script_per_s="executions/s", spawn_per_s="processes/s")
def script():
    """One-step script executions out of a backlog, beside bare process starts of the same program.

    The time is from the start of the dispatcher until the last execution is final.
    """
    with BenchHome() as home:
        home.start()
        pipeline_id = home.run_on("true", scale={"min": 0, "max": AT_A_TIME})

        def spawn():
            done = subprocess.run(
                [HELPERS / "spawn_loop", str(BACKLOG), str(AT_A_TIME), home.dir / "scripts/true"],
                check=True, capture_output=True, text=True)
            return float(done.stdout)

        def executions():
            home.publish(BACKLOG)
            return home.drain(pipeline_id, BACKLOG)

        pairs = in_turns(3, spawn, executions)
        spawned, executed = zip(*pairs)
        yield "script_ratio", median_ratio(pairs)
        yield "script_per_s", statistics.median(executed)
        yield "spawn_per_s", statistics.median(spawned)


@benchmark(confine_cost_us="us")
def confine_cost(backlog=2000):
    """What it costs to confine a script: a step that is confined beside one that is exempted.

    Processor time of the runner and of the scripts it has started, which other work on the machine
    disturbs less than the time that passes.
    """
    with BenchHome() as home:
        home.configure(step={"unconfined": "free"})
        home.install("true")
        shutil.copy(HELPERS / "true", home.dir / "scripts/free")
        home.start()
        ids = {name: home.run_on(name, event=f"bench.{name}", scale={"min": 1, "max": 1})
               for name in ("true", "free")}

        def us_each(name):
            home.publish(backlog, f"bench.{name}")
            home.start_dispatcher()
            home.wait_all_final(ids[name])
            spent = sum(cpu_seconds(pid, True) for pid in children_of(home.dispatcher.pid))
            home.stop_dispatcher()
            return spent * 1e6 / backlog

        pairs = in_turns(7, lambda: us_each("free"), lambda: us_each("true"))
        yield "confine_cost_us", statistics.median(ours - free for free, ours in pairs)


def started_after_ms(execution, replied_us):
    """From the reply to the sender until the step's first line, in milliseconds."""
    assert execution["status"] == "completed", execution
    return (execution["data"]["at"] - replied_us) / 1000


@benchmark(start_p50_ms="ms", start_p99_ms="ms")
def start(rate=100, seconds=10):
    """How soon a step starts while an instance is there: events at an even pace.

    The first second is for warming up.
    """
    with BenchHome() as home:
        home.start()
        home.start_dispatcher()
        pipeline_id = home.run_on("stamp", scale={"min": 1, "max": AT_A_TIME})
        replies = []
        with Client(home) as client:
            begin = time.monotonic()
            for n in range(rate * (1 + seconds)):
                time.sleep(max(0, begin + n / rate - time.monotonic()))
                accepted, replied_us = client.call("POST", "/fx/events", event_body())
                replies.append((accepted["cid"], replied_us))
        home.wait_all_final(pipeline_id)
        times = []
        with Client(home) as client:
            for cid, replied_us in replies[rate:]:
                results, _ = client.call("GET", f"/fx/cid/{cid}")
                times.append(started_after_ms(results["executions"][0], replied_us))
        yield "start_p50_ms", percentile(times, 50)
        yield "start_p99_ms", percentile(times, 99)


@benchmark(cold_start_ms="ms")
def cold_start(count=12):
    """The same for events that come when no instance is there and the dispatcher rests."""
    with BenchHome() as home:
        home.start()
        home.start_dispatcher()
        pipeline_id = home.run_on("stamp", scale={"min": 0, "max": 1, "idle_timeout": 0.1})
        times = []
        for _ in range(count):
            home.wait_no_instance(pipeline_id)
            time.sleep(0.3)
            with Client(home) as client:
                accepted, replied_us = client.call("POST", "/fx/events", event_body())
            times.append(started_after_ms(home.finished(accepted["cid"]), replied_us))
        yield "cold_start_ms", statistics.median(times)


@benchmark(persistent_per_s="executions/s")
def persistent(backlog=50000, instances=8):
    """Executions of one step that is a persistent program, out of a backlog."""
    with BenchHome() as home:
        home.start()
        pipeline_id = home.run_on("echo", persistent=True, scale={"min": 0, "max": instances})
        home.publish(backlog)
        yield "persistent_per_s", home.drain(pipeline_id, backlog)


@contextmanager
def sink():
    """A server that takes all. Its port."""
    with subprocess.Popen([HELPERS / "sink"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as server:
        try:
            yield int(server.stdout.readline())
        finally:
            server.stdin.close()


@benchmark(http_step_per_s="executions/s")
def http_step(backlog=10000, instances=8):
    """Executions of one HTTP step to a server on this machine, out of a backlog."""
    with BenchHome() as home, sink() as port:
        home.configure(http={"allow": "127.0.0.1/32"})
        home.start()
        pipeline_id = home.start_pipeline(
            "post", {"name": "post", "http": {"url": f"http://127.0.0.1:{port}/"}},
            scale={"min": 0, "max": instances})
        home.publish(backlog)
        yield "http_step_per_s", home.drain(pipeline_id, backlog)


@benchmark(fan_out_ratio="of-ten-events")
def fan_out(executions=5000, ways=10):
    """One event that starts ten pipelines, beside ten events that start one.

    Executions/s from the first event sent until the last execution is final, with as
    many instances in all.
    """
    with BenchHome() as home:
        home.start()
        home.start_dispatcher()
        alone = home.run_on("echo", event="bench.one", name="one", persistent=True,
                            scale={"min": ways, "max": ways})
        fans = [home.run_on("echo", event="bench.ten", name=f"ten-{n}", persistent=True,
                            scale={"min": 1, "max": 1}) for n in range(ways)]

        def rate(events, event, pipeline_id):
            begin = time.monotonic()
            home.publish(events, event)
            home.wait_all_final(pipeline_id)
            return executions / (time.monotonic() - begin)

        yield "fan_out_ratio", median_ratio(in_turns(
            3, lambda: rate(executions, "bench.one", alone),
            lambda: rate(executions // ways, "bench.ten", fans[-1])))


@benchmark(scale_out_ms="ms")
def scale_out(rounds=5, instances=8):
    """From the first event of a burst until all instances are busy, where there was none."""
    with BenchHome() as home:
        home.start()
        home.start_dispatcher()
        pipeline_id = home.run_on(
            "stamp", env={"HOLD_MS": "500"},
            scale={"min": 0, "max": instances, "idle_timeout": 0.1})
        times = []
        for _ in range(rounds):
            home.wait_no_instance(pipeline_id)
            time.sleep(0.3)
            clients = [Client(home) for _ in range(instances)]
            begin_us = time.time_ns() // 1000
            for client in clients:
                client.send("POST", "/fx/events", event_body())
            cids = [client.receive()[0]["cid"] for client in clients]
            starts = [home.finished(cid)["data"]["at"] for cid in cids]
            assert max(starts) - min(starts) < 500000, "they were not busy at the same time"
            times.append((max(starts) - begin_us) / 1000)
            for client in clients:
                client.close()
        yield "scale_out_ms", statistics.median(times)


WRITE_LINES = """
for _ in range({lines}):
    print(time.time_ns(), flush=True)
    time.sleep({pause})
"""


@benchmark(live_log_ms_p99="ms")
def live_log(lines=500, pause=0.02):
    """How soon a line that a script writes is seen by a client who waits for it (?wait=)."""
    with BenchHome() as home:
        home.start()
        home.start_dispatcher()
        home.write_script("lines", PYTHON + WRITE_LINES.format(lines=lines, pause=pause))
        home.start_pipeline("lines", {"name": "lines", "script": "lines"})
        cid = home.post_event(EVENT)["cid"]
        [execution] = until(lambda: home.get(f"/fx/cid/{cid}").json["executions"], what="it is there")
        path = f"/fx/executions/{execution['execution_id']}/log?step=lines&wait=30&from="
        times, at, over = [], 0, False
        while not over:
            reply = home.get(f"{path}{at}")
            now = time.time_ns()
            times += [(now - int(line)) / 1e6 for line in reply.body.split()]
            at, over = reply.headers["X-FX-Log-Next"], reply.headers["X-FX-Log-End"] == "true"
        assert len(times) == lines, f"{len(times)} lines"
        yield "live_log_ms_p99", percentile(times, 99)


@benchmark(sustained_lag_ms_p50="ms", sustained_lag_ms_p99="ms")
def sustained_lag(rate=200, seconds=60):
    """How soon steps start under a steady load, from the reply to the sender, who shares the machine."""
    with BenchHome() as home:
        home.start()
        home.start_dispatcher()
        pipeline_id = home.run_on("stamp", scale={"min": 0, "max": AT_A_TIME})
        replied = {}
        with Client(home) as client:
            begin = time.monotonic()
            for n in range(rate * seconds):
                time.sleep(max(0, begin + n / rate - time.monotonic()))
                accepted, replied_us = client.call("POST", "/fx/events", event_body())
                replied[accepted["cid"]] = replied_us
        home.wait_all_final(pipeline_id)
        lags = [started_after_ms(execution, replied[execution["cid"]])
                for execution in home.all_executions()]
        assert len(lags) == rate * seconds, f"{len(lags)} executions"
        yield "sustained_lag_ms_p50", percentile(lags, 50)
        yield "sustained_lag_ms_p99", percentile(lags, 99)
