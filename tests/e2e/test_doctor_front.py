"""fxctl doctor asks the web server: each way in which one can spoil requests is told, with what to
do about it, and one that is as the shipped configurations have it is well."""
import json
import shutil
import socket
import threading

import pytest

from fronts import FRONTS, NAMES
from harness import PROJECT, find_program, free_port, until


class Spoiler:
    """A proxy that spoils the head of each request by a function, while there is one."""

    def __init__(self, port):
        self.to, self.spoil = port, None
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            try:
                with client:
                    self._pass_on(client)
            except OSError:
                pass  # doctor reads no more of a reply than it needs

    def _pass_on(self, client):
        head = b""
        while b"\r\n\r\n" not in head:
            part = client.recv(65536)
            if not part:
                return
            head += part
        answer = self.spoil(head) if self.spoil else head
        if isinstance(answer, str):
            client.sendall(answer.encode())
            return
        with socket.create_connection(("127.0.0.1", self.to)) as server:
            server.sendall(answer)
            while part := server.recv(65536):
                client.sendall(part)

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


@pytest.fixture
def spoiler(live):
    spoiler = Spoiler(live.port)
    yield spoiler
    spoiler.close()


def look(home, port, path=""):
    done = home.run_fxctl("--json", "doctor", "--url", f"http://127.0.0.1:{port}{path}")
    told = json.loads(done.stdout)
    findings = [f for check in told["checks"] for f in check["findings"]]
    return done.returncode, findings


def without(name):
    def spoil(head):
        lines = head.split(b"\r\n")
        return b"\r\n".join(line for line in lines if not line.lower().startswith(name.encode()))
    return spoil


def doubled(name):
    def spoil(head):
        lines = head.split(b"\r\n")
        return b"\r\n".join(
            line + b"\r\n" + line if line.lower().startswith(name.encode()) else line
            for line in lines)
    return spoil


def refused(method):
    return lambda head: ("HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n"
                         if head.startswith(method.encode()) else head)


def echo(head):
    if not head.startswith(b"TRACE"):
        return head
    return f"HTTP/1.1 200 OK\r\nServer: Apache\r\n\r\n{head.decode()}"


def tidied(head):
    line, _, rest = head.partition(b"\r\n")
    return line.replace(b"//", b"/") + b"\r\n" + rest


def unhealthy(head):
    if not head.startswith(b"GET /health"):
        return head
    return "HTTP/1.1 404 Not Found\r\nServer: nginx\r\nContent-Length: 0\r\n\r\n"


SPOILED = {
    "X-API-KEY is kept": (without("x-api-key"), True, "keeps X-API-KEY from the programs"),
    "X-API-KEY comes twice": (doubled("x-api-key"), True, "sends X-API-KEY on twice"),
    "Authorization is kept": (without("authorization"), True, "keeps Authorization from"),
    "Authorization comes twice": (doubled("authorization"), True, "sends Authorization on twice"),
    "no PUT": (refused("PUT"), True, "does not let PUT through"),
    "no DELETE": (refused("DELETE"), True, "does not let DELETE through"),
    "TRACE": (echo, True, "answers TRACE with the headers that came"),
    "slashes": (tidied, False, "makes one of two slashes"),
    "no health": (unhealthy, False, "does not hand /health on"),
}


@pytest.mark.parametrize("name", SPOILED)
def test_what_spoils_requests(live, spoiler, name):
    spoil, is_wrong, expected = SPOILED[name]
    assert look(live, spoiler.port) == (0, [])
    spoiler.spoil = spoil
    status, findings = look(live, spoiler.port)
    assert [f["wrong"] for f in findings if expected in f["what"]] == [is_wrong], findings
    assert status == (1 if is_wrong else 0)
    assert all(str(spoiler.port) in f["file"] and "configure it as" in f["what"] for f in findings)
    spoiler.spoil = None
    assert look(live, spoiler.port) == (0, [])


def test_nobody_answers(live):
    status, findings = look(live, free_port())
    assert status == 1 and "nothing answers at" in findings[0]["what"]
    assert "Connection refused" in findings[0]["what"]


def test_somebody_else_answers(live, spoiler):
    spoiler.spoil = lambda head: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
    status, findings = look(live, spoiler.port)
    assert status == 1 and "is no FX Bridge: /fx/openapi.json is 200" in findings[0]["what"]


def test_where_it_is_asked(live):
    """public_url of fx.conf stands for --url; what is behind TLS is not asked."""
    def state():
        told = json.loads(live.run_fxctl("--json", "doctor").stdout)
        return next(c for c in told["checks"] if c["check"] == "web server")
    assert state()["state"] == "skipped" and "--url http://" in state()["skipped"]
    live.configure(web={"public_url": f"http://127.0.0.1:{live.port}/"})
    assert state()["state"] == "well"
    live.configure(web={"public_url": "https://fx.example.org"})
    assert state()["state"] == "skipped" and "behind TLS" in state()["skipped"]


@pytest.mark.parametrize("name", NAMES)
def test_shipped_configurations_are_well(home, name):
    lacks = FRONTS[name].lacks(find_program)
    if lacks:
        pytest.skip(f"{name} is left out: {lacks}")
    home.start(name)
    home.start_dispatcher()
    assert look(home, home.port) == (0, [])


def test_line_for_apache(home, monkeypatch):
    """What Apache is missing is told as the line that it wants, which helps where it is added."""
    lacks = FRONTS["apache-cgid"].lacks(find_program)
    if lacks:
        pytest.skip(f"Apache is left out: {lacks}")
    mine = home.place / "project"
    shutil.copytree(PROJECT / "apache", mine / "apache")
    shipped = (mine / "apache/server.conf").read_text()
    (mine / "apache/server.conf").write_text(shipped.replace("    CGIPassAuth On\n", ""))
    monkeypatch.setattr("harness.PROJECT", mine)
    home.start_dispatcher()
    home.start("apache-cgid")
    status, findings = look(home, home.port)
    assert status == 1 and findings[0]["mend"] == "CGIPassAuth On"
    home.stop()
    with open(mine / "apache/server.conf", "a") as conf:
        conf.write(f'<Location "/">\n{findings[0]["mend"]}\n</Location>\n')
    home.start("apache-cgid")
    assert look(home, home.port) == (0, [])
