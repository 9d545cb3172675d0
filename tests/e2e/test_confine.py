"""What a script can reach: a list of attacks from inside of one, as root and as an ordinary user.

Each attack is also made by a script that is not confined, where it has to work: so that
what fails fails for the reason that is meant.
"""
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager

import pytest

from harness import BUILD, Home, children_of, command_of, end, is_running, until
from jobs import (OK, PYTHON, SAY, SH, completed, failure, left, make, python, run, runners,
                  stop_trigger, works)

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
        shutil.copy(shutil.which("id"), home.place / "id")
        (home.place / "id").chmod(0o4755)
        home.start_dispatcher()
        home.neighbour = subprocess.Popen(["sleep", "1000"], **home.process)
        try:
            yield home
        finally:
            end(home.neighbour)


# --- From inside ---

# A table of name: function. Each returns something when it has reached what it should not.
INSIDE = PYTHON + SAY + """
import ctypes, errno, resource, signal, socket, struct, subprocess
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
             "run/dispatcher.lock", "run/meters", "run/stats"):
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
    attacks[f"limits of {{name}}"] = lambda: resource.prlimit(
        pid, resource.RLIMIT_CORE, resource.prlimit(pid, resource.RLIMIT_CORE))
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

def knock():
    # Sends the dispatcher a hint, as whoever has written something does.
    fd = os.open(home + "/run/wake", os.O_WRONLY | os.O_NONBLOCK)
    os.write(fd, b"x")
    return True

def record(kind, content):
    return struct.pack(">BBHHBB", 1, kind, 1, len(content), 0, 0) + content

def ask(program):
    # A FastCGI request, as only a web server sends them.
    names = {{b"REQUEST_METHOD": b"GET", b"SCRIPT_NAME": b"/", b"REMOTE_ADDR": b"10.0.0.1"}}
    pairs = b"".join(bytes((len(n), len(v))) + n + v for n, v in names.items())
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(f"{{home}}/run/{{program}}.sock-0")
        peer.sendall(record(1, struct.pack(">HB5x", 1, 0)) + record(4, pairs) + record(4, b"") +
                     record(5, b""))
        if not peer.recv(1):
            raise ConnectionResetError(errno.ECONNRESET, "no reply")
    return True

attacks["knock"] = knock
for program in ("events", "status", "pipelines", "triggers", "console", "ops"):
    attacks["ask " + program] = lambda program=program: ask(program)

def capabilities():
    status = open("/proc/self/status").read()
    return any(int(line.split()[1], 16) for line in status.splitlines()
               if line.startswith(("CapInh", "CapPrm", "CapEff", "CapAmb")))

CLONE_NEWNS, CLONE_NEWUSER, MS_BIND = 0x20000, 0x10000000, 0x1000

def child(function):
    # What the function does to a process is its own.
    pid = os.fork()
    if pid == 0:
        try:
            os._exit(0 if function() else 1)
        except OSError as error:
            os._exit(error.errno)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if status > 1:
        raise OSError(status, "in a child")
    return status == 0

def rights_by_exec():
    # A program of root's own has its capabilities back.
    text = subprocess.run(["grep", "CapEff", "/proc/self/status"], capture_output=True, text=True)
    return int(text.stdout.split()[1], 16) != 0

def mounted():
    call("unshare", CLONE_NEWNS)
    return bind()

def bind():
    os.mkdir(tmp + "/mount")
    return call("mount", home.encode(), (tmp + "/mount").encode(), None, MS_BIND, None) and \
        read(tmp + "/mount/fx.conf")

attacks["capabilities"] = capabilities
attacks["capabilities by exec"] = rights_by_exec
attacks["a user namespace"] = lambda: child(lambda: call("unshare", CLONE_NEWUSER))
attacks["a user namespace by clone"] = lambda: subprocess.run(
    ["unshare", "--user", "--fork", "true"], capture_output=True).returncode == 0
attacks["mounts in a user namespace"] = lambda: child(
    lambda: call("unshare", CLONE_NEWUSER) and mounted())
attacks["mounts"] = lambda: child(mounted)
attacks["a setuid program"] = lambda: subprocess.run(
    [given["setuid"], "-u"], capture_output=True, text=True).stdout.strip() == "0" != str(os.getuid())

attacks["work directories of others"] = lambda: bool(os.listdir(os.path.dirname(os.path.dirname(tmp))))

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
    assert len(named) == 9, named
    return named


def attack(home, kind, persistent=False):
    """Runs the attacks from a script of this name; what it has reached, and what not."""
    name = f"{kind}-persistent" if persistent else kind
    home.write_script(name, INSIDE.format(persistent=persistent))
    step = {"script": name, "options": {"persistent": persistent}}
    payload = {"home": str(home.dir), "processes": processes_by_name(home),
               "fxctl": str(BUILD / "bin/fxctl"), "setuid": str(home.place / "id")}
    return completed(run(home, step, payload=payload))["data"]


def always_refused(account):
    """What fails whoever tries: to get rights by a setuid program or a namespace, to set another's
    limits, and to speak to a program of ours as a web server does; unless he is root, to have rights, and to look into our
    programs, which are shut to their own account."""
    ours = ("the dispatcher", "the runner", "events.fcgi", "status.fcgi", "pipelines.fcgi",
            "triggers.fcgi", "console.fcgi", "ops.fcgi", "fx-log")
    looks = ("mem of", "environ of", "maps of", "auxv of", "root of", "cwd of", "exe of", "fd of",
             "write memory of", "read memory of", "trace", "pidfd_getfd")
    refused = {"a setuid program", "a user namespace", "a user namespace by clone",
               "mounts in a user namespace", "limits of a neighbour",
               *(f"limits of {name}" for name in ours), *(f"ask {name.removesuffix('.fcgi')}" for name in ours)}
    if account != "root":
        refused |= {"capabilities", "capabilities by exec", "mounts"}
        refused |= {f"{look} {name}" for look in looks for name in ours}
    return refused


@PERSISTENT
def test_nothing_is_reached(site, persistent):
    free, confined = attack(site, "free", persistent), attack(site, "confined", persistent)
    assert confined["reached"] == []
    assert set(confined["whys"]) <= {"EACCES", "EPERM", "EXDEV", "ECONNRESET", "EPIPE", "nothing"}
    # An attack that fails from a free script too shows nothing.
    assert set(free["refused"]) - always_refused(site.account) == set()


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


# --- What goes on working ---

ORDINARY_WORK = {
    "programs": 'ls /usr >"$TMPDIR/list" && grep -c . "$TMPDIR/list" | awk "{exit !\\$1}"',
    "settings": "cat /etc/passwd >/dev/null && id >/dev/null",
    "scripts beside it": '. ./library.sh && [ "$(said)" = said ] && ./tool | grep -q ran',
    "a directory beside it": 'ls . >/dev/null && [ "$(cat sub/text)" = text ]',
    "temporary files": 'f=$(mktemp) && case $f in "$TMPDIR"/*) rm "$f";; *) exit 9; esac',
    "files elsewhere": 'echo more >>"$APP_SCRATCH/kept" && mkdir "$APP_SCRATCH/d$$" &&'
                       ' mv "$APP_SCRATCH/d$$" "$APP_SCRATCH/sub/" && rmdir "$APP_SCRATCH/sub/d$$"',
    "moving between directories": 'echo x >"$TMPDIR/a" && mkdir "$TMPDIR/b" &&'
                                  ' mv "$TMPDIR/a" "$TMPDIR/b/" && ln "$TMPDIR/b/a" "$TMPDIR/c"',
    "programs elsewhere": '"$APP_SCRATCH/tool" | grep -q ran',
    "a program it has made": 'cp /bin/true "$TMPDIR/true" && "$TMPDIR/true"',
    "a link that leads elsewhere": 'ln -s "$APP_SCRATCH/kept" "$TMPDIR/link" && cat "$TMPDIR/link"',
    "devices": "head -c 1 /dev/urandom >/dev/null && : </dev/null >/dev/zero",
    "shared memory": "f=/dev/shm/fx-$$ && : >$f && rm $f",
    "its own descriptors": '[ -r /dev/fd/4 ] && cat /dev/fd/4 </proc/self/fd/0 >/dev/null',
    "its own process": "cat /proc/self/environ /proc/$$/maps >/dev/null && ls /proc/self/fd >/dev/null",
    "its own children": "sleep 100 & kill $! && ! wait $!",
    "pipes and sockets": "mkfifo \"$TMPDIR/f\" && (echo x >\"$TMPDIR/f\" &) && read -r x <\"$TMPDIR/f\"",
    "python": "python3 -c 'import socket, subprocess, tempfile;"
              " tempfile.TemporaryFile(); subprocess.run([\"true\"], check=True);"
              " a, b = socket.socketpair(); a.send(b\"x\")'",
    "perl": "perl -e 'print $$'",
    "git": 'git init -q "$TMPDIR/r" && cd "$TMPDIR/r" && git -c user.name=x -c user.email=x@x '
           "commit -q --allow-empty -m x && git clone -q . ../s",
}


def needs(what):
    return {"perl": "perl", "git": "git"}.get(what)


@pytest.mark.parametrize("what", ORDINARY_WORK)
def test_what_a_script_needs(site, what):
    if needs(what) and not shutil.which(needs(what)):
        pytest.skip(f"{needs(what)} is not installed")
    site.write_script("library.sh", "said() { echo said; }\n")
    site.write_script("tool", SH + "echo ran\n")
    for path in (site.dir / "scripts/sub", site.scratch / "sub"):
        path.mkdir()
    (site.dir / "scripts/sub/text").write_text("text")
    if site.process:
        for path in (site.dir / "scripts/sub", site.scratch / "sub"):
            os.chown(path, site.process["user"], site.process["group"])
    completed(run(site, SH + "set -e\n" + ORDINARY_WORK[what] + "\n",
                  env={"APP_SCRATCH": str(site.scratch)}))


def test_network(live):
    """Servers of this machine, by TCP and by a socket outside the home."""
    path = live.scratch / "server"
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(path))
        unix.listen()
        completed(run(live, python(f"""
