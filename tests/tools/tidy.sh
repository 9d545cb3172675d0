#!/bin/sh
# clang-tidy over one file; what it says is on standard output.
# usage: tests/tools/tidy.sh FILE COMPILER-FLAG…
set -eu
file=$1
shift
# Standard error has only the number of warnings that were left out, unless it fails.
said=$(clang-tidy --quiet "$file" -- "$@" 2>&1) || { printf '%s\n' "$said"; exit 1; }
