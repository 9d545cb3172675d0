#!/usr/bin/env python3
"""Functions that no C source of ours calls. Prints each call as file:line."""
import re
import sys
from pathlib import Path

ROOT = Path(sys.argv[1] if len(sys.argv) > 1 else __file__).resolve()
ROOT = ROOT if ROOT.is_dir() else ROOT.parents[2]

BANNED = {
    "strcpy": "snprintf, or a struct buf",
    "strcat": "a struct buf",
    "sprintf": "snprintf, or buf_printf",
    "vsprintf": "vsnprintf, or buf_vprintf",
    "gets": "fgets",
    "strtok": "strcspn, or memchr on a span: it changes its input and is not thread-safe",
    "atoi": "strtol: it cannot say that its input is no number",
    "gmtime": "clock_format: it is not thread-safe",
    "localtime": "clock_format: times are UTC, and it is not thread-safe",
    "system": "posix_spawn: no shell",
    "popen": "posix_spawn: no shell",
    "alloca": "mem_alloc: the stack has no error",
}
CALL = re.compile(rf"(?<![\w.>])({'|'.join(BANNED)})\s*\(")
# Comments, strings and characters.
QUIET = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def blank(found):
    """As many lines, and nothing in them."""
    return " " + "\n" * found[0].count("\n")


calls = []
for path in sorted(ROOT.rglob("*.[ch]")):
    file = path.relative_to(ROOT)
    if file.parts[0] in ("build", ".git") or "node_modules" in file.parts:
        continue
    text = QUIET.sub(blank, path.read_text(encoding="utf-8", errors="replace"))
    for call in CALL.finditer(text):
        line = text.count("\n", 0, call.start()) + 1
        calls.append(f"{file}:{line}: {call[1]}; use {BANNED[call[1]]}")
print("\n".join(calls) or "no forbidden function is called")
sys.exit(bool(calls))
