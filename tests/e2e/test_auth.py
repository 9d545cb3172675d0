"""Who may: API keys in X-API-KEY or as Authorization: Bearer."""
import re

import pytest

import raw
from checks import check_problem, nothing_stored
from harness import until

EVENT = {"event_source": "shop", "event_type": "order.created", "payload": 1}
PIPELINE = {"name": "auth", "steps": [{"name": "run", "script": "ok.sh"}]}
NOBODY = "00000000-0000-7000-8000-000000000000"

# Every route, with the scope it needs.
ROUTES = [
    ("POST", "/fx/events", EVENT, "events"),
    ("POST", "/fx/events/generic", EVENT, "events"),
    ("POST", "/fx/events/webhook", EVENT, "events"),
    ("GET", f"/fx/cid/{NOBODY}", None, "status"),
    ("GET", f"/fx/executions/{NOBODY}", None, "status"),
    ("GET", "/fx/executions", None, "status"),
    ("GET", "/api/v1/pipelines", None, "pipelines"),
    ("POST", "/api/v1/pipelines", PIPELINE, "pipelines"),
    ("GET", "/api/v1/pipelines/none", None, "pipelines"),
    ("PUT", "/api/v1/pipelines/none", PIPELINE, "pipelines"),
    ("DELETE", "/api/v1/pipelines/none", None, "pipelines"),
    ("GET", "/api/v1/pipelines/none/versions", None, "pipelines"),
    ("GET", "/api/v1/pipelines/none/versions/1", None, "pipelines"),
    ("GET", "/api/v1/events", None, "triggers"),
    ("POST", "/api/v1/events/none", None, "triggers"),
    ("GET", "/api/v1/events/none", None, "triggers"),
    ("DELETE", "/api/v1/events/none", None, "triggers"),
]
SCOPES = ["events", "status", "pipelines", "triggers", "admin"]

routes = pytest.mark.parametrize("method, path, body, scope", ROUTES,
                                 ids=[f"{r[0]} {r[1]}" for r in ROUTES])


def check_refused(reply):
    """One 401, whatever the reason."""
    problem = check_problem(reply, 401, "X-API-KEY", "Bearer")
    assert reply.headers["WWW-Authenticate"].startswith("Bearer")
    return {k: v for k, v in problem.items() if k != "instance"}


@routes
def test_no_key(site, method, path, body, scope):
    with nothing_stored(site):
        check_refused(site.call(method, path, body, key=None))


@routes
def test_without_the_scope(site, method, path, body, scope):
    others = [name for name in SCOPES if name != scope]
    token = site.key(*others)
    with nothing_stored(site):
        check_problem(site.call(method, path, body, key=token), 403, scope)


@pytest.mark.parametrize("method, path, body, scope", [r for r in ROUTES if r[0] == "GET"],
                         ids=lambda v: str(v)[:30])
def test_with_the_scope_alone(site, method, path, body, scope):
    assert site.call(method, path, body, key=site.key(scope)).status in (200, 404)


def test_events_scope_is_enough(site):
    assert site.post("/fx/events", EVENT, key=site.key("events")).status == 200


GOOD = "fxk_" + "A" * 43  # well formed, and nobody's

WRONG = {
    "unknown": GOOD,
    "empty": "",
    "short": GOOD[:-1],
    "long": GOOD + "A",
    "another prefix": "fxs_" + "A" * 43,
    "no prefix": "A" * 47,
    "other characters": "fxk_" + "=" * 43,
    "8 KiB": "fxk_" + "A" * 8000,
    "latin-1": "fxk_" + "é" * 43,
    "a path": "../../../../../../../../etc/passwd",
    "a quote": "fxk_' OR '1'='1",
}


@pytest.mark.parametrize("token", WRONG.values(), ids=WRONG.keys())
@pytest.mark.parametrize("header", ["X-API-KEY: ", "Authorization: Bearer "])
def test_wrong_key(site, header, token):
    name, prefix = header.split(": ")
    with nothing_stored(site):
        reply = site.post("/fx/events", EVENT, headers=[(name, prefix + token)], key=None)
    check_refused(reply)


