/* scheme_value - see scheme_value.h. */
#include "model/scheme_value.h"

#include <string.h>

#include "base/ascii.h"
#include "base/base64.h"
#include "base/clock.h"

#define MILLISECOND_DIGITS 13 /* from 2001 to 2286 */

struct span scheme_value_item(char separator, struct span *rest)
{
    const uint8_t *cut = separator ? memchr(rest->data, separator, rest->len) : NULL;
    struct span item = *rest;
    *rest = SPAN_NONE;
    if (cut) {
        size_t len = (size_t)(cut - item.data);
        *rest = span_of(cut + 1, item.len - len - 1);
        item.len = len;
    }
    while (separator && item.len && item.data[0] == ' ')
        item = span_of(item.data + 1, item.len - 1);
    return item;
}

bool scheme_value_is_named(struct span item, const char *name, struct span *ret_value)
{
    size_t len = strlen(name);
    if (!len || !span_starts(item, span_str(name)) || item.len == len || item.data[len] != '=')
        return false;
    *ret_value = span_of(item.data + len + 1, item.len - len - 1);
    return true;
}

static bool decode_hex(struct span text, size_t bytes, uint8_t *ret_bytes)
{
    if (text.len != bytes * 2)
        return false;
    for (size_t i = 0; i < bytes; i++) {
        int high = ascii_hex(text.data[2 * i]), low = ascii_hex(text.data[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        ret_bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static bool decode_base64(struct span text, size_t bytes, uint8_t *ret_bytes)
{
    struct buf decoded = BUF_INIT;
    bool good =
        text.len == (bytes + 2) / 3 * 4 && base64_decode(text, &decoded) && decoded.len == bytes;
    if (good)
        memcpy(ret_bytes, decoded.data, bytes);
    buf_done(&decoded);
    return good;
}

size_t scheme_value_mac_bytes(const struct scheme *scheme)
{
    static const size_t bytes[CRYPTO_HASH__MAX] = {20, 32, 64};
    return bytes[scheme->hash];
}

bool scheme_value_mac(const struct scheme *scheme, struct span text, uint8_t *ret_bytes)
{
    size_t bytes = scheme_value_mac_bytes(scheme);
    return scheme->base64 ? decode_base64(text, bytes, ret_bytes)
                          : decode_hex(text, bytes, ret_bytes);
}

/* Some write milliseconds, or a date. */
bool scheme_value_time(const struct scheme *scheme, struct span text, int64_t *ret_s)
{
    size_t digits = scheme->any_time ? MILLISECOND_DIGITS : SCHEME_TIME_DIGITS;
    uint64_t number;
    int64_t ms;
    if (text.len <= digits && ascii_number(text, INT64_MAX, &number)) {
        *ret_s = (int64_t)(text.len > SCHEME_TIME_DIGITS ? number / 1000 : number);
        return true;
    }
    if (!scheme->any_time || !clock_parse(text, &ms))
        return false;
    *ret_s = ms / 1000;
    return true;
}
