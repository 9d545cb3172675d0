"""Nothing runs that the operator did not install: variables are opened by name.

Many programs run what a variable says, and no list of such variables is complete. So the
operator opens names in fx.conf, and a definition that sets another is refused.
"""
import json

import pytest

from jobs import SH, completed, failure, make, python

HARMLESS_SCRIPTS = {
    "hello.py": python("print('hello')"),
    "status.sh": SH + "cd / && git status 2>&1 || true\n",
    "pack.sh": SH + "tar cf /dev/null /etc/hostname\n",
}

# Each made a harmless script run a command of the sender's.
COMMANDS = [
    ("hello.py", {"PYTHONWARNINGS": "all:0:antigravity.x:0:0", "BROWSER": "/bin/sh -c 'id' #%s"}),
    ("status.sh", {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.fsmonitor",
                   "GIT_CONFIG_VALUE_0": "id; false"}),
    ("pack.sh", {"TAR_OPTIONS": "--checkpoint=1 --checkpoint-action=exec=id"}),
]

# Of many kinds: loaders, interpreters, configuration, proxies, and what looks like APP_*.
CLOSED = ["PATH", "LD_PRELOAD", "LD_AUDIT", "BASH_ENV", "GIT_SSH_COMMAND", "LUA_INIT", "ZDOTDIR",
          "MAKEFLAGS", "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "DOTNET_STARTUP_HOOKS", "ERL_FLAGS",
          "RSYNC_RSH", "LESSOPEN", "OPENSSL_CONF", "PYTHONUSERBASE", "GLIBC_TUNABLES", "HOME",
          "CURL_HOME", "KUBECONFIG", "AWS_CONFIG_FILE", "PSQLRC", "SSLKEYLOGFILE", "http_proxy",
          "npm_config_script_shell", "RUSTC_WRAPPER", "BASH_LOADABLES_PATH", "LANG", "A",
          "APP", "app_NAME", "_APP_NAME", "XAPP_NAME", "APPNAME"]


def send(home, event_type):
    return home.wait_cid(home.post_event(event_type)["cid"])[0]


def definition(script, env):
    return {"name": "p", "steps": [{"name": "s", "script": script}], "options": {"env": env}}


def refused(reply, name):
    assert reply.status == 422
    assert reply.json["detail"].startswith(f"options.env.{name}: is not open to pipelines")
    assert f"[step] env_allow = APP_* {name}" in reply.json["detail"]


@pytest.fixture
def scripts(home):
    home.start()
    for name, text in HARMLESS_SCRIPTS.items():
        home.write_script(name, text)
    return home


@pytest.mark.parametrize("script, env", COMMANDS)
def test_commands_in_variables(scripts, script, env):
    refused(scripts.post("/api/v1/pipelines", definition(script, env)), next(iter(env)))
    done = scripts.run_fxctl("pipeline", "apply", "-", stdin=json.dumps(
        definition(script, env)))
    assert done.returncode == 1 and "is not open to pipelines" in done.stderr


def test_closed_names(scripts):
    """By creating and by replacing; also one that stands among open ones."""
    made = scripts.post("/api/v1/pipelines", definition("hello.py", {"APP_NAME": "x"}))
    assert made.status == 201
    for name in CLOSED:
        env = {"APP_A": "1", name: "x", "APP_B": "2"}
        refused(scripts.post("/api/v1/pipelines", definition("hello.py", env)), name)
        refused(scripts.put(f"/api/v1/pipelines/{made.json['id']}", definition("hello.py", env)),
                name)
    assert scripts.get(f"/api/v1/pipelines/{made.json['id']}").json["version"] == "1"


@pytest.mark.parametrize("listed, open_names, closed_names", [
    ("", [], ["APP_NAME", "A"]),
    ("APP_* GREETING", ["APP_", "APP_X", "GREETING"], ["GREETINGS", "GREETIN", "greeting"]),
    ("A B*\n   C", ["A", "B", "Bx", "C"], ["Ax", "AB", "Cx"]),
    ("*", ["PATH", "LD_PRELOAD", "x"], []),
])
def test_what_the_operator_lists(home, listed, open_names, closed_names):
    home.configure(step={"env_allow": listed})
    home.start()
    home.write_script("hello.py", HARMLESS_SCRIPTS["hello.py"])
    for number, name in enumerate(open_names):
        body = definition("hello.py", {name: "x"}) | {"name": f"p{number}"}
        assert home.post("/api/v1/pipelines", body).status == 201, name
    for name in closed_names:
        assert home.post("/api/v1/pipelines", definition("hello.py", {name: "x"})).status == 422


def test_names_of_ours_stay_ours(home):
    home.configure(step={"env_allow": "*"})
    home.start()
    home.write_script("hello.py", HARMLESS_SCRIPTS["hello.py"])
    reply = home.post("/api/v1/pipelines", definition("hello.py", {"FX_HOME": "/"}))
    assert reply.status == 422 and "is not the name of a variable" in reply.json["detail"]


@pytest.mark.parametrize("persistent", [False, True])
def test_an_older_definition(home, persistent):
    """It was stored when the operator had opened the name; closed since, it fails and says why."""
    home.configure(step={"env_allow": "GREETING"})
    home.start()
    home.start_dispatcher()
    step = {"text": SH + "echo \"$GREETING\"\n", "options": {"persistent": persistent}}
    if persistent:
        step["text"] = SH + "while read -r l; do echo '{\"ok\": true}'; done\n"
    make(home, step, event="job", env={"GREETING": "hello"}, retry={"limit": 3, "delay": 0})
    completed(send(home, "job"))
    home.stop_dispatcher()
    home.configure(step={"env_allow": "OTHER"})
    home.start_dispatcher()
    execution = send(home, "job")
    assert failure(execution).startswith("options.env.GREETING: is not open to pipelines")
    assert execution["attempt"] == 1
    assert "[step] env_allow = OTHER GREETING" in execution["error"]
    assert [step["status"] for step in execution["steps"]] == ["pending"]


@pytest.mark.parametrize("listed", ["A=B", "A,B", "A*B", "**", "$(id)", "A /B"])
def test_no_list(home, listed):
    home.configure(step={"env_allow": listed})
    done = home.run_fxctl("status")
    assert done.returncode != 0
    assert "env_allow wants names" in done.stderr and "fx.conf" in done.stderr
