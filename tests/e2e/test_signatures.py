"""Signatures that are none: one detail is wrong, and nothing of the request is stored."""
import time
from urllib.parse import quote

import pytest

import raw
import senders
from checks import check_problem, nothing_stored
from door import BODY, HOOK, LISTS, SECRETS, SENDERS, Door, fresh, provider_of
from senders import b64, digest, key_of


@pytest.fixture(scope="module")
def door():
    """Without a dispatcher, so that one can see that nothing is stored."""
    with Door() as home:
        home.start()
        yield home


# --- In hexadecimal ---

def spoiled(value, prefix):
    """Everything that a hexadecimal signature may be instead of itself."""
    digits = value.removeprefix(prefix)
    flipped = "0123456789abcdef"
    cases = {
        "odd length": prefix + digits[:-1],
        "one digit more": prefix + digits + "0",
        "one byte less": prefix + digits[:-2],
        "one byte more": prefix + digits + "00",
        "twice as long": prefix + digits * 2,
        "half": prefix + digits[:32],
        "no digits": prefix,
        "other digits": prefix + "g" * len(digits),
        "zeros": prefix + "0" * len(digits),
        "base64": prefix + b64(bytes.fromhex(digits)),
        "a space within": prefix + digits[:10] + " " + digits[10:],
        "something behind": prefix + digits + ";",
        "quoted": f'"{prefix}{digits}"',
        "twice in one": f"{value},{value}",
        "twice in one, a space between": f"{value} {value}",
        "empty": "",
    }
    for at in (0, 31, 63):
        digit = flipped[flipped.index(digits[at]) ^ 1]
        cases[f"bit flipped in digit {at}"] = prefix + digits[:at] + digit + digits[at + 1:]
    if prefix:
        cases |= {
            "no prefix": digits,
            "a space between": prefix + " " + digits,
            "percent-encoded": prefix.replace("=", "%3D") + digits,
            "upper case prefix": prefix.upper() + digits,
            "another prefix": "x" + prefix + digits,
            "prefix twice": prefix + prefix + digits,
            "prefix alone, without its sign": prefix.rstrip("="),
        }
    return cases


# The headers with a signature of one provider each way, and their prefixes.
HEX = {"github": ("X-Hub-Signature-256", "sha256="), "gitea": ("X-Gitea-Signature", ""),
       "slack": ("X-Slack-Signature", "v0=")}
SPOILED = [(sender, case) for sender, (_, prefix) in HEX.items()
           for case in spoiled(prefix + "a" * 64, prefix)]


@pytest.mark.parametrize("sender, case", SPOILED)
def test_spoiled_signature(door, sender, case):
    name, prefix = HEX[sender]
    headers = dict(door.sign(sender, BODY))
    headers[name] = spoiled(headers[name], prefix)[case]
    with nothing_stored(door):
        check_problem(door.deliver(BODY, headers.items(), door.url(sender)), 401)
        check_problem(door.deliver(BODY, headers.items()), 401)


def legacy(secret):
    return [("X-Hub-Signature", "sha1=" + digest(secret, BODY, "sha1").hex())]


