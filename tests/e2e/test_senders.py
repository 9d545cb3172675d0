"""Senders as they are: each mode of each with all its headers, where all others have secrets, too."""
import json
import subprocess

import pytest

import jobs
import senders
from checks import check_problem, nothing_stored
from deliveries import DELIVERIES, FORM
from door import HOOK, SECRETS, Door, fresh
from harness import BUILD
from senders import b64

SIGNED = [name for name, delivery in DELIVERIES.items() if delivery.signed]
KEYED = [name for name, delivery in DELIVERIES.items() if not delivery.signed]


@pytest.fixture(scope="module")
def home():
    """With a pipeline that keeps each event as its step was given it."""
    with Door() as made:
        made.start()
        made.start_dispatcher()
        jobs.make(made, jobs.python('say(save={"event": sys.stdin.read()})'), event="*")
        yield made


@pytest.fixture(scope="module")
def still():
    """Without a dispatcher, so that one can see that nothing is stored."""
    with Door() as made:
        made.start()
        yield made


def received(home, reply):
    assert reply.status == 200, reply
    [execution] = home.wait_cid(reply.json["cid"])
    return json.loads(jobs.completed(execution)["data"]["event"])


def check_event(event, delivery, body, own):
    assert (event["type"], event["source"]) == (delivery.kind, delivery.source or HOOK)
    assert event["data"] == (delivery.data(own) if delivery.data else json.loads(body))
    assert not delivery.has_id or event["id"] == own


@pytest.mark.parametrize("named", [True, False], ids=["named", "searched"])
@pytest.mark.parametrize("name", SIGNED)
def test_signed_delivery(home, name, named):
    delivery, own = DELIVERIES[name], fresh()
    headers, body = delivery.send(SECRETS[delivery.provider], own)
    path = f"{HOOK}?key={home.made[delivery.provider].id}" if named else HOOK
    first = home.deliver(body, headers, path)
    check_event(received(home, first), delivery, body, own)
    again = home.deliver(body, headers, path)
    assert (again.json, again.headers["Idempotent-Replayed"]) == (first.json, "true")


@pytest.mark.parametrize("name", SIGNED)
def test_verify_says_the_same(name):
    delivery = DELIVERIES[name]
    headers, body = delivery.send(SECRETS[delivery.provider], fresh())
    words = [word for header, value in headers for word in ("--header", f"{header}: {value}")]
    done = subprocess.run([BUILD / "bin/fxctl", "verify", "--provider", delivery.provider,
                           "--secret-env", "SECRET", "--body", "-", *words], input=body,
                          env={"SECRET": SECRETS[delivery.provider]}, capture_output=True)
    assert done.stdout == b"good\n", done


NOBODY = {"gitlab-signing": "whsec_" + b64(b"x" * 32)}


@pytest.mark.parametrize("name", SIGNED)
def test_delivery_that_was_changed(still, name):
    """Or that nobody's secret has signed."""
    delivery = DELIVERIES[name]
    url = f"{HOOK}?key={still.made[delivery.provider].id}"
    headers, body = delivery.send(SECRETS[delivery.provider], fresh())
    foreign, foreign_body = delivery.send(NOBODY.get(delivery.provider, "nobody's"), fresh())
    with nothing_stored(still):
        if delivery.provider != "gitlab":  # whose token says nothing of the body
            for changed in (body + b" ", body[:-1], b"{}"):
                check_problem(still.deliver(changed, headers, url), 401)
        check_problem(still.deliver(foreign_body, foreign, url), 401)
        check_problem(still.deliver(foreign_body, foreign), 401)


@pytest.mark.parametrize("how", ["X-API-KEY", "Authorization"])
@pytest.mark.parametrize("name", KEYED)
def test_delivery_with_a_key(home, name, how):
    """Where the sender was given no secret, but a header of our own. Its empty signatures are none."""
    delivery, own = DELIVERIES[name], fresh()
    headers, body = delivery.send(None, own)
    key = home.key("events")
    headers.append((how, f"Bearer {key}" if how == "Authorization" else key))
    first = home.deliver(body, headers)
    check_event(received(home, first), delivery, body, own)
    again = home.deliver(body, headers)
    assert (again.json, again.headers["Idempotent-Replayed"]) == (first.json, "true")
    changed = home.deliver(body, [h if h[1] != own else (h[0], fresh()) for h in headers])
    assert changed.json["cid"] != first.json["cid"]


@pytest.mark.parametrize("name", KEYED)
def test_delivery_with_neither(home, name):
    headers, body = DELIVERIES[name].send(None, fresh())
    check_problem(home.deliver(body, headers), 401)
    check_problem(home.deliver(body, headers, f"{HOOK}?key={home.made['gitea'].id}"), 401)


# --- Forms whose JSON is signed ---

@pytest.mark.parametrize("provider", ["gitea", "forgejo"])
@pytest.mark.parametrize("body", [b"payload=", b"other=1", b"", b"payload=%zz",
                                  b"payload={}&payload={}"])
def test_form_without_what_is_signed(home, provider, body):
    headers = [FORM, *home.sign(provider, b"{}")]
    check_problem(home.deliver(body, headers, home.url(provider)), 401)


def test_signed_json_in_another_form_is_the_same(home):
    """However the form writes it, with whatever beside it."""
    made = home.new_secret("gitea", repeats="body")
    text = json.dumps({"n": fresh()})
    signed = [("X-Gitea-Signature", senders.digest(made.token, text.encode()).hex())]
    forms = [f"payload={text}", f"payload={text.replace('{', '%7B')}&more=1", f"a=b&payload={text}"]
    cids = {home.deliver(form.encode(), [FORM, *signed], f"{HOOK}?key={made.id}").json["cid"]
            for form in forms}
    cids.add(home.deliver(text.encode(), signed, f"{HOOK}?key={made.id}").json["cid"])
    assert len(cids) == 1
    home.revoke(made)


# --- Slack's forms ---

@pytest.mark.parametrize("body, status, part", [
    (b"command=%2Fa&command=%2Fb", 200, None),
    (b"a", 200, None),
    (b"a=%zz", 400, "encoded"),
    (b"a=%00", 400, "encoded"),
    (b"a=%ff", 400, "encoded"),
    (b"%ff=a", 400, "encoded"),
    (b"", 400, "payload"),
])
def test_fields_of_a_form(home, body, status, part):
    reply = home.deliver(body, [FORM, *home.sign("slack", body)], home.url("slack"))
    assert reply.status == status, reply
    if part:
        check_problem(reply, status, part)
