"""lists - what a page of a list costs when there is much of it. Registered in registry.py."""
import statistics
import time

from bench_home import BenchHome, Client, as_json
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


@benchmark(list_ms_1m="ms", list_front_ms_1m="ms")
def lists(events=1_000_000, rounds=5):
    """The slowest page of the event list at so many events, whatever it asks for, by the median of
    its rounds; and the first page without a condition."""
    with BenchHome() as home:
        home.start()
        fill(home, events)
        times = {}
        for question in questions(home, events):
            with Client(home) as client:
                client.call("GET", f"{LIST}?{question}")  # a program that has just begun is none of it
                taken = []
                for _ in range(rounds):
                    begin = time.perf_counter()
                    client.call("GET", f"{LIST}?{question}")
                    taken.append((time.perf_counter() - begin) * 1000)
            times[question] = statistics.median(taken)
        yield "list_ms_1m", max(times.values())
        yield "list_front_ms_1m", times[""]
