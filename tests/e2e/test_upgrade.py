"""Homes of earlier layouts (tests/homes) are carried over: everything in them is as it was, and
what waited goes on."""
import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import time
from datetime import datetime, timedelta

import pytest

import raw
from clock import Clock
from harness import BUILD, FINAL, until
from kept import HOMES, tell, unpack, unpack_store


def layout_of(folder):
    return int(folder.name.rpartition("-")[2])


FOLDERS = sorted(HOMES.glob("layout-*"), key=layout_of)
NEWEST = layout_of(FOLDERS[-1])
NO, RETRY = 1, 111

# What becomes of the executions of pipelines that were in the middle of something.
ENDS = {"kept-waiting": ["completed"], "kept-running": ["completed", "completed", "failed", "skipped"],
        "kept-ended": ["skipped"], "kept-dead": ["failed", "failed"]}


def opened(folder):
    home, told = unpack(folder)
    with home:
        home.folder, home.told, home.layout = folder, told, layout_of(folder)
        yield home


@pytest.fixture(params=FOLDERS, ids=lambda folder: folder.name)
def kept(request):
    """A home that was kept."""
    yield from opened(request.param)


@pytest.fixture(params=FOLDERS[:-1], ids=lambda folder: folder.name)
def old(request):
    """One of an earlier layout."""
    yield from opened(request.param)


def upgrade(home):
    return json.loads(home.fxctl("--json", "upgrade"))


def copy_of(home):
    return home.dir / f"db.layout-{home.layout}"


def store_of(home):
    return (home.dir / "db/data.mdb").read_bytes()


def is_as_it_was(home):
    """It is carried over, and tells what it told before."""
    assert upgrade(home)["from"] == NEWEST
    home.start()
    assert tell(home) == home.told


def runs_to_the_end(home):
    """A dispatcher takes up what the one before it left, an hour later."""
    newest = max(e["datetime"] for e in home.told["/fx/executions?limit=1000"]["executions"])
    Clock(home, datetime.fromisoformat(newest) + timedelta(hours=1))
    home.start_dispatcher()
    until(lambda: home.get("/fx/executions?service=kept-ended").json["executions"],
          what="all events are routed")
    until(lambda: all(e["status"] in FINAL for e in home.all_executions()), 60,
          what=lambda: f"all is final: {home.all_executions()}\n{home.logs()}")
    executions = home.all_executions()
    for service, ends in ENDS.items():
        assert sorted(e["status"] for e in executions if e["service"] == service) == ends, service
    [waited] = [e for e in executions if e["service"] == "kept-waiting"]
    assert waited["attempt"] == 2
    done = [e for e in executions if e["service"] in ("kept-done", "kept-emitted")]
    assert {e["status"] for e in done} == {"completed"}


def test_kept_home_is_carried_over(kept):
    before = store_of(kept)
    done = upgrade(kept)
    assert (done["from"], done["to"]) == (kept.layout, NEWEST)
    if kept.layout < NEWEST:
        assert done["copy"] == str(copy_of(kept))
        assert os.listdir(done["copy"]) == ["data.mdb"]
        assert len((copy_of(kept) / "data.mdb").read_bytes()) == len(before)
    else:
        assert done["copy"] is None and not copy_of(kept).exists()
    is_as_it_was(kept)
    runs_to_the_end(kept)


def test_copy_is_the_way_back(old):
    """It takes the place of the store, and is what it was."""
    upgrade(old)
    shutil.rmtree(old.dir / "db")
    copy_of(old).rename(old.dir / "db")
    assert upgrade(old)["from"] == old.layout
    is_as_it_was(old)


def test_dispatcher_carries_over(old):
    old.start_dispatcher()
    assert f"was brought from layout {old.layout} to {NEWEST}; a copy" in old.logs()
    assert (copy_of(old) / "data.mdb").exists()
    assert old.stop_dispatcher() == 0
    assert upgrade(old)["from"] == NEWEST


