"""Lists of a home with 100,000 executions: each page looks at so many, whatever is asked for."""
import json
import re
import subprocess

import pytest

from harness import BUILD, Home

COUNT = 100_000
LOOKED = 10_000  # executions that one page looks at
FIRST_MS = 1767225600000  # tests/lib/fill.c
LISTS = [("/fx/executions", "executions"), ("/api/v1/admin/dead-letters", "dead_letters")]


@pytest.fixture(scope="module")
def filled():
    with Home() as home:
        subprocess.run([BUILD / "tests/fill", home.dir, str(COUNT), "0000abcd"], check=True,
                       timeout=300, env=home.environment())
        home.start()
        yield home


def number(execution_id):
    """Which of those that were filled in it is, from 0."""
    return int(execution_id.replace("-", "")[:12], 16) - FIRST_MS


def pages(home, path, member):
    reply = home.get(path)
    while True:
        assert reply.status == 200, reply
        yield reply.json[member], reply.json["next"], reply.json.get("looked_back_to")
        if reply.json["next"] is None:
            return
        more = "&" if "?" in path else "?"
        reply = home.get(f"{path}{more}after={reply.json['next']}")


@pytest.mark.parametrize("query", ["service=none", "event_type=none", "status=completed&service=none"])
def test_nothing_fits(filled, query):
    """Pages are empty, say how far they have looked, and come to the end."""
    if "completed" in query:
        assert [page for page, *_ in pages(filled, f"/fx/executions?{query}", "executions")] == [[]]
        return
    last = COUNT
    for found, next_page, looked_back_to in pages(filled, f"/fx/executions?{query}", "executions"):
        assert found == []
        assert (looked_back_to is None) == (next_page is None)
        at = number(next_page) if next_page else 0
        assert 0 <= last - at <= LOOKED
        if next_page:
            assert filled.get(f"/fx/executions/{next_page}").json["datetime"] == looked_back_to
        last = at


@pytest.mark.parametrize("path, member", LISTS)
def test_full_pages_say_nothing_of_looking(filled, path, member):
    for limit in (1, 100):
        reply = filled.get(f"{path}?limit={limit}").json
        assert set(reply) == {member, "next"} and len(reply[member]) == limit
    assert number(filled.get(path).json[member][0]["execution_id"]) == COUNT - 1


def test_fxctl_goes_on_to_the_end(filled):
    """From page to page, each read for itself."""
    done = filled.run_fxctl("executions", "--service", "none")
    assert (done.returncode, done.stdout) == (0, "")
    assert json.loads(filled.fxctl("executions", "--service", "none", "--json")) == {
        "executions": [], "next": None}
    oldest = json.loads(filled.fxctl("executions", "--json", "--limit", "1",
                                     "--after", "019b76da-a801-7000-8000-00000000abcd"))
    assert [number(e["execution_id"]) for e in oldest["executions"]] == [0]


@pytest.mark.parametrize("command", [["executions"], ["dead-letter", "list"]])
def test_lists_say_why(filled, command):
    """The beginning of the error, on the row's line."""
    _, *rows = filled.fxctl(*command, "--limit", "3").splitlines()
    assert len(rows) == 3
    for row in rows:
        error = re.search(r"  (step one: .*)$", row)[1]
        assert len(error) == 60 and error.endswith("...")
