#!/bin/sh
# Keeps, of all inputs there are for a target, the fewest that reach as much as all of them.
# usage: tests/fuzz/keep.sh TARGET [MORE INPUTS]
set -eu
target=$1 fewest=build/fuzz/fewest/$1
shift
rm -rf "$fewest"
mkdir -p "$fewest"
"build/fuzz/fuzz/$target" -set_cover_merge=1 -use_counters=0 -max_len=1024 -close_fd_mask=2 "$fewest" \
    "tests/fuzz/corpus/$target" "build/fuzz/kept/$target" "build/fuzz/corpus/$target" "$@" \
    >"build/fuzz/$target.keep" 2>&1
tests/fuzz/kept.py pack "$target" "$fewest"
echo "fuzz: $target keeps $(wc -l <"tests/fuzz/kept/$target") inputs"
