"""Every route of schema/openapi.yaml × every method × every credential that there is, good or bad.

The rows are those of the document: a route that is new fails until it has one here. A column is a
credential, and says what each route makes of it.
"""
import contextlib
import re

import pytest

import contract
import senders
from checks import check_problem
from harness import SCOPES, Home, until

NOBODY = "00000000-0000-7000-8000-000000000000"
EVENT = b'{"event_source": "shop", "event_type": "order.created", "payload": 1}'
BODY_BYTES = 65536
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")

# What each route is sent, and what it answers to who may. Nothing here changes the home but events.
ROWS = {
    ("POST", "/fx/events"): (EVENT, 200),
    ("POST", "/fx/events/generic"): (EVENT, 200),
    ("POST", "/fx/events/webhook"): (EVENT, 200),
    ("OPTIONS", "/fx/events"): (None, 204),
    ("OPTIONS", "/fx/events/generic"): (None, 204),
    ("OPTIONS", "/fx/events/webhook"): (None, 204),
    ("GET", "/fx/openapi.json"): (None, 200),
    ("GET", "/"): (None, 200),
    ("GET", "/fx/cid/{cid}"): (None, 404),
    ("GET", "/fx/cid/{cid}/explain"): (None, 404),
    ("GET", "/fx/executions"): (None, 200),
    ("GET", "/fx/executions/{execution_id}"): (None, 404),
    ("GET", "/fx/executions/{execution_id}/log"): (None, 404),
    ("GET", "/fx/executions/{execution_id}/event"): (None, 404),
    ("GET", "/api/v1/pipelines"): (None, 200),
    ("POST", "/api/v1/pipelines"): (b"{}", 422),
    ("GET", "/api/v1/pipelines/{id}"): (None, 404),
    ("PUT", "/api/v1/pipelines/{id}"): (b"{}", 404),
    ("DELETE", "/api/v1/pipelines/{id}"): (None, 404),
    ("GET", "/api/v1/pipelines/{id}/versions"): (None, 404),
    ("GET", "/api/v1/pipelines/{id}/versions/{version}"): (None, 404),
    ("POST", "/api/v1/batches/{pipeline_id}"): (b"{}", 404),
    ("POST", "/api/v1/executions/{id}/retry"): (None, 404),
    ("POST", "/api/v1/executions/{id}/skip"): (None, 404),
    ("POST", "/api/v1/executions/{id}/cancel"): (None, 404),
    ("GET", "/api/v1/events"): (None, 200),
    ("POST", "/api/v1/events/{pipeline_id}"): (None, 404),
    ("GET", "/api/v1/events/{pipeline_id}"): (None, 404),
    ("DELETE", "/api/v1/events/{pipeline_id}"): (None, 404),
    ("GET", "/health/live"): (None, 200),
    ("GET", "/health/ready"): (None, 503),  # no dispatcher runs
    ("GET", "/health"): (None, 200),
    ("GET", "/metrics"): (None, 200),
    ("GET", "/api/v1/admin/events"): (None, 200),
    ("GET", "/api/v1/admin/events/{seq}"): (None, 404),
    ("GET", "/api/v1/admin/events/{seq}/payload"): (None, 404),
    ("GET", "/api/v1/admin/dead-letters"): (None, 200),
    ("POST", "/api/v1/admin/dead-letters/retry"): (None, 200),
    ("POST", "/api/v1/admin/dead-letters/{execution_id}/retry"): (None, 404),
    ("GET", "/api/v1/admin/audit"): (None, 200),
    ("POST", "/api/v1/admin/cids/{cid}/erase"): (None, 404),
    ("GET", "/api/v1/admin/step-secrets"): (None, 200),
    ("PUT", "/api/v1/admin/step-secrets/{name}"): (b"{}", 422),
    ("GET", "/api/v1/admin/step-secrets/{name}"): (None, 404),
    ("DELETE", "/api/v1/admin/step-secrets/{name}"): (None, 404),
}
PATHS = sorted({path for _, path in contract.OPERATIONS})


class Route:
    """A row: what is sent, and by the document, which scopes it wants and whether it is signed."""

    def __init__(self, method, template):
        operation = contract.OPERATIONS[method, template]
        self.method, self.template = method, template
        self.path = path_of(template)
        self.body, self.granted = ROWS[method, template]
        kinds = operation["security"]
        self.is_open = not kinds
        self.scopes = {scope for kind in kinds for scopes in kind.values() for scope in scopes}
        self.is_signed = any("signature" in kind for kind in kinds)


def path_of(template):
    """The path of something that is not there."""
    own = NOBODY if "executions" in template else "none"
    names = {"version": "1", "pipeline_id": "none", "execution_id": NOBODY, "cid": NOBODY, "id": own,
             "name": "none", "seq": "0"}
    return re.sub(r"{(\w+)}", lambda part: names[part[1]], template)


