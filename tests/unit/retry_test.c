/* retry_test - how often and how late a failed execution is tried again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "model/retry.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
    uint32_t limit, failures;
    bool allowed;
} allowed_cases[] = {
    {0, 1, false},
    {1, 1, true},
    {1, 2, false},
    {3, 3, true},
    {3, 4, false},
    {100, UINT32_MAX, false},
};

static void retry_allows_as_many_attempts_as_its_limit(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(allowed_cases); i++) {
        struct retry retry = {allowed_cases[i].limit, 1000, 1000};
        assert_int_equal(
            retry_allowed(&retry, allowed_cases[i].failures), allowed_cases[i].allowed);
    }
}

/* The longest wait, which the largest remainder gives. */
static const struct {
    int64_t delay_ms, max_delay_ms;
    uint32_t failures;
    int64_t longest_ms;
} backoff_cases[] = {
    {1000, 300000, 0, 1000},
    {1000, 300000, 1, 1000},
    {1000, 300000, 2, 2000},
    {1000, 300000, 3, 4000},
    {1000, 300000, 9, 256000},
    {1000, 300000, 10, 300000},
    {1000, 300000, UINT32_MAX, 300000},
    {1000, 1000, 5, 1000},
    {1000, 500, 1, 500},
    {1000, 1001, 2, 1001},
    {0, 300000, 5, 0},
    {0, 300000, UINT32_MAX, 0},
    {1000, 0, 3, 0},
    {1, 86400000, 28, 86400000},
    {1, 86400000, 27, 67108864},
    {86400000, 86400000, UINT32_MAX, 86400000},
};

static void retry_backoff_doubles_up_to_its_maximum(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(backoff_cases); i++) {
        struct retry retry = {3, backoff_cases[i].delay_ms, backoff_cases[i].max_delay_ms};
        uint32_t failures = backoff_cases[i].failures;
        int64_t longest = backoff_cases[i].longest_ms;
        assert_int_equal(retry_backoff_ms(&retry, failures, 0), 0);
        assert_int_equal(retry_backoff_ms(&retry, failures, (uint64_t)longest), longest);
        assert_int_equal(retry_backoff_ms(&retry, failures, (uint64_t)longest + 1), 0);
        assert_in_range(retry_backoff_ms(&retry, failures, UINT64_MAX), 0, longest);
    }
}

static void retry_backoff_reaches_every_millisecond_equally_often(void **state)
{
    struct retry retry = {3, 9, 9};
    unsigned seen[10] = {0};
    (void)state;
    for (uint64_t random = 0; random < 1000; random++)
        seen[retry_backoff_ms(&retry, 1, random)]++;
    for (size_t i = 0; i < COUNT(seen); i++)
        assert_int_equal(seen[i], 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(retry_allows_as_many_attempts_as_its_limit),
        cmocka_unit_test(retry_backoff_doubles_up_to_its_maximum),
        cmocka_unit_test(retry_backoff_reaches_every_millisecond_equally_often),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
