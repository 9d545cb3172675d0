"""fronts - the web servers that FX Bridge is shipped with configurations for.

Each is started by the script `start` of its folder, on the shipped files unchanged. The
environment says which home, which port and which programs (Home.start).
"""
import os
from dataclasses import dataclass
from pathlib import Path

ACCOUNT = "nobody" if os.geteuid() == 0 else None  # of a home: Apache does not serve as root
MODULES = Path("/usr/lib/apache2/modules")  # as apache/apache.conf has it


@dataclass(frozen=True)
class Front:
    folder: str  # with the configuration and `start`
    way: tuple = ()  # how the programs are run: a word for `start`
    server: str = ""  # the server's program
    modules: tuple = ()  # files that are there where it can run
    package: str = ""  # of Debian, with all of these
    held: bool = False  # fx-holder keeps the programs and their sockets
    log: str = ""  # the server's own, in log/

    @property
    def start(self):
        return (f"{self.folder}/start", *self.way)

    @property
    def is_cgi(self):
        """A process a request?"""
        return self.way in (("cgi",), ("cgid",))

    def lacks(self, find_program):
        """What keeps it from being started here, as a sentence; None: nothing."""
        if not find_program(self.server):
            return f"there is no {self.server}; apt-get install {self.package}"
        gone = [str(path) for path in self.modules if not path.exists()]
        return f"there is no {gone[0]}; apt-get install {self.package}" if gone else None


def apache(way, module, package="apache2-bin apache2-utils", held=False):
    return Front("apache", (way,), "apache2", (MODULES / module,), package, held, "apache")


FRONTS = {
    "lighttpd": Front("lighttpd", ("fastcgi",), "lighttpd", (), "lighttpd", log="lighttpd"),
    "lighttpd-cgi": Front("lighttpd", ("cgi",), "lighttpd", (), "lighttpd", log="lighttpd"),
    "apache-fcgid": apache("fcgid", "mod_fcgid.so", "apache2-bin apache2-utils libapache2-mod-fcgid"),
    "apache-proxy": apache("proxy", "mod_proxy_fcgi.so", held=True),
    "apache-cgid": apache("cgid", "mod_cgid.so"),
    "apache-cgi": apache("cgi", "mod_cgi.so"),
    "nginx": Front("nginx", (), "nginx", (), "nginx", True, "nginx"),
}

# The two ways of the default front, by the word that its configuration has for them.
FRONTS["fastcgi"] = FRONTS["lighttpd"]
FRONTS["cgi"] = FRONTS["lighttpd-cgi"]
NAMES = [name for name in FRONTS if name not in ("fastcgi", "cgi")]
