"""Fixtures for all tests that need a home."""
import contextlib

import pytest

pytest.register_assert_rewrite("checks", "contract", "harness", "jobs", "senders", "door")

from harness import Home  # noqa: E402


@pytest.fixture(scope="session")
def sites():
    """Running homes by the way they are served, each made once a worker and shared."""
    homes = {}
    with contextlib.ExitStack() as stack:

        def site(serve):
            if serve not in homes:
                home = homes[serve] = stack.enter_context(Home())
                # Tests send bad keys by the hundred, all from one address.
                home.configure(web={"failures_per_minute": 0})
                home.write_script("ok.sh", "#!/bin/sh\nexit 0\n")
                home.start(serve)
            return homes[serve]

        yield site


@pytest.fixture(params=["fastcgi", "cgi"])
def site(request, sites):
    """A running home without a dispatcher, shared: a test leaves it as it would like to find it."""
    return sites(request.param)


@pytest.fixture
def fastcgi(sites):
    """The same, for what has no meaning under CGI."""
    return sites("fastcgi")


@pytest.fixture
def home():
    """A home of the test's own, nothing started in it yet."""
    with Home() as made:
        yield made


@pytest.fixture
def live(home):
    """A home of the test's own with everything running."""
    home.start()
    home.start_dispatcher()
    return home
