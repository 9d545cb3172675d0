"""The examples that tell of a failure, as they stand: a mail, and a post to a chat."""
import json
import shutil
import socketserver
import threading
from contextlib import contextmanager

import pytest

from harness import PROJECT, until
from jobs import SH, completed, make
from test_http_steps import serving

# What a pipeline may be called, and what its script can make the error say.
NAME = 'order "mail" \\ 100%s'
FAILS = SH + "exit 7\n"


class Mailbox(socketserver.StreamRequestHandler):
    """As much of SMTP (RFC 5321) as curl speaks."""

    def handle(self):
        self.say("220 ready")
        while line := self.rfile.readline().strip():
            if line == b"DATA":
                self.say("354 go on")
                lines = iter(self.rfile.readline, b".\r\n")
                self.server.mails.append(b"".join(lines).replace(b"\r\n", b"\n").decode())
            self.say("221 bye" if line == b"QUIT" else "250 fine")
            if line == b"QUIT":
                return

    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")


@contextmanager
def mailbox():
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mailbox) as server:
        server.mails = []
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def start(home, name, **env):
    """Starts the example, with these variables where it has its own."""
    shutil.copy(PROJECT / f"examples/{name}.sh", home.dir / "scripts")
    definition = json.loads((PROJECT / f"examples/{name}.json").read_text())
    definition["options"]["env"].update(env)
    reply = home.post("/api/v1/pipelines/", definition)
    assert reply.status == 201, reply
    home.start_trigger(name, ready=True)


def told(home, teller, name=NAME):
    """Has an execution fail. That, and the one that has told of it."""
    make(home, FAILS, event="job", name=name)
    found = {e["service"]: e for e in home.wait_cid(home.post_event("job")["cid"])}
    completed(found[teller])
    return found[name], found[teller]


def test_mail(live):
    with mailbox() as box:
        start(live, "tell-mail", APP_SMTP=f"smtp://127.0.0.1:{box.server_address[1]}")
        failed, _ = told(live, "tell-mail")
    [mail] = box.mails
    head, body = mail.split("\n\n", 1)
    assert "Subject: an execution has failed" in head and "To: root@localhost" in head
    assert json.dumps(NAME)[1:-1] in body and "exited with 7" in body
    assert f"fxctl execution show {failed['execution_id']}" in body


def test_chat(live):
    with serving() as chat:
        live.fxctl("step-secret", "set", "chat-url", stdin=chat.url("/secret-path"))
        start(live, "tell-chat")
        failed, _ = told(live, "tell-chat")
    [call] = chat.calls
    text = json.loads(call.body)["text"]
    assert text.startswith(f"{NAME} has failed: ") and "exited with 7" in text
    assert text.endswith(f"\nfxctl execution show {failed['execution_id']}")


def test_chat_in_which_nobody_is_called(home):
    """Whatever a pipeline is called; and with a link where there is one."""
    name = "a <!channel> @everyone & ü"
    home.configure(web={"public_url": "https://fx.example.org/"})
    home.start()
    home.start_dispatcher()
    with serving() as chat:
        home.fxctl("step-secret", "set", "chat-url", stdin=chat.url("/secret-path"))
        start(home, "tell-chat")
        failed, teller = told(home, "tell-chat", name)
    [call] = chat.calls
    body, own = json.loads(call.body), failed["execution_id"]
    assert body["content"] == (f"{name} has failed: {failed['error']}\nfxctl execution show {own}\n"
                               f"https://fx.example.org/fx/executions/{own}")
    assert body["text"].startswith("a &lt;!channel&gt; @everyone &amp; ü has failed: ")
    assert body["allowed_mentions"] == {"parse": []}
    assert "secret-path" not in teller["steps"][0]["log"]


@pytest.mark.parametrize("name", ["tell-mail", "tell-chat"])
def test_nobody_to_tell(live, name):
    """What cannot be told fails, is tried again like any other, and is not told of."""
    live.fxctl("step-secret", "set", "chat-url", stdin="http://127.0.0.1:9/")
    start(live, name, **({"APP_SMTP": "smtp://127.0.0.1:9"} if name == "tell-mail" else {}))
    make(live, FAILS, event="job", name="bad")
    cid = live.post_event("job")["cid"]

    def has_failed():
        return [e for e in live.get(f"/fx/cid/{cid}").json["executions"]
                if e["service"] == name and e["attempts"] and e["error"]]

    [execution] = until(has_failed, what="the teller has failed once")
    assert execution["error"].endswith("exited with 7")  # which is curl's, for nobody there
