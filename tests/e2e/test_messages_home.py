"""What people are told of a home: each message of fxctl about the home itself, its keys and secrets,
the events that are published and checked, and command lines that are wrong, for every form.

messages_home.txt has them all, to be read as a stranger would; FX_WRITE_MESSAGES=1 writes it anew.
"""
import json
import shutil
import subprocess
from pathlib import Path

import senders
from harness import until
from jobs import SH, make
from kept import HOMES, unpack
from test_messages import Told, check_page

PAGE = Path(__file__).with_name("messages_home.txt")
UNKNOWN = "01a2178c-7fba-7622-b6e1-23b9df9813b5"
SECRET = "correct-horse-battery-staple"
AT = 1614265330
BODY = b'{"n": 1}'
GENERIC = {"header": "x-signature", "algorithm": "sha256", "encoding": "hex"}


class Elsewhere:
    """fxctl with a directory that is no home of a test's."""

    def __init__(self, home, directory):
        self.home, self.dir, self.scratch = home, directory, home.scratch

    def run_fxctl(self, *words, stdin=None):
        return subprocess.run([self.home.bin / "fxctl", "--home", self.dir, *words], input=stdin,
                              env=self.home.environment(), capture_output=True, text=True, timeout=60)


def made(home, kind, name):
    """The id of the credential with this name."""
    return next(row["id"] for row in json.loads(home.run_fxctl("--json", kind, "list").stdout)[kind + "s"]
                if row["name"] == name)


def tell_command_lines(told):
    told.chapter("Command lines that are wrong")
    for form, words in {
        "nothing": [],
        "no such command": ["unknown"],
        "no such command of a noun": ["key", "unknown"],
        "a noun alone": ["key"],
        "no such option": ["status", "--unknown"],
        "no such short option": ["status", "-x"],
        "an option too early": ["--name", "key", "create"],
        "an option is missing": ["key", "create", "--name", "a"],
        "an operand is missing": ["key", "revoke"],
        "another operand is missing": ["execution", "show"],
        "an operand too many": ["key", "revoke", "a", "b"],
        "an operand where none is taken": ["status", "now"],
        "an option twice": ["key", "create", "--name", "a", "--name", "b"],
        "an option without its value": ["key", "create", "--name"],
        "a value where none is taken": ["executions", "--full=1"],
        "a global option's value": ["status", "--json=1"],
        "the home twice": ["status", "--home", "/nowhere"],
        "no number": ["executions", "--limit", "many"],
        "no status": ["executions", "--status", "over"],
        "no time": ["executions", "--since", "yesterday"],
        "no wait": ["cid", UNKNOWN, "--wait=long"],
        "no version": ["pipeline", "show", "a", "--version", "0"],
        "no cursor": ["executions", "--after", "x"],
    }.items():
        told.fxctl(form, *words)


