"""fxctl verify: a saved webhook request is good, or it is said why not, without a home."""
import base64
import hashlib
import hmac
import json
import os
import subprocess

import pytest

from harness import BUILD

GOOD, NOT, USAGE = 0, 1, 2

SECRET = "It's a Secret to Everybody"
BODY = b"Hello, World!"
SIGNATURE = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
HEADER = f"X-Hub-Signature-256: {SIGNATURE}"

STANDARD_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
STANDARD_HEADERS = [
    "webhook-id: msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp: 1614265330",
    "webhook-signature: v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
]
STANDARD_BODY = b'{"test": 2432232314}'
STANDARD_AT = 1614265330


def run(*arguments, secret=SECRET, stdin=b""):
    """Runs fxctl where there is no home. The finished process with its output as text."""
    environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "FX_HOME": "/nowhere",
                   **({} if secret is None else {"SECRET": secret})}
    done = subprocess.run([BUILD / "bin/fxctl", "verify", *map(str, arguments)], env=environment,
                          input=stdin, capture_output=True, timeout=60)
    done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
    return done


def verify(*arguments, headers=(HEADER,), body=BODY, secret=SECRET):
    """Checks a body from standard input with a secret from the environment."""
    more = [word for header in headers for word in ("--header", header)]
    return run("--secret-env", "SECRET", "--body", "-", *more, *arguments, secret=secret,
               stdin=body)


def good(done):
    assert (done.returncode, done.stdout, done.stderr) == (GOOD, "good\n", "")


def bad(done, says, status=NOT):
    assert done.returncode == status, (done.stdout, done.stderr)
    assert done.stdout == ""
    assert says in done.stderr


def code(secret, message, algorithm=hashlib.sha256):
    return hmac.new(secret.encode(), message, algorithm)


# --- Where the request and the secret come from ---

def test_help():
    done = run("--help")
    assert done.returncode == GOOD and done.stderr == ""
    assert done.stdout.startswith("usage: fxctl verify")
    assert "[--header HEADER]..." in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 100


def test_a_body_and_its_headers(tmp_path):
    (tmp_path / "body").write_bytes(BODY)
    good(verify())
    good(verify("--provider", "github"))
    good(run("--secret-env", "SECRET", "--body", tmp_path / "body", "--header", HEADER))


@pytest.mark.parametrize("text", [SECRET, SECRET + "\n", SECRET + "\r\n", SECRET + "\n\n"])
def test_a_secret_in_a_file(tmp_path, text):
    (tmp_path / "secret").write_text(text, newline="")
    good(run("--secret-file", tmp_path / "secret", "--body", "-", "--header", HEADER,
             secret=None, stdin=BODY))


@pytest.mark.parametrize("text", [
    f"{HEADER}\r\n\r\n",
    f"{HEADER}\n\n",
    f"POST /fx/events/webhook HTTP/1.1\r\nHost: fx.example\r\n{HEADER}\r\n\r\n",
    f"X-Empty:\nx-hub-signature-256:{SIGNATURE}\nX-Url: http://a:80/\n\n",
    f"X-HUB-SIGNATURE-256:\t {SIGNATURE} \t\r\n\r\n",
])
def test_a_request_in_a_file(tmp_path, text):
    (tmp_path / "request").write_bytes(text.encode() + BODY)
    good(run("--secret-env", "SECRET", "--request", tmp_path / "request"))
    good(run("--secret-env", "SECRET", "--request", "-", stdin=text.encode() + BODY))


def test_headers_beside_a_request():
    request = b"Host: fx.example\r\n\r\n" + BODY
    good(run("--secret-env", "SECRET", "--request", "-", "--header", HEADER, stdin=request))
    bad(run("--secret-env", "SECRET", "--request", "-", "--header", HEADER,
            stdin=HEADER.encode() + b"\r\n" + request), "x-hub-signature-256 is not 64 hex")


def test_a_body_of_any_bytes():
    body = bytes(range(256)) * 5000
    header = f"X-Hub-Signature-256: sha256={code(SECRET, body).hexdigest()}"
    good(verify(headers=[header], body=body))
    good(run("--secret-env", "SECRET", "--request", "-", stdin=header.encode() + b"\n\n" + body))
    bad(verify(headers=[header], body=body[:-1]), "was not made of this body")
    header = f"X-Hub-Signature-256: sha256={code(SECRET, b'').hexdigest()}"
    good(verify(headers=[header], body=b""))
    good(run("--secret-env", "SECRET", "--request", "-", stdin=header.encode() + b"\n\n"))


