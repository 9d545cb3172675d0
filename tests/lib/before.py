"""before - the programs of the release before this version, to run together with these."""
import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from harness import PROJECT

CACHE = PROJECT / "build/before"
FOLDERS = ("bin", "cgi-bin")


def git(*words):
    done = subprocess.run(["git", "-C", PROJECT, *words], capture_output=True, text=True)
    return done.stdout.split() if done.returncode == 0 else []


def tag():
    """The newest tag of a release that is not this very version."""
    here = git("rev-parse", "HEAD")
    for name in git("tag", "--merged", "HEAD", "--sort=-version:refname", "--list", "v[0-9]*"):
        if git("rev-parse", f"{name}^{{commit}}") != here:
            return name
    pytest.skip("there is no tag of a release before this one here")


def build(name, into):
    """Builds it in a place of its own, and keeps the programs alone."""
    with tempfile.TemporaryDirectory() as place:
        archive = subprocess.run(["git", "-C", PROJECT, "archive", name], stdout=subprocess.PIPE, check=True)
        subprocess.run(["tar", "-x", "-C", place], input=archive.stdout, check=True)
        environment = {key: value for key, value in os.environ.items()
                       if key not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "VARIANT", "CFLAGS")}
        done = subprocess.run(["make", "-j2", "DEVELOPER=0", "all"], cwd=place, env=environment, capture_output=True,
                              text=True)
        assert done.returncode == 0, done.stderr[-4000:]
        for folder in FOLDERS:
            shutil.copytree(Path(place) / "build" / folder, into / folder)


def programs():
    """The folder with bin/ and cgi-bin/ of the release before; built once, and kept in build/."""
    name = tag()
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = CACHE / name
        if not made.exists():
            half = CACHE / f"{name}.half"
            shutil.rmtree(half, ignore_errors=True)
            build(name, half)
            half.rename(made)
        return made
