#!/usr/bin/env python3
"""Are the rooms of DESIGN.md true? Who includes whom, who alone includes a foreign library, and which
files live in a room. Prints each breach as file:line."""
import fnmatch
import re
import sys
from pathlib import Path

ROOT = Path(sys.argv[1] if len(sys.argv) > 1 else __file__).resolve()
ROOT = ROOT if ROOT.is_dir() else ROOT.parents[2]
PAGE = (ROOT / "DESIGN.md").read_text()

# A row of "The rooms": the room, what it is, the layers it may include, and what it alone includes.
ROW = re.compile(r"^\| `([\w/-]+)` \|[^|]+\|([a-z ]*)\|([^|]*)\|$", re.M)
# An item of "Who lives where": the room, and the names of its files in backticks.
ITEM = re.compile(r"^- \*\*([\w/-]+)\*\*((?: ·|\n  ).*(?:\n  .*)*)", re.M)

may, owners = {}, {}
for room, layers, alone in ROW.findall(PAGE):
    may[room] = set(layers.split())
    for headers, files in re.findall(r"((?:`[^`]+` )+)in `([^`]+)`", alone):
        for header in re.findall(r"`([^`]+)`", headers):
            owners[header] = [f"{room}/{file}" for file in files.split()]


def room_of(file):
    """The room a file is in: a layer, a program with its folder, or a folder of a program that the
    table names."""
    parts = file.split("/")
    inner = "/".join(parts[:2])
    return inner if parts[0] in ("common", "cgi-bin") or inner in may else parts[0]


def rules_of(room):
    return may.get(room, may.get(room.split("/")[0]))


def breach(file, name):
    """What is wrong with a file's including this. None when nothing is."""
    for header, files in owners.items():
        if fnmatch.fnmatch(name, header) and not any(fnmatch.fnmatch(file, one) for one in files):
            return f"only {' '.join(files)} includes <{name}>"
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


breaches, living = [], {}
for folder in sorted(one for one in ROOT.glob("[!.]*/") if one.name not in ("build", "tests")):
    for path in sorted(folder.rglob("*.[chS]")):
        file = path.relative_to(ROOT).as_posix()
        living.setdefault(room_of(file), set()).add(path.stem)
        if rules_of(room_of(file)) is None:
            breaches.append(f"{file}:1: DESIGN.md does not know the room")
            continue
        for number, name in includes(path):
            what = breach(file, name)
            if what:
                breaches.append(f"{file}:{number}: {what}")

listed = {room: set(re.findall(r"`(\w+)`", text)) for room, text in ITEM.findall(PAGE)}
for room in sorted(living.keys() | listed.keys()):
    for name in sorted(living.get(room, set()) ^ listed.get(room, set())):
        there = name in living.get(room, set())
        breaches.append(f"DESIGN.md:1: {room}/{name} is "
                        f"{'not listed' if there else 'listed, but not there'}")
print("\n".join(breaches) or "the rooms are as DESIGN.md has them")
sys.exit(bool(breaches))