# --- What it says ---

@pytest.mark.parametrize("headers, says", [
    ([], "the header x-hub-signature-256 is missing or empty"),
    (["X-Hub-Signature-256:"], "the header x-hub-signature-256 is missing or empty"),
    ([HEADER, HEADER], "x-hub-signature-256 is not 64 hexadecimal digits"),
    ([HEADER, HEADER.replace("-", "_")], "the header x-hub-signature-256 came twice"),
    (["X-Hub-Signature-256: sha1=00"], 'nothing in x-hub-signature-256 begins with "sha256="'),
    ([HEADER + "0"], "is not 64 hexadecimal digits"),
    ([HEADER.replace("757107ea", "757107eg")], "is not 64 hexadecimal digits"),
    ([HEADER[:-1] + "8"], "was not made of this body with the secret"),
])
def test_why_not(headers, says):
    bad(verify(headers=headers), f"fxctl: not good: {says}" if says[0] == "t" else says)


def test_another_secret():
    bad(verify(secret="another"), "was not made of this body with the secret")


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_newline_that_an_editor_added(end):
    bad(verify(body=BODY + end), "; without the newline at the end of the body it would be good")
    assert "newline" not in verify(body=b"other" + end).stderr
    assert "newline" not in verify(body=BODY + end + end).stderr


def test_time():
    at = ["--provider", "standard-webhooks", "--at"]
    standard = {"headers": STANDARD_HEADERS, "body": STANDARD_BODY, "secret": STANDARD_SECRET}
    for seconds in (STANDARD_AT, STANDARD_AT + 300, STANDARD_AT - 300):
        good(verify(*at, seconds, **standard))
    bad(verify(*at, STANDARD_AT + 301, **standard),
        "the signature is right, but its time, 1614265330, lies 301 seconds in the past; "
        "300 are allowed")
    bad(verify(*at, STANDARD_AT - 301, **standard), "lies 301 seconds in the future")
    bad(verify("--provider", "standard-webhooks", **standard), "seconds in the past")


def test_json():
    headers = [HEADER, "X-GitHub-Event: push", "X-GitHub-Delivery: 72d3162e"]
    done = verify("--json", headers=headers)
    assert (done.returncode, done.stderr) == (GOOD, "")
    assert json.loads(done.stdout) == {"good": True, "why": None, "provider": "github",
                                       "delivery_id": "72d3162e", "event": "push"}
    done = verify("--json", body=b"other")
    assert (done.returncode, done.stderr) == (NOT, "")
    said = json.loads(done.stdout)
    assert said["good"] is False and "was not made of this body" in said["why"]
    assert said["delivery_id"] is None and said["event"] is None


def test_no_secret_in_what_is_said():
    for done in (verify(body=b"other"), verify("--json", body=b"other"), verify(headers=[])):
        assert SECRET not in done.stdout + done.stderr


# --- Providers ---

def stamped(secret, template, body):
    return code(secret, template.encode() + body).hexdigest()


@pytest.mark.parametrize("provider, secret, headers", [
    ("gitea", "s", [f"X-Gitea-Signature: {code('s', BODY).hexdigest()}"]),
    ("gitea", "s", [f"X-Forgejo-Signature: {code('s', BODY).hexdigest()}"]),
    ("gitlab", "s", ["X-Gitlab-Token: s"]),
    ("stripe", "whsec_s", [f"Stripe-Signature: t=1,v1={stamped('whsec_s', '1.', BODY)},v0=0"]),
    ("slack", "s", ["X-Slack-Request-Timestamp: 1",
                    f"X-Slack-Signature: v0={stamped('s', 'v0:1:', BODY)}"]),
    ("shopify", "s", ["X-Shopify-Hmac-SHA256: "
                      + base64.b64encode(code("s", BODY).digest()).decode()]),
])
def test_providers(provider, secret, headers):
    good(verify("--provider", provider, "--at", 1, headers=headers, secret=secret))
    bad(verify("--provider", provider, "--at", 1, headers=headers, secret=secret + "x"), "not good")


