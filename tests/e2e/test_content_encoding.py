"""Headers that say what the bytes of a body stand for: each is honoured, or refused by its name."""
import contextlib
import gzip
import json
import os
import re
import signal
import zlib

import pytest

import jobs
import raw
import senders
from checks import check_problem, nothing_stored
from door import fresh
from harness import BUILD, Home, freeze, read_proc
from jobs import completed, python
from senders import digest

MIB = 1 << 20
EVENT = {"event_source": "shop", "event_type": "order.created", "payload": {"id": 1, "name": "ü"}}
TEXT = json.dumps(EVENT, ensure_ascii=False).encode()
HOOK = "/fx/events/webhook"
CODINGS = "gzip, deflate"


def deflated(data, window=-15, level=6):
    """A window of -15 leaves the wrapping out, one of 15 is zlib's, one of 31 is gzip's."""
    made = zlib.compressobj(level, zlib.DEFLATED, window)
    return made.compress(data) + made.flush()


def gzip_with(data, flags, extra):
    """A member whose head has more than it must (RFC 1952, section 2.3)."""
    made = gzip.compress(data)
    return made[:3] + bytes([flags]) + made[4:10] + extra + made[10:]


def like_zlib(data):
    """Not wrapped, and beginning with the two bytes that zlib begins with: a stored block of 156
    bytes, in whose first byte the unused bits are set."""
    first, rest = data[:156].ljust(156), data[156:]
    return (b"\x78\x9c\x00\x63\xff" + first + deflated(rest))


# A name of the coding, and how the bytes are made.
GOOD = {
    "gzip": ("gzip", gzip.compress),
    "gzip, upper case": ("GZIP", gzip.compress),
    "gzip, by its other name": ("x-gzip", gzip.compress),
    "gzip, stored": ("gzip", lambda data: gzip.compress(data, 0)),
    "gzip, smallest": ("gzip", lambda data: gzip.compress(data, 9)),
    "gzip, with a time": ("gzip", lambda data: gzip.compress(data, mtime=1)),
    "gzip, with a name": ("gzip", lambda data: gzip_with(data, 8, b"event.json\0")),
    "gzip, with a comment": ("gzip", lambda data: gzip_with(data, 16, b"from us\0")),
    "gzip, with a field": ("gzip", lambda data: gzip_with(data, 4, b"\4\0abcd")),
    "gzip of two members": ("gzip", lambda data: gzip.compress(data[:9]) + gzip.compress(data[9:])),
    "gzip, an empty member before": ("gzip", lambda data: gzip.compress(b"") + gzip.compress(data)),
    "gzip, an empty member behind": ("gzip", lambda data: gzip.compress(data) + gzip.compress(b"")),
    "gzip, a member a byte": ("gzip", lambda data: b"".join(
        gzip.compress(data[i:i + 1]) for i in range(len(data)))),
    "deflate": ("deflate", zlib.compress),
    "deflate, upper case": ("Deflate", zlib.compress),
    "deflate, stored": ("deflate", lambda data: zlib.compress(data, 0)),
    "deflate, a small window": ("deflate", lambda data: deflated(data, 9)),
    "deflate, not wrapped": ("deflate", deflated),
    "deflate, not wrapped, stored": ("deflate", lambda data: deflated(data, level=0)),
    "deflate, not wrapped, beginning like zlib": ("deflate", like_zlib),
    "identity": ("identity", bytes),
    "identity, upper case": ("Identity", bytes),
    "empty": ("", bytes),
    "a list of one": (" , gzip ,", gzip.compress),
    "identity and gzip": ("identity, gzip", gzip.compress),
    "a charset": ("UTF-8", bytes),
}
good = pytest.mark.parametrize("case", GOOD)

# Other codings, and none.
UNKNOWN = ["br", "zstd", "compress", "x-compress", "dcb", "gzip, gzip", "gzip, deflate", "br, gzip",
           "gzip, br", "gzip gzip", "gzip;q=1.0", "x-deflate", "gzipp", "gzi", "*", "none",
           "aws-chunked", "base64", "application/json", "\"gzip\"", "\xfc", "gzip" * 500]

