#ifndef BASE_JSON_ESCAPE_H
#define BASE_JSON_ESCAPE_H
/*
 * json_escape - the escapes in strings of checked text. Part of base/json.h; not for use
 * outside base/json*.c.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * Reads the escape at `at` into the UTF-8 of its character, of *ret_len bytes; an unpaired
 * surrogate is encoded as if it were a character. Returns where the text goes on.
 */
const uint8_t *json_escape_read(
    const uint8_t *at, const uint8_t *end, uint8_t ret_bytes[4], size_t *ret_len);

/* Appends the characters that a string, as written without its quotes, stands for. */
void json_escape_undo(struct span text, struct buf *out);

#endif
