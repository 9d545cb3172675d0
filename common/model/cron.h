#ifndef MODEL_CRON_H
#define MODEL_CRON_H
/*
 * cron - five-field schedules in UTC: minute, hour, day of the month, month, day
 * of the week (Sunday 0 or 7), with names (jan, mon), lists, ranges and steps,
 * and @yearly @annually @monthly @weekly @daily @midnight @hourly.
 *
 * Which days match is decided as cronie and Debian's cron do (crontab(5); DOM_STAR and DOW_STAR
 * in their sources): where a day field begins with "*", with a step or without, a day has to match
 * both fields; where neither does, a day that matches either field is enough.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct cron {
    uint64_t minutes; /* bit n: minute n */
    uint32_t hours;
    uint32_t days; /* bits 1 to 31 */
    uint16_t months;
    uint8_t weekdays;                  /* bits 0 to 6 */
    bool starred_day, starred_weekday; /* the field begins with "*" */
};

/* False, and a sentence part that names the field appended to ret_why, for no schedule. */
bool cron_parse(struct span text, struct cron *ret_cron, struct buf *ret_why);

/*
 * The first matching minute after the given time, as Unix milliseconds, or -1
 * when there is none within five years (31 February).
 */
int64_t cron_next_ms(const struct cron *cron, int64_t after_ms);

#define CRON_LOOKS_MAX 4000 /* days that are looked at for a list of ticks */

/*
 * Puts the next minutes into ret_ms, `most` of them where so many come, and returns their
 * number. It is less where none comes within five years of the last, or CRON_LOOKS_MAX days
 * have been looked at.
 */
size_t cron_list_ms(const struct cron *cron, int64_t after_ms, size_t most, int64_t *ret_ms);

#endif
