"""lists - what a page of a list costs when there is much of it. Registered in registry.py."""
import statistics
import subprocess
import time

from bench_home import BenchHome, Client, as_json
from harness import BUILD
from registry import benchmark

LIST = "/api/v1/admin/events"
BATCH = 1000  # as many as a request may hold
BATCH_HEADERS = [("Content-Type", "application/cloudevents-batch+json")]


def fill(home, events):
    """Stores so many events of a thousand types, the first of a type of its own."""
    with Client(home) as client:
        for at in range(0, events, BATCH):
            batch = [{"specversion": "1.0", "id": str(n), "source": f"/shop/{n % 10}",
                      "type": f"order.{n % 1000}" if n else "first", "data": {"order": n}}
                     for n in range(at, at + BATCH)]
            client.call("POST", "/fx/events", as_json(batch), BATCH_HEADERS)


def questions(home, events):
    """Each kind of page: common and rare conditions, at both ends of the log and in its middle."""
    with Client(home) as client:
        middle = client.call("GET", f"{LIST}/{events // 2}")[0]
    accepted, credential = middle["accepted"], middle["credential"]
    return ["", "limit=1000", "limit=1000&type=order.*", "type=order.7", "type=first", "type=none",
            "source=%2Fshop%2F3", "topic=order.7", "topic=none*", f"credential={credential}&limit=1000",
            "credential=00000000-0000-7000-8000-000000000000", "door=webhook", f"since={accepted}&type=none",
            f"until={accepted}", f"until={accepted}&type=none", f"since={accepted}&until={accepted}",
            f"before={events // 2}&type=none", "before=10000&type=none", "before=2"]


def execution_questions():
    """Of executions that have all failed, and of which a page looks at 10,000."""
    return [f"{path}?{query}" for path in ("/fx/executions", "/api/v1/admin/dead-letters")
            for query in ("", "limit=100", "limit=100&full=1")] + \
        [f"/fx/executions?{query}" for query in
         ("service=none", "event_type=none", "status=failed&service=none", "status=completed&service=none",
          "service=filled&limit=100")]


def times_of(home, paths, rounds):
    """What each page takes in ms, by the median of its rounds."""
    times = {}
    for path in paths:
        with Client(home) as client:
            client.call("GET", path)  # a program that has just begun is none of it
            taken = []
            for _ in range(rounds):
                begin = time.perf_counter()
                client.call("GET", path)
                taken.append((time.perf_counter() - begin) * 1000)
        times[path] = statistics.median(taken)
    return times


@benchmark(list_ms_1m="ms", list_front_ms_1m="ms", list_executions_ms_100k="ms")
def lists(events=1_000_000, executions=100_000, rounds=5):
    """The slowest page of the event list at so many events, whatever it asks for; the first page
    without a condition; and the slowest of executions and dead letters at so many of them."""
    with BenchHome() as home:
        home.start()
        fill(home, events)
        times = times_of(home, [f"{LIST}?{question}" for question in questions(home, events)], rounds)
        yield "list_ms_1m", max(times.values())
        yield "list_front_ms_1m", times[f"{LIST}?"]
    with BenchHome() as home:
        subprocess.run([BUILD / "tests/fill", home.dir, str(executions), "0000abcd"], check=True,
                       env=home.environment())
        home.start()
        yield "list_executions_ms_100k", max(times_of(home, execution_questions(), rounds).values())