import socket
socket.create_connection(("127.0.0.1", {tcp.getsockname()[1]}), 5)
socket.socket(socket.AF_UNIX).connect({str(path)!r})
""")))


def abstract_sockets(pid):
    """The names, which no file system has, of the sockets that a process holds: rules for files do not reach them."""
    held = set()
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            held.add(os.readlink(f"/proc/{pid}/fd/{fd}"))
        except FileNotFoundError:
            pass
    with open("/proc/net/unix", encoding="utf-8", errors="replace") as table:
        rows = [line.split(None, 7) for line in table]
    return [row[7].strip() for row in rows if len(row) == 8 and row[7].startswith("@") and f"socket:[{row[6]}]" in held]


def shared_memory(pid):
    """What a process shares under a name outside the home: POSIX and System V."""
    with open(f"/proc/{pid}/maps", encoding="utf-8", errors="replace") as maps:
        found = [line.split()[-1] for line in maps if "/dev/shm/" in line or "/SYSV" in line]
    for kind, who in (("shm", 4), ("msg", 5)):  # the column of who has made it, or sent last
        with open(f"/proc/sysvipc/{kind}", encoding="ascii") as table:
            found += [kind for row in list(table)[1:] if int(row.split()[who]) == pid]
    return found


def test_nothing_of_ours_is_reached_without_a_file(live):
    """What a script could reach beside files is not there: no abstract socket, no shared memory under a name."""
    with socket.socket(socket.AF_UNIX) as own:
        own.bind(f"\0fx-test-{os.getpid()}")
        assert abstract_sockets(os.getpid()) == [f"@fx-test-{os.getpid()}"]
    gate = live.scratch / "gate"
    make(live, SH + f"while [ ! -e {gate} ]; do sleep 0.01; done\n", event="job")
    cid = live.post_event("job")["cid"]
    [runner] = until(lambda: runners(live), what="a runner is there")
    ours = [live.dispatcher.pid, runner, *children_of(live.server.pid)]
    assert len(ours) >= 7
    for pid in ours:
        assert (abstract_sockets(pid), shared_memory(pid)) == ([], []), command_of(pid)
    gate.touch()
    completed(live.wait_cid(cid)[0])


def test_what_comes_later_can_be_used(live):
    """A directory beside one above the home, made while the runner runs."""
    later = live.place / "later"
    make(live, SH + f"cat {later}/file\n", event="job", retry={"limit": 0})
    failure(live.wait_cid(live.post_event("job")["cid"])[0])
    later.mkdir()
    (later / "file").write_text("found")

    def found():
        execution = live.wait_cid(live.post_event("job")["cid"])[0]
        return execution["status"] == "completed" and execution["steps"][0]["log"] == "found"

    until(found, what="it is found")
    assert len(runners(live)) == 1


def test_links_to_the_home_lead_nowhere(site):
    """Whatever leads to the home or to a directory above it, beside that directory."""
    for name, target in (("link", site.dir), ("above", site.place), ("root", "/"),
                         ("file", site.dir / "secret.key")):
        (site.place / name).symlink_to(target)
    execution = completed(run(site, SH + f"""
