"""`make install` and `make uninstall`: what is put where, that it works from there for an ordinary
user, and that nothing of it is left."""
import json
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from harness import BUILD, until

PROJECT = Path(__file__).resolve().parents[2]
VARIANT = "" if BUILD.name == "build" else BUILD.name


def make(goal, root, prefix="/usr"):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(
        ["make", "-s", goal, f"DESTDIR={root}", f"PREFIX={prefix}", f"VARIANT={VARIANT}"],
        cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr


def files(root):
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if not path.is_dir()}


@pytest.fixture(scope="module")
def root():
    """What is installed, in a place that every account can look into."""
    with tempfile.TemporaryDirectory(prefix="fx-install-") as place:
        os.chmod(place, 0o755)
        old = os.umask(0o077)
        try:
            make("install", place)
        finally:
            os.umask(old)
        yield Path(place)


@pytest.fixture
def account(tmp_path):
    """An ordinary user with a directory: how to start something as that user."""
    with tempfile.TemporaryDirectory(prefix="fx-install-home-") as place:
        if os.geteuid():
            yield {"place": Path(place), "how": {}}
            return
        user = pwd.getpwnam("nobody")
        os.chown(place, user.pw_uid, user.pw_gid)
        yield {"place": Path(place),
               "how": {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}}


def run(account, *words, stdin=None, **environment):
    done = subprocess.run(
        [str(word) for word in words], input=stdin, capture_output=True, timeout=60, cwd="/",
        env={"PATH": "/usr/bin:/bin", "HOME": str(account["place"]), **environment}, text=True,
        **account["how"])
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_is_installed(root):
    here = files(root)
    programs = {f"usr/bin/{name}" for name in ("fxctl", "fx-dispatcher")}
    programs |= {f"usr/libexec/fxbridge/{name}" for name in ("fx-runner", "fx-http")}
    programs |= {f"usr/lib/fxbridge/{path.name}" for path in (BUILD / "cgi-bin").iterdir()}
    for name in programs:
        assert (root / name).stat().st_mode & 0o7777 == 0o755, name
    assert {
        "usr/share/man/man1/fxctl.1", "usr/share/man/man5/fx.conf.5",
        "usr/share/man/man8/fx-dispatcher.8", "usr/share/bash-completion/completions/fxctl",
        "usr/share/zsh/site-functions/_fxctl", "usr/share/fish/vendor_completions.d/fxctl.fish",
        "usr/share/doc/fxbridge/LICENSE", "usr/share/doc/fxbridge/README.md",
        "usr/share/doc/fxbridge/examples/greet.sh", "usr/share/fxbridge/schema/openapi.yaml",
        "usr/share/fxbridge/lighttpd/fastcgi.conf", "usr/lib/sysusers.d/fxbridge.conf",
        "usr/lib/tmpfiles.d/fxbridge.conf", "usr/lib/systemd/system/fxbridge-dispatcher.service",
        "etc/fxbridge/home", "etc/logrotate.d/fxbridge"} <= here
    for name in here - programs:
        assert (root / name).stat().st_mode & 0o7777 in (0o644, 0o755), name
    for directory in root.rglob("*/"):
        assert directory.is_symlink() or directory.stat().st_mode & 0o055 == 0o055, directory
    assert not [name for name in here if name.endswith(".new")]
    for name in here:
        assert b"@PREFIX@" not in (root / name).read_bytes(), name


def test_pages_have_what_the_programs_have(root):
    version = re.search(r'"(.+)"', (PROJECT / "common/base/version.h").read_text())[1]
    settings = re.findall(r"SETTING\w*\(\s*(\w+), (\w+),",
                          (PROJECT / "common/home/config.h").read_text().partition("struct config {")[0])
    conf = (root / "usr/share/man/man5/fx.conf.5").read_text()
    settings = [key for section, key in settings if section != "section"]
    assert len(settings) > 50
    for key in settings:
        assert f"\n.It Va {key}\n" in conf
    page = (root / "usr/share/man/man8/fx-dispatcher.8").read_text().replace("\\-", "-")
    said = subprocess.run([BUILD / "bin/fx-dispatcher", "--help"], capture_output=True,
                          text=True).stdout
    options = set(re.findall(r"^  (--[a-z-]+)", said, re.M))
    assert options == set(re.findall(r"^\.(?:B|BI) (--[a-z-]+)", page.partition(".SH OPTIONS")[2], re.M))
    for path in (root / "usr/share/man").rglob("*.[158]"):
        assert version in path.read_text(), path
        if shutil.which("groff"):
            done = subprocess.run(["groff", "-k", "-mandoc", "-ww", "-Tutf8", "-z", path],
                                  capture_output=True, text=True)
            assert not done.stderr and done.returncode == 0


