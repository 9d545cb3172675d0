#!/bin/sh
# Runs a program under valgrind.
#
#   tests/tools/valgrind.sh --test PROGRAM   a unit test, whose report fails it
#   build/under-valgrind/bin/fxctl …         a link to this script: build/valgrind/bin/fxctl,
#                                            whose report goes to the home's log/sanitizer.*
#
# What fx-dispatcher starts runs without: valgrind 3.19 does not know pidfd_open, by which
# a runner learns that a step has ended.
set -eu
options="-q --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite"
if [ "${1:-}" = --test ]; then
    log=$2.valgrind.log
    valgrind $options --error-exitcode=1 "$2" >"$log" 2>&1 || { cat "$log"; exit 1; }
    exit 0
fi
place=$(cd "$(dirname "$0")" && pwd -P)
program=${place%/under-valgrind/*}/valgrind/${place##*/}/$(basename "$0")
# `fxctl init` has no place for reports yet.
report=--error-exitcode=99
logs=${FX_HOME:-$HOME/.fxbridge}/log
[ -d "$logs" ] && report=--log-file=$logs/sanitizer.%p
exec valgrind $options "$report" "$program" "$@"
