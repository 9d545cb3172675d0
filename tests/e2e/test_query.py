"""Query parameters, all that schema/openapi.yaml has: repeated, empty, over-long, no text."""
import itertools
import time
from urllib.parse import quote

import pytest

import contract
from checks import check_problem, nothing_stored
from harness import Home

NOBODY = "00000000-0000-7000-8000-000000000000"
LONGEST = 4096  # bytes that a value may have

numbers = itertools.count(time.time_ns())

# What a route needs besides, and for which statuses its parameters are otherwise accepted.
BODIES = {
    "/fx/events": {"event_source": "s", "event_type": "t", "payload": 1},
    "/fx/events/generic": {}, "/fx/events/webhook": {},
}


def parameters():
    """(method, path, name) of every query parameter."""
    for (method, path), operation in contract.OPERATIONS.items():
        given = [*contract.FILES[contract.API]["paths"][path].get("parameters", []),
                 *operation.get("parameters", [])]
        for parameter in map(contract.resolve, given):
            if parameter["in"] == "query":
                yield method, path, parameter["name"]


# Those of one kind of route are read by the same code, but the key of a webhook is a credential.
PARAMETERS = [each for each in parameters() if each[2] != "key"]
every = pytest.mark.parametrize("method, path, name", PARAMETERS,
                                ids=[" ".join(each) for each in PARAMETERS])


@pytest.fixture(scope="module")
def door():
    with Home() as home:
        home.write_script("ok.sh", "#!/bin/sh\n")
        home.start()
        home.cid = home.post_event("nobody.listens")["cid"]
        made = {"id": "query", "name": "query", "steps": [{"name": "run", "script": "ok.sh"}],
                "options": {"event": "never"}}
        assert home.post("/api/v1/pipelines", made).status == 201
        home.start_dispatcher()
        run = home.post("/api/v1/batches/query").json
        home.wait_cid(run["cid"])
        home.stop_dispatcher()
        home.execution = run["item"]
        yield home


def ask(home, method, path, query):
    url = path.format(cid=home.cid, id="query", pipeline_id="query", execution_id=home.execution)
    return home.call(method, f"{url}?{query}", BODIES.get(path))


def test_there_are_parameters():
    names = {name for _, _, name in parameters()}
    assert names >= {"topic", "key", "event_type", "event_source", "wait", "status", "limit",
                     "after", "since", "until", "service", "pipeline_id", "pipeline_version"}


