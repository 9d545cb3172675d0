#!/usr/bin/env python3
"""Nothing points at what is not there. Looks at comments, pages and manual pages for the names of
our files, and at the links of pages with their anchors. Prints each dead one as file:line."""
import io
import re
import subprocess
import sys
import tokenize
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Sources of others that say where a fact stands; headers that we include need no mention here.
FOREIGN = {"mdb.c", "fcgiapp.c", "os_unix.c", "gw_backend.c", "sysexits.h"}

# A path with a folder, or the bare name of a page or a C file. What begins with a "/", a variable or a
# scheme lies outside of the repository.
NAME = re.compile(r"(?<![\w./~$<>{}*-])((?:[\w.-]+/)+[\w.-]*\w\.(?:c|h|S|py|sh|mk|md|def|json|yaml|conf|mjs)"
                  r"|(?:[\w.-]+/)+[a-z.-]+\.[158]|test_\w+\.py|[\w-]+\.schema\.json"
                  r"|[\w-]+\.(?:c|h|md|def))(?![\w/*-]|\.\w)")
LINK = re.compile(r"\]\(([^)\s]+)\)")
# What a home, a build or a machine has, and the repository has not.
ELSEWHERE = ("build/", "scripts/", "run/", "db/", "log/", "etc/", "usr/")


def tracked():
    return subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT,
                          capture_output=True, text=True, check=True).stdout.split()


def c_comments(text):
    for found in re.finditer(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|/\*.*?\*/|//[^\n]*', text, re.S):
        if found[0].startswith("/"):
            yield text.count("\n", 0, found.start()) + 1, found[0]


def python_comments(text):
    last = tokenize.NEWLINE
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT or (token.type == tokenize.STRING and last in (
                tokenize.NEWLINE, tokenize.INDENT, tokenize.NL, tokenize.ENCODING)):
            yield token.start[0], token.string
        last = token.type


def hash_comments(text):
    for number, line in enumerate(text.split("\n"), 1):
        found = re.search(r"(?:^|\s)#\s.*", line)
        if found:
            yield number, found[0]


def prose(file, text):
    """The parts of a file that people read, each with its first line's number."""
    if file.endswith((".c", ".h", ".S", ".def", ".mjs")):
        return c_comments(text)
    if file.endswith(".py"):
        return python_comments(text)
    if file.endswith((".md", ".1", ".5", ".8", ".yaml", ".schema.json")):
        return [(1, text.replace("\\-", "-"))]
    if file.endswith((".json", ".txt", ".pem")):
        return []
    return hash_comments(text)


def anchors(page):
    """The anchors of a page's headings, as GitHub makes them."""
    text = re.sub(r"^```.*?^```", "", (ROOT / page).read_text(), flags=re.M | re.S)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
            for heading in re.findall(r"^#+ (.+)$", text, re.M)}


def is_there(name, file, files):
    """Is a name that a file mentions one of ours: from the root, from the library, or from nearby?"""
    near = (ROOT / file).parent
    if name in FOREIGN or name in system_headers or name.startswith(ELSEWHERE):
        return True
    if re.search(r"(?:^|/)[A-Z]+(?:_\w+)?\.(?!md)", name):
        return True  # NAME_test.c stands for many
    if "/" not in name and not name.endswith(".md"):
        return any(one == name or one.endswith("/" + name) for one in files)
    return any((base / name).exists() for base in (ROOT, ROOT / "common", near))


def dead_link(link, file):
    """What is wrong with a relative link of a page. None when nothing is."""
    if re.match(r"\w+:", link):
        return None
    path, _, anchor = link.partition("#")
    target = ((ROOT / file).parent / path).resolve() if path else ROOT / file
    if not target.exists():
        return f"{link}: there is no such file"
    if anchor and anchor not in anchors(target):
        return f"{link}: there is no such heading"
    return None


files = [file for file in tracked() if (ROOT / file).is_file()]
system_headers = set()
for file in files:
    if file.endswith((".c", ".h")):
        for name in re.findall(r"#\s*include\s*<([^>]+)>", (ROOT / file).read_text()):
            system_headers.update((name, name.rpartition("/")[2]))

dead = []
for file in files:
    text = (ROOT / file).read_bytes().decode("utf-8", "replace")
    for first, part in prose(file, text):
        for found in NAME.finditer(part):
            if not is_there(found[1], file, files):
                dead.append((file, first + part.count("\n", 0, found.start()),
                             f"{found[1]}: there is no such file"))
        for found in LINK.finditer(part) if file.endswith(".md") else ():
            what = dead_link(found[1], file)
            if what:
                dead.append((file, first + part.count("\n", 0, found.start()), what))
for file, line, what in dead:
    print(f"{file}:{line}: {what}")
print(f"references to what is not there: {len(dead)}")
sys.exit(bool(dead))