def test_every_route_has_a_row():
    assert set(ROWS) == set(contract.OPERATIONS)


# --- Credentials ---

class Chest:
    """A home, and every credential that a column sends."""

    def __init__(self, home, other):
        self.home = home
        self.scoped = {scope: home.new_key(scope).token for scope in SCOPES}
        self.full = home.new_key(*SCOPES).token
        self.revoked = home.new_key(*SCOPES)
        home.revoke(self.revoked)
        self.expired = home.new_key(*SCOPES, expires="1s")
        rotated = home.new_key(*SCOPES)
        self.rotated = rotated.token
        self.fresh = home.rotate(rotated, until="1s").token
        self.typed = home.new_key(*SCOPES, types="none.*").token
        self.sourced = home.new_key(*SCOPES, sources="nobody").token
        self.secret = home.new_secret("github")
        self.revoked_secret = home.new_secret("github")
        home.revoke(self.revoked_secret)
        self.typed_secret = home.new_secret("github", types="none.*")
        self.foreign = other.new_key(*SCOPES).token
        self.foreign_secret = other.new_secret("github")
        until(lambda: home.get("/fx/executions", key=self.expired.token).status == 401,
              what="a key has expired")
        until(lambda: home.get("/fx/executions", key=self.rotated).status == 401,
              what="a token that was rotated is over")

    def used_up(self):
        """A key whose rate has been used up."""
        token = self.home.new_key(*SCOPES, rate=1, burst=1).token
        until(lambda: self.home.get("/fx/executions", key=token).status == 429,
              what="a rate is used up")
        return token


@pytest.fixture(scope="module")
def chest():
    with contextlib.ExitStack() as stack:
        home, other = (stack.enter_context(Home()) for _ in range(2))
        home.configure(web={"failures_per_minute": 0, "body_bytes": BODY_BYTES})
        home.start()
        yield Chest(home, other)


def key(token):
    return [("X-API-KEY", token)]


def bearer(token):
    return [("Authorization", f"Bearer {token}")]


def signed(route, secret):
    return senders.sign("github", secret.token, route.body or b"")


# A column: its name → what is sent, given the chest and the route.
REFUSED = {
    "nothing": lambda c, r: [],
    "an empty key": lambda c, r: key(""),
    "an unknown key": lambda c, r: key("fxk_" + "A" * 43),
    "an unknown bearer": lambda c, r: bearer("fxk_" + "A" * 43),
    "nonsense": lambda c, r: key("nonsense"),
    "Basic": lambda c, r: [("Authorization", "Basic dXNlcjpwYXNz")],
    "a key as Basic": lambda c, r: [("Authorization", f"Basic {c.full}")],
    "a key as a cookie": lambda c, r: [("Cookie", f"X-API-KEY={c.full}")],
    "revoked": lambda c, r: key(c.revoked.token),
    "expired": lambda c, r: key(c.expired.token),
    "rotated": lambda c, r: key(c.rotated),
    "of another home": lambda c, r: key(c.foreign),
    "a secret as a key": lambda c, r: key(c.secret.token),
    "a secret as a bearer": lambda c, r: bearer(c.secret.token),
    "a secret as its signature": lambda c, r: [("X-Hub-Signature-256", c.secret.token)],
    "signed with another home's secret": lambda c, r: signed(r, c.foreign_secret),
    "signed with a revoked secret": lambda c, r: signed(r, c.revoked_secret),
    "signed, and the body another": lambda c, r: senders.sign("github", c.secret.token, b"other"),
    "a bad key, and signed": lambda c, r: key(c.foreign) + signed(r, c.secret),
}
GRANTED = {
    "the fresh token": lambda c, r: key(c.fresh),
    "as a bearer": lambda c, r: bearer(c.full),
    "both ways": lambda c, r: key(c.full) + bearer(c.full),
    "beside Basic": lambda c, r: key(c.full) + [("Authorization", "Basic dXNlcjpwYXNz")],
    "beside a stranger's cookie": lambda c, r: key(c.full) + [("Cookie", "session=1")],
    "a key, and signed": lambda c, r: key(c.full) + signed(r, c.secret),
}
MALFORMED = {
    "two keys": lambda c, r: key(c.full) + key(c.full),
    "two different ones": lambda c, r: key(c.full) + bearer(c.scoped["status"]),
    "two joined": lambda c, r: key(f"{c.full},{c.full}"),
    "one under another name": lambda c, r: key(c.full) + [("X_API_KEY", c.full)],
}


def ask(chest, route, headers, method=None, path=None):
    return chest.home.call(method or route.method, path or route.path, route.body, headers, key=None)


