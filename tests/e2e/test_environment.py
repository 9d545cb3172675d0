"""The environment that people expect: HOME and its like, a directory for what is passing, and paths
by which whatever a script starts reads its context and speaks for it."""
import os
import pwd

import pytest

from jobs import OK, PYTHON, SH, completed, failure, make, python, run
from test_step_user import USER, only_root, opened
from test_step_user import script as script_for_all

PERSISTENT = pytest.mark.parametrize("persistent", [False, True], ids=["script", "persistent"])


def own():
    return pwd.getpwuid(os.geteuid())


def tell(*names):
    """The text of a script that saves these variables."""
    return python(f"say(save={{name: os.environ.get(name) for name in {names!r}}})")


def told(execution):
    return completed(execution)["data"]


def without_received(value):
    """Of contexts: how the event came in is another matter."""
    if not isinstance(value, dict):
        return value
    return {name: without_received(part) for name, part in value.items() if name != "received"}


# --- Whose home ---

def test_scripts_that_want_a_home(live):
    """What failed for want of one: a shell that minds, and ~."""
    log = completed(run(live, SH + 'set -eu\necho "$HOME" "$USER" "$LOGNAME" "$SHELL"\necho ~\n'))
    assert log["steps"][0]["log"].split() == [
        own().pw_dir, own().pw_name, own().pw_name, "/bin/sh", own().pw_dir]


@only_root
def test_home_that_is_not_there(home):
    """nobody's: the work directory has to do, also for a persistent script."""
    assert not os.path.isdir(pwd.getpwnam(USER).pw_dir)
    home.configure(step={"user": USER, "unconfined": "free"})
    opened(home).start()
    home.start_dispatcher()
    text = tell("HOME", "TMPDIR", "USER", "LOGNAME")
    data = told(run(home, script_for_all(home, "tell", text)))
    assert data["HOME"] == data["TMPDIR"]
    assert data["USER"] == data["LOGNAME"] == USER
    touch = script_for_all(home, "touch", SH + ': >"$HOME/.seen" && ls -A ~\n')
    assert completed(run(home, touch))["steps"][0]["log"] == ".seen\n"
    # One that is exempted is the dispatcher's own.
    data = told(run(home, script_for_all(home, "free", text)))
    assert (data["HOME"], data["USER"]) == (own().pw_dir, own().pw_name)


@PERSISTENT
def test_home_and_path_of_the_settings(home, persistent):
    home.configure(step={"home": "/srv/steps", "path": "/opt/tools:/usr/bin:/bin"})
    home.start()
    home.start_dispatcher()
    text = PYTHON + """
saved = {name: os.environ[name] for name in ("HOME", "PATH")}
if sys.argv[0].endswith("lasting"):
    for line in sys.stdin:
        print(json.dumps({"ok": True, "save": saved}), flush=True)
else:
    os.write(3, json.dumps({"save": saved}).encode())
"""
    name = "lasting" if persistent else "once"
    home.write_script(name, text)
    execution = run(home, {"script": name, "options": {"persistent": persistent}})
    assert told(execution) == {"HOME": "/srv/steps", "PATH": "/opt/tools:/usr/bin:/bin"}


def test_pipeline_sets_what_is_opened(home):
    home.configure(step={"env_allow": "HOME SHELL"})
    home.start()
    home.start_dispatcher()
    data = told(run(home, tell("HOME", "SHELL", "USER"), env={"HOME": "/x", "SHELL": "/bin/bash"}))
    assert data == {"HOME": "/x", "SHELL": "/bin/bash", "USER": own().pw_name}
    home.write_script("ok", OK)
    steps = [{"name": "a", "script": "ok"}]
    reply = home.post("/api/v1/pipelines", {"name": "no", "steps": steps, "options": {"env": {"USER": "x"}}})
    assert "env_allow" in reply.json["detail"], reply


# --- What a script's own children can use ---

