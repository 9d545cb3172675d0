"""The main job: an event comes in, its pipeline runs, and its cid tells what became of it."""
import hashlib
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from checks import TIME, UUID
from jobs import PYTHON, SH, completed, executions_of, make, python
from node import package

EXAMPLES = "@octokit/webhooks-examples"


def test_event_to_result(live):
    """What the README shows."""
    make(live, {"name": "total", "text": python("""
order = json.load(sys.stdin)["data"]
say(save={"total": sum(line["price"] * line["count"] for line in order["lines"])})
print("added up", len(order["lines"]), "lines")
""")}, event="order.created", name="order-total")
    reply = live.post("/fx/events", {
        "event_source": "shop", "event_type": "order.created",
        "payload": {"lines": [{"price": 5, "count": 3}, {"price": 2, "count": 1}]}})
    assert reply.status == 200
    accepted = reply.json
    assert accepted["eventType"] == "order.created"
    result = live.get(f"/fx/cid/{accepted['cid']}?wait=10").json
    assert result["cid"] == accepted["cid"]
    [execution] = result["executions"]
    assert execution["status"] == "completed"
    assert execution["data"] == {"total": 17}
    assert execution["service"] == "order-total"
    assert TIME.fullmatch(execution["datetime"])
    assert UUID.fullmatch(execution["execution_id"])
    assert 0 < execution["execution_time"] < 10
    assert execution["steps"][0]["log"] == "added up 2 lines\n"
    assert live.get(f"/fx/executions/{execution['execution_id']}").json == execution


def slices(text):
    """The texts of the members or items of a JSON object or array, as (name or None, text)."""
    decoder = json.JSONDecoder()
    at = 1

    def skip():
        nonlocal at
        while text[at] in " \t\r\n,:":
            at += 1

    skip()
    while text[at] not in "]}":
        name = None
        if text[0] == "{":
            name, at = decoder.raw_decode(text, at)
            skip()
        _, end = decoder.raw_decode(text, at)
        yield name, text[at:end]
        at = end
        skip()


def payloads():
    """Every example as it stands in the package, those that are the same once: (event name, its
    text)."""
    found = {}
    for path in sorted(package(EXAMPLES).glob("*/index.json")):
        for _, webhook in slices(path.read_text().strip()):
            members = dict(slices(webhook))
            name = json.loads(members["name"])
            for _, example in slices(members["examples"]):
                found[name, example] = True
    return list(found)


# `data` is the event's last member, so its bytes are what follows up to the closing brace.
DIGEST = SH + """
at=$(grep -obam1 '"data":' /dev/stdin | head -n1 | cut -d: -f1)
data() { tail -c +$((at + 8)) /dev/stdin | head -c -1; }
set -- $(data | sha256sum) $(data | wc -c)
echo "{\\"save\\":{\\"digest\\":\\"$1\\",\\"length\\":$3}}" >&3
"""

# Works with what the first step saved.
SECOND = SH + """
digest=$(sed 's/.*"digest": *"\\([0-9a-f]*\\)".*/\\1/' "$FX_CONTEXT")
set -- $(printf %s "$digest" | sha256sum)
echo "{\\"save\\":{\\"again\\":\\"$1\\"}}" >&3
"""


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def send_all(home, examples):
    """Their cids, in order."""
    def send(example):
        name, text = example
        reply = home.post("/fx/events", b'{"event_source":"https://github.com/octokit",'
                          b'"event_type":"com.github.%s","payload":%s}' % (
                              name.encode(), text.encode()))
        assert reply.status == 200, reply
        assert reply.json["eventType"] == f"com.github.{name}"
        return reply.json["cid"]

    with ThreadPoolExecutor(4) as pool:
        cids = list(pool.map(send, examples))
    assert len(set(cids)) == len(examples)
    return cids


