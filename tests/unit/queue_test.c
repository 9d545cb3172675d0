/* queue_test - what waits: in log order a queue, and by the time it is due. */
#include "store_each.h"

#include "store/queue.h"

static struct uuid id(uint8_t n)
{
    return uuid_make(INT64_C(1767323045000) + n, n, n);
}

/* The first of a queue, by its number; 0 when there is none. */
static unsigned first(struct store_txn *txn, uint64_t queue)
{
    struct uuid found, expected;
    uint64_t seq;
    enum err err = queue_first(txn, queue, &seq, &found);
    if (err == ERR_NOTFOUND)
        return 0;
    assert_int_equal(err, ERR_OK);
    for (unsigned n = 1; n < 256; n++) {
        expected = id((uint8_t)n);
        if (uuid_eq(&found, &expected))
            return n;
    }
    fail();
    return 0;
}

/* Its place in the log; 0 when there is none. */
static uint64_t first_seq(struct store_txn *txn, uint64_t queue)
{
    uint64_t seq = 0;
    struct uuid found;
    enum err err = queue_first(txn, queue, &seq, &found);
    assert_int_equal(err, seq ? ERR_OK : ERR_NOTFOUND);
    return seq;
}

static void put(struct store_txn *txn, uint64_t queue, uint64_t seq, uint8_t n)
{
    struct uuid execution = id(n);
    assert_int_equal(queue_put(txn, queue, seq, &execution), ERR_OK);
}

static enum err del(struct store_txn *txn, uint64_t queue, uint64_t seq, uint8_t n)
{
    struct uuid execution = id(n);
    return queue_del(txn, queue, seq, &execution);
}

static void queue_gives_the_first_in_log_order(void **state)
{
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    assert_int_equal(first(txn, 1), 0);
    assert_int_equal(first_seq(txn, 1), 0);
    put(txn, 1, 300, 3); /* put in any order */
    put(txn, 1, 2, 1);
    put(txn, 1, 255, 2);
    put(txn, 1, 256, 9);
    txn = temp_store_next(&t);
    assert_int_equal(first(txn, 1), 1);
    assert_int_equal(first_seq(txn, 1), 2);
    assert_int_equal(del(txn, 1, 2, 1), ERR_OK);
    assert_int_equal(first(txn, 1), 2);
    assert_int_equal(first_seq(txn, 1), 255);
    assert_int_equal(del(txn, 1, 255, 2), ERR_OK);
    assert_int_equal(first(txn, 1), 9);
    assert_int_equal(del(txn, 1, 256, 9), ERR_OK);
    assert_int_equal(first(txn, 1), 3);
    assert_int_equal(del(txn, 1, 300, 3), ERR_OK);
    assert_int_equal(first(txn, 1), 0);
}

/* One event may make several executions of one queue (a replaced trigger, emits of one turn). */
static void queue_holds_several_of_one_event(void **state)
{
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    put(txn, 1, 7, 2);
    put(txn, 1, 7, 1);
    put(txn, 1, 7, 1); /* again is the same */
    assert_int_equal(first(txn, 1), 1);
    assert_int_equal(del(txn, 1, 7, 1), ERR_OK);
    assert_int_equal(first(txn, 1), 2);
    assert_int_equal(del(txn, 1, 7, 1), ERR_NOTFOUND);
    assert_int_equal(del(txn, 1, 8, 2), ERR_NOTFOUND);
    assert_int_equal(del(txn, 2, 7, 2), ERR_NOTFOUND);
    assert_int_equal(first(txn, 1), 2);
}

static void queues_do_not_mix(void **state)
{
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    put(txn, 1, 9, 1);
    put(txn, 3, 1, 3);
    put(txn, 256, 1, 4);
    put(txn, UINT64_MAX, 1, 5);
    assert_int_equal(first(txn, 0), 0);
    assert_int_equal(first(txn, 1), 1);
    assert_int_equal(first(txn, 2), 0);
    assert_int_equal(first(txn, 3), 3);
    assert_int_equal(first(txn, 255), 0);
    assert_int_equal(first(txn, 256), 4);
    assert_int_equal(first(txn, 257), 0);
    assert_int_equal(first(txn, UINT64_MAX), 5);
}

struct counts {
    uint64_t queues[8], counts[8];
    size_t n;
};

static void note_count(uint64_t queue, uint64_t count, void *context)
{
    struct counts *counts = context;
    assert_true(counts->n < COUNT(counts->queues));
    counts->queues[counts->n] = queue;
    counts->counts[counts->n++] = count;
}

static void queue_count_all_counts_each_once(void **state)
{
    static const struct {
        uint64_t queue, count;
    } expected[] = {{0, 2}, {1, 5}, {2, 1}, {500, 3}};
    struct counts counts = {.n = 0};
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    assert_int_equal(queue_count_all(txn, note_count, &counts), ERR_OK);
    assert_int_equal(counts.n, 0);
    for (size_t i = 0; i < COUNT(expected); i++)
        for (uint64_t seq = 1; seq <= expected[i].count; seq++)
            put(txn, expected[i].queue, seq * 1000, (uint8_t)seq);
    assert_int_equal(queue_count_all(txn, note_count, &counts), ERR_OK);
    assert_int_equal(counts.n, COUNT(expected));
    for (size_t i = 0; i < COUNT(expected); i++) {
        assert_int_equal(counts.queues[i], expected[i].queue);
        assert_int_equal(counts.counts[i], expected[i].count);
    }
}

