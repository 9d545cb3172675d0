"""The environment that people expect: HOME and its like, a directory for what is passing, and paths
by which whatever a script starts reads its context and speaks for it."""
import os
import pwd
import threading
from contextlib import contextmanager, suppress

import pytest

from harness import until
from jobs import OK, PYTHON, SH, completed, failure, make, python, run, wait_for
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
    touch = script_for_all(home, "touch", SH + ': >"$HOME/.seen" && cd && ls .s*\n')
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


@only_root
@pytest.mark.parametrize("kind", ["root's", "a link", "a file"])
def test_home_that_is_not_the_steps_own(home, kind):
    """It is told as it is, and whatever a script wants of it is refused to the script alone."""
    place, link = home.scratch / "place", home.scratch / "link"
    place.write_text("") if kind == "a file" else place.mkdir(mode=0o700)
    link.symlink_to(place)
    told_of = str(link if kind == "a link" else place)
    home.configure(step={"user": USER, "home": told_of})
    opened(home).start()
    home.start_dispatcher()
    text = SH + 'echo "$HOME"\ncd 2>/dev/null || echo closed\n(: >"$HOME/.x") 2>/dev/null || echo refused\n'
    execution = completed(run(home, script_for_all(home, "tell", text)))
    assert execution["steps"][0]["log"].split() == [told_of, "closed", "refused"]


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
    """Two of one execution, and what they are: a file, and a FIFO, in the work directory."""
    text = SH + ('[ -f "$FX_CONTEXT" ] && [ -p "$FX_OUT" ] || exit 9\n'
                 '[ "$(dirname "$FX_CONTEXT")" = "$TMPDIR" ] && [ "$(dirname "$FX_OUT")" = "$TMPDIR" ] || exit 9\n'
                 '(exec 3>&- 4<&-; sed "s/.*/{\\"save\\": {\\"$FX_STEP\\": &}}/" <"$FX_CONTEXT" >"$FX_OUT")\n')
    data = without_received(told(run(live, {"name": "one", "text": text}, {"name": "two", "text": text,
                                            "inputs": {"a": 1}})))
    one = {"data": {}, "inputs": {}, "outputs": {}}
    assert data == {"one": one, "two": {"data": {"one": one}, "inputs": {"a": 1}, "outputs": {}}}


def test_longer_and_shorter_ones(live):
    """The context of one step is never followed by the end of another one's, and is one line."""
    size = SH + 'echo "{\\"save\\": {\\"$FX_STEP\\": $(sed "s/ *$//" "$FX_CONTEXT" | wc -c)}}" >"$FX_OUT"\n' \
        '[ $(wc -l <"$FX_CONTEXT") = 1 ] && cmp "$FX_CONTEXT" /dev/fd/4\n'
    steps = [{"name": name, "text": size, "inputs": {"a": "x" * n}} for name, n in
             (("a", 5), ("b", 70000), ("c", 0), ("d", 4096), ("e", 1))]
    sizes = told(run(live, *steps))
    assert sizes["b"] - sizes["a"] > 69000 and sizes["d"] > 4096 > sizes["c"]
    assert sizes["e"] == sizes["c"] + len(f',"c":{sizes["c"]},"d":{sizes["d"]}') + len("x")


def test_hidden_in_the_work_directory(live):
    """What is packed or cloned there by * or into a directory of its own, has nothing of ours."""
    log = completed(run(live, SH + 'git init -q "$TMPDIR/r" && ls "$TMPDIR" && ls -A "$TMPDIR/r"\n'))
    assert log["steps"][0]["log"] == "r\n.git\n"


def test_after_descriptor_3_is_closed(live):
    """The script's own is not needed for it."""
    text = SH + """exec 3>&-\nfor i in 1 2 3; do sh -c 'echo "{\\"save\\": {\\"'$i'\\": 1}}" >"$FX_OUT"'; done\n"""
    assert told(run(live, text)) == {"1": 1, "2": 1, "3": 1}


