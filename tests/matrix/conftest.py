"""The matrix: every case, behind every front end (tests/lib/fronts.py).

FX_FRONTS has the names of those that are to be there, with blanks between them. Where it is not
set, or "all", these are all that can run here, and it is said which are left out, and why.
"""
import os

import pytest

from fronts import ACCOUNT, FRONTS, NAMES
from harness import Home, find_program

WANTED = os.environ.get("FX_FRONTS", "all").replace("all", "").split()
LACKS = {name: lacks for name in WANTED or NAMES if (lacks := FRONTS[name].lacks(find_program))}
CHOSEN = [name for name in WANTED or NAMES if name not in LACKS]


def pytest_configure():
    if WANTED and LACKS:
        raise pytest.UsageError("; ".join(f"{name}: {why}" for name, why in LACKS.items()))


def pytest_generate_tests(metafunc):
    if "name" in metafunc.fixturenames:
        metafunc.parametrize("name", CHOSEN, scope="session")


def pytest_terminal_summary(terminalreporter):
    terminalreporter.write_line(f"front ends: {' '.join(CHOSEN)}")
    for name, why in LACKS.items():
        terminalreporter.write_line(f"left out: {name}: {why}", red=True)


def prepare(home, name):
    home.configure(web={"failures_per_minute": 0})
    home.write_script("ok.sh", "#!/bin/sh\nexit 0\n")
    home.start(name)
    return home


@pytest.fixture(scope="session")
def site(name):
    """A running home behind the front end, without a dispatcher, shared by the cases of a worker."""
    with Home(account=ACCOUNT) as home:
        yield prepare(home, name)


@pytest.fixture
def own(name):
    """A home of the test's own behind the front end, without a dispatcher."""
    with Home(account=ACCOUNT) as home:
        yield prepare(home, name)
