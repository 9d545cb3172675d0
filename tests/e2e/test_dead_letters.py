"""Dead letters: which executions are, their list, and how they leave it; by HTTP and by fxctl."""
import json

import pytest

from checks import UUID, check_problem, nothing_stored
from harness import until
from jobs import OK, SH, completed, executions_of, make, stop_trigger

NEVER_ISSUED = "01900000-0000-7000-8000-000000000000"
LETTERS = "/api/v1/admin/dead-letters"
FAILS = SH + "exit 1\n"
NO_SUCH = "its pipeline has no such version"
DELETED = "its pipeline was deleted; make it again, and run it anew"


def letters(home, **query):
    """The ids of a page of them, and where the next one goes on."""
    query = "&".join(f"{name}={value}" for name, value in query.items())
    reply = home.get(f"{LETTERS}?{query}")
    assert reply.status == 200, reply
    assert all(e["dead_letter"] and e["status"] == "failed" for e in reply.json["dead_letters"])
    return [e["execution_id"] for e in reply.json["dead_letters"]], reply.json["next"]


def ids_in(table):
    """The ids of a table's lines, each of which has one."""
    return [UUID.search(line)[0] for line in table.splitlines()[1:]]


def show(home, execution):
    reply = home.get(f"/fx/executions/{execution}")
    assert reply.status == 200, reply
    return reply.json


def wait_status(home, execution, *statuses, attempt=None):
    def found():
        shown = show(home, execution)
        good = shown["status"] in statuses and attempt in (None, shown["attempt"])
        return shown if good else None

    return until(found, what=lambda: f"{statuses}: {show(home, execution)}")


def sent(home, topic="job"):
    cid = home.post_event(topic)["cid"]
    return until(lambda: executions_of(home, cid), what="it is routed")[0]["execution_id"]


def failed(home, topic="job", count=None):
    """One that has failed, or so many of them, newest first."""
    made = [sent(home, topic) for _ in range(count or 1)]
    for execution in made:
        wait_status(home, execution, "failed")
    return made[::-1] if count else made[0]


def unless(home, name="mended"):
    """A script that fails unless there is a file, and that file."""
    path = home.scratch / name
    return SH + f"[ -e {path} ] || exit 1\n", path


# --- Both ways to ask ---

def list_by_http(home, pipeline=None):
    return letters(home, **({"pipeline_id": pipeline} if pipeline else {}))[0]


def list_by_fxctl(home, pipeline=None):
    words = ["--pipeline", pipeline] if pipeline else []
    found = json.loads(home.fxctl("dead-letter", "list", "--json", *words))
    assert set(found) == {"dead_letters", "next"} and found["next"] is None
    return [e["execution_id"] for e in found["dead_letters"]]


def retry_by_http(home, execution):
    """None when it was done; why not, otherwise."""
    reply = home.post(f"{LETTERS}/{execution}/retry")
    if reply.status == 200:
        return None
    return check_problem(reply, reply.status)["detail"]


def retry_by_fxctl(home, execution):
    done = home.run_fxctl("dead-letter", "retry", execution)
    assert done.stdout == "" and done.stderr
    assert done.returncode in (0, 1)
    return done.stderr if done.returncode else None


def all_by_http(home, pipeline=None):
    reply = home.post(f"{LETTERS}/retry" + (f"?pipeline_id={pipeline}" if pipeline else ""))
    assert reply.status == 200, reply
    return reply.json


def all_by_fxctl(home, pipeline=None):
    words = ["--pipeline", pipeline] if pipeline else []
    done = home.run_fxctl("dead-letter", "retry", "--all", "--json", *words)
    retried = json.loads(done.stdout)
    assert done.returncode == (1 if retried["left"] else 0)
    return retried


BY_HTTP = list_by_http, retry_by_http, all_by_http
BY_FXCTL = list_by_fxctl, retry_by_fxctl, all_by_fxctl


@pytest.fixture(params=[BY_HTTP, BY_FXCTL], ids=["http", "fxctl"])
def way(request):
    return request.param


# --- Which executions are dead letters ---

