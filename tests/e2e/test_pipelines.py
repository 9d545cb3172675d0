"""/api/v1/pipelines: create, read, list, replace, delete, and what is refused."""
import copy
import itertools
import os
import re

import pytest

from checks import TIME, UUID, check_problem, nothing_stored

URL = "/api/v1/pipelines"
STEP = {"name": "run", "script": "ok.sh"}

numbers = itertools.count(1)


def new_name():
    """Names are unique in a home, and tests share one."""
    return f"p{os.getpid()}-{next(numbers)}"


def definition(**more):
    return {"name": new_name(), "steps": [STEP], **more}


@pytest.fixture
def made(site):
    """A new pipeline, as the reply to its creation shows it."""
    reply = site.post(URL, definition(options={"event": "order.created"}))
    assert reply.status == 201, reply
    return reply.json


def url_of(pipeline, *rest):
    return "/".join([URL, pipeline["id"], *rest])


# --- Create ---

@pytest.mark.parametrize("slash", ["", "/"])
def test_create(site, slash):
    body = definition(options={"event": "order.created", "attempt_timeout": 1, "timeout": 1.5})
    reply = site.post(URL + slash, body)
    assert reply.status == 201
    made = reply.json
    assert UUID.fullmatch(made["id"])
    assert made["name"] == body["name"]
    assert made["version"] == "1"
    assert made["steps"] == body["steps"]
    assert made["options"] == body["options"]
    assert TIME.fullmatch(made["created"])
    assert reply.headers["ETag"] == '"1"'
    assert site.get(url_of(made)).json == made


def test_create_without_options(site):
    assert site.post(URL, definition()).json["options"] == {}


@pytest.mark.parametrize("form", ["{}", "{}.a", "A{}", "0-{}_x"])
def test_create_with_an_id(site, form):
    own = form.format(new_name())
    assert site.post(URL, definition(id=own)).json["id"] == own
    assert site.get(f"{URL}/{own}").json["id"] == own


def test_longest_names(site):
    name = new_name().ljust(64, "x")
    reply = site.post(URL, {
        "id": name, "name": name,
        "steps": [{**STEP, "name": f"s{i}".ljust(64, "x")} for i in range(100)]})
    assert reply.status == 201
    assert len(reply.json["steps"]) == 100


def test_definition_is_kept_as_it_was_written(site):
    """Numbers, order and writing of what the bridge only hands on."""
    name = new_name()
    inputs = b'{"b":1.0,"a":1E5,"big":123456789012345678901234567890,"text":"\\u00fc"}'
    body = b'{"name":"%s","steps":[{"name":"run","script":"ok.sh","inputs":%s}]}' % (
        name.encode(), inputs)
    reply = site.post(URL, body)
    assert reply.status == 201
    assert inputs in reply.body


EVERYTHING = {
    "options": {
        "event": "order.*",
        "initial_offset": "earliest",
        "filters": [{"exact": {"type": "order.created"}}, {"not": {"prefix": {"source": "x"}}},
                    {"any": [{"suffix": {"source": "y"}}, {"json": {"/a/0": 1}}]}],
        "scale": {"min": 0, "max": 4, "idle_timeout": 60},
        "ordered": True,
        "retry": {"limit": 3, "delay": 1, "max_delay": 300},
        "attempt_timeout": 300, "timeout": 3600,
        "schedule": "*/5 * * * *",
        "env": {"APP_NAME": "value"},
    },
    "steps": [
        {"name": "render", "script": "ok.sh", "inputs": {"a": 1}, "outputs": {"b": 2},
         "options": {"timeout": 30, "persistent": True}},
        {"name": "notify", "when": [{"exact": {"source": "shop"}}],
         "http": {"url": "https://shop.example/hook", "headers": {"X-Own": "1"}, "secret": "s",
                  "mode": "structured"}},
        {"name": "next", "publish": {"event_type": "order.mailed", "event_source": "shop",
                                     "topic": "mail", "payload": {"a": None}}},
    ],
}


