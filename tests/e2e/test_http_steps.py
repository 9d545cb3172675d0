"""HTTP steps: what is sent, how replies count, and which addresses are out of reach."""
import base64
import hashlib
import hmac
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import threading
import time
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

import pytest

from harness import children_of, free_port, is_running, until
from jobs import completed, failure, make, run, runners, save

MIB = 1 << 20


# --- A server of a test's own ---

class Call:
    """A request as the server got it."""

    def __init__(self, handler, body):
        self.method, self.path = handler.command, handler.path
        self.headers = handler.headers
        self.body = body
        self.connection = handler.client_address

    def header_names(self):
        return sorted(name.lower() for name in self.headers)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        self.server.calls.append(Call(self, body))
        self.server.behave(self, len(self.server.calls))

    do_GET = do_PUT = do_POST

    def log_message(self, *_):
        pass

    def answer(self, status=200, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request, client_address):
        pass  # the other end may have hung up

    def server_bind(self):
        super().server_bind()
        self.calls = []
        self.done = threading.Event()  # for behaviours that wait until the test is over

    @property
    def port(self):
        return self.server_address[1]

    def url(self, path="/"):
        return f"http://127.0.0.1:{self.port}{path}"


@contextmanager
def serving(behave=lambda handler, n: handler.answer(), make_server=Server, address="127.0.0.1"):
    """A server on loopback that does this with each request: behave(handler, its number)."""
    if ":" in address:
        make_server = type("Server6", (make_server,), {"address_family": socket.AF_INET6})
    server = make_server((address, 0), Handler)
    server.behave = behave
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.done.set()
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def listening(behave):
    """A bare socket: behave(connection) after the request's head has come."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        over = threading.Event()

        def accept():
            while not over.is_set():
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    try:
                        while b"\r\n\r\n" not in connection.recv(65536):
                            pass
                        behave(connection)
                    except OSError:
                        pass

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            over.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


@pytest.fixture
def near(home):
    """A home whose HTTP steps may reach this machine."""
    home.configure(http={"allow": "127.0.0.0/8"})
    home.start()
    home.start_dispatcher()
    return home


def http(url, name="call", timeout=None, **members):
    step = {"name": name, "http": {"url": url, **members}}
    return {**step, "options": {"timeout": timeout}} if timeout else step


def status_server(*statuses, **headers):
    """Answers with these one after another, and with the last from then on."""
    return serving(lambda handler, n: handler.answer(statuses[min(n, len(statuses)) - 1],
                                                     **headers))


def log_of(execution):
    return execution["steps"][-1]["log"]


def clients(home):
    """The numbers of the fx-http processes."""
    return [pid for pid, command in home.processes().items() if "/fx-http " in command]


# --- What is sent ---

def test_binary_mode(near):
    payload = (b'{ "n":1.0, "text" : "gr\xc3\xbcn \\u00fc",\n '
               b'"big": 123456789012345678901234567890 }')
    with serving() as server:
        make(near, http(server.url("/hook?a=b%20c")), event="order.created")
        reply = near.post("/fx/events", b'{"event_source":"/shop one","event_type":"order.created",'
                          b'"payload":' + payload + b"}")
        execution = completed(near.wait_cid(reply.json["cid"])[0])
        call, = server.calls
    assert (call.method, call.path) == ("POST", "/hook?a=b%20c")
    assert call.body == payload
    headers = dict(call.headers)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", headers.pop("ce-time"))
    assert headers == {
        "Host": f"127.0.0.1:{server.port}", "User-Agent": headers["User-Agent"], "Accept": "*/*",
        "Content-Type": "application/json", "Content-Length": str(len(payload)),
        "ce-specversion": "1.0", "ce-id": execution["cid"], "ce-source": "/shop%20one",
        "ce-type": "order.created", "ce-correlationid": execution["cid"],
        "X-FX-Execution-Id": execution["execution_id"], "X-FX-Attempt": "1",
        "X-FX-Cid": execution["cid"]}
    assert re.fullmatch(r"fxbridge/\d+\.\d+\.\d+", headers["User-Agent"])


def outcome(home, cid):
    """The one execution of an event, which must have completed."""
    execution, = home.wait_cid(cid)
    return completed(execution)


def test_attributes(near):
    """Percent-encoded as the HTTP binding wants it; those of a sender as well."""
    event = {
        "specversion": "1.0", "id": 'a "b" 100%', "type": "job", "source": "/grün/€",
        "subject": "\U0001f600 ~!\u007e", "dataschema": "https://schema.example/x?y=%20",
        "time": "2026-01-02T03:04:05+01:00", "datacontenttype": "text/plain; charset=utf-8",
        "number": 42, "flag": True, "traceparent": "00-ab-cd-01", "data": "grün"}
    with serving() as server:
        make(near, http(server.url()), event="job")
        reply = near.post("/fx/events", json.dumps(event).encode(),
                          headers=[("Content-Type", "application/cloudevents+json")])
        assert reply.status == 200, reply
        outcome(near, reply.json["cid"])
        call, = server.calls
    headers = {name: value for name, value in call.headers.items() if name.startswith("ce-")}
    assert headers.pop("ce-correlationid") == reply.json["cid"]
    assert headers == {
        "ce-specversion": "1.0", "ce-id": "a%20%22b%22%20100%25", "ce-type": "job",
        "ce-source": "/gr%C3%BCn/%E2%82%AC", "ce-subject": "%F0%9F%98%80%20~!~",
        "ce-dataschema": "https://schema.example/x?y=%2520", "ce-time": "2026-01-02T03:04:05+01:00",
        "ce-number": "42", "ce-flag": "true", "ce-traceparent": "00-ab-cd-01"}
    for name, value in headers.items():
        if name not in ("ce-number", "ce-flag"):
            assert unquote(value) == event[name[3:]]
    assert call.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert call.body == "grün".encode()


@pytest.mark.parametrize("content_type, body", [
    ("application/octet-stream", bytes(range(256))),
    ("application/octet-stream", b""),
    ("image/png", b"\x89PNG\r\n\x1a\n"),
    ("application/json", b"null"),
])
def test_data_of_any_kind(near, content_type, body):
    """Byte for byte, under its own media type."""
    with serving() as server:
        make(near, http(server.url()), event="job")
        post = near.post("/fx/events", body, headers=[
            ("ce-specversion", "1.0"), ("ce-id", "1"), ("ce-source", "/t"), ("ce-type", "job"),
            ("Content-Type", content_type)])
        assert post.status == 200, post
        outcome(near, post.json["cid"])
        call, = server.calls
    assert call.body == body
    assert call.headers["Content-Type"] == content_type
    assert call.headers["Content-Length"] == str(len(body))


def test_event_without_data(near):
    """And without a media type: none is made up."""
    event = {"specversion": "1.0", "id": "1", "type": "job", "source": "/t"}
    with serving() as server:
        make(near, http(server.url()), event="job")
        reply = near.post("/fx/events", json.dumps(event).encode(),
                          headers=[("Content-Type", "application/cloudevents+json")])
        outcome(near, reply.json["cid"])
        call, = server.calls
    assert call.body == b""
    assert call.headers["Content-Type"] is None


def test_structured_mode(near):
    with serving() as server:
        execution = completed(run(near, http(server.url(), mode="structured"),
                                  payload={"n": 1.0, "text": "ü"}))
        call, = server.calls
    assert call.headers["Content-Type"] == "application/cloudevents+json; charset=utf-8"
    assert not [name for name in call.header_names() if name.startswith("ce-")]
    assert call.headers["X-FX-Execution-Id"] == execution["execution_id"]
    event = json.loads(call.body)
    assert event["id"] == event["correlationid"] == execution["cid"]
    assert event["type"] == execution["event_type"]
    assert event["data"] == {"n": 1.0, "text": "ü"}


def test_emitted_event(near):
    """Says what it follows from, and its topic."""
    with serving() as server:
        make(near, {"name": "one", "publish": {
            "event_type": "second", "payload": 1, "topic": "else.where"}}, event="first")
        make(near, http(server.url()), event="else.where")
        parent, child = near.wait_cid(near.post_event("first")["cid"])
        completed(child)
        call, = server.calls
    assert call.headers["ce-causationid"] == parent["execution_id"]
    assert call.headers["ce-correlationid"] == parent["cid"]
    assert call.headers["ce-topic"] == "else.where"
    assert call.headers["ce-id"] != parent["cid"]


def test_headers_of_the_step(near):
    """All but those that the bridge gives itself."""
    own = {"Authorization": "Bearer x y", "X-Empty": "", "X-Own": "a: b; c", "Accept": "text/plain",
           "User-Agent": "me", "X-Text": "grün", "webhook-id": "mine", "content-Type": "text/evil",
           "CE-id": "evil", "ce-own": "evil", "x-fx-attempt": "99", "X-FX-Own": "evil"}
    with serving() as server:
        completed(run(near, http(server.url(), headers=own), payload=1))
        call, = server.calls
    assert call.headers["Authorization"] == "Bearer x y"
    assert call.headers["X-Empty"] == ""
    assert call.headers["X-Own"] == "a: b; c"
    assert call.headers["X-Text"].encode("latin-1").decode() == "grün"
    assert call.headers.get_all("Accept") == ["text/plain"]
    assert call.headers.get_all("User-Agent") == ["me"]
    assert call.headers.get_all("webhook-id") == ["mine"]  # it is not signed
    assert call.headers.get_all("Content-Type") == ["application/json"]
    assert call.headers.get_all("X-FX-Attempt") == ["1"]
    assert "evil" not in str(call.headers)


def test_large_payload(near):
    """At once: no wait for a "100 Continue" that the server may never send."""
    with serving() as server:
        completed(run(near, http(server.url()), payload="x" * (MIB - 1000)))
        call, = server.calls
    assert call.body == b'"' + b"x" * (MIB - 1000) + b'"'
    assert call.headers["Expect"] is None


def expected_signature(call, key):
    head = f"{call.headers['webhook-id']}.{call.headers['webhook-timestamp']}."
    signed = head.encode() + call.body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


KEY = bytes(range(24, 56))


@pytest.mark.parametrize("prefix", ["", "whsec_"])
@pytest.mark.parametrize("mode", ["binary", "structured"])
def test_signature(near, prefix, mode):
    """As Standard Webhooks has it; the id stays the same when it is tried again."""
    secret = prefix + base64.b64encode(KEY).decode()
    with status_server(500, 200) as server:
        make(near, http(server.url(), secret=secret, mode=mode, headers={"webhook-id": "mine"}),
             event="job", retry={"limit": 1, "delay": 0})
        execution = outcome(near, near.post_event("job", {"a": "ü"})["cid"])
        first, second = server.calls
    for call in (first, second):
        assert call.headers.get_all("webhook-id") == [execution["execution_id"]]
        assert abs(int(call.headers["webhook-timestamp"]) - time.time()) < 60
        assert call.headers.get_all("webhook-signature") == [expected_signature(call, KEY)]
    assert second.headers["X-FX-Attempt"] == "2"


def test_signature_that_is_published(near):
    """With the secret of the Standard Webhooks reference libraries."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    with serving() as server:
        completed(run(near, http(server.url(), secret=secret), payload=[1]))
        call, = server.calls
    assert call.headers["webhook-signature"] == expected_signature(
        call, base64.b64decode(secret[6:]))


