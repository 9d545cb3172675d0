#ifndef BASE_UTF8_H
#define BASE_UTF8_H
/*
 * utf8 - the one place that knows which bytes are UTF-8 (RFC 3629).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* The length of the well-formed character at `at`, before `end`; 0 when there is none. */
size_t utf8_length(const uint8_t *at, const uint8_t *end);

/* Is the whole text UTF-8? */
bool utf8_is(struct span text);

/* Writes a code point (no surrogate, U+10FFFF at most). Returns how many bytes that took. */
size_t utf8_encode(uint32_t code_point, uint8_t ret_bytes[4]);

#endif
