#!/bin/sh
# Fuzzes one target for so many seconds, from the inputs in tests/fuzz/corpus/TARGET, each of which
# says something, those that were kept (kept.py), and those that earlier runs have found. New ones
# go to build/fuzz/corpus/TARGET; an input that breaks the target to build/fuzz/found. Prints how
# many inputs were run, are there to begin with, and broke it.
# usage: tests/fuzz/run.sh TARGET SECONDS
set -eu
target=$1 log=build/fuzz/$1.log
seeds="tests/fuzz/corpus/$target build/fuzz/kept/$target"
mkdir -p "tests/fuzz/corpus/$target" "build/fuzz/corpus/$target" build/fuzz/found
rm -rf "build/fuzz/kept/$target"
tests/fuzz/kept.py unpack "$target" "build/fuzz/kept/$target"

# usage: say FINDINGS
say() {
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    inputs=$(find $seeds "build/fuzz/corpus/$target" -type f | wc -l)
    printf 'fuzz: %-12s %12s executions, %6s inputs in the corpus, %s findings\n' \
        "$target" "${runs:-0}" "$inputs" "$1"
}

# What a target logs is not kept: a line for each input would fill the disk.
if ! "build/fuzz/fuzz/$target" -max_total_time="$2" -max_len=4096 -timeout=10 -print_final_stats=1 \
    -close_fd_mask=2 -artifact_prefix="build/fuzz/found/$target-" \
    "build/fuzz/corpus/$target" $seeds >"$log" 2>&1; then
    tail -n 60 "$log"
    echo "fuzz: $target is broken by the input named above"
    say 1
    exit 1
fi
say 0