@pytest.mark.parametrize("secret", ["a shared secret", "s", "p\u00e4sswort", "abd=", "whsec"])
def test_secret_that_is_not_base64(near, secret):
    """Is the key as it stands."""
    with serving() as server:
        completed(run(near, http(server.url(), secret=secret)))
        call, = server.calls
    assert call.headers["webhook-signature"] == expected_signature(call, secret.encode())


def test_no_secret_no_signature(near):
    with serving() as server:
        completed(run(near, http(server.url())))
        call, = server.calls
    assert not [name for name in call.header_names() if name.startswith("webhook-")]


# --- How replies count ---

@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_success(near, status):
    with status_server(status) as server:
        execution = completed(run(near, http(server.url())))
        assert len(server.calls) == 1
    assert log_of(execution) == f"HTTP {status}\n"
    assert execution["steps"][0]["exit_code"] is None


def test_reply_is_kept_and_not_merged(near):
    """It is the step's log; the execution's data is what scripts save."""
    body = '{"a": 1, "text": "grün"}\n'
    with serving(lambda handler, n: handler.answer(200, body.encode())) as server:
        execution = completed(run(near, save(b=2), http(server.url())))
    assert log_of(execution) == "HTTP 200\n" + body
    assert execution["data"] == {"b": 2}