def test_without_a_work_directory(home):
    """They lead to the script's descriptors then."""
    home.start()
    (home.dir / "run/work").write_text("in the way")
    home.start_dispatcher()
    path = 'os.environ["FX_OUT"] == f"/proc/{os.getpid()}/fd/3" or sys.exit(9)\n'
    data = without_received(told(run(home, python(path + CHILDREN["its grandchild"]))))
    assert data == {"seen": {"data": {}, "inputs": {}, "outputs": {}}}


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


# What a step may do to its own; $1 is a file elsewhere that others are not to touch.
HARMS = {
    "nothing": ":",
    "removed": 'rm "$FX_OUT" "$FX_CONTEXT"',
    "links": 'ln -sf "$1" "$FX_OUT"; ln -sf "$1" "$FX_CONTEXT"',
    "links to each other": 'ln -sf "$FX_CONTEXT" "$FX_OUT"; ln -sf "$FX_OUT" "$FX_CONTEXT"',
    "links that lead back": 'mv "$FX_OUT" "$TMPDIR/o"; ln -s o "$FX_OUT"; mv "$FX_CONTEXT" "$TMPDIR/c"; ln -s c "$FX_CONTEXT"',
    "hard links": 'ln "$FX_OUT" "$TMPDIR/o"; ln "$FX_CONTEXT" "$TMPDIR/c"',
    "exchanged": 'mv "$FX_OUT" "$TMPDIR/x"; mv "$FX_CONTEXT" "$FX_OUT"; mv "$TMPDIR/x" "$FX_CONTEXT"',
    "files": 'rm "$FX_OUT" "$FX_CONTEXT"; echo x >"$FX_OUT"; echo y >"$FX_CONTEXT"',
    "FIFOs": 'rm "$FX_OUT" "$FX_CONTEXT"; mkfifo "$FX_OUT" "$FX_CONTEXT"',
    "FIFOs with a reader": 'rm "$FX_OUT"; mkfifo "$FX_OUT"; (cat "$FX_OUT" >/dev/null 2>&1 3>&- &)',
    "directories": 'rm "$FX_OUT" "$FX_CONTEXT"; mkdir "$FX_OUT" "$FX_CONTEXT"',
    "full directories": 'rm "$FX_OUT" "$FX_CONTEXT"; mkdir -p "$FX_OUT/a" "$FX_CONTEXT/a"',
    "a full directory": 'rm "$FX_OUT"; mkdir -p "$FX_OUT/a"',
    "no rights": 'chmod 0 "$FX_OUT" "$FX_CONTEXT"',
    "all rights": 'chmod 777 "$FX_OUT" "$FX_CONTEXT"',
    "no rights to the directory": 'chmod 0 "$TMPDIR"',
    "another context": 'chmod 600 "$FX_CONTEXT"; cp "$1" "$FX_CONTEXT"; chmod 400 "$FX_CONTEXT"',
    "a longer context": 'chmod 600 "$FX_CONTEXT"; head -c 1M /dev/zero >>"$FX_CONTEXT"; chmod 400 "$FX_CONTEXT"',
    "an empty context": 'chmod 600 "$FX_CONTEXT"; : >"$FX_CONTEXT"; chmod 400 "$FX_CONTEXT"',
    "a writer": '(exec 9<>"$FX_OUT" 3>&- 1>&- 2>&-; trap "" TERM; sleep 1000) & sleep 0.1',
    "a reader": '(exec 9<"$FX_OUT" 3>&- 1>&- 2>&-; trap "" TERM; sleep 1000) & sleep 0.1',
}


def check_harm(home, harm, script):
    """Neither the next step nor the next execution of the same runner notices."""
    foreign = home.scratch / "foreign"
    foreign.write_text("kept\n")
    foreign.chmod(0o666)
    harmful = script(home, "harmful", SH + f"set -- '{foreign}'\n{HARMS[harm]}\nexit 0\n")
    tells = script(home, "tells", python(CHILDREN["a child"]))
    make(home, harmful, {**tells, "inputs": {"n": 1}}, event="job", scale={"max": 1})
    for _ in range(3):
        execution = home.wait_cid(home.post_event("job")["cid"])[0]
        assert without_received(told(execution)) == {"seen": {"data": {}, "inputs": {"n": 1}, "outputs": {}}}
    assert foreign.read_text() == "kept\n"


