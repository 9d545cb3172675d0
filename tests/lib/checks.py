"""checks - what holds for every reply of a kind."""
import contextlib
import os
import re

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")

# The beginning of any absolute path of this machine: "/usr/", "/tmp/" and so on.
MACHINE = [f"/{name}/" for name in os.listdir("/")] + [".mdb", ".c:", "fx.conf"]


def check_problem(reply, status, *parts):
    """The reply is an error as the contract has it (RFC 9457), with these parts in its detail."""
    assert reply is not None, "the server hung up without a reply"
    assert reply.status == status, reply
    assert reply.headers["Content-Type"] == "application/problem+json"
    problem = reply.json
    assert {"type", "title", "status", "detail", "instance"} <= problem.keys()
    assert problem["status"] == status
    assert problem["type"] and problem["title"] and problem["detail"]
    assert UUID.fullmatch(problem["instance"])
    assert problem["instance"] == reply.headers["X-Request-Id"]
    assert not [word for word in MACHINE if word in problem["detail"]], problem["detail"]
    for part in parts:
        assert part in problem["detail"], problem["detail"]
    return problem


@contextlib.contextmanager
def nothing_stored(home):
    """Within this, no transaction is written. For homes without a dispatcher."""
    before = home.commits()
    yield
    assert home.commits() == before, "something was stored"