@pytest.mark.parametrize("script, options", [
    ("exit 1", {"retry": {"limit": 2, "delay": 0}}),
    ("exit 100", {"retry": {"limit": 5, "delay": 0}}),
    ("kill -9 $PPID; sleep 10", {}),
    ("sleep 1000", {"timeout": 0.2, "retry": {"limit": 5, "delay": 0}}),
    ("sleep 1000", {"attempt_timeout": 0.2}),
    ("""echo '{"emit": {"event_type": "job", "payload": 1}}' >&3""", {}),
], ids=["used up", "for good", "lost", "too long", "too long an attempt", "too deep"])
def test_is_one(home, script, options):
    home.configure(dispatcher={"losses": 2}, step={"depth": 1, "confine": "off"})
    home.start()
    home.start_dispatcher()
    make(home, SH + script + "\n", event="job", **options)
    made = home.wait_cid(home.post_event("job")["cid"])[-1]
    assert (made["status"], made["dead_letter"]) == ("failed", True)
    found = home.get(f"{LETTERS}?full=1").json
    assert found == {"dead_letters": [made], "next": None}


def test_is_none(live):
    """Neither one that completed, nor one that waits, was skipped or was cancelled."""
    begun = live.scratch / "begun"
    make(live, OK, event="good")
    make(live, FAILS, event="later", retry={"limit": 3, "delay": 86400, "max_delay": 86400})
    make(live, SH + f"touch {begun}\nsleep 1000\n", event="slow")
    completed(live.wait_cid(live.post_event("good")["cid"])[0])
    waits, skipped, cancelled = sent(live, "later"), sent(live, "later"), sent(live, "slow")
    for execution in (waits, skipped):
        wait_status(live, execution, "pending", attempt=1)
    until(begun.exists, what="it is at work")
    assert live.post(f"/api/v1/executions/{skipped}/skip").status == 200
    assert live.post(f"/api/v1/executions/{cancelled}/cancel").status == 200
    assert wait_status(live, cancelled, "failed")["dead_letter"] is False
    wait_status(live, skipped, "skipped")
    assert letters(live) == ([], None)
    for execution in (waits, skipped, cancelled, NEVER_ISSUED, "nonsense"):
        check_problem(live.post(f"{LETTERS}/{execution}/retry"), 404, "no such dead letter")
    assert [show(live, e)["status"] for e in (waits, skipped, cancelled)] == [
        "pending", "skipped", "failed"]


def test_cancelled_one_that_then_fails(live):
    """Cancelled and retried, it is as good as any other."""
    begun = live.scratch / "begun"
    make(live, SH + f"[ $FX_ATTEMPT = 1 ] || exit 1\ntouch {begun}\nsleep 1000\n", event="job")
    execution = sent(live)
    until(begun.exists, what="it is at work")
    assert live.post(f"/api/v1/executions/{execution}/cancel").status == 200
    wait_status(live, execution, "failed")
    assert live.post(f"/api/v1/executions/{execution}/retry").status == 200
    wait_status(live, execution, "failed", attempt=2)
    assert letters(live) == ([execution], None)


# --- The list ---

def test_list(live, way):
    """All, or those of one pipeline; newest first."""
    list_letters = way[0]
    mine = make(live, FAILS, event="mine", name="mine")
    make(live, FAILS, event="other", name="mine2")
    assert list_letters(live) == []
    first, other, last = failed(live, "mine"), failed(live, "other"), failed(live, "mine")
    assert list_letters(live) == [last, other, first]
    assert list_letters(live, mine) == [last, first]


def test_pages(live):
    make(live, FAILS, event="job", name="mine")
    make(live, FAILS, event="other")
    made = failed(live, count=5)
    failed(live, "other")
    mine = live.get("/api/v1/pipelines").json["pipelines"]
    mine = next(p["id"] for p in mine if p["name"] == "mine")
    found, after = [], {}
    while True:
        page, following = letters(live, pipeline_id=mine, limit=2, **after)
        found += page
        if not following:
            break
        assert len(page) == 2
        after = {"after": following}
    assert found == made
    text = live.run_fxctl("dead-letter", "list", "--pipeline", "mine", "--limit", "2")
    assert ids_in(text.stdout) == made[:2]
    assert f"--after {made[1]}" in text.stderr
    text = live.fxctl("dead-letter", "list", "--pipeline", "mine", "--after", made[3])
    assert ids_in(text) == made[4:]


