# What fish may put behind fxctl: fxctl itself says it. For a shell: fxctl completion fish | source
function __fxctl_complete
    set -l found (fxctl completion fish --line (commandline -cp | string collect) 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c fxctl -f -a '(__fxctl_complete)'
