"""What each front end makes of a request: methods, bodies, paths, credentials and headers.

A case says what the program answers. Where a server answers by itself, or makes another request of
what was sent, the case says what, behind which, and why nothing can be done about it.
"""
import gzip
from dataclasses import dataclass, field

import pytest

import senders
from checks import check_problem

LIMIT = 1 << 20
CHUNKED = [("Transfer-Encoding", "chunked")]
KEY = "KEY"  # stands for a good key in a header's value
LIGHTTPD = ("lighttpd", "lighttpd-cgi")
APACHE = ("apache-fcgid", "apache-proxy", "apache-cgid", "apache-cgi")
NGINX = ("nginx",)
ALL = LIGHTTPD + APACHE + NGINX


@dataclass
class Case:
    method: str
    path: str
    status: object  # the program's, or several
    body: object = None
    headers: list = field(default_factory=list)
    key: bool = True  # sent as X-API-KEY
    served: dict = field(default_factory=dict)  # front end: what it says instead
    why: str = ""
    json: dict = field(default_factory=dict)  # members of the reply


def behind(fronts, status):
    return dict.fromkeys(fronts, status)


def chunks(body, size=50_000, extension=b"", trailer=b""):
    parts = [body[i:i + size] for i in range(0, len(body), size)]
    return (b"".join(b"%x%s\r\n%s\r\n" % (len(part), extension, part) for part in parts) +
            b"0\r\n" + trailer + b"\r\n")


def event(length):
    """An event of so many bytes."""
    text = b'{"event_source":"s","event_type":"t","payload":"%s"}'
    return text % (b"x" * (length - len(text) + 2))


SMALL = event(100)
METHODS = {
    "GET": Case("GET", "/fx/executions", 200),
    "HEAD": Case("HEAD", "/fx/executions", 200),
    "POST": Case("POST", "/fx/events", 200, SMALL),
    "PUT": Case("PUT", "/api/v1/admin/step-secrets/matrix", (200, 201), {"value": "v"}),
    "DELETE": Case("DELETE", "/api/v1/pipelines/none", 404),
    "OPTIONS": Case("OPTIONS", "/fx/events", 204, headers=[("WebHook-Request-Origin", "a.example")],
                    key=False),
    "PATCH": Case("PATCH", "/fx/events", 405, SMALL),
    "no path takes it": Case("POST", "/fx/executions", 405, SMALL),
    "PROPFIND": Case("PROPFIND", "/fx/events", 405),
    "TRACE": Case("TRACE", "/fx/events", 405,
                  why="servers answer it themselves, or refuse to"),
    "unknown": Case("BREW", "/fx/events", 405, served=behind(LIGHTTPD, 501),
                    why="lighttpd takes the methods that it knows"),
    "lower case": Case("post", "/fx/events", 405, served={**behind(LIGHTTPD, 501), "nginx": 400},
                       why="both take methods of capitals alone"),
}
BODIES = {
    "with a length": Case("POST", "/fx/events", 200, SMALL),
    "in chunks": Case("POST", "/fx/events", 200, chunks(SMALL), CHUNKED),
    "in chunks of a byte": Case("POST", "/fx/events", 200, chunks(SMALL, 1), CHUNKED),
    "chunks with extensions": Case("POST", "/fx/events", 200, chunks(SMALL, 20, b";a=b"), CHUNKED),
    "chunks with a trailer": Case("POST", "/fx/events", 200, chunks(SMALL, 99, b"", b"X-T: 1\r\n"),
                                  CHUNKED),
    "empty": Case("POST", "/fx/events", 400, b""),
    "empty in chunks": Case("POST", "/fx/events", 400, chunks(b""), CHUNKED),
    "no length": Case("POST", "/api/v1/events/none", 404),
    "limit less one": Case("POST", "/fx/events", 200, event(LIMIT - 1)),
    "limit": Case("POST", "/fx/events", 200, event(LIMIT)),
    "limit and one": Case("POST", "/fx/events", 413, event(LIMIT + 1)),
    "limit less one in chunks": Case("POST", "/fx/events", 200, chunks(event(LIMIT - 1)), CHUNKED),
    "limit in chunks": Case("POST", "/fx/events", 200, chunks(event(LIMIT)), CHUNKED),
    "limit and one in chunks": Case("POST", "/fx/events", 413, chunks(event(LIMIT + 1)), CHUNKED),
    "far too large": Case("POST", "/fx/events", 413, bytes(5 * LIMIT)),
    "compressed": Case("POST", "/fx/events", 200, gzip.compress(SMALL), [("Content-Encoding", "gzip")]),
    "compressed in chunks": Case("POST", "/fx/events", 200, chunks(gzip.compress(SMALL), 7),
                                 [("Content-Encoding", "gzip"), *CHUNKED]),
    "bytes of all kinds": Case("POST", "/fx/events", 200, bytes(range(256)), [
        ("Content-Type", "application/octet-stream"), ("ce-id", "1"), ("ce-source", "s"),
        ("ce-type", "t"), ("ce-specversion", "1.0")]),
}
PATHS = {
    "slash at the end": Case("GET", "/fx/executions/", 200),
    "query": Case("GET", "/fx/executions?limit=1&x=//%2F/../%00", 200),
    "unknown": Case("GET", "/nope", 404),
    "unknown below events": Case("POST", "/fx/events/nope", 404, SMALL),
    "root": Case("GET", "/", 200),
    "encoded slash": Case("GET", "/fx%2Fexecutions", 404),
    "encoded slash below": Case("GET", "/fx/executions%2Fx", 404),
    "encoded letter": Case("GET", "/fx/%65xecutions", 404),
    "encoded backslash": Case("GET", "/fx%5Cexecutions", 404),
    "encoded NUL": Case("GET", "/fx/executions%00", 404,
                        served={**behind(LIGHTTPD, 400), **behind(APACHE, (400, 404)), "nginx": 400},
                        why="servers take no NUL in a path"),
    "doubled slash": Case("GET", "/fx//executions", 404),
    "doubled at the front": Case("GET", "//fx/executions", 404),
    "doubled at the end": Case("GET", "/fx/executions//", 404),
    "dot": Case("GET", "/fx/./executions", 404),
    "two dots": Case("GET", "/fx/x/../executions", 404),
    "above the root": Case("GET", "/../fx/executions", 404,
                           served={**behind(APACHE, 400), "nginx": 400},
                           why="servers take no path above the root"),
    "encoded dots": Case("GET", "/fx/%2e%2e/fx/executions", 404),
    "base of nobody": Case("GET", "/x/fx/executions", 404),
    "long": Case("GET", "/fx/" + "x" * 3000, 404, served=behind(APACHE, (403, 404)),
                 why="no file has so long a name"),
    "not ASCII": Case("GET", "/fx/\xc3\xa4", 404, served=behind(LIGHTTPD, (400, 404)),
                      why="strict about URLs"),
}


