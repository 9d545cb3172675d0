"""What the environment says of a front end is looked at before the front end is: a message names it."""
import subprocess

import pytest

from harness import BUILD, PROJECT

STARTS = ["lighttpd/start", "apache/start", "nginx/start", ".ci/serve"]


def start(home, program, *words, **environment):
    return subprocess.run(
        [PROJECT / program, *words], env={**home.environment(), "FX_CGI_BIN": str(BUILD / "cgi-bin"),
                                          "HOME": str(home.place), **environment},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("program", STARTS)
@pytest.mark.parametrize("port", ["80x", "http", "-1", "8080 "])
def test_port_that_is_no_number(home, program, port):
    done = start(home, program, FX_PORT=port)
    assert done.returncode == 2
    assert done.stderr == f'FX_PORT is "{port}", and wants a number, as in FX_PORT=8080\n'


def test_home_too_long_for_sockets(home):
    """By the link that is proposed, the path is short."""
    deep = home.place / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    home.dir.rename(deep / "home")
    home.dir = deep / "home"
    done = start(home, "lighttpd/start", FX_PORT="8080")
    assert done.returncode == 2
    assert f"{home.dir} is too long for the sockets in it, which may have 107 bytes" in done.stderr
    assert f"ln -s {home.dir} ~/fx" in done.stderr
