#ifndef FXCTL_WHEN_H
#define FXCTL_WHEN_H
/*
 * when - a point in time as people write it: an RFC 3339 time, or a distance
 * from now as a whole number and a unit, s m h d or w ("90d").
 */
#include <stdbool.h>
#include <stdint.h>

#define WHEN_RIGHT \
    "a time such as 2030-01-31T12:00:00Z, or a number with s, m, h, d or w such as 90d"

/* Reads a time. `sign`: a distance leads to the future (1) or to the past (-1). */
bool when_parse(const char *text, int64_t now_ms, int sign, int64_t *ret_wall_ms);

#endif