for path in link/secret.key above/home/secret.key root{site.dir}/secret.key file; do
    head -c 1 "{site.place}/$path" && exit 1
done
exit 0
"""))
    assert execution["steps"][0]["log"].count("Permission denied") == 4


@pytest.mark.skipif(os.getuid() != 0, reason="only root makes mounts")
def test_mounts_of_the_home_lead_nowhere(site):
    """Where another mount shows the home, or a directory above it, beside that directory."""
    made = []
    try:
        for name, source in (("mount", site.dir), ("above", site.place)):
            (site.place / name).mkdir()
            subprocess.run(["mount", "--bind", source, site.place / name], check=True)
            made.append(site.place / name)
        execution = completed(run(site, SH + f"""
for path in mount/secret.key above/home/secret.key; do
    head -c 1 "{site.place}/$path" && exit 1
done
exit 0
"""))
    finally:
        for path in reversed(made):
            subprocess.run(["umount", path], check=True)
    assert execution["steps"][0]["log"].count("Permission denied") == 2


# --- The work directory ---

MESS = SH + """
[ "$(cd "$TMPDIR" && echo .* *)" = ". .. .fx-context .fx-out *" ] || exit 9
mkdir -p "$TMPDIR/a/b/c" "$TMPDIR/-rf" && cd "$TMPDIR" && : >"a/b/c/file with
newline" && ln -s /etc link && mkfifo fifo && chmod 0 a/b a && echo $TMPDIR
"""


def test_work_directory(site):
    """Empty but for FX_CONTEXT and FX_OUT when an execution begins, shared by its steps, gone at the end."""
    make(site, MESS, SH + '[ -p "$TMPDIR/fifo" ]\n', event="job", scale={"max": 1})
    for _ in range(3):
        completed(site.wait_cid(site.post_event("job")["cid"])[0])
    until(lambda: not left(site), what="nothing is left")
    assert len(works(site)) == 1


@pytest.mark.parametrize("how", ["exit 1", "sleep 1000", "kill -9 $$"])
def test_work_directory_of_one_that_fails(site, how):
    run(site, MESS + how + "\n", timeout=1)
    until(lambda: not left(site), what="nothing is left")


def test_work_directory_after_a_crash(site):
    """What a runner that was killed has left goes with the next one's first script."""
    begun = site.scratch / "begun"
    make(site, MESS + f"[ $FX_ATTEMPT = 2 ] || {{ : >{begun}; sleep 1000; }}\n", event="job")
    cid = site.post_event("job")["cid"]
    until(begun.exists, what="it is at work")
    [runner] = runners(site)
    assert left(site)
    os.kill(runner, signal.SIGKILL)
    completed(site.wait_cid(cid)[0])
    until(lambda: not left(site), what="nothing is left")
    assert str(runner) not in os.listdir(site.dir / "run/work")