def test_wrong_case(site):
    token = site.key().swapcase()
    check_refused(site.get("/fx/executions", key="fxk_" + token[4:]))


def test_one_reply_for_every_reason(site):
    """Nothing tells an unknown key from a revoked one, or from none."""
    revoked = site.new_key("status")
    site.fxctl("key", "revoke", revoked.id)
    replies = [check_refused(site.get("/fx/executions", key=key))
               for key in (None, "", "x", GOOD, revoked.token)]
    assert all(reply == replies[0] for reply in replies)


def test_revoked_key(site):
    """The very next request is refused."""
    key = site.new_key("events")
    assert site.post("/fx/events", EVENT, key=key.token).status == 200
    site.fxctl("key", "revoke", key.id)
    with nothing_stored(site):
        check_refused(site.post("/fx/events", EVENT, key=key.token))


def test_expired_key(site):
    key = site.new_key("status", expires="1s")
    assert site.get("/fx/executions", key=key.token).status == 200
    until(lambda: site.get("/fx/executions", key=key.token).status != 200, 5, "the key expires")
    check_refused(site.get("/fx/executions", key=key.token))


# Where each of the programs is asked, by a key of all scopes.
PROGRAMS = ["/fx/executions", "/api/v1/pipelines", "/api/v1/events", "/api/v1/admin/dead-letters"]


def ask_programs(site, token):
    """What each program says to the key."""
    return [site.post("/fx/events", EVENT, key=token).status,
            *[site.get(path, key=token).status for path in PROGRAMS]]


def test_revoked_in_every_program(site):
    """All of them have seen it before."""
    key = site.new_key(*SCOPES)
    assert ask_programs(site, key.token) == [200] * 5
    site.revoke(key)
    with nothing_stored(site):
        assert ask_programs(site, key.token) == [401] * 5


def test_expired_in_every_program(site):
    key = site.new_key(*SCOPES, expires="1s")
    until(lambda: site.get("/fx/executions", key=key.token).status != 200, 5, "the key expires")
    with nothing_stored(site):
        assert ask_programs(site, key.token) == [401] * 5


def test_two_live_tokens(site):
    """While a key is rotated both are good; the next rotation ends the older."""
    key = site.new_key(*SCOPES)
    new = site.rotate(key)
    assert ask_programs(site, key.token) == ask_programs(site, new.token) == [200] * 5
    newest = site.rotate(key)
    assert ask_programs(site, key.token) == [401] * 5
    assert ask_programs(site, new.token) == ask_programs(site, newest.token) == [200] * 5
    site.revoke(key)
    assert ask_programs(site, new.token) == ask_programs(site, newest.token) == [401] * 5


def test_end_of_a_rotation(site):
    key = site.new_key(*SCOPES)
    new = site.rotate(key, until="1s")
    until(lambda: site.get("/fx/executions", key=key.token).status != 200, 5, "the old one ends")
    assert ask_programs(site, key.token) == [401] * 5
    assert ask_programs(site, new.token) == [200] * 5


def test_new_key_works_at_once(site):
    assert site.get("/fx/executions", key=site.new_key("status").token).status == 200


@pytest.mark.parametrize("form", ["Bearer {}", "bearer {}", "BEARER {}", "Bearer   {}"])
def test_bearer(site, form):
    headers = [("Authorization", form.format(site.key()))]
    assert site.get("/fx/executions", headers=headers, key=None).status == 200


@pytest.mark.parametrize("form", ["{}", "Bearer", "Bearer ", "Bearer{}", "Basic {}", "Token {}",
                                  "Bearer {} x", "Bearer x {}"])
def test_no_bearer(site, form):
    headers = [("Authorization", form.format(site.key()))]
    check_refused(site.get("/fx/executions", headers=headers, key=None))


