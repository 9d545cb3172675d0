"""schema/openapi.yaml and the schemas beside it: sound, complete, and with examples that are true.

That replies are as they say is checked with every reply of every other test (tests/lib/contract.py).
"""
import json
import re
import shutil
import subprocess
import sys
from urllib.parse import urlencode

import jsonschema
import pytest
import yaml

import contract
import jobs
from harness import BUILD, PROJECT, Home, Reply, until

API = contract.FILES[contract.API]
NOBODY = "00000000-0000-7000-8000-000000000000"


# --- The document ---

def unique(pairs):
    """An object none of whose names stands twice."""
    names = [name for name, _ in pairs]
    assert len(names) == len(set(names)), names
    return dict(pairs)


class UniqueLoader(yaml.SafeLoader):
    def construct_mapping(self, node, deep=False):
        return unique([(self.construct_object(key, deep), self.construct_object(value, deep))
                       for key, value in node.value])


@pytest.mark.parametrize("name", contract.FILES)
def test_no_name_stands_twice(name):
    text = (contract.SCHEMA / name).read_text()
    if name == contract.API:
        yaml.load(text, UniqueLoader)
    else:
        json.loads(text, object_pairs_hook=unique)


def test_structure():
    structure = yaml.safe_load((PROJECT / "tests/lib/openapi.schema.yaml").read_text())
    document = yaml.safe_load((contract.SCHEMA / contract.API).read_text())
    jsonschema.Draft202012Validator.check_schema(structure)
    errors = jsonschema.Draft202012Validator(structure).iter_errors(document)
    assert not [f"{error.json_path}: {error.message[:200]}" for error in errors]


def schemas():
    """Every schema there is, by its place: the files, and those within the API document."""
    for name, document in contract.FILES.items():
        if name != contract.API:
            yield name, document
    for path, node in contract.walk(API):
        if "schema" in node and not contract.is_example(path):
            yield "/".join(map(str, path)), node["schema"]


def test_schemas_are_schemas():
    for place, schema in schemas():
        try:
            jsonschema.Draft202012Validator.check_schema(schema)
        except jsonschema.SchemaError as error:
            raise AssertionError(f"{place}: {error.message}") from None


def test_every_reference_leads_somewhere():
    used = set()
    for name, document in contract.FILES.items():
        for path, node in contract.walk(document):
            if "$ref" in node and not contract.is_example(path):
                contract.at(node["$ref"])
                used.add(node["$ref"].split("/")[1])
    assert used == set(contract.FILES), "schemas that nothing refers to"


def test_every_component_is_used():
    text = json.dumps(API)
    # No path leads to these: every other path and method gets them, and any request at all.
    general = {"NoSuchPath", "MethodNotAllowed", "WebServer", "UnknownCoding"}
    for kind in ("responses", "parameters", "headers"):
        for name in API["components"][kind]:
            used = f'"#/{contract.API}/components/{kind}/{name}"' in text
            assert used or name in general, f"{kind}/{name}"


def test_version():
    header = (PROJECT / "common/base/version.h").read_text()
    assert f'#define FX_VERSION "{API["info"]["version"]}"' in header


# --- In one piece ---

BUNDLE = json.loads((contract.SCHEMA / "openapi.json").read_text())