@pytest.mark.parametrize("status", [404, 408, 409, 429, 500, 502, 503, 504, 599])
def test_tried_again(near, status):
    with status_server(status) as server:
        execution = run(near, http(server.url()), retry={"limit": 2, "delay": 0})
        assert len(server.calls) == 3
    assert failure(execution) == f"step call: was answered with HTTP {status}"
    assert execution["attempt"] == 3
    assert log_of(execution) == f"HTTP {status}\n"


@pytest.mark.parametrize("status", [400, 401, 403, 405, 410, 413, 415, 418, 422])
def test_given_up(near, status):
    with status_server(status) as server:
        execution = run(near, http(server.url()), retry={"limit": 2, "delay": 0})
        assert len(server.calls) == 1
    assert failure(execution) == f"step call: was answered with HTTP {status}"


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
def test_redirects_are_not_followed(near, status):
    with serving() as target:
        with status_server(status, Location=target.url()) as server:
            execution = run(near, http(server.url()), retry={"limit": 2, "delay": 0})
            assert len(server.calls) == 1
        assert not target.calls
    assert failure(execution) == (
        f"step call: was answered with HTTP {status}, and redirects are not followed")


def test_until_it_works(near):
    with status_server(500, 503, 429, 200) as server:
        execution = completed(run(near, http(server.url()), retry={"limit": 5, "delay": 0}))
        assert [call.headers["X-FX-Attempt"] for call in server.calls] == ["1", "2", "3", "4"]
    assert execution["attempt"] == 4


