"""Lists in pages, while what they list grows."""
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import Home

STEPS = [{"name": "run", "script": "ok.sh"}]
NAMES = ["one", "two", "three"]


def run(home, name):
    """Makes an execution, which nobody takes up. Its id."""
    reply = home.post(f"/api/v1/batches/{name}")
    assert reply.status == 200, reply
    return reply.json["item"]


def pages(home, query, limit, meanwhile=lambda: None):
    """All executions of a list, page by page, newest first."""
    after = ""
    while True:
        reply = home.get(f"/fx/executions?limit={limit}{query}{after}")
        assert reply.status == 200, reply
        assert len(reply.json["executions"]) <= limit
        yield from reply.json["executions"]
        if reply.json["next"] is None:
            return
        after = f"&after={reply.json['next']}"
        meanwhile()


def run_later(home):
    """An execution that nothing before it shares its millisecond with: its id and its time."""
    def time_of(own):
        return home.get(f"/fx/executions/{own}").json["datetime"]

    before = time_of(run(home, NAMES[0]))
    while True:
        own = run(home, NAMES[0])
        if time_of(own) > before:
            return own, time_of(own)


def ids(executions):
    return [execution["execution_id"] for execution in executions]


@pytest.fixture(scope="module")
def growing():
    """A home with three pipelines and nobody who runs them; tests add to it."""
    with Home() as home:
        home.write_script("ok.sh", "#!/bin/sh\n")
        home.start()
        for name in NAMES:
            made = {"id": name, "name": name, "steps": STEPS, "options": {"event": f"event.{name}"}}
            assert home.post("/api/v1/pipelines", made).status == 201
        yield home


@pytest.mark.parametrize("limit", [1, 2, 7, 1000])
@pytest.mark.parametrize("query, names", [
    ("", NAMES), ("&status=pending", NAMES), ("&service=two", ["two"]),
    ("&pipeline_id=three&status=pending", ["three"]), ("&status=completed", [])])
def test_pages_between_additions(growing, limit, query, names):
    """What was there when the list was begun comes exactly once, in order; nothing new comes
    between."""
    for name in NAMES * 2:
        run(growing, name)
    there = ids(pages(growing, query, 1000))
    added = []
    seen = list(pages(growing, query, limit, lambda: added.append(run(growing, NAMES[0]))))
    assert ids(seen) == there
    assert not set(added) & set(ids(seen))
    assert {execution["service"] for execution in seen} == set(names if seen else [])
    times = [execution["datetime"] for execution in seen]
    assert times == sorted(times, reverse=True)


def test_pages_while_many_are_added_at_once(growing):
    """By other connections, all the time."""
    first, time = run_later(growing)
    before = [first, *[run(growing, NAMES[i % 3]) for i in range(1, 30)]]
    since = f"&since={time}"
    stop = threading.Event()
    added = []

    def add():
        while not stop.is_set():
            added.append(run(growing, "one"))

    def check(query, limit):
        seen = ids(pages(growing, since + query, limit))
        expected = [own for i, own in enumerate(before) if not query or i % 3 == 1][::-1]
        assert len(seen) == len(set(seen))
        at = [seen.index(own) for own in expected]
        assert at == sorted(at)
        # Behind the first that was there, there is nothing that is newer.
        assert not set(seen[at[0]:]) & set(added)

    with ThreadPoolExecutor(2) as pool:
        adding = [pool.submit(add) for _ in range(2)]
        try:
            for limit in (1, 7):
                for query in ("", "&service=two"):
                    check(query, limit)
        finally:
            stop.set()
        for future in adding:
            future.result()
    assert set(ids(pages(growing, since, 1000))) == {*before, *added}


def test_pages_in_time(growing):
    """since and until hold the list to what was made between, also when more is made."""
    first, since = run_later(growing)
    inner = [first, *[run(growing, "two") for _ in range(5)]]
    last, until = run_later(growing)
    for query in (f"&since={since}&until={until}", f"&since={since}"):
        seen = ids(pages(growing, query, 2, lambda: run(growing, "two")))
        assert seen[-len(inner):] == inner[::-1]
        assert (last in seen) == ("until" not in query)
    query = f"&until={since}"
    assert not {*inner, last} & set(ids(pages(growing, query, 1000)))


def test_page_after_one_that_another_filter_hides(growing):
    """`after` is a place in the list, whatever the conditions are."""
    one, two, three = (run(growing, name) for name in NAMES)
    seen = ids(growing.get(f"/fx/executions?after={three}&service=one&limit=1").json["executions"])
    assert seen == [one]
    seen = ids(growing.get(f"/fx/executions?after={two}&limit=1").json["executions"])
    assert seen == [one]


def test_pages_of_cgi_programs(home):
    """The place is in the request: any process goes on with it."""
    home.write_script("ok.sh", "#!/bin/sh\n")
    home.start("cgi")
    own = home.create_pipeline("one", STEPS)
    made = [run(home, own) for _ in range(5)]
    assert ids(pages(home, "", 2, lambda: run(home, own))) == made[::-1]


def test_triggers_are_all_listed(growing):
    for name in NAMES:
        growing.start_trigger(name)
    listed = growing.get("/api/v1/events").json["events"]
    assert [trigger["pipeline_id"] for trigger in listed] == sorted(NAMES)
    for trigger in listed:
        assert growing.get(f"/api/v1/events/{trigger['pipeline_id']}").json == trigger
        assert growing.delete(f"/api/v1/events/{trigger['pipeline_id']}").status == 200
    assert growing.get("/api/v1/events").json == {"events": []}


def test_triggers_come_in_pages(growing):
    for name in NAMES:
        growing.start_trigger(name)
    seen, after = [], ""
    while after is not None:
        page = growing.get(f"/api/v1/events?limit=1{after}").json
        seen += [trigger["pipeline_id"] for trigger in page["events"]]
        after = f"&after={page['next']}" if "next" in page else None
    assert seen == sorted(NAMES)
    after = growing.get("/api/v1/events?after=p").json["events"]
    assert [trigger["pipeline_id"] for trigger in after] == ["three", "two"]
    assert growing.get("/api/v1/events?after=two").json == {"events": []}
    for name in NAMES:
        assert growing.delete(f"/api/v1/events/{name}").status == 200