struct dues {
    int64_t times[8];
    uint64_t queues[8];
    struct uuid ids[8];
    size_t n;
};

static void note_due(int64_t due_ms, uint64_t queue, const struct uuid *execution, void *context)
{
    struct dues *dues = context;
    assert_true(dues->n < COUNT(dues->times));
    dues->times[dues->n] = due_ms;
    dues->queues[dues->n] = queue;
    dues->ids[dues->n++] = *execution;
}

static void due_gives_the_earliest(void **state)
{
    static const struct {
        int64_t due_ms;
        uint8_t n;
    } waiting[] = {
        {INT64_C(1767323045678), 4}, {0, 1}, {INT64_MAX, 5}, {999, 2}, {1000, 3}, {999, 9}};
    static const uint8_t order[] = {1, 2, 9, 3, 4, 5};
    struct dues dues = {.n = 0};
    struct uuid found;
    int64_t due_ms = -1;
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    assert_int_equal(due_first(txn, &due_ms, &found), ERR_NOTFOUND);
    assert_int_equal(due_ms, -1);
    for (size_t i = 0; i < COUNT(waiting); i++) {
        struct uuid execution = id(waiting[i].n);
        assert_int_equal(due_put(txn, waiting[i].due_ms, 100 + waiting[i].n, &execution), ERR_OK);
    }
    txn = temp_store_next(&t);
    assert_int_equal(due_each(txn, note_due, &dues), ERR_OK);
    assert_int_equal(dues.n, COUNT(order));
    for (size_t i = 0; i < COUNT(order); i++) {
        struct uuid expected = id(order[i]);
        assert_true(uuid_eq(&dues.ids[i], &expected));
        assert_int_equal(dues.queues[i], 100 + order[i]);
        assert_int_equal(due_first(txn, &due_ms, &found), ERR_OK);
        assert_true(uuid_eq(&found, &expected));
        assert_true(due_ms == dues.times[i]);
        assert_int_equal(
            due_del(txn, due_ms + (due_ms < 5), &found), due_ms < 5 ? ERR_NOTFOUND : ERR_OK);
        if (due_ms < 5)
            assert_int_equal(due_del(txn, due_ms, &found), ERR_OK);
    }
    assert_int_equal(due_first(txn, &due_ms, &found), ERR_NOTFOUND);
}

struct changes {
    uint64_t queues[8];
    struct queue_change changes[8];
    size_t n;
};

static void keep_change(uint64_t queue, const struct queue_change *change, void *context)
{
    struct changes *changes = context;
    assert_true(changes->n < COUNT(changes->queues));
    changes->queues[changes->n] = queue;
    changes->changes[changes->n++] = *change;
}

static void changes_add_up_until_they_are_taken(void **state)
{
    static const struct {
        uint64_t queue;
        struct queue_change change;
    } noted[] = {{7, {1, 0}}, {3, {0, -1}}, {7, {1, 2}}, {7, {-3, 0}}, {UINT64_MAX, {0, 0}}};
    struct changes taken = {.n = 0};
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    for (size_t i = 0; i < COUNT(noted); i++)
        assert_int_equal(queue_note_change(txn, noted[i].queue, &noted[i].change), ERR_OK);
    txn = temp_store_next(&t);
    assert_int_equal(queue_take_changes(txn, keep_change, &taken), ERR_OK);
    assert_int_equal(taken.n, 3);
    assert_true(taken.queues[0] == 3 && taken.queues[1] == 7 && taken.queues[2] == UINT64_MAX);
    assert_true(taken.changes[0].ready == 0 && taken.changes[0].waiting == -1);
    assert_true(taken.changes[1].ready == -1 && taken.changes[1].waiting == 2);
    assert_true(taken.changes[2].ready == 0 && taken.changes[2].waiting == 0);
    txn = temp_store_next(&t);
    assert_int_equal(queue_take_changes(txn, keep_change, &taken), ERR_OK);
    assert_int_equal(taken.n, 3);
}

static void over_gives_the_first_by_time(void **state)
{
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    struct uuid a = id(1), b = id(2), found;
    int64_t over_ms;
    assert_int_equal(over_first(txn, &over_ms, &found), ERR_NOTFOUND);
    assert_int_equal(over_put(txn, 300, &a), ERR_OK);
    assert_int_equal(over_put(txn, 200, &b), ERR_OK);
    assert_int_equal(over_put(txn, 200, &b), ERR_OK); /* changes nothing */
    txn = temp_store_next(&t);
    assert_int_equal(over_first(txn, &over_ms, &found), ERR_OK);
    assert_true(over_ms == 200 && uuid_eq(&found, &b));
    assert_int_equal(over_del(txn, 200, &b), ERR_OK);
    assert_int_equal(over_del(txn, 200, &b), ERR_NOTFOUND);
    assert_int_equal(over_first(txn, &over_ms, &found), ERR_OK);
    assert_true(over_ms == 300 && uuid_eq(&found, &a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(queue_gives_the_first_in_log_order, setup, teardown),
        cmocka_unit_test_setup_teardown(queue_holds_several_of_one_event, setup, teardown),
        cmocka_unit_test_setup_teardown(queues_do_not_mix, setup, teardown),
        cmocka_unit_test_setup_teardown(queue_count_all_counts_each_once, setup, teardown),
        cmocka_unit_test_setup_teardown(changes_add_up_until_they_are_taken, setup, teardown),
        cmocka_unit_test_setup_teardown(due_gives_the_earliest, setup, teardown),
        cmocka_unit_test_setup_teardown(over_gives_the_first_by_time, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