def tell_init(told, home):
    told.chapter("Homes")
    place = home.place / "fresh"
    file = home.place / "file"
    file.touch()
    told.home = Elsewhere(home, place)
    told.fxctl("no home", "status")
    told.fxctl("new", "init")
    told.fxctl("there already", "init")
    told.fxctl("there already, as JSON", "--json", "init")
    shutil.rmtree(place / "log")
    told.fxctl("a directory is missing", "init")
    (place / "fx.conf").unlink()
    told.fxctl("fx.conf is missing", "init")
    (place / "secret.key").unlink()
    told.fxctl("secret.key is missing, and nothing is sealed", "init")
    told.fxctl("one of each", "secret", "create", "--name", "s")
    told.fxctl("one of each", "step-secret", "set", "token", stdin=SECRET)
    lost = made(told.home, "secret", "s")
    (place / "secret.key").unlink()
    told.fxctl("secret.key is missing", "init")
    told.fxctl("secret.key is missing", "secret", "create", "--name", "t")
    told.fxctl("secret.key is missing", "step-secret", "set", "token", stdin=SECRET)
    told.fxctl("secret.key is missing", "secret", "list")
    told.fxctl("secret.key is missing", "secret", "rotate", lost)
    told.fxctl("secret.key is missing", "rekey")
    told.fxctl("secret.key is missing", "rekey", "--give-up")
    told.fxctl("it was given up", "secret", "list")
    told.fxctl("it was given up", "secret", "rotate", lost)
    told.fxctl("rotated", "secret", "list")
    told.fxctl("what was given up is still there", "rekey")
    (place / "secret.key").write_bytes(b"")
    told.fxctl("secret.key is empty", "secret", "create", "--name", "u")
    told.fxctl("secret.key is empty", "init")
    (place / "fx.conf").write_text("[web]\nthreads = many\n")
    told.fxctl("a setting is wrong", "status")
    (place / "fx.conf").write_text("[web]\nunknown = 1\n")
    told.fxctl("a setting is unknown", "status")
    (place / "fx.conf").write_text("threads = 1\n")
    told.fxctl("a setting of no section", "status")
    told.home = Elsewhere(home, file)
    told.fxctl("a file", "init")
    told.home = Elsewhere(home, home.place / "not" / "there")
    told.fxctl("no parent", "init")
    told.home = home


def tell_upgrade(told, home):
    told.chapter("Homes of earlier layouts")
    kept, _ = unpack(HOMES / "layout-1")
    with kept:
        told.home = kept
        told.fxctl("an earlier layout", "status")
        told.fxctl("an earlier layout", "upgrade")
        told.fxctl("nothing to do", "upgrade")
        kept.start_dispatcher()
        told.fxctl("a dispatcher runs", "upgrade")
    told.home = home


def tell_status(told, home):
    told.chapter("Status")
    told.fxctl("fresh", "status")
    told.fxctl("an event waits", "publish", "--type", "order", "{}")
    told.fxctl("an event waits", "status")


def tell_status_at_work(told, home):
    told.chapter("Status with work")
    gate = home.scratch / "open"
    make(home, SH + f"while [ ! -e {gate} ]; do sleep 0.01; done\n", event="slow", name="slow", scale={"max": 1})
    home.fxctl("publish", "--type", "slow", "{}")
    cid = home.fxctl("publish", "--type", "slow", "{}").strip()
    until(lambda: "1 in_progress" in home.status() and "1 pending" in home.status(), what="one runs")
    told.fxctl("one runs, one waits", "status")
    told.fxctl("one waits", "cid", cid, "--wait=0")
    told.fxctl("filled", "executions")
    told.fxctl("filled, more", "executions", "--limit", "1")
    gate.touch()
    until(lambda: "2 completed" in home.status(), what="they end")
    told.fxctl("both have ended", "status")
    told.fxctl("settled", "cid", cid, "--wait")


def tell_keys(told, home):
    told.chapter("Keys")
    told.fxctl("none yet", "key", "list")
    scope = ["--scope", "events"]
    for form, words in {
        "unlimited": ["--name", "unlimited", *scope],
        "limited": ["--name", "limited", *scope, "--types", "a,b.*", "--sources", "/x", "--rate", "5", "--burst", "9"],
        "expiring": ["--name", "expired", *scope, "--expires", "1s"],
        "two scopes": ["--name", "rotated", "--scope", "events,status"],
        "to be revoked": ["--name", "revoked", *scope],
        "no scope": ["--name", "a", "--scope", ""],
        "an unknown scope": ["--name", "a", "--scope", "events,all"],
        "no name": ["--name", "", *scope],
        "a long name": ["--name", "a" * 101, *scope],
        "expired already": ["--name", "a", *scope, "--expires", "2001-01-01T00:00:00Z"],
        "no time": ["--name", "a", *scope, "--expires", "soon"],
        "no list": ["--name", "a", *scope, "--types", "a, b"],
        "no rate": ["--name", "a", *scope, "--rate", "0"],
        "a burst without a rate": ["--name", "burst", *scope, "--burst", "5"],
    }.items():
        told.fxctl(form, "key", "create", *words)
    told.fxctl("as JSON", "--json", "key", "create", "--name", "as-json", *scope)
    ids = {name: made(home, "key", name) for name in ("unlimited", "limited", "expired", "rotated", "revoked")}
    until(lambda: "expired" in [r["state"] for r in json.loads(home.fxctl("--json", "key", "list"))["keys"]],
          what="a key expires")
    tell_credential(told, "key", ids)