def test_steps_after_a_failure_are_not_run(near):
    with status_server(400) as server:
        execution = run(near, http(server.url()), http(server.url(), name="two"))
        assert len(server.calls) == 1
    assert [step["status"] for step in execution["steps"]] == ["failed", "pending"]


def retry_after_header(value):
    """Text as it is, and a number as the date so many seconds from now."""
    if isinstance(value, str):
        return value
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + value))


@pytest.mark.parametrize("status", [429, 503, 500])
@pytest.mark.parametrize("value, least", [("1", 1), (2.5, 1)])
def test_retry_after(near, status, value, least):
    """Longer than the pipeline itself would wait."""
    times = []

    def behave(handler, n):
        times.append(time.monotonic())
        handler.answer(status if n == 1 else 200, Retry_After=retry_after_header(value))

    with serving(behave) as server:
        completed(run(near, http(server.url()), retry={"limit": 1, "delay": 0, "max_delay": 60}))
    assert least - 0.1 <= times[1] - times[0] < 10


@pytest.mark.parametrize("value", [
    "100000", "99999999999999999999", 100000, "nonsense", "-5", "", -100000])
def test_retry_after_beyond_bounds(near, value):
    """No longer than the pipeline's max_delay, whatever it says."""
    with status_server(503, 200, Retry_After=retry_after_header(value)) as server:
        execution = completed(run(near, http(server.url()),
                                  retry={"limit": 1, "delay": 0, "max_delay": 0.2}))
        assert len(server.calls) == 2
    assert execution["attempt"] == 2


def test_retry_after_of_a_final_reply(near):
    with status_server(410, Retry_After="1") as server:
        failure(run(near, http(server.url()), retry={"limit": 2, "delay": 0}))
        assert len(server.calls) == 1


# --- Servers that misbehave ---

@pytest.mark.parametrize("size", [65535, 65536, 65537, MIB])
def test_long_reply(near, size):
    """Its beginning is kept."""
    with serving(lambda handler, n: handler.answer(200, b"x" * size)) as server:
        execution = completed(run(near, http(server.url())))
    first = "HTTP 200" if size <= 65536 else "HTTP 200, cut after 65536 bytes"
    assert log_of(execution) == first + "\n" + "x" * min(size, 65536)


def test_kept_bytes(home):
    home.configure(http={"allow": "127.0.0.0/8"}, step={"response_bytes": 5})
    home.start()
    home.start_dispatcher()
    with serving(lambda handler, n: handler.answer(200, b"0123456789")) as server:
        execution = completed(run(home, http(server.url())))
    assert log_of(execution) == "HTTP 200, cut after 5 bytes\n01234"


