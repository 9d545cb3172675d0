#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H
/*
 * clock - wall time and monotonic time, which never share a name.
 *
 * Wall time is milliseconds since 1970 UTC and may jump; monotonic time is for
 * durations and timeouts only.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#define CLOCK_TEXT 25 /* "2026-01-02T03:04:05.678Z" and the NUL */

int64_t clock_wall_ms(void);
int64_t clock_mono_ms(void);
int64_t clock_mono_us(void);

/* What stands behind the number of so many seconds: "second" or "seconds", with its verb. */
const char *clock_seconds(int64_t ms);
const char *clock_seconds_were(int64_t ms);

/* RFC 3339 in UTC with milliseconds and Z. */
void clock_format(int64_t wall_ms, char ret_text[CLOCK_TEXT]);

/*
 * Reads an RFC 3339 date-time (section 5.6), with any offset and any number of
 * fraction digits (those past the third are dropped). False when it is not one.
 */
bool clock_parse(struct span text, int64_t *ret_wall_ms);

#endif
