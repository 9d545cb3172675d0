/* clock_test - RFC 3339 text and the two clocks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <cmocka.h>

#include "base/clock.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Written so by clock_format, and read back to the same number. */
static const struct {
    int64_t wall_ms;
    const char *text;
} exact_cases[] = {
    {0, "1970-01-01T00:00:00.000Z"},
    {1, "1970-01-01T00:00:00.001Z"},
    {-1, "1969-12-31T23:59:59.999Z"},
    {1767323045678, "2026-01-02T03:04:05.678Z"},
    {951782400000, "2000-02-29T00:00:00.000Z"},
    {951868799999, "2000-02-29T23:59:59.999Z"},
    {951868800000, "2000-03-01T00:00:00.000Z"},
    {1709164800000, "2024-02-29T00:00:00.000Z"},
    {4107542400000, "2100-03-01T00:00:00.000Z"},
    {4107542399999, "2100-02-28T23:59:59.999Z"},
    {-62167219200000, "0000-01-01T00:00:00.000Z"},
    {253402300799999, "9999-12-31T23:59:59.999Z"},
};

static const struct {
    const char *text;
    const char *utc; /* the same time as clock_format writes it */
} parse_cases[] = {
    /* RFC 3339, section 5.8 */
    {"1985-04-12T23:20:50.52Z", "1985-04-12T23:20:50.520Z"},
    {"1996-12-19T16:39:57-08:00", "1996-12-20T00:39:57.000Z"},
    {"1990-12-31T23:59:60Z", "1991-01-01T00:00:00.000Z"},
    {"1990-12-31T15:59:60-08:00", "1991-01-01T00:00:00.000Z"},
    {"1937-01-01T12:00:27.87+00:20", "1937-01-01T11:40:27.870Z"},
    {"2026-01-02t03:04:05z", "2026-01-02T03:04:05.000Z"},
    {"2026-01-02T03:04:05.6789999999999999Z", "2026-01-02T03:04:05.678Z"},
    {"2026-01-02T03:04:05.1-00:00", "2026-01-02T03:04:05.100Z"},
    {"2026-01-01T00:30:00+23:59", "2025-12-31T00:31:00.000Z"},
    {"2024-02-29T12:00:00Z", "2024-02-29T12:00:00.000Z"},
};

static const char *const bad_texts[] = {
    "",
    "2026",
    "2026-01-02",
    "2026-01-02T03:04Z",
    "2026-01-02T03:04:05",
    "2026-01-02 03:04:05Z",
    "2026-01-02T03:04:05.Z",
    "2026-01-02T03:04:05,5Z",
    "2026-01-02T03:04:05Z ",
    " 2026-01-02T03:04:05Z",
    "2026-01-02T03:04:05ZZ",
    "2026-01-02T03:04:05+0100",
    "2026-01-02T03:04:05+01",
    "2026-01-02T03:04:05+1:00",
    "2026-01-02T03:04:05+24:00",
    "2026-01-02T03:04:05+01:60",
    "2026-01-02T03:04:05 01:00",
    "2026-1-02T03:04:05Z",
    "26-01-02T03:04:05Z",
    "02026-01-02T03:04:05Z",
    "-026-01-02T03:04:05Z",
    "+026-01-02T03:04:05Z",
    "2026-00-02T03:04:05Z",
    "2026-13-02T03:04:05Z",
    "2026-01-00T03:04:05Z",
    "2026-01-32T03:04:05Z",
    "2026-04-31T03:04:05Z",
    "2026-02-29T03:04:05Z",
    "2100-02-29T03:04:05Z",
    "2026-01-02T24:00:00Z",
    "2026-01-02T03:60:05Z",
    "2026-01-02T03:04:61Z",
    "2026-01-02T03:04:60Z",
    "2026-01-02T23:59:60+01:00",
    "20260102T030405Z",
};

static void clock_format_writes_utc(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(exact_cases); i++) {
        char text[CLOCK_TEXT];
        int64_t back;

        clock_format(exact_cases[i].wall_ms, text);
        assert_string_equal(text, exact_cases[i].text);
        assert_true(clock_parse(span_str(text), &back));
        assert_true(back == exact_cases[i].wall_ms);
    }
}

static void clock_format_stays_within_four_digits(void **state)
{
    char text[CLOCK_TEXT];

    (void)state;
    clock_format(INT64_MAX, text);
    assert_string_equal(text, "9999-12-31T23:59:59.999Z");
    clock_format(INT64_MIN, text);
    assert_string_equal(text, "0000-01-01T00:00:00.000Z");
}

static void clock_parse_reads_offsets_and_fractions(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(parse_cases); i++) {
        char text[CLOCK_TEXT];
        int64_t wall_ms;

        if (!clock_parse(span_str(parse_cases[i].text), &wall_ms))
            fail_msg("refused: %s", parse_cases[i].text);
        clock_format(wall_ms, text);
        assert_string_equal(text, parse_cases[i].utc);
    }
}

static void clock_parse_refuses_other_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad_texts); i++) {
        int64_t wall_ms = 42;

        if (clock_parse(span_str(bad_texts[i]), &wall_ms))
            fail_msg("accepted: %s", bad_texts[i]);
        assert_true(wall_ms == 42);
    }
}

/* Each day of 800 years, against the C library. */
static void clock_agrees_with_the_calendar(void **state)
{
    (void)state;
    for (int64_t day = -146097; day < 146097; day++) {
        time_t seconds = (time_t)(day * 86400 + 3661);
        char expected[CLOCK_TEXT], text[CLOCK_TEXT];
        struct tm tm;
        int64_t back;

        assert_non_null(gmtime_r(&seconds, &tm));
        assert_int_equal(strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%S.000Z", &tm), 24);
        clock_format((int64_t)seconds * 1000, text);
        assert_string_equal(text, expected);
        assert_true(clock_parse(span_str(text), &back));
        assert_true(back == (int64_t)seconds * 1000);
    }
}

static void clocks_run(void **state)
{
    int64_t ms = clock_mono_ms(), us = clock_mono_us();

    (void)state;
    assert_true(us / 1000 >= ms);
    assert_true(clock_mono_us() >= us);
    /* 2020 to 2100: wrong units would be far outside. */
    assert_in_range(clock_wall_ms(), INT64_C(1577836800000), INT64_C(4102444800000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clock_format_writes_utc),
        cmocka_unit_test(clock_format_stays_within_four_digits),
        cmocka_unit_test(clock_parse_reads_offsets_and_fractions),
        cmocka_unit_test(clock_parse_refuses_other_text),
        cmocka_unit_test(clock_agrees_with_the_calendar),
        cmocka_unit_test(clocks_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
