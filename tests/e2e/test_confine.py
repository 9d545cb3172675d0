"""What a script can reach: a list of attacks from inside of one, as root and as an ordinary user.

Each attack is also made by a script that is not confined, where it has to work: so that
what fails fails for the reason that is meant.
"""
import json
import os
import pwd
import shutil
import signal
import subprocess

import pytest

from harness import BUILD, Home, children_of, command_of, end, is_running, until
from jobs import (OK, PYTHON, SAY, SH, completed, executions_of, failure, make, make_steps, marked,
                  run, runners, wait_for)

ORDINARY = "nobody"


def accounts():
    """Root where we are, and an ordinary user; who is one is only that."""
    return ["root", ORDINARY] if os.getuid() == 0 else [pwd.getpwuid(os.getuid()).pw_name]


def home_of(account):
    return Home(None if account == pwd.getpwuid(os.getuid()).pw_name else account)


PERSISTENT = pytest.mark.parametrize("persistent", [False, True], ids=["script", "persistent"])


@pytest.fixture(params=accounts())
def site(request):
    """A home of that account with everything running, and something in each place of it."""
    with home_of(request.param) as home:
        home.account = request.param
        home.configure(step={"unconfined": "free free-persistent", "memory_bytes": 0})
        home.start()
        (home.dir / "first.key").write_text(home.key())
        (home.dir / "log/note").write_text("note")
        (home.scratch / "kept").write_text("kept")
        (home.scratch / "tool").write_text(SH + "echo ran\n")
        (home.scratch / "tool").chmod(0o755)
        if home.process:
            for name in (home.dir / "first.key", home.dir / "log/note", home.scratch / "kept"):
                os.chown(name, home.process["user"], home.process["group"])
        home.start_dispatcher()
        home.neighbour = subprocess.Popen(["sleep", "1000"], **home.process)
        try:
            yield home
        finally:
            end(home.neighbour)


# --- From inside ---

# A table of name: function. Each returns something when it has reached what it should not.
INSIDE = PYTHON + SAY + """
import ctypes, errno, signal, socket, struct, subprocess
event = json.loads(sys.stdin.readline()) if {persistent} else json.load(sys.stdin)
given = event["event"]["data"] if {persistent} else event["data"]
home, fxctl = given["home"], given["fxctl"]
scripts, me = home + "/scripts", os.path.realpath(sys.argv[0])
tmp = os.environ["TMPDIR"]
libc = ctypes.CDLL(None, use_errno=True)
attacks = {{}}

def attack(name):
    return lambda function: attacks.setdefault(name, function)

def read(path):
    with open(path, "rb") as file:
        return len(file.read(1))

def call(name, *arguments):
    if getattr(libc, name)(*arguments) == -1:
        raise OSError(ctypes.get_errno(), name)
    return True

def write(path, flags=os.O_WRONLY):
    os.close(os.open(path, flags))
    return True

def read_memory(pid):
    # Whoever may read finds nothing at that address.
    buffer = ctypes.create_string_buffer(8)
    iov = struct.pack("PN", ctypes.addressof(buffer), 8), struct.pack("PN", 8, 8)
    libc.process_vm_readv(pid, iov[0], 1, iov[1], 1, 0)
    if ctypes.get_errno() != errno.EFAULT:
        raise OSError(ctypes.get_errno(), "process_vm_readv")
    return True

for file in ("secret.key", "fx.conf", "first.key", "db/data.mdb", "db/lock.mdb", "log/note",
             "run/dispatcher.lock", "run/meters"):
    path = home + "/" + file
    attacks["read " + file] = lambda path=path: read(path)
    attacks["open to write " + file] = lambda path=path: write(path)
    attacks["open without end " + file] = lambda path=path: write(path, os.O_RDWR | os.O_APPEND)
    attacks["read by a link " + file] = lambda path=path, link=f"{{tmp}}/{{file.replace('/', '-')}}": (
        os.symlink(path, link), read(link))[1]
    attacks["read by /proc/self/root " + file] = lambda path=path: read("/proc/self/root" + path)
    attacks["read by .. " + file] = lambda file=file: read(scripts + "/../" + file)
    attacks["a hard link to " + file] = lambda path=path, file=file: (
        os.link(path, f"{{tmp}}/hard-{{file.replace('/', '-')}}"), True)[1]
for directory in ("", "db", "run", "log", "run/work"):
    attacks["list " + directory] = lambda path=home + "/" + directory: os.listdir(path) and True
    attacks["make in " + directory] = lambda path=f"{{home}}/{{directory}}/new": (
        write(path, os.O_CREAT | os.O_WRONLY), os.unlink(path))[0]
    attacks["make a directory in " + directory] = lambda path=f"{{home}}/{{directory}}/newer": (
        os.mkdir(path), os.rmdir(path), True)[2]

attacks["a new script"] = lambda: (write(scripts + "/new", os.O_CREAT | os.O_WRONLY),
                                   os.unlink(scripts + "/new"))[0]
attacks["write a script"] = lambda: write(me)
attacks["write the script at hand by its descriptor"] = lambda: write(
    f"/proc/self/fd/{{os.open(me, os.O_RDONLY)}}")
attacks["rename a script"] = lambda: (os.rename(me, me + "x"), os.rename(me + "x", me), True)[2]
attacks["remove a script"] = lambda: (write(scripts + "/other", os.O_CREAT | os.O_WRONLY),
                                      os.unlink(scripts + "/other"), True)[2]
attacks["truncate"] = lambda: (os.truncate(home + "/log/note", 4), True)[1]
attacks["truncate by open"] = lambda: write(home + "/log/note", os.O_RDONLY | os.O_TRUNC)
attacks["move the home's file away"] = lambda: (
    os.rename(home + "/log/note", tmp + "/note"), os.rename(tmp + "/note", home + "/log/note"),
    True)[2]

def attack_process(name, pid):
    for file in ("mem", "environ", "maps", "auxv"):
        attacks[f"{{file}} of {{name}}"] = lambda file=file: open(f"/proc/{{pid}}/{{file}}").read(0) == ""
    attacks[f"root of {{name}}"] = lambda: read(f"/proc/{{pid}}/root{{home}}/fx.conf")
    attacks[f"cwd of {{name}}"] = lambda: os.readlink(f"/proc/{{pid}}/cwd") and True
    attacks[f"exe of {{name}}"] = lambda: os.readlink(f"/proc/{{pid}}/exe") and True
    attacks[f"fd of {{name}}"] = lambda: bool(os.readlink(f"/proc/{{pid}}/fd/2"))
    attacks[f"write memory of {{name}}"] = lambda: write(f"/proc/{{pid}}/mem")
    attacks[f"kill {{name}}"] = lambda: (os.kill(pid, 0), True)[1]
    attacks[f"trace {{name}}"] = lambda: call("ptrace", 0x4206, pid, 0, 0)  # PTRACE_SEIZE
    attacks[f"read memory of {{name}}"] = lambda: read_memory(pid)
    attacks[f"pidfd_getfd {{name}}"] = lambda: (
        libc.syscall(438, os.pidfd_open(pid), 2, 0) >= 0 or call("syscall", 438, os.pidfd_open(pid), 2, 0))

for name, pid in given["processes"].items():
    attack_process(name, pid)
attack_process("the runner", os.getppid())

def run_fxctl(*arguments, **env):
    done = subprocess.run([fxctl, *arguments], env={{"PATH": os.environ["PATH"], **env}},
                          capture_output=True, text=True)
    if done.returncode:
        raise OSError(errno.EACCES, done.stderr)
    return True

attacks["fxctl key"] = lambda: run_fxctl("--home", home, "key", "create", "--name", "x", "--scope", "admin")
attacks["fxctl status"] = lambda: run_fxctl("status", FX_HOME=home)
attacks["fxctl publish"] = lambda: run_fxctl("--home", home, "publish", "--type", "x", "{{}}")
attacks["a dispatcher"] = lambda: run_fxctl("--help") and subprocess.run(
    [os.path.dirname(fxctl) + "/fx-dispatcher", "--home", home, "--once"], env={{}},
    capture_output=True).returncode == 0

def find(status, name):
    return next(line.split()[1] for line in status.splitlines() if line.startswith(name + ":"))

def other_execution():
    beside = os.path.dirname(tmp)
    return len(os.listdir(os.path.dirname(beside))) and True

attacks["work directories of others"] = other_execution

reached, refused = [], {{}}
for name, function in attacks.items():
    try:
        (reached.append(name) if function() else refused.setdefault(name, "nothing"))
    except OSError as error:
        refused[name] = errno.errorcode.get(error.errno, str(error))
    except ValueError as error:
        reached.append(name)
result = {{"reached": sorted(reached), "refused": sorted(refused), "whys": sorted(set(refused.values()))}}
if {persistent}:
    print(json.dumps({{"ok": True, "save": result}}), flush=True)
else:
    say(save=result)
"""


