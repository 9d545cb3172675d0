"""faults - makes the disk of a home fail: the other side of fault.c, which is preloaded.

    faults = Faults(home)            # before anything of the home is started
    faults.set("flush", errno.EIO, path="db/data.mdb", times=1)
    faults.clear()
"""
import mmap
import struct

from harness import BUILD

LIBRARY = BUILD / "tests/fault.so"

KINDS = {"write": 1, "flush": 2, "head": 4, "name": 8}
SHORT, KILL, CUT = 0, -1, -2  # only a part is written; killed; killed, and the disk is as it was
ALWAYS = 1 << 40

LAYOUT = struct.Struct("=Iiqqqq I252s")  # struct orders of fault.c


def preloaded(orders):
    """What a program that obeys these orders has in its environment."""
    return {"LD_PRELOAD": str(LIBRARY), "FX_FAULTS": str(orders)}


class Faults:
    def __init__(self, home, programs=True):
        """Has the home's fxctl, dispatcher and web programs obey. Processes of steps do not."""
        self.path = home.place / "faults"
        self.path.write_bytes(bytes(LAYOUT.size))
        with open(self.path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), LAYOUT.size)
        home.more_environment = preloaded(self.path)
        # The sanitizer's library insists on being the first one, for no reason that matters here.
        home.more_sanitizer = "verify_asan_link_order=0:"
        if programs:
            self._wrap(home)

    def _wrap(self, home):
        """lighttpd gives its programs an environment of their own."""
        wrapped = home.place / "cgi-bin"
        wrapped.mkdir()
        for program in home.cgi_bin.glob("*.fcgi"):
            settings = " ".join(f"{k}={v}" for k, v in home.environment().items()
                                if k in ("LD_PRELOAD", "FX_FAULTS", "ASAN_OPTIONS"))
            script = wrapped / program.name
            script.write_text(f"#!/bin/sh\nexport {settings}\nexec {program}\n")
            script.chmod(0o755)
        home.cgi_bin = wrapped

    def set(self, kinds, fault, path="db/data.mdb", first=0, times=1, late=False):
        """Calls of these kinds ("write flush") on files whose path ends so fail, times of them.

        `path` with a / at its end means all files below. `late`: what Linux does after a failed
        flush, which is to report it to each other open file as well.
        """
        self.clear()
        mask = sum(KINDS[kind] for kind in kinds.split())
        broken = struct.unpack_from("=q", self.map, 32)[0]
        self.map[:] = LAYOUT.pack(0, fault, first, times, 0, broken, late, path.encode())
        self.map[0:4] = struct.pack("=I", mask)

    def clear(self):
        """Nothing fails from now on; late reports are still to come."""
        self.map[0:4] = bytes(4)

    @property
    def count(self):
        """How many calls there were that the orders are about."""
        return struct.unpack_from("=q", self.map, 24)[0]
