"""Whatever is reloaded, ended, killed or started anew while events come in: none that was
acknowledged is lost, and none is stored whose sender was told that it is not."""
import signal

import pytest

from fronts import FRONTS
from harness import children_of, command_of, until
from load import Load

TIMES = 3

GRACEFUL = {"lighttpd": signal.SIGUSR1, "apache": signal.SIGUSR1, "nginx": signal.SIGHUP}

# Gateway errors that a graceful reload of the server itself may cost, and why.
COSTS = {"apache-cgid": "mod_cgid's daemon is started anew, and who asks it meanwhile gets 503"}


def reload_programs(home):
    """Has the holder replace all programs."""
    before = set(home.programs())
    home.holder.send_signal(signal.SIGHUP)
    until(lambda: len(home.programs()) == len(before) and not before & set(home.programs()),
          what="all are other processes")


def serving(home):
    """What shows that a server has been reloaded: its processes that serve; lighttpd, which is one
    process, says so."""
    if FRONTS[home.serve].folder == "lighttpd":
        text = (home.dir / "log/lighttpd.log").read_text(errors="replace")
        return set(range(text.count("server started")))
    return {pid for pid in children_of(home.server.pid)
            if "rotatelogs" not in command_of(pid) and ".fcgi" not in command_of(pid)}


def reload_server(home):
    before = serving(home)
    home.server.send_signal(GRACEFUL[FRONTS[home.serve].folder])
    until(lambda: serving(home) - before, what="the server has been reloaded")


def test_reload_by_held_sockets(own):
    """Programs are replaced and no request notices."""
    if not FRONTS[own.serve].held:
        pytest.skip("the server keeps its programs itself")
    with Load(own) as load:
        for _ in range(TIMES):
            load.goes_on()
            reload_programs(own)
        load.goes_on()
    assert load.outcomes == {200: load.acknowledged}
    assert load.stored() == load.acknowledged


def test_reload_of_the_server(own):
    """Its own, which lets requests at hand end."""
    with Load(own) as load:
        for _ in range(TIMES):
            load.goes_on()
            reload_server(own)
        load.goes_on()
    if own.serve not in COSTS:
        assert load.outcomes == {200: load.acknowledged}
    assert load.stored() == load.acknowledged, load.outcomes


def test_programs_that_are_ended(own):
    """By TERM: a request at hand is answered first. One that finds no program may be refused."""
    if FRONTS[own.serve].is_cgi:
        pytest.skip("a process a request: nothing is left to be ended")
    with Load(own) as load:
        for _ in range(TIMES):
            load.goes_on()
            own.kill_program("events", signal.SIGTERM)
        load.goes_on()
    if FRONTS[own.serve].held:
        assert load.outcomes == {200: load.acknowledged}
    assert load.stored() == load.acknowledged, load.outcomes


def kill_programs(home):
    home.kill_program("events", signal.SIGKILL)


def restart(home):
    home.stop()
    home.start(home.serve)


def kill_everything(home):
    home.kill()
    home.start(home.serve)


@pytest.mark.parametrize("happens", [kill_programs, restart, kill_everything])
def test_sent_again_until_acknowledged(own, happens):
    """Where a reply was lost nobody knows, but the Idempotency-Key does: each is there once."""
    own.keeps_contract = False  # a program that dies with a request is a 500 of the server's
    with Load(own, again=True) as load:
        for _ in range(TIMES):
            load.goes_on(5)
            happens(own)
        load.goes_on(5)
    assert load.stored() == load.acknowledged, load.outcomes
