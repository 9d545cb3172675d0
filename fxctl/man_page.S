/* man_page - the manual pages as they are written, for man.c. Each ends with a NUL. */
    .section .rodata
    .global man_fxctl, man_conf, man_dispatcher
man_fxctl:
    .incbin "fxctl/fxctl.1"
    .byte 0
man_conf:
    .incbin "fxctl/fx.conf.5"
    .byte 0
man_dispatcher:
    .incbin "dispatcher/fx-dispatcher.8"
    .byte 0
    .section .note.GNU-stack, "", %progbits
