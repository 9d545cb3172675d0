#ifndef BASE_ASCII_H
#define BASE_ASCII_H
/*
 * ascii - characters and numbers of text whose bytes mean the same in every language.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#define ASCII_BLANK " \t"          /* between the parts of a header (RFC 9110, OWS) */
#define ASCII_JSON_SPACE " \t\n\r" /* between the tokens of JSON (RFC 8259) */

bool ascii_is_digit(uint8_t c);

/* A letter in lower case; any other byte as it is. */
uint8_t ascii_lower(uint8_t c);

/* The value of a hexadecimal digit in either case; -1 for another character. */
int ascii_hex(uint8_t c);

/*
 * Reads a number that is written with digits alone: no sign, no space. False for other text,
 * for an empty one, and for a number above max.
 */
bool ascii_number(struct span text, uint64_t max, uint64_t *ret_number);

/* The text without the characters of `space` at its ends. */
struct span ascii_trim(struct span text, const char *space);

#endif
