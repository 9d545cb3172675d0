"""raw - a FastCGI client that can stop half way.

Speaks to the socket of a program directly, without a web server, for peers
that no web server would be: slow, broken, gone. FastCGI 1.0, section 3.3.
"""
import socket
import struct

BEGIN_REQUEST, END_REQUEST, PARAMS, STDIN, STDOUT, STDERR = 1, 3, 4, 5, 6, 7
RESPONDER = 1
RECORD_MAX = 65535


def record(kind, content=b""):
    """One record. The caller keeps to the length that a record may have."""
    return struct.pack("!BBHHBB", 1, kind, 1, len(content), 0, 0) + content


def stream(kind, content):
    """A whole stream: records as large as they may be, and the empty one that ends it."""
    parts = [content[i:i + RECORD_MAX] for i in range(0, len(content), RECORD_MAX)]
    return b"".join(record(kind, part) for part in parts) + record(kind)


def begin():
    return record(BEGIN_REQUEST, struct.pack("!HB5x", RESPONDER, 0))


def length(n):
    return struct.pack("!B", n) if n < 128 else struct.pack("!I", n | 1 << 31)


def pairs(variables):
    """CGI variables as name-value pairs."""
    out = b""
    for name, value in variables.items():
        name, value = name.encode(), value.encode()
        out += length(len(name)) + length(len(value)) + name + value
    return out


def variables(method, path, body=None, **more):
    """A request's variables as a web server would send them; those that are None are left out."""
    given = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": path,
        "REQUEST_URI": path,
        "QUERY_STRING": "",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body or b"")),
        **more,
    }
    return {name: value for name, value in given.items() if value is not None}


def connect(path, timeout=20):
    peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    peer.settimeout(timeout)
    peer.connect(path)
    return peer


def read_reply(peer):
    """Reads to the end of the connection: what came on STDOUT, and whether END_REQUEST came."""
    data, out, ended = b"", b"", False
    while part := peer.recv(65536):
        data += part
    while len(data) >= 8:
        _, kind, _, size, padding, _ = struct.unpack("!BBHHBB", data[:8])
        if kind == STDOUT:
            out += data[8:8 + size]
        ended = ended or kind == END_REQUEST
        data = data[8 + size + padding:]
    return out, ended


def records(given, body=b"", size=8192):
    """A request as mod_proxy_fcgi sends it: record by record, the body in small ones."""
    parts = [body[i:i + size] for i in range(0, len(body), size)]
    return [begin(), record(PARAMS, pairs(given)), record(PARAMS),
            *(record(STDIN, part) for part in parts), record(STDIN)]


def request(path, given, body=b""):
    """Sends a whole request on its own connection. Returns what came back, as read_reply does."""
    with connect(path) as peer:
        peer.sendall(begin() + stream(PARAMS, pairs(given)) + stream(STDIN, body))
        return read_reply(peer)


def send(path, data):
    """Sends the bytes of a whole request. Returns the reply, which must have come to its end."""
    with connect(path) as peer:
        peer.sendall(data)
        out, ended = read_reply(peer)
    assert ended, out
    return out
