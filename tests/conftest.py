"""Fixtures for all tests that need a home."""
import contextlib

import pytest

pytest.register_assert_rewrite("checks", "contract", "harness", "jobs", "senders", "door")

import node  # noqa: E402
from fronts import FRONTS  # noqa: E402
from harness import Home, find_program  # noqa: E402


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
def front():
    """front(NAME): a home of the test's own behind this front end (lib/fronts.py), with a
    dispatcher. All it makes end with the test; options are the home's."""
    with contextlib.ExitStack() as stack:

        def front(name, **options):
            lacks = FRONTS[name].lacks(find_program)
            if lacks:
                pytest.skip(f"{name} is left out: {lacks}")
            made = stack.enter_context(Home(**options))
            made.start(name)
            made.start_dispatcher()
            return made

        yield front


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


@pytest.fixture
def loose(home):
    """The same, where nothing keeps a script from killing its runner."""
    home.configure(step={"confine": "off"})
    home.start()
    home.start_dispatcher()
    return home


def left_out(config):
    """The reports of tests that need what npm could not install."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    return [report for report in reporter.stats.get("skipped", ())
            if node.LEFT_OUT in str(report.longrepr)]


def pytest_sessionfinish(session):
    """A test that could not run is a failure, also when all others pass."""
    if not hasattr(session.config, "workerinput") and left_out(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter):
    """One line for all of them."""
    reports = left_out(terminalreporter.config)
    if reports:
        _, _, reason = reports[0].longrepr
        terminalreporter.write_line(
            f"{len(reports)} tests did not run. {reason.removeprefix('Skipped: ')}", red=True)
