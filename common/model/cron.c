/* cron - see cron.h. */
#include "model/cron.h"

#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/ascii.h"

#define MINUTE_MS 60000
#define DAY_MINUTES 1440
#define YEARS_DAYS (5 * 366) /* how far ahead a matching minute is looked for */
#define SHORTEST_MONTH 28    /* its days */
#define SHOWN_MAX 32         /* characters of a wrong schedule that a message repeats */

static const char *const month_names[] = {
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", NULL};
static const char *const weekday_names[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL};

enum { MINUTE, HOUR, DAY, MONTH, WEEKDAY, PART__MAX };

static const struct part {
    const char *name;
    unsigned low, high;
    unsigned last; /* end of a range that names none: Sunday is not counted twice */
    const char *const *names;
} parts[PART__MAX] = {
    [MINUTE] = {"minute", 0, 59, 59, NULL},
    [HOUR] = {"hour", 0, 23, 23, NULL},
    [DAY] = {"day of the month", 1, 31, 31, NULL},
    [MONTH] = {"month", 1, 12, 12, month_names},
    [WEEKDAY] = {"day of the week", 0, 7, 6, weekday_names},
};

static const struct {
    const char *name, *schedule;
} shorthands[] = {
    {"@yearly", "0 0 1 1 *"},
    {"@annually", "0 0 1 1 *"},
    {"@monthly", "0 0 1 * *"},
    {"@weekly", "0 0 * * 0"},
    {"@daily", "0 0 * * *"},
    {"@midnight", "0 0 * * *"},
    {"@hourly", "0 * * * *"},
};

/* One field of a schedule as it is read: a bit for each value, and whether it begins with "*". */
struct set {
    uint64_t bits;
    bool starred;
};

static int shown(struct span s)
{
    return (int)(s.len < SHOWN_MAX ? s.len : SHOWN_MAX);
}

/* Takes what is before the separator, and the separator, off the front. False without one. */
static bool cut(struct span *rest, char separator, struct span *ret_piece)
{
    const uint8_t *at = rest->len ? memchr(rest->data, separator, rest->len) : NULL;
    size_t len = at ? (size_t)(at - rest->data) : rest->len;
    *ret_piece = span_of(rest->data, len);
    size_t gone = at ? len + 1 : len;
    *rest = span_of(rest->data + gone, rest->len - gone);
    return at != NULL;
}

static bool read_digits(struct span s, unsigned *ret_value)
{
    uint64_t value;
    if (s.len > 3 || !ascii_number(s, 999, &value))
        return false;
    *ret_value = (unsigned)value;
    return true;
}

static bool read_value(
    const struct part *part, struct span s, unsigned *ret_value, struct buf *ret_why)
{
    for (unsigned i = 0; part->names && part->names[i]; i++) {
        if (s.len == 3 && strncasecmp((const char *)s.data, part->names[i], 3) == 0) {
            *ret_value = part->low + i;
            return true;
        }
    }
    unsigned value;
    if (read_digits(s, &value) && value >= part->low && value <= part->high) {
        *ret_value = value;
        return true;
    }
    buf_printf(ret_why, "%s: \"%.*s\" is not a number from %u to %u%s", part->name, shown(s),
        (const char *)s.data, part->low, part->high,
        part->names ? " or a name of three letters" : "");
    return false;
}

/* Reads the ends of one element, which is "*", a value, or a range. */
static bool read_range(const struct part *part, struct span range, bool stepped, unsigned *ret_low,
    unsigned *ret_high, struct buf *ret_why)
{
    struct span whole = range, first;
    if (span_eq_str(range, "*")) {
        *ret_low = part->low;
        *ret_high = part->last;
        return true;
    }
    bool ranged = cut(&range, '-', &first);
    if (!read_value(part, first, ret_low, ret_why))
        return false;
    if (!ranged) {
        /* "5/15" begins at 5 and goes on to the end of the field; "5" is 5 alone. */
        *ret_high = stepped && *ret_low < part->last ? part->last : *ret_low;
        return true;
    }
    if (!read_value(part, range, ret_high, ret_why))
        return false;
    if (part == &parts[WEEKDAY] && *ret_high == 0 && *ret_low > 0)
        *ret_high = 7; /* fri-sun */
    if (*ret_low <= *ret_high)
        return true;
    buf_printf(ret_why, "%s: the range \"%.*s\" runs backwards; write its two parts with a comma",
        part->name, shown(whole), (const char *)whole.data);
    return false;
}

static bool read_element(
    const struct part *part, struct span element, struct set *set, struct buf *ret_why)
{
    struct span range;
    unsigned low, high, step = 1;
    bool stepped = cut(&element, '/', &range);
    if (stepped && (!read_digits(element, &step) || step == 0)) {
        buf_printf(ret_why, "%s: \"%.*s\" is not a step; it is a number from 1", part->name,
            shown(element), (const char *)element.data);
        return false;
    }
    if (!read_range(part, range, stepped, &low, &high, ret_why))
        return false;
    for (unsigned value = low; value <= high; value += step)
        set->bits |= (uint64_t)1 << value;
    return true;
}

static bool read_part(
    const struct part *part, struct span text, struct set *set, struct buf *ret_why)
{
    struct span element;
    bool more;
    set->starred = span_starts(text, span_str("*"));
    do {
        more = cut(&text, ',', &element);
        if (!read_element(part, element, set, ret_why))
            return false;
    } while (more);
    return true;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

/* The next word, white space before it dropped; empty at the end. */
static struct span next_word(struct span *rest)
{
    size_t start = 0, end;
    while (start < rest->len && is_blank(rest->data[start]))
        start++;
    for (end = start; end < rest->len && !is_blank(rest->data[end]);)
        end++;
    struct span word = span_of(rest->data + start, end - start);
    *rest = span_of(rest->data + end, rest->len - end);
    return word;
}

static bool expand(struct span word, struct span *ret_schedule)
{
    for (size_t i = 0; i < sizeof shorthands / sizeof *shorthands; i++) {
        if (span_eq_str(word, shorthands[i].name)) {
            *ret_schedule = span_str(shorthands[i].schedule);
            return true;
        }
    }
    return false;
}

static bool split(struct span text, struct span ret_words[PART__MAX], struct buf *ret_why)
{
    if (!text.len)
        text = span_str("");
    struct span rest = text, first = next_word(&rest);
    if (first.len && first.data[0] == '@') {
        if (next_word(&rest).len || !expand(first, &text)) {
            buf_add_str(ret_why, "a schedule that begins with @ is one of @yearly, @annually, "
                                 "@monthly, @weekly, @daily, @midnight and @hourly");
            return false;
        }
    }
    for (size_t i = 0; i < PART__MAX; i++)
        ret_words[i] = next_word(&text);
    if (ret_words[PART__MAX - 1].len && !next_word(&text).len)
        return true;
    buf_add_str(ret_why, "a schedule has five fields: minute, hour, day of the month, month and "
                         "day of the week");
    return false;
}

bool cron_parse(struct span text, struct cron *ret_cron, struct buf *ret_why)
{
    struct span words[PART__MAX];
    struct set sets[PART__MAX] = {{0, false}};
    if (!split(text, words, ret_why))
        return false;
    for (size_t i = 0; i < PART__MAX; i++)
        if (!read_part(&parts[i], words[i], &sets[i], ret_why))
            return false;
    uint64_t weekdays = sets[WEEKDAY].bits;
    *ret_cron = (struct cron){
        .minutes = sets[MINUTE].bits,
        .hours = (uint32_t)sets[HOUR].bits,
        .days = (uint32_t)sets[DAY].bits,
        .months = (uint16_t)sets[MONTH].bits,
        .weekdays = (uint8_t)((weekdays | weekdays >> 7) & 0x7f),
        .starred_day = sets[DAY].starred,
        .starred_weekday = sets[WEEKDAY].starred,
    };
    return true;
}

static bool day_matches(const struct cron *cron, const struct tm *tm)
{
    bool day = cron->days >> tm->tm_mday & 1;
    bool weekday = cron->weekdays >> tm->tm_wday & 1;
    if (!(cron->months >> (tm->tm_mon + 1) & 1))
        return false;
    if (cron->starred_day || cron->starred_weekday)
        return day && weekday;
    return day || weekday;
}

/* The first matching minute of a day, from `minute` on; -1 where none matches. */
static int next_minute(const struct cron *cron, int minute)
{
    for (; minute < DAY_MINUTES; minute++)
        if (cron->hours >> minute / 60 & 1 && cron->minutes >> minute % 60 & 1)
            return minute;
    return -1;
}

/* Days from this one to the next that may match: most of a month is skipped that cannot. */
static int64_t days_on(const struct cron *cron, const struct tm *tm)
{
    bool month = cron->months >> (tm->tm_mon + 1) & 1;
    return month || tm->tm_mday >= SHORTEST_MONTH ? 1 : SHORTEST_MONTH - tm->tm_mday;
}

/* As cron_next_ms, with so many days left to look at. */
static int64_t find_next(const struct cron *cron, int64_t after_ms, int *looks)
{
    /* Division rounds towards the past, also before 1970. */
    int64_t minutes = after_ms / MINUTE_MS - (after_ms % MINUTE_MS < 0) + 1;
    int64_t day = minutes / DAY_MINUTES - (minutes % DAY_MINUTES < 0);
    int from = (int)(minutes - day * DAY_MINUTES);

    for (int64_t last = day + YEARS_DAYS; day <= last && (*looks)-- > 0; from = 0) {
        time_t seconds = (time_t)(day * DAY_MINUTES * 60);
        struct tm tm;
        if (!gmtime_r(&seconds, &tm))
            return -1;
        int minute = day_matches(cron, &tm) ? next_minute(cron, from) : -1;
        if (minute >= 0)
            return (day * DAY_MINUTES + minute) * MINUTE_MS;
        day += days_on(cron, &tm);
    }
    return -1;
}

int64_t cron_next_ms(const struct cron *cron, int64_t after_ms)
{
    int looks = YEARS_DAYS + 1;
    return find_next(cron, after_ms, &looks);
}

size_t cron_list_ms(const struct cron *cron, int64_t after_ms, size_t most, int64_t *ret_ms)
{
    int looks = CRON_LOOKS_MAX;
    size_t count = 0;
    while (count < most && (ret_ms[count] = find_next(cron, after_ms, &looks)) >= 0)
        after_ms = ret_ms[count++];
    return count;
}