# What is not what it is said to be.
PLAIN = b'{"a":"' + b"x" * 300 + b'"}'
DAMAGED = {
    "not encoded": ("gzip", PLAIN),
    "not encoded either": ("deflate", PLAIN),
    "deflate as gzip": ("gzip", zlib.compress(PLAIN)),
    "gzip as deflate": ("deflate", gzip.compress(PLAIN)),
    "another sum": ("gzip", gzip.compress(PLAIN)[:-8] + b"\0\0\0\0" + gzip.compress(PLAIN)[-4:]),
    "another length": ("gzip", gzip.compress(PLAIN)[:-4] + b"\1\0\0\0"),
    "another sum of deflate": ("deflate", zlib.compress(PLAIN)[:-4] + b"\0\0\0\0"),
    "a byte behind": ("gzip", gzip.compress(PLAIN) + b"x"),
    "zeros behind": ("gzip", gzip.compress(PLAIN) + bytes(512)),
    "a newline behind": ("deflate", zlib.compress(PLAIN) + b"\n"),
    "more behind": ("deflate", zlib.compress(PLAIN) + PLAIN),
    "more behind what is not wrapped": ("deflate", deflated(PLAIN) + b"x"),
    "half a member behind": ("gzip", gzip.compress(PLAIN) + gzip.compress(PLAIN)[:15]),
    "a dictionary is wanted": ("deflate", b"\x78\xbb\0\0\0\1" + deflated(PLAIN)),
    "no block of that kind": ("deflate", b"\x07\x00"),
    "rubbish": ("gzip", b"\x1f\x8b\x08" + bytes(range(255)) * 4),
    **{f"gzip, cut at {at}": ("gzip", gzip.compress(PLAIN)[:at]) for at in (1, 2, 9, 10, 11, -9, -8, -1)},
    **{f"deflate, cut at {at}": ("deflate", zlib.compress(PLAIN)[:at]) for at in (1, 2, 3, -5, -4, -1)},
    **{f"not wrapped, cut at {at}": ("deflate", deflated(PLAIN)[:at]) for at in (1, 2, -1)},
}


def coded(name, data):
    encoding, encode = GOOD[name]
    return encode(data), [("Content-Encoding", encoding)]


@pytest.fixture(scope="module")
def keeping():
    """With a pipeline that keeps each event as its step was given it, and one to run by hand."""
    with Home() as home:
        home.configure(web={"failures_per_minute": 0})
        home.start()
        home.start_dispatcher()
        keep = python('say(save={"event": sys.stdin.buffer.read().decode("utf-8")})')
        jobs.make(home, keep, event="*")
        jobs.make(home, keep, name="by-hand", event=None)
        yield home


def kept(home, reply):
    """The event's data as the step had it: its text, which stands last."""
    assert reply.status == 200, reply
    [execution] = home.wait_cid(reply.json["cid"])
    text = completed(execution)["data"]["event"]
    return text[text.index('"data":') + 7:-1]


# --- What is decoded ---

@good
def test_event_is_decoded(site, case):
    body, headers = coded(case, TEXT)
    reply = site.post("/fx/events", body, headers=headers)
    assert (reply.status, reply.json.get("eventType")) == (200, "order.created"), reply


@good
def test_payload_is_kept_decoded(keeping, case):
    payload = b'{"a":"' + b"x" * 148 + '","b":[1.10, "ü"]}'.encode()
    assert len(payload[:156]) == 156  # like_zlib fills up what is shorter
    body, headers = coded(case, payload)
    assert kept(keeping, keeping.post("/fx/events/generic", body, headers=headers)).encode() == payload


def ce(**more):
    return {"specversion": "1.0", "id": fresh(), "source": "/s", "type": "t", **more}


def binary(home, body, headers, content_type="application/json"):
    return home.post("/fx/events", body, headers=[
        *headers, ("Content-Type", content_type), *((f"ce-{n}", v) for n, v in ce().items())])


@pytest.mark.parametrize("case", ["gzip", "deflate", "deflate, not wrapped"])
def test_every_way_in_decodes(keeping, case):
    event, typed = {"a": "ü"}, lambda of: [("Content-Type", of)]
    text = json.dumps(event, ensure_ascii=False)
    body, headers = coded(case, text.encode())
    assert kept(keeping, keeping.post("/fx/events/webhook", body, headers=headers)) == text
    assert kept(keeping, binary(keeping, body, headers)) == text
    assert json.loads(kept(keeping, binary(keeping, body, headers, "text/plain"))) == text
    one = json.dumps(ce(data=event)).encode()
    body, headers = coded(case, one)
    assert json.loads(kept(keeping, keeping.post(
        "/fx/events", body, headers=headers + typed("application/cloudevents+json")))) == event
    body, headers = coded(case, b"[" + json.dumps(ce(data=event)).encode() + b"]")
    reply = keeping.post(
        "/fx/events", body, headers=headers + typed("application/cloudevents-batch+json"))
    assert reply.status == 200, reply
    body, headers = coded(case, b"payload=%7B%22a%22%3A1%7D")
    assert kept(keeping, keeping.post(HOOK, body, headers=headers + typed(
        "application/x-www-form-urlencoded"))) == '{"a":1}'


