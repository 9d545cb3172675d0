"""rest - what a home costs while nothing happens."""
import time

from bench_home import BenchHome
from harness import BUILD
from measures import pss_mb, switches
from registry import benchmark


@benchmark(idle_pss_mb="MB", idle_wakeups="1/s")
def idle(seconds=15):
    """The dispatcher after a backlog is worked off and all instances have left.

    The web programs are stopped first, so that none of its memory is counted as shared with them.
    """
    with BenchHome() as home:
        home.start()
        home.start_dispatcher()
        pipeline_id = home.run_on("true", scale={"min": 0, "max": 4, "idle_timeout": 0.2})
        home.publish(2000)
        home.wait_all_final(pipeline_id)
        home.wait_no_instance(pipeline_id)
        home.stop()
        pid = home.dispatcher.pid
        time.sleep(1)
        before = switches(pid, ["voluntary"])
        time.sleep(seconds)
        woken = switches(pid, ["voluntary"]) - before
        yield "idle_pss_mb", pss_mb(pid)
        yield "idle_wakeups", woken / seconds


@benchmark(dist_mb="MB")
def dist():
    """The archive for hosts without a compiler: the larger one, where several are left from before."""
    yield "dist_mb", max(path.stat().st_size for path in BUILD.glob("fxbridge-*-linux-*.tar.gz")) / 1e6
