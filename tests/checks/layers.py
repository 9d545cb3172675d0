#!/usr/bin/env python3
"""Who may include whom. Prints each breach as file:line."""
import fnmatch
import re
import sys
from pathlib import Path

ROOT = Path(sys.argv[1] if len(sys.argv) > 1 else __file__).resolve()
ROOT = ROOT if ROOT.is_dir() else ROOT.parents[2]

# A room, and the layers its files may include besides the room itself. Arrows point down only.
MAY = {
    "common/base": set(),
    "common/home": {"base"},
    "common/model": {"base"},
    "common/proc": {"base", "home", "model"},
    "common/store": {"base", "home", "model", "schema"},
    "common/view": {"base", "home", "model", "store"},
    "common/web": {"base", "home", "model", "store", "view"},
    "cgi-bin": {"base", "home", "model", "store", "view", "web"},
    "dispatcher": {"base", "home", "model", "proc", "store"},
    "runner": {"base", "home", "model", "proc"},
    "http": {"base", "home", "model", "proc"},
    "fxctl": {"base", "home", "model", "store", "view"},
}

# A header, and the only files that include it: each foreign library has one owner.
OWNERS = {
    "json-c/*": "common/base/json*.c",
    "openssl/*": "common/base/crypto.c",
    "ini.h": "common/home/config.c",
    "lmdb.h": "common/store/env.h",
    "fcgi*.h": "common/web/fastcgi.c",
    "fastcgi.h": "common/web/fastcgi.c",
    "curl/*": "http/*",
    "store/env.h": " ".join(f"common/store/{step}.c" for step in
                             ("env", "map", "txn", "table", "room", "commit", "open")),
}


def room_of(file):
    """The room a file is in: a layer, or a program with its folder."""
    parts = file.split("/")
    return "/".join(parts[:2]) if parts[0] in ("common", "cgi-bin") else parts[0]


def rules_of(room):
    return MAY.get(room, MAY.get(room.split("/")[0]))


def breach(file, name):
    """What is wrong with a file's including this. None when nothing is."""
    for header, owner in OWNERS.items():
        if fnmatch.fnmatch(name, header) and not any(
                fnmatch.fnmatch(file, one) for one in owner.split()):
            return f"only {owner} includes <{name}>"
    if ".." in name.split("/"):
        return f'"{name}": name the layer instead of going up'
    room, into = room_of(file), name.rpartition("/")[0]
    if into in rules_of(room) or into in (room, room.removeprefix("common/")):
        return None
    if (ROOT / file).parent.joinpath(name).exists():
        return f'"{name}": an include carries the layer, also of a neighbour'
    if (ROOT / "common" / name).exists() or (ROOT / name).exists():
        return f'{room} does not include "{name}"'
    return None


def includes(path):
    text = path.read_text(encoding="utf-8", errors="replace")
    for number, line in enumerate(text.splitlines(), 1):
        found = re.match(r'\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', line)
        if found:
            yield number, found[1] or found[2]


breaches = []
for folder in sorted({room.split("/")[0] for room in MAY}):
    for path in sorted((ROOT / folder).rglob("*.[ch]")):
        file = path.relative_to(ROOT).as_posix()
        for number, name in includes(path):
            what = breach(file, name)
            if what:
                breaches.append(f"{file}:{number}: {what}")
print("\n".join(breaches) or "the layers include downward only")
sys.exit(bool(breaches))
