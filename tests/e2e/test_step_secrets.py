"""Step secrets: definitions refer to them, steps are given them, and nothing shows them."""
import hashlib
import json
import re
import subprocess

import pytest

from harness import BUILD, until
from jobs import SH, completed, failure, make, make_steps, python, replace, run, wait_trigger
from test_http_steps import http, log_of, serving

URL = "/api/v1/admin/step-secrets"
PIPELINES = "/api/v1/pipelines"
SECRET = "correct-horse-battery-staple"
OTHER = "an-entirely-different-value"
OWN = re.compile("own/[0-9a-f]{16}")
NOT_SHOWN = "(not shown)"

# Saves the SHA-256 of a variable and says the variable itself, in one piece and in two.
TELLS = python("""
import hashlib
value = os.environ["APP_TOKEN"]
print("whole", value, "end", flush=True)
print("sp", end="", flush=True)
os.write(1, value[:9].encode()); time.sleep(0.05); os.write(1, value[9:].encode())
os.write(2, b"lit")
say(save={"digest": hashlib.sha256(value.encode()).hexdigest()})
""")


def digest(value):
    return hashlib.sha256(value.encode()).hexdigest()


def put(home, name, value):
    """Stores a secret, whose value no reply may hold from then on."""
    home.secrets.add(value)
    reply = home.put(f"{URL}/{name}", {"value": value})
    assert reply.status in (200, 201), reply
    return reply


def ref(name):
    return {"secret": name}


def definition(home, *steps, name="p", **options):
    return {"name": name, "steps": make_steps(home, *steps), "options": {"event": "job", **options}}


def found_in(home, *values):
    """The files of the home that hold one of the values."""
    files = [path for path in home.dir.rglob("*") if path.is_file()]
    return [path for path in files for value in values if value.encode() in path.read_bytes()]


@pytest.fixture
def near(home):
    home.configure(http={"allow": "127.0.0.0/8"})
    home.start()
    home.start_dispatcher()
    return home


def echo(handler, _):
    """Says in its reply what it was sent, as many a test server does."""
    handler.answer(body=str(handler.headers).encode(), X_Echo="1")


# --- What steps are given, and what is kept of it ---

@pytest.mark.parametrize("persistent", [False, True])
def test_script_is_given_it_and_its_log_is_blotted(near, persistent):
    put(near, "token", SECRET)
    text = TELLS if not persistent else python("""
import hashlib
value = os.environ["APP_TOKEN"]
for line in sys.stdin:
    print("whole", value, "end", file=sys.stderr, flush=True)
    os.write(2, b"sp" + value[:9].encode()); time.sleep(0.05); os.write(2, value[9:].encode() + b"lit")
    print(json.dumps({"ok": True, "save": {"digest": hashlib.sha256(value.encode()).hexdigest()}}), flush=True)
""")
    step = {"text": text, "options": {"persistent": persistent}}
    execution = completed(run(near, step, env={"APP_TOKEN": ref("token")}))
    assert execution["data"] == {"digest": digest(SECRET)}
    assert log_of(execution) == f"whole {NOT_SHOWN} end\nsp{NOT_SHOWN}lit"
    assert not found_in(near, SECRET)


def test_errors_are_blotted(near):
    put(near, "token", SECRET)
    step = {"text": python("""
for line in sys.stdin:
    print(json.dumps({"ok": False, "error": "no good: " + os.environ["APP_TOKEN"]}), flush=True)
"""), "options": {"persistent": True}}
    execution = run(near, step, env={"APP_TOKEN": ref("token")})
    assert failure(execution) == f"step step1: no good: {NOT_SHOWN}"
    assert not found_in(near, SECRET)


def test_log_that_was_cut_within_a_secret(near):
    """No part of it is left at the beginning."""
    put(near, "token", SECRET)
    near.stop_dispatcher()
    near.configure(step={"log_bytes": 1024})
    near.start_dispatcher()
    execution = run(near, SH + f'printf "%s{"-" * 1010}" "$APP_TOKEN"\n', env={"APP_TOKEN": ref("token")})
    assert log_of(completed(execution)) == NOT_SHOWN + "-" * 1010