def test_everything(site):
    reply = site.post(URL, definition(**EVERYTHING))
    assert reply.status == 201, reply
    shown = copy.deepcopy(EVERYTHING["steps"])
    shown[1]["http"]["secret"] = reply.json["steps"][1]["http"]["secret"]
    assert re.fullmatch("own/[0-9a-f]{16}", shown[1]["http"]["secret"]["secret"])
    assert reply.json["steps"] == shown
    assert reply.json["options"] == EVERYTHING["options"]


def test_secret_is_not_shown_and_not_lost(site):
    """What a reply says in its place may be sent back, so that reading, changing and replacing loses none."""
    made = site.post(URL, definition(**EVERYTHING)).json
    for path in (url_of(made), f"{url_of(made)}/versions", f"{url_of(made)}/versions/1", URL):
        assert '"secret":"s"' not in site.get(path).body.decode()
    with nothing_stored(site):
        steps = copy.deepcopy(made["steps"])
        steps[1]["http"]["secret"] = "(not shown)"  # which stood there in earlier versions
        check_problem(site.put(url_of(made), {"steps": steps}), 422, "steps[1].http.secret")
    again = site.put(url_of(made), {"steps": made["steps"]})
    assert again.status == 200 and again.json["steps"] == made["steps"]


@pytest.mark.parametrize("member", ["id", "name"])
def test_taken(site, made, member):
    body = definition(**{member: made[member]})
    with nothing_stored_but_the_attempt(site):
        check_problem(site.post(URL, body), 409, member)
    assert site.get(url_of(made)).json == made


class nothing_stored_but_the_attempt:
    """A conflict is found inside a transaction, which is then given up: the list is the same."""

    def __init__(self, site):
        self.site = site

    def __enter__(self):
        self.before = everything(self.site)

    def __exit__(self, *_):
        assert everything(self.site) == self.before


def everything(site):
    return read_pages(site, 1000)


# --- Refused definitions: what is changed in a good one (...: left out), what the detail names ---

def step(**more):
    """Steps with one that is changed."""
    return {"steps": [{k: v for k, v in {**STEP, **more}.items() if v is not ...}]}


def options(**more):
    return {"options": more}


def http(**more):
    return step(script=..., http={"url": "https://shop.example/", **more})


def publish(**more):
    return step(script=..., publish={"event_type": "a", **more})


NOT_TEXT = [None, True, 1, [], {}, ["a"]]
NOT_OBJECTS = [None, True, 1, "a", [], [1]]
NOT_LISTS = [None, True, 1, "a", {}, {"a": 1}]
NOT_WHOLE = [None, True, "1", [], {}, 1.5, -1, 1e30, 1 << 70]
NOT_SECONDS = [None, True, "1", [], {}, -1, -0.001, 86401, 1e300]

