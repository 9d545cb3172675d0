"""Scripts that run under an account of their own ([step] user), which owns nothing."""
import json
import os
import pwd
import shutil
import subprocess

import pytest

from harness import BUILD, Home, until
from jobs import OK, PYTHON, SH, completed, failure, left, make, run

ROOT = os.geteuid() == 0
USER = "nobody"
only_root = pytest.mark.skipif(not ROOT, reason="only root becomes somebody else")
PERSISTENT = pytest.mark.parametrize("persistent", [False, True], ids=["script", "persistent"])


def opened(home):
    """The account is a member of no group here: it is let through as one of all."""
    home.place.chmod(0o755)
    for part, mode in (("", 0o751), ("scripts", 0o755), ("run", 0o2771)):
        (home.dir / part).chmod(mode)
    return home


@pytest.fixture
def site(home):
    home.configure(step={"user": USER, "unconfined": "free"})
    opened(home).start()
    home.start_dispatcher()
    return home


def script(home, name, text):
    path = home.write_script(name, text)
    path.chmod(0o755)
    return {"script": name}


TELL = SH + """
grep -E '^(Uid|Gid|Groups|CapEff|CapPrm|CapAmb|NoNewPrivs)' /proc/self/status
stat -c '%U %a' "$TMPDIR"
: >"$TMPDIR/file" && echo more >/dev/stderr && cat /dev/fd/4 </dev/stdin >/dev/null
head -c 1 ../secret.key ../db/data.mdb && exit 9
exit 0
"""


@only_root
def test_account(site):
    user = pwd.getpwnam(USER)
    text = completed(run(site, script(site, "tell", TELL)))["steps"][0]["log"]
    told = dict(line.split(":", 1) for line in text.splitlines() if ":\t" in line)
    assert told["Uid"].split() == [str(user.pw_uid)] * 4
    assert told["Gid"].split() == [str(user.pw_gid)] * 4
    assert set(told["Groups"].split()) <= {str(g) for g in os.getgrouplist(USER, user.pw_gid)}
    assert {told[name].strip() for name in ("CapEff", "CapPrm", "CapAmb")} == {"0" * 16}
    assert told["NoNewPrivs"].strip() == "1"
    assert f"{USER} 770" in text and "more" in text


@only_root
def test_not_confined_otherwise(site):
    """The account alone keeps the home shut, too."""
    site.stop_dispatcher()
    site.configure(step={"confine": "off"})
    site.start_dispatcher()
    execution = completed(run(site, script(site, "tell", TELL)))
    assert execution["steps"][0]["log"].count("Permission denied") == 2


@only_root
def test_exempted(site):
    """A script that is exempted is the home's own, and shares the work directory."""
    one = script(site, "one", SH + 'id -un && echo x >"$TMPDIR/one"\n')
    free = script(site, "free", SH + 'id -un && cat "$TMPDIR/one" && : >"$TMPDIR/two" && '
                  'head -c 1 ../secret.key >/dev/null\n')
    two = script(site, "two", SH + 'ls "$TMPDIR"\n')
    steps = completed(run(site, one, free, two))["steps"]
    assert [step["log"].split() for step in steps] == [[USER], ["root", "x"], ["one", "two"]]


@only_root
def test_persistent(site):
    text = PYTHON + """
for line in sys.stdin:
    open(os.environ["TMPDIR"] + "/x", "w").close()
    print("seen", file=open("/dev/stderr", "w"))
    print(json.dumps({"ok": True, "save": {"uid": os.getuid()}}), flush=True)
"""
    step = {**script(site, "stays", text), "options": {"persistent": True}}
    execution = completed(run(site, step))
    assert execution["data"] == {"uid": pwd.getpwnam(USER).pw_uid}
    assert execution["steps"][0]["log"] == "seen\n"


@only_root
def test_ends_with_its_step(site):
    """Time limits reach processes of the account, also those that have left their session."""
    begun = site.scratch / "begun"
    site.scratch.chmod(0o777)
    step = script(site, "hangs", SH + f"setsid sleep 1234 & echo $! >{begun}; sleep 1000\n")
    failure(run(site, {**step, "options": {"timeout": 1}}))
    pid = int(begun.read_text())
    until(lambda: not os.path.exists(f"/proc/{pid}"), what="it is gone")
    until(lambda: not left(site), what="nothing is left")


@only_root
@PERSISTENT
def test_dies_with_its_runner(site, persistent):
    """The kernel forgets who a process dies with when it changes its account."""
    begun = site.scratch / "begun"
    site.scratch.chmod(0o777)
    step = script(site, "hangs", SH + f"[ -e {begun} ] || {{ echo $$ $PPID >{begun}; sleep 1000; }}\n")
    make(site, {**step, "options": {"persistent": persistent}}, event="job", retry={"limit": 0})
    site.post_event("job")
    until(lambda: begun.exists() and begun.read_text().strip(), what="it is at work")
    pid, runner = map(int, begun.read_text().split())
    os.kill(runner, 9)
    until(lambda: not os.path.exists(f"/proc/{pid}"), what="it is gone")


