#!/bin/sh
# The stages of `make check`, and with `all` of `make check-all`. A stage that fails does
# not keep the others from running, but what is not built cannot be tested. Prints how many
# seconds each took; fails when one did.
#
# A third of the end-to-end and kill tests runs under ASan. The files are dealt out by size,
# there and back (0 1 2 2 1 0 …), so that thirds take about the same time, and what the commit's
# id leaves when divided by three says which third. So each file is in exactly one, every third
# comes by as commits follow, and a commit always gets the same one.
#
# The matrix (tests/matrix) is there for two front ends, which the commit's id chooses as well;
# every pair comes by.
set -u
LC_ALL=C
export LC_ALL
cd "$(dirname "$0")/../.." || exit 1
# Under sudo all is done as who called it, but for the fresh machine, which is root's.
make=".ci/caller ${MAKE:-make} --no-print-directory"
jobs=-j$(nproc)
table= failed=
trap 'exit 130' HUP INT TERM

now() {
    cut -d. -f1 /proc/uptime
}

# usage: stage NAME COMMAND…
stage() {
    name=$1 began=$(now)
    shift
    echo "--- $name"
    if "$@"; then how=; else how="  FAILED" failed="$failed, $name"; fi
    row=$(printf '%-24s %5d s%s' "$name" $(($(now) - began)) "$how")
    echo "--- $row"
    table="$table$row
"
    [ -z "$how" ]
}

finish() {
    printf -- '--- seconds\n%s%-24s %5d s\n' "$table" "all" $(($(now) - start))
    [ -n "$failed" ] || { echo "$what: every stage is good"; exit 0; }
    echo "$what FAILED: ${failed#, }"
    exit 1
}

# The beginning of this commit's id, as a number.
commit() {
    id=$(.ci/caller git rev-parse HEAD 2>/dev/null || echo 0)
    echo $((0x$(echo "$id" | cut -c1-7)))
}

# The files of this commit's third.
third() {
    ls -S tests/crash/test_*.py tests/e2e/test_*.py | awk -v wanted=$(($(commit) % 3)) '
        { at = (NR - 1) % 6; if (at > 2) at = 5 - at }
        at == wanted'
}

# This commit's two front ends.
pair() {
    PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 -c 'import sys
sys.path.insert(0, "tests/lib")
from fronts import NAMES
print(*NAMES)' | awk -v id="$(commit)" '
        { a = id % NF; b = (a + 1 + int(id / NF) % (NF - 1)) % NF; print $(a + 1), $(b + 1) }'
}

# usage: natively FRONT…, or all
natively() {
    stage "build" $make $jobs built || finish
    stage "unit tests" $make unit
    stage "checks" $make checks
    stage "sizes" $make sizes
    stage "end to end" $make e2e
    stage "kills" $make crash
    stage "matrix: $*" $make matrix FRONTS="$*"
}

# usage: sanitized WHAT FILE…
sanitized() {
    which=$1
    shift
    stage "ASan: build" $make $jobs VARIANT=asan built || return
    stage "ASan: unit tests" $make VARIANT=asan unit
    stage "ASan: $which" $make VARIANT=asan e2e TESTS="$*"
}

start=$(now)
case ${1:-} in
    '')
        what=check
        natively $(pair)
        echo "This commit's third under ASan:" $(third | sed 's|.*/||')
        sanitized "a third" $(third)
        stage "fuzz T=2" $make fuzz T=2
        stage "fresh machine" tests/fresh/run root
        ;;
    all)
        what=check-all
        export FX_KILL_SECONDS=60 FX_SCENARIO_SECONDS=300 FX_MIXED=10000 FX_CLIENTS=300
        natively all
        unset FX_MIXED FX_CLIENTS # a CGI process takes long to start under ASan
        sanitized "all others" tests/e2e tests/crash tests/matrix
        for tool in tidy tsan valgrind coverage "fuzz T=60" distcheck; do
            stage "$tool" $make $tool
        done
        stage "packages" $make deb
        stage "freshcheck" tests/fresh/run root user check deb
        ;;
esac
finish