def test_short_secrets_and_scripts_own_data_stay(near):
    put(near, "pin", "1234567")
    near.secrets.discard("1234567")
    execution = run(near, SH + """echo $APP_PIN; echo '{"save": {"pin": "'$APP_PIN'"}}' >&3\n""",
                    env={"APP_PIN": ref("pin")})
    assert (log_of(execution), execution["data"]) == ("1234567\n", {"pin": "1234567"})


def test_http_step_is_given_it(near):
    put(near, "token", f"Bearer {SECRET}")
    near.secrets.add(SECRET)
    put(near, "signing", "c2VjcmV0IGJ5dGVz")
    with serving(echo) as server:
        execution = run(near, http(server.url(), headers={"Authorization": ref("token"), "X-Own": ref("token")},
                                   secret=ref("signing")))
        [call] = server.calls
    assert call.headers["Authorization"] == call.headers["X-Own"] == f"Bearer {SECRET}"
    assert call.headers["webhook-signature"].startswith("v1,")
    log = log_of(completed(execution))
    assert log.startswith("HTTP 200\n") and log.count(NOT_SHOWN) == 2
    assert not found_in(near, SECRET)


def test_part_of_a_secret_is_one_too(near):
    """A server repeats the token without its scheme; a script prints one line of a key."""
    put(near, "token", f"Bearer {SECRET}")
    put(near, "key", f"first line of it\n{OTHER}\nlast")
    near.secrets |= {SECRET, OTHER}
    with serving(lambda handler, n: handler.answer(body=b"bad token " + SECRET.encode())) as server:
        execution = run(near, http(server.url(), headers={"X-Token": ref("token")}))
    assert log_of(completed(execution)) == f"HTTP 200\nbad token {NOT_SHOWN}"
    execution = run(near, SH + 'echo "$APP_KEY" | sed -n 2p\n', env={"APP_KEY": ref("key")})
    assert log_of(completed(execution)) == f"{NOT_SHOWN}\n"


def test_new_value_is_given_to_attempts_that_begin_later(near):
    """Also to a persistent script that was started with the old one."""
    scripts = {"script": {"text": TELLS}, "persistent": {"text": python("""
import hashlib
for line in sys.stdin:
    value = hashlib.sha256(os.environ["APP_TOKEN"].encode()).hexdigest()
    print(json.dumps({"ok": True, "save": {"digest": value}}), flush=True)
"""), "options": {"persistent": True}}}
    put(near, "token", SECRET)
    for event, step in scripts.items():
        make(near, step, event=event, env={"APP_TOKEN": ref("token")}, name=event)
    for value in (SECRET, OTHER):
        put(near, "token", value)
        for event in scripts:
            execution, = near.wait_cid(near.post_event(event)["cid"])
            assert completed(execution)["data"] == {"digest": digest(value)}


# --- What cannot be given ---

def test_secret_that_is_gone(near):
    """The execution fails with what to do, and succeeds once that is done."""
    put(near, "token", SECRET)
    pipeline = make(near, TELLS, event="gone", env={"APP_TOKEN": ref("token")})
    assert near.delete(f"{URL}/token").status == 200
    execution, = near.wait_cid(near.post_event("gone")["cid"])
    assert failure(execution) == ('options.env.APP_TOKEN: there is no step secret "token"; set it, '
                                  'and try again')
    [letter] = near.get(f"/api/v1/admin/dead-letters?pipeline_id={pipeline}").json["dead_letters"]
    put(near, "token", SECRET)
    assert near.post(f"/api/v1/admin/dead-letters/{letter['execution_id']}/retry").status == 200
    execution, = near.wait_cid(execution["cid"])
    assert completed(execution)["data"] == {"digest": digest(SECRET)}


@pytest.mark.parametrize("value, members, place", [
    ("a\r\nX-Injected: 1", {"headers": {"X-Own": ref("odd")}}, "steps[0].http.headers.X-Own"),
    ("whsec_x", {"secret": ref("odd")}, "steps[0].http.secret"),
    ("x" * 1025, {"secret": ref("odd")}, "steps[0].http.secret"),
])
def test_value_that_does_not_fit_its_place(near, value, members, place):
    put(near, "odd", value)
    with serving() as server:
        execution = run(near, http(server.url(), **members))
        assert not server.calls
    assert failure(execution).startswith(f'{place}: the step secret "odd" does not fit there')