def test_list_of_nothing(fastcgi):
    assert letters(fastcgi, pipeline_id="none") == ([], None)
    assert letters(fastcgi, pipeline_id="x" * 300) == ([], None)
    done = fastcgi.run_fxctl("dead-letter", "list")
    assert (done.returncode, done.stdout) == (0, "") and "no dead letter" in done.stderr


@pytest.mark.parametrize("query, status, says", [
    ("limit=0", 422, "limit:"), ("limit=1001", 422, "limit:"), ("limit=x", 422, "limit:"),
    ("after=x", 422, "after:"), ("pipeline_id=", 422, "pipeline_id:"),
    ("limit=1&limit=2", 400, "limit"), ("pipeline_id=%ff", 400, "pipeline_id")])
def test_bad_query(site, query, status, says):
    check_problem(site.get(f"{LETTERS}?{query}"), status, says)


@pytest.mark.parametrize("query, status", [
    ("pipeline_id=", 422), ("pipeline_id=a&pipeline_id=b", 400), ("pipeline_id=%00", 400)])
def test_bad_query_of_a_retry(site, query, status):
    with nothing_stored(site):
        check_problem(site.post(f"{LETTERS}/retry?{query}"), status, "pipeline_id")


@pytest.mark.parametrize("method, path", [
    ("GET", LETTERS), ("POST", f"{LETTERS}/retry"), ("POST", f"{LETTERS}/{NEVER_ISSUED}/retry")])
def test_needs_the_scope(site, method, path):
    others, admin = site.key("events", "status", "pipelines", "triggers"), site.key("admin")
    with nothing_stored(site):
        check_problem(site.call(method, path, key=None), 401)
        check_problem(site.call(method, path, key=others), 403)
        own = site.call(method, path, key=admin)
        assert own.status == (404 if NEVER_ISSUED in path else 200)
        assert site.put(path, {}).status == 405


# --- Trying one again ---

def test_retry(live, way):
    """It leaves at once, with all its attempts before it, and may come again."""
    list_letters, retry, _ = way
    script, mended = unless(live)
    make(live, script, event="job", retry={"limit": 1, "delay": 0})
    other, execution = failed(live), failed(live)
    live.stop_dispatcher()
    assert retry(live, execution) is None
    assert list_letters(live) == [other]
    assert show(live, execution)["status"] == "pending"
    assert "no" in retry(live, execution)
    live.start_dispatcher()
    wait_status(live, execution, "failed", attempt=4)
    assert list_letters(live) == [execution, other]
    mended.touch()
    assert retry(live, execution) is None
    completed(wait_status(live, execution, "completed"))
    assert list_letters(live) == [other]


@pytest.mark.parametrize("route", ["http", "fxctl"])
def test_leaves_whoever_retries_it(live, route):
    """Also by the routes that know nothing of dead letters."""
    make(live, FAILS, event="job")
    execution = failed(live)
    live.stop_dispatcher()
    if route == "http":
        assert live.post(f"/api/v1/executions/{execution}/retry").status == 200
    else:
        live.fxctl("execution", "retry", execution)
    assert letters(live) == ([], None)


def test_retry_without_a_trigger(live, way):
    """It runs as what is run by hand does; one that fails is a dead letter again."""
    list_letters, retry, _ = way
    script, mended = unless(live)
    pipeline = make(live, script, event="job")
    execution = failed(live)
    stop_trigger(live, pipeline)
    assert retry(live, execution) is None
    wait_status(live, execution, "failed", attempt=2)
    assert list_letters(live) == [execution]
    mended.touch()
    assert retry(live, execution) is None
    completed(wait_status(live, execution, "completed"))
    assert list_letters(live) == []


def test_retry_of_a_deleted_pipeline(live, way):
    list_letters, retry, _ = way
    pipeline = make(live, FAILS, event="job")
    execution = failed(live)
    stop_trigger(live, pipeline)
    until(lambda: live.delete(f"/api/v1/pipelines/{pipeline}").status == 200, what="it is deleted")
    assert DELETED in retry(live, execution)
    assert list_letters(live) == [execution]


# --- Trying all again ---

