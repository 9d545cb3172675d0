#!/usr/bin/env python3
"""No files include each other in a circle, and none call each other in one. A header does not
say by whom it is called, so calls are read from the code: the functions that a file names."""
import re
import sys
from pathlib import Path

ROOT = Path(sys.argv[1] if len(sys.argv) > 1 else __file__).resolve()
ROOT = ROOT if ROOT.is_dir() else ROOT.parents[2]

DEFINITION = re.compile(r"^(?!static )[a-z][^\n;={]*?\b(\w+)\([^;{}]*\)\n\{", re.M)
STATIC = re.compile(r"^static [^\n;=]*?\b(\w+)\(", re.M)


def module_of(header):
    """The module of a header: its path without the extension. None: it is not ours."""
    return next((at + header[:-2] for at in ("common/", "") if (ROOT / at / header).exists()), None)


def includes(files):
    """Module -> the modules whose headers it includes."""
    graph = {}
    for file, text in files.items():
        used = set(map(module_of, re.findall(r'^\s*#\s*include "([^"]+)"', text, re.M)))
        graph.setdefault(file[:-2], set()).update(used - {None, file[:-2]})
    return graph


def calls(files):
    """Module -> the modules whose functions it names."""
    sources = {file[:-2]: re.sub(r'/\*.*?\*/|"(?:\\.|[^"\n])*"', "", text, flags=re.S)
               for file, text in files.items() if file.endswith(".c")}
    defines = {module: set(DEFINITION.findall(code)) for module, code in sources.items()}
    owners = {}
    for module, names in defines.items():
        for name in names:
            owners[name] = None if name in owners else module
    graph = {}
    for module, code in sources.items():
        others = set(re.findall(r"\w+", code)) - defines[module] - set(STATIC.findall(code))
        used = set(map(owners.get, others)) - {None}
        graph[module] = used
    return graph


def find_circle(graph):
    """Some modules in a ring, the first once more at the end; or None."""
    done, path = set(), []

    def visit(module):
        if module in path:
            return path[path.index(module):] + [module]
        if module in done:
            return None
        path.append(module)
        circle = next(filter(None, map(visit, sorted(graph.get(module, ())))), None)
        path.pop()
        done.add(module)
        return circle

    return next(filter(None, map(visit, sorted(graph))), None)


rooms = [one for one in ROOT.glob("[!.]*/") if one.name not in ("build", "tests")]
paths = sorted(path for room in rooms for path in room.rglob("*.[ch]"))
files = {path.relative_to(ROOT).as_posix(): path.read_text(errors="replace") for path in paths}
circles = {"include": find_circle(includes(files)), "call": find_circle(calls(files))}
for what, circle in circles.items():
    if circle:
        print(f"files {what} each other in a circle: " + " -> ".join(circle))
if not any(circles.values()):
    print("no files include or call each other in a circle")
sys.exit(any(circles.values()))
