"""Paths and methods: unknown ones, wrong ones and hostile ones."""
import pytest

import raw
from checks import check_problem, nothing_stored

NOBODY = "00000000-0000-7000-8000-000000000000"

# What each path takes.
ALLOWED = {
    "/fx/events": "POST, OPTIONS",
    "/fx/events/generic": "POST, OPTIONS",
    "/fx/events/webhook": "POST, OPTIONS",
    f"/fx/cid/{NOBODY}": "GET, HEAD",
    f"/fx/executions/{NOBODY}": "GET, HEAD",
    f"/fx/executions/{NOBODY}/event": "GET, HEAD",
    "/fx/executions": "GET, HEAD",
    "/api/v1/pipelines": "GET, HEAD, POST",
    "/api/v1/pipelines/none": "GET, HEAD, PUT, DELETE",
    "/api/v1/pipelines/none/versions": "GET, HEAD",
    "/api/v1/pipelines/none/versions/1": "GET, HEAD",
    "/api/v1/events": "GET, HEAD",
    "/api/v1/events/none": "POST, GET, HEAD, DELETE",
}
METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"]


def methods_in(text):
    return {name.strip() for name in text.split(",")}


@pytest.mark.parametrize("path, method", [
    (path, method) for path, allowed in ALLOWED.items() for method in METHODS
    if method not in methods_in(allowed)])
@pytest.mark.parametrize("slash", ["", "/"])
def test_wrong_method(site, path, method, slash):
    body = {} if method in ("POST", "PUT", "PATCH") else None
    with nothing_stored(site):
        reply = site.call(method, path + slash, body)
    if method == "HEAD":
        assert reply.status == 405 and not reply.body
    else:
        check_problem(reply, 405)
    assert methods_in(reply.headers["Allow"]) == methods_in(ALLOWED[path])


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "BREW", "post", "get", "PROPFIND", "LOCK"])
def test_strange_method(site, method):
    """Some of these the web server knows, and refuses itself."""
    with nothing_stored(site):
        reply = site.call(method, "/fx/events", key=site.key())
    assert reply.status in (400, 405, 501)


@pytest.mark.parametrize("path", [
    "/fx", "/fx/", "/fx/event", "/fx/eventsX", "/fx/events/x", "/fx/events/x/y", "/fx/cid",
    "/fx/cid/", f"/fx/cid/{NOBODY}/x", f"/fx/cid/{NOBODY}/explain/x", "/fx/executionsX",
    f"/fx/executions/{NOBODY}/x", f"/fx/executions/{NOBODY}/event/x", "/FX/events", "/fx/Events", "/api", "/api/", "/api/v1",
    "/api/v1/", "/api/v2/events", "/api/v1/pipelinesX", "/api/v1/pipelines/none/x",
    "/api/v1/pipelines/none/versions/1/x", "/api/v1/eventsX", "/api/v1/events/none/x",
    "/api/v1/batches", "/api/v1/executions", "/index.html", "/favicon.ico", "/robots.txt",
    "/.well-known/security.txt", "/fx.conf", "/db/data.mdb", "/events.fcgi", "/cgi-bin/events.fcgi",
    "/lighttpd.pid", "/events.sock-0", "/~root", "/" + "x" * 2000, "/" + "x/" * 1000,
    "/fx/events;x=1", "/fx/events%20", "/fx/events%3Fx", "/fx/events.", "/fx%2Devents",
])
@pytest.mark.parametrize("key", [True, False], ids=["key", "no key"])
def test_unknown_path(site, path, key):
    check_problem(site.get(path, key=site.key() if key else None), 404)


# A tidied or decoded form of each names something that is there.
HOSTILE = [
    "//fx/executions", "/fx//executions", "/fx/executions//", "//", "///",
    "/fx/./executions", "/./fx/executions", "/fx/executions/.", "/.",
    "/fx/x/../executions", "/../fx/executions", "/fx/executions/x/..", "/fx/executions/x/../",
    "/..", "/../../../../../../etc/passwd", "/fx/../../etc/passwd", "/fx/executions/..",
    "/fx/%2e%2e/fx/executions", "/fx/.%2e/fx/executions", "/%2E%2E/fx/executions",
    "/fx/executions/%2e", "/fx/executions/x/%2e%2e",
    "/fx%2Fexecutions", "/fx%2fexecutions", "%2Ffx/executions", "/fx/executions%2F",
    "/fx/..%2fexecutions", "/fx/..%5cexecutions", "/fx\\executions", "/fx/%5Cexecutions",
    "/fx/executions%00", "/fx/executions/%00", "/fx/%00/executions", "/%00",
    "/fx/executions%00.html",
    "/fx/executions/%0d%0aSet-Cookie:%20x=1", "/fx/executions/%0a", "/fx/executions/%7f",
    "/fx/executions/%ff%fe", "/fx/executions/%c0%af", "/fx/executions/%", "/fx/executions/%1",
    "/fx/executions/%zz", "/fx/executions/%252e%252e", "/fx/executions/%u002e",
    "/%66x/executions", "/fx/%65xecutions", "/fx/execution%73", "/fx/%45xecutions",
]


