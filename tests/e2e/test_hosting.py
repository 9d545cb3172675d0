"""docs/hosting.md, word for word, on a host: an ordinary account, whose processes and memory are
limited, in a clean environment; Apache, and cron, which is this test. No daemon, no compiler, and no
library but those in the archive."""
import os
import re
import resource
import shutil
import subprocess

import pytest

from harness import BUILD, PROJECT, until
from host import Host

PAGE = (PROJECT / "docs/hosting.md").read_text()
VERSION = re.search(r'FX_VERSION "(.*)"', (PROJECT / "common/base/version.h").read_text())[1]
ARCHIVE = BUILD / f"fxbridge-{VERSION}-linux-{os.uname().machine}.tar.gz"

MEMORY = 512 << 20
# Of an account that no other test has, and that has no name either: Apache's threads are among them.
PROCESSES = 200
ACCOUNT = 200_000 + os.getpid() % 50_000

pytestmark = pytest.mark.skipif(os.environ.get("FX_BUILD", "build") != "build",
                                reason="the archive is made of the plain build alone")


def limits():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
    if os.getuid() == ACCOUNT:
        resource.setrlimit(resource.RLIMIT_NPROC, (PROCESSES, PROCESSES))
    os.umask(0o022)


class Rented(Host):
    """What an account of such a host has."""

    def _fill(self):
        self.account = self.place / "users/ada"
        (self.account / "public_html").mkdir(parents=True)
        (self.place / "pages").mkdir()
        shutil.copy(ARCHIVE, self.account)
        if self.owner:
            self.process = {"user": ACCOUNT, "group": ACCOUNT, "extra_groups": []}
            for path in [self.place, *self.place.rglob("*")]:
                os.chown(path, ACCOUNT, ACCOUNT)

    def shell(self, text, **environment):
        """Types this; what it printed. Cron has the same environment."""
        return subprocess.run(
            ["sh", "-eu", "-c", text], cwd=self.account, preexec_fn=limits, capture_output=True,
            text=True, timeout=120, **self.process,
            env={"HOME": str(self.account), "LOGNAME": "ada", "SHELL": "/bin/sh", "PATH": "/usr/bin:/bin",
                 **environment})

    def does(self, text, **environment):
        done = self.shell(text, **environment)
        assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}\n{self.logs()}"
        return done

    def moves_in(self):
        """From now on its home and its fxctl are those that were made."""
        self.dir = self.account / ".fxbridge"
        self.bin = self.account / f"fxbridge-{VERSION}/bin"


def blocks(home):
    """What is typed, and the text before each."""
    text = PAGE.split("## From nothing to the first execution")[1].split("\n## ")[0]
    url = f"http://127.0.0.1:{home.port}{home.base}"
    return [block.replace("VERSION", VERSION).replace("https://example.org/bridge", url)
            for block in re.findall(r"^```sh\n(.*?)^```$", text, re.S | re.M)]


def cron_line(said):
    """The command of the line for the crontab."""
    return re.search(r"^  \* \* \* \* \* (.*)$", said, re.M)[1]


@pytest.fixture(params=["cgi", "fcgid"])
def rented(request):
    with Rented("/~ada/bridge", request.param) as home:
        yield home


def test_from_upload_to_the_first_execution(rented):
    done = rented.does(blocks(rented)[0])
    cron = cron_line(done.stderr)
    example = re.search(r"^\* \* \* \* \* (.*)$", PAGE, re.M)[1].replace("VERSION", VERSION)
    assert cron == example.replace("/home/you", str(rented.account))
    rented.moves_in()
    rented.start()
    first, *middle, last = blocks(rented)
    done = rented.does("\n".join([*middle, cron, last]))
    assert "completed" in done.stdout.splitlines()[-1], done
    assert not [c for c in rented.processes().values() if "fxbridge" in c and ".fcgi" not in c]
    # Nothing of the account is to be had by anybody else, nor over HTTP.
    assert rented.dir.stat().st_mode & 0o777 == 0o700
    assert rented.get("/.htaccess", key=None).status in (403, 404)


def test_every_kind_of_request(rented):
    """Through the scripts of the folder."""
    cron = cron_line(rented.does(blocks(rented)[0]).stderr)
    rented.moves_in()
    rented.write_script("ok.sh", "#!/bin/sh\nexit 0\n")
    rented.start()
    pipeline = rented.create_pipeline("p", [{"name": "ok", "script": "ok.sh"}], event="job")
    rented.start_trigger(pipeline)
    cids = [rented.post_event("job", {"n": n})["cid"] for n in range(5)]
    rented.does(cron)
    for cid in cids:
        assert [e["status"] for e in rented.wait_cid(cid)] == ["completed"]
    assert rented.get("/api/v1/admin/events").json["events"]
    assert rented.get("/health/ready", key=None).status in (200, 503)
    assert rented.get("/fx/nope").status == 404
    assert rented.post("/fx/events", {"event_source": "a"}).status == 422