BAD = [
    # The whole.
    ({"name": ...}, "name: "),
    *[({"name": v}, "name: ") for v in NOT_TEXT],
    *[({"name": v}, "name: ") for v in (
        "", " ", " a", "a ", "\u00a0", "x" * 65, "ü" * 65, "x" * 10_000, "a\n", "a\tb", "\x7f", "a\u0085",
        "a\u200bb", "a\u202eb", "\u2028", "a\u00adb", "\ufeffa", "a\u3000b", "\ue000")],
    *[({"id": v}, "id: ") for v in NOT_TEXT],
    *[({"id": v}, "id: ") for v in (
        "", "-a", ".a", "..", "a/b", "a b", "ü", "x" * 65, "a\n", "a%2f")],
    ({"extra": 1}, "extra: "),
    ({"version": "1"}, "version: "),
    ({"Steps": [STEP]}, "Steps: "),
    ({"x" * 10_000: 1}, "xxx"),
    ({"<b>": 1}, "<b>: "),
    ({"\u0001\u001f": 1}, "unknown"),
    # Steps.
    ({"steps": ...}, "steps: "),
    ({"steps": []}, "steps: "),
    ({"steps": [{**STEP, "name": f"s{i}"} for i in range(101)]}, "steps: "),
    *[({"steps": v}, "steps: ") for v in NOT_LISTS],
    *[({"steps": [v]}, "steps[0]: ") for v in NOT_OBJECTS],
    ({"steps": [STEP, STEP]}, "steps[1].name: "),
    ({"steps": [STEP, {**STEP, "name": "b"}, STEP]}, "steps[2].name: "),
    ({"steps": [STEP, {"name": "b"}]}, "steps[1]: "),
    (step(name=...), "steps[0].name: "),
    *[(step(name=v), "steps[0].name: ") for v in (
        *NOT_TEXT, "", "-a", ".a", "a b", "a/b", "x" * 65)],
    (step(extra=1), "steps[0].extra: "),
    (step(command="rm -rf"), "steps[0].command: "),
    (step(options={"extra": 1}), "steps[0].options.extra: "),
    (step(options={"retry": 1}), "steps[0].options.retry: "),
    *[(step(options=v), "steps[0].options: ") for v in NOT_OBJECTS],
    *[(step(options={"timeout": v}), "steps[0].options.timeout: ") for v in (*NOT_SECONDS, 0)],
    *[(step(options={"persistent": v}), "steps[0].options.persistent: ") for v in (
        None, 1, "true")],
    *[(step(inputs=v), "steps[0].inputs: ") for v in NOT_OBJECTS],
    *[(step(outputs=v), "steps[0].outputs: ") for v in NOT_OBJECTS],
    *[(step(when=v), "steps[0].when") for v in (None, 1, {}, [1], [{}], [{"sql": "1"}])],
    # Scripts.
    (step(script=...), "steps[0]: "),
    *[(step(script=v), "steps[0].script: ") for v in NOT_TEXT],
    *[(step(script=v), "steps[0].script: ") for v in (
        "", "/bin/sh", "a/b", "../ok.sh", "./ok.sh", ".", "..", "scripts/ok.sh", "ok.sh/", "-x",
        ".hidden", "ok.sh x", "ok.sh;true", "ok.sh|cat", "$(id)", "ok\\sh", "x" * 129, "ok.sh\n")],
    (step(script="unknown.sh"), "steps[0].script: "),
    (step(script="OK.sh"), "steps[0].script: "),
    (step(script="plain.txt"), "steps[0].script: "),
    (step(script="folder"), "steps[0].script: "),
    (step(script="dangling"), "steps[0].script: "),
    # Exactly one of script, http and publish.
    (step(publish={"event_type": "a"}), "steps[0]: "),
    (step(http={"url": "http://shop.example/"}), "steps[0]: "),
    (step(script=..., http={"url": "http://a.example/"}, publish={"event_type": "a"}),
     "steps[0]: "),
    # HTTP steps.
    *[(step(script=..., http=v), "steps[0].http") for v in (*NOT_OBJECTS, {})],
    (http(extra=1), "steps[0].http.extra: "),
    (http(method="GET"), "steps[0].http.method: "),
    *[(http(url=v), "steps[0].http.url: ") for v in (
        None, 1, "", "shop.example", "//shop.example/", "ftp://shop.example/", "file:///etc/passwd",
        "gopher://shop.example/", "http://", "http:///x", "https://user:secret@shop.example/",
        "http://shop.example:0/", "http://shop.example:99999/", "http://shop.example/a b",
        "http://shop.example/\n", "http://shop.example/ü", "http://[::1", "javascript:alert(1)",
        "http://@shop.example/", "http://127.0.0.1:80@shop.example/", "http://[::1%25lo]/",
        "http://shop.example\\@127.0.0.1/", "http://%31%32%37.0.0.1/", "http://①②⑦.0.0.1/",
        "http://127.0.0.1%00.shop.example/", "http://shop.example:-1/", "http://shop.example:x/",
        "http://shop.example/" + "x" * 2048)],
    *[(http(headers=v), "steps[0].http.headers") for v in (
        None, [], "a", {"A": 1}, {"A": None}, {"": "x"}, {"A B": "x"}, {"A:": "x"}, {"A\n": "x"},
        {"A": "x\r\nB: y"}, {"A": "x\u0001"}, {"Host": "x"}, {"content-length": "1"},
        {"Transfer-Encoding": "x"}, {"A": "x", "a": "y"}, {"A": "x" * 8193})],
    *[(http(secret=v), "steps[0].http.secret: ") for v in (
        None, 1, "", "x" * 1025, "whsec_", "whsec_not base64", "whsec_abc", "whsec_YWJj",
        "whsec_" + "MTIz" * 43)],
    *[(http(mode=v), "steps[0].http.mode: ") for v in (None, 1, "", "Binary", "batch")],
    # Publish steps.
    *[(step(script=..., publish=v), "steps[0].publish") for v in (*NOT_OBJECTS, {})],
    (publish(extra=1), "steps[0].publish.extra: "),
    *[(publish(event_type=v), "steps[0].publish.event_type: ") for v in (
        None, 1, "", "a b", "a*", "ü", "x" * 250)],
    *[(publish(event_source=v), "steps[0].publish.event_source: ") for v in (
        None, 1, "", "a\n", "x" * 2049)],
    *[(publish(topic=v), "steps[0].publish.topic: ") for v in (None, 1, "", "a b", "x" * 250)],
    # Options.
    *[({"options": v}, "options: ") for v in NOT_OBJECTS],
    (options(extra=1), "options.extra: "),
    (options(Event="a"), "options.Event: "),
    *[(options(event=v), "options.event: ") for v in (
        *NOT_TEXT, "", "a b", "*a", "a*b", "a**", "ü", "x" * 250)],
    *[(options(initial_offset=v), "options.initial_offset: ") for v in (None, 0, "", "first")],
    *[(options(ordered=v), "options.ordered: ") for v in (None, 0, 1, "true", "")],
    *[(options(timeout=v), "options.timeout: ") for v in (*NOT_SECONDS, 0, 1e-9)],
    *[(options(attempt_timeout=v), "options.attempt_timeout: ") for v in (*NOT_SECONDS, 0, 1e-9)],
    *[(options(scale=v), "options.scale: ") for v in NOT_OBJECTS],
    (options(scale={"extra": 1}), "options.scale.extra: "),
    *[(options(scale={"min": v}), "options.scale.min: ") for v in (*NOT_WHOLE, 257)],
    *[(options(scale={"max": v}), "options.scale.max: ") for v in (*NOT_WHOLE, 0, 257)],
    (options(scale={"min": 5, "max": 4}), "options.scale.min: "),
    (options(scale={"min": 5}), "options.scale.min: "),
    *[(options(scale={"idle_timeout": v}), "options.scale.idle_timeout: ") for v in NOT_SECONDS],
    *[(options(retry=v), "options.retry: ") for v in NOT_OBJECTS],
    (options(retry={"extra": 1}), "options.retry.extra: "),
    *[(options(retry={"limit": v}), "options.retry.limit: ") for v in (*NOT_WHOLE, 101)],
    *[(options(retry={"delay": v}), "options.retry.delay: ") for v in NOT_SECONDS],
    *[(options(retry={"max_delay": v}), "options.retry.max_delay: ") for v in NOT_SECONDS],
    *[(options(schedule=v), "options.schedule: ") for v in (
        *NOT_TEXT, "", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *",
        "* * * 13 *", "* * * * 8", "*/0 * * * *", "5-1 * * * *", "-1 * * * *", "@reboot",
        "@never", "0 0 31 2 *", "x" * 10_000)],
    *[(options(env=v), "options.env") for v in (
        *NOT_OBJECTS, {"A": 1}, {"A": None}, {"": "x"}, {"1A": "x"}, {"A-B": "x"}, {"A=B": "x"},
        {"FX_HOME": "x"}, {"FX_OWN": "x"}, {"A" * 129: "x"}, {"A": "x" * 8193},
        {f"V{i}": "x" for i in range(101)})],
    # Filters.
    *[(options(filters=v), "options.filters") for v in (
        None, 1, "a", {}, [1], [None], [[]], [{}], [{"sql": "true"}], [{"Exact": {"type": "a"}}],
        [{"exact": {"type": "a"}, "prefix": {"type": "a"}}], [{"exact": {}}], [{"exact": []}],
        [{"exact": {"type": 1}}], [{"exact": {"type": ""}}], [{"exact": {"No": "a"}}],
        [{"all": []}], [{"any": {}}], [{"not": []}], [{"not": {}}], [{"json": {}}],
        [{"json": {"a": 1}}], [{"json": {"/~2": 1}}], [{"exact": {"type": "a"}}] * 101)],
]


