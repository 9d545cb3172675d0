"""fxctl doctor: each line that it can print is provoked, and what the line advises is done word for
word, until nothing is wrong."""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from harness import BUILD, Home, freeze, until

ROOT = os.geteuid() == 0
NOBODY = 65534
NEW = f"fxt{os.getpid()}new"  # an account that an advice makes
ROUNDS = 6  # a fault can hide another
only_root = pytest.mark.skipif(not ROOT, reason="only root gives files away")


class Patient:
    """A home with a dispatcher, and a shell for what doctor advises."""

    def __init__(self, home):
        self.home, self.words, self.environment = home, [], {}
        self.now = None  # where the home is afterwards, where the advice moves it
        self._fxctl = None
        self.after = None  # the words of fxctl then
        self.world = None  # a process that sees other file systems
        self.bin = home.place / "doctor-bin"
        self.bin.mkdir()
        sudo = self.bin / "sudo"
        sudo.write_text('#!/bin/sh\nexec "$@"\n')
        sudo.chmod(0o755)

    def run(self, command, **more):
        environment = {**self.home.environment(), **self.environment}
        # A sanitizer would make log/ where there is no home, and wants to be loaded first.
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"):
            environment[name] = "halt_on_error=1:verify_asan_link_order=0"
        environment["PATH"] = f"{self.bin}:{BUILD}/bin:{os.environ['PATH']}:/usr/sbin:/sbin"
        inside = ["nsenter", "-m", "-t", str(self.world.pid)] if self.world else []
        return subprocess.run([*inside, *command], env=environment, capture_output=True, text=True, timeout=60,
                              cwd="/", **more)

    def look(self):
        """(exit status, findings)"""
        done = self.run([*self.fxctl, "--json", "doctor", *self.words])
        assert done.returncode in (0, 1), done
        told = json.loads(done.stdout)
        findings = [finding for check in told["checks"] for finding in check["findings"]]
        wrong = [finding for finding in findings if finding["wrong"]]
        assert told["well"] == (not wrong) == (done.returncode == 0)
        for finding in findings:
            assert finding["file"] in finding["what"], "each line names the file"
        return done.returncode, findings

    def obey(self, findings):
        for finding in findings:
            if finding["wrong"]:
                assert finding["mend"], f"nothing to do: {finding}"
                done = self.run(["sh", "-c", finding["mend"]])
                assert done.returncode == 0, (finding, done)

    @property
    def fxctl(self):
        return self._fxctl or ["fxctl", "--home", self.home.dir]

    @fxctl.setter
    def fxctl(self, words):
        self._fxctl = words

    def heals(self, expected):
        """This is told, and following the advice ends with exit 0."""
        status, findings = self.look()
        assert status == 1
        told = [finding["what"] for finding in findings if finding["wrong"]]
        assert any(expected in what for what in told), told
        for _ in range(ROUNDS):
            self.obey(findings)
            self.home.dir = self.now or self.home.dir
            if self.after:
                self.fxctl = self.after
            status, findings = self.look()
            if status == 0:
                return
        raise AssertionError(f"still wrong: {findings}")


def end_stray_dispatchers(home):
    """One that an advice has started is nobody's child."""
    for pid, command in home.processes().items():
        if "--on-demand" in command:
            os.kill(pid, signal.SIGTERM)


@pytest.fixture
def patient(home):
    home.start_dispatcher()
    patient = Patient(home)
    assert patient.look()[0] == 0
    yield patient
    end_stray_dispatchers(home)
    subprocess.run(["userdel", NEW], capture_output=True, timeout=60)
    if patient.world:
        patient.world.kill()
        patient.world.communicate()


def chmod(part, bits, off=0):
    def provoke(patient):
        path = patient.home.dir / part
        path.chmod(path.stat().st_mode & ~off | bits)
    return provoke


def link(part):
    def provoke(patient):
        path, real = patient.home.dir / part, patient.home.place / "else where"
        path.rename(real)
        path.symlink_to(real)
    return provoke


