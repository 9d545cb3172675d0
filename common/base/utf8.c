/* utf8 - see utf8.h. */
#include "base/utf8.h"

#include <assert.h>

static bool between(uint8_t c, uint8_t low, uint8_t high)
{
    return c >= low && c <= high;
}

/*
 * The ranges are those of the ABNF in RFC 3629, section 4. The limits of the
 * second byte exclude overlong forms, surrogates and what lies past U+10FFFF.
 */
size_t utf8_length(const uint8_t *at, const uint8_t *end)
{
    size_t room = (size_t)(end - at);
    uint8_t low = 0x80, high = 0xbf;
    size_t len;
    if (!room)
        return 0;
    if (at[0] < 0x80)
        return 1;
    if (between(at[0], 0xc2, 0xdf))
        len = 2;
    else if (between(at[0], 0xe0, 0xef))
        len = 3;
    else if (between(at[0], 0xf0, 0xf4))
        len = 4;
    else
        return 0;
    if (at[0] == 0xe0)
        low = 0xa0;
    else if (at[0] == 0xed)
        high = 0x9f;
    else if (at[0] == 0xf0)
        low = 0x90;
    else if (at[0] == 0xf4)
        high = 0x8f;
    if (room < len || !between(at[1], low, high))
        return 0;
    for (size_t i = 2; i < len; i++)
        if (!between(at[i], 0x80, 0xbf))
            return 0;
    return len;
}

bool utf8_is(const uint8_t *at, size_t len)
{
    const uint8_t *end = len ? at + len : at;
    while (at < end) {
        size_t one = utf8_length(at, end);
        if (!one)
            return false;
        at += one;
    }
    return true;
}

uint32_t utf8_code_point(const uint8_t *at, size_t len)
{
    static const uint8_t bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t code_point = at[0] & bits[len];
    for (size_t i = 1; i < len; i++)
        code_point = code_point << 6 | (at[i] & 0x3f);
    return code_point;
}

bool utf8_is_plain(const uint8_t *at, size_t len)
{
    static const struct {
        uint32_t first, last;
    } not_plain[] = {{0, 0x1f}, {0x7f, 0x9f}, {0x61c, 0x61c}, {0x200e, 0x200f}, {0x2028, 0x202e},
        {0x2066, 0x2069}};
    uint32_t code_point = utf8_code_point(at, len);
    for (size_t i = 0; i < sizeof not_plain / sizeof *not_plain; i++)
        if (code_point >= not_plain[i].first && code_point <= not_plain[i].last)
            return false;
    return true;
}

size_t utf8_encode(uint32_t code_point, uint8_t ret_bytes[4])
{
    static const uint8_t first[] = {0, 0, 0xc0, 0xe0, 0xf0};
    assert(code_point <= 0x10ffff && (code_point < 0xd800 || code_point > 0xdfff));
    if (code_point < 0x80) {
        ret_bytes[0] = (uint8_t)code_point;
        return 1;
    }
    size_t len = code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
    for (size_t i = len - 1; i > 0; i--) {
        ret_bytes[i] = (uint8_t)(0x80 | (code_point & 0x3f));
        code_point >>= 6;
    }
    ret_bytes[0] = (uint8_t)(first[len] | code_point);
    return len;
}