@pytest.fixture
def scripts(site):
    """A home in whose scripts are things that are no scripts."""
    folder = site.dir / "scripts"
    if not (folder / "plain.txt").exists():
        (folder / "plain.txt").write_text("not executable\n")
        (folder / "folder").mkdir()
        (folder / "dangling").symlink_to(folder / "nowhere")
    return site


@pytest.mark.parametrize("change, part", BAD, ids=lambda v: str(v)[:70])
def test_refused(scripts, change, part):
    body = {k: v for k, v in definition(**change).items() if v is not ...}
    with nothing_stored(scripts):
        check_problem(scripts.post(URL, body), 422, part)


@pytest.mark.parametrize("change, part", [
    case for case in BAD if not {"id", "name"} & case[0].keys()][::7], ids=lambda v: str(v)[:70])
def test_refused_as_replacement(scripts, change, part):
    """The same eye looks at a new version; every seventh case shows that."""
    own = f"replace-{os.getpid()}"
    if scripts.get(f"{URL}/{own}").status == 404:
        assert scripts.post(URL, definition(id=own)).status == 201
    body = {k: v for k, v in {"steps": [STEP], **change}.items() if v is not ...}
    with nothing_stored(scripts):
        check_problem(scripts.put(f"{URL}/{own}", body), 422, part)


