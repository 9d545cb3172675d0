"""The examples that the published pages of the two APIs have work as they stand there.

Only what a page leaves open is filled in: the host, the token, the id, and what is "[...]".
"""
import json
import re
import shlex
import subprocess

import pytest

import jobs
from checks import UUID
from harness import Home, until

STEPS = '[{"name": "run", "script": "ok.sh"}]'

PIPELINE = """
{
"id": "pipeline-abc123",
"name": "Event Pipeline",
"options": {
"event": "my-topic"
},
"steps": [...]
}
"""

START = """
curl -X POST https://api.dhub.io/api/v1/events/pipeline-abc123 \\
-H "Authorization: Bearer <access_token>"
"""

CHECK = """
curl https://api.dhub.io/api/v1/events/pipeline-abc123 \\
-H "Authorization: Bearer <access_token>"
"""

STOP = """
curl -X DELETE https://api.dhub.io/api/v1/events/pipeline-abc123 \\
-H "Authorization: Bearer <access_token>"
"""

WORKFLOW = """
// 1. Create pipeline (with event option)
await fetch('/api/v1/pipelines/', {
method: 'POST',
headers: {
'Authorization': `Bearer ${token}`,
'Content-Type': 'application/json'
},
body: JSON.stringify({
name: 'Order Processing',
options: {
event: 'orders-topic'
},
steps: [...]
})
});
// 2. Start event trigger
await fetch(`/api/v1/events/${pipelineId}`, {
method: 'POST',
headers: { 'Authorization': `Bearer ${token}` }
});
// 3. Check status
const status = await fetch(`/api/v1/events/${pipelineId}`, {
headers: { 'Authorization': `Bearer ${token}` }
}).then(res => res.json());
console.log('Event ready:', status.ready);
"""

# What a page's script has round it: where the page is, who reads it, and each reply.
BROWSER = """
const [base, token] = process.argv.slice(2);
const own = globalThis.fetch, replies = [];
let pipelineId;
globalThis.fetch = async (path, options) => {
  const reply = await own(base + path, options);
  const body = await reply.clone().json();
  pipelineId ??= body.id;
  replies.push({ status: reply.status, body });
  return reply;
};
"""


@pytest.fixture(scope="module")
def hub():
    with Home() as home:
        home.write_script("ok.sh", jobs.OK)
        home.start()
        home.start_dispatcher()
        yield home


def curl(home, example):
    """Runs the example. The status of the reply, and its body."""
    line = example.replace("https://api.dhub.io", f"http://127.0.0.1:{home.port}")
    line = line.replace("<access_token>", home.key()).replace("\\\n", " ")
    done = subprocess.run([*shlex.split(line), "-s", "-w", "\n%{http_code}"], capture_output=True,
                          text=True, timeout=30)
    body, _, status = done.stdout.rpartition("\n")
    return int(status), json.loads(body)


def test_curl(hub):
    made = hub.post("/api/v1/pipelines/", PIPELINE.replace("[...]", STEPS).encode())
    assert (made.status, made.json["id"], made.json["name"]) == (
        201, "pipeline-abc123", "Event Pipeline"), made
    assert curl(hub, START) == (200, {"message": "Event started successfully"})
    until(lambda: curl(hub, CHECK)[1]["ready"] is True, what="the trigger is ready")
    [execution] = hub.wait_cid(hub.post_event("my-topic", {"a": 1})["cid"])
    assert (execution["service"], execution["status"]) == ("Event Pipeline", "completed")
    assert curl(hub, STOP) == (200, {"message": "Event deleted successfully"})
    # "Pipeline does not have an event option" is what the page says of the error.
    bare = re.sub(r'"options": \{[^}]*\},', "", PIPELINE).replace("[...]", STEPS)
    assert hub.put("/api/v1/pipelines/pipeline-abc123", bare.encode()).status == 200
    status, problem = curl(hub, START)
    assert status == 500 and "event option" in problem["detail"]


def test_workflow(hub, tmp_path):
    script = tmp_path / "page.mjs"
    script.write_text(BROWSER + WORKFLOW.replace("[...]", STEPS) +
                      "console.log(JSON.stringify(replies));\n")
    done = subprocess.run(["node", script, f"http://127.0.0.1:{hub.port}", hub.key()],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    said, replies = done.stdout.splitlines()
    assert said in ("Event ready: true", "Event ready: false")
    made, started, status = json.loads(replies)
    assert (made["status"], made["body"]["name"]) == (201, "Order Processing")
    assert UUID.fullmatch(made["body"]["id"]) and made["body"]["version"] == "1"
    assert started == {"status": 200, "body": {"message": "Event started successfully"}}
    assert status["status"] == 200 and status["body"]["ready"] in (True, False)
    [execution] = hub.wait_cid(hub.post_event("orders-topic")["cid"])
    assert (execution["service"], execution["status"]) == ("Order Processing", "completed")


# --- The event bridge: its page has the fields, and no example of them ---

EVENT = {"event_source": "source", "event_type": "type", "payload": {"Event data in": "JSON format"}}
GENERIC = {"Generic event data in": "JSON format."}


@pytest.mark.parametrize("path, body", [
    ("/fx/events", EVENT), ("/fx/events/generic", GENERIC), ("/fx/events/webhook", GENERIC)])
def test_bridge(hub, path, body):
    reply = hub.post(path, body)
    assert reply.status == 200 and reply.json.keys() == {"cid", "eventType"}, reply
    assert hub.get(f"/fx/cid/{reply.json['cid']}").json == {
        "cid": reply.json["cid"], "executions": []}
