/* meter_test - rates: what a key may use, who can make the meter forget it, and a file that is
 * emptied. */
#include "temp.h"

#include "base/id.h"
#include "home/meter.h"

#define NOW INT64_C(1767323045678)

static struct temp temp;
static struct home home;
static struct meter *meter; /* the process has one map */

static int setup(void **state)
{
    (void)state;
    temp_make(&temp);
    temp_home(&temp, &home);
    meter = meter_open(&home);
    assert_non_null(meter);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    temp_remove(&temp);
    return 0;
}

static const struct rate slow = {1.0 / 60, 3};

static struct uuid numbered(uint64_t n)
{
    struct uuid key = {{4}};
    memcpy(key.bytes + 8, &n, sizeof n);
    return key;
}

static bool has(enum meter_table table, uint64_t n, int64_t at_ms)
{
    struct uuid key = numbered(n);
    int64_t wait_ms;
    return meter_has(meter, table, &key, &slow, at_ms, &wait_ms);
}

/* How often it may, until it may not. */
static unsigned spend(enum meter_table table, uint64_t n, int64_t at_ms)
{
    struct uuid key = numbered(n);
    int64_t wait_ms;
    unsigned times = 0;
    while (times < 100 && meter_take(meter, table, &key, &slow, at_ms, &wait_ms))
        times++;
    if (times < 100)
        assert_in_range(wait_ms, 1, 60001);
    return times;
}

static void meter_grants_a_burst_and_then_a_rate(void **state)
{
    (void)state;
    assert_int_equal(spend(METER_SENDERS, 1, NOW), 3);
    assert_false(has(METER_SENDERS, 1, NOW + 59000));
    assert_true(has(METER_SENDERS, 1, NOW + 60001));
    assert_int_equal(spend(METER_SENDERS, 1, NOW + 60001), 1);
    assert_int_equal(spend(METER_SENDERS, 2, NOW), 3);
}

static void meter_keeps_tables_apart(void **state)
{
    (void)state;
    assert_int_equal(spend(METER_SENDERS, 1, NOW), 3);
    assert_int_equal(spend(METER_CREDENTIALS, 1, NOW), 3);
}

/* More senders than there is room for, so that each slot is asked for many times. */
static void meter_forgets_nobody_for_others(void **state)
{
    struct uuid credential = numbered(1);
    (void)state;
    for (uint64_t n = 1; n <= 20; n++) {
        spend(METER_SENDERS, n, NOW);
        spend(METER_CREDENTIALS, n, NOW);
    }
    meter_touch(meter, &credential, NOW);
    for (uint64_t n = 1000; n < 100000; n++)
        spend(METER_SENDERS, n, NOW + 1);
    for (uint64_t n = 1; n <= 20; n++) {
        assert_false(has(METER_SENDERS, n, NOW + 1));
        assert_false(has(METER_CREDENTIALS, n, NOW + 1));
    }
    assert_int_equal(meter_last_use_ms(meter, &credential), NOW);
}

/* Once allowances are full again, their slots are for others. */
static void meter_has_room_again(void **state)
{
    (void)state;
    for (uint64_t n = 0; n < 100000; n++)
        spend(METER_SENDERS, n, NOW);
    unsigned limited = 0;
    for (uint64_t n = 200000; n < 201000; n++)
        limited += spend(METER_SENDERS, n, NOW + 600000) == 3;
    assert_int_equal(limited, 1000);
}

static void meter_puts_keys_elsewhere_in_each_file(void **state)
{
    unsigned known[2] = {0};
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        meter = meter_open(&home);
        /* Those of so many that found no slot depend on the secret. */
        for (uint64_t n = 0; n < 6000; n++)
            known[i] = known[i] * 31 + spend(METER_SENDERS, n, NOW);
        assert_int_equal(remove(temp_path(&temp, "home/run/meters")), 0);
    }
    assert_int_not_equal(known[0], known[1]);
}

/* As by a tool that makes copies of files: what was used is forgotten, and no more. */
static void meter_goes_on_with_a_file_that_was_emptied(void **state)
{
    const char *path = temp_path(&temp, "home/run/meters");
    struct stat whole;
    (void)state;
    assert_int_equal(spend(METER_SENDERS, 1, NOW), 3);
    assert_int_equal(stat(path, &whole), 0);
    assert_int_equal(truncate(path, 0), 0);
    assert_int_equal(truncate(path, whole.st_size), 0);
    assert_int_equal(spend(METER_SENDERS, 1, NOW), 3);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(meter_grants_a_burst_and_then_a_rate, setup, teardown),
        cmocka_unit_test_setup_teardown(meter_keeps_tables_apart, setup, teardown),
        cmocka_unit_test_setup_teardown(meter_forgets_nobody_for_others, setup, teardown),
        cmocka_unit_test_setup_teardown(meter_has_room_again, setup, teardown),
        cmocka_unit_test_setup_teardown(meter_puts_keys_elsewhere_in_each_file, setup, teardown),
        cmocka_unit_test_setup_teardown(
            meter_goes_on_with_a_file_that_was_emptied, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
