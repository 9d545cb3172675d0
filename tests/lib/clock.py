"""clock - the wall clock of the dispatcher and of fxctl, set by a test (libfaketime). Their other
clock and everything around them go on as they are."""
import os
import shutil
from datetime import datetime, timezone
from pathlib import Path

from harness import BUILD, find_program


def library():
    faketime = Path(find_program("faketime")).resolve()
    [found] = faketime.parents[1].glob("lib/*/faketime/libfaketime.so.1")
    return found


class Clock:
    """The wall clock of dispatchers and fxctl that are started after this was made."""

    def __init__(self, home, now):
        self.file = home.scratch / "clock"
        self.set(now)
        environment = home.environment

        def changed():
            made = environment()
            return {**made, "LD_PRELOAD": str(library()), "FAKETIME_TIMESTAMP_FILE": str(self.file),
                    "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                    "NO_FAKE_STAT": "1", "FAKETIME_DISABLE_SHM": "1",
                    "ASAN_OPTIONS": made["ASAN_OPTIONS"] + ":verify_asan_link_order=0"}

        home.environment = changed

    def follow(self, home):
        """So is the clock of a dispatcher that fxctl starts, which hands no environment on."""
        made = home.environment()
        names = "\n".join(f"export {name}='{value}'" for name, value in made.items())
        home.bin = home.scratch / "bin"
        home.bin.mkdir()
        shutil.copy(BUILD / "bin/fxctl", home.bin)
        dispatcher = home.bin / "fx-dispatcher"
        dispatcher.write_text(f"#!/bin/sh\n{names}\nexec {BUILD}/bin/fx-dispatcher \"$@\"\n")
        dispatcher.chmod(0o755)

    def set(self, now):
        offset = (now - datetime.now(timezone.utc)).total_seconds()
        other = self.file.with_suffix(".new")
        other.write_text(f"{offset:+.3f}\n")
        os.replace(other, self.file)
