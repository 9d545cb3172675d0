#ifndef BASE_UNICODE_H
#define BASE_UNICODE_H
/*
 * unicode - what characters are, whatever the locale: which of them show, and which differ in
 * case alone. As of Unicode 14; characters that have come since show, and fold to themselves.
 */
#include <stdbool.h>
#include <stdint.h>

/*
 * Does the character leave a mark of its own, or is it a plain space? Not so control and format
 * characters, among them those that turn the direction of a text; other blanks; what is ignored by
 * default, such as variation selectors; noncharacters and characters of private use.
 */
bool unicode_shows(uint32_t code_point);

/* The character that stands for all that differ from it in case alone: simple case folding. */
uint32_t unicode_fold(uint32_t code_point);

#endif
