"""fxctl rekey: a home gets another key, nothing that is sealed is lost, and nobody has to wait."""
import errno
import json
import shutil
import threading

import pytest

import senders
from faults import CUT, KILL, Faults
from harness import until
from jobs import completed, make, python
from kept import HOMES, unpack
from test_step_secrets import OTHER, SECRET, URL, digest, literals, put, ref

TELLS = python("""
import hashlib
say(save={"digest": hashlib.sha256(os.environ["APP_TOKEN"].encode()).hexdigest()})
""")
BODY = b'{"n": 1}'
CALLS_MAX = 200


def key_of(home):
    return (home.dir / "secret.key").read_bytes()


def deliver(home, secret):
    """What a sender signs is accepted."""
    reply = home.post("/fx/events/webhook", BODY, headers=senders.sign("github", secret.token, BODY), key=None)
    assert reply.status == 200, (reply, home.logs())


def gets(home, value):
    """A step is given this value."""
    execution, = home.wait_cid(home.post_event("job")["cid"])
    assert completed(execution)["data"] == {"digest": digest(value)}


def states(home):
    return [row["state"] for row in json.loads(home.fxctl("--json", "secret", "list"))["secrets"]]


def rekey(home):
    return json.loads(home.fxctl("--json", "rekey"))


def fill(home):
    """Secrets of every kind. The webhook secret."""
    home.fxctl("step-secret", "set", "token", stdin=SECRET)
    return home.new_secret("github")


@pytest.fixture
def running(home):
    secret = fill(home)
    home.start()
    home.start_dispatcher()
    make(home, TELLS, env={"APP_TOKEN": ref("token")})
    make(home, literals(), event="never", name="never", start=False)
    return home, secret


def test_running_programs_go_on(running):
    home, secret = running
    deliver(home, secret)
    gets(home, SECRET)
    for _ in range(2):
        before = key_of(home)
        assert rekey(home) == {"lost": 0}
        assert len(key_of(home)) == 32 and key_of(home) != before
        assert (home.dir / "secret.key").stat().st_mode & 0o777 == 0o640
        deliver(home, secret)
        gets(home, SECRET)
        put(home, "token", OTHER)  # sealed by a program that has read the key before
        gets(home, OTHER)
        put(home, "token", SECRET)
        assert home.put("/api/v1/admin/step-secrets/more", {"value": OTHER}).status in (200, 201)
        deliver(home, home.new_secret("github"))
    assert set(states(home)) == {"live"}


def test_same_literals_keep_their_names(running):
    home, _ = running
    body = {"name": "again", "steps": [literals()]}
    home.fxctl("pipeline", "apply", "-", stdin=json.dumps(body))
    rekey(home)
    done = json.loads(home.fxctl("--json", "pipeline", "apply", "-", stdin=json.dumps(body)))
    assert done["outcome"] == "unchanged"


def test_old_key_opens_nothing_any_more(running):
    home, _ = running
    path, old = home.dir / "secret.key", key_of(home)
    rekey(home)
    new = key_of(home)
    path.write_bytes(old)
    assert states(home) == ["unreadable"]
    done = home.run_fxctl("step-secret", "set", "b", stdin=SECRET)
    assert done.returncode == 1
    assert "is not the key that this home's secrets were last sealed with; restore it" in done.stderr
    path.write_bytes(new)
    assert states(home) == ["live"]


def test_credentials_that_name_no_key(home):
    """Those that earlier versions have sealed."""
    kept, _ = unpack(HOMES / "layout-2")
    with kept:
        kept.fxctl("upgrade")
        assert states(kept) == ["live"]
        assert rekey(kept) == {"lost": 0}
        assert states(kept) == ["live"]


# A cut of the power is of the key's files alone, since it leaves nothing of one that was not flushed.
@pytest.mark.parametrize("fault, path, least", [
    (KILL, "/", 8), (errno.EIO, "/", 8), (errno.ENOSPC, "/", 8), (CUT, "secret.key.new", 3),
    (CUT, "secret.key", 1)])
def test_cut_short_anywhere(home, fault, path, least):
    """Both keys are there until all is sealed anew: nothing is lost, and the next run completes it."""
    secret = fill(home)
    faults = Faults(home, programs=False)
    obeying, home.more_environment = home.more_environment, {}
    for n in range(CALLS_MAX):
        faults.set("write flush head name", fault, path=path if path != "/" else f"{home.dir}/", first=n)
        home.more_environment = obeying
        home.run_fxctl("rekey")
        home.more_environment = {}
        counted = faults.count
        assert states(home) == ["live"], n
        assert len(key_of(home)) in (32, 64)
        if counted <= n:
            break
        if n % 3 == 0:
            assert rekey(home) == {"lost": 0}
            assert len(key_of(home)) == 32
    assert n > least
    home.start("cgi")
    home.start_dispatcher()
    make(home, TELLS, env={"APP_TOKEN": ref("token")})
    deliver(home, secret)
    gets(home, SECRET)


def test_under_load(running):
    """Nothing that comes meanwhile is refused, and no execution fails."""
    home, secret = running
    over = threading.Event()
    faults, counts = [], {}

    def again_and_again(name, act):
        while not over.is_set():
            try:
                act()
                counts[name] = counts.get(name, 0) + 1
            except BaseException as fault:
                faults.append(fault)
                return

    acts = {"deliver": lambda: deliver(home, secret), "run": lambda: gets(home, SECRET),
            "set": lambda: put(home, "token", SECRET), "other": lambda: put(home, "other", OTHER)}
    threads = [threading.Thread(target=again_and_again, args=one) for one in acts.items()]
    for thread in threads:
        thread.start()
    try:
        for n in range(10):
            seen = dict(counts)
            assert rekey(home) == {"lost": 0}
            until(lambda: faults or all(counts.get(name, 0) > seen.get(name, 0) for name in acts))
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert not faults, faults
    assert states(home) == ["live"]


def test_lost_key(home):
    """Init makes none, and says how to give up what is sealed with it."""
    home.fxctl("step-secret", "set", "token", stdin=SECRET)
    home.new_secret("github")
    (home.dir / "secret.key").unlink()
    done = home.run_fxctl("init")
    assert done.returncode == 1
    assert "secrets are sealed with it (webhook secrets: 1, step secrets: 1)" in done.stderr
    assert "rekey --give-up" in done.stderr
    done = home.run_fxctl("rekey")
    assert done.returncode == 1 and "cannot read" in done.stderr and not (home.dir / "secret.key").exists()
    done = home.run_fxctl("--json", "rekey", "--give-up")
    assert done.returncode == 0 and json.loads(done.stdout) == {"lost": 2}
    assert "are lost: 2." in done.stderr
    assert states(home) == ["unreadable"]
    home.fxctl("step-secret", "set", "token", stdin=OTHER)
    home.start()
    home.start_dispatcher()
    make(home, TELLS, env={"APP_TOKEN": ref("token")})
    gets(home, OTHER)
    assert home.get(URL).json["step_secrets"][0]["name"] == "token"


def test_file_that_others_own_keeps_its_owner(home):
    """An operator may have given it to the group of the web server."""
    path = home.dir / "secret.key"
    try:
        shutil.chown(path, "nobody", "nogroup")
    except PermissionError:
        pytest.skip("needs to be root")
    path.chmod(0o440)
    before = path.stat()
    done = home.run_fxctl("rekey")
    after = path.stat()
    if done.returncode:  # such a home is refused before anything is done
        assert after.st_ino == before.st_ino
    else:
        assert (after.st_uid, after.st_gid, after.st_mode) == (before.st_uid, before.st_gid, before.st_mode)