def endless(handler, n, status=200, chunked=False):
    """A gigabyte, unless the other end has had enough."""
    handler.send_response(status)
    if chunked:
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        piece = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    else:
        handler.send_header("Content-Length", str(1 << 30))
        handler.end_headers()
        piece = b"x" * 65536
    handler.server.sent = 0
    for _ in range(1 << 14):
        handler.wfile.write(piece)
        handler.server.sent += len(piece)


@pytest.mark.parametrize("chunked", [False, True])
def test_endless_reply(near, chunked):
    with serving(lambda handler, n: endless(handler, n, chunked=chunked)) as server:
        execution = run(near, http(server.url()), retry={"limit": 2, "delay": 0})
        assert len(server.calls) == 1
        assert server.sent < 64 * MIB
    assert failure(execution) == "step call: was answered with HTTP 200 and more than 1048576 bytes"
    assert len(log_of(execution)) < 66000
    for pid in clients(near):
        assert peak_kib(pid) < 64 << 10


def peak_kib(pid):
    with open(f"/proc/{pid}/status") as status:
        return int(re.search(r"VmHWM:\s+(\d+)", status.read())[1])


def test_endless_error(near):
    """Its status says whether to try again."""
    with serving(lambda handler, n: endless(handler, n, 503) if n == 1 else
                 handler.answer()) as server:
        execution = completed(run(near, http(server.url()), retry={"limit": 2, "delay": 0}))
    assert execution["attempt"] == 2


def test_never_answers(near):
    with serving(lambda handler, n: handler.server.done.wait(60)) as server:
        execution = run(near, http(server.url(), timeout=0.3))
        assert len(server.calls) == 1
    assert failure(execution) == "step call: had no reply within 0.3 seconds and was given up"
    assert 0.3 <= execution["steps"][0]["seconds"] < 5
    assert log_of(execution) == ""


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_never_reads(near, scheme):
    """Nor accepts: neither what is sent nor a handshake goes anywhere."""
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        execution = run(near, http(f"{scheme}://127.0.0.1:{deaf.getsockname()[1]}/", timeout=0.3),
                        payload="x" * 900000)
    assert failure(execution) == "step call: had no reply within 0.3 seconds and was given up"
    assert execution["steps"][0]["seconds"] < 5


def drip(handler, n):
    """A byte now and then, so that it is never quite silent."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000000")
    handler.end_headers()
    while not handler.server.done.wait(0.02):
        handler.wfile.write(b"x")
        handler.wfile.flush()


def test_slow(near):
    """The timeout is for the whole of it."""
    with serving(drip) as server:
        execution = run(near, http(server.url(), timeout=0.5))
    assert failure(execution) == "step call: had no reply within 0.5 seconds and was given up"
    assert execution["steps"][0]["seconds"] < 5


def test_timeout_is_tried_again(near):
    def behave(handler, n):
        if n == 1:
            handler.server.done.wait(60)
        else:
            handler.answer()

    with serving(behave) as server:
        execution = completed(run(near, http(server.url(), timeout=0.3),
                                  retry={"limit": 1, "delay": 0}))
    assert execution["attempt"] == 2


def test_timeout_of_the_whole_execution(near):
    with serving(lambda handler, n: handler.server.done.wait(60)) as server:
        execution = run(near, http(server.url(), timeout=60), timeout=0.4)
    assert failure(execution) == (
        "step call: was given up when the execution's 0.4 seconds were over")


@pytest.mark.parametrize("reply", [
    b"",
    b"HTTP/1.1 200 OK\r\nContent-Le",
    b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n",
    b"hello\n",
    b"HTTP/9.9 xyz\r\n\r\n",
    b"\x00" * 1000,
], ids=range(8))
def test_closes_early(near, reply):
    """A connection that ends in the middle of the reply is no reply, and it is tried again."""
    with listening(lambda connection: connection.sendall(reply)) as port:
        execution = run(near, http(f"http://127.0.0.1:{port}/"), retry={"limit": 1, "delay": 0})
    assert failure(execution).startswith("step call: had no reply: ")
    assert execution["attempt"] == 2
    assert log_of(execution) == ""


def test_reply_without_length(near):
    """Until the connection ends, as in HTTP/1.0."""
    with listening(lambda c: c.sendall(b"HTTP/1.0 200 OK\r\n\r\nhello")) as port:
        execution = completed(run(near, http(f"http://127.0.0.1:{port}/")))
    assert log_of(execution) == "HTTP 200\nhello"


@pytest.mark.parametrize("reply", [
    b"HTTP/1.1 200 OK\r\n" + b"X-Long: " + b"x" * 10000000 + b"\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 3000000 + b"\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n" * 1000000,
], ids=["one", "many", "continue"])
def test_endless_headers(near, reply):
    """However it ends, it does so soon and in little memory."""
    with listening(lambda connection: connection.sendall(reply)) as port:
        execution = run(near, http(f"http://127.0.0.1:{port}/", timeout=5))
    assert execution["status"] in ("failed", "completed")
    for pid in clients(near):
        assert peak_kib(pid) < 64 << 10


def test_line_that_goes_on_where_nothing_was_begun(near):
    """A reply's first header goes on with that of the reply before, which is gone. fx-http stays."""
    def behave(handler, n):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n" + (b"X-Long: a\r\n", b" b: c\r\n")[n % 2] +
                            b"Content-Length: 0\r\n\r\n")

    with serving(behave) as server:
        make(near, http(server.url()), event="job", scale={"max": 1}, retry={"limit": 0})
        statuses, seen = [], set()
        for _ in range(6):
            execution, = near.wait_cid(near.post_event("job")["cid"])
            statuses.append(execution["status"])
            seen.update(clients(near))
    assert statuses == ["failed", "completed"] * 3
    assert len(seen) == 1


