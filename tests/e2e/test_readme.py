"""The README's first pipeline in five minutes, command by command as it stands there."""
import json
import os
import re
import shutil
import subprocess

import pytest

from checks import UUID
from harness import BUILD, PROJECT
from jobs import OK, completed

SECTION = "## A first pipeline in five minutes"


def commands():
    """The indented blocks of the section that are commands: what is printed begins with a brace."""
    text = (PROJECT / "README.md").read_text().split(SECTION)[1].split("\n## ")[0]
    blocks = re.findall(r"(?:^    .*\n|^\n(?=    ))+", text, re.M)
    parts = [part for block in blocks for part in re.split(r"\n(?=\n    (?:\{|curl|export|KEY=))",
                                                           block.strip("\n"))]
    parts = [re.sub(r"^    ", "", part, flags=re.M).strip("\n") for part in parts]
    return [part for part in parts if part and not part.startswith("{")]


@pytest.fixture
def place(live, tmp_path):
    """A directory that looks like the project after `make run`."""
    (tmp_path / "build").mkdir()
    (tmp_path / "build/home").symlink_to(live.dir)
    (tmp_path / "build/bin").symlink_to(BUILD / "bin")
    (live.dir / "first.key").write_text(live.key())
    for script in ("greet.sh", "count.sh"):
        shutil.copy(PROJECT / "examples" / script, live.dir / "scripts")
    live.fxctl("pipeline", "apply", str(PROJECT / "examples/greet.json"))
    live.fxctl("trigger", "start", "greet")
    return tmp_path


def test_readme(live, place):
    example = re.search(UUID, (PROJECT / "README.md").read_text())[0]
    cids, said = [], []
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FX_")}
    for text in commands():
        text = text.replace("127.0.0.1:8080", f"127.0.0.1:{live.port}")
        text = text.replace(example, cids[0] if cids else example)
        script = f"KEY=$(cat build/home/first.key)\n{text}"
        done = subprocess.run(["sh", "-e", "-c", script], cwd=place, env=environment,
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, (text, done.stderr)
        said.append(done.stdout)
        if "/fx/events" in text:
            cids.append(json.loads(done.stdout)["cid"])
    assert len(cids) == 2
    greeted = next(json.loads(text) for text in said if '"executions"' in text)
    assert greeted["cid"] == cids[0]
    [execution] = greeted["executions"]
    assert completed(execution)["service"] == "greet"
    assert all(step["log"] for step in execution["steps"])
    assert any('"message":"Event started successfully"' in text for text in said)
    [execution] = live.wait_cid(cids[1])
    assert completed(execution)["data"] == {"shout": "HELLO!"}
    assert execution["steps"][0]["log"] == "shouting HELLO\n"
    assert "completed" in said[-1]


def test_what_a_pipeline_can_do(live):
    """The definition that is shown there is one."""
    [text] = re.findall(r"```json\n(.*?)```", (PROJECT / "README.md").read_text(), re.S)
    live.write_script("render.py", OK)
    reply = live.post("/api/v1/pipelines/", json.loads(text))
    assert reply.status == 201, reply
    live.start_trigger(reply.json["id"], ready=True)
