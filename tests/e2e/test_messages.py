"""What people are told: each message of fxctl about pipelines, triggers and executions, and each
error of an execution, for every form that the thing can have.

messages.txt has them all, to be read as a stranger would; FX_WRITE_MESSAGES=1 writes it anew. Ids
stand there as ID, times as TIME, seconds as S.
"""
import json
import os
import re
from pathlib import Path

from harness import until
from jobs import OK, PYTHON, SH, emit, executions_of, make, make_steps, save, stop_trigger, wait_trigger
from test_http_steps import serving

PAGE = Path(__file__).with_name("messages.txt")
LATER = {"limit": 3, "delay": 86400, "max_delay": 86400}
ANSWER = PYTHON + "for line in sys.stdin:\n"


class Told:
    """The page as it is told."""

    def __init__(self, home):
        self.home, self.lines = home, []

    def chapter(self, title):
        self.lines += ["", f"== {title}", ""]

    def say(self, form, text):
        text = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", text)
        text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME", text)
        text = re.sub(r"(?<![\w.])\d+\.\d{3}(?![\w.])", "S", text)
        text = re.sub(r"after \d+ ms", "after S", text)
        text = re.sub(r"\b(fx[a-z]?_|whsec_)[\w+/=-]{20,}", r"\1TOKEN", text)
        text = re.sub(r"\bprocess \d+", "process PID", text)
        text = re.sub(r"\b\d+(\.\d)? ([KMGT]iB|bytes) (used|free)", r"SIZE \3", text)
        text = re.sub(r"account is \S+", "account is NAME", text)
        text = re.sub(r"fxctl\[\d+\]", "fxctl[PID]", text)
        text = re.sub(r"script\d+", "SCRIPT", text.replace(str(self.home.dir), "HOME"))
        text = text.replace(str(self.home.scratch), "SCRATCH")
        self.lines += [f"# {form}", *re.sub(r" +", " ", text.rstrip("\n")).split("\n"), ""]

    def fxctl(self, form, *words, stdin=None):
        done = self.home.run_fxctl(*words, stdin=stdin)
        shown = " ".join(Path(word).name if str(word).startswith("/") else
                         re.sub(r"^[0-9a-f]{8}-[0-9a-f-]{27}$", "ID", str(word)) for word in words)
        self.say(f"{form}: fxctl {shown} → {done.returncode}", done.stderr + done.stdout)

    def text(self):
        return "\n".join(self.lines).strip() + "\n"


def check_page(told, page):
    if os.environ.get("FX_WRITE_MESSAGES"):
        page.write_text(told.text())
    assert told.text().split("\n") == page.read_text().split("\n")


def definition(home, name, *steps, **options):
    path = home.scratch / f"{name}.json"
    path.write_text(json.dumps(
        {"name": name, "steps": make_steps(home, *(steps or (OK,))), "options": options}))
    return path


FORMS = {
    "topic": {"event": "order"},
    "prefix": {"event": "order.*"},
    "schedule": {"schedule": "0 0 1 1 *"},
    "both": {"event": "order", "schedule": "0 0 1 1 *"},
    "neither": {},
}