def test_nobody_listens(near):
    execution = run(near, http(f"http://127.0.0.1:{free_port()}/"), retry={"limit": 1, "delay": 0})
    assert re.match(r"step call: had no reply: .*(refused|connect)", failure(execution))
    assert execution["attempt"] == 2


def test_no_such_name(near):
    execution = run(near, http("http://nobody.invalid/"))
    assert "step call: had no reply: Could not resolve host: nobody.invalid" == failure(execution)


def test_not_https(near):
    with serving() as server:
        execution = run(near, http(f"https://127.0.0.1:{server.port}/"))
        assert not server.calls
    assert failure(execution).startswith("step call: had no reply: ")


def test_certificate_that_nobody_vouches_for(near, tmp_path):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1",
                    "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
                    "-keyout", tmp_path / "key", "-out", tmp_path / "crt"],
                   check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "crt", tmp_path / "key")

    class Secure(Server):
        def get_request(self):
            connection, address = super().get_request()
            return context.wrap_socket(connection, server_side=True,
                                       do_handshake_on_connect=False), address

    with serving(make_server=Secure) as server:
        execution = run(near, http(f"https://127.0.0.1:{server.port}/"))
        assert not server.calls
    assert "certificate" in failure(execution)


# --- Addresses that are out of reach ---

# Whoever writes definitions is not told which addresses the names in here have; the log is.
REFUSED = ("step call: the address of its host is not allowed, as it is not public; the log names "
           "it, and the setting [http] allow opens it")
LOGGED = "the address {} is not allowed; add it to allow in [http] of fx.conf"


@pytest.mark.parametrize("host, address", [
    ("127.0.0.1", "127.0.0.1"),
    ("127.1", "127.0.0.1"),
    ("2130706433", "127.0.0.1"),
    ("0x7f.1", "127.0.0.1"),
    ("0x7f000001", "127.0.0.1"),
    ("0177.0.0.1", "127.0.0.1"),
    ("127.255.255.254", "127.255.255.254"),
    ("0.0.0.0", "0.0.0.0"),
    ("0", "0.0.0.0"),
    ("[::]", "::"),
    ("[::1]", "::1"),
    ("[0:0:0:0:0:0:0:1]", "::1"),
    ("[::ffff:127.0.0.1]", "::ffff:127.0.0.1"),
    ("[::ffff:7f00:1]", "::ffff:127.0.0.1"),
    ("[::127.0.0.1]", "::127.0.0.1"),
    ("10.0.0.1", "10.0.0.1"),
    ("172.31.255.255", "172.31.255.255"),
    ("192.168.0.1", "192.168.0.1"),
    ("169.254.169.254", "169.254.169.254"),
    ("[fe80::1]", "fe80::1"),
    ("[fd00:ec2::254]", "fd00:ec2::254"),
    ("[64:ff9b::7f00:1]", "64:ff9b::7f00:1"),
    ("224.0.0.1", "224.0.0.1"),
    ("255.255.255.255", "255.255.255.255"),
    ("100.64.0.1", "100.64.0.1"),
    ("0300.0250.0.1", "192.168.0.1"),
    ("0x0a000001", "10.0.0.1"),
    ("0x7f.0x0.0x0.0x1", "127.0.0.1"),
    ("127.0.0.01", "127.0.0.1"),
    ("[::ffff:0a00:1]", "::ffff:10.0.0.1"),
    ("[2002:7f00:1::]", "2002:7f00:1::"),
    ("[2001::1]", "2001::1"),
    ("[fc00::1]", "fc00::1"),
    ("[fec0::1]", "fec0::1"),
    ("[ff02::1]", "ff02::1"),
])
def test_refused(live, host, address):
    """By default everything that is not public, in whatever spelling."""
    with serving() as server:
        execution = run(live, http(f"http://{host}:{server.port}/"),
                        retry={"limit": 2, "delay": 0})
        assert not server.calls
    assert failure(execution) == REFUSED
    assert LOGGED.format(address) in live.logs()
    assert execution["attempt"] == 1


