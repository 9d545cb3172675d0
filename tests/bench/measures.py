"""measures - numbers out of many numbers, and out of /proc."""
import os
import statistics
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def percentile(values, percent):
    """The smallest value that so many percent of all do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def in_turns(rounds, yardstick, ours):
    """Measures both in turns. The pairs of results."""
    return [(yardstick(), ours()) for _ in range(rounds)]


def median_ratio(pairs):
    return statistics.median(ours / yardstick for yardstick, ours in pairs)


def cpu_seconds(pid, children=False):
    """Processor time of a process so far, all threads, and of its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15 if children else 13])) / TICKS


def machine_cpu_seconds():
    """Processor time of the whole machine so far: (spent, idle)."""
    fields = [int(f) / TICKS for f in Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
    idle = fields[3] + fields[4]
    return sum(fields) - idle, idle


def switches(pid, kinds=("voluntary", "nonvoluntary")):
    """Context switches of a process so far, all threads."""
    count = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        for line in (task / "status").read_text().splitlines():
            name, _, value = line.partition("_ctxt_switches:")
            if name in kinds:
                count += int(value)
    return count


def pss_mb(pid):
    """Memory of a process, its share of what is shared included."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise AssertionError("no Pss")


def unshared_mb(pid):
    """Memory of a process that is its own, and its part of what is anonymous and shared."""
    kilobytes, database, anonymous = 0, False, False
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        words = line.split()
        if "-" in words[0] and not words[0].endswith(":"):
            database = words[-1].endswith("/data.mdb")
            anonymous = len(words) < 6 or words[5].startswith("[")
        elif not database and (words[0] == "Pss:" if anonymous else
                               words[0] in ("Private_Clean:", "Private_Dirty:")):
            kilobytes += int(words[1])
    return kilobytes * 1024 / 1e6
