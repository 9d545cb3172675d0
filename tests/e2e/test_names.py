"""The names of pipelines: what people call things, wherever a name is shown, asked for or passed on."""
import json
import shlex
from urllib.parse import quote

import pytest

import jobs
from checks import check_problem
from harness import Home
from jobs import completed, python, save
from test_http_steps import http, serving

# A name, and how else it may be written.
NAMES = {
    "Order Processing": ["order processing", "ORDER PROCESSING"],
    "order-mail": ["Order-Mail"],
    "7 Zwerge & Söhne": ["7 zwerge & SÖHNE"],
    "Заказы": ["заказы", "ЗАКАЗЫ"],
    "Σίσυφος": ["ΣΊΣΥΦΟΣ", "σίσυφοσ"],
    "注文処理": [],
    "🛒 cart": ["🛒 CART"],
    "it's \"quoted\" \\ `ls` $(ls) %s %n": ["IT'S \"QUOTED\" \\ `LS` $(LS) %S %N"],
    "a/b?c=d&e#f": ["A/B?C=D&E#F"],
    "../../etc": ["../../ETC"],
    "null": ["Null"],
    "a  b": ["A  B"],
    "x" * 64: ["X" * 64],
    "🛒" * 64: [],
}
names = pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))


@pytest.fixture(scope="module")
def live():
    """Each name has a pipeline, started, whose step saves what it is told of the name."""
    with Home() as home:
        home.start()
        home.start_dispatcher()
        home.write_script("told", python(
            'say(save={"env": os.environ["FX_PIPELINE"]}, emit={"event_type": "from-script", "payload": 1})'))
        home.write_script("source", python('say(save={"source": json.load(sys.stdin)["source"]})'))
        home.ids = {}
        for number, name in enumerate(NAMES):
            home.ids[name] = home.create_pipeline(name, [
                {"name": "told", "script": "told"},
                {"name": "next", "publish": {"event_type": "from-step"}}], event=f"e{number}")
            home.start_trigger(home.ids[name], ready=True)
        listening = home.create_pipeline("listens", [{"name": "source", "script": "source"}],
                                         event="from-*")
        home.start_trigger(listening, ready=True)
        yield home


@pytest.fixture(scope="module")
def ran(live):
    """The executions that an event for each name has led to."""
    cids = {name: live.post_event(f"e{n}")["cid"] for n, name in enumerate(NAMES)}
    return {name: live.wait_cid(cid) for name, cid in cids.items()}


@names
def test_steps_and_lists_know_the_name(live, ran, name):
    [own] = [e for e in ran[name] if e["pipeline_id"] == live.ids[name]]
    assert own["service"] == name
    assert completed(own)["data"]["env"] == name
    assert live.get(f"/api/v1/pipelines/{live.ids[name]}").json["name"] == name
    assert live.get(f"/api/v1/events/{live.ids[name]}").json["service"] == name
    for written in [name, *NAMES[name]]:
        found = live.get(f"/fx/executions?service={quote(written)}").json["executions"]
        assert {e["pipeline_id"] for e in found} == {live.ids[name]}
        assert {e["service"] for e in found} == {name}


@names
def test_source_of_what_it_emits_is_a_word(live, ran, name):
    others = [e for e in ran[name] if e["service"] == "listens"]
    assert {completed(e)["data"]["source"] for e in others} == {quote(name, safe="")}
    assert {e["event_type"] for e in others} == {"from-script", "from-step"}


@names
def test_name_is_taken_in_any_case(live, name):
    for written in [name, *NAMES[name]]:
        body = {"name": written, "steps": [{"name": "told", "script": "told"}]}
        check_problem(live.post("/api/v1/pipelines", body), 409, "name")
        reply = live.put(f"/api/v1/pipelines/{live.ids[name]}", body)
        if written == name:
            assert reply.status == 200
        else:
            check_problem(reply, 422, "name")


@names
def test_fxctl_finds_the_name(live, ran, name):
    for written in [name, *NAMES[name]]:
        assert json.loads(live.fxctl("pipeline", "show", "--", written))["name"] == name
        status = json.loads(live.fxctl("trigger", "status", "--json", "--", written))
        assert (status["service"], status["pipeline_id"]) == (name, live.ids[name])
        found = json.loads(live.fxctl("executions", "--json", "--service", written))["executions"]
        assert {e["service"] for e in found} == {name}
        letters = json.loads(live.fxctl("dead-letter", "list", "--json", "--pipeline", written))
        assert letters["dead_letters"] == []
    assert name in live.fxctl("pipeline", "list")
    assert name in live.fxctl("executions", "--service", name)
    assert name in live.fxctl("trigger", "status", "--", name)
    assert name in live.fxctl("cid", ran[name][0]["cid"])
    assert name in live.fxctl("explain", ran[name][0]["cid"])
    run = live.fxctl("pipeline", "run", "--", name, "{}").strip()
    assert json.loads(live.fxctl("execution", "show", run, "--json"))["service"] == name


