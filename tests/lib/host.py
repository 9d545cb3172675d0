"""host - a shared host, on which FX Bridge owns a folder of web pages and nothing else.

Apache serves the folder, and goes by the .htaccess in it. Its own configuration, which nobody who
rents the folder can change, knows nothing of FX Bridge.
"""
import os
import pwd
import shutil
from urllib.parse import unquote

from harness import BUILD, PROJECT, Home, find_program, free_port, until

MODULES = "/usr/lib/apache2/modules"
NAMES = ("events", "status", "pipelines", "triggers", "console", "ops")
ORDINARY = "nobody"  # whose the host's pages are where root tests
LISTENS_SECONDS = 30

SERVER = """
ServerName localhost
Listen 127.0.0.1:{port}
DefaultRuntimeDir {place}/server
PidFile {place}/server/pid
ErrorLog {place}/home/log/apache.log
{modules}
DocumentRoot {place}/pages
UserDir {place}/users/*/public_html
<IfModule cgid_module>
    ScriptSock {place}/server/cgid.sock
</IfModule>
Suexec Off
{handlers}
<Directory {place}>
    Require all granted
    AllowOverride FileInfo AuthConfig Limit Options=ExecCGI,MultiViews
    Options SymLinksIfOwnerMatch
</Directory>
"""
FCGID = """
FcgidIPCDir {place}/server/fcgid
FcgidProcessTableFile {place}/server/fcgid.shm
"""
WAYS = {
    "cgi": (["cgid"], ""),
    "fcgid": (["fcgid"], FCGID),
}


class Host(Home):
    """A home on such a host, whose folder is reached as `base`."""

    def __init__(self, base, way):
        super().__init__(account=ORDINARY if os.geteuid() == 0 else None)
        self.owner = pwd.getpwnam(ORDINARY) if os.geteuid() == 0 else None
        self.base, self.way = base, way
        self.folder = self._folder()
        (self.place / "server").mkdir()
        self._fill()

    def _folder(self):
        """Where the web server looks for the base."""
        path = unquote(self.base)
        if path.startswith("/~"):
            user, _, rest = path[2:].partition("/")
            return self.place / "users" / user / "public_html" / rest
        return self.place / "pages" / path.lstrip("/")

    def _fill(self):
        """Puts into the folder what a user would upload."""
        self.folder.mkdir(parents=True)
        (self.place / "pages").mkdir(exist_ok=True)
        for name in NAMES:
            shutil.copy(BUILD / f"cgi-bin/{name}.fcgi", self.folder)
        (self.folder / "fxbridge.home").write_text(f"{self.dir}\n")
        shutil.copy(PROJECT / "apache/htaccess", self.folder / ".htaccess")
        for path in [self.place, *self.place.rglob("*")]:
            if self.owner:
                os.chown(path, self.owner.pw_uid, self.owner.pw_gid)

    def _try_start(self, serve):
        self.port = free_port()
        names, more = WAYS[self.way]
        names = ["mpm_event", "authz_core", "rewrite", "userdir", *names]
        text = SERVER.format(
            port=self.port, place=self.place, handlers=more.format(place=self.place),
            modules="\n".join(f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in names))
        conf = self.place / "server/apache.conf"
        conf.write_text(text)
        self.server = self.spawn([find_program("apache2"), "-D", "FOREGROUND", "-f", conf],
                                 {"PATH": os.environ["PATH"]}, "start.log", umask=-1)
        until(lambda: self.server.poll() is not None or self._answers(), LISTENS_SECONDS,
              lambda: f"Apache answers\n{self.logs()}")
        return self.server.poll() is None
