/* when - see when.h. */
#include "fxctl/when.h"

#include <string.h>

#include "base/clock.h"

#define DISTANCE_MAX 1000000 /* of any unit: far enough, and no product can overflow */

/* Milliseconds in a unit; 0 for what is no unit. */
static int64_t unit_ms(char unit)
{
    switch (unit) {
    case 's':
        return 1000;
    case 'm':
        return 60 * 1000;
    case 'h':
        return 3600 * 1000;
    case 'd':
        return 86400 * 1000;
    case 'w':
        return INT64_C(7) * 86400 * 1000;
    default:
        return 0;
    }
}

bool when_parse(const char *text, int64_t now_ms, int sign, int64_t *ret_wall_ms)
{
    size_t digits = strspn(text, "0123456789");
    int64_t count = 0, unit = unit_ms(text[digits]);
    if (!digits || !unit || text[digits + 1])
        return clock_parse(span_str(text), ret_wall_ms);
    for (size_t i = 0; i < digits; i++) {
        count = count * 10 + (text[i] - '0');
        if (count > DISTANCE_MAX)
            return false;
    }
    *ret_wall_ms = now_ms + sign * count * unit;
    return true;
}