def bearer(value=KEY, name="Authorization", scheme="Bearer"):
    return (name, f"{scheme} {value}")


CREDENTIALS = {
    "X-API-KEY": Case("GET", "/fx/executions", 200),
    "lower case": Case("GET", "/fx/executions", 200, None, [("x-api-key", KEY)], False),
    "Bearer": Case("GET", "/fx/executions", 200, None, [bearer()], False),
    "bearer": Case("GET", "/fx/executions", 200, None, [bearer(scheme="bearer")], False),
    "both": Case("GET", "/fx/executions", 200, None, [bearer()]),
    "Basic beside": Case("GET", "/fx/executions", 200, None, [bearer("dTpw", scheme="Basic")]),
    "none": Case("GET", "/fx/executions", 401, None, [], False),
    "wrong": Case("GET", "/fx/executions", 401, None, [("X-API-KEY", "fxk_" + "A" * 43)], False),
    "both, one wrong": Case("GET", "/fx/executions", 400, None, [bearer("fxk_" + "A" * 43)]),
    "in the query": Case("GET", f"/fx/executions?key={KEY}", 401, None, [], False),
    "Bearer with an event": Case("POST", "/fx/events", 200, SMALL, [bearer()], False),
    "Bearer in chunks": Case("POST", "/fx/events", 200, chunks(SMALL), [bearer(), *CHUNKED], False),
}
HEADERS = {
    "key twice": Case("GET", "/fx/executions", 400, None, [("X-API-KEY", KEY)] * 2, False),
    "key twice in two cases": Case("GET", "/fx/executions", 400, None,
                                   [("X-API-KEY", KEY), ("x-api-key", KEY)], False),
    "key with an underscore beside": Case(
        "GET", "/fx/executions", 200, None, [("X_API_KEY", "evil")], served=behind(LIGHTTPD, 400),
        why="Apache and nginx leave out what is no proper name; lighttpd does not, so it is refused"),
    "Bearer twice": Case("GET", "/fx/executions", 400, None, [bearer()] * 2, False,
                         served=behind(NGINX, 400), why="nginx refuses a second one itself"),
    "Idempotency-Key twice": Case("POST", "/fx/events", 200, SMALL, [
        ("Idempotency-Key", "a"), ("Idempotency-Key", "b")], served=behind(NGINX, 400),
        why="joined to one of two parts; nginx 1.22 hands both over, and which one counts?"),
    "Content-Type twice": Case("POST", "/fx/events", (200, 400, 415), SMALL,
                               [("Content-Type", "application/json")] * 2),
    "length twice": Case("POST", "/fx/events", 400, SMALL, [("Content-Length", "100")] * 2,
                         served=behind(ALL, (200, 400)), why="the same twice may be taken for once"),
    "two lengths": Case("POST", "/fx/events", 400, SMALL, [("Content-Length", "100"),
                                                           ("Content-Length", "99")],
                        served=behind(APACHE, 400),
                        why="the handler of Apache's errors is given the lengths as well"),
    "length and chunks": Case("POST", "/fx/events", 400, chunks(SMALL), [
        ("Content-Length", "100"), *CHUNKED], served=behind(APACHE, (200, 400)),
        why="Apache goes by the chunks, as RFC 9112, 6.3, lets it"),
    "Host twice": Case("GET", "/fx/executions", 400, None, [("Host", "b")]),
    "Expect": Case("POST", "/fx/events", 200, SMALL, [("Expect", "100-continue")]),
    "8 KiB": Case("GET", "/fx/executions", 200, None, [("X-Long", "x" * 8000)]),
    "15 KiB": Case("GET", "/fx/executions", 200, None, [("X-Long", "x" * 15000)]),
    "20 KiB": Case("GET", "/fx/executions", 431, None, [("X-Long", "x" * 20000)],
                   served=behind(APACHE, (400, 431)), why="Apache has 400 for it"),
    "200 headers": Case("GET", "/fx/executions", 200, None, [(f"X-{i}", "x") for i in range(200)],
                        served=behind(APACHE, (400, 431)), why="LimitRequestFields"),
    "Proxy": Case("GET", "/fx/executions", 200, None, [("Proxy", "http://evil.example")]),
    "long query": Case("GET", "/fx/executions?x=" + "x" * 7000, 200),
}
CASES = {f"{group}: {name}": case
         for group, cases in {"method": METHODS, "body": BODIES, "path": PATHS,
                              "credential": CREDENTIALS, "header": HEADERS}.items()
         for name, case in cases.items()}