def processes_by_name(home):
    """Ours, and one that is not, but runs under the same account."""
    named = {"the dispatcher": home.dispatcher.pid, "a neighbour": home.neighbour.pid}
    for pid in children_of(home.server.pid):
        named[os.path.basename(command_of(pid).split()[0])] = pid
    assert len(named) == 7, named
    return named


def attack(home, kind, persistent=False):
    """Runs the attacks from a script of this name; what it has reached, and what not."""
    name = f"{kind}-persistent" if persistent else kind
    home.write_script(name, INSIDE.format(persistent=persistent))
    step = {"script": name, "options": {"persistent": persistent}}
    payload = {"home": str(home.dir), "processes": processes_by_name(home),
               "fxctl": str(BUILD / "bin/fxctl")}
    return completed(run(home, step, payload=payload))["data"]


@PERSISTENT
def test_nothing_is_reached(site, persistent):
    free, confined = attack(site, "free", persistent), attack(site, "confined", persistent)
    assert confined["reached"] == []
    assert set(confined["whys"]) <= {"EACCES", "EPERM", "EXDEV", "nothing"}
    # Our own programs are shut to whoever is not root in any case.
    unhindered = {name for name in free["refused"]
                  if site.account == "root" or not name.endswith((".fcgi", "dispatcher", "runner"))}
    assert unhindered == set()


@pytest.mark.parametrize("account", accounts())
def test_a_hanging_runner_of_a_dead_dispatcher_is_found(account):
    """Also where nobody may look into it."""
    with home_of(account) as home:
        home.start()
        home.start_dispatcher()
        begun = home.scratch / "begun"
        make(home, SH + f"[ $FX_ATTEMPT = 1 ] || exit 0\ntouch {begun}\nsleep 1000\n", event="job")
        cid = home.post_event("job")["cid"]
        until(begun.exists, what="it is at work")
        [hangs] = runners(home)
        os.kill(hangs, signal.SIGSTOP)
        home.kill_dispatcher()
        home.start_dispatcher()
        until(lambda: not is_running(hangs), what="it is gone")
        completed(home.wait_cid(cid)[0])