@pytest.mark.parametrize("harm", sorted(HARMS))
def test_harm(live, harm):
    check_harm(live, harm, lambda home, name, text: {"name": name, "text": text})


@only_root
@pytest.mark.parametrize("harm", sorted(HARMS))
def test_harm_under_another_account(home, harm):
    home.configure(step={"user": USER})
    opened(home).start()
    home.start_dispatcher()
    check_harm(home, harm, lambda *what: {"name": what[1], **script_for_all(*what)})


def test_shared_with_one_that_is_exempted(home):
    """Whoever runs a step, what lies there is for it."""
    home.configure(step={"unconfined": "free"} | ({"user": USER} if os.geteuid() == 0 else {}))
    opened(home).start()
    home.start_dispatcher()
    text = SH + 'sh -c "exec 3>&-; cat >>\\"$FX_OUT\\"" <<END\n{"save": {"$FX_STEP": $(wc -l <"$FX_CONTEXT")}}\nEND\n'
    steps = [{**script_for_all(home, name, text), "name": name} for name in ("bound", "free", "also")]
    assert told(run(home, *steps)) == {"bound": 1, "free": 1, "also": 1}


def test_half_a_line_is_nobody_elses(live):
    """Said at the end, it is the end of what this step has said, and fails it alone."""
    pipeline = SH + """[ -e "$APP_MENDED" ] || { printf '{"save": {"a":' >"$FX_OUT"; exit 0; }\necho '{"save": {"b": 2}}' >"$FX_OUT"\n"""
    mended = live.scratch / "mended"
    make(live, pipeline, event="job", scale={"max": 1}, env={"APP_MENDED": str(mended)})
    assert "line 1 is not JSON" in failure(live.wait_cid(live.post_event("job")["cid"])[0])
    mended.touch()
    assert told(live.wait_cid(live.post_event("job")["cid"])[0]) == {"b": 2}


# --- Somebody who is not of the step, so that the runner cannot end it ---

@contextmanager
def meeting(home):
    """An execution that runs until the end of this, and where its FX_OUT is."""
    path, go = home.scratch / "path", home.scratch / "go"
    make(home, SH + f'[ -e {go} ] && exit 0\necho "$FX_OUT" >{path}.new && mv {path}.new {path}\n{wait_for(go)}',
         event="job", scale={"max": 1})
    cid = home.post_event("job")["cid"]
    until(path.exists, what="it runs")
    try:
        yield path.read_text().strip(), lambda: home.wait_cid(cid)[0]
    finally:
        go.touch()


LATE = b'{"save": {"late": 1}}\n'


@pytest.mark.parametrize("flags", [os.O_WRONLY, os.O_RDWR, os.O_RDONLY], ids=["writes", "both", "reads"])
def test_somebody_outside_who_stays(live, flags):
    """What is said into the FIFO of an execution that has ended is in no other one."""
    with meeting(live) as (path, ended):
        fd = os.open(path, flags | os.O_NONBLOCK)
    try:
        completed(ended())
        if flags != os.O_RDONLY:
            with suppress(BrokenPipeError):
                os.write(fd, LATE)
        for _ in range(2):
            assert told(live.wait_cid(live.post_event("job")["cid"])[0]) == {}
            if flags != os.O_RDONLY:
                with suppress(BrokenPipeError, BlockingIOError):
                    os.write(fd, LATE)
    finally:
        os.close(fd)


def test_somebody_outside_who_never_stops(live):
    """The execution ends, and the next one is none the worse."""
    over = threading.Event()

    def write(fd):
        with suppress(BrokenPipeError):
            while not over.is_set():
                with suppress(BlockingIOError):
                    os.write(fd, b"\n" * 65536)
        os.close(fd)

    with meeting(live) as (path, ended):
        writer = threading.Thread(target=write, args=[os.open(path, os.O_WRONLY | os.O_NONBLOCK)])
        writer.start()
    try:
        completed(ended())
        completed(live.wait_cid(live.post_event("job")["cid"])[0])
    finally:
        over.set()
        writer.join()