def test_other_bodies_are_decoded(keeping):
    steps = [{"name": "run", "script": "ok.sh"}]
    keeping.write_script("ok.sh", jobs.OK)
    body, headers = coded("gzip", json.dumps({"name": "coded", "id": "coded", "steps": steps}).encode())
    assert keeping.post("/api/v1/pipelines", body, headers=headers).status == 201
    body, headers = coded("deflate", json.dumps({"name": "coded", "steps": steps}).encode())
    assert keeping.put("/api/v1/pipelines/coded", body, headers=headers).status == 200
    body, headers = coded("gzip", b'{"a":1}')
    assert keeping.post("/api/v1/batches/coded", body, headers=headers).status in (200, 202)


# --- What is refused ---

@pytest.mark.parametrize("encoding", UNKNOWN)
@pytest.mark.parametrize("key", ["good", None])
def test_other_codings_are_refused_by_name(site, encoding, key):
    more = {} if key else {"key": None}
    for path, body in ("/fx/events", TEXT), ("/api/v1/pipelines", b"{}"), ("/api/v1/events/x", b"{}"):
        with nothing_stored(site):
            reply = site.post(path, body, headers=[("Content-Encoding", encoding)], **more)
        check_problem(reply, 415, "Content-Encoding")
        assert reply.headers["Accept-Encoding"] == CODINGS


@pytest.mark.parametrize("first, second, status", [
    ("gzip", "gzip", 415), ("gzip", "br", 415), ("identity", "gzip", 200), ("gzip", "identity", 200)])
def test_header_twice(site, first, second, status):
    reply = site.post("/fx/events", gzip.compress(TEXT), headers=[
        ("Content-Encoding", first), ("Content-Encoding", second)])
    assert reply.status == status, reply


def test_two_variables(fastcgi):
    """As front ends may have it that do not join them."""
    given = raw.variables("POST", "/fx/events", b"x", HTTP_CONTENT_ENCODING="gzip")
    twice = raw.pairs(given) + raw.pairs({"HTTP_CONTENT_ENCODING": "gzip"})
    data = raw.begin() + raw.stream(raw.PARAMS, twice) + raw.stream(raw.STDIN, b"x")
    assert raw.send(fastcgi.socket("events"), data).startswith(b"Status: 415 ")


@pytest.mark.parametrize("encoding", UNKNOWN[:6] + ["gzip"])
def test_no_body_has_no_coding(site, encoding):
    headers = [("Content-Encoding", encoding)]
    check_problem(site.post("/fx/events", b"", headers=headers), 400, "empty")
    assert site.get("/fx/executions", headers=headers).status == 200


@pytest.mark.parametrize("case", DAMAGED)
def test_damaged(site, case):
    encoding, body = DAMAGED[case]
    headers = [("Content-Encoding", encoding)]
    with nothing_stored(site):
        for path in "/fx/events", "/fx/events/generic", HOOK, "/api/v1/pipelines":
            check_problem(site.post(path, body, headers=headers), 400, "Content-Encoding")
        check_problem(binary(site, body, headers, "text/plain"), 400, "Content-Encoding")


def test_every_cut_is_damaged(fastcgi):
    whole = gzip.compress(b'{"a":1}')
    for at in range(1, len(whole)):
        reply = fastcgi.post("/fx/events/generic", whole[:at], headers=[("Content-Encoding", "gzip")])
        check_problem(reply, 400, "ends early")


def test_what_is_decoded_must_be_json(site):
    body, headers = coded("gzip", b'{"a":1,}')
    check_problem(site.post("/fx/events/generic", body, headers=headers), 400, "not acceptable JSON")
    body, headers = coded("gzip", b"")
    check_problem(site.post("/fx/events/generic", body, headers=headers), 400, "empty")
    body, headers = coded("gzip", gzip.compress(b'{"a":1}'))
    check_problem(site.post("/fx/events/generic", body, headers=headers), 400, "not acceptable JSON")


# --- Sizes ---

def document(size):
    return b'{"a":"' + b"x" * (size - 8) + b'"}'


