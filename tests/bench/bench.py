"""bench - measures FX Bridge on this machine.

    make bench                              everything but `behind`, in under nine minutes
    make bench FRONTS=all                   everything, with every front end there is
    tests/bench/bench.py intake script      these groups, or the groups of these figures
    tests/bench/bench.py --list             what there is

Prints "name value unit" a line, as soon as a figure is there, and leaves the figures
of this run in build/bench.json. Other work on the machine disturbs: a ratio compares
two things measured in turns, and is the median of the pairs' ratios, so it bears
noise; a rate or a time does not, and is worth something beside its yardstick only.

Slow figures are figures. The exit status is 1 when something could not be measured
since it did not work, 2 when there is no such benchmark.
"""
import json
import os
import platform
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(1, str(Path(__file__).resolve().parents[1] / "lib"))

from harness import BUILD  # noqa: E402
from measures import percentile  # noqa: E402
from registry import GROUPS, measure  # noqa: E402
import web  # noqa: E402,F401 - each module registers its benchmarks, to be run in this order
import runs  # noqa: E402,F401
import rest  # noqa: E402,F401
import lists  # noqa: E402,F401
import victim  # noqa: E402,F401
import behind  # noqa: E402


def sync_cost_ms():
    """What one durable write costs where the homes are: 4 KiB appended and flushed, the median."""
    times = []
    with tempfile.TemporaryFile(buffering=0) as file:
        for _ in range(300):
            begin = time.perf_counter()
            file.write(bytes(4096))
            os.fdatasync(file.fileno())
            times.append((time.perf_counter() - begin) * 1000)
    return percentile(times, 50)


def machine():
    return (f"{os.cpu_count()} cores, {platform.system()} {platform.release()}, "
            f"4 KiB append + fdatasync p50 {sync_cost_ms():.3f} ms, "
            f"load before {os.getloadavg()[0]:.2f}")


def as_text(value):
    """Four digits at least, and never an exponent."""
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def chosen(words):
    """The groups that are asked for, by their names or by those of their figures."""
    groups = []
    for word in words or whole():
        found = [name for name, (_, units) in GROUPS.items() if word == name or word in units]
        if not found:
            print(f"bench: there is no {word}; --list says what there is", file=sys.stderr)
            sys.exit(2)
        groups += [name for name in found if name not in groups]
    return groups


def whole():
    """All groups, those that want every front end where FX_FRONTS says so."""
    return [name for name, (function, _) in GROUPS.items()
            if os.environ.get("FX_FRONTS") or function.__module__ != behind.__name__]


def list_all():
    for name, (_, units) in GROUPS.items():
        print(f"{name}:", *(f"  {figure} {unit}" for figure, unit in units.items()), sep="\n")


def run(groups):
    """Runs them. False when one did not work."""
    figures = {}
    good = True
    print("#", machine(), flush=True)
    for name in groups:
        try:
            for figure, value, unit in measure(name):
                print(figure, as_text(value), unit, flush=True)
                figures[figure] = round(value, 6)
        except Exception:
            traceback.print_exc()
            print(f"# {name} did not work", flush=True)
            good = False
    (BUILD / "bench.json").write_text(json.dumps(figures, indent=4) + "\n")
    return good


def main(words):
    if words == ["--list"]:
        return list_all()
    groups = chosen(words)
    missing = [path for path in ("bin/fxctl", "cgi-bin/events.fcgi", "bench/nothing")
               if not (BUILD / path).exists()]
    if missing:
        sys.exit(f"bench: not in {BUILD}: {', '.join(missing)}; use `make bench`")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # homes are tidied up then too
    return 0 if run(groups) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