def tell_pipelines(told, home):
    told.chapter("Pipelines and triggers, without a dispatcher")
    told.fxctl("none yet", "pipeline", "list")
    told.fxctl("none yet", "trigger", "status")
    for form, options in FORMS.items():
        path = definition(home, form, **options)
        for again in ("new", "the same again"):
            told.fxctl(f"{form}, {again}", "pipeline", "apply", path)
        told.fxctl(form, "trigger", "status", form)
        told.fxctl(f"{form}, not started", "trigger", "stop", form)
        told.fxctl(form, "trigger", "start", form)
        path = definition(home, form, save(v=2), **options)
        told.fxctl(f"{form}, version 2", "pipeline", "apply", path)
        told.fxctl(form, "trigger", "status", form)
    told.fxctl("all", "trigger", "status")
    told.fxctl("all", "pipeline", "list")
    for noun in ("pipeline show", "pipeline delete", "trigger start", "trigger status", "trigger stop",
                 "pipeline run"):
        told.fxctl("unknown", *noun.split(), "unknown")
    told.fxctl("a version that is none", "trigger", "start", "topic", "--version", "9")
    told.fxctl("a version that is none", "pipeline", "show", "topic", "--version", "9")
    told.fxctl("an earlier version", "trigger", "start", "topic", "--version", "1")
    told.fxctl("started", "pipeline", "delete", "topic")
    cid = home.post_event("other")["cid"]
    told.fxctl("not routed", "cid", cid)
    told.fxctl("not routed", "explain", cid)
    home.start_dispatcher()
    wait_trigger(home, pipeline_id(home, "topic"), ready=True)
    told.chapter("With a dispatcher")
    until(lambda: home.get(f"/fx/cid/{cid}/explain").json["events"][0]["routed"], what="it is routed")
    told.fxctl("matches nothing", "cid", cid)
    told.fxctl("matches nothing", "explain", cid)
    for form in FORMS:
        told.fxctl(f"{form}, started again", "trigger", "start", form)
        told.fxctl(form, "trigger", "stop", form)
    told.fxctl("none is started", "explain", cid)
    for form in FORMS:
        told.fxctl(form, "pipeline", "delete", form)


def pipeline_id(home, name):
    return next(p["id"] for p in home.get("/api/v1/pipelines").json["pipelines"] if p["name"] == name)


def http(url, **options):
    return {"name": "call", "http": {"url": url}, **({"options": options} if options else {})}


def make_forms(home, server):
    """The pipelines of executions that end in one form each, by that form."""
    persistent = {"name": "asked", "options": {"persistent": True}}
    quick = {"name": "asked", "options": {"persistent": True, "timeout": 0.2}}
    scripts = {
        "completes": OK,
        "completes, and says much": SH + """echo log; echo '{"save": {"n": 1}}' >&3\n""",
        "exits": SH + "exit 3\n",
        "exits 75": SH + "exit 75\n",
        "exits 100": SH + "exit 100\n",
        "is killed": SH + "kill -9 $$\n",
        "leaves something": SH + "sleep 1000 &\n",
        "rubbish on descriptor 3": SH + "echo rubbish >&3\n",
        "an unknown member": SH + """echo '{"keep": {}}' >&3\n""",
        "a line too long": SH + "head -c 2000000 /dev/zero | tr '\\0' x >&3\n",
        "too much in its directory": SH + "head -c 9M /dev/zero > $TMPDIR/a; exec sleep 1000\n",
        "too much data": SH + """printf '{"save":{"a":"%0300000d"}}\\n' 0 >&3\n""",
        "an event of no type": SH + """echo '{"emit": {"event_type": "a b", "payload": 1}}' >&3\n""",
        "no first line": "true\n",
        "no interpreter": "#!/nowhere\n",
        "step's second": {"text": SH + "sleep 1000\n", "options": {"timeout": 1}},
        "step's time": {"text": SH + "sleep 1000\n", "options": {"timeout": 0.2}},
        "ends before it answers": {**persistent, "text": PYTHON + "input(); sys.exit(4)\n"},
        "is killed before it answers": {**persistent, "text": PYTHON + "input(); os.kill(os.getpid(), 9)\n"},
        "does not answer": {**quick, "text": ANSWER + "    pass\n"},
        "answers with two lines": {**persistent, "text": ANSWER + "    os.write(1, b'{}\\n{}\\n')\n"},
        "answers with no JSON": {**persistent, "text": ANSWER + "    print('x', flush=True)\n"},
        "answers without ok": {**persistent, "text": ANSWER + "    print('{}', flush=True)\n"},
        "answers no": {**persistent, "text": ANSWER + """    print('{"ok": false}', flush=True)\n"""},
        "answers no, and why": {**persistent, "text": ANSWER + """    print('{"ok": false, "error": "no such template"}', flush=True)\n"""},
        "too deep": emit("too deep".replace(" ", "-")),
        "HTTP 204": http(server.url("/204")),
        "HTTP 200 without a body": http(server.url("/200")),
        "HTTP 500 without a body": http(server.url("/500")),
        "HTTP 302": http(server.url("/302")),
        "HTTP 410": http(server.url("/410")),
        "HTTP nobody": http("http://127.0.0.1:1/"),
        "HTTP not allowed": http("http://10.0.0.1/"),
    }
    limits = {
        "attempt's time": {"attempt_timeout": 0.2},
        "execution's time": {"timeout": 0.2},
        "the attempt's second": {"attempt_timeout": 1},
        "the execution's second": {"timeout": 1},
        "retry too late": {"timeout": 60, "retry": {"limit": 3, "delay": 86400, "max_delay": 86400}},
    }
    for form, options in limits.items():
        text = "exit 75" if "late" in form else "sleep 1000"
        yield form, [SH + text + "\n"], options
    yield "second step fails", [save(a=1), SH + "exit 1\n", OK], {}
    yield "step is skipped", [{"text": OK, "when": [{"exact": {"source": "nobody"}}]}], {}
    yield "missing script", [{"name": "a", "text": OK}], {}
    for form, step in scripts.items():
        yield form, [step], {}


