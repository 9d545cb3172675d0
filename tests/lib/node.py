"""node - what the tests take from npm, installed into build/node by the lock file in tests/node."""
import fcntl
import os
import shutil
import subprocess

from harness import PROJECT

HERE = PROJECT / "tests/node"
THERE = PROJECT / "build/node"

FILES = ("package.json", "package-lock.json", ".npmrc")


def package(name):
    """The directory of an installed package."""
    THERE.mkdir(parents=True, exist_ok=True)
    with open(THERE / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run in parallel
        if not is_installed():
            install()
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


def install():
    for name in FILES:
        shutil.copy(HERE / name, THERE)
    subprocess.run(["npm", "ci", "--cache", THERE / "cache"], cwd=THERE, check=True, timeout=120,
                   stdin=subprocess.DEVNULL, capture_output=True)
    shutil.copy(HERE / "package-lock.json", THERE / ".installed")
