"""What lighttpd makes of a request before any program hears of it, and what it says where it
refuses one."""
import subprocess

import pytest

from checks import UUID, check_problem

PATH = "/fx/openapi.json"


def ask(site, *hosts, path=PATH):
    """A GET with these Host headers."""
    lines = [f"GET {path} HTTP/1.1", *[f"Host: {host}" for host in hosts], "Connection: close"]
    return site.exchange("\r\n".join([*lines, "", ""]).encode())


# Names of services in compose files and swarms, and whatever else names a machine.
HOSTS = ["fx_bridge", "fx_bridge:8080", "FX_Bridge:80", "_fx", "fx_", "my_stack_fx-bridge.1.x2_y",
         "a_b.c_d:65535", "localhost", "fx.example.", "127.0.0.1:1", "[::1]", "[::1]:8080",
         "xn--bcher-kva.example"]


@pytest.mark.parametrize("host", HOSTS)
def test_host(site, host):
    assert ask(site, host).status == 200


@pytest.mark.parametrize("hosts", [[], ["a", "b"], [""], ["a:b"], ["[::1"], ["fx_bridge:99999"]],
                         ids=str)
def test_no_host(site, hosts):
    check_problem(ask(site, *hosts), 400, "The web server refused", "Host")


def test_host_in_the_log(home):
    """A client cannot write fields of the log by what it calls the host."""
    home.start()
    ask(home, 'x" - - [01/Jan/2026:00:00:00 +0000] "GET /forged HTTP/1.1', path="/real")
    home.stop()
    line = next(line for line in (home.dir / "log/access.log").read_text().splitlines()
                if "/real" in line)
    assert r'x\" - - [01' in line


REFUSED = {
    "a GET with a body": (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n1", 400, "a GET has"),
    "a header's name with a blank": (b"GET / HTTP/1.1\r\nHost: a\r\nA b: 1\r\n\r\n", 400, "a header"),
    "a length that is none": (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", 400, "length"),
    "two lengths": (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked"
                    b"\r\n\r\n", 400, "length"),
    "no path": (b"GET x HTTP/1.1\r\nHost: a\r\n\r\n", 400, "first line"),
    "too many headers": (b"GET / HTTP/1.1\r\nHost: a\r\nA: " + b"x" * 20000 + b"\r\n\r\n", 431,
                         "headers"),
    "a method of no one": (b"BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501, "method"),
    "a coding of no one": (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: x\r\n\r\n", 501,
                           "Transfer-Encoding"),
    "a version of no one": (b"GET / HTTP/3.1\r\nHost: a\r\n\r\n", 505, "version"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_names_the_cause(site, case):
    data, status, part = REFUSED[case]
    check_problem(site.exchange(data), status, "The web server refused this request", part)


# --- HTTP/2 ---

def curl(site, *options, body=b'{"a": 1}'):
    """Sends a generic event by curl: its exit status, the reply's body, its status and version."""
    url = f"http://127.0.0.1:{site.port}/fx/events/generic"
    done = subprocess.run(
        ["curl", "-sS", "-w", "\n%{http_code} %{http_version}", "-H", f"X-API-KEY: {site.key()}",
         "-H", "Content-Type: application/json", *options, url], input=body, capture_output=True,
        timeout=60)
    return done.returncode, done.stdout.decode()


UPLOADS = {"with a length": ["-d", "@-"], "without a length": ["-X", "POST", "-T", "-"]}


@pytest.mark.parametrize("upload", UPLOADS)
def test_http2_is_off(site, upload):
    """A client that begins with HTTP/2 unasked is hung up on, whatever it sends, each time."""
    for _ in range(6):
        status, said = curl(site, "--http2-prior-knowledge", *UPLOADS[upload])
        assert status and said.endswith("000 0"), said


@pytest.mark.parametrize("upload", UPLOADS)
@pytest.mark.parametrize("version", ["--http2", "--http1.1"])
def test_a_client_that_asks_for_http2_is_served(site, version, upload):
    """With HTTP/1.1: an offer to change need not be taken up (RFC 9110, section 7.8)."""
    status, said = curl(site, version, *UPLOADS[upload])
    body, _, end = said.rpartition("\n")
    assert status == 0 and end == "200 1.1"
    assert UUID.search(body)