# --- What is refused ---

def refusal(home):
    done = subprocess.run([BUILD / "bin/fx-dispatcher", "--home", home.dir, "--once"],
                          env=home.environment(), capture_output=True, text=True, timeout=60,
                          **home.process)
    assert done.returncode == 100, done
    return done.stderr


def test_no_such_account(home):
    home.configure(step={"user": "no-such-account"})
    assert 'user of [step]: there is no account "no-such-account": useradd' in refusal(home)


def test_who_cannot_become_another():
    with Home(USER if ROOT else None) as home:
        home.configure(step={"user": "daemon"})
        assert 'this process cannot become "daemon": fx-dispatcher has to run as root' in refusal(home)


@only_root
@pytest.mark.parametrize("part", ["", "scripts", "run"])
def test_no_way(home, part):
    home.configure(step={"user": USER})
    path = opened(home).dir / part
    path.chmod(0o750)
    told = refusal(home)
    assert f'the account "{USER}" cannot go through {str(path).rstrip("/")}: chmod o+x' in told
    subprocess.run(["chmod", "o+x", path], check=True)
    assert home.status()
    subprocess.run([BUILD / "bin/fx-dispatcher", "--home", home.dir, "--once"],
                   env=home.environment(), check=True, timeout=60)


@only_root
def test_no_way_for_a_member(home):
    home.configure(step={"user": USER})
    opened(home).dir.chmod(0o750)
    group = "daemon"
    import grp
    os.chown(home.dir, -1, grp.getgrnam(group).gr_gid)
    assert f"usermod -aG {group} {USER}" in refusal(home)


def test_own_account(live):
    """The dispatcher's own is as if none were named."""
    live.stop_dispatcher()
    live.configure(step={"user": pwd.getpwuid(os.geteuid()).pw_name})
    live.start_dispatcher()
    completed(run(live, OK))


# --- What is in force ---

def steps_of(home):
    return json.loads(home.status("--json"))["steps"], home.status()


def test_status(home):
    me = pwd.getpwuid(os.geteuid()).pw_name
    shown, text = steps_of(home)
    assert shown["confine"] == "auto" and shown["unconfined"] == "" and shown["account"] is None
    assert "steps       scripts are confined" in text
    home.configure(step={"unconfined": "backup.sh ops-*"})
    home.start_dispatcher()
    shown, text = steps_of(home)
    assert shown["account"] == me and shown["unconfined"] == "backup.sh ops-*"
    assert f"; their account is {me}; exempted: backup.sh ops-*\n" in text
    home.configure(step={"confine": "off", "user": "somebody"})
    shown, text = steps_of(home)
    assert shown["confine"] == "off" and shown["account"] == "somebody"
    assert "scripts are not confined (confine = off); their account is somebody\n" in text


# --- Without root ---

CAPABILITIES = ",".join(f"+{name}" for name in (
    "setuid", "setgid", "kill", "chown", "fowner", "dac_override"))


@only_root
@pytest.mark.skipif(not shutil.which("setpriv"), reason="setpriv (util-linux) is not installed")
@pytest.mark.parametrize("confine", ["auto", "off"])
def test_by_capabilities(confine):
    """A dispatcher that is not root but may become another account, as systemd can start it."""
    with Home(USER) as home:
        home.configure(step={"user": "daemon", "confine": confine})
        opened(home).start()
        with open(home.dir / "log/dispatcher.log", "ab") as log:
            home.dispatcher = subprocess.Popen(
                ["setpriv", f"--reuid={USER}", "--regid=nogroup", "--clear-groups",
                 f"--inh-caps={CAPABILITIES}", f"--ambient-caps={CAPABILITIES}",
                 BUILD / "bin/fx-dispatcher", "--home", home.dir],
                env=home.environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        step = script(home, "tell", TELL)
        log = completed(run(home, step))["steps"][0]["log"]
        assert f"Uid:\t{pwd.getpwnam('daemon').pw_uid}\t" in log and "daemon 770" in log
        told = dict(line.split(":", 1) for line in log.splitlines() if ":\t" in line)
        assert {told[name].strip() for name in ("CapEff", "CapPrm", "CapAmb")} == {"0" * 16}
        failure(run(home, {**script(home, "hangs", SH + "sleep 1000\n"), "options": {"timeout": 1}}))
        until(lambda: not left(home), what="nothing is left")
