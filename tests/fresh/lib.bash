# What as-root and as-user share: typing, pasting and looking, as a person at a terminal
# does. Commands come from the README, with every space that stands there.
set -eu
set -m # a job is a process group of its own, which Ctrl-C goes to

PATIENCE=600 # seconds until something counts as hanging
printed=$(mktemp)

fail() {
    echo "freshcheck failed: $1. Printed was:" >&2
    tail -n 40 "$printed" >&2
    exit 1
}

# await WHAT COMMAND…: until the command succeeds.
await() {
    local what=$1 end=$((SECONDS + PATIENCE))
    shift
    until "$@"; do
        [ $SECONDS -lt $end ] || fail "$what"
        sleep 0.1
    done
}

# block SECTION N: what stands between the Nth fences of a section of the README that is here;
# 0: all, last: the last ones.
block() {
    awk -v section="## $1" -v wanted="$2" '
        /^## / { inside = $0 == section }
        inside && /^ *```sh$/ { fenced = 1; n++; text[n] = ""; next }
        /^ *```$/ { fenced = 0 }
        inside && fenced { text[n] = text[n] $0 "\n" }
        END {
            first = wanted == "last" ? n : wanted ? wanted : 1
            last = wanted && wanted != "last" ? wanted : n
            for (i = first; i <= last; i++) printf "%s", text[i]
        }' README.md
}

expect() {
    grep -qF -- "$1" "$printed" || fail "it did not print $1"
}

# start COMMAND TEXT: runs it in the background until it has printed the text.
start() {
    echo "  $1"
    # Whatever has started this may be deaf to Ctrl-C, as what a shell has put behind it is.
    env --default-signal=INT,QUIT bash -c "$1" >"$printed" 2>&1 </dev/null &
    job=$!
    await "$1" has_printed_or_ended "$2"
    expect "$2"
}

has_printed_or_ended() {
    grep -qF -- "$1" "$printed" || ! kill -0 $job 2>/dev/null
}

# The processes of servers, as folders of /proc. Some end while they are looked at.
servers() {
    { grep -lazE '(^|/)(lighttpd|fx-(dispatcher|runner)|[a-z]+\.fcgi)$' /proc/[0-9]*/cmdline || :; } \
        2>/dev/null | sed 's|/cmdline$||'
}

none_runs() {
    [ -z "$(servers)" ]
}

# Presses Ctrl-C, after which nothing may be left. The last programs end just behind lighttpd.
interrupt() {
    kill -INT -- -$job
    wait $job 2>/dev/null || :
    await "something runs after Ctrl-C" none_runs
}

five_minutes() {
    echo "  the first five minutes"
    block "A first pipeline in five minutes" 0 | bash -i >"$printed" 2>&1
    expect '"data":{"greeting":"Hello, Ada!","length":11}'
    expect '"message":"Event started successfully"'
    await "two words are shouted" two_shouts
}

two_shouts() {
    [ "$(build/bin/fxctl executions --json --full | grep -o '"shout":"HELLO!"' | wc -l)" = 2 ]
}