# Has none of the script's descriptors 3 and 4.
CHILD = """printf '{"save": {"seen": %s}}' "$(cat "$FX_CONTEXT")" >"$FX_OUT\""""
START = f"import subprocess\nos.environ['CHILD'] = {CHILD!r}\n"
CHILDREN = {
    "a child": START + "subprocess.run(['sh', '-c', os.environ['CHILD']], check=True)\n",
    "its grandchild": START + "subprocess.run(['sh', '-c', 'sh -c \"$CHILD\"; true'], check=True)\n",
}


@pytest.mark.parametrize("confined", ["auto", "off"])
@pytest.mark.parametrize("child", sorted(CHILDREN))
def test_children(home, child, confined):
    home.configure(step={"confine": confined})
    home.start()
    home.start_dispatcher()
    inputs = {"n": 1}
    execution = run(home, {"text": python(CHILDREN[child]), "inputs": inputs})
    assert without_received(told(execution)) == {"seen": {"data": {}, "inputs": inputs, "outputs": {}}}


@only_root
def test_children_under_another_account(home):
    home.configure(step={"user": USER})
    opened(home).start()
    home.start_dispatcher()
    step = script_for_all(home, "tell", python(CHILDREN["a child"]))
    seen = without_received(told(run(home, step)))
    assert seen == {"seen": {"data": {}, "inputs": {}, "outputs": {}}}


def test_each_step_finds_its_own(live):
    """Two of one execution, and what they are: a file, and a pipe."""
    text = SH + ('[ -f "$FX_CONTEXT" ] && [ -p "$FX_OUT" ] || exit 9\n'
                 '(exec 3>&- 4<&-; sed "s/.*/{\\"save\\": {\\"$FX_STEP\\": &}}/" <"$FX_CONTEXT" >"$FX_OUT")\n')
    data = without_received(told(run(live, {"name": "one", "text": text}, {"name": "two", "text": text,
                                            "inputs": {"a": 1}})))
    one = {"data": {}, "inputs": {}, "outputs": {}}
    assert data == {"one": one, "two": {"data": {"one": one}, "inputs": {"a": 1}, "outputs": {}}}


def test_work_directory_stays_empty(live):
    """Nothing of ours lies in it: a repository can be cloned there, and all of it be packed."""
    log = completed(run(live, SH + 'ls -A "$TMPDIR" && [ "$(dirname "$FX_OUT")" != "$TMPDIR" ]\n'))
    assert log["steps"][0]["log"] == ""


# --- Bad input ---

def test_child_that_holds_it(live):
    """The step ends when its leftover time is over, and what was said counts."""
    make(live, SH + '(exec 3>"$FX_OUT" 1>&- 2>&-; echo \'{"save": {"a": 1}}\' >&3; sleep 1000) &\n'
         'while [ ! -e "$TMPDIR/x" ]; do : >"$TMPDIR/x"; done\nsleep 0.2\n', event="job")
    execution = completed(live.wait_cid(live.post_event("job")["cid"])[0])
    assert execution["data"] == {"a": 1}
    assert "killed what the script had left running: " in execution["steps"][0]["log"]


def test_writer_without_end(live):
    """One that fills it with a line that never ends: refused, and the writer ended."""
    error = failure(run(live, SH + 'head -c 64M /dev/zero >"$FX_OUT" &\nwait\n'))
    assert error == "step step1: descriptor 3: a line is longer than 1048576 bytes"


def test_nobody_reads_what_comes_late(live):
    """What holds a descriptor of it beyond the script's end, and heeds no TERM, is ended."""
    completed(run(
        live, SH + 'exec 5>"$FX_OUT"\n(exec 3>&- 1>&- 2>&-; trap "" TERM; sleep 1000) &\nexit 0\n'))


def test_paths_lead_to_the_script_alone(live):
    """Removing or replacing them is refused, and a second step is none the worse."""
    text = SH + 'rm -f "$FX_OUT" "$FX_CONTEXT" 2>/dev/null; ln -sf /etc/passwd "$FX_OUT" 2>/dev/null\n' \
        'echo \'{"save": {"\'$FX_STEP\'": 1}}\' >"$FX_OUT"\n'
    assert told(run(live, {"name": "one", "text": text}, {"name": "two", "text": text})) == {
        "one": 1, "two": 1}
    assert completed(run(live, OK))
