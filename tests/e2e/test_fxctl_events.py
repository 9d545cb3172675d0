"""Events by fxctl: lists, one with its payload, and those to come."""
import json
import os
import select
import signal
import subprocess

import pytest

from harness import Home
from jobs import emit, make

LIST = "/api/v1/admin/events"
NOBODY = "01900000-0000-7000-8000-000000000000"


def publish(home, event_type, payload="{}", *words):
    return home.fxctl("publish", "--type", event_type, *words, payload).strip()


@pytest.fixture
def home():
    with Home() as home:
        yield home


def types(home, *words):
    return [row["type"] for row in json.loads(home.fxctl("events", "--json", *words))["events"]]


def test_list_is_that_of_the_api(home):
    home.start()
    home.post_event("a")
    publish(home, "b")
    assert json.loads(home.fxctl("events", "--json")) == home.get(LIST).json
    assert json.loads(home.fxctl("events", "--json", "--type", "a")) == home.get(f"{LIST}?type=a").json
    shown = json.loads(home.fxctl("event", "show", "2", "--json"))
    assert shown == home.get(f"{LIST}/2").json


def test_conditions(home):
    key = home.new_key("events", name="shop")
    home.new_key("events", name="twin")
    home.new_key("events", name="twin")
    home.start()
    home.post("/fx/events", {"event_source": "/s", "event_type": "a.one", "payload": 1}, key=key.token)
    publish(home, "a.two", "{}", "--topic", "t")
    publish(home, "b", "{}", "--source", "/s")
    assert types(home) == ["b", "a.two", "a.one"]
    assert types(home, "--type", "a.*") == ["a.two", "a.one"]
    assert types(home, "--source", "/s") == ["b", "a.one"]
    assert types(home, "--topic", "t") == ["a.two"]
    assert types(home, "--door", "hand") == ["b", "a.two"]
    assert types(home, "--credential", "shop") == types(home, "--credential", key.id) == ["a.one"]
    assert types(home, "--since", "1h") == ["b", "a.two", "a.one"] and types(home, "--until", "1h") == []
    assert types(home, "--limit", "1") == ["b"] and types(home, "--before", "2") == ["a.one"]
    done = home.run_fxctl("events", "--limit", "1")
    assert done.stdout.count("\n") == 2 and "see the next ones with: --before 3" in done.stderr
    assert "No event fits" in home.run_fxctl("events", "--type", "none").stderr
    for words, status, why in (
            (["--credential", "nobody"], 1, 'there is no credential "nobody"'),
            (["--credential", "twin"], 1, '2 credentials are called "twin"'),
            (["--door", "window"], 2, "--door: must be events, generic"),
            (["--since", "soon"], 2, "--since: must be a time"), (["--until", ""], 2, "--until: must be"),
            (["--limit", "0"], 2, "--limit: must be a whole number from 1 to 1000"),
            (["--before", NOBODY], 2, "--before: must be"), (["--type", ""], 2, "--type: must be text")):
        done = home.run_fxctl("events", *words)
        assert (done.returncode, done.stdout) == (status, "") and why in done.stderr, words


def test_nothing_yet(home):
    done = home.run_fxctl("events")
    assert (done.returncode, done.stdout) == (0, "") and "There is no event yet." in done.stderr


def test_event_show(home):
    """All events of a cid, in the order of the log."""
    home.configure(web={"keep_headers": "User-Agent"})
    home.start()
    home.start_dispatcher()
    make(home, emit("emitted", {"n": 1}), event="job")
    reply = home.post("/fx/events", {"event_source": "s", "event_type": "job", "payload": {"a": "\u001b[2J"}},
                      headers=[("User-Agent", "a\x9b31mred")])
    cid = reply.json["cid"]
    home.wait_cid(cid)
    document = json.loads(home.fxctl("event", "show", cid, "--json"))
    assert [event["type"] for event in document["events"]] == ["job", "emitted"]
    assert document["cid"] == cid and document["more"] is False
    assert document["events"] == [home.get(f"{LIST}/{seq}").json for seq in (1, 2)]
    text = home.fxctl("event", "show", cid)
    assert not {"\x1b", "\x9b"} & set(text) and "user-agent: a\ufffd31mred" in text and '{"n": 1}' in text.replace("  ", " ")
    assert text.index("door") < text.index("emitted by")
    assert home.fxctl("event", "show", "1") in text


