/* run_queues_test - queues of runs by hand, and what is noted of them. */
#include "store_each.h"

#include "store/routing.h"
#include "store/run_queues.h"

static uint64_t changes(struct store_txn *txn)
{
    uint64_t n = 0;
    assert_int_equal(routing_changes(txn, &n), ERR_OK);
    return n;
}

static void queue_is_made_once(void **state)
{
    uint64_t queue, again, other;
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    assert_int_equal(run_queues_get(txn, span_str("x"), &queue), ERR_NOTFOUND);
    assert_int_equal(run_queues_make(txn, span_str("x"), &queue), ERR_OK);
    assert_int_equal(changes(txn), 1);
    assert_int_equal(run_queues_make(txn, span_str("x"), &again), ERR_OK);
    assert_int_equal(again, queue);
    assert_int_equal(changes(txn), 1);
    assert_int_equal(run_queues_make(txn, span_str("y"), &other), ERR_OK);
    assert_int_not_equal(other, queue);
    txn = temp_store_next(&t);
    assert_int_equal(run_queues_get(txn, span_str("x"), &again), ERR_OK);
    assert_int_equal(again, queue);
}

static void new_version_is_noted_of_what_was_run(void **state)
{
    uint64_t queue;
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    assert_int_equal(run_queues_note_version(txn, span_str("x")), ERR_OK);
    assert_int_equal(changes(txn), 0);
    assert_int_equal(run_queues_make(txn, span_str("x"), &queue), ERR_OK);
    assert_int_equal(run_queues_note_version(txn, span_str("x")), ERR_OK);
    assert_int_equal(changes(txn), 2);
}

static void dropped_queue_is_gone(void **state)
{
    uint64_t queue, anew;
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    assert_int_equal(run_queues_drop(txn, span_str("x")), ERR_OK);
    assert_int_equal(changes(txn), 0);
    assert_int_equal(run_queues_make(txn, span_str("x"), &queue), ERR_OK);
    assert_int_equal(run_queues_drop(txn, span_str("x")), ERR_OK);
    assert_int_equal(changes(txn), 2);
    assert_int_equal(run_queues_get(txn, span_str("x"), &anew), ERR_NOTFOUND);
    assert_int_equal(run_queues_make(txn, span_str("x"), &anew), ERR_OK);
    assert_int_not_equal(anew, queue); /* what waits in the old one is nobody's */
}

static bool count_to(struct span pipeline_id, uint64_t queue, void *context)
{
    int *left = context;
    assert_true(pipeline_id.len == 1 && queue > 0);
    return --*left > 0;
}

static void each_is_visited_until_told_otherwise(void **state)
{
    uint64_t queue;
    int left = 9;
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    assert_int_equal(run_queues_each(txn, count_to, &left), ERR_OK);
    assert_int_equal(left, 9);
    for (const char *id = "abc"; *id; id++)
        assert_int_equal(run_queues_make(txn, span_of(id, 1), &queue), ERR_OK);
    assert_int_equal(run_queues_each(txn, count_to, &left), ERR_OK);
    assert_int_equal(left, 6);
    left = 2;
    assert_int_equal(run_queues_each(txn, count_to, &left), ERR_OK);
    assert_int_equal(left, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(queue_is_made_once),
        TEST(new_version_is_noted_of_what_was_run),
        TEST(dropped_queue_is_gone),
        TEST(each_is_visited_until_told_otherwise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
