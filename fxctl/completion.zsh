#compdef fxctl
# What zsh may put behind fxctl: fxctl itself says it. For a shell: source <(fxctl completion zsh)
_fxctl() {
    local -a found
    found=("${(@f)$("$words[1]" completion zsh --line "${(j: :)words[1,CURRENT]}" 2>/dev/null)}")
    if [[ -n $found ]]; then
        _describe fxctl found
    else
        _files
    fi
}
if [[ $funcstack[1] == _fxctl ]]; then
    _fxctl "$@"
else
    compdef _fxctl fxctl
fi
