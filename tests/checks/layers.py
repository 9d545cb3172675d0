#!/usr/bin/env python3
"""Who may include whom (architecture.md, section 3). Prints each breach as file:line."""
import fnmatch
import re
import sys
from pathlib import Path

ROOT = Path(sys.argv[1] if len(sys.argv) > 1 else __file__).resolve()
ROOT = ROOT if ROOT.is_dir() else ROOT.parents[2]

# A folder, and the layers its files may include. Arrows point down only.
MAY = {
    "common/base": {"base"},
    "common/model": {"base", "model"},
    "common/store": {"base", "model", "store", "schema"},
    "common/web": {"base", "model", "store", "web"},
    "cgi-bin": {"base", "model", "store", "web"},
    "dispatcher": {"base", "model", "store"},
    "fxctl": {"base", "model", "store", "fxctl"},
}
PLACES = {"base", "model", "store", "web", "schema", "common", "cgi-bin", "dispatcher", "fxctl",
          "tests"}

# A header, and the only files that include it.
OWNERS = {
    "json-c/*": "common/base/json*.c",
    "json.h": "common/base/json*.c",
    "openssl/*": "common/base/crypto.c",
    "ini.h": "common/base/config.c",
    "lmdb.h": "common/store/env.h",
    "fcgi*.h": "common/web/fastcgi.c",
    "fastcgi.h": "common/web/fastcgi.c",
    "curl/*": "dispatcher/*",
    "store/env.h": "common/store/store.c common/store/map.c common/store/txn.c common/store/table.c",
}


def breach(file, name):
    """What is wrong with a file's including this. None when nothing is."""
    first, _, rest = name.partition("/")
    for header, owner in OWNERS.items():
        if fnmatch.fnmatch(name, header) and not any(
                fnmatch.fnmatch(file, one) for one in owner.split()):
            return f"only {owner} includes <{name}>"
    room = next((room for room in MAY if file.startswith(room + "/")), None)
    if ".." in name.split("/"):
        return f'"{name}": name the layer instead of going up'
    if room and rest and first in PLACES and first not in MAY[room]:
        return f'{room} does not include "{name}"'
    return None


def includes(path):
    text = path.read_text(encoding="utf-8", errors="replace")
    for number, line in enumerate(text.splitlines(), 1):
        found = re.match(r'\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', line)
        if found:
            yield number, found[1] or found[2]


breaches = []
for room in MAY:
    for path in sorted((ROOT / room).rglob("*.[ch]")):
        file = path.relative_to(ROOT).as_posix()
        for number, name in includes(path):
            # Without a folder it is a neighbour's header, or one of the system.
            what = breach(file, name)
            if what:
                breaches.append(f"{file}:{number}: {what}")
print("\n".join(breaches) or "the layers include downward only")
sys.exit(bool(breaches))