def test_every_other_program_refuses(old):
    """And names the command; nothing is touched."""
    before = store_of(old)
    for command in ("status", "init", "key list", "publish --type kept.done {}", "pipeline run kept-done"):
        done = old.run_fxctl(*command.split())
        assert done.returncode == NO and not done.stdout, done
        assert f"fxctl --home {old.dir} upgrade" in done.stderr, command
    for program, method, path in (
            ("events", "POST", "/fx/events"), ("status", "GET", "/fx/executions"),
            ("pipelines", "GET", "/api/v1/pipelines"), ("triggers", "GET", "/api/v1/events"),
            ("console", "GET", "/api/v1/admin/dead-letters"), ("ops", "GET", "/metrics")):
        request = {**old.environment(), **raw.variables(method, path)}
        done = subprocess.run([BUILD / f"cgi-bin/{program}.fcgi"], env=request,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        assert done.stdout.startswith("Status: 503"), done
        assert f"fxctl --home {old.dir} upgrade" in done.stderr, program
    assert store_of(old) == before


LITERALS = ["kept-literal-signing", "Bearer kept-literal-token", "Bearer kept-literal-other",
            "kept=kept-literal-cookie"]


def without_secrets(told):
    """What was told, with one word for each secret and each reference to one."""
    text = re.sub(r'\{"secret": "own/[0-9a-f]{16}"\}', '"secret"', json.dumps(told))
    for literal in ("(not shown)", *LITERALS[1:]):
        text = text.replace(json.dumps(literal), '"secret"')
    return json.loads(text)


@pytest.mark.parametrize("by", ["fxctl", "dispatcher"])
def test_secrets_in_definitions_become_references(by):
    """In every version; one value has one name."""
    home, told = unpack(HOMES / "literals-2")
    with home:
        home.secrets |= set(LITERALS)
        if by == "fxctl":
            assert upgrade(home)["to"] == NEWEST
        else:
            home.start_dispatcher()
            home.stop_dispatcher()
        home.start()
        if by == "fxctl":
            assert without_secrets(tell(home)) == without_secrets(told)
        [own] = [p["id"] for p in home.get("/api/v1/pipelines").json["pipelines"] if p["name"] == "kept-literals"]
        versions = home.get(f"/api/v1/pipelines/{own}/versions").json["versions"]
        third, second, first = ({**v["steps"][0]["http"]["headers"], "": v["steps"][0]["http"]["secret"]}
                                for v in versions)
        assert third == first and first.pop("Authorization") != second.pop("Authorization")
        assert first == second
        step = {"name": "call", "http": {
            "url": "https://kept.example/", "secret": LITERALS[0],
            "headers": {"Authorization": LITERALS[1], "cookie": LITERALS[3]}}}
        body = {"name": "kept-literals", "steps": [step], "options": {"event": "kept.literals"}}
        done = json.loads(home.fxctl("--json", "pipeline", "apply", "-", stdin=json.dumps(body)))
        assert (done["outcome"], done["version"]) == ("unchanged", "3")  # the values are the same


def test_secrets_in_definitions_without_a_key():
    """It is refused with what to do, and goes on when that is done."""
    old, _ = unpack(HOMES / "literals-2")
    with old:
        (old.dir / "secret.key").rename(old.dir / "away")
        done = old.run_fxctl("upgrade")
        assert done.returncode != 0 and f"cannot read {old.dir}/secret.key" in done.stderr
        (old.dir / "away").rename(old.dir / "secret.key")
        assert upgrade(old)["to"] == NEWEST


def test_not_beside_a_dispatcher(home):
    home.start_dispatcher()
    done = home.run_fxctl("upgrade")
    assert done.returncode == NO
    assert f"a dispatcher runs (process {home.dispatcher.pid})" in done.stderr


def test_again_is_harmless(home):
    done = home.run_fxctl("upgrade")
    assert done.returncode == 0 and "already; nothing was changed" in done.stdout
    assert not list(home.dir.glob("db.*"))


def test_next_dispatcher_hears_of_the_last_ones_death(home):
    """The lock tells how its last holder ended, and upgrade is no dispatcher."""
    lock = home.dir / "run/dispatcher.lock"
    home.fxctl("upgrade")
    assert not lock.read_text()
    home.start_dispatcher()
    home.kill_dispatcher()
    home.fxctl("upgrade")
    assert lock.read_text()


def killed(home, limit=None, after=None):
    """Upgrades, and is killed where its file grows beyond a size, or after some time. Its status."""
    def before():
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    process = subprocess.Popen([BUILD / "bin/fxctl", "--home", home.dir, "upgrade"], preexec_fn=before,
                               env=home.environment(), stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    if after is not None:
        time.sleep(after)
        process.kill()
    return process.wait(60)


def test_killed_while_copying(old):
    """Wherever it is killed, the store is as it was, and the next try has a whole copy."""
    before = store_of(old)
    for limit in range(0, len(before), 48 << 10):
        assert killed(old, limit=limit) == -signal.SIGXFSZ
        assert store_of(old) == before
        assert not (copy_of(old) / "data.mdb").exists()
    assert upgrade(old)["from"] == old.layout
    assert os.listdir(copy_of(old)) == ["data.mdb"]
    is_as_it_was(old)


def test_killed_at_any_time(old):
    """Its layout is one of those on the way, with all that belongs to it."""
    chance = random.Random(1)
    for _ in range(30):
        unpack_store(old.folder, old.dir)
        shutil.rmtree(copy_of(old), ignore_errors=True)
        killed(old, after=chance.uniform(0, 0.03))
        layout = upgrade(old)["from"]
        assert layout in range(old.layout, NEWEST + 1)
        assert (copy_of(old) / "data.mdb").exists()
    is_as_it_was(old)
    runs_to_the_end(old)


def test_no_room_for_the_copy(old):
    """It is refused with what to do, and nothing is left behind."""
    before = store_of(old)

    limit = len(before) - 4096

    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = subprocess.run([BUILD / "bin/fxctl", "--home", old.dir, "upgrade"], env=old.environment(),
                          capture_output=True, text=True, preexec_fn=limited,
                          restore_signals=False)  # SIGXFSZ stays ignored: the write fails
    assert done.returncode == RETRY
    assert "no room for a copy of the database, 1 MiB" in done.stderr
    assert f"in {copy_of(old)}; free so much of the disk" in done.stderr
    assert store_of(old) == before
    assert not os.listdir(copy_of(old))


def test_full_disk(old):
    """A file system of its own, with hardly more room than the home takes."""
    room = old.dir.parent / f"{old.dir.name}-tmpfs"
    room.mkdir()
    script = f"""mount -t tmpfs -o size={len(store_of(old)) + (200 << 10)} none {room} || exit 99
        cp -a {old.dir}/. {room} && exec {BUILD}/bin/fxctl --home {room} upgrade"""
    try:
        done = subprocess.run(["unshare", "--mount", "sh", "-c", script], env=old.environment(),
                              capture_output=True, text=True, timeout=60)
    finally:
        room.rmdir()
    if done.returncode in (1, 99) and "fxctl" not in done.stderr:
        pytest.skip("needs to be root")
    assert done.returncode == RETRY
    assert "no room for a copy of the database" in done.stderr
