/* ascii - see ascii.h. */
#include "base/ascii.h"

#include <string.h>

bool ascii_is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

uint8_t ascii_lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

int ascii_hex(uint8_t c)
{
    uint8_t letter = c | 0x20;
    if (ascii_is_digit(c))
        return c - '0';
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

bool ascii_number(struct span text, uint64_t max, uint64_t *ret_number)
{
    uint64_t number = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint64_t digit = (uint64_t)text.data[i] - '0';
        if (!ascii_is_digit(text.data[i]) || digit > max || number > (max - digit) / 10)
            return false;
        number = number * 10 + digit;
    }
    *ret_number = number;
    return text.len > 0;
}

static bool is_one_of(uint8_t c, const char *set)
{
    return c && strchr(set, c);
}

struct span ascii_trim(struct span text, const char *space)
{
    while (text.len && is_one_of(text.data[0], space))
        text = span_of(text.data + 1, text.len - 1);
    while (text.len && is_one_of(text.data[text.len - 1], space))
        text.len--;
    return text;
}