GITHUB = SECRETS["github"]
REFUSED = {
    "none": [],
    "sha1 alone": legacy(GITHUB),
    "sha1 where sha256 is asked": [("X-Hub-Signature-256", legacy(GITHUB)[0][1])],
    "sha1's prefix before sha256": [("X-Hub-Signature-256", "sha1=" + digest(GITHUB, BODY).hex())],
    "sha512": [("X-Hub-Signature-256", "sha256=" + digest(GITHUB, BODY, "sha512").hex())],
    "over another secret": senders.sign("github", "another", BODY),
    "over an empty secret": senders.sign("github", "", BODY),
    "over another body": senders.sign("github", GITHUB, BODY + b" "),
    "over an empty body": senders.sign("github", GITHUB, b""),
    "the raw secret": [("X-Hub-Signature-256", GITHUB)],
    "the raw secret behind the prefix": [("X-Hub-Signature-256", "sha256=" + GITHUB)],
    "the secret as another provider's token": [("X-Gitlab-Token", GITHUB)],
    "in another provider's header": [("X-Gitea-Signature", digest(GITHUB, BODY).hex())],
    "in the older header": [("X-Hub-Signature", "sha256=" + digest(GITHUB, BODY).hex())],
    "as a bearer": [("Authorization", "Bearer " + GITHUB)],
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(door, case):
    with nothing_stored(door):
        check_problem(door.deliver(BODY, REFUSED[case], door.url("github")), 401)
        check_problem(door.deliver(BODY, REFUSED[case]), 401)


@pytest.mark.parametrize("sender", SENDERS)
def test_another_secret_signs(door, sender):
    """Of the same kind, and live for another provider or for nobody."""
    others = {each: secret for each, secret in SECRETS.items() if each != provider_of(sender)}
    base64 = "gitlab-signing" if provider_of(sender) == "standard-webhooks" else "standard-webhooks"
    nobody = "whsec_" + b64(b"x" * 32)
    for other in (others[base64], nobody) if sender in LISTS else (*others.values(), nobody):
        headers = senders.sign(sender, other, BODY)
        with nothing_stored(door):
            check_problem(door.deliver(BODY, headers, door.url(sender)), 401)


@pytest.mark.parametrize("sender", [sender for sender in SENDERS if sender != "gitlab"])
@pytest.mark.parametrize("change", [
    lambda body: body.replace(b"1", b"0"), lambda body: body[:-1], lambda body: body + b"\n",
    lambda body: body.replace(b"a", b"\xe1"), lambda body: body + b"\0", lambda body: b"{}"],
    ids=["bit flipped", "cut", "newline", "high bit", "NUL", "another"])
def test_changed_body(door, sender, change):
    headers = door.sign(sender, BODY)
    with nothing_stored(door):
        check_problem(door.deliver(change(BODY), headers, door.url(sender)), 401)


@pytest.mark.parametrize("sender", SENDERS)
def test_header_twice(door, sender):
    """Whether they say the same or not, and in whatever order.

    lighttpd joins the two by a comma (RFC 9110, 5.3). Where a header is a list
    anyway, one good signature in it is enough, as it is in one header.
    """
    good = door.sign(sender, BODY)
    bad = senders.sign(sender, "whsec_" + b64(b"x" * 32), BODY)
    for second in (good[-1:], bad[-1:]):
        reply = door.deliver(BODY, good + second, door.url(sender))
        assert reply.status in ((200, 401) if sender in LISTS else (401,)), reply
    for headers in (bad[-1:] + good[-1:], bad + bad[-1:], good[:-1] + bad[-1:] * 2):
        if not (sender in LISTS and headers == bad[-1:] + good[-1:]):
            with nothing_stored(door):
                check_problem(door.deliver(BODY, headers, door.url(sender)), 401)


@pytest.mark.parametrize("sender", SENDERS)
def test_raw_header_twice(door, sender):
    """As two variables, however they got there: refused, whatever they say."""
    headers = [*door.sign(sender, BODY), door.sign(sender, BODY)[-1]]
    with nothing_stored(door):
        assert ask(door, headers, sender) == 401
    assert ask(door, headers[:-1], sender) == 200


@pytest.mark.parametrize("sender", SENDERS)
def test_header_smuggled_under_another_name(door, sender):
    """With "_" for "-" it becomes the same variable."""
    headers = door.sign(sender, BODY)
    twin = (headers[-1][0].replace("-", "_"), headers[-1][1])
    with nothing_stored(door):
        check_problem(door.deliver(BODY, [*headers, twin], door.url(sender)), 401)
        check_problem(door.deliver(BODY, [twin, *headers], door.url(sender)), 401)


# --- Base64, lists and times ---

def put(headers, name, change):
    """The headers with one value changed."""
    assert name in dict(headers)
    return [(n, change(v) if n == name else v) for n, v in headers]


@pytest.mark.parametrize("change", [
    lambda v: v.rstrip("="), lambda v: v + "=", lambda v: v[:-2] + "_=", lambda v: v[:-2] + "-=",
    lambda v: v[:10] + " " + v[10:], lambda v: v[:-2] + "==", lambda v: v.swapcase(),
    lambda v: b64(b"x" * 32), lambda v: b64(b"x" * 31), lambda v: "", lambda v: "====",
    lambda v: "sha256=" + v])
@pytest.mark.parametrize("sender, name, prefix", [
    ("shopify", "X-Shopify-Hmac-SHA256", ""), ("standard-webhooks", "webhook-signature", "v1,"),
    ("gitlab-signing", "webhook-signature", "v1,")])
def test_spoiled_base64(door, sender, name, prefix, change):
    headers = put(door.sign(sender, BODY), name, lambda v: prefix + change(v.removeprefix(prefix)))
    with nothing_stored(door):
        check_problem(door.deliver(BODY, headers, door.url(sender)), 401)


OTHER = "v1," + b64(b"x" * 32)


@pytest.mark.parametrize("change, status", [
    (lambda v: f"{OTHER} {v}", 200),
    (lambda v: f"{v} {OTHER}", 200),
    (lambda v: f"v1a,{OTHER[3:]} {v}", 200),
    (lambda v: f"v2,x  {v}", 200),
    (lambda v: " ".join([OTHER] * 15 + [v]), 200),
    (lambda v: " ".join([OTHER] * 16 + [v]), 401),
    (lambda v: f"{OTHER} {OTHER}", 401),
    (lambda v: "v1a," + v[3:], 401),
    (lambda v: "V1," + v[3:], 401),
    (lambda v: "v1=" + v[3:], 401),
    (lambda v: v[3:], 401),
    (lambda v: f"{OTHER},{v}", 401),
])
@pytest.mark.parametrize("sender", LISTS)
def test_list_of_signatures(door, sender, change, status):
    name = "svix-signature" if sender == "svix" else "webhook-signature"
    headers = put(door.sign(sender, BODY, own=fresh()), name, change)
    assert door.deliver(BODY, headers, door.url(sender)).status == status


@pytest.mark.parametrize("own", ["", "a.b", "a.1", "x" * 8000])
def test_signed_id(door, own):
    """It must not hold the character that ends it in what is signed."""
    headers = door.sign("standard-webhooks", BODY, own=own)
    status = door.deliver(BODY, headers, door.url("standard-webhooks")).status
    assert status == (200 if own.startswith("x") else 401)


def test_id_moved_into_the_time(door):
    """"a" "1.2" and "a.1" "2" are one text with one signature."""
    at = senders.stamp(0)
    token = key_of(SECRETS["standard-webhooks"])
    signature = "v1," + b64(digest(token, f"a.{at}.{at}.".encode() + BODY))
    headers = [("webhook-id", f"a.{at}"), ("webhook-timestamp", at),
               ("webhook-signature", signature)]
    with nothing_stored(door):
        check_problem(door.deliver(BODY, headers, door.url("standard-webhooks")), 401)


@pytest.mark.parametrize("missing", ["id", "timestamp", "signature"])
@pytest.mark.parametrize("family", ["webhook", "svix"])
def test_part_of_a_signature_is_missing(door, family, missing):
    sender = "svix" if family == "svix" else "standard-webhooks"
    headers = [h for h in door.sign(sender, BODY) if h[0] != f"{family}-{missing}"]
    with nothing_stored(door):
        check_problem(door.deliver(BODY, headers, door.url(sender)), 401)


@pytest.mark.parametrize("change, status", [
    (lambda t, v1: f"{v1},{t}", 200),
    (lambda t, v1: f"{t}, {v1}", 200),
    (lambda t, v1: f"{t},{v1},v0=00,v2=x,", 200),
    (lambda t, v1: f"{t},v1=00,v1=,{v1}", 200),
    (lambda t, v1: v1, 401),
    (lambda t, v1: t, 401),
    (lambda t, v1: f"{t},{t},{v1}", 401),
    (lambda t, v1: f"{t},t=1,{v1}", 401),
    (lambda t, v1: f"t=,{v1}", 401),
    (lambda t, v1: f"T={t[2:]},{v1}", 401),
    (lambda t, v1: f"{t},v0={v1[3:]}", 401),
    (lambda t, v1: f"{t},V1={v1[3:]}", 401),
    (lambda t, v1: f"{t};{v1}", 401),
    (lambda t, v1: f"{t} {v1}", 401),
    (lambda t, v1: f"{t},v1={v1[3:].upper()}", 200),
    (lambda t, v1: f"{t},{v1.upper()}", 401),
])
def test_stripe_header(door, change, status):
    (name, value), = door.sign("stripe", BODY)
    headers = [(name, change(*value.split(",")))]
    assert door.deliver(BODY, headers, door.url("stripe")).status == status


def test_thousand_signatures(door):
    """Of a list only the first are looked at, and none where the web server refuses the header."""
    (name, value), = door.sign("stripe", BODY)
    at, v1 = value.split(",")
    others = ["v1=" + "0" * 64] * 999
    early, late = ",".join([at, v1, *others]), ",".join([at, *others, v1])
    with nothing_stored(door):
        reply = door.deliver(BODY, [(name, early)], door.url("stripe"))
        assert reply.status == 431
        assert ask(door, [(name, late)], "stripe") == 401
    assert ask(door, [(name, early)], "stripe") == 200


def ask(door, headers, sender):
    """The status that the program itself gives to a delivery, beside the web server."""
    given = raw.pairs(raw.variables(
        "POST", HOOK, BODY, QUERY_STRING=f"key={door.secret(sender).id}"))
    for name, value in headers:
        given += raw.pairs({"HTTP_" + name.upper().replace("-", "_"): value})
    with raw.connect(door.socket("events")) as peer:
        peer.sendall(raw.begin() + raw.stream(raw.PARAMS, given) + raw.stream(raw.STDIN, BODY))
        out, ended = raw.read_reply(peer)
    assert ended
    return int(out.split(b" ")[1])


@pytest.mark.parametrize("sender", senders.TIMED)
@pytest.mark.parametrize("at, status", [
    (-270, 200), (270, 200), (-330, 401), (330, 401), (-86400, 401), (86400, 401),
    ("9" * 30, 401), ("0" * 30, 401), ("9" * 12, 401), ("0", 401), ("", 401), ("-1", 401),
    ("now", 401), ("1e9", 401), ("0x6553f100", 401), ("1700000000.5", 401), ("٣", 401)])
def test_time_of_a_signature(door, sender, at, status):
    """300 seconds both ways; all of these are signed well."""
    if at == "٣":
        at = at.encode().decode("latin-1")  # its bytes, as a header has them
    headers = door.sign(sender, BODY, at=at, own=fresh())
    reply = door.deliver(BODY, headers, door.url(sender))
    assert reply.status == status, reply


@pytest.mark.parametrize("sender", senders.TIMED)
def test_milliseconds_and_spaces_are_no_time(door, sender):
    now = int(time.time())
    for at in (str(now * 1000), f"{now} 0", f"+{now}"):
        headers = door.sign(sender, BODY, at=at)
        with nothing_stored(door):
            check_problem(door.deliver(BODY, headers, door.url(sender)), 401)


@pytest.mark.parametrize("sender, name", [("slack", "X-Slack-Request-Timestamp"),
                                          ("standard-webhooks", "webhook-timestamp"),
                                          ("svix", "svix-timestamp")])
def test_time_changed_on_the_way(door, sender, name):
    """An old delivery does not become young."""
    headers = put(door.sign(sender, BODY, at=-600), name, lambda _: senders.stamp(0))
    with nothing_stored(door):
        check_problem(door.deliver(BODY, headers, door.url(sender)), 401)


@pytest.mark.parametrize("token", [
    lambda t: t[:-1], lambda t: t + "x", lambda t: t.upper(), lambda t: "", lambda t: f"{t}, {t}",
    lambda t: f"Bearer {t}", lambda t: quote(t), lambda t: b64(t.encode())])
def test_wrong_token(door, token):
    headers = [("X-Gitlab-Token", token(SECRETS["gitlab"]))]
    with nothing_stored(door):
        check_problem(door.deliver(BODY, headers, door.url("gitlab")), 401)


def test_gitlab_s_two_ways_are_two(door):
    """A sender never chooses the weaker one."""
    strong = door.secret("gitlab-signing")
    with nothing_stored(door):
        check_problem(door.deliver(BODY, [("X-Gitlab-Token", strong.token)],
                                   door.url("gitlab-signing")), 401)