def tell_credential(told, kind, ids, **more):
    """Rotates and revokes credentials in each state, by name."""
    told.fxctl("live", kind, "revoke", ids["revoked"])
    told.fxctl("revoked", kind, "revoke", ids["revoked"])
    told.fxctl("live", kind, "rotate", ids["rotated"])
    told.fxctl("rotated", kind, "rotate", ids["rotated"], "--until", "1h")
    told.fxctl("rotated, as JSON", "--json", kind, "rotate", ids["rotated"])
    told.fxctl("no time", kind, "rotate", ids["rotated"], "--until", "soon")
    told.fxctl("until a time that is past", kind, "rotate", ids["rotated"], "--until", "2001-01-01T00:00:00Z")
    told.fxctl("revoked", kind, "rotate", ids["revoked"])
    told.fxctl("expired", kind, "rotate", ids["expired"])
    told.fxctl("in each state", kind, "list")
    told.fxctl("expired", kind, "revoke", ids["expired"])
    for action in ("rotate", "revoke"):
        told.fxctl("unknown", kind, action, UNKNOWN)
        told.fxctl("an id that is none", kind, action, "nonsense")


def tell_secrets(told, home):
    told.chapter("Webhook secrets")
    told.fxctl("none yet", "secret", "list")
    for provider in ("github", "gitea", "forgejo", "bitbucket", "gitlab", "gitlab-signing", "standard-webhooks",
                     "stripe", "slack", "shopify"):
        told.fxctl(provider, "secret", "create", "--name", provider, "--provider", provider)
    ours = ["--name", "s", "--provider"]
    given = ["--secret-file", "-"]
    for form, words, stdin in (
        ("generic", ["--name", "generic", "--provider", "generic", "--scheme", json.dumps(GENERIC)], None),
        ("generic without a scheme", [*ours, "generic"], None),
        ("a scheme that is no JSON", [*ours, "generic", "--scheme", "x"], None),
        ("a scheme that lacks something", [*ours, "generic", "--scheme", "{}"], None),
        ("a scheme of a known sender", [*ours, "github", "--scheme", json.dumps(GENERIC)], None),
        ("an unknown provider", [*ours, "unknown"], None),
        ("given", ["--name", "given", *given], SECRET),
        ("given, two lines", ["--name", "s", *given], "a\nb\n"),
        ("given, nothing", ["--name", "s", *given], ""),
        ("given, an API key as a token", [*ours, "gitlab", *given], home.key("events")),
        ("given, an API key to sign with", [*ours, "github", *given], home.key("events")),
        ("a burst without a rate", [*ours, "github", "--burst", "5"], None),
        ("given, no base64", [*ours, "standard-webhooks", *given], "whsec_!"),
        ("given, a missing file", ["--name", "s", "--secret-file", "/nowhere/secret"], None),
        ("given, with a mark", ["--name", "s", *given], "\ufeffabc"),
        ("given, with a space", ["--name", "s", *given], "abc "),
        ("repeats", ["--name", "repeats", "--repeats", "body"], None),
        ("repeats of another kind", ["--name", "s", "--repeats", "id"], None),
        ("names in the URL", ["--name", "url", "--url-names"], None),
        ("expiring", ["--name", "expired", "--expires", "1s"], None),
        ("to be rotated", ["--name", "rotated"], None),
        ("to be revoked", ["--name", "revoked"], None),
    ):
        told.fxctl(form, "secret", "create", *words, stdin=stdin)
    until(lambda: "expired" in [r["state"] for r in json.loads(home.fxctl("--json", "secret", "list"))["secrets"]],
          what="a secret expires")
    ids = {name: made(home, "secret", name) for name in ("expired", "rotated", "revoked")}
    tell_credential(told, "secret", ids)
    told.fxctl("to one the sender gave", "secret", "rotate", ids["rotated"], *given, stdin=SECRET)
    told.fxctl("to an API key", "secret", "rotate", ids["rotated"], *given, stdin=home.key("events"))
    told.fxctl("to nothing", "secret", "rotate", ids["rotated"], *given, stdin="")
    filler = ("secret", "create", "--name", "filler", "--provider", "slack")
    until(lambda: "no other URL" in home.run_fxctl(*filler).stderr, what="there are too many")
    told.fxctl("one too many", "secret", "create", "--name", "last", "--provider", "slack")
    told.fxctl("a key's id", "secret", "revoke", made(home, "key", "unlimited"))


