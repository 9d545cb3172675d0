/* cron_test - schedules, and the minutes they stand for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "model/cron.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* 2026-01-01 is a Thursday. */
static const struct {
    const char *schedule, *after, *next; /* next NULL: never */
} next_cases[] = {
    {"* * * * *", "2026-01-01T00:00:00.000Z", "2026-01-01T00:01:00.000Z"},
    {"* * * * *", "2026-01-01T00:00:59.999Z", "2026-01-01T00:01:00.000Z"},
    {"* * * * *", "2025-12-31T23:59:00.001Z", "2026-01-01T00:00:00.000Z"},
    {"* * * * *", "1969-12-31T23:58:59.999Z", "1969-12-31T23:59:00.000Z"},
    {"* * * * *", "1969-12-31T23:59:00.000Z", "1970-01-01T00:00:00.000Z"},
    {" 5\t4  * * * ", "2026-01-01T04:05:00.000Z", "2026-01-02T04:05:00.000Z"},
    {"5 4 * * *", "2026-01-01T04:04:59.999Z", "2026-01-01T04:05:00.000Z"},
    {"*/5 * * * *", "2026-01-01T00:58:00.000Z", "2026-01-01T01:00:00.000Z"},
    {"*/7 * * * *", "2026-01-01T00:56:00.000Z", "2026-01-01T01:00:00.000Z"},
    {"5/20 * * * *", "2026-01-01T00:06:00.000Z", "2026-01-01T00:25:00.000Z"},
    {"5/20 * * * *", "2026-01-01T00:45:00.000Z", "2026-01-01T01:05:00.000Z"},
    {"10-20/5 * * * *", "2026-01-01T00:15:00.000Z", "2026-01-01T00:20:00.000Z"},
    {"10-20/5 * * * *", "2026-01-01T00:20:00.000Z", "2026-01-01T01:10:00.000Z"},
    {"*/90 * * * *", "2026-01-01T00:00:00.000Z", "2026-01-01T01:00:00.000Z"},
    {"1,3,59 * * * *", "2026-01-01T00:03:00.000Z", "2026-01-01T00:59:00.000Z"},
    {"0 22-23,0-3 * * *", "2026-01-01T03:00:00.000Z", "2026-01-01T22:00:00.000Z"},
    {"0 0 1 * *", "2026-01-01T00:00:00.000Z", "2026-02-01T00:00:00.000Z"},
    {"0 0 31 * *", "2026-01-31T00:00:00.000Z", "2026-03-31T00:00:00.000Z"},
    {"0 0 29 2 *", "2026-01-01T00:00:00.000Z", "2028-02-29T00:00:00.000Z"},
    {"0 0 29 feb *", "2024-02-29T00:00:00.000Z", "2028-02-29T00:00:00.000Z"},
    {"0 0 * * 0", "2026-01-01T00:00:00.000Z", "2026-01-04T00:00:00.000Z"},
    {"0 0 * * 7", "2026-01-01T00:00:00.000Z", "2026-01-04T00:00:00.000Z"},
    {"0 0 * * SUN", "2026-01-01T00:00:00.000Z", "2026-01-04T00:00:00.000Z"},
    {"0 0 * * mon-fri", "2026-01-02T00:00:00.000Z", "2026-01-05T00:00:00.000Z"},
    {"0 0 * * fri-sun", "2026-01-04T00:00:00.000Z", "2026-01-09T00:00:00.000Z"},
    {"0 0 * * 5-7", "2026-01-03T00:00:00.000Z", "2026-01-04T00:00:00.000Z"},
    {"0 0 * * 1/2", "2026-01-02T00:00:00.000Z", "2026-01-05T00:00:00.000Z"},
    {"0 0 * * 7/2", "2026-01-01T00:00:00.000Z", "2026-01-04T00:00:00.000Z"},
    {"0 0 * Jan-Mar,dec *", "2026-03-31T00:00:00.000Z", "2026-12-01T00:00:00.000Z"},
    /* Both day fields restricted: either is enough. One of them not: the other decides. */
    {"0 0 13 * 5", "2026-01-02T00:00:00.000Z", "2026-01-09T00:00:00.000Z"},
    {"0 0 13 * 5", "2026-01-09T00:00:00.000Z", "2026-01-13T00:00:00.000Z"},
    {"0 0 13 * *", "2026-01-09T00:00:00.000Z", "2026-01-13T00:00:00.000Z"},
    {"0 0 * * 5", "2026-01-09T00:00:00.000Z", "2026-01-16T00:00:00.000Z"},
    {"0 0 31 2 1", "2026-01-31T00:00:00.000Z", "2026-02-02T00:00:00.000Z"},
    /* A day field that begins with "*" does not count as restricted, with a step or without. */
    {"0 9 1-7 * */7", "2026-11-26T00:00:00.000Z", "2026-12-06T09:00:00.000Z"},
    {"0 9 1-7 * */7", "2026-12-06T09:00:00.000Z", "2027-01-03T09:00:00.000Z"},
    {"0 0 */2 * 1", "2026-11-26T00:00:00.000Z", "2026-12-07T00:00:00.000Z"},
    {"0 0 */2 * 1", "2026-12-07T00:00:00.000Z", "2026-12-21T00:00:00.000Z"},
    {"0 0 */2 * */3", "2026-12-01T00:00:00.000Z", "2026-12-05T00:00:00.000Z"},
    {"0 0 */10,13 * fri", "2026-01-01T00:00:00.000Z", "2026-02-13T00:00:00.000Z"},
    {"0 0 *,13 * 5", "2026-01-02T00:00:00.000Z", "2026-01-09T00:00:00.000Z"},
    {"0 0 13 * *,5", "2026-01-02T00:00:00.000Z", "2026-01-13T00:00:00.000Z"},
    {"0 0 */1 * 5", "2026-01-02T00:00:00.000Z", "2026-01-09T00:00:00.000Z"},
    {"0 0 13 jan */1", "2026-01-01T00:00:00.000Z", "2026-01-13T00:00:00.000Z"},
    /* One that only holds a "*", or means every day, is restricted. */
    {"0 0 13,* * 5", "2026-01-02T00:00:00.000Z", "2026-01-03T00:00:00.000Z"},
    {"0 0 1-31 * 1", "2026-01-02T00:00:00.000Z", "2026-01-03T00:00:00.000Z"},
    {"0 0 13 * 0-6", "2026-01-02T00:00:00.000Z", "2026-01-03T00:00:00.000Z"},
    {"0 0 13 * 5,*/7", "2026-01-02T00:00:00.000Z", "2026-01-04T00:00:00.000Z"},
    {"0 0 31 2 */2", "2026-01-01T00:00:00.000Z", NULL},
    {"0 0 31 2 *", "2026-01-01T00:00:00.000Z", NULL},
    {"0 0 30,31 feb *", "2026-01-01T00:00:00.000Z", NULL},
    {"0 0 31 4,6,9,11 *", "2026-01-01T00:00:00.000Z", NULL},
    {"@yearly", "2026-01-01T00:00:00.000Z", "2027-01-01T00:00:00.000Z"},
    {"@annually", "2026-01-01T00:00:00.000Z", "2027-01-01T00:00:00.000Z"},
    {"@monthly", "2026-01-01T00:00:00.000Z", "2026-02-01T00:00:00.000Z"},
    {"@weekly", "2026-01-01T00:00:00.000Z", "2026-01-04T00:00:00.000Z"},
    {"@daily", "2026-01-01T00:00:00.000Z", "2026-01-02T00:00:00.000Z"},
    {"@midnight", "2026-01-01T00:00:00.000Z", "2026-01-02T00:00:00.000Z"},
    {"@hourly", "2026-01-01T00:00:00.000Z", "2026-01-01T01:00:00.000Z"},
};

