/* completion_script - what shells are told, for completion.c. Each script ends with a NUL. */
    .section .rodata
    .global completion_bash, completion_zsh, completion_fish
completion_bash:
    .incbin "fxctl/completion.bash"
    .byte 0
completion_zsh:
    .incbin "fxctl/completion.zsh"
    .byte 0
completion_fish:
    .incbin "fxctl/completion.fish"
    .byte 0
    .section .note.GNU-stack, "", %progbits