@pytest.mark.parametrize("path", HOSTILE)
def test_hostile_path(site, path):
    """Never what the tidied path would give. Refused by the web server (400), or 404 as ours."""
    reply = site.get(path)
    assert reply.status in (400, 404), reply
    assert "Set-Cookie" not in reply.headers
    if reply.status == 404:
        check_problem(reply, 404)


@pytest.mark.parametrize("path", [
    "/fx//events", "//fx/events", "/fx/./events", "/x/../fx/events", "/fx/events/x/..",
    "/fx%2Fevents", "/fx/events%2F", "/fx/events%00", "/fx/events/%2e", "/fx/events/.",
])
def test_hostile_path_stores_nothing(site, path):
    with nothing_stored(site):
        reply = site.post(path, {"event_source": "a", "event_type": "b", "payload": 1})
    assert reply.status in (400, 404, 405), reply


@pytest.mark.parametrize("target", [
    b"GET /fx/execu\0tions HTTP/1.1", b"GET /fx/\x01executions HTTP/1.1",
    b"GET /fx/\xff\xfe HTTP/1.1", b"GET fx/executions HTTP/1.1", b"GET  /fx/executions HTTP/1.1",
    b"GET /fx/exec utions HTTP/1.1", b"GET /fx/executions", b"GET", b"GET /fx/executions HTTP/9.9",
    b"GET http://elsewhere.example/fx/executions HTTP/1.1", b"GET * HTTP/1.1",
])
def test_bad_request_line(site, target):
    lines = [target, b"Host: test", b"X-API-KEY: " + site.key().encode(), b"Connection: close"]
    reply = site.exchange(b"\r\n".join([*lines, b"", b""]))
    assert reply is None or reply.status in (400, 404, 405, 505), reply


@pytest.mark.parametrize("path", ["/fx/executions", "/fx/executions/",
                                  "/fx/executions?", "/fx/executions?x=//../%2F"])
def test_same_path(site, path):
    """A trailing slash and none are the same path."""
    assert site.get(path).status == 200


@pytest.mark.parametrize("script, rest", [
    ("/fx/executions", ""), ("/fx", "/executions"), ("", "/fx/executions"), ("/fx/executions", "/"),
])
def test_raw_path_cut_anywhere(fastcgi, script, rest):
    """Front ends cut the path between SCRIPT_NAME and PATH_INFO as they like."""
    given = raw.variables("GET", script, PATH_INFO=rest, REQUEST_URI="/fx/executions",
                          HTTP_X_API_KEY=fastcgi.key())
    assert raw.request(fastcgi.socket("status"), given)[0].startswith(b"Status: 200")


@pytest.mark.parametrize("more", [
    {"REQUEST_METHOD": None}, {"REQUEST_METHOD": ""}, {"SCRIPT_NAME": None}, {"SCRIPT_NAME": ""},
    {"REQUEST_URI": None}, {"QUERY_STRING": None}, {"QUERY_STRING": "&&=&a&%"},
    {"SCRIPT_NAME": "/" * 60_000}, {"REQUEST_URI": "\xff" * 100},
])
def test_raw_odd_variables(fastcgi, more):
    given = {**raw.variables("GET", "/fx/executions", HTTP_X_API_KEY=fastcgi.key()), **more}
    out, ended = raw.request(fastcgi.socket("status"),
                             {name: value for name, value in given.items() if value is not None})
    assert ended
    assert out.startswith((b"Status: 200", b"Status: 404", b"Status: 405")), out


@pytest.mark.parametrize("path", [path for path, allowed in ALLOWED.items() if "GET" in allowed])
def test_head(site, path):
    """As GET, without the body."""
    get, head = site.get(path), site.call("HEAD", path)
    assert head.status == get.status and head.body == b""
    assert head.headers["Content-Type"] == get.headers["Content-Type"]


def test_request_ids_differ(site):
    ids = {site.get("/").headers["X-Request-Id"] for _ in range(20)}
    assert len(ids) == 20


def test_headers_of_every_reply(site):
    for reply in (site.get("/fx/executions"), site.get("/"), site.get("/fx/executions", key=None)):
        assert reply.headers["X-Request-Id"]
        assert reply.headers["Cache-Control"] == "no-store"
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
