"""The shipped files in a server that is not FX Bridge's: a virtual host of an Apache that root has
started, whose programs run under its own account or, by suexec, under the one that owns them."""
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from fronts import FRONTS, MODULES
from harness import PROJECT, Home, find_program, free_port, until

SERVER = "www-data"
SUEXEC = Path("/etc/apache2/suexec/www-data")  # of Debian's apache2-suexec-custom

# What a distribution has, cut short. Its modules are loaded where its tools enable them.
APACHE = """
Listen 127.0.0.1:{port}
ServerName localhost
User {server}
Group {server}
ErrorLog {place}/log
PidFile {place}/pid
DefaultRuntimeDir {place}
{modules}
<IfModule cgid_module>
    ScriptSock {place}/cgid.sock
</IfModule>
<IfModule fcgid_module>
    FcgidIPCDir {place}/fcgid
    FcgidProcessTableFile {place}/fcgid.shm
</IfModule>
<VirtualHost *>
    Include {apache}/server.conf
    Include {apache}/aliases.conf
    Include {apache}/{way}.conf
    {more}
</VirtualHost>
"""


class Packaged(Home):
    """A home whose server has its files somewhere else."""

    def __init__(self, account, suexec):
        super().__init__(account=account)
        self.suexec = suexec
        top = SUEXEC.read_text().splitlines()[0] if suexec else None
        self.server_place = Path(tempfile.mkdtemp(prefix="fx-server-"))
        self.server_place.chmod(0o755)
        self.cgi_place = Path(tempfile.mkdtemp(prefix="fx-", dir=top))

    def put_programs(self):
        """Where suexec lets them be, with a file that says where the home is."""
        for program in self.cgi_bin.glob("*.fcgi"):
            shutil.copy(program, self.cgi_place)
        (self.cgi_place / "fxbridge.home").write_text(f"{self.dir}\n")
        for path in self.cgi_place, *self.cgi_place.iterdir():
            os.chown(path, self.process["user"], self.process["group"])
            path.chmod(0o755)

    def _try_start(self, front):
        self.port = free_port()
        way = "fcgid" if "fcgid" in front.way else "cgi"
        names = ["mpm_event", "authz_core", "alias", "env", *front.way]
        names += ["suexec"] if self.suexec else []
        conf = self.server_place / "conf"
        conf.write_text(APACHE.format(
            port=self.port, server=SERVER, place=self.server_place, way=way,
            apache=PROJECT / "apache",
            more=f"Include {PROJECT}/apache/suexec.conf" if self.suexec else "",
            modules="\n".join(f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in names)))
        environment = {**self.environment(), "FX_CGI_BIN": str(self.cgi_place),
                       "FX_ACCOUNT": "nobody", "FX_GROUP": "nogroup"}
        with open(self.dir / "log/start.log", "ab") as log:
            self.server = subprocess.Popen(
                [find_program("apache2"), "-D", "FOREGROUND", "-f", conf], env=environment,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until(lambda: self.server.poll() is not None or self._answers(), 30,
              lambda: f"Apache answers\n{self.logs()}")
        return self.server.poll() is None

    def logs(self):
        log = self.server_place / "log"
        return super().logs() + (log.read_text() if log.exists() else "")

    def close(self):
        try:
            super().close()
        finally:
            shutil.rmtree(self.server_place)
            shutil.rmtree(self.cgi_place)


@pytest.mark.parametrize("name, suexec", [
    ("apache-cgid", False), ("apache-fcgid", False), ("apache-cgid", True), ("apache-fcgid", True)])
def test_virtual_host(name, suexec):
    lacks = FRONTS[name].lacks(find_program)
    if lacks or os.geteuid() != 0:
        pytest.skip(f"{name} is left out: {lacks or 'a server of two accounts wants root'}")
    if suexec and not SUEXEC.exists():
        pytest.skip("suexec is left out: apt-get install apache2-suexec-custom")
    with Packaged("nobody" if suexec else SERVER, suexec) as home:
        home.put_programs()
        home.start(name)
        home.post_event("order")


@pytest.mark.parametrize("name", ["apache-cgid", "apache-fcgid"])
def test_folder_that_init_makes(name):
    """suexec lets its scripts be, keeps FX_HOME from them, and they tell the programs of the home."""
    lacks = FRONTS[name].lacks(find_program)
    if lacks or os.geteuid() != 0 or not SUEXEC.exists():
        pytest.skip(f"{name} is left out: {lacks or 'it wants root, and apache2-suexec-custom'}")
    with Packaged("nobody", suexec=True) as home:
        os.chown(home.cgi_place, home.process["user"], home.process["group"])
        home.cgi_place.chmod(0o755)
        home.fxctl("init", "--web", str(home.cgi_place))
        assert (home.cgi_place / "events.fcgi").read_bytes().startswith(b"#!/bin/sh\n")
        home.start(name)
        home.post_event("order")
