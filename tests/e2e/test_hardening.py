"""What the compiler and the linker do against faults in memory, in every program."""
import os
import platform
import re
import subprocess

import pytest

from harness import BUILD, Home, command_of, until
from jobs import OK, make, runners

PROGRAMS = sorted([*BUILD.glob("cgi-bin/*.fcgi"), *BUILD.glob("bin/*")])


def readelf(path, *options):
    return subprocess.run(["readelf", "-W", *options, path], capture_output=True, text=True,
                          check=True).stdout


def test_there_are_programs():
    assert len(PROGRAMS) >= 9


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.name)
def test_hardening(path):
    assert re.search(r"Type:\s+DYN", readelf(path, "-h")), "not at an address of its own each time"
    segments = readelf(path, "-l")
    assert re.search(r"GNU_STACK.* RW ", segments), "a stack that can be executed"
    assert "GNU_RELRO" in segments
    assert "BIND_NOW" in readelf(path, "-d"), "the table of functions can be written"
    symbols = readelf(path, "--dyn-syms")
    if BUILD.name == "build":
        assert "__stack_chk_fail" in symbols
        assert "_chk@" in symbols.replace("__stack_chk_fail", ""), "no checks of buffer sizes"
    if platform.machine() == "x86_64" and BUILD.name == "build":
        # The note of it is the whole program's, and Debian's start files do not have it.
        main = subprocess.run(["objdump", "-d", "--disassemble=main", path], capture_output=True,
                              text=True, check=True).stdout
        assert re.search(r"<main>:\n.*endbr64", main), "no control flow protection"


@pytest.mark.skipif(BUILD.name != "build", reason="the leak checker has to look into its process")
def test_no_core_files():
    """Programs that hold keys, or were sent them, leave none: what /proc has of them is root's."""
    with Home(account="nobody" if os.geteuid() == 0 else None) as home:
        home.start()
        home.start_dispatcher()
        make(home, OK, event="job", scale={"min": 1})
        until(lambda: runners(home), what="a runner is there")
        ours = [pid for pid in home.processes() if str(BUILD) in command_of(pid)]
        assert len(ours) >= 7
        for pid in ours:
            assert os.stat(f"/proc/{pid}/stat").st_uid == 0, command_of(pid)