static void cron_finds_the_next_minute(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(next_cases); i++) {
        struct cron cron;
        struct buf why = BUF_INIT;
        int64_t after_ms = 0, next_ms;
        char text[CLOCK_TEXT] = "never";
        if (!cron_parse(span_str(next_cases[i].schedule), &cron, &why))
            fail_msg("%s: %s", next_cases[i].schedule, buf_text(&why));
        assert_true(clock_parse(span_str(next_cases[i].after), &after_ms));
        next_ms = cron_next_ms(&cron, after_ms);
        if (next_ms != -1)
            clock_format(next_ms, text);
        if (strcmp(text, next_cases[i].next ? next_cases[i].next : "never") != 0)
            fail_msg("%s after %s: %s", next_cases[i].schedule, next_cases[i].after, text);
        buf_done(&why);
    }
}

static const struct {
    const char *schedule, *after;
    size_t count;
    const char *last;
} list_cases[] = {
    {"* * * * *", "2026-01-01T00:00:00.000Z", 5, "2026-01-01T00:05:00.000Z"},
    {"0 0 29 2 *", "2026-01-01T00:00:00.000Z", 5, "2044-02-29T00:00:00.000Z"},
    {"0 0 29 2 *", "2093-01-01T00:00:00.000Z", 1, "2096-02-29T00:00:00.000Z"},
    {"0 0 31 1,3,5,7,8,10,12 */7", "2026-01-01T00:00:00.000Z", 5, "2030-03-31T00:00:00.000Z"},
    {"0 0 30 2 *", "2026-01-01T00:00:00.000Z", 0, NULL},
    {"0 0 31 2,4,6,9,11 *", "2026-01-01T00:00:00.000Z", 0, NULL},
    {"59 23 31 12 *", "2026-01-01T00:00:00.000Z", 5, "2030-12-31T23:59:00.000Z"},
    {"0 0 1 3 *", "2026-01-31T00:00:00.000Z", 5, "2030-03-01T00:00:00.000Z"},
};