def test_real_payloads(live):
    """GitHub's webhook examples, byte for byte from the sender to the script."""
    examples = payloads()
    assert len(examples) >= 400
    make(live, {"name": "digest", "text": DIGEST}, {"name": "again", "text": SECOND},
         event="com.github.*", scale={"max": 4}, name="github")
    cids = send_all(live, examples)
    for cid, (name, text) in zip(cids, examples):
        [execution] = live.wait_cid(cid, timeout=60)
        data = completed(execution)["data"]
        assert execution["event_type"] == f"com.github.{name}"
        assert execution["attempt"] == 1
        assert data["length"] == len(text.encode())
        assert data["digest"] == sha256(text.encode())
        assert data["again"] == sha256(data["digest"].encode())


# What every stage does: it takes the payload out of what it reads, with its line ends taken out as
# in all that is one line, and saves it with a digest of it for the next.
SAVE = r"""
digest=$(printf %s "$payload" | sha256sum)
printf '{"save":{"payload":%s,"digest":"%s","cid":"%s"}}' "$payload" "${digest%% *}" "$FX_CID" >&3
"""

FIRST = SH + r"""
text=$(tr -d '\n')
payload=${text#*'"data":'}
payload=${payload%\}}
""" + SAVE

LASTING = PYTHON + """
import hashlib
for line in sys.stdin:
    at = line.index('"payload":') + len('"payload":')
    payload = line[at:json.JSONDecoder().raw_decode(line, at)[1]]
    print('{"ok":true,"save":{"payload":%s,"digest":"%s","cid":"%s"}}' % (
        payload, hashlib.sha256(payload.encode()).hexdigest(), json.loads(line)["cid"]), flush=True)
"""

LAST = SH + r"""
text=$(cat)
payload=${text#*'"payload":'}
payload=${payload%',"digest"'*}
""" + SAVE


def test_three_stages(live):
    """Script, persistent script, script, joined by publish steps: GitHub's examples pass all three
    unharmed, and all that happens for one of them is found under its cid."""
    examples = payloads()
    scale = {"max": 2}
    make(live, {"name": "digest", "text": FIRST}, {"name": "on", "publish": {"event_type": "two"}},
         event="com.github.*", name="one", scale=scale)
    make(live, {"name": "digest", "text": LASTING, "options": {"persistent": True}},
         {"name": "on", "publish": {"event_type": "three"}}, event="two", name="two", scale=scale)
    make(live, {"name": "digest", "text": LAST}, event="three", name="three", scale=scale)
    cids = send_all(live, examples)
    for cid, (_, text) in zip(cids, examples):
        stages = live.wait_cid(cid, timeout=60)
        assert [completed(e)["service"] for e in stages] == ["one", "two", "three"]
        assert [e["parent_execution_id"] for e in stages] == [
            None, stages[0]["execution_id"], stages[1]["execution_id"]]
        for execution in stages:
            data = execution["data"]
            assert execution["attempt"] == 1
            assert (execution["cid"], data["cid"]) == (cid, cid)
            assert data["digest"] == sha256(text.replace("\n", "").encode())
            assert data["payload"] == json.loads(text)


@pytest.mark.parametrize("serve", ["fastcgi", "cgi"])
def test_many_at_once(home, serve):
    """Two pipelines on one topic: one execution each for every event, whatever serves them."""
    home.start(serve)
    home.start_dispatcher()
    for name in ("one", "two"):
        make(home, python("say(save={'n': json.load(sys.stdin)['data']})"), event="n", name=name)
    count = 100
    with ThreadPoolExecutor(8) as pool:
        cids = list(pool.map(lambda n: home.post_event("n", n)["cid"], range(count)))
        results = list(pool.map(home.wait_cid, cids))
    for n, executions in enumerate(results):
        assert sorted(completed(e)["service"] for e in executions) == ["one", "two"]
        assert [e["data"] for e in executions] == [{"n": n}] * 2
    assert executions_of(home, cids[0]) == results[0]
