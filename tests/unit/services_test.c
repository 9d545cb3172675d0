/* services_test - what the dispatcher tells of its services. */
#include "store_each.h"

#include "store/services.h"

static void service_reports_come_and_go(void **state)
{
    struct service_report report, one = {5, 2, 1, 9}, two = {UINT64_MAX, UINT32_MAX, 0, UINT64_MAX};
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    assert_int_equal(services_get(txn, 1, &report), ERR_OK);
    assert_true(!report.generation && !report.instances && !report.running && !report.pending);
    assert_int_equal(services_put(txn, 1, &one), ERR_OK);
    assert_int_equal(services_put(txn, 256, &two), ERR_OK);
    txn = temp_store_next(&t);
    assert_int_equal(services_get(txn, 1, &report), ERR_OK);
    assert_memory_equal(&report, &one, sizeof one);
    assert_int_equal(services_get(txn, 256, &report), ERR_OK);
    assert_memory_equal(&report, &two, sizeof two);
    assert_int_equal(services_del(txn, 1), ERR_OK);
    assert_int_equal(services_del(txn, 1), ERR_OK); /* gone is gone */
    assert_int_equal(services_get(txn, 1, &report), ERR_OK);
    assert_int_equal(report.generation, 0);
    for (uint64_t queue = 0; queue < 50; queue++)
        assert_int_equal(services_put(txn, queue, &one), ERR_OK);
    assert_int_equal(services_clear(txn), ERR_OK);
    assert_int_equal(temp_store_count(txn, TABLE_SERVICES), 0);
    assert_int_equal(services_clear(txn), ERR_OK);
}

static void damaged_records_are_corrupt(void **state)
{
    static const uint8_t queue[] = {0, 0, 0, 0, 0, 0, 0, 1};
    struct service_report report;
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    assert_int_equal(
        store_put(txn, TABLE_SERVICES, span_of(queue, sizeof queue), span_str("\1?")), ERR_OK);
    assert_int_equal(services_get(txn, 1, &report), ERR_CORRUPT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(service_reports_come_and_go),
        TEST(damaged_records_are_corrupt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
