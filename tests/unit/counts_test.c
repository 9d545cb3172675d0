/* counts_test - what is counted of minutes, hours and names. */
#include "store_each.h"

#include <stdio.h>

#include "base/clock.h"
#include "store/counts.h"

#define MINUTE INT64_C(60000)

/* What a step has of a name, and how many rows there are. */
struct seen {
    enum counts_kind kind;
    const char *name;
    struct counts sum;
    size_t rows, of_name;
};

static void see(const struct counts_row *row, void *context)
{
    struct seen *seen = context;
    seen->rows++;
    if (row->kind != seen->kind || !span_eq_str(row->name, seen->name))
        return;
    seen->of_name++;
    for (size_t i = 0; i < COUNT__MAX; i++)
        seen->sum.n[i] += row->counts.n[i];
}

static struct seen look(
    struct store_txn *txn, enum counts_step step, enum counts_kind kind, const char *name)
{
    struct seen seen = {.kind = kind, .name = name};
    assert_int_equal(counts_each(txn, step, 0, UINT32_MAX, see, &seen), ERR_OK);
    return seen;
}

static uint64_t number(struct store_txn *txn, enum counts_step step, enum counts_kind kind,
    const char *name, enum count count)
{
    return look(txn, step, kind, name).sum.n[count];
}

static void accept(struct store_txn *txn, const char *topic, int64_t ms)
{
    const struct event event = {.topic = span_str(topic), .accepted_ms = ms};
    assert_int_equal(counts_event(txn, &event), ERR_OK);
}

static void events_are_counted_by_topic_and_minute(void **state)
{
    const int64_t now = clock_wall_ms() / (60 * MINUTE) * (60 * MINUTE);
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    accept(txn, "a", now);
    accept(txn, "a", now + MINUTE - 1);
    accept(txn, "a", now + MINUTE);
    accept(txn, "b", now);
    txn = temp_store_next(&t);
    for (enum counts_step step = 0; step < COUNTS_STEP__MAX; step++) {
        assert_int_equal(number(txn, step, COUNTS_ALL, "", COUNT_ACCEPTED), 4);
        assert_int_equal(number(txn, step, COUNTS_TOPIC, "a", COUNT_ACCEPTED), 3);
        assert_int_equal(number(txn, step, COUNTS_TOPIC, "b", COUNT_ACCEPTED), 1);
    }
    assert_int_equal(look(txn, COUNTS_TOTAL, COUNTS_TOPIC, "a").of_name, 1);
    assert_int_equal(look(txn, COUNTS_HOUR, COUNTS_TOPIC, "a").of_name, 1);
    assert_int_equal(look(txn, COUNTS_MINUTE, COUNTS_TOPIC, "a").of_name, 2);
}

static struct execution execution_of(const char *pipeline, enum status status)
{
    return (struct execution){
        .cid = uuid_make(1000, 0, 0),
        .pipeline_id = span_str(pipeline),
        .status = status,
        .attempt = 1,
        .started_ms = 1003,
        .duration_us = 5000,
    };
}

static void ends_and_attempts_are_counted(void **state)
{
    static const enum status ends[] = {
        STATUS_COMPLETED, STATUS_COMPLETED, STATUS_FAILED, STATUS_SKIPPED};
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        const struct execution execution = execution_of("p", ends[i]);
        assert_int_equal(counts_end(txn, &execution), ERR_OK);
    }
    struct execution execution = execution_of("p", STATUS_IN_PROGRESS);
    assert_int_equal(counts_attempt(txn, &execution, true), ERR_OK);
    execution.attempt = 2;
    execution.duration_us = 3000;
    assert_int_equal(counts_attempt(txn, &execution, false), ERR_OK);
    txn = temp_store_next(&t);
    const struct counts counts = look(txn, COUNTS_TOTAL, COUNTS_PIPELINE, "p").sum;
    assert_int_equal(counts.n[COUNT_COMPLETED], 2);
    assert_int_equal(counts.n[COUNT_FAILED], 1);
    assert_int_equal(counts.n[COUNT_SKIPPED], 1);
    assert_int_equal(counts.n[COUNT_STARTED], 1);
    assert_int_equal(counts.n[COUNT_RETRIED], 1);
    assert_int_equal(counts.n[COUNT_WAIT_US], 3000);
    assert_int_equal(counts.n[COUNT_WAIT + 2], 1); /* 3 ms: more than 2, at most 4 */
    assert_int_equal(counts.n[COUNT_RUN_US], 8000);
    assert_int_equal(counts.n[COUNT_RUN_MAX_US], 5000);
    assert_int_equal(counts.n[COUNT_RUN + 3] + counts.n[COUNT_RUN + 2], 2);
    const struct counts all = look(txn, COUNTS_TOTAL, COUNTS_ALL, "").sum;
    assert_memory_equal(&counts, &all, sizeof counts);
}