def test_bundle_is_up_to_date():
    done = subprocess.run([sys.executable, contract.SCHEMA / "bundle.py", "--check"],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_bundle_is_sound():
    """By itself: its structure, its schemas, and every reference, which stays within it."""
    structure = yaml.safe_load((PROJECT / "tests/lib/openapi.schema.yaml").read_text())
    errors = jsonschema.Draft202012Validator(structure).iter_errors(BUNDLE)
    assert not [f"{error.json_path}: {error.message[:200]}" for error in errors]
    for path, node in contract.walk(BUNDLE):
        if contract.is_example(path):
            continue
        if "$ref" in node:
            assert node["$ref"].startswith("#/")
            place = BUNDLE
            for part in node["$ref"][2:].split("/"):
                place = place[part]
        assert not {"$schema", "$id", "$defs"} & node.keys()
    for name, schema in BUNDLE["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema)
        assert re.fullmatch("[A-Z][A-Za-z]+", name)


def test_bundle_says_the_same():
    """The examples are valid by its own schemas, in the same places."""
    count = 0
    for path, node in contract.walk(BUNDLE):
        if "schema" in node and not contract.is_example(path):
            validator = jsonschema.Draft202012Validator({**BUNDLE, **node["schema"]})
            for example in node.get("examples", {}).values():
                assert not list(validator.iter_errors(example["value"])), path
                count += 1
    assert count > 40
    # A schema that refused nothing would pass as well.
    refused = jsonschema.Draft202012Validator(
        {**BUNDLE, "$ref": "#/components/schemas/EventRequest"})
    assert list(refused.iter_errors({"event_source": "a", "event_type": "", "payload": 1}))


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_bundle_is_served(site, method):
    """To all, without a credential."""
    reply = site.call(method, "/fx/openapi.json", key=None)
    assert reply.status == 200
    assert reply.headers["Content-Type"] == "application/json"
    assert method == "HEAD" or reply.json == BUNDLE
    assert site.get("/fx/openapi.json/", key="wrong").status == 200


# --- The routes ---

def routes_of(text):
    """The rows of a program's table: (method, path, scope)."""
    table = re.search(r"struct route routes\[\] = \{\n(.*?)\n\};", text, re.S)[1]
    rows = re.findall(r'\{\s*"([A-Z]+)",\s*"([^"]+)",\s*SCOPE_([A-Z]+),[^}]*\}', table)
    assert len(rows) == len(re.findall(r'"/', table)), table
    return rows


def test_routes():
    """What the programs answer is documented and what is documented they answer, in one scope."""
    programs = {(method, path): scope.lower() for main in PROJECT.glob("cgi-bin/*/main.c")
                for method, path, scope in routes_of(main.read_text())}
    documented = {}
    for key, operation in contract.OPERATIONS.items():
        needed = {scope for way in operation["security"] for scopes in way.values()
                  for scope in scopes}
        assert all(way.keys() <= API["components"]["securitySchemes"].keys()
                   for way in operation["security"])
        documented[key] = " ".join(needed) or "none"
    assert documented == programs


def test_operations_are_consistent():
    names = [operation["operationId"] for operation in contract.OPERATIONS.values()]
    assert len(names) == len(set(names))
    tags = {tag["name"] for tag in API["tags"]}
    for (method, path), operation in contract.OPERATIONS.items():
        given = API["paths"][path].get("parameters", []) + operation.get("parameters", [])
        given = [contract.resolve(parameter) for parameter in given]
        in_path = {parameter["name"] for parameter in given if parameter["in"] == "path"}
        assert in_path == set(re.findall(r"\{(\w+)\}", path)), (method, path)
        assert set(operation["tags"]) <= tags
        always = {"400", "413", "503"} | ({"401", "403", "429"} if operation["security"] else set())
        if path == "/health/live":
            always.remove("503")  # it needs no store
        assert always <= operation["responses"].keys(), (method, path)


# --- The examples ---

def responses():
    """(status, response) of all operations, and those of all paths that are not there."""
    for operation in contract.OPERATIONS.values():
        for status, response in operation["responses"].items():
            yield int(status), contract.resolve(response)
    yield 404, contract.component("NoSuchPath")
    yield 405, contract.component("MethodNotAllowed")
    yield 415, contract.component("UnknownCoding")


def problems():
    """All examples of errors, by name."""
    found = {}
    for response in [*(response for _, response in responses()), contract.component("WebServer")]:
        content = response.get("content", {}).get("application/problem+json", {})
        for name, example in content.get("examples", {}).items():
            assert found.setdefault(name, example["value"]) == example["value"], f"{name} is two"
    return found


PROBLEMS = problems()


def test_examples_are_valid():
    count = 0
    for path, node in contract.walk(API):
        if "schema" not in node or contract.is_example(path):
            continue
        for example in [*node.get("examples", {}).values(),
                        *([{"value": node["example"]}] if "example" in node else [])]:
            faulty = contract.faults(node["schema"], example["value"])
            assert not faulty, (path, faulty)
            count += 1
    assert count > 40


def test_examples_in_schemas_are_valid():
    for name, document in contract.FILES.items():
        for path, node in contract.walk(document):
            if isinstance(node.get("examples"), list) and not contract.is_example(path):
                for value in node["examples"]:
                    assert not contract.faults(node, value), (name, path)


def test_every_reply_has_an_example():
    for status, response in responses():
        for media, content in response.get("content", {}).items():
            assert content.get("examples"), (status, response["description"])
            for example in content["examples"].values():
                assert media != "application/problem+json" or example["value"]["status"] == status


@pytest.fixture(scope="module")
def running():
    """A home with everything running, the scripts of the examples, and a pipeline named order-mail."""
    with Home() as home:
        home.write_script("render.sh", jobs.OK)
        for name in ("mail-token", "mail-signing"):
            home.fxctl("step-secret", "set", name, stdin="of an example")
        home.start()
        home.start_dispatcher()
        yield home


def requests():
    for (method, path), operation in contract.OPERATIONS.items():
        content = operation.get("requestBody", {}).get("content", {})
        for media, offered in content.items():
            for name, example in offered.get("examples", {}).items():
                yield pytest.param(method, path, media, example["value"],
                                   id=f"{method} {path} {name}")


@pytest.mark.parametrize("method, path, media, body", requests())
def test_requests_are_granted(running, method, path, media, body):
    path = path.replace("{name}", "granted")
    if method == "PUT" and "{id}" in path:
        made = running.post("/api/v1/pipelines", {**body, "name": "to-be-replaced"}).json
        path = path.replace("{id}", made["id"])
    if "{pipeline_id}" in path:
        pipeline(running, "granted")
        path = path.replace("{pipeline_id}", "granted")
    if media == "application/x-www-form-urlencoded":
        body = urlencode(body).encode()
    reply = running.call(method, path, body, headers=[("Content-Type", media)])
    assert reply.status in (200, 201), reply


def pipeline(home, name, **more):
    """The URL of a pipeline, made where it is missing."""
    url = f"/api/v1/pipelines/{name}"
    if home.get(url).status == 404:
        body = {"id": name, "name": name, "steps": [{"name": "render", "script": "render.sh"}]}
        assert home.post("/api/v1/pipelines", {**body, **more}).status == 201
    return url


def define(home, **more):
    return home.post("/api/v1/pipelines", {
        "name": "refused", "steps": [{"name": "render", "script": "render.sh"}], **more})


def create_twice(home):
    pipeline(home, "taken")
    return define(home, name="taken")


def replace(home, if_match=None, **more):
    url = pipeline(home, "replaced")
    body = {"steps": [{"name": "render", "script": "render.sh"}], **more}
    return home.put(url, body, headers=[("If-Match", if_match)] if if_match else ())


def delete_started(home):
    url = pipeline(home, "started", options={"event": "never"})
    home.start_trigger("started")
    return home.delete(url)


def delete_running(home):
    with jobs.gate(home) as (path, _):
        made = jobs.make(home, jobs.SH + jobs.wait_for(path), event="wait")
        cid = home.post_event("wait")["cid"]
        jobs.wait_trigger(home, made, running=1)
        jobs.stop_trigger(home, made)
        reply = home.delete(f"/api/v1/pipelines/{made}")
    home.wait_cid(cid)
    return reply


def act_on_completed(action):
    """An action on an execution that has completed."""

    def act(home):
        pipeline(home, "by-hand")
        run = home.post("/api/v1/batches/by-hand").json
        home.wait_cid(run["cid"])
        return home.post(f"/api/v1/executions/{run['item']}/{action}")

    return act


def completed_execution(home):
    return f"/fx/executions/{jobs.completed(jobs.run(home, jobs.OK))['execution_id']}"


def retry_of_no_pipeline(home):
    made = jobs.make(home, jobs.SH + "exit 1\n", event="fail")
    [failed] = home.wait_cid(home.post_event("fail")["cid"])
    jobs.stop_trigger(home, made)
    home.delete(f"/api/v1/pipelines/{made}")
    return home.post(f"/api/v1/admin/dead-letters/{failed['execution_id']}/retry")


def used_key(home):
    headers = [("Idempotency-Key", "used")]
    event = {"event_source": "a", "event_type": "b", "payload": 1}
    assert home.post("/fx/events", event, headers=headers).status == 200
    return home.post("/fx/events", {**event, "payload": 2}, headers=headers)


def another_type(home):
    made = home.fxctl("key", "create", "--name", "a", "--scope", "events", "--types", "a.*")
    return home.post("/fx/events", {"event_source": "a", "event_type": "b", "payload": 1},
                     key=made.strip())


def rate_used_up(home):
    made = home.fxctl("key", "create", "--name", "a", "--scope", "status", "--rate", "1")
    replies = [home.get("/fx/executions", key=made.strip()) for _ in range(20)]
    return next(reply for reply in replies if reply.status != 200)


def cloudevent(home, kind="+json", **attributes):
    headers = [("Content-Type", f"application/cloudevents{kind}")]
    return home.post("/fx/events", attributes, headers=headers)


def two_keys(home):
    return home.get("/fx/executions", headers=[("Authorization", f"Bearer {home.key('status')}")])


# How each problem of the examples comes about.
PROVOKED = {
    "no type": lambda home: home.post("/fx/events", {"event_source": "a", "payload": 1}),
    "not a topic": lambda home: home.post(
        "/fx/events", {"event_source": "a", "event_type": "a b", "payload": 1}),
    "CloudEvent without id": lambda home: cloudevent(home, specversion="1.0", source="a", type="b"),
    "key used before": used_key,
    "another event format": lambda home: cloudevent(home, "+avro"),
    "another type": another_type,
    "brotli": lambda home: home.post("/fx/events", b"{}", headers=[("Content-Encoding", "br")]),
    "nothing to retry": act_on_completed("retry"),
    "nothing to skip": act_on_completed("skip"),
    "nothing to cancel": act_on_completed("cancel"),
    "no dead letter": lambda home: home.post(f"/api/v1/admin/dead-letters/{NOBODY}/retry"),
    "dead letter of no pipeline": retry_of_no_pipeline,
    "rate used up": rate_used_up,
    "never issued": lambda home: home.get(f"/fx/cid/{NOBODY}"),
    "no event": lambda home: home.get("/api/v1/admin/events/999999"),
    "no execution": lambda home: home.get(f"/fx/executions/{NOBODY}"),
    "no step": lambda home: home.get(f"{completed_execution(home)}/log?step=other"),
    "from": lambda home: home.get(f"{completed_execution(home)}/log?from=-1"),
    "name taken": create_twice,
    "changed meanwhile": lambda home: replace(home, if_match='"999"'),
    "no version": lambda home: replace(home, if_match="1"),
    "trigger started": delete_started,
    "execution running": delete_running,
    "no event option": lambda home: home.post(
        pipeline(home, "silent").replace("pipelines", "events")),
    "no JSON": lambda home: home.post("/fx/events", b'{"id" :order}'),
    "empty body": lambda home: home.post("/fx/events", b""),
    "two keys": two_keys,
    "parameter twice": lambda home: home.get(f"/fx/cid/{NOBODY}?wait=1&wait=2"),
    "no key": lambda home: home.get("/fx/executions", key=None),
    "another scope": lambda home: home.post("/fx/events", {}, key=home.key("status")),
    "nothing there": lambda home: home.get("/fx"),
    "not plain": lambda home: home.get("/fx//events"),
    "no pipeline": lambda home: home.get("/api/v1/pipelines/none"),
    "a GET too many": lambda home: home.get("/fx/events"),
    "over 1 MiB": lambda home: home.post("/fx/events", b" " * ((1 << 20) + 1)),
    "text": lambda home: home.post("/fx/events", {}, headers=[("Content-Type", "text/plain")]),
    "limit": lambda home: home.get("/fx/executions?limit=0"),
    "wait": lambda home: home.get(f"/fx/cid/{NOBODY}?wait=31"),
    "no such script": lambda home: define(home, steps=[{"name": "a", "script": "gone.sh"}]),
    "wrong number": lambda home: define(home, options={"scale": {"max": 0}}),
    "another name": lambda home: replace(home, name="another"),
    "no step secret": lambda home: home.get("/api/v1/admin/step-secrets/none"),
    "no value": lambda home: home.put("/api/v1/admin/step-secrets/none", {}),
    "not readable": lambda home: home.exchange(head("X-Filler: " + "x" * 20_000)),
    "no length": lambda home: home.exchange(head()),
}


def head(*lines):
    return "\r\n".join(["POST /fx/events HTTP/1.1", "Host: test", "Connection: close", *lines,
                        "", ""]).encode()


def check_provoked(reply, name):
    same = {key: value for key, value in PROBLEMS[name].items() if key != "instance"}
    assert {**same, "instance": reply.json["instance"]} == reply.json


@pytest.mark.parametrize("name", PROVOKED)
def test_problems_are_true(running, name):
    check_provoked(PROVOKED[name](running), name)


def test_too_many_deliveries_that_fit_nothing_is_true(home):
    home.configure(web={"failures_per_minute": 1, "failures_burst": 1})
    home.start()
    replies = [home.post("/fx/events/webhook", {}, key=None) for _ in range(5)]
    check_provoked(replies[-1], "no secret fits")


def test_unavailable_is_true(home):
    home.configure(store={"disk_reserve_bytes": 1 << 40})
    home.start("cgi")
    check_provoked(home.post("/fx/events", {"event_source": "a", "event_type": "b", "payload": 1}),
                   "full")
    (home.dir / "db/data.mdb").rename(home.dir / "db/away")
    check_provoked(home.get("/fx/executions"), "no store")


def test_nobody_there_is_true(home, tmp_path):
    """A program that is gone and cannot be started again."""
    home.cgi_bin = tmp_path / "cgi-bin"
    shutil.copytree(BUILD / "cgi-bin", home.cgi_bin)
    home.start()
    (home.cgi_bin / "events.fcgi").unlink()
    home.kill_program("events")
    event = {"event_source": "a", "event_type": "b", "payload": 1}
    home.keeps_contract = False  # lighttpd says 500 when it notices, and 503 from then on
    until(lambda: home.post("/fx/events", event).status == 503, what="it is missed")
    home.keeps_contract = True
    reply = home.post("/fx/events", event)
    check_provoked(reply, "nobody there")
    assert int(reply.headers["Retry-After"]) >= 1


def test_all_problems_are_provoked():
    assert PROBLEMS.keys() == PROVOKED.keys() | {"no secret fits", "full", "no store", "kept no longer",
                                                 "nobody there"}


# --- What the other tests rely on ---

HEADERS = {"Content-Type": "application/json", "X-Request-Id": "019aa7d2-3c5e-7001-8f6b-2d1c9a4e7b30",
           "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
ACCEPTED = {"cid": "019aa7d2-3c5e-7001-8f6b-2d1c9a4e7b30", "eventType": "order.created"}


def check(method="POST", path="/fx/events", status=200, headers=(), body=ACCEPTED):
    given = {name: value for name, value in {**HEADERS, **dict(headers)}.items() if value}
    contract.check(method, path, status, Message(given), json.dumps(body).encode())


class Message(dict):
    """Headers, as a reply has them: None where one is missing."""

    def __missing__(self, name):
        return {key.lower(): value for key, value in self.items()}.get(name.lower())


def test_contract_passes():
    check()
    check(path="/fx/events/?x=1")


@pytest.mark.parametrize("wrong", [
    {"path": "/fx/unknown"},
    {"path": "/fx/events/x"},
    {"method": "PUT"},
    {"status": 201},
    {"status": 404},
    {"headers": {"Content-Type": "text/html"}},
    {"headers": {"X-Unknown": "1"}},
    {"headers": {"Cache-Control": None}},
    {"headers": {"Cache-Control": "max-age=1"}},
    {"headers": {"X-Request-Id": "1"}},
    {"headers": {"X-Request-Id": None}},
    {"headers": {"ETag": '"1"'}},
    {"body": {**ACCEPTED, "unknown": 1}},
    {"body": {"cid": ACCEPTED["cid"]}},
    {"body": {**ACCEPTED, "cid": ACCEPTED["cid"].upper()}},
    {"body": {**ACCEPTED, "eventType": None}},
    {"body": [{}]},
    {"path": "/fx/cid/x", "method": "GET", "body": {"cid": ACCEPTED["cid"], "executions": [{}]}},
], ids=str)
def test_contract_fails(wrong):
    with pytest.raises(AssertionError):
        check(**wrong)


def test_contract_fails_on_a_request_that_should_not_be_granted():
    with pytest.raises(AssertionError):
        contract.check_granted("POST", "/fx/events", {}, b'{"event_source":"a","event_type":"b"}')
    contract.check_granted("POST", "/fx/events/", {}, json.dumps(
        {"event_source": "a", "event_type": "b", "payload": None}).encode())


def reply_of(body, media="application/json", **headers):
    return Reply(200, Message({"Content-Type": media, **headers}), json.dumps(body).encode())


@pytest.mark.parametrize("reply", [
    reply_of({"error": "cannot run /tmp/fx-1/scripts/a.sh"}),
    reply_of({"steps": [{"name": "/tmp/fx-1"}]}),
    reply_of({}, Location="/tmp/fx-1/x"),
    reply_of({"detail": "see /etc/passwd"}, "application/problem+json"),
    reply_of({"detail": "store.c:17"}, "application/problem+json"),
    reply_of({"data": {"token": "the secret"}}),
    reply_of({}, Token="the secret"),
], ids=repr)
def test_indiscreet_replies_fail(reply):
    with pytest.raises(AssertionError):
        contract.check_discreet(reply, {"the secret"}, ["/tmp/fx-1"])


def test_discreet_replies_pass():
    own_words = {"steps": [{"log": "/tmp/fx-1/scripts/a.sh: 1: x: not found"}],
                 "data": {"found": "/tmp/fx-1/x"}}
    contract.check_discreet(reply_of(own_words), {"the secret"}, ["/tmp/fx-1"])


def test_a_500_that_is_not_documented_fails():
    problem = {**PROBLEMS["nobody there"], "title": "Internal Server Error", "status": 500,
               "instance": HEADERS["X-Request-Id"]}
    for headers in ({"Content-Type": "application/problem+json"}, {"X-Request-Id": None}):
        with pytest.raises(AssertionError):
            check(status=500, headers=headers, body=problem)
