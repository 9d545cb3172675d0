#!/bin/sh
# Fuzzes one target for so many seconds, from the inputs in tests/fuzz/corpus/TARGET and those
# that earlier runs have found. New ones go to build/fuzz/corpus/TARGET; an input that breaks
# the target to build/fuzz/found.
# usage: tests/fuzz/run.sh TARGET SECONDS
set -eu
target=$1 log=build/fuzz/$1.log
seeds=tests/fuzz/corpus/$1
mkdir -p "build/fuzz/corpus/$target" build/fuzz/found
[ -d "$seeds" ] || seeds=
if ! "build/fuzz/fuzz/$target" -max_total_time="$2" -max_len=4096 -timeout=10 -print_final_stats=1 \
    -artifact_prefix="build/fuzz/found/$target-" "build/fuzz/corpus/$target" $seeds >"$log" 2>&1; then
    tail -n 60 "$log"
    echo "fuzz: $target is broken by the input named above"
    exit 1
fi
runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
echo "fuzz: $target stood $runs inputs"