def bomb(size, encoding):
    """Zeros, in a thousandth of their size."""
    made = zlib.compressobj(9, zlib.DEFLATED, {"gzip": 31, "deflate": 15, "raw": -15}[encoding])
    return b"".join(made.compress(bytes(MIB)) for _ in range(size // MIB)) + made.flush()


@pytest.mark.parametrize("case", ["gzip", "deflate", "deflate, not wrapped", "gzip of two members"])
def test_limit_holds_for_what_is_decoded(site, case):
    body, headers = coded(case, document(MIB))
    assert site.post("/fx/events/generic", body, headers=headers).status == 200
    body, headers = coded(case, document(MIB + 1))
    with nothing_stored(site):
        check_problem(site.post("/fx/events/generic", body, headers=headers), 413, str(MIB), "decoded")


def test_limit_holds_for_what_comes(site):
    """Stored, it is larger than what it stands for."""
    body, headers = coded("gzip, stored", document(MIB))
    assert len(body) > MIB
    check_problem(site.post("/fx/events/generic", body, headers=headers), 413, str(MIB))


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "raw"])
def test_bomb(site, encoding):
    headers = [("Content-Encoding", encoding.replace("raw", "deflate"))]
    body = bomb(512 * MIB, encoding)
    assert len(body) < MIB
    with nothing_stored(site):
        check_problem(site.post("/fx/events/generic", body, headers=headers), 413, "decoded")
        check_problem(site.post("/fx/events/generic", body, headers=headers, key=None), 401)


@pytest.mark.skipif("asan" in str(BUILD) or "tsan" in str(BUILD), reason="keeps what is freed")
def test_gathered_requests_are_bounded(home):
    """However small they come, those that wait for one commit take up no more than others."""
    home.start()
    body, headers = coded("gzip", document(MIB))
    request = home.request("POST", "/fx/events/generic", body, headers)
    peers = [home.connect() for _ in range(300)]
    [program] = [pid for pid, command in home.processes().items() if "events.fcgi" in command]
    freeze(program)  # so that it finds all of them at once
    for peer in peers:
        peer.sendall(request)
    os.kill(program, signal.SIGCONT)
    for peer in peers:
        with peer:
            assert peer.recv(64).startswith(b"HTTP/1.1 200")
    peak_kb = int(re.search(rb"VmHWM:\s*(\d+) kB", read_proc(program, "status"))[1])
    assert peak_kb < 160 << 10, f"{peak_kb} kB"


# --- Signatures, repeats ---

SCHEME = {"header": "X-Signature"}


@pytest.fixture(scope="module")
def signing():
    """Secrets whose sender signs what it sends, and what it had before it encoded that."""
    with Home() as home:
        home.configure(web={"failures_per_minute": 0})
        home.made = {signs: home.new_secret("generic", "a secret of theirs", scheme=json.dumps(
            SCHEME if signs is None else {**SCHEME, "signs": signs}))
            for signs in (None, "received", "decoded")}
        home.github = home.new_secret("github", "a secret of github")
        home.key()
        home.start()
        yield home


def signature(body):
    return [("X-Signature", digest("a secret of theirs", body).hex())]


@pytest.mark.parametrize("signs", [None, "received", "decoded"])
@pytest.mark.parametrize("case", ["gzip", "deflate", "deflate, not wrapped", "identity"])
def test_signature_is_over_what_the_scheme_says(signing, tmp_path, signs, case):
    plain = b'{"a":1}'
    body, headers = coded(case, plain)
    path = f"{HOOK}?key={signing.made[signs].id}"
    for signed in body, plain:
        good = signed == (plain if signs == "decoded" else body)
        reply = signing.post(path, body, headers=headers + signature(signed), key=None)
        assert reply.status == (200 if good else 401), reply
        # fxctl cannot be of another mind.
        file, secret = tmp_path / "body", tmp_path / "secret"
        file.write_bytes(body)
        secret.write_text("a secret of theirs\n")
        scheme = SCHEME if signs is None else {**SCHEME, "signs": signs}
        words = [word for name, value in headers + signature(signed)
                 for word in ("--header", f"{name}: {value}")]
        done = signing.run_fxctl("verify", "--provider", "generic", "--scheme", json.dumps(scheme),
                                 "--secret-file", str(secret), "--body", str(file), *words)
        assert (done.returncode == 0) == good, done


def test_presets_sign_what_comes(signing):
    body, headers = coded("gzip", b'{"a":1}')
    path = f"{HOOK}?key={signing.github.id}"
    secret = "a secret of github"
    for signed, status in (body, 200), (b'{"a":1}', 401):
        reply = signing.post(path, body, headers=headers + senders.sign("github", secret, signed), key=None)
        assert reply.status == status, reply


