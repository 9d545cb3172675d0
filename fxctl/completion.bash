# What bash may put behind fxctl: fxctl itself says it. For a shell: source <(fxctl completion bash)
_fxctl() {
    local IFS=$'\n'
    COMPREPLY=($("$1" completion bash --line "${COMP_LINE:0:COMP_POINT}" 2>/dev/null))
}
complete -o default -F _fxctl fxctl
