/* json_escape - see json_escape.h. */
#include "base/json_escape.h"

#include <stdbool.h>
#include <string.h>

#include "base/utf8.h"

static uint32_t hex4(const uint8_t *at)
{
    uint32_t v = 0;
    for (unsigned i = 0; i < 4; i++)
        v = v << 4 | (uint32_t)(at[i] <= '9' ? at[i] - '0' : (at[i] | 0x20) - 'a' + 10);
    return v & 0xffff;
}

/* The character of an escape other than \u. */
static uint8_t short_escape(uint8_t c)
{
    switch (c) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return c;
    }
}

static bool is_high(uint32_t unit)
{
    return unit >= 0xd800 && unit <= 0xdbff;
}

static bool is_low(uint32_t unit)
{
    return unit >= 0xdc00 && unit <= 0xdfff;
}

/* A surrogate that is no part of a pair, in the form that UTF-8 would have for it. */
static size_t encode_surrogate(uint32_t unit, uint8_t ret_bytes[4])
{
    ret_bytes[0] = (uint8_t)(0xe0 | unit >> 12);
    ret_bytes[1] = (uint8_t)(0x80 | (unit >> 6 & 0x3f));
    ret_bytes[2] = (uint8_t)(0x80 | (unit & 0x3f));
    return 3;
}

const uint8_t *json_escape_read(
    const uint8_t *at, const uint8_t *end, uint8_t ret_bytes[4], size_t *ret_len)
{
    *ret_len = 0;
    if (end - at < 2)
        return end;
    if (at[1] != 'u') {
        ret_bytes[0] = short_escape(at[1]);
        *ret_len = 1;
        return at + 2;
    }
    if (end - at < 6)
        return end;
    uint32_t unit = hex4(at + 2);
    at += 6;
    if (is_high(unit) && end - at >= 6 && at[0] == '\\' && at[1] == 'u' && is_low(hex4(at + 2))) {
        unit = 0x10000 + ((unit & 0x3ff) << 10) + (hex4(at + 2) & 0x3ff);
        at += 6;
    }
    *ret_len = is_high(unit) || is_low(unit) ? encode_surrogate(unit, ret_bytes)
                                             : utf8_encode(unit, ret_bytes);
    return at;
}

void json_escape_undo(struct span text, struct buf *out)
{
    const uint8_t *at = text.data, *end = text.len ? at + text.len : at;
    while (at < end) {
        const uint8_t *backslash = memchr(at, '\\', (size_t)(end - at));
        const uint8_t *stop = backslash ? backslash : end;
        uint8_t bytes[4];
        size_t len;
        buf_add(out, at, (size_t)(stop - at));
        if (stop == end)
            break;
        at = json_escape_read(stop, end, bytes, &len);
        buf_add(out, bytes, len);
    }
}