def tell_step_secrets(told):
    told.chapter("Step secrets")
    told.fxctl("none yet", "step-secret", "list")
    told.fxctl("unknown", "step-secret", "delete", "token")
    told.fxctl("new", "step-secret", "set", "token", stdin=SECRET)
    told.fxctl("there already", "step-secret", "set", "token", stdin=SECRET + "\n")
    told.fxctl("empty", "step-secret", "set", "token", stdin="\n")
    told.fxctl("too long", "step-secret", "set", "token", stdin="x" * 100000)
    told.fxctl("with a NUL", "step-secret", "set", "token", stdin="a\0b")
    told.fxctl("a bad name", "step-secret", "set", "my token", stdin=SECRET)
    told.fxctl("one", "step-secret", "list")
    told.fxctl("sealed secrets", "rekey")
    told.fxctl("one", "step-secret", "delete", "token")


def tell_publish(told, home):
    told.chapter("Publishing")
    typed = ["publish", "--type", "order"]
    file = home.scratch / "payload.json"
    file.write_text('{"n": 1}')
    broken = home.scratch / "broken.json"
    broken.write_text('{"n": 1,\n  x}')
    told.fxctl("the argument; no pipeline listens", *typed, "{}")
    told.fxctl("the same again is another event", *typed, "{}")
    told.fxctl("as JSON", "--json", *typed, "{}")
    told.fxctl("standard input", *typed, stdin="[1]")
    told.fxctl("standard input by name", *typed, "-", stdin="[1]")
    told.fxctl("a file", *typed, file)
    told.fxctl("all options", *typed, "--source", "/shop", "--topic", "orders", "{}")
    told.fxctl("no type", "publish", "{}")
    told.fxctl("an empty type", "publish", "--type", "", "{}")
    told.fxctl("a type that is none", "publish", "--type", "a b", "{}")
    told.fxctl("a topic that is none", *typed, "--topic", "a b", "{}")
    told.fxctl("an empty topic", *typed, "--topic", "", "{}")
    told.fxctl("a source that is none", *typed, "--source", "a b", "{}")
    told.fxctl("an empty source", *typed, "--source", "", "{}")
    told.fxctl("a missing file", *typed, "/nowhere/payload.json")
    told.fxctl("a directory", *typed, home.scratch)
    told.fxctl("a broken file", *typed, broken)
    told.fxctl("a broken argument", *typed, "{")
    told.fxctl("empty standard input", *typed, stdin="")
    told.fxctl("broken standard input", *typed, stdin="x")
    told.fxctl("too large", *typed, stdin='"' + "x" * 5000000 + '"')
    told.fxctl("too deep", *typed, "[" * 100 + "]" * 100)
    told.fxctl("not routed", "cid", home.fxctl(*typed, "{}").strip(), "--wait=0")