def test_work_directories_of_runners_that_ended(live):
    """In order: none is left at all."""
    make(live, MESS, event="job", scale={"max": 4, "idle_timeout": 0})
    for cid in [live.post_event("job")["cid"] for _ in range(8)]:
        completed(live.wait_cid(cid)[0])
    until(lambda: not runners(live), what="they leave")
    assert os.listdir(live.dir / "run/work") == []


def test_work_directory_of_a_persistent_script(site):
    """It stays as long as the process, is not that of other scripts, and ends with the process."""
    text = PYTHON + """
for n, line in enumerate(sys.stdin):
    open(os.environ["TMPDIR"] + f"/{n}", "w").close()
    print(json.dumps({"ok": True, "save": {"dir": os.environ["TMPDIR"],
                                           "seen": len(os.listdir(os.environ["TMPDIR"]))}}),
          flush=True)
"""
    pipeline = make(site, {"text": text, "options": {"persistent": True}}, MESS, event="job",
                    scale={"max": 1})
    told = [completed(site.wait_cid(site.post_event("job")["cid"])[0])["data"] for _ in range(3)]
    assert [data["seen"] for data in told] == [1, 2, 3]
    assert len({data["dir"] for data in told}) == 1
    stop_trigger(site, pipeline)
    until(lambda: not runners(site), what="the runner leaves")
    assert not works(site)