routes = pytest.mark.parametrize("route", [Route(*row) for row in ROWS if row in contract.OPERATIONS],
                                 ids=lambda route: f"{route.method} {route.template}")


@routes
def test_who_may_not(chest, route):
    before = chest.home.commits()
    for name, headers in REFUSED.items():
        reply = ask(chest, route, headers(chest, route))
        if route.is_open:
            assert reply.status == route.granted, name
        else:
            problem = check_problem(reply, 401)
            assert "revoked" not in problem["detail"] and "expired" not in problem["detail"], name
    assert chest.home.commits() == before


@routes
def test_who_may(chest, route):
    for name, headers in GRANTED.items():
        assert ask(chest, route, headers(chest, route)).status == route.granted, name
    reply = ask(chest, route, signed(route, chest.secret))
    assert reply.status == (route.granted if route.is_signed or route.is_open else 401)


@routes
def test_scopes(chest, route):
    for scope, token in chest.scoped.items():
        reply = ask(chest, route, key(token))
        if route.is_open or scope in route.scopes:
            assert reply.status == route.granted, scope
        else:
            check_problem(reply, 403, f"lacks the scope {' or '.join(sorted(route.scopes))}")


@routes
def test_limits(chest, route):
    """Types and sources bind who sends events, and a rate binds everybody."""
    limited = "events" in route.scopes
    for name, headers in {"types": key(chest.typed), "sources": key(chest.sourced),
                          "types of a secret": signed(route, chest.typed_secret)}.items():
        reply = ask(chest, route, headers)
        if limited:
            check_problem(reply, 403, "this credential may not send")
        elif "secret" in name and not route.is_open:
            check_problem(reply, 401)
        else:
            assert reply.status == route.granted, name
    if not route.is_open:
        check_problem(ask(chest, route, key(chest.used_up())), 429)


@pytest.mark.parametrize("method, template", [row for row in ROWS if row[0] in ("POST", "PUT")])
def test_bodies_that_are_too_large(chest, method, template):
    """Nobody's credential is looked up for them."""
    for headers in ([], key(chest.full), key(chest.foreign), [("X-Hub-Signature-256", "sha256=00")]):
        reply = chest.home.call(method, path_of(template), b" " * (BODY_BYTES + 1), headers, key=None)
        check_problem(reply, 413)


@routes
def test_credentials_that_are_no_one(chest, route):
    for name, headers in MALFORMED.items():
        reply = ask(chest, route, headers(chest, route))
        if route.is_open:
            assert reply.status == route.granted, name
        else:
            assert reply.status == 400, name


@pytest.mark.parametrize("template", PATHS)
def test_methods_that_are_not_listed(chest, template):
    """They are 405 whoever asks; HEAD is where GET is."""
    listed = {method for method, path in contract.OPERATIONS if path == template}
    listed |= {"HEAD"} if "GET" in listed else set()
    path = path_of(template)
    for method in METHODS:
        if method in listed:
            continue
        for headers in ([], key(chest.full), key(chest.foreign)):
            body = b"{}" if method in ("POST", "PUT", "PATCH") else None
            reply = chest.home.call(method, path, body, headers, key=None)
            assert reply.status == 405, method
            assert set(re.split(r",\s*", reply.headers["Allow"])) == listed


@pytest.mark.parametrize("template", [path for method, path in ROWS if method == "GET"])
def test_head_is_as_get(chest, template):
    route = Route("GET", template)
    for headers in ([], key(chest.full), key(chest.foreign)):
        reply = ask(chest, route, headers, method="HEAD")
        assert reply.status == ask(chest, route, headers).status and not reply.body


@pytest.mark.parametrize("template", PATHS)
def test_other_ways_to_write_a_path(chest, template):
    """Whoever may do everything gets nowhere by them: no rule on a path is passed."""
    path = path_of(template)
    last = path.rindex("/") + 1
    for other in (path + "x", path + "/x/y/z", "/" + path, path.replace("/", "//", 2)[1:],
                  f"{path[:last]}%{ord((path[last:] or '/')[0]):02x}{path[last + 1:]}",
                  path.replace("/fx", "/FX").replace("/api", "/API"),
                  path[:last] + "./" + path[last:], path[:last] + "x/../" + path[last:],
                  path + "%00", path + ";x=y", path + "%20", path.replace("/", "%2f", 2)):
        if other in PATHS or template.endswith("}") and "/" not in other.removeprefix(path):
            continue  # another name there, which nobody has
        method = next(method for method, p in contract.OPERATIONS if p == template)
        reply = chest.home.call(method, other, headers=key(chest.full), key=None)
        assert reply.status in (400, 404), other