def test_key_file_that_does_not_open_it(near):
    put(near, "token", SECRET)
    pipeline = make(near, TELLS, event="locked", env={"APP_TOKEN": ref("token")})
    near.stop_dispatcher()
    key = near.dir / "secret.key"
    right = key.read_bytes()
    key.write_bytes(bytes(32))
    near.start_dispatcher()
    wait_trigger(near, pipeline, ready=True)
    execution, = near.wait_cid(near.post_event("locked")["cid"])
    assert "cannot be opened with this secret.key; restore" in failure(execution)
    key.unlink()
    key.write_bytes(right)
    key.chmod(0o640)
    execution, = near.wait_cid(near.post_event("locked")["cid"])
    completed(execution)  # the dispatcher reads the file again


# --- What a definition may refer to ---

def refers(name):
    return [
        ("options.env.APP_TOKEN", {"options": {"env": {"APP_TOKEN": ref(name)}}}),
        ("steps[0].http.secret", {"http": {"secret": ref(name)}}),
        ("steps[0].http.headers.X-Own", {"http": {"headers": {"X-Own": ref(name)}}}),
    ]


@pytest.mark.parametrize("place, parts", refers("none"))
def test_unknown_names_are_refused_with_the_command(site, place, parts):
    body = {"name": "p", "options": parts.get("options", {}),
            "steps": [{"name": "s", "http": {"url": "https://x.example/", **parts.get("http", {})}}]}
    reply = site.post(PIPELINES, body)
    assert reply.status == 422
    assert reply.json["detail"] == (f'{place}: there is no step secret "none"; make it first, with its value '
                                    "on standard input: fxctl step-secret set none")
    done = site.run_fxctl("pipeline", "apply", "-", stdin=json.dumps(body))
    assert done.returncode == 1 and reply.json["detail"] in done.stderr
    assert site.get(PIPELINES).json["pipelines"] == []
    put(site, "none", SECRET)
    assert site.post(PIPELINES, body).status == 201


@pytest.mark.parametrize("value", [{}, {"secret": 1}, {"secret": ""}, {"secret": "a/b"}, {"secret": ".a"},
                                   {"secret": "own/1"}, {"secret": "own/" + "A" * 16}, {"secret": "a" * 65},
                                   {"secret": "a", "more": 1}, {"name": "a"}, 1, None, []])
def test_what_is_no_reference(site, value):
    for place, parts in (("options.env.APP_A", {"options": {"env": {"APP_A": value}}}),
                         ("steps[0].http.secret", {"http": {"secret": value}}),
                         ("steps[0].http.headers.A", {"http": {"headers": {"A": value}}})):
        body = {"name": "p", "options": parts.get("options", {}),
                "steps": [{"name": "s", "http": {"url": "https://x.example/", **parts.get("http", {})}}]}
        reply = site.post(PIPELINES, body)
        assert reply.status == 422 and reply.json["detail"].startswith(place), reply


@pytest.fixture
def site(home):
    home.start()
    return home


# --- Literals ---

HEADERS = {"Authorization": f"Bearer {SECRET}", "proxy-authorization": "Basic cHJveHk6cHJveHk=",
           "COOKIE": "session=0123456789abcdef", "X-Shown": "as it is"}


def literals(url="https://x.example/", **headers):
    return http(url, headers={**HEADERS, **headers}, secret="the-signing-secret")


VALUES = [*list(HEADERS.values())[:3], SECRET, "the-signing-secret"]


def test_literals_become_secrets_of_the_pipeline(near):
    """Each place has a reference, which steps are given the value of; no file has the value."""
    near.secrets |= set(VALUES)
    with serving(echo) as server:
        pipeline = make(near, literals(server.url()), event="literal", name="p")
        shown = near.get(f"{PIPELINES}/{pipeline}").json["steps"][0]["http"]
        execution, = near.wait_cid(near.post_event("literal")["cid"])
        [call] = server.calls
    completed(execution)
    refs = [shown["secret"], *(shown["headers"][name] for name in list(HEADERS)[:3])]
    assert all(OWN.fullmatch(one["secret"]) for one in refs) and len({one["secret"] for one in refs}) == 4
    assert shown["headers"]["X-Shown"] == "as it is"
    assert {name: call.headers[name] for name in HEADERS} == HEADERS
    assert "webhook-signature" in call.headers
    assert log_of(execution).count(NOT_SHOWN) == 3
    near.kill()
    assert not found_in(near, *VALUES)
    near.start()


