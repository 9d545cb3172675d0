"""kept - homes as they were made by programs of each layout of the store (tests/homes).

A folder of tests/homes has the store (data.mdb.xz), the home's other files under their own
names, and what programs of its time told of it (told.json.xz, with the token of a key).
"""
import json
import lzma
import re
import shutil

from contract import without
from harness import PROJECT, SCOPES, Home

HOMES = PROJECT / "tests/homes"
FILES = ("fx.conf", "secret.key", "scripts")


def read(path):
    return lzma.decompress(path.read_bytes())


def write(path, data):
    path.write_bytes(lzma.compress(data, preset=9))


def pack(home, folder, told):
    """Keeps a home of which no program runs, with what was told of it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    write(folder / "data.mdb.xz", (home.dir / "db/data.mdb").read_bytes())
    write(folder / "told.json.xz", json.dumps({**told, "token": home.key()}).encode())
    for name in FILES:
        source = home.dir / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / name)


def unpack_store(folder, directory):
    """Puts the store of a kept home where it was, instead of what is there."""
    shutil.rmtree(directory / "db")
    (directory / "db").mkdir(mode=0o770)
    (directory / "db/data.mdb").write_bytes(read(folder / "data.mdb.xz"))
    (directory / "db/data.mdb").chmod(0o660)


def reworded(text):
    """What was told, in the words of today: sentences are no part of what is kept."""
    return re.sub(r'topic: it listens to \\"\\", the event\'s topic is \\"[^"\\]*\\"',
                  "topic: it listens to none; its schedule alone starts it", text)


def unpack(folder):
    """A home as it was kept, nothing started in it, and what was told of it."""
    home, told = Home(), json.loads(reworded(read(folder / "told.json.xz").decode()))
    unpack_store(folder, home.dir)
    for name in FILES:
        source, target = folder / name, home.dir / name
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        else:
            shutil.copy(source, target)
    (home.dir / "secret.key").chmod(0o640)
    home._keys[SCOPES] = told.pop("token")
    return home, told


# Members that programs of before did not tell, besides the schedule of a trigger and the version
# of an attempt.
NEWER = {"next_ticks", "next_attempt"}


def forget_versions(node):
    """Takes the version out of all attempts, however deep they are."""
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        forget_versions(child)
    for attempt in node.get("attempts", ()) if isinstance(node, dict) else ():
        attempt.pop("pipeline_version", None)


def tell(home):
    """Everything that can be read of a home whose dispatcher does not run: path or command -> answer."""
    told = {}

    def get(path, more=""):
        reply = home.get(path + more)
        assert reply.status == 200, (path, reply)
        told[path] = reply.json
        return reply.json

    for execution in get("/fx/executions?limit=1000", "&full=1")["executions"]:
        get(f"/fx/executions/{execution['execution_id']}")
        get(f"/fx/cid/{execution['cid']}")
        get(f"/fx/cid/{execution['cid']}/explain")
    for pipeline in get("/api/v1/pipelines")["pipelines"]:
        own = f"/api/v1/pipelines/{pipeline['id']}"
        get(own)
        for version in get(f"{own}/versions")["versions"]:
            get(f"{own}/versions/{version['version']}")
    get("/api/v1/events")
    get("/api/v1/admin/dead-letters", "?full=1")
    for command in ("key list", "secret list"):
        told[command] = json.loads(home.fxctl("--json", *command.split()))
    told["status"] = json.loads(home.status("--json"))
    for changing in "home", "store", "steps":  # where it is, how full, and on what machine
        told["status"].pop(changing, None)
    for trigger in [*told["/api/v1/events"]["events"], *told["status"]["triggers"]]:
        trigger.pop("schedule", None)
    for key in told["key list"]["keys"]:
        del key["last_used"]
    forget_versions(told)
    return without(told, NEWER)