def test_gitlab_signing():
    good(verify("--provider", "gitlab-signing", "--at", STANDARD_AT, headers=STANDARD_HEADERS,
                body=STANDARD_BODY, secret=STANDARD_SECRET))


def test_generic():
    paddle = json.dumps({"header": "Paddle-Signature", "separator": ";", "prefix": "h1=",
                         "timestamp_item": "ts", "template": "{timestamp}:{body}"})
    header = f"Paddle-Signature: ts=1671552777;h1={stamped('pdl', '1671552777:', BODY)}"
    arguments = ["--provider", "generic", "--scheme", paddle]
    good(verify(*arguments, "--at", 1671552777, headers=[header], secret="pdl"))
    bad(verify(*arguments, headers=[header], secret="pdl"), "in the past; 300 are allowed")


# --- What cannot be checked ---

@pytest.mark.parametrize("arguments, says", [
    (["--provider", "bogus"], "--provider: must be one of github, gitea,"),
    (["--provider", "generic"], "--scheme"),
    (["--provider", "github", "--scheme", "{}"], "--scheme"),
    (["--provider", "generic", "--scheme", "{"], "--scheme"),
    (["--provider", "generic", "--scheme", "{}"], "scheme.header: is missing"),
    (["--header", "nonsense"], "--header: must be a header such as"),
    (["--header", "a b: c"], "--header: must be a header such as"),
    (["--header", ": c"], "--header: must be a header such as"),
    (["--header"], "--header needs a value"),
    (["--at", "soon"], "--at: must be a whole number"),
    (["--at", "1", "--at", "1"], "--at is given twice"),
    (["--request", "-"], "either --request or --body"),
    (["--secret-file", "x"], "either --secret-file or --secret-env"),
    (["surplus"], '"surplus" is more'),
])
def test_bad_command_line(arguments, says):
    done = verify(*arguments)
    bad(done, says, USAGE)
    assert "usage: fxctl verify" in done.stderr


def test_what_is_missing():
    bad(run("--body", "-"), "either --secret-file or --secret-env", USAGE)
    bad(run("--secret-env", "SECRET"), "either --request or --body", USAGE)
    bad(run("--secret-env", "SECRET", "--body", "-", secret=None),
        "the environment has no SECRET", USAGE)


def test_more_headers_than_can_be_given():
    more = ["--header", "x: y"]
    good(verify(*more * 63))
    bad(verify(*more * 64), "--header is given more than 64 times", USAGE)


def test_files_that_are_not_there(tmp_path):
    bad(run("--secret-env", "SECRET", "--body", tmp_path / "none"), "cannot read")
    bad(run("--secret-env", "SECRET", "--request", tmp_path / "none"), "cannot read")
    bad(run("--secret-file", tmp_path / "none", "--body", "-"), "cannot read")


@pytest.mark.parametrize("request_text, says", [
    (b"", "has no empty line"),
    (HEADER.encode(), "has no empty line"),
    (HEADER.encode() + b"\r\n", "has no empty line"),
    (b"{}\n\n", "line 1 is not a header"),
    (b"POST / HTTP/1.1\nPOST / HTTP/1.1\n\n", "line 2 is not a header"),
    (HEADER.encode() + b"\n folded\n\n", "line 2 is not a header"),
    (b"a: b\n" * 257 + b"\n", "line 257 is not a header"),
    (b"Transfer-Encoding: chunked\n\n2\r\n{}\r\n0\r\n\r\n", "in chunks"),
])
def test_what_is_no_request(request_text, says):
    bad(run("--secret-env", "SECRET", "--request", "-", stdin=request_text), says)


def test_a_request_larger_than_any_that_is_taken(tmp_path):
    with open(tmp_path / "body", "wb") as body:
        body.truncate(27 << 20)
    bad(run("--secret-env", "SECRET", "--body", tmp_path / "body"), "is larger than 27262976 bytes")


@pytest.mark.parametrize("provider, secret, says", [
    ("github", "", "the secret must be 1 to 1024 bytes long"),
    ("gitlab", " s", "the secret must have no control characters and no space at an end"),
    ("standard-webhooks", "whsec_short", "the secret must be the base64 of 16 to 128 bytes"),
    ("gitlab-signing", SECRET, "the secret must be the base64 of 16 to 128 bytes"),
])
def test_what_is_no_secret(provider, secret, says):
    bad(verify("--provider", provider, secret=secret), says)