@pytest.mark.parametrize("more", [[], ["--payload"]], ids=["shown", "payload"])
def test_no_such_event(home, more):
    for word, status, why in ((NOBODY, 1, "there is no event with the correlation id"),
                              ("7", 1, "there is no event 7"), ("0", 2, "is no correlation id"),
                              ("first", 2, "is no correlation id"), ("-1", 2, "")):
        done = home.run_fxctl("event", "show", *more, word)
        assert (done.returncode, done.stdout) == (status, "") and why in done.stderr, word


def test_payload_is_written_as_it_came(home):
    home.start()
    headers = [("ce-specversion", "1.0"), ("ce-id", "1"), ("ce-source", "/s"), ("ce-type", "t"),
               ("Content-Type", "application/octet-stream")]
    cid = home.post("/fx/events", bytes(range(256)), headers=headers).json["cid"]
    for word in ("1", cid):
        done = subprocess.run([home.bin / "fxctl", "--home", home.dir, "event", "show", word, "--payload"],
                              env=home.environment(), capture_output=True, timeout=60)
        assert (done.returncode, done.stdout, done.stderr) == (0, bytes(range(256)), b"")
    assert "fxctl event show 1 --payload" in home.fxctl("event", "show", "1")


# --- tail ---

class Tail:
    """fxctl tail, whose lines are read as they come."""

    def __init__(self, home, *words):
        self.process = subprocess.Popen(
            [home.bin / "fxctl", "--home", home.dir, "tail", *words], env=home.environment(),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.rest = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()

    def line(self):
        while b"\n" not in self.rest:
            assert select.select([self.process.stdout], [], [], 30)[0], "a line comes"
            part = os.read(self.process.stdout.fileno(), 65536)
            assert part, "the output has ended"
            self.rest += part
        line, _, self.rest = self.rest.partition(b"\n")
        return line.decode()


def test_tail_follows(home):
    """The newest that are there, oldest of them first, and then each as it comes, once."""
    for n in range(12):
        publish(home, f"old{n}")
    with Tail(home, "--json") as tail:
        assert [json.loads(tail.line())["type"] for _ in range(10)] == [f"old{n}" for n in range(2, 12)]
        for n in range(5):
            publish(home, f"new{n}")
            assert json.loads(tail.line())["type"] == f"new{n}"
        tail.process.send_signal(signal.SIGINT)
        assert tail.process.wait(30) == -signal.SIGINT and not tail.rest


def test_tail_shows_what_fits(home):
    publish(home, "a")
    with Tail(home, "--type", "b*", "--lines", "0") as tail:
        for event_type in ("a", "b1", "a", "b2"):
            publish(home, event_type)
        heading, first, second = (tail.line() for _ in range(3))
        assert heading.split()[:3] == ["SEQ", "ACCEPTED", "DOOR"]
        assert " b1 " in first and " b2 " in second


def test_tail_of_many(home):
    """A burst is told whole, in order."""
    home.start()
    with Tail(home, "--json", "--lines", "0") as tail:
        publish(home, "begin")
        assert json.loads(tail.line())["seq"] == 1
        events = [{"specversion": "1.0", "id": str(i), "source": "/s", "type": "t"} for i in range(1000)]
        for batch in range(3):
            body = json.dumps([{**event, "id": f"{batch}-{event['id']}"} for event in events]).encode()
            assert home.post("/fx/events", body, headers=[
                ("Content-Type", "application/cloudevents-batch+json")]).status == 200
        assert [json.loads(tail.line())["seq"] for _ in range(3000)] == list(range(2, 3002))


def test_tail_ends_with_its_reader(home):
    with Tail(home) as tail:
        publish(home, "a")
        tail.line()
        tail.process.stdout.close()
        assert tail.process.wait(30) in (0, 111, -signal.SIGPIPE)
        tail.process.stdout = open(os.devnull, "rb")


@pytest.mark.parametrize("words", [["--lines", "-1"], ["--lines", "1001"], ["--lines", "x"], ["now"],
                                   ["--credential", "nobody"]], ids=" ".join)
def test_tail_refuses(home, words):
    assert home.run_fxctl("tail", *words).returncode in (1, 2)
