"""A home that somebody else can write is refused, with the command that mends it."""
import os
import subprocess

import pytest

from harness import BUILD

ROOT = os.geteuid() == 0
NOBODY = 65534
PARTS = ("", "db", "run", "log", "uploads", "scripts", "fx.conf", "secret.key")


def open_all(home):
    """Each kind of program on the home: how it ended, and what it said."""
    home.environment()
    yield home.run_fxctl("key", "list")
    yield subprocess.run([BUILD / "bin/fx-dispatcher", "--once"], env=home.environment(),
                         capture_output=True, text=True, timeout=60)


def is_refused(home, *parts):
    for done in open_all(home):
        assert done.returncode in (1, 100), done
        for part in parts:
            assert part in done.stderr


@pytest.mark.parametrize("part", PARTS)
def test_what_everybody_can_write(home, part):
    path = home.dir / part
    path.chmod(path.stat().st_mode | 0o002)
    mend = f"chmod {'go-w' if part in ('scripts', 'fx.conf', 'secret.key') else 'o-w'} {path}"
    is_refused(home, mend)
    subprocess.run(mend.split(), check=True)
    assert all(done.returncode == 0 for done in open_all(home))


@pytest.mark.parametrize("part", ["scripts", "fx.conf", "secret.key"])
def test_what_the_group_can_write(home, part):
    path = home.dir / part
    path.chmod(path.stat().st_mode | 0o020)
    is_refused(home, "its group", f"chmod go-w {path}")


@pytest.mark.parametrize("part", PARTS[1:])
def test_link(home, part):
    path, real = home.dir / part, home.place / "elsewhere"
    path.rename(real)
    path.symlink_to(real)
    is_refused(home, "symbolic link")


@pytest.mark.skipif(not ROOT, reason="only root gives files away")
@pytest.mark.parametrize("part", PARTS)
def test_what_belongs_to_somebody_else(home, part):
    os.chown(home.dir / part, NOBODY, -1)
    is_refused(home, f"belongs to another account ({NOBODY})")


@pytest.mark.skipif(not ROOT, reason="only root gives files away")
def test_replaced_scripts_are_not_run(home):
    """The review's attack: a home of root that everybody could write, with scripts of another's."""
    (home.dir / "scripts").rename(home.dir / "old")
    (home.dir / "scripts").mkdir()
    (home.dir / "scripts").chmod(0o755)
    os.chown(home.dir / "scripts", NOBODY, NOBODY)
    is_refused(home, "scripts belongs to another account")


@pytest.mark.parametrize("change", [lambda home, path: path.chmod(0o770),
                                    lambda home, path: path.chmod(0o757),
                                    lambda home, path: (home.dir / "scripts").chmod(0o2770)],
                         ids=["group", "everybody", "directory"])
def test_script_that_others_can_write_is_not_started(live, change):
    path = live.write_script("one.sh", "#!/bin/sh\nexit 0\n")
    pipeline = live.create_pipeline("one", [{"name": "s", "script": "one.sh"}], event="one")
    live.start_trigger(pipeline, ready=True)
    assert live.wait_cid(live.post_event("one")["cid"])[0]["status"] == "completed"
    change(live, path)
    failed = live.wait_cid(live.post_event("one")["cid"])[0]
    assert failed["status"] == "failed" and "somebody else can write it" in str(failed)
    assert "mend it: chmod go-w" in live.logs()
