/* ticks_test - how far schedules have come. */
#include "store_each.h"

#include "store/ticks.h"

static void ticks_are_noted_by_queue(void **state)
{
    const struct tick one = {1000, INT64_C(0x0102030405060708)}, two = {-1, -1};
    struct tick tick;
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    assert_int_equal(ticks_get(txn, 1, &tick), ERR_NOTFOUND);
    assert_int_equal(ticks_put(txn, 1, &two), ERR_OK);
    assert_int_equal(ticks_put(txn, 1, &one), ERR_OK);
    assert_int_equal(ticks_put(txn, 256, &two), ERR_OK);
    txn = temp_store_next(&t);
    assert_int_equal(ticks_get(txn, 1, &tick), ERR_OK);
    assert_memory_equal(&tick, &one, sizeof one);
    assert_int_equal(ticks_get(txn, 256, &tick), ERR_OK);
    assert_memory_equal(&tick, &two, sizeof two);
    assert_int_equal(ticks_del(txn, 1), ERR_OK);
    assert_int_equal(ticks_del(txn, 1), ERR_OK); /* gone is gone */
    assert_int_equal(ticks_get(txn, 1, &tick), ERR_NOTFOUND);
}

static void damaged_records_are_corrupt(void **state)
{
    static const uint8_t queue[] = {0, 0, 0, 0, 0, 0, 0, 1};
    struct tick tick;
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    assert_int_equal(
        store_put(txn, TABLE_TICKS, span_of(queue, sizeof queue), span_str("\1?")), ERR_OK);
    assert_int_equal(ticks_get(txn, 1, &tick), ERR_CORRUPT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(ticks_are_noted_by_queue),
        TEST(damaged_records_are_corrupt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