def name_of(form):
    return re.sub(r"[^a-z0-9]+", "-", form.lower()).strip("-")


def tell_errors(told, home, server):
    told.chapter("What becomes of executions")
    cids = {}
    for form, steps, options in make_forms(home, server):
        make(home, *steps, event=name_of(form), name=name_of(form), **options)
        if form == "missing script":
            newest = max((home.dir / "scripts").iterdir(), key=lambda p: p.stat().st_mtime_ns)
            newest.unlink()
        cids[form] = home.post_event(name_of(form))["cid"]
    for form, cid in cids.items():
        execution = home.wait_cid(cid)[-1]
        logs = "".join(f"\n{s['name']}: {s['status']}" + (f" | {s['log'].rstrip()}" if s["log"] else "")
                       for s in execution["steps"])
        told.say(form, f"{execution['status']}{', dead letter' if execution['dead_letter'] else ''}: "
                       f"{execution['error']}{logs[:600]}")
    for pipeline in home.get("/api/v1/events?limit=1000").json["events"]:
        if pipeline["service"] not in ("completes", "exits"):
            stop_trigger(home, pipeline["pipeline_id"])
    left = f"/fx/cid/{cids['completes']}/explain"
    until(lambda: len(home.get(left).json["events"][0]["triggers"]) == 2, what="the others have ended")
    told.chapter("Executions as fxctl shows them")
    told.fxctl("completes", "explain", cids["completes"])
    for form in ("completes", "completes, and says much", "second step fails", "step is skipped"):
        told.fxctl(form, "execution", "show", home.wait_cid(cids[form])[0]["execution_id"])
        told.fxctl(form, "cid", cids[form])


