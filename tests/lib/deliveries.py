"""deliveries - what senders send in each of their modes: their whole header set, as their own
sources and documents have it, with values made up.

    for name, delivery in DELIVERIES.items():
        headers, body = delivery.send(secret, own)

`own` is the id of the delivery. Signatures are made anew by senders.py.
"""
import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Callable, Optional
from urllib.parse import urlencode

from senders import b64, digest, sign, stamp

JSON = ("Content-Type", "application/json")
FORM = ("Content-Type", "application/x-www-form-urlencoded")
REPOSITORY = {"id": 1, "full_name": "octo/cat", "html_url": "https://forge.example/octo/cat",
              "url": "https://forge.example/api/v1/repos/octo/cat"}
SOURCE = REPOSITORY["html_url"]


@dataclass
class Delivery:
    provider: str
    kind: str                # the event's type
    source: Optional[str]    # None: the route's own
    send: Callable           # (secret or None, id) -> headers, body
    signed: bool = True      # False: such a sender has no secret here, and brings a key
    has_id: bool = True
    data: Optional[Callable] = None  # what the payload is, where it is not the body


def encoded(payload):
    return json.dumps(payload, ensure_ascii=False).encode()


def form_of(payload):
    return urlencode({"payload": encoded(payload)}).encode()


def sha1(secret, body):
    return hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()


# --- GitHub: docs.github.com, "Webhook events and payloads", Delivery headers ---

def github(event, payload, form=False):
    def send(secret, own):
        body = form_of(payload) if form else encoded(payload)
        headers = [("Accept", "*/*"), FORM if form else JSON,
                   ("User-Agent", "GitHub-Hookshot/044aadd"), ("X-GitHub-Delivery", own),
                   ("X-GitHub-Event", event), ("X-GitHub-Hook-ID", "292430182"),
                   ("X-GitHub-Hook-Installation-Target-ID", "79929171"),
                   ("X-GitHub-Hook-Installation-Target-Type", "repository")]
        if secret:
            headers += [("X-Hub-Signature", "sha1=" + sha1(secret, body)),
                        ("X-Hub-Signature-256", "sha256=" + digest(secret, body).hex())]
        return headers, body
    return send


# --- Gitea and Forgejo: services/webhook/deliver.go of each ---

def gitea(event, payload, form=False, forgejo=False, also=()):
    """The JSON is signed, whatever stands round it, and without a secret the headers are empty."""
    def send(secret, own):
        body = form_of(payload) if form else encoded(payload)
        code = digest(secret, encoded(payload)).hex() if secret else ""
        old = sha1(secret, encoded(payload)) if secret else ""
        headers = [FORM if form else JSON, ("User-Agent", "Go-http-client/1.1")]
        for family in ["Forgejo"] * forgejo + ["Gitea", "Gogs"]:
            headers += [(f"X-{family}-Delivery", own), (f"X-{family}-Event", event),
                        (f"X-{family}-Event-Type", event), (f"X-{family}-Signature", code)]
        headers += [("X-Hub-Signature", "sha1=" + old), ("X-Hub-Signature-256", "sha256=" + code),
                    ("X-GitHub-Delivery", own), ("X-GitHub-Event", event),
                    ("X-GitHub-Event-Type", event), *also]
        return headers, body
    return send


# --- GitLab: docs.gitlab.com, "Webhooks" and "System hooks", Delivery headers ---

def gitlab(event, payload, signing=False):
    def send(secret, own):
        body = encoded(payload)
        headers = [JSON, ("User-Agent", "GitLab/17.9.0"), ("Idempotency-Key", own),
                   ("X-Gitlab-Event", event), ("X-Gitlab-Instance", "https://gitlab.example"),
                   ("X-Gitlab-Webhook-UUID", "02affd2d-2cba-4033-917d-ec22d5dc4b38"),
                   ("X-Gitlab-Event-UUID", "13792a34-cac6-4fda-95a8-c58e00a3954e")]
        if secret and signing:
            headers += sign("gitlab-signing", secret, body, own=own)
        elif secret:
            headers.append(("X-Gitlab-Token", secret))
        return headers, body
    return send


# --- Bitbucket: support.atlassian.com, "Event payloads"; Data Center's "Event payload" ---