def test_filters_nested_too_deeply(site):
    nested = {"exact": {"type": "a"}}
    for _ in range(20):
        nested = {"not": nested}
    with nothing_stored(site):
        check_problem(site.post(URL, definition(options={"filters": [nested]})), 422)


def test_detail_stays_short(site):
    """A sender's own text comes back only in part."""
    reply = site.post(URL, definition(**{"y" * 500_000: 1}))
    check_problem(reply, 422)
    assert len(reply.body) < 2000


# --- Ids and versions that are none ---

BAD_IDS = ["none", "-", "%20", "a%20b", "%ff", "a;b", "a'b", "<b>", "%C3%BC", "*", "x" * 65,
           "x" * 3000, "00000000-0000-7000-8000-000000000000", "..x"]


@pytest.mark.parametrize("own", BAD_IDS, ids=lambda v: v[:20])
@pytest.mark.parametrize("method, rest", [
    ("GET", ""), ("PUT", ""), ("DELETE", ""), ("GET", "/versions"), ("GET", "/versions/1")])
def test_unknown(site, own, method, rest):
    body = definition() if method == "PUT" else None
    with nothing_stored(site):
        reply = site.call(method, f"{URL}/{own}{rest}", body)
    check_problem(reply, 404)


@pytest.mark.parametrize("version", [
    "0", "2", "-1", "01", "1.0", "+1", "%201", "1%20", "0x1", "a", "latest", "4294967297",
    "18446744073709551617", "9" * 100])
def test_unknown_version(site, made, version):
    check_problem(site.get(url_of(made, "versions", version)), 404)


# --- Replace, versions ---

def test_replace(site, made):
    steps = [{**STEP, "name": "other"}]
    reply = site.put(url_of(made), {"steps": steps})
    assert reply.status == 200
    assert reply.headers["ETag"] == '"2"'
    second = reply.json
    assert second["version"] == "2"
    assert second["id"] == made["id"]
    assert second["name"] == made["name"]
    assert second["steps"] == steps
    assert second["options"] == {}
    assert site.get(url_of(made)).json == second
    first = site.get(url_of(made, "versions", "1")).json
    assert first["steps"] == made["steps"]
    assert first["options"] == made["options"]
    versions = site.get(url_of(made, "versions")).json["versions"]
    assert sorted(v["version"] for v in versions) == ["1", "2"]


