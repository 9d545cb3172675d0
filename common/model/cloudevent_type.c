/* cloudevent_type - see cloudevent_type.h. */
#include "model/cloudevent_type.h"

#include <string.h>

#include "base/ascii.h"
#include "base/clock.h"
#include "base/utf8.h"

static bool is_lower(uint8_t c)
{
    return c >= 'a' && c <= 'z';
}

/* A letter in either case, a digit, or one of the marks. */
static bool is_alnum_or(uint8_t c, const char *marks)
{
    return is_lower(c | 0x20) || ascii_is_digit(c) || (c && strchr(marks, c));
}

bool cloudevent_is_name(struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!is_lower(s.data[i]) && !ascii_is_digit(s.data[i]))
            return false;
    return s.len > 0 && s.len <= CLOUDEVENT_NAME_MAX && !span_eq_str(s, "data");
}

/* The character at `at`, whose len bytes are well-formed UTF-8. */
static uint32_t code_point(const uint8_t *at, size_t len)
{
    static const uint8_t first_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t c = at[0] & first_bits[len];
    for (size_t i = 1; i < len; i++)
        c = c << 6 | (at[i] & 0x3f);
    return c;
}

/* The 66 code points that Unicode keeps for nobody: the last two of each plane, and a block. */
static bool is_noncharacter(uint32_t c)
{
    return (c & 0xfffe) == 0xfffe || (c >= 0xfdd0 && c <= 0xfdef);
}

bool cloudevent_is_string(struct span s)
{
    for (size_t i = 0, len; i < s.len; i += len) {
        len = utf8_length(s.data + i, s.data + s.len);
        if (!len)
            return false;
        uint32_t c = code_point(s.data + i, len);
        if (c < 0x20 || (c >= 0x7f && c <= 0x9f) || is_noncharacter(c))
            return false;
    }
    return true;
}

bool cloudevent_is_integer(struct span s, int32_t *ret_number)
{
    bool negative = s.len && s.data[0] == '-';
    int64_t v = 0;
    if (s.len == negative)
        return false;
    for (size_t i = negative; i < s.len; i++) {
        if (!ascii_is_digit(s.data[i]))
            return false;
        v = v * 10 + (s.data[i] - '0');
        if (v > -(int64_t)INT32_MIN)
            return false;
    }
    v = negative ? -v : v;
    if (v > INT32_MAX)
        return false;
    *ret_number = (int32_t)v;
    return true;
}

bool cloudevent_is_uri_reference(struct span s)
{
    return s.len && !memchr(s.data, ' ', s.len) && cloudevent_is_string(s);
}

/* A scheme begins with a letter (RFC 3986, section 3.1). */
bool cloudevent_is_uri(struct span s)
{
    size_t n = 0;
    while (n < s.len && is_alnum_or(s.data[n], "+-."))
        n++;
    return n > 0 && is_lower(s.data[0] | 0x20) && n + 1 < s.len && s.data[n] == ':' &&
           cloudevent_is_uri_reference(s);
}

bool cloudevent_is_time(struct span s)
{
    int64_t ms;
    return clock_parse(s, &ms);
}

/* Takes a token (RFC 7230, section 3.2.6) off the front. False when there is none. */
static bool skip_token(struct span *s)
{
    size_t n = 0;
    while (n < s->len && is_alnum_or(s->data[n], "!#$%&'*+-.^_`|~"))
        n++;
    s->data += n;
    s->len -= n;
    return n > 0;
}

static bool skip_slash(struct span *s)
{
    if (!s->len || s->data[0] != '/')
        return false;
    s->data++;
    s->len--;
    return true;
}

bool cloudevent_is_media_type(struct span s)
{
    struct span rest = s;
    if (!skip_token(&rest) || !skip_slash(&rest) || !skip_token(&rest))
        return false;
    while (rest.len && (rest.data[0] == ' ' || rest.data[0] == '\t')) {
        rest.data++;
        rest.len--;
    }
    return !rest.len || rest.data[0] == ';';
}
