"""door - a home in which every provider of webhooks has a secret."""
import itertools
import time

import senders
from harness import Home
from senders import b64

HOOK = "/fx/events/webhook"
UNNAMED = "fx.events.webhook.incoming"  # the type where the sender names none

BODY = b'{"id":1,"name":"a body to be signed"}'

# A secret for each provider, in the form that the provider itself is given.
SECRETS = {
    "github": "It's a Secret to Everybody",
    "gitea": "gitea's own secret",
    "forgejo": "forgejo's own secret",
    "gitlab": "gitlab's own token",
    "bitbucket": "of a bucket with bits",
    "gitlab-signing": "whsec_" + b64(bytes(range(32))),
    "standard-webhooks": "whsec_" + b64(bytes(range(1, 33))),
    "stripe": "whsec_test_secret_of_stripe",
    "slack": "8f742231b10e8888abcd99yyyzzz85a5",
    "shopify": "hush, this is the shop's",
}
PROVIDER_OF = {"svix": "standard-webhooks"}
SENDERS = [*SECRETS, *PROVIDER_OF]
LISTS = ("standard-webhooks", "svix", "gitlab-signing")  # send several signatures

numbers = itertools.count(time.time_ns())


def provider_of(sender):
    return PROVIDER_OF.get(sender, sender)


class Door(Home):
    """A home where each provider has a secret."""

    def __init__(self):
        super().__init__()
        self.configure(web={"failures_per_minute": 0})
        self.made = {provider: self.new_secret(provider, secret)
                     for provider, secret in SECRETS.items()}
        self.key("events"), self.key("status")  # made now, so that no test sees them being stored

    def secret(self, sender):
        return self.made[provider_of(sender)]

    def sign(self, sender, body, **more):
        return senders.sign(sender, self.secret(sender).token, body, **more)

    def deliver(self, body, headers, path=HOOK, key=None, **more):
        return self.post(path, body, headers=list(headers), key=key, **more)

    def url(self, sender):
        return f"{HOOK}?key={self.secret(sender).id}"


def fresh():
    """An id that no delivery had before."""
    return f"delivery-{next(numbers)}"
