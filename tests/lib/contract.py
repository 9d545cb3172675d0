"""contract - holds replies against schema/openapi.yaml.

    check_exchange(request, reply)    the bytes of a request, and what came back
    check_discreet(reply, …)          nothing in it that is nobody's business

A reply fails that the document does not know: its route, status, content type,
a header, a member of its body; or that lacks what the document promises. There
objects are closed here, while clients are to expect further members. A request
that was granted fails when the document says it is not acceptable.

All files of schema/ are put into one document, each under its name, so that a
reference is a place in it and no validator has to look for files.
"""
import functools
import http.client
import io
import json
import re
from pathlib import Path
from urllib.parse import unquote

import jsonschema
import yaml

from checks import MACHINE

SCHEMA = Path(__file__).resolve().parents[2] / "schema"
API = "openapi.yaml"

# What the web server in front answers by itself. If it answered 500, the defect would be ours.
FRONT_END = {400, 405, 408, 411, 413, 414, 417, 431, 501, 502, 503, 504, 505}
# Headers that belong to HTTP or to the web server.
FRONT_END_HEADERS = {"connection", "content-length", "content-type", "date", "keep-alive", "server",
                     "transfer-encoding"}


def pointer_of(file, reference):
    """Where a $ref in a file leads, as a pointer into the whole: "#/file/…"."""
    name, _, place = reference.partition("#")
    return f"#/{name or file}{place}"


def walk(node, path=()):
    """All objects within a document, with their places."""
    if isinstance(node, dict):
        yield path, node
    for key, value in (node.items() if isinstance(node, dict) else
                       enumerate(node) if isinstance(node, list) else ()):
        yield from walk(value, (*path, key))


def is_example(path):
    return bool({"example", "examples", "default", "const", "enum"} & set(path))


def load():
    files = {path.name: json.loads(path.read_bytes()) for path in SCHEMA.glob("*.schema.json")}
    # YAML aliases are one object in many places; they are taken apart before anything changes.
    files[API] = json.loads(json.dumps(yaml.safe_load((SCHEMA / API).read_bytes())))
    for name, document in files.items():
        for path, node in walk(document):
            if is_example(path):
                continue
            if isinstance(node.get("$ref"), str):
                node["$ref"] = pointer_of(name, node["$ref"])
            if node.get("type") == "object" and "properties" in node:
                node.setdefault("additionalProperties", False)
    return files


FILES = load()


def at(pointer):
    """The value at a pointer. KeyError or IndexError when there is none."""
    node = FILES
    for part in pointer.split("/")[1:]:
        part = unquote(part).replace("~1", "/").replace("~0", "~")
        node = node[int(part)] if isinstance(node, list) else node[part]
    return node


def resolve(node):
    while "$ref" in node:
        node = at(node["$ref"])
    return node


@functools.lru_cache(maxsize=None)
def validator(schema):
    """The validator of a schema, which is given as JSON text, since text can be a key."""
    return jsonschema.Draft202012Validator({**FILES, **json.loads(schema)})


def faults(schema, value):
    """What is wrong with a value, one line for each fault."""
    errors = validator(json.dumps(schema)).iter_errors(value)
    return [f"{error.json_path}: {error.message[:300]}" for error in errors]


def is_valid(schema, value):
    faulty = faults(schema, value)
    assert not faulty, "\n".join(["not as the contract says:", *faulty])


# --- Routes ---

METHODS = ("get", "post", "put", "delete", "patch", "head", "options")


def operations():
    """{(method, path): operation} of everything that is documented."""
    return {(method.upper(), path): item[method] for path, item in FILES[API]["paths"].items()
            for method in METHODS if method in item}


OPERATIONS = operations()
PATTERNS = {path: re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)))
            for path in FILES[API]["paths"]}


def route(path):
    """The documented path that a path without its query belongs to, or None."""
    if len(path) > 1 and path.endswith("/"):
        path = path[:-1]
    return next((known for known, pattern in PATTERNS.items() if pattern.fullmatch(path)), None)


def component(name):
    return FILES[API]["components"]["responses"][name]


def is_front_end(status, body):
    """Has the web server refused the request, so that a program only worded the reply? By the first
    sentence: a second one names the cause."""
    content = component("WebServer")["content"]["application/problem+json"]
    details = {example["value"]["detail"].partition(". ")[0]
               for example in content["examples"].values()}
    return status in FRONT_END and any(detail.encode() in body for detail in details)