def bitbucket(event, payload, center=False):
    def send(secret, own):
        body = encoded(payload)
        headers = [("Content-Type", "application/json; charset=utf-8" if center
                    else "application/json"), ("X-Event-Key", event)]
        headers += [("X-Request-Id", own)] if center else [
            ("User-Agent", "Bitbucket-Webhooks/2.0"), ("X-Request-UUID", own),
            ("X-Hook-UUID", "af3b1aa5-0d2c-4ab4-9c8a-3b1e3a4f9c11"), ("X-Attempt-Number", "1")]
        if secret:
            headers.append(("X-Hub-Signature", "sha256=" + digest(secret, body).hex()))
        return headers, body
    return send


# --- Stripe, Slack, Shopify: each one's documentation of webhooks ---

def stripe(payload):
    def send(secret, own):
        body = encoded({**payload, "id": own})
        at = stamp(0)
        code = digest(secret, f"{at}.".encode() + body).hex()
        return [("Content-Type", "application/json; charset=utf-8"), ("Cache-Control", "no-cache"),
                ("User-Agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)"),
                ("Accept", "*/*; q=0.5, application/xml"),
                ("Stripe-Signature", f"t={at},v1={code},v0={'6' * 64}")], body
    return send


def slack(payload=None, form=None, fields=None):
    def send(secret, own):
        if payload is not None:
            body = encoded({**payload, "event_id": own})
        else:
            body = form_of({**form, "trigger_id": own}) if form else urlencode(
                {**fields, "trigger_id": own}).encode()
        return [JSON if payload is not None else FORM, ("Accept", "*/*"),
                ("Accept-Encoding", "gzip,deflate"), ("X-Slack-Retry-Num", "1"),
                ("User-Agent", "Slackbot 1.0 (+https://api.slack.com/robots)"),
                ("X-Slack-Retry-Reason", "http_timeout"), *sign("slack", secret, body)], body
    return send


def shopify(topic, payload):
    def send(secret, own):
        body = encoded(payload)
        headers = [JSON, ("User-Agent", "Shopify-Captain-Hook"), ("X-Shopify-Topic", topic),
                   ("X-Shopify-Shop-Domain", "octo.myshopify.example"),
                   ("X-Shopify-API-Version", "2026-10"), ("X-Shopify-Webhook-Id", own),
                   ("X-Shopify-Event-Id", "98880550-7158-44d4-b7cd-2c97c8a091b5"),
                   ("X-Shopify-Triggered-At", "2026-11-26T10:00:00.123456789Z"),
                   ("X-Shopify-Test", "true")]
        if secret:
            headers.append(("X-Shopify-Hmac-Sha256", b64(digest(secret, body))))
        return headers, body
    return send


ISSUE = {"action": "opened", "issue": {"title": "1 + 1 = 2 & 50 % – grüße"}, "repository": REPOSITORY}
PUSH = {"ref": "refs/heads/main", "repository": REPOSITORY}
PROJECT = {"web_url": "https://gitlab.example/octo/cat"}
CLOUD = {"push": {"changes": []}, "repository": {"links": {"html": {"href": SOURCE}}}}
CENTER = {"eventKey": "pr:opened", "repository": {"links": {"self": [{"href": SOURCE}]}}}
STRIPE, SLACK = "https://stripe.com", "https://slack.com"
SHOP = "https://octo.myshopify.example"

