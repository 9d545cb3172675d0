"""bench_home - a home with the do-nothing program beside ours, and what benchmarks do in it."""
import json
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

from harness import (BUILD, FINAL, PROJECT, START_TIMEOUT, Home, children_of, command_of, find_program,
                     free_port, until)

HERE = Path(__file__).resolve().parent
HELPERS = BUILD / "bench"  # `make bench` builds them

EVENT = "bench.event"


def event_body(event_type=EVENT, size=500):
    """An event of so many bytes, with a payload as a shop might send it."""
    lines = [{"sku": f"A-{n:04}", "quantity": n, "price": 19.5, "tags": ["new", "gift"]}
             for n in range(1, 5)]
    payload = {"order": 4711, "customer": {"name": "Zoë", "vip": True}, "lines": lines, "note": ""}
    event = {"event_source": "bench", "event_type": event_type, "payload": payload}
    payload["note"] = "x" * (size - len(as_json(event)))
    assert len(as_json(event)) == size
    return as_json(event)


def as_json(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


class Client:
    """One connection that is kept, with little between the bytes and the clock."""

    def __init__(self, home):
        self.home = home
        self.connection = None

    def send(self, method, path, body=None, headers=()):
        if not self.connection:
            self.connection = self.home.connect()
            self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connection.sendall(self.home.request(method, path, body, headers, keep=True))

    def receive(self):
        """The reply's JSON, which must be good, and when it was here (wall clock, in µs)."""
        reply = b""
        while True:
            more = self.connection.recv(1 << 16)
            now = time.time_ns() // 1000
            assert more, f"the server hung up: {reply}"
            reply += more
            head, end, body = reply.partition(b"\r\n\r\n")
            lines = head.lower().split(b"\r\n")
            length = [int(line[15:]) for line in lines if line.startswith(b"content-length:")]
            if end and length and len(body) >= length[0]:
                break
        assert lines[0].endswith(b" 200 ok"), reply
        if b"connection: close" in lines:  # the server allows so many requests a connection
            self.close()
        return json.loads(body), now

    def call(self, method, path, body=None, headers=()):
        self.send(method, path, body, headers)
        return self.receive()

    def close(self):
        if self.connection:
            self.connection.close()
            self.connection = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class BenchHome(Home):
    keeps_contract = False  # the do-nothing program is none of ours
    keeps_all = True  # a request that was not answered well is a failure

    def __init__(self):
        """On a disk, where few others lie beside it: each costs a script's start some 0.2 us.

        (Landlock's rules allow what lies beside the home, one by one: common/home/outside.h.)
        """
        super().__init__(where="/var/tmp")

    def start_with_nothing(self):
        """Starts lighttpd with the shipped configuration and, in it, the do-nothing program."""
        self.port = free_port()
        environment = {
            **self.environment(),
            "FX_PORT": str(self.port),
            "FX_CGI_BIN": str(BUILD / "cgi-bin"),
            "FX_SERVE": str(PROJECT / "lighttpd/fastcgi"),
            "FX_LIGHTTPD": str(PROJECT / "lighttpd"),
            "FX_BENCH": str(HELPERS),
        }
        self.server = self.spawn(
            [find_program("lighttpd"), "-D", "-f", HERE / "bench.conf"], environment, "start.log")
        until(lambda: self.server.poll() is not None or self._answers(), START_TIMEOUT,
              lambda: f"lighttpd answers\n{self.logs()}")
        assert self.server.poll() is None, f"lighttpd does not start\n{self.logs()}"

    def program(self, name):
        """The process id of a FastCGI program."""
        found = [pid for pid in children_of(self.server.pid) if f"/{name}" in command_of(pid)]
        assert len(found) == 1, f"{name}: {found}"
        return found[0]

    def load(self, method, path, connections, seconds, body=b"", headers=(), key=None, batch=0):
        """wrk for so long: its figures (load.lua). All its requests must have been answered well."""
        environment = {
            **os.environ, "BENCH_METHOD": method, "BENCH_BODY": body.decode(),
            "BENCH_KEY": self.key() if key is None else key,
            "BENCH_HEADERS": "\n".join(f"{name}: {value}" for name, value in headers),
            "BENCH_BATCH": str(batch),
        }
        done = subprocess.run(
            ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", HERE / "load.lua",
             f"http://127.0.0.1:{self.port}{path}"],
            env=environment, capture_output=True, text=True, timeout=seconds + 60)
        assert done.returncode == 0, done.stdout + done.stderr
        figures = json.loads(done.stdout.splitlines()[-1])
        assert figures["requests"] and not (self.keeps_all and (figures["refused"] or figures["broken"])), figures
        figures["rps"] = figures["requests"] / figures["seconds"]
        return figures

    def install(self, helper):
        """Makes a compiled helper one of the home's scripts. Its path."""
        to = self.dir / "scripts" / helper
        shutil.copy(HELPERS / helper, to)
        to.chmod(0o750)
        return to

    def run_on(self, script, event=EVENT, name=None, persistent=False, **options):
        """Starts a trigger that runs this helper for each such event. The pipeline's id."""
        if not (self.dir / "scripts" / script).exists():
            self.install(script)
        step = {"name": script, "script": script, "options": {"persistent": persistent}}
        return self.start_pipeline(name or script, step, event=event, **options)

    def start_pipeline(self, name, step, event=EVENT, **options):
        """The same for any one step."""
        pipeline_id = self.create_pipeline(name, [step], event=event, **options)
        self.start_trigger(pipeline_id, ready=self.dispatcher is not None)
        return pipeline_id

    def status(self):
        return json.loads(super().status("--json"))

    def publish(self, count, event=EVENT):
        """So many events, 50 at a time."""
        body = event_body(event)
        clients = [Client(self) for _ in range(50)]
        for left in range(count, 0, -50):
            some = clients[:left]
            for client in some:
                client.send("POST", "/fx/events", body)
            for client in some:
                client.receive()
        for client in clients:
            client.close()

    def wait_all_final(self, pipeline_id, timeout=120):
        """Waits until every event is routed and every execution final. Looks each 10 ms, cheaply."""
        deadline = time.monotonic() + timeout
        with Client(self) as client:
            while True:
                state, _ = client.call("GET", f"/api/v1/events/{pipeline_id}")
                if not state.get("pending") and not state.get("running") and self._is_all_final():
                    return
                assert time.monotonic() < deadline, f"after {timeout} s not final: {state}"
                time.sleep(0.01)

    def drain(self, pipeline_id, count):
        """Starts the dispatcher on a backlog of so many executions, which all complete. Executions/s."""
        before = self.status()["executions"]["completed"]
        begin = time.monotonic()
        self.start_dispatcher()
        self.wait_all_final(pipeline_id)
        seconds = time.monotonic() - begin
        self.stop_dispatcher()
        completed = self.status()["executions"]["completed"] - before
        assert completed == count, f"{completed} have completed"
        return count / seconds

    def _is_all_final(self):
        state = self.status()
        return (not state["events"]["waiting"] and not state["executions"]["pending"] and
                not state["executions"]["in_progress"])

    def finished(self, cid):
        """The one execution of an event, once it is final.

        Looks now and then, and the first time when all is likely to be over, since
        looking takes time from what is looked at.
        """
        time.sleep(0.05)

        def look():
            executions = self.get(f"/fx/cid/{cid}").json["executions"]
            return executions if executions and executions[0]["status"] in FINAL else None

        execution, = until(look, 30, f"{cid} is final")
        return execution

    def wait_no_instance(self, pipeline_id):
        until(lambda: not self.get(f"/api/v1/events/{pipeline_id}").json["instances"], 60,
              "all instances have left")