def tell_actions(told, home):
    told.chapter("What people do to executions")
    gate = home.scratch / "open"
    slow = make(home, SH + f"while [ ! -e {gate} ]; do sleep 0.01; done\n", event="slow", name="slow",
                scale={"max": 1})
    waits = make(home, SH + "exit 1\n", event="waits", name="waits", retry=LATER)

    def one(topic, **fields):
        cid = home.post_event(topic)["cid"]

        def found():
            executions = executions_of(home, cid)
            return executions and fields.items() <= executions[0].items() and executions[0]

        return until(found, what=f"{topic} {fields}")["execution_id"]

    def waits_again(execution):
        until(lambda: (lambda e: (e["status"], e["attempt"]))(
            home.get(f"/fx/executions/{execution}").json) == ("pending", 2), what="it waits again")

    ids = {"running": one("slow", status="in_progress"), "never ran": one("slow", status="pending"),
           "waits": one("waits", status="pending", attempt=1),
           "completed": one("completes", status="completed"), "failed": one("exits", status="failed")}
    until(lambda: home.get(f"/fx/executions/{ids['running']}").json["steps"], what="its runner tells of it")
    for form, execution in ids.items():
        told.fxctl(form, "execution", "show", execution)
        for action in ("retry", "skip", "cancel"):
            if (form, action) in (("running", "cancel"), ("failed", "retry"), ("waits", "retry")):
                continue
            told.fxctl(form, "execution", action, execution)
            if form in ("never ran", "waits") and action == "skip":
                told.fxctl(f"{form}, skipped", "execution", "show", execution)
    told.fxctl("running", "execution", "cancel", ids["running"])
    until(lambda: home.get(f"/fx/executions/{ids['running']}").json["status"] == "failed", what="it ends")
    told.fxctl("cancelled", "execution", "show", ids["running"])
    for form, topic, attempt in (("never ran", "slow", 0), ("waits", "waits", 1)):
        busy = one("slow", status="in_progress") if form == "never ran" else None
        waiting = one(topic, status="pending", attempt=attempt)
        told.fxctl(form, "execution", "cancel", waiting)
        told.fxctl(f"{form}, cancelled", "execution", "show", waiting)
        if busy:
            home.fxctl("execution", "cancel", busy)
            until(lambda: home.get(f"/fx/executions/{busy}").json["status"] == "failed", what="it ends")
        else:
            told.fxctl(f"{form}, cancelled", "dead-letter", "list", "--pipeline", "waits")
    told.fxctl("failed", "execution", "retry", ids["failed"])
    waiting = one("waits", status="pending", attempt=1)
    told.fxctl("waits", "execution", "retry", waiting)
    waits_again(waiting)
    assert home.post(f"/api/v1/executions/{waiting}/skip").status == 200
    gone = [one("waits", status="pending", attempt=1), one("waits", status="pending", attempt=1)]
    told.fxctl("one waits", "trigger", "stop", "waits")
    for execution in gone:
        until(lambda: home.get(f"/fx/executions/{execution}").json["status"] == "failed", what="it ends")
    told.fxctl("its trigger was stopped", "execution", "show", gone[0])
    told.fxctl("of it", "dead-letter", "list", "--pipeline", "waits")
    told.fxctl("no such version", "dead-letter", "retry", "--all", "--pipeline", "waits", "--version", "9")
    told.fxctl("its trigger was stopped", "execution", "retry", gone[1])
    waits_again(gone[1])
    told.fxctl("of a run by hand that waits", "execution", "cancel", gone[1])
    told.fxctl("one is running", "pipeline", "delete", "slow")
    told.fxctl("none runs", "pipeline", "delete", "waits")
    told.fxctl("its pipeline is deleted", "execution", "retry", gone[0])
    told.fxctl("its pipeline is deleted", "execution", "show", gone[0])
    again = {"id": waits, "name": "waits", "steps": make_steps(home, OK), "options": {"event": "waits"}}
    assert home.post("/api/v1/pipelines", again).status == 201
    told.fxctl("a pipeline that took its id", "execution", "retry", gone[0])
    assert slow
    for command in ("execution show", "execution retry", "execution skip", "execution cancel", "cid", "explain",
                    "dead-letter retry"):
        told.fxctl("unknown", *command.split(), "01a2178c-7fba-7622-b6e1-23b9df9813b5")
        told.fxctl("no id", *command.split(), "nonsense")
    told.fxctl("none of that name", "executions", "--service", "unknown")
    told.fxctl("none in that status", "executions", "--status", "in_progress")
    told.fxctl("none of it", "dead-letter", "list", "--pipeline", "slow")
    told.fxctl("none of it", "dead-letter", "retry", "--all", "--pipeline", "slow")


def test_messages(home):
    home.configure(http={"allow": "127.0.0.1"}, step={"depth": 1, "work_bytes": 8 << 20})
    home.start()
    told = Told(home)
    told.fxctl("none yet", "executions")
    told.fxctl("none yet", "dead-letter", "list")
    tell_pipelines(told, home)
    with serving(lambda handler, _: handler.answer(int(handler.path[1:]))) as server:
        tell_errors(told, home, server)
    tell_actions(told, home)
    check_page(told, PAGE)