def test_retry_all(live, way):
    """Every one of that pipeline and no other; then every one there is."""
    list_letters, _, retry_all = way
    script, mended = unless(live)
    mine = make(live, script, event="mine", name="mine")
    make(live, script, event="other", name="mine-too")
    own, other = failed(live, "mine", 12), failed(live, "other", 2)
    mended.touch()
    assert retry_all(live, mine) == {"retried": 12, "left": 0, "why": [], "version": "latest"}
    for execution in own:
        assert wait_status(live, execution, "completed")["attempt"] == 2
    assert list_letters(live) == other
    assert retry_all(live, mine) == {"retried": 0, "left": 0, "why": [], "version": "latest"}
    assert retry_all(live) == {"retried": 2, "left": 0, "why": [], "version": "latest"}
    for execution in other:
        wait_status(live, execution, "completed")
    assert list_letters(live) == []


def test_retry_all_that_fail_again(live, way):
    """Each is tried once: it ends, however quickly they fail."""
    pipeline = make(live, FAILS, event="job")
    made = failed(live, count=20)
    assert way[2](live, pipeline) == {"retried": 20, "left": 0, "why": [], "version": "latest"}
    for execution in made:
        wait_status(live, execution, "failed", attempt=2)
    assert way[0](live) == made


def test_retry_all_of_which_some_cannot_be(live, way):
    """They stay as they are, and do not stop the others."""
    list_letters, _, retry_all = way
    script, mended = unless(live)
    pipelines = [make(live, script, event=event) for event in ("one", "two", "three")]
    made = [failed(live, event, 2) for event in ("one", "two", "three")]
    stop_trigger(live, pipelines[0])
    stop_trigger(live, pipelines[2])
    until(lambda: live.delete(f"/api/v1/pipelines/{pipelines[2]}").status == 200, what="deleted")
    before = [show(live, e) for e in made[2]]
    mended.touch()
    assert retry_all(live) == {"retried": 4, "left": 2, "why": [DELETED], "version": "latest"}
    for execution in made[0] + made[1]:
        completed(wait_status(live, execution, "completed"))
    assert list_letters(live) == made[2]
    assert [show(live, e) for e in made[2]] == before
    assert retry_all(live) == {"retried": 0, "left": 2, "why": [DELETED], "version": "latest"}


def test_retry_all_of_no_pipeline(site):
    with nothing_stored(site):
        assert all_by_http(site, "none") == {"retried": 0, "left": 0, "why": [], "version": "latest"}


# --- fxctl ---

def test_said_by_fxctl(live):
    script, mended = unless(live)
    pipeline = make(live, script, event="job", name="mine")
    made = failed(live, count=3)
    table = live.fxctl("dead-letter", "list", "--pipeline", "mine").splitlines()
    assert table[0].split()[:3] == ["DATETIME", "SERVICE", "STATUS"]
    assert [UUID.search(line)[0] for line in table[1:]] == made
    done = live.run_fxctl("dead-letter", "retry", "--all", "--pipeline", "mine", "--version", "9")
    assert (done.returncode, done.stdout) == (1, "")
    assert "again: 0" in done.stderr and "again: 3" in done.stderr and NO_SUCH in done.stderr
    stop_trigger(live, pipeline)
    mended.touch()
    one = live.run_fxctl("dead-letter", "retry", made[0], "--json")
    assert json.loads(one.stdout) == {"retried": 1, "left": 0, "why": [], "version": "1"}
    done = live.run_fxctl("dead-letter", "retry", "--all")
    assert (done.returncode, done.stdout) == (0, "") and "again: 2" in done.stderr


@pytest.mark.parametrize("arguments, status, says", [
    (["retry"], 2, "name one dead letter"),
    (["retry", NEVER_ISSUED, "--all"], 2, "name one dead letter"),
    (["retry", NEVER_ISSUED, "--pipeline", "p"], 2, "goes with --all"),
    (["retry", "nonsense"], 2, "nonsense"),
    (["retry", NEVER_ISSUED], 1, NEVER_ISSUED),
    (["retry", "--all", "--pipeline", "none"], 1, "none"),
    (["retry", "--all=yes"], 2, "takes no value"),
    (["list", "--pipeline", "none"], 1, "none"),
    (["list", "--limit", "0"], 2, "--limit"),
    (["list", "--after", "x"], 2, "--after"),
    (["list", "surplus"], 2, "surplus"),
])
def test_refused_by_fxctl(fastcgi, arguments, status, says):
    with nothing_stored(fastcgi):
        done = fastcgi.run_fxctl("dead-letter", *arguments)
    assert (done.returncode, done.stdout) == (status, "")
    assert says in done.stderr
