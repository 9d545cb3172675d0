#ifndef BASE_UTF8_H
#define BASE_UTF8_H
/*
 * utf8 - the one place that knows which bytes are UTF-8 (RFC 3629).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The length of the well-formed character at `at`, before `end`; 0 when there is none. */
size_t utf8_length(const uint8_t *at, const uint8_t *end);

/* Is the whole text UTF-8? */
bool utf8_is(const uint8_t *at, size_t len);

/*
 * May a log or a terminal be given the character of `len` bytes as it is? Not a control character
 * (C0, DEL, C1), a line or paragraph separator, or one that turns the direction of the text
 * (Unicode 15, UAX #9, section 2): from outside, each could forge a line or hide what it says.
 */
bool utf8_is_plain(const uint8_t *at, size_t len);

/* The code point of a well-formed character of `len` bytes. */
uint32_t utf8_code_point(const uint8_t *at, size_t len);

/* Writes a code point (no surrogate, U+10FFFF at most). Returns how many bytes that took. */
size_t utf8_encode(uint32_t code_point, uint8_t ret_bytes[4]);

#endif