@pytest.mark.parametrize("script, harm", [
    ("confined", 'chmod 0 "$TMPDIR"'), ("free", 'rm -r "$TMPDIR"'),
    ("free", 'rm -r "$TMPDIR" && echo >"$TMPDIR"')])
def test_work_directory_that_is_harmed(site, script, harm):
    """The next execution has one as if it were the first."""
    site.write_script(script, SH + f': >"$TMPDIR/file" && rm "$TMPDIR/file" && {harm}\n')
    make(site, {"script": script}, event="job", scale={"max": 1})
    for _ in range(3):
        completed(site.wait_cid(site.post_event("job")["cid"])[0])


def test_work_directory_that_cannot_be_made(site):
    """Steps run on without one."""
    shutil.rmtree(site.dir / "run/work", ignore_errors=True)
    (site.dir / "run/work").write_text("in the way")
    execution = completed(run(site, SH + 'echo "${TMPDIR-none}"\n'))
    assert execution["steps"][0]["log"] == "none\n"
    assert "cannot make a directory in run/work" in site.logs()


# --- The settings ---

BPF = """
import ctypes, os, struct, sys
# landlock_create_ruleset, 444 on every kind of processor, is unknown to this kernel.
code = [(0x20, 0, 0, 0), (0x15, 0, 1, 444), (0x06, 0, 0, 0x00050000 | 38), (0x06, 0, 0, 0x7fff0000)]
filter = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in code))
prog = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(code), ctypes.addressof(filter)))
libc = ctypes.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, prog) == 0
os.execv(sys.argv[1], sys.argv[1:])
"""


@contextmanager
def without_landlock(home):
    """A dispatcher on a kernel that has no Landlock."""
    with open(home.dir / "log/dispatcher.log", "ab") as log:
        dispatcher = subprocess.Popen(
            [sys.executable, "-c", BPF, BUILD / "bin/fx-dispatcher", "--home", home.dir],
            env=home.environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    until(lambda: (home.dir / "run/wake").exists(), what="it listens")
    try:
        yield
    finally:
        assert end(dispatcher) == 0


READ_KEY = SH + "head -c 1 ../secret.key >/dev/null\n"


def test_required_and_missing(home):
    """The step fails and says what is missing; one that is exempted runs."""
    home.configure(step={"confine": "require", "unconfined": "free"})
    home.start()
    with without_landlock(home):
        execution = run(home, OK)
        assert failure(execution).startswith(
            'step step1: the script "') and "no Landlock" in execution["error"]
        assert "confine = require" in execution["error"]
        home.write_script("free", READ_KEY)
        completed(run(home, {"script": "free"}))


def test_as_far_as_the_kernel_can(home):
    """auto: a script runs, and still has no rights of root."""
    home.start()
    with without_landlock(home):
        execution = completed(run(home, READ_KEY + "grep CapEff /proc/self/status\n"))
        assert execution["steps"][0]["log"].split()[1] == "0" * 16


def test_required_and_there(home):
    home.configure(step={"confine": "require"})
    home.start()
    home.start_dispatcher()
    assert failure(run(home, READ_KEY)) == "step step1: exited with 1"
    completed(run(home, OK))


def test_off(home):
    home.configure(step={"confine": "off"})
    home.start()
    home.start_dispatcher()
    completed(run(home, READ_KEY + SH + "kill -0 $PPID\n"))


def test_exempted(home):
    """By its name or the beginning of it, alone."""
    home.configure(step={"unconfined": "backup.sh  ops-*"})
    home.start()
    home.start_dispatcher()
    for name, free in (("backup.sh", True), ("ops-x", True), ("backup.sh2", False), ("ops", False)):
        home.write_script(name, READ_KEY)
        execution = run(home, {"script": name})
        assert execution["status"] == ("completed" if free else "failed"), name


def test_a_definition_exempts_nothing(home):
    """Only fx.conf does."""
    home.start()
    home.start_dispatcher()
    home.write_script("script", READ_KEY)
    for options in ({"confine": "off"}, {"unconfined": "script"}):
        reply = home.post("/api/v1/pipelines/", {
            "name": "x", "steps": [{"name": "x", "script": "script", "options": options}]})
        assert reply.status == 422, reply
    failure(run(home, {"script": "script"}, env={"APP_CONFINE": "off"}))