def test_on_demand(rented):
    """The event's own request starts what runs it."""
    rented.does(blocks(rented)[0])
    rented.moves_in()
    rented.write_script("ok.sh", "#!/bin/sh\nexit 0\n")
    rented.configure(dispatcher={"on_demand": 1, "leave_seconds": 1, "instances": 2})
    rented.start()
    pipeline = rented.create_pipeline("p", [{"name": "ok", "script": "ok.sh"}], event="job")
    rented.start_trigger(pipeline)
    assert [e["status"] for e in rented.wait_cid(rented.post_event("job")["cid"])] == ["completed"]
    until(lambda: not [c for c in rented.processes().values() if "fx-dispatcher" in c], what="it leaves")


@pytest.fixture
def unpacked():
    with Rented("/~ada/bridge", "cgi") as home:
        home.does(f"tar -xzf {ARCHIVE.name}")
        yield home


def test_without_links(unpacked):
    """As FTP leaves it: one file, which is called once by cron."""
    home = unpacked
    shutil.rmtree(home.account / f"fxbridge-{VERSION}/bin", ignore_errors=True)
    home.does(f"tar -xzf {ARCHIVE.name} fxbridge-{VERSION}/bin/fxbridge")
    [command] = re.findall(r"^(~/fxbridge.*)$", PAGE, re.M)
    home.does(command.replace("VERSION", VERSION))
    home.moves_in()
    cron = cron_line((home.account / "init.txt").read_text())
    fxctl = f"fxbridge-{VERSION}/bin/fxbridge fxctl"
    home.does(f"""printf '#!/bin/sh\\n' >~/.fxbridge/scripts/ok.sh; chmod 750 ~/.fxbridge/scripts/ok.sh
        echo '{{"name": "p", "steps": [{{"name": "a", "script": "ok.sh"}}], "options": {{"event": "job"}}}}' |
            {fxctl} pipeline apply -
        {fxctl} trigger start p; {fxctl} publish --type job '{{}}'; {cron}""")
    assert "completed" in home.does(f"{fxctl} executions").stdout
    shutil.copy(ARCHIVE, home.account)
    home.bin = home.account / f"fxbridge-{VERSION}/bin"


def test_http_steps_say_that_they_are_missing(unpacked):
    home = unpacked
    cron = cron_line(home.does(f"fxbridge-{VERSION}/bin/fxctl init --web public_html/bridge").stderr)
    home.moves_in()
    home.does(f"""cd fxbridge-{VERSION}/bin
        echo '{{"name": "p", "steps": [{{"name": "a", "http": {{"url": "https://example.org/"}}}}],
               "options": {{"event": "job", "retry": {{"limit": 0}}}}}}' | ./fxctl pipeline apply -
        ./fxctl trigger start p; ./fxctl publish --type job '{{}}'; {cron}""")
    assert "this installation has no fx-http" in home.does(f"fxbridge-{VERSION}/bin/fxctl executions").stdout
    assert "no fx-http" in PAGE


def test_home_among_the_pages_is_refused(unpacked):
    done = unpacked.shell(f"""mkdir public_html/bridge
        fxbridge-{VERSION}/bin/fxctl --home public_html/bridge/home init --web public_html/bridge""")
    assert done.returncode == 1 and "gives to everybody" in done.stderr
    assert not (unpacked.account / "public_html/bridge/home").exists()


def test_htaccess_of_somebody_else_is_kept(unpacked):
    done = unpacked.shell(f"""echo 'Require all denied' >public_html/.htaccess
        fxbridge-{VERSION}/bin/fxctl init --web public_html""")
    assert done.returncode == 1 and "for something else" in done.stderr
    assert (unpacked.account / "public_html/.htaccess").read_text() == "Require all denied\n"
    assert not (unpacked.account / "public_html/events.fcgi").exists()


def test_new_version_beside_the_old_one(unpacked):
    """The scripts lead there, and what is there stays."""
    home = unpacked
    home.does(f"fxbridge-{VERSION}/bin/fxctl init --web public_html/bridge")
    done = home.does(f"""cp -a fxbridge-{VERSION} 'fxbridge next'
        'fxbridge next/bin/fxctl' init --web public_html/bridge""")
    assert "fxbridge next/bin/fxbridge' fx-dispatcher" in cron_line(done.stderr)
    home.moves_in()
    home.start()
    assert home.get("/health/live", key=None).status == 200
    assert "fxbridge next/bin/fxbridge' events.fcgi" in (
        home.account / "public_html/bridge/events.fcgi").read_text()


def test_archive():
    """What it weighs, and that nothing is missing of what it promises."""
    assert ARCHIVE.stat().st_size < 5 << 20
    names = subprocess.run(["tar", "-tzf", ARCHIVE], capture_output=True, text=True, check=True).stdout.split()
    for name in ("INSTALL.md", "LICENSE", "docs/steps.md", "apache/htaccess", "schema/openapi.yaml",
                 "examples/greet.json", "licences/libssl-dev", "licences/libc6-dev", "bin/fxctl"):
        assert f"fxbridge-{VERSION}/{name}" in names, name


def test_all_names_of_the_one_file(unpacked):
    """Asked for by nothing or by nonsense it says what it is."""
    for words in ("", " nonsense", " fx-http"):
        done = unpacked.shell(f"fxbridge-{VERSION}/bin/fxbridge{words}")
        assert done.returncode == 2 and "fx-dispatcher" in done.stdout and "no fx-http" in done.stdout
