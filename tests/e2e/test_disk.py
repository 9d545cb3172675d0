"""A disk in trouble: what fails is refused, nothing is lost, and no program ends for it."""
import contextlib
import errno
import json
import os
import subprocess
import tempfile
import os

import pytest

from faults import ALWAYS, SHORT, Faults
from harness import BUILD, Home, children_of, until

EVENT = {"event_source": "test", "event_type": "disk", "payload": {"n": 1}}
FULL_OR_BROKEN = pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC, errno.EDQUOT],
                                         ids=lambda error: errno.errorcode[error])


@pytest.fixture
def faults(home):
    """A home whose programs do as they are told, all of them running, with a pipeline."""
    made = Faults(home)
    home.configure(store={"disk_reserve_bytes": 0})
    home.write_script("ok.sh", "#!/bin/sh\nexit 0\n")
    home.start()
    home.start_dispatcher()
    pipeline = home.create_pipeline("disk", [{"name": "one", "script": "ok.sh"}], event="disk")
    home.start_trigger(pipeline, ready=True)
    return made


def programs_of(home):
    """The processes that are to be the same ones afterwards."""
    return {home.dispatcher.pid, *children_of(home.server.pid)}


def post(home):
    return home.post("/fx/events", EVENT)


def works(home):
    return all(e["status"] == "completed" for e in home.wait_cid(post(home).json["cid"]))


@FULL_OR_BROKEN
def test_flush_that_fails_ends_no_program(home, faults, error):
    """Linux tells it to both descriptors of a program, to the second after the next head is written."""
    before = programs_of(home)
    for _ in range(5):
        faults.set("flush", error, late=True)
        assert post(home).status == 503
        faults.clear()
        until(lambda: post(home).status == 200, what="events are taken again")
        assert works(home)
    assert programs_of(home) == before
    assert home.dispatcher.poll() is None
    assert "not usable" not in home.logs()


@pytest.mark.parametrize("fault", [errno.EIO, errno.ENOSPC, SHORT])
@pytest.mark.parametrize("times", [1, 20])
def test_write_that_fails_ends_no_program(home, faults, fault, times):
    before = programs_of(home)
    faults.set("write", fault, times=times)
    assert post(home).status == 503
    until(lambda: post(home).status == 200, what="events are taken again")
    assert works(home)
    assert programs_of(home) == before


@pytest.mark.parametrize("fault", [errno.EIO, errno.ENOSPC, SHORT])
def test_head_that_fails_ends_no_dispatcher(home, faults, fault):
    """LMDB gives the environment up; the dispatcher opens it anew, and its runners go on meanwhile."""
    gate, marks = home.scratch / "gate", home.scratch / "marks"
    home.write_script("wait.sh", f"#!/bin/sh\necho x >>{marks}\n"
                                 f"while [ ! -e {gate} ]; do sleep 0.01; done\n")
    pipeline = home.create_pipeline("wait", [{"name": "one", "script": "wait.sh"}], event="wait")
    home.start_trigger(pipeline, ready=True)
    cid = home.post_event("wait")["cid"]
    until(marks.exists, what="the script runs")
    dispatcher = home.dispatcher.pid
    faults.set("head", fault, times=ALWAYS)
    gate.touch()
    until(lambda: faults.count > 4, what="the store is opened anew, in vain")
    faults.clear()
    assert [e["status"] for e in home.wait_cid(cid)] == ["completed"]
    assert marks.read_text() == "x\n"
    until(lambda: post(home).status == 200, what="events are taken again")
    assert works(home)
    assert home.dispatcher.poll() is None and home.dispatcher.pid == dispatcher


def test_health_tells_of_commits_that_fail(home, faults):
    faults.set("flush", errno.EIO, times=ALWAYS)
    assert post(home).status == 503
    def told():
        return home.get("/health/ready", key=None).json["status"]
    until(lambda: told() == "broken", what="health is bad")
    [found] = [one for one in home.get("/health").json["checks"] if one["name"] == "store"]
    assert not found["good"] and "has failed" in found["reason"] and "logs" in found["remedy"]
    faults.clear()
    until(lambda: post(home).status == 200, what="events are taken again")
    until(lambda: told() == "ready", what="health is good")


def test_dispatcher_without_its_store_can_be_stopped(home, faults):
    faults.set("head", errno.EIO, times=ALWAYS)
    home.run_fxctl("pipeline", "list")
    until(lambda: post(home).status == 503, what="events are refused")
    assert home.stop_dispatcher() in (0, 111)


# --- A disk that is really full ---