@pytest.mark.parametrize("path", ["/fx/executions?key={}", "/fx/executions?X-API-KEY={}",
                                  "/fx/executions?api_key={}", "/fx/executions?access_token={}"])
def test_key_in_the_url_does_not_count(site, path):
    check_refused(site.get(path.format(site.key()), key=None))


def test_same_key_both_ways(site):
    headers = [("Authorization", f"Bearer {site.key()}")]
    assert site.get("/fx/executions", headers=headers).status == 200


def test_another_scheme_beside_a_key(site):
    """Basic authentication is the web server's own affair."""
    headers = [("Authorization", "Basic dTpw")]
    assert site.get("/fx/executions", headers=headers).status == 200


@pytest.mark.parametrize("header, value", [
    ("X-API-KEY", "{other}"),
    ("X-API-KEY", "{same}"),
    ("x-api-key", "{other}"),
    ("X_API_KEY", "{other}"),
    ("Authorization", "Bearer {other}"),
    ("Authorization", "Bearer " + GOOD),
])
def test_two_keys(site, header, value):
    """Both good, or one not: which of them counts must not depend on who looks."""
    value = value.format(same=site.key(), other=site.key("events"))
    with nothing_stored(site):
        reply = site.post("/fx/events", EVENT, headers=[(header, value)])
    check_problem(reply, 400)


def test_two_bearers(site):
    headers = [("Authorization", f"Bearer {site.key()}")] * 2
    check_problem(site.get("/fx/executions", headers=headers, key=None), 400)


@pytest.mark.parametrize("twice", [
    [("HTTP_X_API_KEY", "{key}"), ("HTTP_X_API_KEY", "{key}")],
    [("HTTP_X_API_KEY", "{key},{key}")],
    [("HTTP_AUTHORIZATION", "Bearer {key}"), ("HTTP_AUTHORIZATION", "Bearer {key}")],
])
def test_raw_two_keys(fastcgi, twice):
    """As variables, however they got there."""
    given = raw.pairs(raw.variables("GET", "/fx/executions"))
    for name, value in twice:
        given += raw.pairs({name: value.format(key=fastcgi.key())})
    with raw.connect(fastcgi.socket("status")) as peer:
        peer.sendall(raw.begin() + raw.stream(raw.PARAMS, given) + raw.stream(raw.STDIN, b""))
        assert raw.read_reply(peer)[0].startswith(b"Status: 400")


def test_raw_redirected_authorization(fastcgi):
    """Where a rewrite rule of Apache has renamed the variable."""
    given = raw.variables("GET", "/fx/executions",
                          REDIRECT_HTTP_AUTHORIZATION=f"Bearer {fastcgi.key()}")
    assert raw.request(fastcgi.socket("status"), given)[0].startswith(b"Status: 200")


def test_size_is_checked_before_the_key(site):
    check_problem(site.post("/fx/events", b"x" * (1 << 20) + b"x", key=None), 413)


def test_key_is_checked_before_the_document(site):
    check_refused(site.post("/fx/events", b"not JSON", key=None))


def test_nothing_is_written_down(site):
    """Tokens, good ones and bad ones, are in no log; the reason of a refusal is."""
    wrong = "fxk_" + "B" * 43
    reply = site.get("/fx/executions", key=wrong)
    check_refused(reply)
    good = site.new_key("status")
    site.get("/fx/executions", key=good.token)
    site.get("/fx/executions", headers=[("Authorization", f"Bearer {good.token}")], key=None)

    def logs():
        return "".join(path.read_text(errors="replace") for path in (site.dir / "log").iterdir())

    until(lambda: reply.headers["X-Request-Id"] in logs(), 5, "the refusal is logged")
    assert wrong not in logs()
    assert good.token not in logs()
    assert re.search(reply.headers["X-Request-Id"] + r".*unknown key", logs())


def test_tokens_are_not_stored(site):
    token = site.new_key("status").token
    assert token[4:].encode() not in (site.dir / "db/data.mdb").read_bytes()