def test_name_of_a_refused_address(live):
    with serving() as server:
        execution = run(live, http(f"http://localhost:{server.port}/"))
        assert not server.calls
    assert failure(execution) == REFUSED
    assert any(LOGGED.format(a) in live.logs() for a in ("127.0.0.1", "::1"))
    told = live.get(f"/fx/executions/{execution['execution_id']}").body
    assert b"127.0.0.1" not in told and b"::1" not in told


def test_name_of_an_allowed_address(near):
    """Also where the name stands for another address that is not."""
    with serving() as server:
        completed(run(near, http(f"http://localhost:{server.port}/")))
        assert len(server.calls) == 1


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f.1", "127.0.0.2"])
def test_spellings_of_an_allowed_address(near, host):
    with serving(address="0.0.0.0") as server:
        completed(run(near, http(f"http://{host}:{server.port}/")))
        assert len(server.calls) == 1


@pytest.mark.parametrize("host", ["[::1]", "[::ffff:127.0.0.1]", "10.0.0.1", "0.0.0.0"])
def test_allowing_one_network_allows_no_other(near, host):
    with serving(address="0.0.0.0") as server:
        execution = run(near, http(f"http://{host}:{server.port}/"))
        assert not server.calls
    assert "is not allowed" in failure(execution)


def has_ipv6():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        return True
    except OSError:
        return False


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
def test_allowed_ipv6(home):
    home.configure(http={"allow": "10.0.0.0/8,\n    ::1/128,\n    127.0.0.1"})
    home.start()
    home.start_dispatcher()
    with serving(address="::1") as server:
        completed(run(home, http(f"http://[::1]:{server.port}/")))
        assert len(server.calls) == 1


def test_redirect_to_a_refused_address(near):
    """Is not followed, and so reaches nothing."""
    with status_server(302, Location="http://169.254.169.254/") as server:
        assert "HTTP 302" in failure(run(near, http(server.url())))


def test_allow_that_is_none(home):
    """The dispatcher says so before it starts anything."""
    home.configure(http={"allow": "127.0.0.0/8, 10.0.0.0/33"})
    home.start()
    with pytest.raises(AssertionError, match="the dispatcher ended"):
        home.start_dispatcher()
    assert home.dispatcher.returncode == 100
    home.dispatcher = None
    assert re.search(r'/fx.conf, line \d+: allow of \[http\]: "10.0.0.0/33" is not a network such '
                     "as 10.0.0.0/8", (home.dir / "log/dispatcher.log").read_text())


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy",
                                  "ALL_PROXY"])
def test_no_proxy(home, monkeypatch, name):
    """One in the environment would be asked to connect where fx-http may not."""
    home.configure(http={"allow": "127.0.0.0/8"})
    home.start()
    with serving() as proxy, serving() as server:
        environment = home.environment
        monkeypatch.setattr(home, "environment",
                            lambda: {**environment(), name: f"http://127.0.0.1:{proxy.port}"})
        home.start_dispatcher()
        completed(run(home, http(server.url())))
        assert len(server.calls) == 1
        assert not proxy.calls


