"""node - what the tests take from npm, installed into build/node by the lock file in tests/node."""
import fcntl
import os
import re
import shutil
import subprocess

import pytest

from harness import PROJECT

HERE = PROJECT / "tests/node"
THERE = PROJECT / "build/node"

FILES = ("package.json", "package-lock.json", ".npmrc")


# What a test that was left out says. tests/conftest.py counts these, and makes them a failure.
LEFT_OUT = "npm could not install what tests need"

SESSION = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))


def package(name):
    """The directory of an installed package. Leaves the test out when there is none."""
    THERE.mkdir(parents=True, exist_ok=True)
    with open(THERE / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run in parallel
        if not is_installed():
            install_once()
    return THERE / "node_modules" / name


def script(name):
    """A script of tests/node, copied to where it finds what it imports."""
    made = package("").parent / f"{name}.{os.getpid()}"
    shutil.copy(HERE / name, made)
    os.replace(made, THERE / name)
    return THERE / name


def is_installed():
    """Was everything installed by the present lock file? Its copy is made at the end."""
    copy = THERE / ".installed"
    lock = HERE / "package-lock.json"
    return copy.exists() and copy.read_bytes() == lock.read_bytes()


def install_once():
    """One try a session: who is offline waits for npm once."""
    tried = THERE / ".tried"
    session, _, why = tried.read_text().partition("\n") if tried.exists() else ("", "", "")
    if session != SESSION:
        why = install()
        tried.write_text(f"{SESSION}\n{why}")
    if why:
        pytest.skip(f"{LEFT_OUT}: {why}")


def install():
    """Why it did not work, in a line; empty when all went well."""
    for name in FILES:
        shutil.copy(HERE / name, THERE)
    try:
        done = subprocess.run(["npm", "ci", "--cache", THERE / "cache"], cwd=THERE, timeout=120,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
    except subprocess.TimeoutExpired:
        return "its registry does not answer"
    if done.returncode:
        # "npm ERR! code EAI_AGAIN", "npm error request to https://… failed, reason: …"
        said = re.findall(r"^npm (?:ERR!|error) (?!code|errno|syscall)(.+)", done.stderr, re.M)
        return said[0] if said else f"it ended with {done.returncode}"
    shutil.copy(HERE / "package-lock.json", THERE / ".installed")
    return ""
