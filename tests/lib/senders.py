"""senders - webhook senders: how each provider signs, written anew from their documents.

    headers = senders.sign("github", secret, body)

A signature is made of hmac and hashlib alone, so that what the programs verify
was not made by their own code. Headers are pairs, as Home.call takes them.
"""
import base64
import hashlib
import hmac
import time

CLOCK = object()  # "now"


def digest(secret, message, algorithm="sha256"):
    key = secret if isinstance(secret, bytes) else secret.encode()
    return hmac.new(key, message, getattr(hashlib, algorithm)).digest()


def b64(data):
    return base64.b64encode(data).decode()


def key_of(secret):
    """The bytes that a Standard Webhooks secret stands for."""
    return base64.b64decode(secret.removeprefix("whsec_"))


def stamp(at):
    """A timestamp as text; a number is seconds from now."""
    if at is CLOCK:
        at = 0
    return at if isinstance(at, str) else str(int(time.time()) + at)


def github(secret, body, at, own):
    return [("X-Hub-Signature-256", "sha256=" + digest(secret, body).hex())]


def gitea(secret, body, at, own):
    return [("X-Gitea-Signature", digest(secret, body).hex())]


def forgejo(secret, body, at, own):
    return [("X-Forgejo-Signature", digest(secret, body).hex())]


def bitbucket(secret, body, at, own):
    return [("X-Hub-Signature", "sha256=" + digest(secret, body).hex())]


def gitlab(secret, body, at, own):
    return [("X-Gitlab-Token", secret)]


def standard(secret, body, at, own, family="webhook"):
    at = stamp(at)
    message = f"{own}.{at}.".encode() + body
    return [(f"{family}-id", own), (f"{family}-timestamp", at),
            (f"{family}-signature", "v1," + b64(digest(key_of(secret), message)))]


def svix(secret, body, at, own):
    return standard(secret, body, at, own, "svix")


def stripe(secret, body, at, own):
    at = stamp(at)
    return [("Stripe-Signature", f"t={at},v1={digest(secret, f'{at}.'.encode() + body).hex()}")]


def slack(secret, body, at, own):
    at = stamp(at)
    return [("X-Slack-Request-Timestamp", at),
            ("X-Slack-Signature", "v0=" + digest(secret, f"v0:{at}:".encode() + body).hex())]


def shopify(secret, body, at, own):
    return [("X-Shopify-Hmac-SHA256", b64(digest(secret, body)))]


SIGNERS = {
    "github": github, "gitea": gitea, "forgejo": forgejo, "gitlab": gitlab,
    "gitlab-signing": standard, "standard-webhooks": standard, "svix": svix, "stripe": stripe,
    "slack": slack, "shopify": shopify, "bitbucket": bitbucket,
}
TIMED = ("gitlab-signing", "standard-webhooks", "svix", "stripe", "slack")


def sign(sender, secret, body, at=CLOCK, own="msg_1"):
    """The headers that prove who sends the body. `at` is seconds from now or a timestamp's text;
    `own` is the id of the delivery, where that is signed."""
    return SIGNERS[sender](secret, body, at, own)