def tell_verify(told, home):
    told.chapter("Verifying")
    secret = home.scratch / "secret"
    secret.write_text(SECRET + "\n")
    body = home.scratch / "body"
    body.write_bytes(BODY)
    request = home.scratch / "request"
    base64 = home.scratch / "base64"
    base64.write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n")

    def told_of(form, provider, headers, *more, content=BODY, key=secret):
        body.write_bytes(content)
        words = [word for name, value in headers.items() for word in ("--header", f"{name}: {value}")]
        done = home.run_fxctl("verify", "--provider", provider, "--secret-file", key, "--body", body,
                              *words, *more, *([] if any(str(word).startswith("--at=") for word in more) else [f"--at={AT}"]))
        told.say(f"{provider}, {form}: → {done.returncode}", done.stderr + done.stdout)

    for provider in ("github", "gitea", "forgejo", "bitbucket", "gitlab", "gitlab-signing", "standard-webhooks",
                     "stripe", "slack", "shopify"):
        key = base64 if provider in ("gitlab-signing", "standard-webhooks") else secret
        headers = dict(senders.sign(provider, key.read_text().strip(), BODY, at=str(AT)))
        told_of("good", provider, headers, key=key)
        told_of("as JSON", provider, headers, "--json", key=key)
        told_of("another body", provider, headers, content=b"{}", key=key)
        told_of("a newline was added", provider, headers, content=BODY + b"\n", key=key)
        told_of("too late", provider, headers, f"--at={AT + 5000}", key=key)
        told_of("too early", provider, headers, f"--at={AT - 5000}", key=key)
        told_of("no header", provider, {}, key=key)
        for name in headers:
            told_of(f"{name} is missing", provider, {n: v for n, v in headers.items() if n != name}, key=key)
            told_of(f"{name} is rubbish", provider, {**headers, name: "rubbish"}, key=key)
    good = dict(senders.sign("github", SECRET, BODY, at=str(AT)))
    told_of("bad, as JSON", "github", {}, "--json")
    told_of("twice", "github", good, "--header", "X-Hub-Signature-256: sha256=00")
    told_of("under two names", "github", good, "--header", "X_Hub_Signature_256: sha256=00")
    told_of("a control character", "github", good, "--header", "X-Other: \x01")
    told_of("a secret that is no base64", "standard-webhooks", {})
    told_of("no such provider", "unknown", {})
    told_of("both", "github", good, "--secret-env", "SECRET")
    told_of("a header that is none", "github", good, "--header", "rubbish")
    told.fxctl("no secret", "verify", "--body", body)
    told.fxctl("no variable", "verify", "--body", body, "--secret-env", "FX_NO_SUCH")
    told.fxctl("no request", "verify", "--secret-file", secret)
    told.fxctl("a missing file", "verify", "--secret-file", secret, "--request", "/nowhere/request")
    for form, text in {
        "no empty line": b"A: b\n",
        "no header": b"POST / HTTP/1.1\nrubbish\n\n{}",
        "chunks": b"Transfer-Encoding: chunked\n\n2\n{}\n0\n",
        "good": b"POST / HTTP/1.1\nX-Hub-Signature-256: " + good.popitem()[1].encode() + b"\n\n" + BODY,
    }.items():
        request.write_bytes(text)
        told.fxctl(f"a request, {form}", "verify", "--secret-file", secret, "--request", request)


def test_messages_home(home):
    home.configure(step={"confine": "off"}, http={"allow": "127.0.0.1"})
    told = Told(home)
    tell_command_lines(told)
    tell_init(told, home)
    tell_status(told, home)
    tell_keys(told, home)
    tell_secrets(told, home)
    tell_step_secrets(told)
    tell_publish(told, home)
    tell_verify(told, home)
    home.start()
    home.start_dispatcher()
    tell_status_at_work(told, home)
    tell_upgrade(told, home)
    check_page(told, PAGE)