def expected(method, path, status):
    """The documented response that a reply must be like; None where nothing is documented."""
    plain = not re.search(r"%|//|/\.", path)
    known = route(path) or route(unquote(path))
    operation = OPERATIONS.get(("GET" if method == "HEAD" else method, known))
    if operation and str(status) in operation["responses"]:
        return resolve(operation["responses"][str(status)])
    if status == 404 and (not known or not plain):
        return component("NoSuchPath")
    if status == 405 and known and not operation:
        return component("MethodNotAllowed")
    if status == 415 and operation:
        return component("UnknownCoding")
    return None


# --- Replies ---

def check_headers(response, headers):
    documented = {name.lower(): resolve(header) for name, header in response["headers"].items()}
    unknown = {name.lower() for name in headers.keys()} - documented.keys() - FRONT_END_HEADERS
    assert not unknown, f"headers that are not documented: {unknown}"
    for name, header in documented.items():
        value = headers[name]
        if value is None:
            assert not header.get("required"), f"the header {name} is missing"
            continue
        whole = resolve(header["schema"]).get("type") == "integer"
        is_valid(header["schema"], int(value) if whole else value)


def check_body(response, status, headers, body):
    media = headers["Content-Type"] and headers["Content-Type"].partition(";")[0]
    if "content" not in response:
        assert media is None and not body, "a body that is not documented"
        return
    assert media in response["content"], f"{media} is not documented"
    if media in ("application/octet-stream", "text/plain", "application/openmetrics-text"):
        return  # anybody's bytes
    value = json.loads(body)
    is_valid(response["content"][media]["schema"], value)
    if media == "application/problem+json":
        assert value["status"] == status
        assert value["instance"] == headers["X-Request-Id"]


def http_headers(lines):
    """A reply's headers, from their lines."""
    return http.client.parse_headers(io.BytesIO("\r\n".join([*lines, "", ""]).encode("latin-1")))


def check(method, path, status, headers, body):
    """One reply to a request. The path is as it was sent, with its query or without."""
    path = path.partition("?")[0]
    if "X-Request-Id" not in headers:
        assert status in FRONT_END, f"{status}, by the web server"
        assert "json" not in headers.get("Content-Type", ""), "a reply of ours without X-Request-Id"
        return
    front_end = is_front_end(status, body)
    response = component("WebServer") if front_end else expected(method, path, status)
    assert response, f"{status} to {method} {path} is not documented"
    check_headers(response, headers)
    if method == "HEAD":
        assert not body
    else:
        check_body(response, status, headers, body)
    if status == 405 and not front_end:
        allowed = {known for known, at_path in OPERATIONS if at_path == route(unquote(path))}
        if "GET" in allowed:
            allowed.add("HEAD")
        assert set(headers["Allow"].split(", ")) == allowed


def check_granted(method, path, headers, body):
    """The body of a request that was granted is a body that the document allows."""
    operation = OPERATIONS.get((method, route(unquote(path.partition("?")[0]))), {})
    media = headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    offered = resolve(operation.get("requestBody", {}))
    if not offered or "ce-specversion" in headers or not media.endswith("json"):
        return
    if not body and not offered.get("required"):
        return
    content = offered["content"]
    is_valid(content.get(media, content["application/json"])["schema"], json.loads(body))


def check_exchange(request, reply):
    """The reply to the bytes of a request; None, a hang-up, promises nothing."""
    if not reply:
        return
    head, _, body = request.partition(b"\r\n\r\n")
    line, *lines = head.decode("latin-1").split("\r\n")
    method, target = [*line.split(" "), ""][:2]
    target = re.sub(r"^http://[^/]*", "", target)
    check(method, target, reply.status, reply.headers, reply.body)
    headers = {name.lower(): value.strip() for name, _, value in (l.partition(":") for l in lines)}
    if reply.status < 300 and not {"transfer-encoding", "content-encoding"} & headers.keys():
        check_granted(method, target, headers, body)


# --- What no reply holds ---

# Members that are a step's or a sender's own words.
SAID_BY_STEPS = {"log", "data", "payload"}


def without(node, members):
    """A JSON value without these members, however deep they are."""
    if isinstance(node, dict):
        return {name: without(value, members) for name, value in node.items()
                if name not in members}
    return [without(item, members) for item in node] if isinstance(node, list) else node


def check_discreet(reply, secrets, places):
    """No secret at all; and no path of the machine: no directory among `places`, and in a problem
    nothing that looks like one either."""
    text = str(reply.headers) + reply.body.decode("utf-8", "replace")
    assert not [secret for secret in secrets if secret in text], "a secret"
    media = reply.headers.get("Content-Type") or ""
    if media == "application/json" and reply.body:
        text = str(reply.headers) + json.dumps(without(reply.json, SAID_BY_STEPS))
    words = places if media == "application/json" else [*places, *MACHINE]
    found = [word for word in words if word in text]
    assert not found, f"a path of the machine: {found} in {text[:1000]}"
