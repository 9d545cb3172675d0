"""Schemes as senders need them; and `fxctl verify` and the gateway decide alike, also of what can
never verify."""
import json
import subprocess
import time
from datetime import datetime, timedelta, timezone

import pytest

import raw
import senders
from checks import check_problem, nothing_stored
from door import HOOK
from harness import BUILD, Home
from senders import b64, digest

SECRET = "of the sender's own"
OURS = "fxk_" + "A" * 43  # what a token of ours looks like
BODY = b'{"a":1}'


@pytest.fixture(scope="module")
def home():
    with Home() as made:
        made.configure(web={"failures_per_minute": 0})
        made.start()
        made.key("events"), made.key("status")
        yield made


def verdict_of_verify(provider, scheme, secret, headers, body):
    words = ["--provider", provider, *(["--scheme", json.dumps(scheme)] if scheme else [])]
    for name, value in headers:
        words += ["--header", f"{name}: {value}"]
    done = subprocess.run([BUILD / "bin/fxctl", "verify", *words, "--secret-env", "SECRET", "--body",
                           "-"], env={"SECRET": secret}, input=body, capture_output=True, timeout=60)
    assert done.returncode in (0, 1), done.stderr
    return done.returncode == 0


def decide(home, provider, scheme, secret, headers, body=BODY):
    """Is it good? To verify and, named and searched for, to the gateway, which must agree."""
    options = {"scheme": json.dumps(scheme)} if scheme else {}
    made = home.new_secret(provider, secret, **options)
    good = verdict_of_verify(provider, scheme, secret, headers, body)
    for path in (f"{HOOK}?key={made.id}", HOOK):
        reply = home.post(path, body, headers=headers, key=None)
        assert reply.status == (200 if good else 401), (reply, path)
    home.revoke(made)
    return good


def ms(off=0):
    return str(int((time.time() + off) * 1000))


def iso(off=0, form="%Y-%m-%dT%H:%M:%SZ"):
    return (datetime.now(timezone.utc) + timedelta(seconds=off)).strftime(form)


def eastern(off=0):
    return iso(off + 3 * 3600, "%Y-%m-%dT%H:%M:%S.%f+03:00")


URL = "https://hooks.example/fx/events/webhook?key=01890a5d-ac96-774b-bcce-b302099a8057&n=" + "x" * 900
BUILDKITE = {"header": "X-Buildkite-Signature", "prefix": "signature=", "separator": ",",
             "template": "{timestamp}.{body}", "timestamp_item": "timestamp"}
HUBSPOT = {"header": "X-HubSpot-Signature-v3", "encoding": "base64", "timestamp_header":
           "X-HubSpot-Request-Timestamp", "template": "POST" + URL + "{body}{timestamp}"}
ZENDESK = {"header": "X-Zendesk-Webhook-Signature", "encoding": "base64",
           "timestamp_header": "X-Zendesk-Webhook-Signature-Timestamp",
           "template": "{timestamp}{body}"}


def buildkite(at):
    return [("X-Buildkite-Signature",
             f"timestamp={at},signature={digest(SECRET, at.encode() + b'.' + BODY).hex()}")]


def hubspot(at):
    message = b"POST" + URL.encode() + BODY + at.encode()
    return [("X-HubSpot-Signature-v3", b64(digest(SECRET, message))),
            ("X-HubSpot-Request-Timestamp", at)]


def zendesk(at):
    return [("X-Zendesk-Webhook-Signature", b64(digest(SECRET, at.encode() + BODY))),
            ("X-Zendesk-Webhook-Signature-Timestamp", at)]


TIMES = [
    (BUILDKITE, buildkite, lambda: senders.stamp(0), True),
    (BUILDKITE, buildkite, lambda: senders.stamp(-400), False),
    (BUILDKITE, buildkite, lambda: ms(), True),
    (HUBSPOT, hubspot, lambda: ms(), True),
    (HUBSPOT, hubspot, lambda: ms(-400), False),
    (HUBSPOT, hubspot, lambda: ms(400), False),
    (HUBSPOT, hubspot, lambda: ms() + "0", False),
    (ZENDESK, zendesk, lambda: iso(), True),
    (ZENDESK, zendesk, lambda: iso(-400), False),
    (ZENDESK, zendesk, lambda: iso(400), False),
    (ZENDESK, zendesk, lambda: eastern(), True),
    (ZENDESK, zendesk, lambda: eastern(-400), False),
    (ZENDESK, zendesk, lambda: iso(0, "%Y-%m-%d"), False),
    (ZENDESK, zendesk, lambda: iso(0, "%a, %d %b %Y %H:%M:%S GMT"), False),
    (ZENDESK, zendesk, lambda: "0001-01-01T00:00:00Z", False),
    (ZENDESK, zendesk, lambda: "9999-12-31T23:59:59Z", False),
]


