"""A disk in trouble: what fails is refused, nothing is lost, and no program ends for it."""
import errno
import os

import pytest

from faults import SHORT, Faults
from harness import children_of, until

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
