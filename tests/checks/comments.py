#!/usr/bin/env python3
"""Comments stand in one piece: what the formatter pushes apart is wrapped by hand. Prints each
breach as file:line."""
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COLUMNS = 100
# Strings and characters, so that what they hold is no comment; and comments.
TOKEN = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|/\*.*?\*/', re.S)


def faults_of(comment, indented):
    """What is wrong with a comment. `indented`: nothing but blanks stands before it on its line."""
    lines = comment.split("\n")
    if len(lines) > 1 and lines[0].strip() != "/*" and lines[-1].strip() == "*/":
        yield "a comment that begins with text ends with text: its */ stands alone"
    if len(lines) > 1 and lines[0].strip() == "/*" and lines[-1].strip() != "*/":
        yield "a comment that begins with /* alone ends with */ alone"
    if any(line.endswith("\\") for line in lines[:-1]):
        yield "a comment within a definition is pushed apart; put it above"


faults = []
for name in subprocess.run(["git", "ls-files", "*.c", "*.h"], cwd=ROOT, capture_output=True,
                           text=True, check=True).stdout.split():
    path = ROOT / name
    if not path.is_file():
        continue
    text = path.read_text(encoding="utf-8", errors="replace")
    for found in TOKEN.finditer(text):
        if not found[0].startswith("/*"):
            continue
        line = text.count("\n", 0, found.start()) + 1
        before = text[text.rfind("\n", 0, found.start()) + 1:found.start()]
        faults += [f"{name}:{line}: {fault}" for fault in faults_of(found[0], not before.strip())]
        for offset, part in enumerate((before + found[0]).split("\n")):
            if len(part) > COLUMNS:
                faults.append(f"{name}:{line + offset}: a comment's line has more than {COLUMNS} columns")
    for found in re.finditer(r"#\s*define \w+(?:\([^)]*\))? \\\n[^\n]*/\*[^\n]*\*/\n", text):
        faults.append(f"{name}:{text.count(chr(10), 0, found.start()) + 1}: "
                      "a definition is broken for the sake of its comment; put that above")
print("\n".join(faults) or "comments stand in one piece")
sys.exit(bool(faults))
