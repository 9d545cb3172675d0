/*
 * clock - the two clocks, and RFC 3339 text.
 *
 * The calendar is computed here rather than with the C library, which would
 * bring in the time zone and the locale of the process.
 */
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

#define DAY_MS INT64_C(86400000)
#define YEAR_0_MS (-62167219200 * INT64_C(1000))
#define YEAR_10000_MS (253402300800 * INT64_C(1000))

static int64_t read_clock_us(clockid_t which)
{
    struct timespec now;
    clock_gettime(which, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_wall_ms(void)
{
    return read_clock_us(CLOCK_REALTIME) / 1000;
}

int64_t clock_mono_ms(void)
{
    return read_clock_us(CLOCK_MONOTONIC) / 1000;
}

int64_t clock_mono_us(void)
{
    return read_clock_us(CLOCK_MONOTONIC);
}

/*
 * Days and dates. Years are counted from March, so that the leap day is the
 * last of its year, and in eras of 400 years, which all have the same length.
 */
#define ERA_DAYS 146097
#define EPOCH_DAY 719468 /* 1970-01-01, counted from 0000-03-01 */

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static int64_t days_of_date(int year, int month, int day)
{
    int64_t y = year - (month <= 2);
    int64_t era = floor_div(y, 400);
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    return era * ERA_DAYS + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           EPOCH_DAY;
}

static void date_of_days(int64_t days, int *ret_year, int *ret_month, int *ret_day)
{
    int64_t era = floor_div(days + EPOCH_DAY, ERA_DAYS);
    int64_t day_of_era = days + EPOCH_DAY - era * ERA_DAYS;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    *ret_day = (int)(day_of_year - (153 * month_from_march + 2) / 5 + 1);
    *ret_month = (int)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
    *ret_year = (int)(year_of_era + era * 400 + (*ret_month <= 2));
}

/* Writes the low digits of v, with leading zeros. */
static void put_digits(char *out, unsigned digits, int64_t v)
{
    while (digits-- > 0) {
        out[digits] = (char)('0' + v % 10);
        v /= 10;
    }
}

/*
 * RFC 3339 has four digits for the year. A time before the year 0 or after 9999 is written as
 * the first or last moment that those digits can say.
 */
void clock_format(int64_t wall_ms, char ret_text[CLOCK_TEXT])
{
    int year, month, day;
    if (wall_ms < YEAR_0_MS)
        wall_ms = YEAR_0_MS;
    if (wall_ms >= YEAR_10000_MS)
        wall_ms = YEAR_10000_MS - 1;
    int64_t days = floor_div(wall_ms, DAY_MS);
    int64_t ms = wall_ms - days * DAY_MS;
    date_of_days(days, &year, &month, &day);

    snprintf(ret_text, CLOCK_TEXT, "yyyy-mm-ddThh:mm:ss.mmmZ");
    put_digits(ret_text, 4, year);
    put_digits(ret_text + 5, 2, month);
    put_digits(ret_text + 8, 2, day);
    put_digits(ret_text + 11, 2, ms / 3600000);
    put_digits(ret_text + 14, 2, ms / 60000 % 60);
    put_digits(ret_text + 17, 2, ms / 1000 % 60);
    put_digits(ret_text + 20, 3, ms % 1000);
}

struct reader {
    struct span rest;
    bool bad;
};

static uint8_t read_char(struct reader *r)
{
    if (!r->rest.len) {
        r->bad = true;
        return 0;
    }
    uint8_t c = r->rest.data[0];
    r->rest = span_of(r->rest.data + 1, r->rest.len - 1);
    return c;
}

static bool digit_next(const struct reader *r)
{
    return r->rest.len && r->rest.data[0] >= '0' && r->rest.data[0] <= '9';
}

/* A number between low and high that is written with exactly so many digits. */
static int read_number(struct reader *r, unsigned digits, int low, int high)
{
    int v = 0;
    while (digits-- > 0) {
        if (!digit_next(r)) {
            r->bad = true;
            return low;
        }
        v = v * 10 + (read_char(r) - '0');
    }
    if (v < low || v > high)
        r->bad = true;
    return v;
}

static void read_expected(struct reader *r, char c)
{
    if (read_char(r) != (uint8_t)c)
        r->bad = true;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month == 2 && leap ? 29 : days[month - 1];
}

/* The full-date of RFC 3339, section 5.6, as days since 1970. */
static int64_t read_date(struct reader *r)
{
    int year = read_number(r, 4, 0, 9999);
    read_expected(r, '-');
    int month = read_number(r, 2, 1, 12);
    read_expected(r, '-');
    if (r->bad)
        return 0;
    int day = read_number(r, 2, 1, days_in_month(year, month));
    return r->bad ? 0 : days_of_date(year, month, day);
}

/* The time-secfrac, where there is one, as milliseconds. */
static int read_fraction(struct reader *r)
{
    int ms = 0, weight = 100;
    if (!r->rest.len || r->rest.data[0] != '.')
        return 0;
    (void)read_char(r);
    if (!digit_next(r))
        r->bad = true;
    while (digit_next(r)) {
        ms += (read_char(r) - '0') * weight;
        weight /= 10;
    }
    return ms;
}

/* The time-offset, as seconds east of UTC. */
static int read_offset(struct reader *r)
{
    uint8_t c = read_char(r);
    if (c == 'Z' || c == 'z')
        return 0;
    if (c != '+' && c != '-') {
        r->bad = true;
        return 0;
    }
    int hours = read_number(r, 2, 0, 23);
    read_expected(r, ':');
    int minutes = read_number(r, 2, 0, 59);
    return (c == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
}

const char *clock_seconds(int64_t ms)
{
    return ms == 1000 ? "second" : "seconds";
}

const char *clock_seconds_were(int64_t ms)
{
    return ms == 1000 ? "second was" : "seconds were";
}

bool clock_parse(struct span text, int64_t *ret_wall_ms)
{
    struct reader r = {text, false};
    int64_t days = read_date(&r);
    uint8_t t = read_char(&r);
    int hour = read_number(&r, 2, 0, 23);
    read_expected(&r, ':');
    int minute = read_number(&r, 2, 0, 59);
    read_expected(&r, ':');
    int second = read_number(&r, 2, 0, 60);
    int ms = read_fraction(&r);
    int64_t seconds = days * 86400 + hour * 3600 + minute * 60 + second - read_offset(&r);
    if (r.bad || r.rest.len || (t != 'T' && t != 't'))
        return false;
    /* A leap second ends a day in UTC, and has the number of the second that follows. */
    if (second == 60 && seconds % 86400 != 0)
        return false;
    *ret_wall_ms = seconds * 1000 + ms;
    return true;
}
