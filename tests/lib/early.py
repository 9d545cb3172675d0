"""early - requests that can be answered before their bodies have come."""

EVENT = b'{"event_source":"early","event_type":"early.event","payload":"%s"}'
SMALL = EVENT % b"x"
LARGE = EVENT % (b"x" * 250_000)
TOO_LARGE = EVENT % (b"x" * 3_000_000)
CHUNKED = [("Transfer-Encoding", "chunked")]


def in_chunks(body):
    parts = [body[i:i + 50_000] for i in range(0, len(body), 50_000)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


# Name: method, path, body, options of a request, and the status of its reply.
KINDS = {
    "unknown path": ("GET", "/fx/nope", None, {}, 404),
    "unknown path with a body": ("POST", "/fx/events/nope", LARGE, {}, 404),
    "wrong method": ("PATCH", "/fx/events", bytes(300_000), {}, 405),
    "no key": ("POST", "/fx/events", LARGE, {"key": None}, 401),
    "no key, too large": ("POST", "/fx/events", TOO_LARGE, {"key": None}, 413),
    "too large": ("POST", "/fx/events", TOO_LARGE, {}, 413),
    "too large, in chunks": ("POST", "/fx/events", in_chunks(TOO_LARGE), {"headers": CHUNKED}, 413),
    "in chunks": ("POST", "/fx/events", in_chunks(LARGE), {"headers": CHUNKED}, 200),
    "wrong type": ("POST", "/api/v1/pipelines", LARGE, {"headers": [("Content-Type", "text/plain")]},
                   415),
    "large event": ("POST", "/fx/events", LARGE, {}, 200),
    "event": ("POST", "/fx/events", SMALL, {}, 200),
}
