"""The README's first pipeline in five minutes, and its script on a GitHub push, pasted into a shell as
they stand there."""
import json
import os
import re
import shutil
import subprocess

import pytest

from harness import BUILD, PROJECT
from jobs import OK, completed

FIRST = "## A first pipeline in five minutes"
PUSH = "## A script on a GitHub push"
MARK = "end of block"


def blocks(section, home):
    """What a person copies: the lines between the fences, nothing taken away from them. Only the port
    is the home's."""
    text = (PROJECT / "README.md").read_text().split(section)[1].split("\n## ")[0]
    assert not re.search(r"^ {4}", re.sub(r"^```.*?^```$", "", text, flags=re.S | re.M), re.M)
    return [block.replace("127.0.0.1:8080", f"127.0.0.1:{home.port}")
            for block in re.findall(r"^```sh\n(.*?)^```$", text, re.S | re.M)]


@pytest.fixture
def place(live, tmp_path):
    """A directory that looks like the project after `make run`, and the home of an account."""
    (tmp_path / "build").mkdir()
    (tmp_path / "build/bin").symlink_to(BUILD / "bin")
    (tmp_path / ".fxbridge").symlink_to(live.dir)
    (live.dir / "first.key").write_text(live.key())
    for script in ("greet.sh", "count.sh"):
        shutil.copy(PROJECT / "examples" / script, live.dir / "scripts")
    live.fxctl("pipeline", "apply", str(PROJECT / "examples/greet.json"))
    live.fxctl("trigger", "start", "greet")
    return tmp_path


def paste(texts, place):
    """One interactive shell gets all of it. What each block printed."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FX_")}
    environment.update(HOME=str(place), PS1="", PS2="", HISTFILE="")
    typed = "".join(f"{text}echo; echo {MARK} $?\n" for text in texts)
    done = subprocess.run(["bash", "--norc", "-i"], cwd=place, env=environment, input=typed,
                          start_new_session=True, capture_output=True, text=True, timeout=60)
    printed = re.split(rf"^{MARK} (\d+)\n", done.stdout, flags=re.M)
    assert printed[1::2] == ["0"] * len(texts), (printed, done.stderr)
    return printed[::2][:-1]


def test_readme(live, place):
    sent, asked, written, own, local = paste(blocks(FIRST, live), place)
    assert sent.strip() == written.strip() == ""

    greeted = json.loads(asked)
    [execution] = greeted["executions"]
    assert completed(execution)["service"] == "greet"
    assert execution["data"] == {"greeting": "Hello, Ada!", "length": 11}
    assert all(step["log"] for step in execution["steps"])

    assert '"message":"Event started successfully"' in own
    [cid] = re.findall(r'"cid":"([^"]*)"', own)
    [execution] = live.wait_cid(cid)
    assert completed(execution)["data"] == {"shout": "HELLO!"}
    assert execution["steps"][0]["log"] == "shouting HELLO\n"

    assert "shout" in local and "completed" in local


def commands(texts):
    """The commands of a shell's text, each on lines of its own but for what belongs to it."""
    text = re.sub(r"<<'END'\n.*?^END$", "", "".join(texts), flags=re.S | re.M)
    return text.replace("\\\n", "").splitlines()


def test_a_script_on_a_push(live, place):
    """Ten commands; the delivery has run the script, and a push to another branch does not."""
    texts = blocks(PUSH, live)
    assert len(commands(texts)) == 10, commands(texts)
    again = texts[-1].replace("refs/heads/main", "refs/heads/other").replace("cid $CID --wait", "explain $CID")
    _, made, shown, other = paste([*texts, again], place)
    assert re.search(r"^deploy +completed +1 ", shown, re.M)
    assert '"after": "5f3a9c1d"' in shown and "com.github.push" in shown
    [execution] = live.get("/fx/executions?service=deploy").json["executions"]
    whole = live.get(f"/fx/executions/{execution['execution_id']}").json
    assert completed(whole)["data"] == {"commit": "5f3a9c1d"}
    assert whole["steps"][0]["log"] == "deploying 5f3a9c1d\n"
    assert made.strip().count("\n") == 0, "the pipeline's id alone is printed"
    assert "refs/heads/other" in other and "deploy  no: " in other


def test_what_a_pipeline_can_do(live):
    """The definition that is shown there is one."""
    [text] = re.findall(r"```json\n(.*?)```", (PROJECT / "README.md").read_text(), re.S)
    live.write_script("render.py", OK)
    reply = live.post("/api/v1/pipelines/", json.loads(text))
    assert reply.status == 201, reply
    live.start_trigger(reply.json["id"], ready=True)
