/* htaccess - what a folder of a shared host says to Apache, for web_folder.c. It ends with a NUL. */
    .section .rodata
    .global htaccess
htaccess:
    .incbin "apache/htaccess"
    .byte 0
    .section .note.GNU-stack, "", %progbits
