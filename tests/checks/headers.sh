#!/bin/sh
# Each header compiles alone, and twice: it includes what it needs and guards itself.
# usage: CC=gcc FLAGS="the Makefile's flags" tests/checks/headers.sh
set -eu
cd "$(dirname "$0")/../.."
: "${CC:=gcc}" "${FLAGS:=-std=gnu11 -D_GNU_SOURCE -Icommon -I. -Wall -Wextra -Werror}"
FLAGS=$(echo "$FLAGS" | sed 's/-MMD//; s/-MP//') # no lists of dependencies
export CC FLAGS

find common cgi-bin dispatcher runner http fxctl -name '*.h' | sort | xargs -P "$(nproc)" -I{} sh -c '
    printf "#include \"%s\"\n#include \"%s\"\n" {} {} |
        $CC $FLAGS -Wno-unused-function -fsyntax-only -x c - ||
        { echo "{}: does not compile alone"; exit 1; }'
echo "each header compiles alone"