@pytest.mark.parametrize("case", ["cut", "bomb", "unknown"])
def test_signed_body_that_cannot_be_decoded(signing, case):
    """Over what came, a signature is good, and the body is at fault; else there is nothing to check."""
    body = {"cut": gzip.compress(b"{}")[:-1], "bomb": bomb(64 * MIB, "gzip"), "unknown": b"{}"}[case]
    headers = [("Content-Encoding", "br" if case == "unknown" else "gzip"), *signature(body)]
    status = {"cut": 400, "bomb": 413, "unknown": 415}[case]
    for signs in "received", "decoded":
        reply = signing.post(f"{HOOK}?key={signing.made[signs].id}", body, headers=headers, key=None)
        assert reply.status == (status if signs == "received" or case == "unknown" else 401), reply


@pytest.mark.parametrize("scheme, part", [
    ({"signs": "decoded", "algorithm": "token"}, "signs"), ({"signs": "sent"}, "signs"),
    ({"signs": True}, "signs"), ({"signs": None}, "signs")])
def test_scheme_that_says_another_thing(signing, scheme, part):
    done = signing.run_fxctl("secret", "create", "--name", "x", "--provider", "generic", "--scheme",
                             json.dumps({**SCHEME, **scheme}))
    assert done.returncode and f"scheme.{part}" in done.stderr, done


def test_repeat_that_is_encoded_in_another_way(site):
    key = ("Idempotency-Key", fresh())
    first = site.post("/fx/events", gzip.compress(TEXT, 1), headers=[key, ("Content-Encoding", "gzip")])
    assert first.status == 200, first
    for case in "gzip, smallest", "deflate", "identity":
        body, headers = coded(case, TEXT)
        again = site.post("/fx/events", body, headers=[key, *headers])
        assert again.headers["Idempotent-Replayed"] == "true"
        assert again.json == first.json
    body, headers = coded("gzip", TEXT.replace(b"1", b"2"))
    assert site.post("/fx/events", body, headers=[key, *headers]).status == 422


# --- Other headers ---

@pytest.mark.parametrize("header, value, status", [
    ("Content-Range", "bytes 0-99/200", 400), ("Content-Range", "bytes */200", 400),
    ("content-range", "x", 400),
    ("Content-Transfer-Encoding", "base64", 415), ("Content-Transfer-Encoding", "quoted-printable", 415),
    ("Content-Transfer-Encoding", "", 200),
    ("Content-Transfer-Encoding", "binary", 200), ("Content-Transfer-Encoding", "8BIT", 200),
    ("Content-Transfer-Encoding", "7bit", 200),
    # These say something of the body that changes nothing; none of them is checked.
    ("Content-MD5", "1B2M2Y8AsgTpgAmY7PhCfg==", 200), ("Digest", "md5=x", 200),
    ("Content-Digest", "sha-256=:x:", 200), ("Repr-Digest", "sha-256=:x:", 200),
    ("Content-Language", "de", 200), ("Content-Location", "/x", 200),
    ("Content-Disposition", "attachment", 200), ("Content-Encoded", "gzip", 200),
    ("Accept-Encoding", "br", 200), ("Content", "gzip", 200),
])
def test_other_headers_of_a_body(site, header, value, status):
    with nothing_stored(site) if status != 200 else contextlib.nullcontext():
        reply = site.post("/fx/events", TEXT, headers=[(header, value)])
    if status == 200:
        assert reply.status == 200, reply
    else:
        check_problem(reply, status, header.title() if "ransfer" not in header else header)


@pytest.mark.parametrize("coding", ["gzip, chunked", "gzip", "chunked, gzip", "identity", "deflate"])
def test_transfer_coding(site, coding):
    """Who takes requests apart is the front end: of these it knows none."""
    data = gzip.compress(TEXT)
    body = f"{len(data):x}\r\n".encode() + data + b"\r\n0\r\n\r\n"
    with nothing_stored(site):
        reply = site.post("/fx/events", body, headers=[("Transfer-Encoding", coding)])
    assert reply is None or reply.status in (400, 411, 501), reply


def test_coding_in_chunks(site):
    data = gzip.compress(TEXT)
    body = f"{len(data):x}\r\n".encode() + data + b"\r\n0\r\n\r\n"
    reply = site.post("/fx/events", body, headers=[
        ("Transfer-Encoding", "chunked"), ("Content-Encoding", "gzip")])
    assert reply.status == 200, reply