def test_get_edit_put_and_diff(site):
    site.secrets |= set(VALUES)
    made = site.post(PIPELINES, definition(site, literals())).json
    url = f"{PIPELINES}/{made['id']}"
    steps = site.get(url).json["steps"]
    steps[0]["http"]["url"] = "https://y.example/"
    edited = site.put(url, {"steps": steps}).json
    assert edited["version"] == "2" and edited["steps"] == steps
    again = site.put(url, {"steps": [literals("https://y.example/")]}).json
    assert again["steps"] == steps  # the same values have the same names
    other = site.put(url, {"steps": [literals("https://y.example/", Authorization=OTHER)]}).json
    site.secrets.add(OTHER)
    differing = other["steps"][0]["http"]
    assert OWN.fullmatch(differing["headers"]["Authorization"]["secret"])
    assert differing["headers"].pop("Authorization") != steps[0]["http"]["headers"].pop("Authorization")
    assert differing == steps[0]["http"]
    for path in (f"{url}/versions", f"{url}/versions/1", PIPELINES):
        assert site.get(path).status == 200  # and no value is in it
    assert not found_in(site, OTHER, *VALUES)


def test_apply_of_the_same_literals_is_no_change(site):
    body = definition(site, literals())
    for outcome, version in (("created", "1"), ("unchanged", "1")):
        done = json.loads(site.fxctl("--json", "pipeline", "apply", "-", stdin=json.dumps(body)))
        assert (done["outcome"], done["version"]) == (outcome, version)
    shown = json.loads(site.fxctl("pipeline", "show", "p"))
    body["steps"] = shown["steps"]
    done = json.loads(site.fxctl("--json", "pipeline", "apply", "-", stdin=json.dumps(body)))
    assert done["outcome"] == "unchanged"
    body["steps"][0]["http"]["secret"] = OTHER
    done = json.loads(site.fxctl("--json", "pipeline", "apply", "-", stdin=json.dumps(body)))
    assert (done["outcome"], done["version"]) == ("replaced", "2")
    assert not found_in(site, OTHER, *VALUES)


def test_own_secrets_are_nobody_elses(site):
    made = site.post(PIPELINES, definition(site, literals())).json
    reply = site.post(PIPELINES, {"name": "q", "steps": made["steps"]})
    assert reply.status == 422
    assert re.fullmatch(r'steps\[0\]\.http\.secret: "own/\w+" is no secret of this pipeline; give the value '
                        "itself, or the name of a step secret", reply.json["detail"])
    own = made["steps"][0]["http"]["secret"]["secret"]
    assert site.get(URL).json["step_secrets"] == []
    for method in site.get, site.delete:
        assert method(f"{URL}/{own}").status in (400, 404)
        assert method(f"{URL}/{own.replace('/', '%2F')}").status in (400, 404)


def test_deleted_pipeline_takes_its_secrets_along(site):
    """One that is made again under its id cannot refer to them."""
    made = site.post(PIPELINES, {**definition(site, literals()), "id": "x"}).json
    kept = site.post(PIPELINES, {**definition(site, literals(), name="q"), "id": "xy"}).json
    assert site.delete(f"{PIPELINES}/x").status == 200
    body = {"id": "x", "name": "p", "steps": made["steps"]}
    reply = site.post(PIPELINES, body)
    assert reply.status == 422 and "is no secret of this pipeline" in reply.json["detail"]
    assert site.put(f"{PIPELINES}/xy", {"steps": kept["steps"]}).status == 200


# --- The API and the commands ---

def test_api(site):
    assert site.get(URL).json == {"step_secrets": [], "next": None}
    first = put(site, "b", SECRET)
    assert first.status == 201 and set(first.json) == {"name", "created", "last_modified"}
    again = put(site, "b", OTHER)
    assert again.status == 200 and again.json["created"] == first.json["created"]
    assert again.json["last_modified"] >= first.json["last_modified"]
    assert site.get(f"{URL}/b").json == again.json
    for name in ("a", "c.d_e-F9"):
        put(site, name, SECRET)
    page = site.get(f"{URL}?limit=2").json
    assert [row["name"] for row in page["step_secrets"]] == ["a", "b"] and page["next"] == "b"
    page = site.get(f"{URL}?limit=2&after=b").json
    assert [row["name"] for row in page["step_secrets"]] == ["c.d_e-F9"] and page["next"] is None
    assert site.delete(f"{URL}/b").status == 200
    for method in site.get, site.delete:
        assert method(f"{URL}/b").status == 404
    assert not found_in(site, SECRET, OTHER)


