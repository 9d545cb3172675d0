/* urlencoded - see urlencoded.h. */
#include "model/urlencoded.h"

#include <string.h>
#include <strings.h>

#include "base/ascii.h"

#define FORM_TYPE "application/x-www-form-urlencoded"

bool urlencoded_is(struct span content_type)
{
    size_t len = strlen(FORM_TYPE);
    return content_type.len >= len &&
           strncasecmp((const char *)content_type.data, FORM_TYPE, len) == 0 &&
           (content_type.len == len || memchr("; \t", content_type.data[len], 3));
}

bool urlencoded_next(struct span *form, struct span *ret_name, struct span *ret_value)
{
    if (!form->len)
        return false;
    const uint8_t *end = memchr(form->data, '&', form->len);
    struct span part = span_of(form->data, end ? (size_t)(end - form->data) : form->len);
    const uint8_t *equals = part.len ? memchr(part.data, '=', part.len) : NULL;
    size_t name = equals ? (size_t)(equals - part.data) : part.len, taken = part.len + !!end;
    *ret_name = span_of(part.data, name);
    *ret_value = equals ? span_of(equals + 1, part.len - name - 1) : SPAN_NONE;
    *form = span_of(form->data + taken, form->len - taken);
    return true;
}

size_t urlencoded_find(struct span form, const char *name, struct span *ret_value)
{
    size_t found = 0;
    struct span field, value;
    while (urlencoded_next(&form, &field, &value))
        if (span_eq_str(field, name) && found++ == 0)
            *ret_value = value;
    return found;
}

/* The character of the escape whose "%" is at `at`; -1 for no escape. */
static int unescape(struct span text, size_t at)
{
    int high = at + 2 < text.len ? ascii_hex(text.data[at + 1]) : -1;
    int low = at + 2 < text.len ? ascii_hex(text.data[at + 2]) : -1;
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

bool urlencoded_decode(struct span value, char *text, size_t *ret_len)
{
    size_t len = 0;
    for (size_t i = 0; i < value.len; i++) {
        int c = value.data[i] == '+' ? ' ' : value.data[i];
        if (c == '%') {
            c = unescape(value, i);
            i += 2;
        }
        if (c <= 0)
            return false;
        text[len++] = (char)c;
    }
    *ret_len = len;
    return true;
}