class SmallDisk(Home):
    """A home on a small file system of its own."""

    def __init__(self):
        self.mounted = tempfile.mkdtemp(prefix="fx-")  # the path of a socket has to be short
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", self.mounted],
                                 capture_output=True, text=True)
        if mounted.returncode:
            os.rmdir(self.mounted)
            pytest.skip(f"no file system can be mounted here: {mounted.stderr}")
        try:
            super().__init__(where=self.mounted)
            self.configure(store={"disk_reserve_bytes": 0})
        except BaseException:
            self.unmount()
            raise

    def unmount(self):
        subprocess.run(["umount", "-l", self.mounted], check=True)
        os.rmdir(self.mounted)

    def close(self):
        try:
            super().close()
        finally:
            self.unmount()

    @property
    def ballast(self):
        return self.place / "ballast"

    def fill(self):
        """To the last block."""
        with open(self.ballast, "ab", buffering=0) as file:
            for size in (1 << 20, 4096):
                with contextlib.suppress(OSError):
                    while file.write(bytes(size)):
                        pass
        assert os.statvfs(self.place).f_bavail == 0

    def free(self):
        self.ballast.unlink()


@pytest.fixture
def small():
    with SmallDisk() as home:
        yield home


def from_address(home, address, key):
    """The status of a request of an address of its own, by way of a program's socket."""
    return home.exchange(home.request("GET", "/fx/executions", key=key), source=address).status


def test_full_disk_ends_no_program(small):
    """Keys that nobody has used before, and 40 senders of bad keys, are in pages never touched."""
    keys = [small.new_key("status").token for _ in range(12)]
    small.start()
    small.start_dispatcher()
    before = programs_of(small)
    small.fill()
    bad = [from_address(small, f"127.0.0.{n}", "no-key") for n in range(2, 42)]
    good = [small.get("/fx/executions", key=key).status for key in keys]
    assert (bad, good) == ([401] * 40, [200] * 12)
    large = {**EVENT, "payload": "x" * (600 << 10)}
    assert small.post("/fx/events", large).status == 503
    small.free()
    until(lambda: small.post("/fx/events", large).status == 200, what="events are taken again")
    assert programs_of(small) == before


def test_full_disk_has_a_slot_for_every_reader(small):
    """Each of them has a slot in lock.mdb, which its first 62 readers had blocks for."""
    small.start()
    cid = json.loads(small.fxctl("publish", "--json", "--type", "disk", "{}"))["cid"]
    small.fill()
    command = [BUILD / "bin/fxctl", "--home", small.dir, "cid", cid, "--wait", "--timeout", "2"]
    waiting = [subprocess.Popen(command, env=small.environment(), stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE) for _ in range(90)]
    statuses = {one.wait() for one in waiting}
    for one in waiting:
        one.stderr.close()
    small.free()
    assert all(status >= 0 for status in statuses), statuses


def test_program_that_starts_on_a_full_disk_keeps_rates_for_itself(small):
    key = small.new_key("status", rate=1, burst=2).token
    small.start()
    (small.dir / "run/meters").unlink()
    small.fill()
    small.kill_program("status")
    until(lambda: small.get("/fx/-", key=None).status == 404, what="status is there again")
    statuses = [small.get("/fx/executions", key=key).status for _ in range(6)]
    listed = small.run_fxctl("key", "list")
    small.free()
    assert statuses[:2] == [200, 200] and 429 in statuses
    assert listed.returncode == 0 and "keeps rates for itself" in listed.stderr


def test_meters_that_are_cut_short_end_no_program(home):
    home.start()
    before = set(children_of(home.server.pid))
    key = home.new_key("status", rate=1, burst=2).token
    for _ in range(2):
        assert home.get("/fx/executions").status == 200
        os.truncate(home.dir / "run/meters", 0)
    statuses = [home.get("/fx/executions", key=key).status for _ in range(6)]
    assert statuses[:2] == [200, 200] and 429 in statuses
    assert "run/meters was cut short" in home.logs()
    assert set(children_of(home.server.pid)) == before


def test_stats_that_are_cut_short_end_no_program(home):
    """What a program counts from then on is its own; what is told of the others goes on."""
    home.start()
    before = set(children_of(home.server.pid))
    for _ in range(2):
        os.truncate(home.dir / "run/stats", 0)
        assert home.get("/fx/executions").status == 200
        assert home.get("/metrics").status == 200
        assert home.post_event("any")["cid"]
    assert "run/stats was cut short" in home.logs()
    assert set(children_of(home.server.pid)) == before
