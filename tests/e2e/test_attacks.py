"""While somebody attacks from one address, a good key's events from another are accepted."""
import pytest

from attacks import ATTACKS, attack

EVENT = {"event_source": "shop", "event_type": "order.created", "payload": {"id": 1}}
VICTIM = "127.0.0.2"


@pytest.mark.parametrize("name", ATTACKS)
def test_victim_is_served(live, name):
    """What the attack did before counts: it is in full swing when the first event comes."""
    request = live.request("POST", "/fx/events", EVENT, key=live.key("events"))
    with attack(live, name) as going:
        replies = [live.exchange(request, "POST", source=VICTIM) for _ in range(30)]
        assert going.goes_on(), going.seen
    assert [reply and reply.status for reply in replies] == [200] * 30
    assert len({reply.json["cid"] for reply in replies}) == 30
