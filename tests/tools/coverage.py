#!/usr/bin/env python3
"""Which lines of the programs ran, a row a folder: of a build made with --coverage.

usage: tests/tools/coverage.py BUILD RUN…

RUN names what has run since the counters were removed; the last is kept as BUILD/RUN.json,
and the table has a column for each. BUILD/report/ gets each file with how often its lines ran.
"""
import json
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(sys.argv[1]).resolve()
RUNS = sys.argv[2:]


def counted():
    """{file: {line: how often}} of our sources, headers included, tests left out."""
    lines = defaultdict(Counter)
    for data in sorted(BUILD.rglob("obj/**/*.gcno")):
        if not (ROOT / data.relative_to(BUILD / "obj")).with_suffix(".c").exists():
            continue  # the object of a file that has gone
        said = subprocess.run(["gcov", "--json-format", "--stdout", data], cwd=ROOT, check=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
        for report in map(json.loads, said.splitlines()):
            for file in report["files"]:
                if not file["file"].startswith(("/", "tests/")):
                    for line in file["lines"]:
                        lines[file["file"]][line["line_number"]] += line["count"]
    return lines


def annotate(file, lines):
    """The file with a count before each line; ##### before one that never ran."""
    path = BUILD / "report" / file
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w") as out:
        for number, text in enumerate((ROOT / file).read_text().splitlines(), 1):
            count = lines.get(number)
            shown = "-" if count is None else count or "#####"
            out.write(f"{shown:>10}: {text}\n")


def folder_of(file):
    return str(Path(file).parent)


lines = counted()
for file in lines:
    annotate(file, lines[file])
total = Counter(folder_of(file) for file in lines for _ in lines[file])
ran = Counter(folder_of(file) for file in lines for count in lines[file].values() if count)
(BUILD / f"{RUNS[-1]}.json").write_text(json.dumps(ran))

columns = [json.loads((BUILD / f"{run}.json").read_text()) for run in RUNS]
titles = ["+ " * (run != RUNS[0]) + run for run in RUNS]
rows = sorted(total) + ["total"]
total["total"] = total.total()
print(f"{'lines that ran':22}{'lines':>7}" + "".join(f"{title:>9}" for title in titles))
for row in rows:
    shares = [sum(column.values()) if row == "total" else column.get(row, 0)
              for column in columns]
    print(f"{row:22}{total[row]:7}" +
          "".join(f"{share / total[row]:9.1%}" for share in shares))
print(f"each line with its count: {(BUILD / 'report').relative_to(ROOT)}/")
