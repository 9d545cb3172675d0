#!/usr/bin/env python3
"""bundle - puts openapi.yaml and the schemas beside it together as openapi.json.

    schema/bundle.py            writes openapi.json, which GET /fx/openapi.json serves
    schema/bundle.py --check    only tells whether it is up to date

The result needs no other file: every schema is a component, and so is every part
that a schema defines ("$defs"), under a name of its own. It is committed, so that
a build needs neither Python nor YAML.
"""
import json
import sys
from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parent
MADE = HERE / "openapi.json"

TYPES = "types.schema.json"  # its parts are known by their own names alone
LITERAL = {"example", "examples", "default", "const", "enum"}  # not looked into


def camel(text):
    return "".join(word[:1].upper() + word[1:] for word in text.replace("_", " ").split())


def component(files, name, part=None):
    """What a schema file, or a part that it defines, is called as a component."""
    owner = "" if part and name == TYPES else camel(files[name]["title"])
    return owner + camel(part or "")


def moved(files, name, reference):
    """Where a reference in a file leads once all is one document."""
    file, _, place = reference.partition("#")
    file = file or name
    if not file.endswith(".schema.json"):
        return "#" + place
    if place.startswith("/$defs/"):
        part, slash, rest = place.removeprefix("/$defs/").partition("/")
        return f"#/components/schemas/{component(files, file, part)}{slash}{rest}"
    return f"#/components/schemas/{component(files, file)}{place}"


def move(files, name, node, key=None):
    """A node of a file as it stands in the one document."""
    if key in LITERAL:
        return node
    if isinstance(node, list):
        return [move(files, name, item) for item in node]
    if not isinstance(node, dict):
        return node
    made = {k: move(files, name, value, k) for k, value in node.items()
            if k not in ("$schema", "$defs")}
    if isinstance(node.get("$ref"), str):
        made["$ref"] = moved(files, name, node["$ref"])
    return made


def bundle():
    files = {path.name: json.loads(path.read_text()) for path in sorted(HERE.glob("*.schema.json"))}
    document = move(files, "openapi.yaml", yaml.safe_load((HERE / "openapi.yaml").read_text()))
    schemas = document["components"].setdefault("schemas", {})
    for name, schema in files.items():
        parts = {component(files, name, part): value
                 for part, value in schema.get("$defs", {}).items()}
        if name != TYPES:
            parts[component(files, name)] = schema
        for own, value in parts.items():
            assert own not in schemas, f"two schemas are called {own}"
            schemas[own] = move(files, name, value)
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def main():
    made = bundle()
    if sys.argv[1:] == ["--check"]:
        if not MADE.exists() or MADE.read_text() != made:
            sys.exit("schema/openapi.json is out of date; run schema/bundle.py")
    elif sys.argv[1:]:
        sys.exit(__doc__)
    else:
        MADE.write_text(made)


if __name__ == "__main__":
    main()
