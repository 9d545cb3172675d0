#!/usr/bin/env python3
"""Is schema/store.md true? Its tables are those of tables.def, its records those of the encoders."""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "schema/store.md").read_text()
TABLE = r'TABLE\(\w+, "([^"]*)", "([^"]*)", "([^"]*)",\s*"([^"]*)"\)'
SECTION = r"^### `(\w+)`\n\nKey `([^`]*)` · record `([^`]*)` · written by (.*?) · read by .+$"
RECORD = r"^(?:`\w+`, version (\d+)|A step of it), `(\w+)` in `([^`]+)`:\n\n((?:\|.*\n)+)"

faults = []


def body_of(function, text):
    """A function's body, from its name at the beginning of a line to the closing brace at one."""
    return re.search(rf"^[^\n/ ][^\n]*\b{function}\((?:[^;{{]*)\)\n\{{\n(.*?)^\}}", text, re.S | re.M)[1]


listed = re.findall(TABLE, (ROOT / "schema/tables.def").read_text())
explained = re.findall(SECTION, PAGE, re.M)
for table in listed:
    if table not in explained:
        faults.append(f"tables.def has {table}, store.md has not")
if [table[0] for table in listed] != re.findall(r"^### `(\w+)`", PAGE, re.M):
    faults.append("store.md does not have the tables of tables.def in their order")

seen = set()
for version, function, file, rows in re.findall(RECORD, PAGE, re.M):
    text = (ROOT / file).read_text()
    encoder = body_of(function, text)
    written = re.findall(r"\bpack_(\w+)\(", encoder)
    said = re.findall(r"^\| `(\w+)` ", rows, re.M)
    if said != written:
        faults.append(f"{file}: {function} writes {written}, store.md says {said}")
    name = re.search(r"\bpack_u8\(&?\w+, (\w+_RECORD)\)", encoder)
    if name:
        seen.add(name[1])
        defined = re.search(rf"#define {name[1]}\s+(?:\\\s+)?(\d+)", text)[1]
        if defined != version:
            faults.append(f"{file}: {name[1]} is {defined}, store.md says {version}")

for path in (ROOT / "common").rglob("*.c"):
    for name in re.findall(r"#define (\w+_RECORD)\b", path.read_text()):
        if name not in seen:
            faults.append(f"{path.relative_to(ROOT)}: store.md does not describe {name}")

print("\n".join(faults) or "store.md is as the code is")
sys.exit(bool(faults))