def test_an_ordinary_user_runs_it_from_there(root, account):
    """Every program finds the others: an event by a web program, which starts the dispatcher."""
    home, bins = account["place"] / ".fxbridge", root / "usr/bin"
    run(account, bins / "fxctl", "init")
    conf = home / "fx.conf"
    conf.write_text("[dispatcher]\non_demand = 1\nleave_seconds = 1\n")
    script = home / "scripts/greet.sh"
    script.write_text((root / "usr/share/doc/fxbridge/examples/greet.sh").read_text())
    script.chmod(0o755)
    if account["how"]:
        os.chown(script, account["how"]["user"], account["how"]["group"])
    definition = {"name": "greet", "options": {"event": "greet", "retry": {"limit": 0}}, "steps": [
        {"name": "script", "script": "greet.sh"},
        {"name": "call", "http": {"url": "https://127.0.0.1:1/"}}]}
    run(account, bins / "fxctl", "pipeline", "apply", "-", stdin=json.dumps(definition))
    run(account, bins / "fxctl", "trigger", "start", "greet")
    key = run(account, bins / "fxctl", "key", "create", "--name", "k", "--scope", "events").strip()
    body = json.dumps({"event_source": "test", "event_type": "greet", "payload": {"name": "Ada"}})
    reply = run(account, root / "usr/lib/fxbridge/events.fcgi", stdin=body, REQUEST_METHOD="POST",
                SCRIPT_NAME="/fx/events", PATH_INFO="", CONTENT_TYPE="application/json",
                CONTENT_LENGTH=str(len(body)), HTTP_X_API_KEY=key, GATEWAY_INTERFACE="CGI/1.1",
                SERVER_PROTOCOL="HTTP/1.1", REMOTE_ADDR="127.0.0.1")
    cid = json.loads(reply.partition("\n\n")[2])["cid"]
    shown = json.loads(run(account, bins / "fxctl", "cid", cid, "--wait", "--json"))["executions"][0]
    # fx-runner has run the script, and fx-http has said what it is not allowed to reach.
    assert shown["data"]["greeting"] == "Hello, Ada!"
    assert "step call: the address of its host is not allowed" in shown["error"]
    until(lambda: not (home / "run/dispatcher.lock").exists() or not dispatcher_of(home),
          what="the dispatcher has left")


def dispatcher_of(home):
    words = (home / "run/dispatcher.lock").read_text().split()
    return bool(words) and os.path.exists(f"/proc/{words[0]}")


def test_units(root):
    """As far as it can be seen without the machine that they start on."""
    units = sorted((root / "usr/lib/systemd/system").glob("fxbridge-*"))
    assert len(units) >= 4
    for program in (BUILD / "cgi-bin").glob("*.fcgi"):
        assert f"Wants=fxbridge-web@{program.stem}.socket\n" in (
            root / "usr/lib/systemd/system/fxbridge-web.target").read_text()
    if shutil.which("systemd-analyze"):
        done = subprocess.run(["systemd-analyze", "verify", f"--root={root}", *map(str, units)],
                              capture_output=True, text=True)
        # There is nothing else of a system here.
        other = r"Unit \w+.target not found|Command '?(man |kill |/usr/lib/fxbridge/i.fcgi )"
        assert not [line for line in done.stderr.splitlines() if not re.search(other, line)]


def test_uninstall_leaves_nothing(root):
    """But for settings that somebody has changed, and homes."""
    with tempfile.TemporaryDirectory(prefix="fx-install-") as place:
        copy = Path(place) / "root"
        shutil.copytree(root, copy)
        mine = copy / "usr/share/fxbridge/mine"
        mine.write_text("")
        make("uninstall", copy)
        assert files(copy) == {"usr/share/fxbridge/mine"}
        mine.unlink()
        make("install", copy)
        (copy / "etc/fxbridge/home").write_text("/srv/fx\n")
        make("install", copy)
        assert (copy / "etc/fxbridge/home").read_text() == "/srv/fx\n"
        make("uninstall", copy)
        assert files(copy) == {"etc/fxbridge/home"}
        assert not list(copy.rglob("usr/*/fxbridge"))


def test_a_prefix_of_ones_own_gets_nothing_of_the_system():
    with tempfile.TemporaryDirectory(prefix="fx-install-") as place:
        make("install", "", f"{place}/own")
        here = files(Path(place))
        assert "own/bin/fxctl" in here
        assert not [name for name in here if not name.startswith("own/") or "systemd" in name]
        make("uninstall", "", f"{place}/own")
        assert not files(Path(place))