# --- The process that makes the requests ---

def test_one_process_and_one_connection(near):
    """For all executions of a runner."""
    with serving() as server:
        make(near, http(server.url()), http(server.url(), name="two"), event="job",
             scale={"max": 1})
        for _ in range(5):
            outcome(near, near.post_event("job")["cid"])
        assert len(clients(near)) == 1
        assert len(server.calls) == 10
        assert len({call.connection for call in server.calls}) == 1


def test_connection_that_was_closed_meanwhile(near):
    """Another one is made; nothing fails."""
    def behave(handler, n):
        handler.answer()
        handler.close_connection = True  # without having said so

    with serving(behave) as server:
        make(near, http(server.url()), event="job", scale={"max": 1})
        for _ in range(3):
            outcome(near, near.post_event("job")["cid"])
        assert len(server.calls) == 3


def test_none_without_http_steps(near):
    completed(run(near, save(a=1), {"name": "two", "publish": {"event_type": "other"}}))
    assert runners(near) and not clients(near)


def test_it_is_killed(near):
    """The execution fails and says so; the next has another one."""
    with serving(lambda handler, n: handler.server.done.wait(60) if n == 2 else
                 handler.answer()) as server:
        make(near, http(server.url()), event="job", scale={"max": 1})
        outcome(near, near.post_event("job")["cid"])
        pid, = clients(near)
        cid = near.post_event("job")["cid"]
        until(lambda: len(server.calls) == 2, what="it has asked")
        os.kill(pid, signal.SIGKILL)
        assert failure(near.wait_cid(cid)[0]) == (
            "step call: fx-http was killed by signal 9 (Killed)")
        outcome(near, near.post_event("job")["cid"])
        assert clients(near) not in ([], [pid])


def test_it_is_killed_between_executions(near):
    """Nobody notices."""
    with serving() as server:
        make(near, http(server.url()), event="job", scale={"max": 1})
        for _ in range(3):
            outcome(near, near.post_event("job")["cid"])
            pid, = clients(near)
            os.kill(pid, signal.SIGKILL)
            until(lambda: not is_running(pid), what="it is gone")


@pytest.mark.parametrize("how", ["stop_dispatcher", "kill_dispatcher"])
def test_ends_with_the_dispatcher(home, how):
    home.configure(http={"allow": "127.0.0.0/8"}, dispatcher={"drain_seconds": 0})
    home.start()
    home.start_dispatcher()
    with serving(lambda handler, n: handler.server.done.wait(60)) as server:
        make(home, http(server.url()), event="job")
        home.post_event("job")
        until(lambda: server.calls, what="it has asked")
        getattr(home, how)()
        until(lambda: not clients(home) and not runners(home), what="all is gone")


def test_leaves_with_its_runner(near):
    with serving() as server:
        make(near, http(server.url()), event="job",
             scale={"min": 0, "max": 1, "idle_timeout": 0.1})
        outcome(near, near.post_event("job")["cid"])
        until(lambda: not clients(near) and not runners(near), what="they are gone")


def test_cancelled(near):
    with serving(lambda handler, n: handler.server.done.wait(60)) as server:
        make(near, http(server.url()), event="job")
        cid = near.post_event("job")["cid"]
        until(lambda: server.calls, what="it has asked")
        execution, = near.get(f"/fx/cid/{cid}").json["executions"]
        reply = near.post(f"/api/v1/executions/{execution['execution_id']}/cancel")
        assert reply.status == 200, reply
        assert failure(near.wait_cid(cid)[0]) == "cancelled by request"


def test_hangup_of_a_client_that_begins(near):
    """From the first moment on SIGHUP ends no fx-http: it is for logs and settings."""
    with status_server(200) as server:
        for number in range(8):
            make(near, http(server.url()), event=f"job{number}", name=f"job{number}")
            cid = near.post_event(f"job{number}")["cid"]
            while not (found := near.get(f"/fx/cid/{cid}").json["executions"]) or \
                    found[0]["status"] not in ("completed", "failed"):
                for runner in runners(near):
                    for pid in children_of(runner):
                        with suppress(ProcessLookupError):
                            os.kill(pid, signal.SIGHUP)
            assert (found[0]["status"], found[0]["attempt"]) == ("completed", 1), found