@pytest.mark.parametrize("n", range(len(TIMES)))
def test_times_as_senders_write_them(home, n):
    scheme, sign, at, good = TIMES[n]
    assert decide(home, "generic", scheme, SECRET, sign(at())) == good


def github(value):
    return [("X-Hub-Signature-256", value)]


HEX = digest(SECRET, BODY).hex()
KEY = b64(bytes(range(32)))


def standard():
    at = senders.stamp(0)
    message = f"m.{at}.".encode() + BODY
    return [("webhook-id", "m"), ("webhook-timestamp", at),
            ("webhook-signature", "v1," + b64(digest(bytes(range(32)), message)))]


TEXTS = [
    ("github", SECRET, lambda: github("sha256=" + HEX), True),
    ("github", SECRET, lambda: github("sha256=" + HEX.upper()), True),
    ("github", SECRET, lambda: github("sha256=" + HEX[:10] + HEX[10:].upper()), True),
    ("github", SECRET, lambda: github("SHA256=" + HEX), False),
    ("github", SECRET, lambda: github("sha256="), False),
    ("github", SECRET, lambda: github(""), False),
    ("gitea", SECRET, lambda: [("X-Gitea-Signature", HEX.upper())], True),
    ("standard-webhooks", "v1,whsec_" + KEY, lambda: standard(), True),
    ("standard-webhooks", "whsec_" + KEY, lambda: standard(), True),
    ("standard-webhooks", KEY, lambda: standard(), True),
    ("gitlab-signing", "v1,whsec_" + KEY, lambda: standard(), True),
]


@pytest.mark.parametrize("n", range(len(TEXTS)))
def test_texts_as_senders_write_them(home, n):
    provider, secret, headers, good = TEXTS[n]
    assert decide(home, provider, None, secret, headers()) == good


BEARER = {"header": "Authorization", "algorithm": "token", "prefix": "Bearer "}
TOKENS = [
    (BEARER, "Bearer " + SECRET, True),
    (BEARER, "Bearer another", False),
    (BEARER, "bearer " + SECRET, False),
    (BEARER, "Bearer", False),
    (BEARER, "Basic " + SECRET, False),
    ({**BEARER, "prefix": "Basic "}, "Basic " + SECRET, True),
    ({**BEARER, "prefix": ""}, SECRET, True),
    ({"header": "Authorization", "prefix": "HMAC "}, "HMAC " + HEX, True),
    ({"header": "Authorization", "prefix": "Bearer "}, "Bearer " + HEX, True),
    ({"header": "Authorization", "prefix": "Bearer "}, "Bearer " + HEX[:-1] + "x", False),
]


@pytest.mark.parametrize("scheme, value, good", TOKENS, ids=str)
def test_sender_s_own_authorization(home, scheme, value, good):
    """What does not look like a token of ours is for the secrets."""
    assert decide(home, "generic", scheme, SECRET, [("Authorization", value)]) == good


def test_token_with_a_comma(home):
    assert decide(home, "generic", BEARER, "a,b, c", [("Authorization", "Bearer a,b, c")])


def test_sender_s_own_authorization_beside_a_key(home):
    """The key vouches; the sender's Authorization is its own affair."""
    bearer = [("Authorization", "Bearer of-their-own")]
    assert home.post(HOOK, BODY, headers=bearer, key=home.key("events")).status == 200
    with nothing_stored(home):
        check_problem(home.post(HOOK, BODY, headers=[("Authorization", f"Bearer {OURS}")],
                                key=home.key("events")), 400)
        check_problem(home.post(HOOK, BODY, headers=bearer, key=None), 401)
        check_problem(home.get("/fx/executions", headers=bearer, key=home.key("status")), 400)
    # A signature beside it counts.
    made = home.new_secret()
    signed = [*bearer, *senders.sign("github", made.token, BODY)]
    assert home.post(HOOK, BODY, headers=signed, key=None).status == 200
    home.revoke(made)


@pytest.mark.parametrize("name", ["Authorization", "X-Own"])
def test_redirected_authorization(home, name):
    """Where a rewrite rule of Apache has renamed the variable."""
    made = home.new_secret("generic", SECRET, scheme=json.dumps({**BEARER, "header": name}))
    given = raw.variables("POST", HOOK, BODY, QUERY_STRING=f"key={made.id}",
                          REDIRECT_HTTP_AUTHORIZATION="Bearer " + SECRET)
    status = raw.request(home.socket("events"), given, BODY)[0].split(b" ")[1]
    assert status == (b"200" if name == "Authorization" else b"401")
    home.revoke(made)