@pytest.mark.parametrize("body", [{}, {"value": ""}, {"value": 1}, {"value": None}, {"value": "a", "b": 1}, [],
                                  "a", {"values": "a"}, {"value": "x" * 8193}])
def test_what_is_no_value(site, body):
    reply = site.put(f"{URL}/a", body)
    assert reply.status == 422 and "must be an object with a value" in reply.json["detail"]
    assert site.get(f"{URL}/a").status == 404


@pytest.mark.parametrize("name", [".a", "-a", "a" * 65, "a~", "own"])
def test_names(site, name):
    good = name == "own"
    assert site.put(f"{URL}/{name}", {"value": SECRET}).status == (201 if good else 422)
    done = site.run_fxctl("step-secret", "set", "--", name, stdin=SECRET)
    assert done.returncode == (0 if good else 2)


@pytest.mark.parametrize("scope", ["events", "status", "pipelines", "triggers"])
def test_other_scopes_may_not(site, scope):
    put(site, "a", SECRET)
    for key, status in ((site.key(scope), 403), (None, 401), ("fxk_" + "A" * 43, 401)):
        for method, path, body in (("GET", URL, None), ("GET", f"{URL}/a", None), ("DELETE", f"{URL}/a", None),
                                   ("PUT", f"{URL}/a", {"value": OTHER})):
            assert site.call(method, path, body, key=key).status == status
    assert site.get(f"{URL}/a").status == 200


def test_commands(home):
    done = home.run_fxctl("step-secret", "set", "a", stdin=SECRET + "\n")
    assert done.returncode == 0 and not done.stdout and '{"secret": "a"}' in done.stderr
    assert SECRET not in done.stderr
    home.fxctl("step-secret", "set", "b", stdin=SECRET)
    rows = json.loads(home.fxctl("--json", "step-secret", "list"))["step_secrets"]
    assert [row["name"] for row in rows] == ["a", "b"]
    assert all(set(row) == {"name", "created", "last_modified"} for row in rows)
    home.fxctl("step-secret", "delete", "a")
    done = home.run_fxctl("step-secret", "delete", "a")
    assert done.returncode == 1 and 'there is no step secret "a"' in done.stderr
    assert not found_in(home, SECRET)


@pytest.mark.parametrize("value, kept", [
    (SECRET, SECRET), (SECRET + "\n", SECRET), (SECRET + "\r\n", SECRET), (SECRET + "\n\n", SECRET + "\n"),
    (" a ", " a "), ("x" * 8192 + "\n", "x" * 8192), ("", None), ("\n", None), ("x" * 8193, None), ("a\0b", None),
])
def test_value_on_standard_input(home, value, kept):
    """One line end at its end is no part of it."""
    done = home.run_fxctl("step-secret", "set", "a", stdin=value)
    assert done.returncode == (0 if kept else 2)
    if not kept:
        return
    home.start()
    home.start_dispatcher()
    execution = run(home, TELLS, env={"APP_TOKEN": ref("a")})
    assert completed(execution)["data"] == {"digest": digest(kept)}


def test_number_of_secrets_is_bounded(site):
    """Each attempt opens all of them: those that are referred to, and those that were said in the clear."""
    put(site, "a", SECRET)
    steps = [http("https://x.example/", name=f"s{n}", secret=f"signing-{n}",
                  headers={f"X-{i}": ref("a") for i in range(99)}) for n in range(11)]
    reply = site.post(PIPELINES, {"name": "many", "steps": steps})
    assert reply.status == 422 and reply.json["detail"] == "the definition has 1100 secrets; 1024 are allowed"
    steps[0]["http"]["headers"] = {}
    made = site.post(PIPELINES, {"name": "many", "steps": steps})
    assert made.status == 201
    again = site.put(f"{PIPELINES}/{made.json['id']}", {"steps": steps})
    assert again.status == 200 and again.json["steps"] == made.json["steps"]
