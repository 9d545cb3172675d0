"""load - senders that go on while something happens, and what became of what they sent.

    with Load(home) as load:
        load.goes_on()      # each sender has sent more since
        home.reload()
        load.goes_on()
    assert load.stored() == load.acknowledged
"""
import json
import threading
import time
from collections import Counter
from http.client import HTTPException

from harness import until


AGAIN_SECONDS = 0.01  # before what was not acknowledged is sent again


def events(home):
    """How many events have been accepted in all."""
    return json.loads(home.status("--json"))["events"]["last"]


class Load:
    """Senders of events, each on a new connection. `again`: what was not acknowledged is sent again
    until it is, with its Idempotency-Key."""

    def __init__(self, home, senders=4, again=False):
        self.home, self.again = home, again
        self.stop = threading.Event()
        self.replies = [Counter() for _ in range(senders)]
        self.fault = None
        self.threads = [threading.Thread(target=self._guard, args=(n,)) for n in range(senders)]
        self.before = events(home)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, kind, *_):
        self.again = self.again and kind is None  # nothing may answer any more
        self.stop.set()
        for thread in self.threads:
            thread.join()
        assert not self.fault, self.fault

    def _guard(self, n):
        try:
            self._send(n, self.replies[n])
        except BaseException as fault:
            self.fault = fault
            raise

    def _send(self, n, replies):
        number = 0
        while not self.stop.is_set():
            outcome = self._ask(f"{n}-{number}")
            while self.again and outcome != 200:
                replies[outcome] += 1
                time.sleep(AGAIN_SECONDS)
                outcome = self._ask(f"{n}-{number}")
            replies[outcome] += 1
            number += 1

    def _ask(self, name):
        """The status of the reply; None where none came."""
        event = {"event_source": "load", "event_type": "load", "payload": name}
        headers = [("Idempotency-Key", name)] if self.again else []
        data = self.home.request("POST", "/fx/events", event, headers)
        try:
            reply = self.home.exchange(data)
        except (OSError, HTTPException):
            reply = None
        return reply.status if reply else None

    def stored(self):
        return events(self.home) - self.before

    @property
    def outcomes(self):
        return sum(self.replies, Counter())

    @property
    def acknowledged(self):
        return self.outcomes[200]

    def goes_on(self, count=10):
        """Waits until each sender has had so many more events acknowledged."""
        before = [replies[200] for replies in self.replies]
        until(lambda: self.fault or all(
            replies[200] - sent >= count for replies, sent in zip(self.replies, before)), 60,
              lambda: f"all go on: {self.outcomes}")
