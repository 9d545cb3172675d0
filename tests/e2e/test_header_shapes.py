"""Headers in any shape that a request may have them in: doubled, empty, with blanks, as lists, under
names that only look alike. Each goes through the real front end and through `fxctl verify`, which
must decide alike."""
import itertools
import json

import pytest

import senders
from door import HOOK
from harness import Home
from senders import b64, digest

SECRET = "of the sender's own"
BODY = b'{"a":1}'
KEY = "whsec_" + b64(bytes(range(32)))
JSON = ("Content-Type", "application/json")
FORM = ("Content-Type", "application/x-www-form-urlencoded")


def list_scheme(header, separator):
    return {"header": header, "prefix": "v1=", "separator": separator}


HEX = digest(SECRET, BODY).hex()

# What the sender is called → provider, scheme, secret, headers of a good delivery.
SENDERS = {
    "github": ("github", None, SECRET, lambda: senders.sign("github", SECRET, BODY)),
    "gitea": ("gitea", None, SECRET, lambda: senders.sign("gitea", SECRET, BODY)),
    "gitlab": ("gitlab", None, SECRET, lambda: senders.sign("gitlab", SECRET, BODY)),
    "standard": ("standard-webhooks", None, KEY, lambda: senders.sign("standard-webhooks", KEY, BODY)),
    "stripe": ("stripe", None, SECRET, lambda: senders.sign("stripe", SECRET, BODY)),
    "slack": ("slack", None, SECRET, lambda: senders.sign("slack", SECRET, BODY)),
    "commas": ("generic", list_scheme("X-Commas", ","), SECRET, lambda: [("X-Commas", "v1=" + HEX)]),
    "semicolons": ("generic", list_scheme("X-Semicolons", ";"), SECRET,
                   lambda: [("X-Semicolons", "v1=" + HEX)]),
    "token": ("generic", {"header": "X-Token", "algorithm": "token"}, "ab, ab", lambda: [("X-Token", "ab, ab")]),
    "basic": ("generic", {"header": "Authorization", "algorithm": "token", "prefix": "Basic "}, "dTpw",
              lambda: [("Authorization", "Basic dTpw")]),
}
# The header with a good value → all lines in its place.
SHAPES = {
    "alone": lambda n, v: [(n, v)],
    "missing": lambda n, v: [],
    "empty": lambda n, v: [(n, "")],
    "wrong": lambda n, v: [(n, "rubbish")],
    "doubled": lambda n, v: [(n, v), (n, v)],
    "three times": lambda n, v: [(n, v), (n, v), (n, v)],
    "wrong, then right": lambda n, v: [(n, "rubbish"), (n, v)],
    "right, then wrong": lambda n, v: [(n, v), (n, "rubbish")],
    "empty, then right": lambda n, v: [(n, ""), (n, v)],
    "right, then empty": lambda n, v: [(n, v), (n, "")],
    "blank, then right": lambda n, v: [(n, " \t "), (n, v)],
    "doubled in two cases": lambda n, v: [(n.upper(), v), (n.lower(), v)],
    "doubled, far apart": lambda n, v: [(n, v), ("X-Between", "1"), (n, v)],
    "list": lambda n, v: [(n, f"{v}, {v}")],
    "list without blanks": lambda n, v: [(n, f"{v},{v}")],
    "list, wrong first": lambda n, v: [(n, f"rubbish, {v}")],
    "list of blanks": lambda n, v: [(n, f"{v} {v}")],
    "list of semicolons": lambda n, v: [(n, f"{v}; {v}")],
    "list with tabs": lambda n, v: [(n, f"{v},\t{v}")],
    "empty item first": lambda n, v: [(n, f", {v}")],
    "empty item last": lambda n, v: [(n, f"{v},")],
    "half of it doubled": lambda n, v: [(n, v[:len(v) // 2]), (n, v[len(v) // 2:])],
    "cut at a list's comma": lambda n, v: [(n, part) for part in v.split(", ")],
    "blanks around": lambda n, v: [(n, f"  {v}  ")],
    "tabs around": lambda n, v: [(n, f"\t{v}\t")],
    "quoted": lambda n, v: [(n, f'"{v}"')],
    "upper case": lambda n, v: [(n.upper(), v)],
    "lower case": lambda n, v: [(n.lower(), v)],
    "underscores": lambda n, v: [(n.replace("-", "_"), v)],
    "dots": lambda n, v: [(n.replace("-", "."), v)],
    "both names": lambda n, v: [(n, v), (n.replace("-", "_"), v)],
    "both names, one empty": lambda n, v: [(n, v), (n.replace("-", "_"), "")],
    "underscores doubled": lambda n, v: [(n.replace("-", "_"), v), (n.replace("-", "_"), v)],
    "three names": lambda n, v: [(n, v), (n.replace("-", "_"), v), (n.replace("-", "."), v)],
    "not ASCII before": lambda n, v: [(n, "\xe9" + v)],
    "not ASCII behind": lambda n, v: [(n, v + "\xa0")],
    "UTF-8 behind": lambda n, v: [(n, v + "\xc3\xa9")],
    "not ASCII beside": lambda n, v: [(n, v), ("X-Other", "\xff\xfe")],
    "control character": lambda n, v: [(n, v + "\x01")],
    "control character beside": lambda n, v: [(n, v), ("X-Other", "a\x01b")],
    "DEL beside": lambda n, v: [(n, v), ("X-Other", "a\x7fb")],
    "tab beside": lambda n, v: [(n, v), ("X-Other", "a\tb")],
    "colon in the value": lambda n, v: [(n, ": " + v)],
    "a name of one letter more": lambda n, v: [(n + "s", v)],
    "a blank before the colon": lambda n, v: [(n + " ", v)],
}
GOOD_DOUBLED = {("standard", "webhook-signature"), ("commas", "X-Commas")}


@pytest.fixture(scope="module")
def home():
    with Home() as made:
        made.configure(web={"failures_per_minute": 0})
        made.start()
        made.ids = {name: made.new_secret(provider, secret, **({"scheme": json.dumps(scheme)} if scheme else {})).id
                    for name, (provider, scheme, secret, _) in SENDERS.items()}
        yield made


def lines_of(headers):
    return "".join(f"{name}: {value}\r\n" for name, value in headers).encode("latin-1")


def verify(home, sender, headers, body):
    """Is it good? To `fxctl verify`."""
    provider, scheme, secret, _ = SENDERS[sender]
    file = home.scratch / sender
    file.write_text(secret)
    request = home.scratch / "request"
    request.write_bytes(lines_of(headers) + b"\r\n" + body)
    done = home.run_fxctl("verify", "--provider", provider, *(["--scheme", json.dumps(scheme)] if scheme else []),
                          "--secret-file", str(file), "--request", str(request))
    assert done.returncode in (0, 1), done
    return done.returncode == 0, done.stderr


def deliver(home, headers, body, path):
    head = (f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
            f"Content-Length: {len(body)}\r\n").encode()
    return home.exchange(head + lines_of(headers) + b"\r\n" + body, "POST").status


def cases():
    for name, shape in itertools.product(SENDERS, SHAPES):
        for number in range(len(SENDERS[name][3]())):
            yield name, shape, number


@pytest.mark.parametrize("sender, shape, number", cases())
def test_gateway_and_verify_agree(home, sender, shape, number):
    headers = list(SENDERS[sender][3]())
    name, value = headers[number]
    shaped = [*headers[:number], *SHAPES[shape](name, value), *headers[number + 1:], JSON]
    good, why = verify(home, sender, shaped, BODY)
    for path in (f"{HOOK}?key={home.ids[sender]}", HOOK):
        status = deliver(home, shaped, BODY, path)
        assert status == 200 if good else status in (400, 401), (status, path, why)
    if shape in ("alone", "upper case", "lower case", "blanks around", "tabs around", "underscores",
                 "not ASCII beside", "tab beside", "empty, then right", "right, then empty"):
        assert good, why
    if shape in ("missing", "empty", "wrong", "control character", "both names"):
        assert not good
    if shape == "doubled":
        assert good == ((sender, name) in GOOD_DOUBLED), why


FORMS = [
    [FORM], [FORM, FORM], [FORM, JSON], [JSON, FORM], [("Content-Type", ""), FORM], [FORM, ("Content-Type", "")],
    [("Content_Type", FORM[1])], [FORM, ("Content_Type", JSON[1])], [JSON, ("Content_Type", FORM[1])],
    [("CONTENT-TYPE", FORM[1].upper())], [("Content-Type", FORM[1] + ";charset=utf-8")],
    [("Content-Type", FORM[1] + ", " + FORM[1])], [("Content-Type", JSON[1] + ", " + FORM[1])],
]


@pytest.mark.parametrize("types", FORMS, ids=lambda types: " ".join(f"{n}:{v}" for n, v in types))
def test_what_says_that_a_form_is_signed(home, types):
    """Gitea signs the JSON in a form, so that the type of the body decides what was signed."""
    text = b"payload=" + BODY
    for body in (text, BODY):
        for signed in (BODY, body):
            headers = [*senders.sign("gitea", SECRET, signed), *types]
            good, why = verify(home, "gitea", headers, body)
            status = deliver(home, headers, body, f"{HOOK}?key={home.ids['gitea']}")
            # A body that is not what it says is refused behind its signature.
            assert status != 401 if good else status in (400, 401), (status, why)
