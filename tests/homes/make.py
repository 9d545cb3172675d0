#!/usr/bin/env python3
"""Makes a small home with something of everything and keeps it: make.py FOLDER

The programs are those of FX_BUILD. Run it before a change of the store's layout, and again for
the new layout; README.md says what is kept.
"""
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from harness import Home, until  # noqa: E402
from jobs import OK, SH, executions_of, make, replace, save, stop_trigger  # noqa: E402
from kept import pack, tell  # noqa: E402

MIB = 1 << 20
RETRY = {"limit": 3, "delay": 60, "max_delay": 60}
AT_NEW_YEAR = "0 0 1 1 *"
SECOND_TIME = SH + 'echo "attempt $FX_ATTEMPT"; test "$FX_ATTEMPT" -gt 1\n'
HANGS = SH + "test ! -e hang || exec sleep 1000\n"  # in scripts/
EMITS = SH + """echo '{"emit": {"event_type": "kept.emitted", "payload": [1, 2.50]}}' >&3\n"""


def one(home, cid, status, attempt=0):
    """The execution of a cid once it has this status, with this attempt behind it."""
    def found():
        return next((e for e in executions_of(home, cid)
                     if e["status"] == status and e["attempt"] >= attempt), None)

    return until(found, what=lambda: f"{status}\n{home.logs()}")


def run_to_the_end(home):
    make(home, save(first=1), EMITS, name="kept-done", event="kept.done")
    make(home, OK, name="kept-emitted", event="kept.emitted")
    dead = make(home, SH + "echo no; exit 1\n", name="kept-dead", event="kept.dead",
                retry={"limit": 1, "delay": 0})
    for payload in ({"n": 1}, {"text": "Grüße, \u2603"}, [], None):
        home.wait_cid(home.post_event("kept.done", payload)["cid"])
    for _ in range(2):
        home.wait_cid(home.post_event("kept.dead")["cid"])
    replace(home, dead, OK, event="kept.dead")
    home.fxctl("pipeline", "run", "kept-done", '{"by": "hand"}')
    until(lambda: not [e for e in home.all_executions() if e["status"] == "pending"])


def stop_in_the_middle(home):
    """A retry that is waited for, executions in progress, and ready ones; then the dispatcher dies."""
    make(home, SECOND_TIME, name="kept-waiting", event="kept.waiting", retry=RETRY)
    make(home, HANGS, name="kept-running", event="kept.running", scale={"max": 2})
    make(home, OK, name="kept-clock", event=None, schedule=AT_NEW_YEAR, start=False)
    ended = make(home, OK, name="kept-ended", event="kept.ended")
    gone = make(home, OK, name="kept-gone", event="kept.gone", start=False)
    clock = next(p["id"] for p in home.get("/api/v1/pipelines").json["pipelines"]
                 if p["name"] == "kept-clock")
    home.start_trigger(clock, ready=True)
    (home.dir / "scripts/hang").touch()
    waits = home.post_event("kept.waiting")["cid"]
    one(home, waits, "pending", attempt=1)
    running = [home.post_event("kept.running")["cid"] for _ in range(2)]
    running = [one(home, cid, "in_progress") for cid in running]
    skipped, _ = (one(home, home.post_event("kept.running")["cid"], "pending") for _ in range(2))
    home.kill_dispatcher()
    (home.dir / "scripts/hang").unlink()
    for execution, action in (running[1], "cancel"), (skipped, "skip"):
        home.post(f"/api/v1/executions/{execution['execution_id']}/{action}")
    home.fxctl("pipeline", "run", "kept-done", '{"run": "later"}')
    home.post_event("kept.ended")
    stop_trigger(home, ended)
    home.post_event("kept.done", {"routed": "later"})
    home.delete(f"/api/v1/pipelines/{gone}")


def make_secrets(home):
    """Pipelines that say secrets in the clear, in more than one version, and, since layout 3, others."""
    step = {"name": "call", "http": {
        "url": "https://kept.example/", "secret": "kept-literal-signing",
        "headers": {"Authorization": "Bearer kept-literal-token", "cookie": "kept=kept-literal-cookie"}}}
    home.create_pipeline("kept-literals", [step], event="kept.literals")
    replaced = home.get("/api/v1/pipelines").json["pipelines"]
    url = "/api/v1/pipelines/" + next(p["id"] for p in replaced if p["name"] == "kept-literals")
    for token in ("Bearer kept-literal-other", "Bearer kept-literal-token"):
        step["http"]["headers"]["Authorization"] = token
        home.put(url, {"steps": [step], "options": {"event": "kept.literals"}})
    home.run_fxctl("step-secret", "set", "kept-step-secret", stdin="kept-literal-value")


def make_credentials(home):
    home.revoke(home.new_key("events", name="kept-revoked"))
    home.new_key("events", "status", name="kept-key", types="kept.*", rate=5)
    home.rotate(home.new_secret("github", name="kept-secret"))
    home.post("/fx/events", {"event_source": "test", "event_type": "kept.unheard", "payload": 1},
              headers=[("Idempotency-Key", "kept")])


def main(folder):
    with Home() as home:
        home.configure(store={"map_bytes": 16 * MIB}, web={"threads": 4})
        shutil.rmtree(home.dir / "db")
        home.fxctl("init")
        home.start()
        home.start_dispatcher()
        make_credentials(home)
        make_secrets(home)
        run_to_the_end(home)
        stop_in_the_middle(home)
        told = tell(home)
        home.kill()
        pack(home, folder, told)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
