"""Completion: what a shell puts behind fxctl when somebody presses the tabulator."""
import re
import shutil
import subprocess

import pytest

from harness import BUILD

FXCTL = BUILD / "bin/fxctl"
SHELLS = ["bash", "zsh", "fish"]
HELP = subprocess.run([FXCTL, "help"], capture_output=True, text=True, check=True).stdout
COMMANDS = re.findall(r"^  ([a-z][a-z-]*(?: [a-z-]+)?) {2,}", HELP.partition("Commands:")[2], re.M)
GLOBAL = ["--home", "--json", "--help", "--version"]


def fxctl(*words):
    return subprocess.run([FXCTL, *words], capture_output=True, text=True)


def offered(line, shell="bash"):
    done = fxctl("completion", shell, "--line", line)
    assert done.returncode == 0 and not done.stderr
    return done.stdout.splitlines()


def test_a_first_word_is_offered_once():
    first = list(dict.fromkeys(name.split()[0] for name in COMMANDS))
    assert offered("fxctl ") == offered("fxctl") == offered("") == first


@pytest.mark.parametrize("noun", sorted({name.split()[0] for name in COMMANDS if " " in name}))
def test_the_second_words_of_a_noun(noun):
    assert sorted(offered(f"fxctl {noun} ")) == sorted(
        name.split()[1] for name in COMMANDS if name.startswith(f"{noun} "))


@pytest.mark.parametrize("command", COMMANDS)
def test_options_of_a_command(command):
    own = fxctl(*command.split(), "--help").stdout.partition("Options of every command")[0]
    assert offered(f"fxctl {command} --") == [
        *re.findall(r"^  (--[a-z-]+)", own, re.M), *GLOBAL]


@pytest.mark.parametrize("line, words", [
    ("fxctl pub", ["publish"]),
    ("fxctl publish", ["publish"]),
    ("fxctl x", []),
    ("fxctl x y", []),
    ("fxctl key cr", ["create"]),
    ("fxctl help key cr", ["create"]),
    ("fxctl help tri", ["trigger"]),
    ("fxctl --home /tmp key re", ["revoke"]),
    ("fxctl --json --home /tmp key re", ["revoke"]),
    ("fxctl --home=/tmp key re", ["revoke"]),
    ("fxctl --home ", []),
    ("fxctl --home k", []),
    ("fxctl key create --sc", ["--scope"]),
    ("fxctl key create --name --sc", []),
    ("fxctl key create --name shop --sc", ["--scope"]),
    ("fxctl key create --name 'my shop' --sc", ["--scope"]),
    ("fxctl  key\tcreate   --sc", ["--scope"]),
    ("fxctl publish --type a '{\"b\": 1}' --so", ["--source"]),
    ("fxctl cid x --wait --js", ["--json"]),
    ("fxctl pipeline apply ", []),
    ("fxctl --", GLOBAL),
    ("build/bin/fxctl verif", ["verify"]),
])
def test_what_is_offered(line, words):
    assert offered(line) == words


def test_every_shell_is_told_in_its_way():
    assert offered("fxctl publ") == ["publish"]
    assert offered("fxctl publ", "zsh") == ["publish:accept an event and print its correlation id (cid)"]
    assert offered("fxctl publ", "fish") == [
        "publish\taccept an event and print its correlation id (cid)"]
    assert all(line.count("\t") == 1 for line in offered("fxctl --", "fish"))


def test_an_unknown_shell_is_refused():
    done = fxctl("completion", "tcsh")
    assert done.returncode == 2 and not done.stdout and "bash, zsh or fish" in done.stderr


ASK = {
    "bash": 'source <("$1" completion bash); COMP_LINE="$1 trigger st"; COMP_POINT=${#COMP_LINE}\n'
            '_fxctl "$1" st trigger; printf "%s\\n" "${COMPREPLY[@]}"; complete -p fxctl >/dev/null',
    # zsh completes at a prompt alone; the functions it calls there are stood in for.
    "zsh": 'compdef() { :; }; _describe() { print -l "${(@P)2%%:*}"; }; source <("$1" completion zsh)\n'
           'words=("$1" trigger st); CURRENT=3; _fxctl',
    "fish": 'set -gx PATH (dirname $argv[2]) $PATH; fxctl completion fish | source\n'
            'complete --do-complete "fxctl trigger st" | string split -f1 \\t',
}


@pytest.mark.parametrize("shell", SHELLS)
def test_in_the_shell_itself(shell):
    if not shutil.which(shell):
        pytest.skip(f"there is no {shell}")
    done = subprocess.run([shell, "-c", ASK[shell], shell, FXCTL], capture_output=True, text=True,
                          timeout=60)
    assert done.stdout.split() == ["start", "status", "stop"], done.stderr
