"""jobs - pipelines of small scripts, their executions, and the processes they make."""
import itertools
import json
import os
import subprocess
import sys
from contextlib import contextmanager

from harness import BUILD, belongs_to, command_of, is_running, read_proc, until

SH = "#!/bin/sh\n"
# Without site packages and PYTHON* variables: starts in a few milliseconds.
PYTHON = f"#!{sys.executable} -SEI\nimport json, os, sys, time\n"

# Puts this between steps that are to save and emit: say(save={…}), say(emit={…}).
SAY = """
def say(**what):
    os.write(3, json.dumps(what).encode() + b"\\n")
"""

OK = SH + "exit 0\n"

_numbers = itertools.count(1)


def save(**data):
    """The text of a script that saves these members."""
    return SH + f"echo '{json.dumps({'save': data})}' >&3\n"


def emit(event_type, payload=None):
    """The text of a script that emits such an event."""
    line = json.dumps({"emit": {"event_type": event_type, "payload": payload}})
    return SH + f"echo '{line}' >&3\n"


def wait_for(path):
    """Shell text that waits for a file of this name."""
    return f"while [ ! -e '{path}' ]; do sleep 0.01; done\n"


def python(text):
    return PYTHON + SAY + text


def make_steps(home, *steps):
    """Steps from texts of scripts, which are written, and from dicts, taken as they are.

    In a dict, `text` may stand for `script`.
    """
    made = []
    for step in steps:
        step = {"text": step} if isinstance(step, str) else dict(step)
        step.setdefault("name", f"step{len(made) + 1}")
        if "text" in step:
            step["script"] = f"script{next(_numbers)}"
            home.write_script(step["script"], step.pop("text"))
        made.append(step)
    return made


def make(home, *steps, event="job", start=True, name=None, **options):
    """Makes a pipeline that is not tried again after a failure, and starts it. Returns its id."""
    options = {"retry": {"limit": 0}, **options}
    if event:
        options["event"] = event
    pipeline = home.create_pipeline(
        name or f"job{next(_numbers)}", make_steps(home, *steps), **options)
    if start and event:
        home.start_trigger(pipeline, ready=bool(home.dispatcher))
    return pipeline


def run(home, *steps, payload=None, **options):
    """Makes a pipeline, sends it one event, and returns what became of it."""
    event = f"job{next(_numbers)}"
    make(home, *steps, event=event, **options)
    executions = home.wait_cid(home.post_event(event, payload)["cid"])
    assert len(executions) == 1, executions
    return executions[0]


def failure(execution):
    """The error of an execution that must have failed."""
    assert execution["status"] == "failed", execution
    return execution["error"]


def completed(execution):
    assert execution["status"] == "completed", execution
    return execution


def executions_of(home, cid):
    reply = home.get(f"/fx/cid/{cid}")
    assert reply.status == 200, reply
    return reply.json["executions"]


def trigger(home, pipeline):
    """The status of a pipeline's trigger."""
    reply = home.get(f"/api/v1/events/{pipeline}")
    assert reply.status == 200, reply
    return reply.json


def wait_trigger(home, pipeline, **fields):
    """Waits until the trigger's status has these fields. Returns the status."""
    def found():
        status = trigger(home, pipeline)
        return status if fields.items() <= status.items() else None

    return until(found, what=lambda: f"{fields}: {trigger(home, pipeline)}\n{home.logs()}")


def replace(home, pipeline, *steps, event="job", **options):
    """Makes the next version of a pipeline. Returns its number."""
    reply = home.put(f"/api/v1/pipelines/{pipeline}", {
        "steps": make_steps(home, *steps),
        "options": {"retry": {"limit": 0}, "event": event, **options}})
    assert reply.status == 200, reply
    return reply.json["version"]


def stop_trigger(home, pipeline):
    reply = home.delete(f"/api/v1/events/{pipeline}")
    assert reply.status == 200, reply


# --- Work directories ---

def works(home):
    """Those of the scripts of all runners."""
    return list((home.dir / "run/work").glob("*/*"))


def left(home):
    """What is in them, but for what each has of the runner's own, with nothing in it."""
    return [path for work in works(home) for path in work.iterdir()
            if path.name != ".fx-out" and (path.name != ".fx-context" or path.read_bytes().strip())]


# --- Processes ---

def once(home, *options):
    """Runs the dispatcher as cron does. Returns the finished process, its output as text."""
    return subprocess.run([BUILD / "bin/fx-dispatcher", "--home", home.dir, "--once", *options],
                          env=home.environment(), capture_output=True, text=True, timeout=60,
                          **home.process)


def runners(home):
    """The numbers of the home's fx-runner processes."""
    found = [pid for pid in processes()
             if "/fx-runner " in command_of(pid) and belongs_to(pid, str(home.dir))]
    # A step is a copy of its runner until it becomes its script.
    return [pid for pid in found if parent_of(pid) not in (None, *found)]


def parent_of(pid):
    fields = read_proc(pid, "stat").rpartition(b")")[2].split()
    return int(fields[1]) if fields else None


def processes():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def marked(mark):
    """The processes with this text in their environment: a step with it in options.env, and all
    that it started."""
    return [pid for pid in processes()
            if mark.encode() in read_proc(pid, "environ") and is_running(pid)]


@contextmanager
def gate(home, name="gate"):
    """A path for `wait_for`, and what opens it; opened at the end at the latest."""
    path = home.scratch / name
    try:
        yield path, path.touch
    finally:
        path.touch()