def test_replace_with_its_own_name_and_id(site, made):
    body = {"id": made["id"], "name": made["name"], "steps": [STEP]}
    assert site.put(url_of(made), body).json["version"] == "2"


@pytest.mark.parametrize("member", ["id", "name"])
def test_replace_keeps_id_and_name(site, made, member):
    with nothing_stored(site):
        reply = site.put(url_of(made), {"steps": [STEP], member: "another"})
    check_problem(reply, 422, f"{member}: ")


@pytest.mark.parametrize("tag, status", [
    ('"1"', 200), ("*", 200), ('"2"', 412), ('"0"', 412), ('"x"', 412), ("1", 412), ('W/"1"', 412),
    ('""', 412), ('"99999999999999999999"', 412)])
def test_if_match(site, made, tag, status):
    reply = site.put(url_of(made), {"steps": [STEP]}, headers=[("If-Match", tag)])
    assert reply.status == status
    if status != 200:
        check_problem(reply, status)
    version = site.get(url_of(made)).json["version"]
    assert version == ("2" if status == 200 else "1")


def test_lost_update(site, made):
    """Two have read the same version; the second to write hears of it."""
    headers = [("If-Match", '"1"')]
    assert site.put(url_of(made), {"steps": [STEP]}, headers=headers).status == 200
    check_problem(site.put(url_of(made), {"steps": [STEP]}, headers=headers), 412)


# --- List ---

def read_pages(site, limit):
    """All pipelines, page by page."""
    found, after = [], ""
    while True:
        page = site.get(f"{URL}?limit={limit}{after}").json
        assert len(page["pipelines"]) <= limit
        found += page["pipelines"]
        if not page["next"]:
            return found
        after = f"&after={page['next']}"


def test_list(site, made):
    assert made in site.get(f"{URL}?limit=1000").json["pipelines"]
    assert made in site.get(f"{URL}/?limit=1000").json["pipelines"]


def test_list_in_pages(home):
    home.write_script("ok.sh", "#!/bin/sh\n")
    home.start()
    assert home.get(URL).json == {"pipelines": [], "next": None}
    ids = {home.post(URL, definition()).json["id"] for _ in range(7)}
    for limit in (1, 2, 6, 7, 8):
        pages = [p["id"] for p in read_pages(home, limit)]
        assert len(pages) == 7 and set(pages) == ids


@pytest.mark.parametrize("query, name", [
    ("limit=0", "limit"), ("limit=-1", "limit"), ("limit=1001", "limit"), ("limit=a", "limit"),
    ("limit=", "limit"), ("limit=1.5", "limit"), ("limit=99999999999999999999", "limit"),
    ("limit=1&limit=2", "limit"), ("after=%2F", "after"), ("after=", "after"),
    ("after=" + "x" * 65, "after")])
def test_bad_page(site, query, name):
    reply = site.get(f"{URL}?{query}")
    check_problem(reply, 400 if reply.status == 400 else 422, name)


# --- Delete ---

def test_delete(site, made):
    reply = site.delete(url_of(made))
    assert reply.status == 200
    with nothing_stored(site):
        for method, rest in (("GET", ()), ("DELETE", ()), ("GET", ("versions",)),
                             ("GET", ("versions", "1"))):
            check_problem(site.call(method, url_of(made, *rest)), 404)
    assert site.post(URL, {"name": made["name"], "steps": [STEP]}).status == 201


def test_delete_while_its_trigger_is_started(site, made):
    site.start_trigger(made["id"])
    check_problem(site.delete(url_of(made)), 409, "trigger")
    assert site.get(url_of(made)).status == 200
    assert site.delete(f"/api/v1/events/{made['id']}").status == 200
    assert site.delete(url_of(made)).status == 200
