#ifndef BASE_JSON_SCAN_H
#define BASE_JSON_SCAN_H
/*
 * json_scan - going over checked JSON text, for the json_*.c files alone. Loops end at the end of
 * the text, so that a caller's mistake cannot read beyond it.
 */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static inline bool json_is_space(uint8_t c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static inline const uint8_t *json_skip_space(const uint8_t *at, const uint8_t *end)
{
    while (at < end && json_is_space(*at))
        at++;
    return at;
}

/*
 * Goes from the opening quote to behind the closing one, which is the first that stands behind
 * an even number of backslashes.
 */
static inline const uint8_t *json_skip_string(const uint8_t *at, const uint8_t *end)
{
    const uint8_t *content = at + 1;
    for (at = content; at < end; at++) {
        at = memchr(at, '"', (size_t)(end - at));
        if (!at)
            return end;
        const uint8_t *before = at;
        while (before > content && before[-1] == '\\')
            before--;
        if ((at - before) % 2 == 0)
            return at + 1;
    }
    return end;
}

/* Goes behind a number, true, false or null. */
static inline const uint8_t *json_skip_word(const uint8_t *at, const uint8_t *end)
{
    while (at < end && *at != ',' && *at != '}' && *at != ']' && !json_is_space(*at))
        at++;
    return at;
}

#endif