def statuses(status):
    return status if isinstance(status, tuple) else (status,)


@pytest.mark.parametrize("case", CASES)
def test_request(site, name, case):
    it = CASES[case]
    key = site.key()
    headers = [(header, value.replace(KEY, key)) for header, value in it.headers]
    data = site.request(it.method, it.path.replace(KEY, key), it.body, headers,
                        key if it.key else None)
    if case == "body: no length":
        data = data.replace(b"Content-Length: 0\r\n", b"")
    reply = site.exchange(data, it.method)
    own = statuses(it.status)
    assert reply is not None, "the server hung up"
    assert reply.status in (*own, *statuses(it.served.get(name, ()) or ())), reply
    if reply.status in own and reply.status >= 400 and name not in it.served and it.method != "HEAD":
        check_problem(reply, reply.status)  # the program's own
    assert key not in str(reply.headers) + reply.body.decode("latin-1")


# What a signature is over arrives to the byte.
SIGNED = [b'{"a":1}', b'{"a":"\xc3\xa4\xf0\x9f\x98\x80"}', b'{\r\n\t"a" : 1\r\n}\r\n', b'{"a":"%s"}' % (b"x" * 100_000)]


@pytest.mark.parametrize("way", ["whole", "in chunks", "tampered with"])
def test_signature(site, name, way):
    secret = site.new_secret("github")
    for body in SIGNED:
        headers = senders.sign("github", secret.token, body)
        sent = body.replace(b"a", b"b", 1) if way == "tampered with" else body
        more = CHUNKED if way == "in chunks" else []
        reply = site.post(f"/fx/events/webhook?key={secret.id}",
                          chunks(sent, 999) if more else sent, headers=[*headers, *more], key=None)
        assert reply.status == (401 if way == "tampered with" else 200), reply


def test_entity_tags(site, name):
    """ETag comes back as If-Match, and HEAD tells it as well."""
    step = {"name": "ok", "script": "ok.sh"}
    body = {"id": f"tag-{name}", "name": f"tag-{name}", "steps": [step]}
    path = f"/api/v1/pipelines/tag-{name}"
    made = site.post("/api/v1/pipelines", body)
    assert made.status == 201 and made.headers["Location"] == path
    tag = made.headers["ETag"]
    assert site.call("HEAD", path).headers["ETag"] == tag
    for status in 200, 412:
        assert site.put(path, {"steps": [step]}, headers=[("If-Match", tag)]).status == status
    assert site.delete(path).status in (200, 204)
