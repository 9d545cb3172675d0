#!/usr/bin/env python3
"""How large functions, files and headers are. Fails when functions outgrow what is set below.

A function is counted from its opening to its closing brace, both of which stand at the
beginning of a line (.clang-format), and a header in lines.
"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("common", "cgi-bin", "dispatcher", "runner", "http", "fxctl")

# name: the most that is accepted, and what is aimed at; both in lines.
BOUNDS = {"longest function": (50, 40), "ninetieth percentile": (25, 20)}
LONG_FILE = 350
MANY_PARAMETERS = 6
SHOWN = 5

# A definition's last line before the body, or all of it: what stands before its brackets ends
# with the function's name.
FUNCTION = re.compile(r"^[a-z][^\n;={}#]*?(\w+)\(([^;{}]*)\)\n\{\n(.*?)^\}", re.S | re.M)


def percentile(values, share):
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(len(ranked) * share))] if ranked else 0


def functions_of(path):
    for found in FUNCTION.finditer(path.read_text()):
        name, parameters, body = found.groups()
        count = 0 if parameters == "void" else parameters.count(",") + 1
        yield body.count("\n") + 2, count, f"{path.relative_to(ROOT)}: {name}"


def lines_of(paths):
    return sorted(((path.read_text().count("\n"), str(path.relative_to(ROOT)))
                   for path in paths), reverse=True)


def show(title, rows):
    print(f"\n{title}")
    for size, name in rows:
        print(f"  {size:4}  {name}")


sources = [path for room in ROOMS for path in (ROOT / room).rglob("*.c")]
headers = [path for room in ROOMS for path in (ROOT / room).rglob("*.h")]
functions = sorted((one for path in sources for one in functions_of(path)), reverse=True)
lengths = [length for length, _, _ in functions]
files, tops = lines_of(sources), lines_of(headers)
found = {"longest function": lengths[0], "ninetieth percentile": percentile(lengths, 0.9)}

print(f"{len(functions)} functions in {len(files)} files, median {percentile(lengths, 0.5)} lines")
show("longest functions", [(length, name) for length, _, name in functions[:SHOWN]])
show(f"files of more than {LONG_FILE} lines", [row for row in files if row[0] > LONG_FILE])
show(f"functions of more than {MANY_PARAMETERS} parameters",
     sorted(((count, name) for _, count, name in functions if count > MANY_PARAMETERS),
            reverse=True))
header_lines = [lines for lines, _ in tops]
show(f"headers: median {percentile(header_lines, 0.5)}, ninetieth percentile "
     f"{percentile(header_lines, 0.9)} lines; the longest", tops[:SHOWN])

print(f"\n{'':22}found  bound  aim")
for name, (bound, aim) in BOUNDS.items():
    print(f"{name:22}{found[name]:5}  {bound:5}  {aim:3}")
sys.exit(any(found[name] > bound for name, (bound, _) in BOUNDS.items()))