def remove(part):
    def provoke(patient):
        path = patient.home.dir / part
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return provoke


def content(part, data):
    def provoke(patient):
        (patient.home.dir / part).write_bytes(data)
    return provoke


def settings(text):
    def provoke(patient):
        with open(patient.home.dir / "fx.conf", "ab") as conf:
            conf.write(text if isinstance(text, bytes) else text.encode())
    return provoke


def file_for_directory(part):
    def provoke(patient):
        remove(part)(patient)
        (patient.home.dir / part).write_text("")
    return provoke


def no_dispatcher(patient):
    patient.home.stop_dispatcher()
    os.utime(patient.home.dir / "run/dispatcher.lock", (0, 0))


def hung_dispatcher(patient):
    freeze(patient.home.dispatcher.pid)
    os.utime(patient.home.dir / "run/dispatcher.lock", (0, 0))
    patient.home.dispatcher = None


def damaged(patient):
    patient.home.stop_dispatcher()
    content("db/data.mdb", b"\1" * 8192)(patient)


def unmade(patient):
    patient.home.stop_dispatcher()
    remove("db")(patient)


def stale_socket(patient):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as one:
        one.bind(str(patient.home.dir / "run/events.sock-0"))


def stale(part, is_directory=False):
    def provoke(patient):
        path = patient.home.dir / part
        path.mkdir() if is_directory else path.write_text("x")
        os.utime(path, (0, 0))
    return provoke


def script(text, mode):
    def provoke(patient):
        patient.home.write_script("one.sh", text).chmod(mode)
    return provoke


def long_path(patient):
    """The home is used by another name afterwards, as the advice says."""
    patient.home.stop_dispatcher()
    deep = patient.home.place / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    patient.home.dir.rename(deep / "home")
    patient.home.dir = deep / "home"
    patient.home.start_dispatcher()
    patient.now = patient.home.place / "fx"


def other_home(patient):
    """fxbridge.home beside the program names another home than FX_HOME does."""
    programs, other = patient.home.place / "programs", patient.home.place / "other"
    programs.mkdir()
    shutil.copy(BUILD / "bin/fxctl", programs)
    patient.run([programs / "fxctl", "--home", other, "init"])
    (programs / "fxbridge.home").write_text(f"{other}\n")
    patient.fxctl = [programs / "fxctl"]
    patient.environment["FX_HOME"] = str(patient.home.dir)


def owner(part, group=None):
    def provoke(patient):
        path = patient.home.dir / part
        os.chown(path, *((-1, group) if group is not None else (NOBODY, -1)))
    return provoke


def shared(provoke):
    """In a home that belongs to a group which is not its owner's."""
    def provoke_shared(patient):
        (patient.home.dir / "log").chmod(0o2770)  # a sanitizer has made it otherwise
        for path in (patient.home.dir, *patient.home.dir.rglob("*")):
            mode = path.stat().st_mode & 0o7777
            os.chown(path, -1, 1)
            path.chmod(mode)
        assert patient.look() == (0, [])
        provoke(patient)
    return provoke_shared


