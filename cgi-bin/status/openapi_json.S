/* openapi_json - the bytes of schema/openapi.json, for openapi.c. */
    .section .rodata
    .global openapi_json, openapi_json_end
openapi_json:
    .incbin "schema/openapi.json"
openapi_json_end:
    .section .note.GNU-stack, "", %progbits