# --- What can never verify is refused where it is made, and by verify ---

def scheme(**more):
    return {"header": "X-S", **more}


NEVER_SCHEMES = [
    {"header": "X-API-KEY", "algorithm": "token"},
    {"header": "x-api-key"},
    {"header": "Content-Length"},
    {"header": "Transfer-Encoding"},
    {"header": "Proxy"},
    scheme(id_header="X-API-KEY", template="{id}{body}"),
    scheme(id_header="X-S", template="{id}{body}"),
    scheme(timestamp_header="x-s", template="{timestamp}{body}"),
    scheme(timestamp_item="t", separator=",", prefix="t=", template="{timestamp}{body}"),
]
SAVED = ["--header", "X-S: 1", "--body", "-"]


@pytest.mark.parametrize("odd", [{"id_header": "X-S"}, {"id_header": "X-API-KEY"},
                                 {"event_header": "X-S"}, {"event_header": "TE"}], ids=str)
def test_odd_scheme_that_verifies(home, odd):
    """A header that says nothing, or the same once more, keeps nothing from being verified."""
    assert decide(home, "generic", scheme(**odd), SECRET, [("X-S", HEX)])


@pytest.mark.parametrize("never", NEVER_SCHEMES, ids=str)
def test_scheme_that_never_verifies(home, never):
    words = ["--provider", "generic", "--scheme", json.dumps(never), "--secret-file", "-"]
    done = home.run_fxctl("secret", "create", "--name", "a", *words, stdin=SECRET)
    assert done.returncode == 2 and "scheme." in done.stderr, done
    done = home.run_fxctl("verify", *words[:4], "--secret-env", "PATH", *SAVED, stdin="")
    assert done.returncode == 2 and "scheme." in done.stderr, done


NEVER_SECRETS = [
    # provider, scheme, the file
    ("github", None, "\ufeffsecret\n"),
    ("github", None, "one\ntwo\n"),
    ("github", None, "one\n\ntwo"),
    ("github", None, "one\rtwo"),
    ("github", None, "s\0e\0c\0r\0e\0t\0"),
    ("github", None, "\n\n"),
    ("github", None, "x" * 1025),
    ("gitlab", None, " secret"),
    ("standard-webhooks", None, "v1,secret"),
    ("generic", BEARER, OURS),
    ("generic", {**BEARER, "prefix": ""}, "Bearer " + OURS),
]


@pytest.mark.parametrize("provider, given, text", NEVER_SECRETS, ids=repr)
def test_secret_that_never_verifies(home, tmp_path, provider, given, text):
    file = tmp_path / "secret"
    file.write_text(text, newline="")
    words = ["--provider", provider, *(["--scheme", json.dumps(given)] if given else [])]
    made = home.new_secret(provider, **({"scheme": json.dumps(given)} if given else {}))
    for path in (file, "-"):
        stdin = text if path == "-" else None
        for command in (["secret", "create", "--name", "a", *words], ["secret", "rotate", made.id],
                        ["verify", *words, "--header", "X: 1", "--body", "/dev/null"]):
            done = home.run_fxctl(*command, "--secret-file", str(path), stdin=stdin)
            assert done.returncode in (1, 2) and "secret" in done.stderr, done
            assert "\ufeff" not in done.stderr and "not good" not in done.stderr
    home.revoke(made)


# --- More secrets than are tried ---

def test_command_says_which_secret_is_one_too_many(home):
    """The one that crosses the bound, and those after it; others are not concerned."""
    made = [home.new_secret("shopify") for _ in range(16)]
    says = [home.run_fxctl("secret", "create", "--json", "--name", "a", "--provider", provider)
            for provider in ("shopify", "shopify", "slack")]
    ids = [json.loads(done.stdout)["id"] for done in says]
    for done, own in zip(says[:2], ids):
        assert f"/fx/events/webhook?key={own}" in done.stderr
        assert "and to no other URL" in done.stderr and "x-shopify-hmac-sha256" in done.stderr
    assert "and to no other URL" not in says[2].stderr
    for each in made:
        home.revoke(each)
    for own in ids:
        home.fxctl("secret", "revoke", own)
    done = home.run_fxctl("secret", "create", "--name", "a", "--provider", "shopify")
    assert "and to no other URL" not in done.stderr