DELIVERIES = {
    "github": Delivery("github", "com.github.issues.opened", SOURCE, github("issues", ISSUE)),
    "github, a form": Delivery("github", "com.github.issues.opened", SOURCE,
                               github("issues", ISSUE, form=True), data=lambda own: ISSUE),
    "github, ping": Delivery("github", "com.github.ping", SOURCE, github(
        "ping", {"zen": "Design for failure.", "hook_id": 1, "repository": REPOSITORY})),
    "github, ping of an organization": Delivery("github", "com.github.ping", None, github(
        "ping", {"zen": "Design for failure.", "hook_id": 1})),
    "github, no secret": Delivery("github", "com.github.push", SOURCE, github("push", PUSH),
                                  signed=False),

    "gitea": Delivery("gitea", "com.gitea.issues.opened", SOURCE, gitea("issues", ISSUE)),
    "gitea, a form": Delivery("gitea", "com.gitea.issues.opened", SOURCE,
                              gitea("issues", ISSUE, form=True), data=lambda own: ISSUE),
    "gitea, no secret": Delivery("gitea", "com.gitea.push", SOURCE, gitea("push", PUSH),
                                 signed=False),
    "gitea, no secret, a form": Delivery("gitea", "com.gitea.push", SOURCE,
                                         gitea("push", PUSH, form=True), signed=False,
                                         data=lambda own: PUSH),
    "gitea, of an organization": Delivery(
        "gitea", "com.gitea.push", SOURCE,
        gitea("push", PUSH, also=[("X-Gitea-Hook-Installation-Target-Type", "organization"),
                                  ("X-GitHub-Hook-Installation-Target-Type", "organization")])),

    "forgejo": Delivery("forgejo", "com.forgejo.issues.opened", SOURCE,
                        gitea("issues", ISSUE, forgejo=True)),
    "forgejo, a form": Delivery("forgejo", "com.forgejo.issues.opened", SOURCE,
                                gitea("issues", ISSUE, form=True, forgejo=True),
                                data=lambda own: ISSUE),
    "forgejo, no secret": Delivery("forgejo", "com.forgejo.push", SOURCE,
                                   gitea("push", PUSH, forgejo=True), signed=False),
    "forgejo under gitea's name": Delivery("gitea", "com.gitea.issues.opened", SOURCE,
                                           gitea("issues", ISSUE, forgejo=True)),

    "gitlab": Delivery("gitlab", "com.gitlab.push", PROJECT["web_url"], gitlab(
        "Push Hook", {"object_kind": "push", "project": PROJECT})),
    "gitlab, signing": Delivery("gitlab-signing", "com.gitlab.issue", PROJECT["web_url"], gitlab(
        "Issue Hook", {"object_kind": "issue", "event_type": "issue", "project": PROJECT},
        signing=True)),
    "gitlab, a system hook": Delivery("gitlab", "com.gitlab.user_create", None, gitlab(
        "System Hook", {"event_name": "user_create", "name": "John", "user_id": 41})),
    "gitlab, a push of a system hook": Delivery("gitlab", "com.gitlab.push", PROJECT["web_url"],
                                                gitlab("System Hook", {
                                                    "event_name": "push", "object_kind": "push",
                                                    "project": PROJECT})),
    "gitlab, no secret": Delivery("gitlab", "com.gitlab.push", PROJECT["web_url"], gitlab(
        "Push Hook", {"object_kind": "push", "project": PROJECT}), signed=False),

    "bitbucket": Delivery("bitbucket", "com.bitbucket.repo:push", SOURCE,
                          bitbucket("repo:push", CLOUD)),
    "bitbucket, data center": Delivery("bitbucket", "com.bitbucket.pr:opened", SOURCE,
                                       bitbucket("pr:opened", CENTER, center=True)),
    "bitbucket, data center's test": Delivery("bitbucket", "com.bitbucket.diagnostics:ping", None,
                                              bitbucket("diagnostics:ping", {"test": True},
                                                        center=True)),
    "bitbucket, no secret": Delivery("bitbucket", "com.bitbucket.repo:push", SOURCE,
                                     bitbucket("repo:push", CLOUD), signed=False),

    "stripe": Delivery("stripe", "com.stripe.charge.succeeded", STRIPE, stripe(
        {"object": "event", "api_version": "2026-10-29", "type": "charge.succeeded",
         "livemode": False, "pending_webhooks": 1, "data": {"object": {"id": "ch_1"}}})),
    "stripe, thin": Delivery("stripe", "com.stripe.v1.billing.meter.error_report_triggered", STRIPE,
                             stripe({"object": "v2.core.event", "livemode": False, "context": None,
                                     "type": "v1.billing.meter.error_report_triggered"})),

    "slack": Delivery("slack", "com.slack.app_mention", SLACK, slack(
        {"token": "x", "team_id": "T1", "type": "event_callback", "event":
         {"type": "app_mention", "text": "hi"}})),
    "slack, interactive": Delivery("slack", "com.slack.block_actions", SLACK, slack(
        form={"type": "block_actions", "user": {"id": "U1"}}), has_id=False,
        data=lambda own: {"type": "block_actions", "user": {"id": "U1"}, "trigger_id": own}),
    "slack, a slash command": Delivery("slack", "com.slack.slash_command", SLACK, slack(
        fields={"token": "x", "command": "/deploy", "text": "prod & 50% – grüße", "empty": ""}),
        has_id=False, data=lambda own: {"token": "x", "command": "/deploy", "trigger_id": own,
                                        "text": "prod & 50% – grüße", "empty": ""}),

    "shopify": Delivery("shopify", "com.shopify.orders.create", SHOP, shopify(
        "orders/create", {"id": 820982911946154508, "email": "jon@example.com"})),
    "shopify, no secret": Delivery("shopify", "com.shopify.app.uninstalled", SHOP, shopify(
        "app/uninstalled", {"id": 1}), signed=False),
}