static void a_tally_is_stored_once(void **state)
{
    struct counts_tally tally = {{NULL}};
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    counts_gather(txn, &tally);
    for (int i = 0; i < 1000; i++)
        accept(txn, i % 2 ? "a" : "b", clock_wall_ms());
    assert_int_equal(look(txn, COUNTS_TOTAL, COUNTS_ALL, "").rows, 0);
    assert_int_equal(counts_store(txn, &tally), ERR_OK);
    assert_int_equal(number(txn, COUNTS_TOTAL, COUNTS_TOPIC, "a", COUNT_ACCEPTED), 500);
    counts_gather(txn, &tally); /* afresh */
    assert_int_equal(counts_store(txn, &tally), ERR_OK);
    assert_int_equal(number(txn, COUNTS_TOTAL, COUNTS_ALL, "", COUNT_ACCEPTED), 1000);
    counts_forget(&tally);
}

static void more_names_than_are_counted_are_one(void **state)
{
    char name[16];
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    for (int i = 0; i < COUNTS_NAMES_MAX + 20; i++) {
        snprintf(name, sizeof name, "t%d", i);
        accept(txn, name, clock_wall_ms());
    }
    accept(txn, "t0", clock_wall_ms());
    assert_int_equal(number(txn, COUNTS_TOTAL, COUNTS_TOPIC, "", COUNT_ACCEPTED), 20);
    assert_int_equal(number(txn, COUNTS_TOTAL, COUNTS_TOPIC, "t0", COUNT_ACCEPTED), 2);
    assert_int_equal(look(txn, COUNTS_TOTAL, COUNTS_TOPIC, "").rows, 1 + COUNTS_NAMES_MAX + 1);
}

static void old_minutes_and_hours_go(void **state)
{
    const int64_t now = clock_wall_ms(), hour = 60 * MINUTE;
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    for (int i = 0; i < 10; i++) {
        accept(txn, "old", now - 49 * hour - i * MINUTE);
        accept(txn, "old", now - 401 * 24 * hour - i * hour);
    }
    for (int i = 0; i < 10; i++)
        accept(txn, "new", now - i * MINUTE);
    assert_int_equal(look(txn, COUNTS_MINUTE, COUNTS_TOPIC, "old").of_name, 0);
    assert_int_equal(look(txn, COUNTS_MINUTE, COUNTS_TOPIC, "new").of_name, 10);
    assert_in_range(look(txn, COUNTS_HOUR, COUNTS_TOPIC, "old").of_name, 1, 2);
    assert_int_equal(number(txn, COUNTS_TOTAL, COUNTS_TOPIC, "old", COUNT_ACCEPTED), 20);
}

/* Counts are nobody's work, and keep nobody from it. */
static void damaged_records_begin_anew(void **state)
{
    static const uint8_t all[] = {0, 0, 0, 0, 0, 0};
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    const char *const damaged[] = {
        "", "\1", "\1???????", "\1\xff\xff\xff\xff\xff\xff\xff\xff", "\2"};
    for (size_t i = 0; i < sizeof damaged / sizeof damaged[0]; i++) {
        assert_int_equal(
            store_put(txn, TABLE_COUNTS, span_of(all, sizeof all), span_str(damaged[i])), ERR_OK);
        assert_int_equal(look(txn, COUNTS_TOTAL, COUNTS_ALL, "").rows, i > 0);
        accept(txn, "a", clock_wall_ms());
        assert_int_equal(number(txn, COUNTS_TOTAL, COUNTS_ALL, "", COUNT_ACCEPTED), 1);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(events_are_counted_by_topic_and_minute),
        TEST(ends_and_attempts_are_counted),
        TEST(a_tally_is_stored_once),
        TEST(more_names_than_are_counted_are_one),
        TEST(old_minutes_and_hours_go),
        TEST(damaged_records_begin_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