BAD = {
    "twice": "{0}=1&{0}=1",
    "twice, the same by another way": "{0}=1&x=y&{0}=2",
    "twice, once empty": "{0}=1&{0}=",
    "twice, once without a value": "{0}&{0}=1",
    "NUL": "{0}=a%00b",
    "NUL alone": "{0}=%00",
    "half an escape": "{0}=%4",
    "an escape without digits": "{0}=a%",
    "an escape with other digits": "{0}=%zz",
    "one byte too long": "{0}=" + "1" * (LONGEST + 1),
    "far too long": "{0}=" + "1" * 15_000,
    "too long by its escapes": "{0}=" + "%31" * (LONGEST // 3 + 1),
    "no UTF-8": "{0}=%ff",
    "overlong UTF-8": "{0}=%c0%a0",
    "a cut character": "{0}=%e2%82",
    "a surrogate": "{0}=%ed%a0%80",
}


@every
@pytest.mark.parametrize("case", BAD)
def test_malformed(door, method, path, name, case):
    with nothing_stored(door):
        reply = ask(door, method, path, BAD[case].format(name))
    check_problem(reply, 400, f"parameter {name} ")


@every
@pytest.mark.parametrize("form", ["{}=", "{}", "x=1&{}=&y=2"])
def test_empty(door, method, path, name, form):
    """There, and nothing: never the same as not there."""
    with nothing_stored(door):
        reply = ask(door, method, path, form.format(name))
    check_problem(reply, 404 if name in ("pipeline_version", "step") else 422)


# What is said where nothing was found.
NOTHING = [{"executions": [], "next": None}, {"dead_letters": [], "next": None},
           {"retried": 0, "left": 0, "why": [], "version": "latest"}]


@every
@pytest.mark.parametrize("value", ["%01", "%0a", "%7f", "a%20b%0d%0aX-Evil:%201"])
def test_unacceptable(door, method, path, name, value):
    """Text that no name has. Filters by a name find nothing instead."""
    before = door.commits()
    reply = ask(door, method, path, f"{name}={value}")
    found_nothing = reply.status == 200 and reply.json in NOTHING
    if not (found_nothing and name in ("service", "pipeline_id", "event_type")):
        check_problem(reply, 404 if name in ("pipeline_version", "step") else 422)
    assert "Evil" not in str(reply.headers)
    assert door.commits() == before


@pytest.mark.parametrize("path", ["/fx/cid/{cid}", "/fx/executions", "/api/v1/pipelines"])
@pytest.mark.parametrize("value", ["%205", "+5", "%2B5", "%095", "5%20", "5%0a", "0x5", "0X5", "5.",
                                   "05x", "5,0", "%D9%A5", "1_0", "1e400", "infinity", "nan(1)"])
def test_numbers_are_plain(door, path, value):
    """Nothing that only a lenient reader of numbers takes for one."""
    name = "wait" if "cid" in path else "limit"
    if (name, value) != ("wait", "5."):
        check_problem(ask(door, "GET", path, f"{name}={value}"), 422, f"{name}: must be")


GOOD = [
    ("POST", "/fx/events", "topic=a%2eb", "t"),
    ("POST", "/fx/events", "topic=" + "x" * 249, "t"),
    ("POST", "/fx/events", "topic=a:b/c", "t"),
    ("POST", "/fx/events", "&&topic=a&", "t"),
    ("POST", "/fx/events", "topic=a#topic=b", "t"),
    ("POST", "/fx/events/generic", "event_type=a.b&event_source=%C3%BC+%2B1", "a.b"),
    ("POST", "/fx/events/generic", f"event_type=a&event_source={'x' * 2048}", "a"),
    ("POST", "/fx/events/webhook", f"event_type={'x' * 249}", "x" * 249),
]


@pytest.mark.parametrize("method, path, query, kind", GOOD, ids=lambda v: v[:40])
def test_good_values(door, method, path, query, kind):
    reply = ask(door, method, path, query)
    assert (reply.status, reply.json.get("eventType")) == (200, kind), reply


@pytest.mark.parametrize("method, path", sorted({(method, path) for method, path, _ in PARAMETERS}))
@pytest.mark.parametrize("query", [
    "", "&", "&&&", "=", "=1", "unknown=1&unknown=2", "unknown=%00", "unknown=%zz",
    "TOPIC=1&Wait=x", "unknown=" + "x" * 5000, "%74opic=%20", "topic%00=x",
    "xtopic=%20&topicx=%20&xlimit=&limitx="],
    ids=lambda query: query[:20])
def test_unknown_parameters_are_ignored(door, method, path, query):
    """There is nothing to be tried again."""
    status = 404 if "}/retry" in path else 200
    assert ask(door, method, path, query).status == status


@pytest.mark.parametrize("path", ["/fx/events", "/fx/events/generic", "/fx/events/webhook"])
@pytest.mark.parametrize("query", ["key=", "key", "key=1", "key=%00", f"key={NOBODY}&key={NOBODY}",
                                   "key=%ff", "key=" + "1" * 5000], ids=lambda query: query[:20])
def test_secret_that_is_named(door, path, query):
    """That is who sends: what is wrong with it is not told, as with any credential."""
    with nothing_stored(door):
        check_problem(ask(door, "POST", path, query), 401)


def test_source_is_kept_as_text(door):
    """What was percent-encoded in the URL is the text itself."""
    source = "grüße/a b+c"
    reply = door.post(f"/fx/events/generic?event_source={quote(source)}", {"a": 1})
    explained = door.get(f"/fx/cid/{reply.json['cid']}/explain").json
    assert explained["events"][0]["source"] == source
