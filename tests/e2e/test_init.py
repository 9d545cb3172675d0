"""What a `fxctl init` leaves that is cut short anywhere, and what the next one makes of it."""
import errno
import itertools
import json
import shutil
import subprocess

import pytest

import senders
from faults import CUT, KILL, SHORT, Faults
from harness import BUILD

KINDS = "write flush head name"
CALLS_MAX = 200


@pytest.fixture
def faults(home):
    return Faults(home, programs=False)


def init(home, where, obey):
    environment = home.environment()
    if not obey:
        environment.pop("LD_PRELOAD")
    return subprocess.run([BUILD / "bin/fxctl", "--home", where, "init"], env=environment,
                          capture_output=True, text=True, timeout=60)


def fxctl(home, where, *words):
    done = subprocess.run([BUILD / "bin/fxctl", "--home", where, *words], capture_output=True,
                          env={k: v for k, v in home.environment().items() if k != "LD_PRELOAD"},
                          text=True, timeout=60)
    assert done.returncode == 0, (words, done.stderr)
    return done.stdout


def check_whole(home, where):
    assert len((where / "secret.key").read_bytes()) == 32
    assert "[store]" in (where / "fx.conf").read_text()
    for name in ("", "db", "run", "log", "uploads"):
        assert (where / name).stat().st_mode & 0o7777 == 0o2770, name
    fxctl(home, where, "secret", "create", "--name", "s")
    fxctl(home, where, "publish", "--type", "b", "{}")
    left = [path for path in where.rglob("*") if path.name.endswith(".new") or path.name == "new"]
    assert not left


@pytest.mark.parametrize("fault", [KILL, CUT, SHORT, errno.EIO, errno.ENOSPC])
def test_init_that_is_cut_short_is_completed_by_the_next(home, faults, fault):
    """At every call that writes, flushes or names something, one after the other."""
    for n in itertools.count():
        where = home.place / f"home-{n}"
        faults.set(KINDS, fault, path=f"{home.place}/", first=n)
        done = init(home, where, obey=True)
        if faults.count <= n:
            break
        assert n < CALLS_MAX
        if fault in (KILL, CUT):
            assert done.returncode < 0
        again = init(home, where, obey=False)
        assert again.returncode == 0, (n, done.stderr, again.stderr)
        check_whole(home, where)
        shutil.rmtree(where)
    assert n > 20


def with_secret(home):
    """A home with a webhook secret. Its id, and a delivery that is signed with it."""
    secret = home.new_secret("github")
    body = b'{"n": 1}'
    return secret, senders.sign("github", secret.token, body), body


def take_key(home):
    path = home.dir / "secret.key"
    key = path.read_bytes()
    path.unlink()
    return path, key


@pytest.mark.parametrize("content", [b"", b"short", bytes(31), bytes(33)])
def test_file_that_is_no_key_is_refused_with_what_to_do(home, content):
    (home.dir / "secret.key").write_bytes(content)
    for words in (["init"], ["secret", "create", "--name", "s"]):
        done = home.run_fxctl(*words)
        assert done.returncode == 1, words
        assert "restore it from its backup" in done.stderr and "remove it and run" in done.stderr
    assert (home.dir / "secret.key").read_bytes() == content
    (home.dir / "secret.key").unlink()
    home.fxctl("init")
    home.fxctl("secret", "create", "--name", "s")


def test_no_new_key_while_secrets_are_sealed_with_the_old_one(home):
    secret, *_ = with_secret(home)
    path, key = take_key(home)
    done = home.run_fxctl("init")
    assert done.returncode == 1
    assert "secrets are sealed with it (webhook secrets: 1" in done.stderr and "from its backup" in done.stderr
    assert not path.exists()
    home.revoke(secret)
    home.fxctl("init")
    assert len(path.read_bytes()) == 32 and path.read_bytes() != key


def test_secret_of_another_key_is_named_where_it_is_used(home):
    secret, signature, body = with_secret(home)
    (home.dir / "secret.key").write_bytes(bytes(32))
    assert json.loads(home.fxctl("secret", "list", "--json"))["secrets"][0]["state"] == "unreadable"
    home.start()
    assert home.post("/fx/events/webhook", body, headers=signature, key=None).status == 401
    assert f"secret {secret.id} cannot be read with this secret.key" in home.logs()
    home.rotate(secret)
    assert json.loads(home.fxctl("secret", "list", "--json"))["secrets"][0]["state"] == "live"


def test_without_a_key_file_that_is_said(home):
    _, signature, body = with_secret(home)
    take_key(home)
    assert json.loads(home.fxctl("secret", "list", "--json"))["secrets"][0]["state"] == "unreadable"
    home.start()
    assert home.post("/fx/events/webhook", body, headers=signature, key=None).status == 401
    assert "cannot read" in home.logs() and "secret.key" in home.logs()
