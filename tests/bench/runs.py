"""runs - how many steps are run, and how soon."""
import statistics
import subprocess
import time

from bench_home import HELPERS, BenchHome, Client, event_body
from measures import in_turns, median_ratio, percentile
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
            before = home.status()["executions"]["completed"]
            begin = time.monotonic()
            home.start_dispatcher()
            home.wait_all_final(pipeline_id)
            seconds = time.monotonic() - begin
            home.stop_dispatcher()
            completed = home.status()["executions"]["completed"] - before
            assert completed == BACKLOG, f"{completed} have completed"
            return BACKLOG / seconds

        pairs = in_turns(3, spawn, executions)
        spawned, executed = zip(*pairs)
        yield "script_ratio", median_ratio(pairs)
        yield "script_per_s", statistics.median(executed)
        yield "spawn_per_s", statistics.median(spawned)


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