@names
def test_fxctl_applies_starts_stops_and_deletes_by_name(home, tmp_path, name):
    """What it proposes to run can be run as it stands."""
    home.write_script("ok.sh", jobs.OK)
    file = tmp_path / "definition.json"

    def apply(written, **options):
        file.write_text(json.dumps({"name": written, "steps": [{"name": "a", "script": "ok.sh"}],
                                    "options": {"event": "e", **options}}))
        return home.run_fxctl("pipeline", "apply", str(file))

    pipeline = apply(name).stdout.strip()
    home.fxctl("trigger", "start", "--", name)
    again = apply(name, retry={"limit": 0})
    assert again.stdout.strip() == pipeline
    said, proposed = again.stderr.splitlines()[0], shlex.split(again.stderr.splitlines()[-1])
    assert shlex.split(said)[:3] == ["Pipeline", name, "is"]
    assert proposed[:3] == ["fxctl", "--home", str(home.dir)]
    assert proposed[3:5] == ["trigger", "start"] and proposed[-1] == name
    home.fxctl(*proposed[3:])
    for written in NAMES[name]:
        done = apply(written)
        assert done.returncode == 1 and "name: another pipeline has it" in done.stderr, done
    last = (NAMES[name] or [name])[-1]
    home.fxctl("trigger", "stop", "--", last)
    home.fxctl("pipeline", "delete", "--", last)
    assert home.run_fxctl("pipeline", "show", "--", name).returncode == 1
    assert apply(last).returncode == 0


def test_name_that_was_deleted_is_free_in_any_case(live):
    steps = [{"name": "told", "script": "told"}]
    first = live.create_pipeline("Once Upon", steps)
    assert live.delete(f"/api/v1/pipelines/{first}").status == 200
    second = live.create_pipeline("once upon", steps)
    assert live.delete(f"/api/v1/pipelines/{second}").status == 200


@pytest.mark.parametrize("first, second", [
    ("Straße", "STRASSE"), ("é", "e\u0301"), ("İ", "i"), ("ı", "I"), ("x y", "x  y"), ("[", "{")])
def test_names_that_differ_in_more_than_case(live, first, second):
    steps = [{"name": "told", "script": "told"}]
    for made in [live.create_pipeline(name, steps) for name in (first, second)]:
        assert live.delete(f"/api/v1/pipelines/{made}").status == 200


def test_word_that_is_one_pipeline_s_name_and_another_s_id(live):
    """A name counts before an id, as it is written or in another case."""
    steps = [{"name": "told", "script": "told"}]
    for name, given in ("Twin", "other"), ("free", "twin"):
        assert live.post("/api/v1/pipelines", {"name": name, "id": given, "steps": steps}).status == 201
    assert json.loads(live.fxctl("pipeline", "show", "twin"))["id"] == "other"
    assert json.loads(live.fxctl("pipeline", "show", "other"))["id"] == "other"


def test_persistent_script_and_run_by_hand(live):
    pipeline = live.create_pipeline("Läuft & bleibt", jobs.make_steps(live, {
        "text": python("for line in sys.stdin:\n"
                       "    got = json.loads(line)\n"
                       "    print(json.dumps({'ok': True, 'save': {'got': got}}), flush=True)\n"),
        "options": {"persistent": True}}))
    reply = live.post(f"/api/v1/batches/{pipeline}", {"a": 1})
    [execution] = live.wait_cid(reply.json["cid"])
    got = completed(execution)["data"]["got"]
    assert got["event"]["subject"] == "Läuft & bleibt"
    assert "Läuft & bleibt" in json.dumps(got, ensure_ascii=False)


@pytest.mark.parametrize("mode", ["binary", "structured"])
def test_http_step_sends_source_and_subject(home, mode):
    """Headers take ASCII alone: what is not is percent-encoded (CloudEvents over HTTP, 3.1.3.2)."""
    name = "Größe \"L\" 100%"
    home.configure(http={"allow": "127.0.0.0/8"})
    home.start()
    home.start_dispatcher()
    with serving() as server:
        pipeline = home.create_pipeline(name, jobs.make_steps(
            home, http(server.url(), mode=mode), {"publish": {"event_type": "after"}}))
        listens = home.create_pipeline("after", jobs.make_steps(home, http(server.url(), mode=mode)),
                                       event="after")
        home.start_trigger(listens, ready=True)
        cid = home.post(f"/api/v1/batches/{pipeline}", {"a": 1}).json["cid"]
        assert {completed(e)["service"] for e in home.wait_cid(cid)} == {name, "after"}
    first, second = server.calls
    if mode == "binary":
        assert first.headers["ce-subject"] == "Gr%C3%B6%C3%9Fe%20%22L%22%20100%25"
        assert second.headers["ce-source"] == quote(quote(name, safe=""), safe="")
    else:
        assert json.loads(first.body)["subject"] == name
        assert json.loads(second.body)["source"] == quote(name, safe="")


def test_filter_on_the_source_of_another_pipeline(live):
    """The page of steps says how the name is written there."""
    steps = jobs.make_steps(live, save(a=1))
    pipeline = live.create_pipeline("after orders", steps, event="from-*",
                                    filters=[{"exact": {"source": "Order%20Processing"}}])
    live.start_trigger(pipeline, ready=True)
    number = list(NAMES).index("Order Processing")
    executions = live.wait_cid(live.post_event(f"e{number}")["cid"])
    assert [e["service"] for e in executions].count("after orders") == 2
    other = live.wait_cid(live.post_event(f"e{number + 1}")["cid"])
    assert "after orders" not in [e["service"] for e in other]
    jobs.stop_trigger(live, pipeline)
