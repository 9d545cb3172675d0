"""100 KB and more in each header, query parameter and member that the events program reads.

No web server lets so much through, so a FastCGI client sends it to the program's socket. What is
stored is compared in the unit test of the same name; here the program stays whole, as every
home's end checks that no sanitizer had anything to report.
"""
import json

import pytest

import raw
from checks import check_problem

HOOK = "/fx/events/webhook"
LENGTHS = (100_000, 200_000)
BODY = b'{"action":"o\\u0070en","repository":{"url":"\\/r"}}'
GITHUB = {"HTTP_X_GITHUB_EVENT": "push"}
CLOUDEVENT = {"HTTP_CE_SPECVERSION": "1.0", "HTTP_CE_SOURCE": "%2Fs", "HTTP_CE_TYPE": "%74",
              "HTTP_CE_ID": "1"}

# What one variable that long makes of a delivery that is good without it.
DELIVERY = {
    "HTTP_X_GITHUB_EVENT": 200,
    "HTTP_X_GITHUB_DELIVERY": 200,
    "HTTP_X_GITEA_EVENT": 200,
    "HTTP_X_SHOPIFY_TOPIC": 200,
    "HTTP_X_SHOPIFY_SHOP_DOMAIN": 200,
    "HTTP_IDEMPOTENCY_KEY": 400,
    "HTTP_X_HUB_SIGNATURE_256": 401,
    "HTTP_X_GITEA_SIGNATURE": 401,
    "HTTP_X_GITLAB_TOKEN": 401,
    "HTTP_X_GITLAB_EVENT": 200,
    "HTTP_WEBHOOK_ID": 200,
    "HTTP_WEBHOOK_TIMESTAMP": 200,
    "HTTP_WEBHOOK_SIGNATURE": 401,
    "HTTP_SVIX_SIGNATURE": 401,
    "HTTP_STRIPE_SIGNATURE": 401,
    "HTTP_X_SLACK_SIGNATURE": 401,
    "HTTP_X_SLACK_REQUEST_TIMESTAMP": 200,
    "HTTP_X_SHOPIFY_HMAC_SHA256": 401,
    "HTTP_X_API_KEY": 401,
    "HTTP_AUTHORIZATION": 200,
    "REDIRECT_HTTP_AUTHORIZATION": 200,
    "HTTP_WEBHOOK_REQUEST_ORIGIN": 200,
    "HTTP_USER_AGENT": 200,
    "CONTENT_TYPE": 415,
    "CONTENT_LENGTH": 400,
    "REMOTE_ADDR": 200,
    "REQUEST_URI": 200,
    "REQUEST_METHOD": 405,
    "REDIRECT_STATUS": 200,
    "SCRIPT_NAME": 404,
    "PATH_INFO": 404,
}

QUERY = {"event_type": 400, "event_source": 400, "topic": 400, "key": 401, "other": 200}

MEMBERS = {
    "action": ({"action": "{}", "repository": {"url": "/r"}}, GITHUB, 200),
    "url": ({"action": "open", "repository": {"url": "/{}"}}, GITHUB, 422),
    "html_url": ({"repository": {"html_url": "/{}", "url": "/r"}}, GITHUB, 422),
    "another": ({"action": "open", "other": "{}"}, GITHUB, 200),
}


def send(home, body=BODY, path=HOOK, **more):
    """The reply's status, and the program still there to take an event."""
    given = raw.variables("POST", path, body, **{"HTTP_X_API_KEY": home.key(), **more})
    out, ended = raw.request(home.socket("events"), given, body)
    assert ended and out.startswith(b"Status: "), out[:200]
    home.post_event("long.text")
    return int(out[8:11])


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("name", DELIVERY)
def test_header(fastcgi, name, length):
    assert send(fastcgi, **{**GITHUB, name: "a" * length}) == DELIVERY[name]


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("name", QUERY)
def test_query(fastcgi, name, length):
    assert send(fastcgi, QUERY_STRING=f"{name}={'a' * length}", **GITHUB) == QUERY[name]


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("name", MEMBERS)
def test_member(fastcgi, name, length):
    payload, headers, status = MEMBERS[name]
    body = json.dumps(payload).replace("{}", "\\u0061" + "a" * length).encode()
    assert send(fastcgi, body, **headers) == status


@pytest.mark.parametrize("length", LENGTHS)
def test_form(fastcgi, length):
    body = b"payload=%7B%22action%22%3A%22" + b"a" * length + b"%22%7D"
    assert send(fastcgi, body, CONTENT_TYPE="application/x-www-form-urlencoded",
                HTTP_X_GITHUB_EVENT="a" * length) == 200


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("name", ["ID", "SUBJECT", "OTHER"])
def test_cloudevent(fastcgi, name, length):
    more = {**CLOUDEVENT, f"HTTP_CE_{name}": "%61" + "a" * length}
    assert send(fastcgi, path="/fx/events", QUERY_STRING="topic=%6f", **more) == 200


@pytest.mark.parametrize("length", LENGTHS)
def test_name_of_a_header(fastcgi, length):
    more = {**CLOUDEVENT, f"HTTP_CE_{'A' * length}": "1"}
    assert send(fastcgi, path="/fx/events", **more) == 422