static void cron_lists_the_next_minutes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(list_cases); i++) {
        struct cron cron;
        struct buf why = BUF_INIT;
        int64_t after_ms = 0, ticks[5];
        char text[CLOCK_TEXT] = "";
        assert_true(cron_parse(span_str(list_cases[i].schedule), &cron, &why));
        assert_true(clock_parse(span_str(list_cases[i].after), &after_ms));
        size_t count = cron_list_ms(&cron, after_ms, COUNT(ticks), ticks);
        assert_int_equal(count, list_cases[i].count);
        if (count)
            clock_format(ticks[count - 1], text);
        assert_string_equal(text, list_cases[i].last ? list_cases[i].last : "");
    }
}

static const struct {
    const char *schedule, *why;
} bad_cases[] = {
    {"", "five fields"},
    {"* * * *", "five fields"},
    {"* * * * * *", "five fields"},
    {"60 * * * *", "minute: \"60\" is not a number from 0 to 59"},
    {"* 24 * * *", "hour: \"24\" is not a number from 0 to 23"},
    {"* * 0 * *", "day of the month: \"0\""},
    {"* * 32 * *", "day of the month: \"32\""},
    {"* * * 0 *", "month: \"0\" is not a number from 1 to 12 or a name"},
    {"* * * 13 *", "month: \"13\""},
    {"* * * janu *", "month: \"janu\""},
    {"* * * * 8", "day of the week: \"8\""},
    {"* * * * jan", "day of the week: \"jan\""},
    {"mon * * * *", "minute: \"mon\" is not a number from 0 to 59"},
    {"-1 * * * *", "minute: \"\""},
    {"+1 * * * *", "minute: \"+1\""},
    {"1, * * * *", "minute: \"\""},
    {",1 * * * *", "minute: \"\""},
    {"1- * * * *", "minute: \"\""},
    {"1-2-3 * * * *", "minute: \"2-3\""},
    {"*-5 * * * *", "minute: \"*\""},
    {"20-10 * * * *", "minute: the range \"20-10\" runs backwards"},
    {"* * * * fri-tue", "day of the week: the range \"fri-tue\" runs backwards"},
    {"*/0 * * * *", "minute: \"0\" is not a step"},
    {"*/ * * * *", "minute: \"\" is not a step"},
    {"*/x * * * *", "minute: \"x\" is not a step"},
    {"*/5/5 * * * *", "minute: \"5/5\" is not a step"},
    {"1000000000000000000001 * * * *", "minute: \"1000000000000000000001\""},
    {"? * * * *", "minute: \"?\""},
    {"@reboot", "one of @yearly"},
    {"@daily 5", "one of @yearly"},
    {"@", "one of @yearly"},
};

static void cron_refuses_what_is_no_schedule(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad_cases); i++) {
        struct cron cron;
        struct buf why = BUF_INIT;
        if (cron_parse(span_str(bad_cases[i].schedule), &cron, &why))
            fail_msg("%s was accepted", bad_cases[i].schedule);
        if (!strstr(buf_text(&why), bad_cases[i].why))
            fail_msg("%s: %s", bad_cases[i].schedule, buf_text(&why));
        buf_done(&why);
    }
}

static void cron_reads_all_of_each_field(void **state)
{
    struct cron cron;
    struct buf why = BUF_INIT;
    (void)state;
    assert_true(cron_parse(span_str("* * * * *"), &cron, &why));
    assert_true(cron.minutes == ((uint64_t)1 << 60) - 1);
    assert_int_equal(cron.hours, (1 << 24) - 1);
    assert_true(cron.days == 0xfffffffe);
    assert_int_equal(cron.months, 0x1ffe);
    assert_int_equal(cron.weekdays, 0x7f);
    assert_true(cron.starred_day && cron.starred_weekday);
    assert_true(cron_parse(span_str("0 0 */2 * */3"), &cron, &why));
    assert_true(cron.starred_day && cron.starred_weekday);
    assert_int_equal(cron.weekdays, 0x49);
    assert_true(cron_parse(span_str("0 0 1,* * 0-7"), &cron, &why));
    assert_true(!cron.starred_day && !cron.starred_weekday);
    assert_int_equal(cron.weekdays, 0x7f);
    assert_false(cron_parse(SPAN_NONE, &cron, &why));
    buf_done(&why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cron_finds_the_next_minute),
        cmocka_unit_test(cron_lists_the_next_minutes),
        cmocka_unit_test(cron_refuses_what_is_no_schedule),
        cmocka_unit_test(cron_reads_all_of_each_field),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
