#!/usr/bin/env python3
"""Inputs that were found by fuzzing and are kept: tests/fuzz/kept/TARGET, a line of base64 each.

usage: kept.py pack|unpack TARGET DIRECTORY
"""
import base64
import hashlib
import sys
from pathlib import Path

what, target, directory = sys.argv[1:]
file = Path(__file__).resolve().parent / "kept" / target
directory = Path(directory)
if what == "pack":
    inputs = sorted((path.read_bytes() for path in directory.iterdir()), key=lambda b: (len(b), b))
    file.write_text("".join(base64.b64encode(one).decode() + "\n" for one in inputs))
else:
    directory.mkdir(parents=True, exist_ok=True)
    for line in file.read_text().split("\n")[:-1] if file.exists() else []:
        one = base64.b64decode(line)
        (directory / hashlib.sha1(one).hexdigest()).write_bytes(one)