def on_disk(options, spoil=":", marker=None):
    """The home lies on a disk of its own, which the shell of this test alone sees."""
    def provoke(patient):
        home, disk = patient.home, patient.home.place / "disk"
        home.stop_dispatcher()
        home.configure(dispatcher={"on_demand": 1})
        disk.mkdir()
        (home.place / "lib").mkdir()
        script = (f"mount -t tmpfs -o {options} tmpfs {disk} && cp -a {home.dir} {disk}/home && "
                  f"mount --bind {home.place}/lib /var/lib && cd {disk}/home && {spoil.format(disk=disk)} && cd / && "
                  "echo ready && exec sleep 600")
        patient.world = subprocess.Popen(["unshare", "-m", "sh", "-c", script], text=True,
                                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if patient.world.stdout.readline() != "ready\n":
            pytest.skip(f"no disk can be mounted here: {patient.world.communicate()[1]}")
        patient.fxctl = ["fxctl", "--home", disk / "home"]
        if marker:
            patient.environment.update(network(patient))
            patient.after = ["fxctl", "--home", "/var/lib/fxbridge"]
    return provoke


NETWORK = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <string.h>
#include <sys/vfs.h>
int statfs(const char *path, struct statfs *fs)
{
    int (*next)(const char *, struct statfs *) =
        (int (*)(const char *, struct statfs *))dlsym(RTLD_NEXT, "statfs");
    int rc = next(path, fs);
    if (strstr(path, "/disk/"))
        fs->f_type = 0x6969;
    return rc;
}
"""


def network(patient):
    """What makes the disk one of NFS, for a program that asks."""
    source, library = patient.home.place / "network.c", patient.home.place / "network.so"
    source.write_text(NETWORK)
    subprocess.run(["cc", "-shared", "-fPIC", source, "-o", library, "-ldl"], check=True, timeout=60)
    return {"LD_PRELOAD": str(library)}


def no_home(patient):
    patient.home.stop_dispatcher()
    shutil.rmtree(patient.home.dir)


def home_is_file(patient):
    no_home(patient)
    patient.home.dir.write_text("")


def earlier_layout(patient):
    patient.home.stop_dispatcher()
    shutil.rmtree(patient.home.dir)
    shutil.copytree(Path(__file__).parents[1] / "homes/layout-2", patient.home.dir)


LMDB = """
#include <stdio.h>
#include <stdlib.h>
char *mdb_version(int *major, int *minor, int *patch)
{
    FILE *file = fopen(getenv("FX_LMDB"), "r");
    if (!file || fscanf(file, "%d.%d.%d", major, minor, patch) != 3)
        abort();
    fclose(file);
    return "LMDB";
}
"""


def library(version):
    """An LMDB that says it is this one, and an apt-get that brings another."""
    def provoke(patient):
        place = patient.home.place
        (place / "lmdb.c").write_text(LMDB)
        (place / "lmdb").write_text(version)
        subprocess.run(["cc", "-shared", "-fPIC", place / "lmdb.c", "-o", place / "lmdb.so"],
                       check=True, timeout=60)
        apt = patient.bin / "apt-get"
        apt.write_text(f"#!/bin/sh\n[ \"$*\" = 'install --only-upgrade liblmdb0' ] && "
                       f"echo 0.9.33 >{place}/lmdb\n")
        apt.chmod(0o755)
        patient.environment.update(LD_PRELOAD=str(place / "lmdb.so"), FX_LMDB=str(place / "lmdb"))
    return provoke


PROVOCATIONS = {
    "an old LMDB": (library("0.9.16"), "LMDB 0.9.16, the library, loses track"),
    "no home": (no_home, "there is no home at"),
    "a file for a home": (home_is_file, "is no directory"),
    "unknown key": (settings("[web]\nunknown = 1\n"), 'there is no setting "unknown" in [web]'),
    "two unknown keys": (settings("[web]\nunknown = 1\n\nother = 2\n"), 'no setting "unknown"'),
    "wrong unit": (settings("[web]\nbody_bytes = 1M\n"), "body_bytes wants a whole number"),
    "no line": (settings("rubbish\n"), "not a [section], a comment"),
    "no text": (settings(b"[step]\nhome = /\xe4\n"), "is no text in UTF-8"),
    "bytes of zero": (settings(b"[step]\nhome\0 = /a\n"), "is no text in UTF-8"),
    "another encoding": (settings("[web]\nthreads = 8\n".encode("utf-16")), "is no text in UTF-8"),
    "proxies": (settings("[web]\nproxies = 10.0.0.0/99\n"), ": proxies of [web]: "),
    "networks": (settings("[http]\nallow = here\n"), ": allow of [http]: "),
    **{f"everybody writes {part or 'the home'}": (chmod(part, 0o002), "can be written by everybody")
       for part in ("", "db", "run", "log", "uploads", "scripts", "fx.conf", "secret.key")},
    **{f"the group writes {part}": (chmod(part, 0o020), "can be written by its group")
       for part in ("scripts", "fx.conf", "secret.key")},
    **{f"{part} is a link": (link(part), "is a symbolic link")
       for part in ("db", "run", "log", "uploads", "scripts", "fx.conf", "secret.key")},
    **{f"{part} is missing": (remove(part), f"{part} is missing")
       for part in ("log", "uploads", "scripts")},
    **{f"{part} is a file": (file_for_directory(part), f"{part} is no directory")
       for part in ("log", "uploads", "scripts")},
    "everybody reads the key": (chmod("secret.key", 0o004), "which has secrets"),
    "everybody reads the database": (chmod("db", 0o005), "which has secrets"),
    "no key": (remove("secret.key"), "secret.key is missing"),
    "an empty key": (content("secret.key", b""), "has not the 32 bytes of a key"),
    "no database": (unmade, "is missing or not made to its end"),
    "a damaged database": (damaged, "cannot be used"),
    "no dispatcher": (no_dispatcher, "no dispatcher holds"),
    "a dispatcher that hangs": (hung_dispatcher, "it hangs, or was stopped"),
    "a socket that was left": (stale_socket, "is a socket on which nobody listens"),
    "a half made file": (stale("secret.key.new"), "was being made when"),
    "a half made database": (stale("db.new", is_directory=True), "was being made when"),
    "a body that was left": (stale("uploads/lighttpd-upload-x"), "a body that a web server"),
    "a script of others": (script("#!/bin/sh\n", 0o770), "can be written by others"),
    "a script that is no program": (script("#!/bin/sh\n", 0o640), "is not executable"),
    "a long path": (long_path, "more than the 107"),
    "two homes": (other_home, "programs that are started without FX_HOME"),
    "no room for events": (lambda patient: (patient.home.fxctl("publish", "--type", "a", "{}"),
                           settings("[store]\ndisk_reserve_bytes = 0\nmap_max_bytes = 16777216\n"
                                    "accept_percent = 10\n")(patient), fill(patient))[0],
                           "map_max_bytes of [store]"),
}


def fill(patient):
    payload = json.dumps("x" * 900_000)
    for _ in range(3):
        patient.home.run_fxctl("publish", "--type", "a", "-", stdin=payload)


OF_ROOT = {
    **{f"{part or 'the home'} is another's": (owner(part), f"belongs to another account ({NOBODY})")
       for part in ("", "db", "run", "log", "uploads", "scripts", "fx.conf", "secret.key")},
    **{f"{part} is of another group": (shared(owner(part, 2)), "is not of the group daemon")
       for part in ("run", "log", "uploads", "scripts", "fx.conf", "secret.key", "db/data.mdb")},
    **{f"{part} is closed to the group": (shared(chmod(part, 0, 0o2070)),
                                          "is not open to the group daemon")
       for part in ("db", "run", "log", "uploads", "scripts", "fx.conf", "secret.key",
                    "db/data.mdb")},
    "a disk that is full": (on_disk("size=100m", "dd if=/dev/zero of=log/access.log.1 bs=1M count=60"),
                            "disk_reserve_bytes of [store]"),
    "a disk without files": (on_disk("size=200m,nr_inodes=200",
                                     "i=0; while touch log/a.log.$i 2>/dev/null; do i=$((i+1)); done"),
                             "has no room for another file"),
    "a disk that is read-only": (on_disk("size=100m", "mount -o remount,ro {disk}"), "is read-only"),
    "a disk without programs": (on_disk("size=100m,noexec"), "is mounted noexec"),
    "a disk of the network": (on_disk("size=100m", marker=True), "is on a network file system"),
    "no such account for steps": (settings(f"[step]\nuser = {NEW}\n"), "there is no account"),
    "no such peer": (settings("[web]\npeers = no-such\n"), "peers of [web]: there is no account"),
}
if ROOT:
    PROVOCATIONS.update(OF_ROOT)


@pytest.mark.parametrize("name", PROVOCATIONS)
def test_each_fault_is_told_and_mended(patient, name):
    provoke, expected = PROVOCATIONS[name]
    provoke(patient)
    patient.heals(expected)


def test_note_on_a_library(patient):
    """What is worth knowing, and wrong in nothing that is done here."""
    library("0.9.31")(patient)
    status, [finding] = patient.look()
    assert status == 0 and not finding["wrong"] and "LMDB 0.9.31" in finding["what"]
    patient.run(["sh", "-c", finding["mend"]])
    assert patient.look() == (0, [])


def test_text(patient):
    """For people: a line a check, below it each fault with what mends it."""
    path = patient.home.dir / "db"
    path.chmod(0o2772)
    done = patient.home.run_fxctl("doctor")
    assert done.returncode == 1 and "Wrong: 1." in done.stderr
    assert re.search(r"^settings    well$", done.stdout, re.M)
    assert f"owners      wrong\n  wrong: {path} can be written by everybody" in done.stdout
    assert f"\n    chmod o-w {path}\n" in done.stdout
    path.chmod(0o2770)
    done = patient.home.run_fxctl("doctor")
    assert done.returncode == 0 and f"All is well in {patient.home.dir}" in done.stderr


PLANTS = {
    "a link for a script": lambda home, outside: (home / "scripts/x").symlink_to(outside / "script"),
    "a second name for a script": lambda home, outside: os.link(outside / "script", home / "scripts/x"),
    "a link for the scripts": lambda home, outside: ((home / "scripts").rmdir(),
                                                     (home / "scripts").symlink_to(outside)),
    "a link for a directory": lambda home, outside: ((home / "log").rmdir(),
                                                     (home / "log").symlink_to(outside)),
    "a link for a log": lambda home, outside: (home / "log/dispatcher.log").symlink_to(outside / "text"),
    "a link for the settings": lambda home, outside: (
        (home / "fx.conf").rename(home / "conf"), (home / "fx.conf").symlink_to(outside / "text")),
    "a command for an account": lambda home, outside: (home / "fx.conf").write_text(
        f"[step]\nuser = a b; find {outside.parts[1]} -name {outside.name} -exec chmod 777 {{}} +\n"),
}


@only_root
@pytest.mark.parametrize("plant", PLANTS)
def test_what_root_is_told_does_no_harm_outside(home, tmp_path_factory, plant):
    """Root does what doctor says of a home whose account would like to have what is root's."""
    patient, place = Patient(home), tmp_path_factory.mktemp("hostile")
    for above in (place, *place.parents[:-1]):
        above.chmod(above.stat().st_mode | 0o011)
    hostile, outside = place / "home", place / f"of-root-{os.getpid()}"
    patient.fxctl = ["fxctl", "--home", hostile]
    assert patient.run([*patient.fxctl, "init"]).returncode == 0
    shutil.rmtree(hostile / "scripts")
    shutil.rmtree(hostile / "log")
    (hostile / "scripts").mkdir()
    (hostile / "log").mkdir()
    outside.mkdir()
    (outside / "script").write_text("#!/bin/sh\n")
    (outside / "script").chmod(0o744)
    (outside / "text").write_text("of root\n")
    for path in (hostile, *hostile.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    PLANTS[plant](hostile, outside)

    def seen():
        return {path: (path.stat().st_uid, path.stat().st_mode, path.read_bytes() if path.is_file() else "")
                for path in (outside, outside / "script", outside / "text")}
    before = seen()
    for finding in patient.look()[1]:
        if finding["mend"]:
            patient.run(["sh", "-c", finding["mend"]])
    end_stray_dispatchers(home)
    assert seen() == before
