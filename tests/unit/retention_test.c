/* retention_test - what is taken away leaves nothing behind in any table, and what waits stays. */
#include "store_each.h"

#include "store/attempts.h"
#include "store/events.h"
#include "store/executions.h"
#include "store/key.h"
#include "store/retention.h"

#define EPOCH INT64_C(1767323045000)
#define EVENTS 10
#define WAITS 5 /* the event whose execution has not ended */

/* An event, with an execution that has failed with a log, data and two attempts, or waits. */
static void add(struct store_txn *txn, unsigned n)
{
    struct event event = {.cid = uuid_make(EPOCH + n, 0, n),
        .accepted_ms = EPOCH + n,
        .data_kind = EVENT_DATA_TEXT,
        .source = span_str("s"),
        .type = span_str("type"),
        .data = span_str("payload")};
    assert_int_equal(events_append(txn, &event), ERR_OK);
    struct execution e = {.id = uuid_make(EPOCH + n, 1, n),
        .cid = event.cid,
        .event_seq = event.seq,
        .attempt = 1,
        .last = ATTEMPT_FAILED,
        .created_ms = EPOCH + n,
        .duration_us = -1,
        .pipeline_id = span_str("p"),
        .pipeline_name = span_str("p"),
        .event_type = event.type};
    assert_int_equal(executions_create(txn, &e), ERR_OK);
    assert_int_equal(executions_set_data(txn, &e.id, span_str("{}")), ERR_OK);
    assert_int_equal(executions_set_log(txn, &e.id, 0, span_str("log")), ERR_OK);
    assert_int_equal(executions_set_log(txn, &e.id, 1, span_str("log")), ERR_OK);
    assert_int_equal(attempts_keep(txn, &e), ERR_OK);
    e.attempt = 2;
    e.last = ATTEMPT_FAILED;
    e.status = STATUS_FAILED;
    if (n != WAITS)
        assert_int_equal(executions_change(txn, &e, STATUS_PENDING), ERR_OK);
}

static struct store_txn *fill(void)
{
    struct store_txn *txn = temp_store_begin(&t);
    t.home.config.events_failures = 0; /* no event tells of those that fail */
    for (unsigned n = 1; n <= EVENTS; n++)
        add(txn, n);
    return txn;
}

static struct retention_sweep walk(struct store_txn *txn, enum retention_kind kind, int64_t before)
{
    struct retention_sweep sweep = {.kind = kind, .before_ms = before, .most = 100};
    assert_int_equal(retention_walk(txn, &sweep), ERR_OK);
    return sweep;
}

static void end_waiting(struct store_txn *txn)
{
    struct uuid id = uuid_make(EPOCH + WAITS, 1, WAITS);
    struct buf copy = BUF_INIT;
    struct execution e;
    static struct step_result steps[100];
    assert_int_equal(executions_load(txn, &id, &copy, &e, steps), ERR_OK);
    e.status = STATUS_FAILED;
    assert_int_equal(executions_change(txn, &e, STATUS_PENDING), ERR_OK);
    buf_done(&copy);
}

/* All tables that have something of an event have this many. */
static void check_counts(struct store_txn *txn, size_t events)
{
    static const enum store_table tables[] = {TABLE_EVENTS, TABLE_CIDS, TABLE_EXECUTIONS,
        TABLE_EXECUTIONS_BY_CID, TABLE_EXECUTIONS_BY_PIPELINE, TABLE_EXECUTIONS_BY_STATUS,
        TABLE_ATTEMPTS};
    for (size_t i = 0; i < COUNT(tables); i++)
        assert_int_equal(temp_store_count(txn, tables[i]), events);
}

static void rows_leave_nothing_behind(void **state)
{
    (void)state;
    struct store_txn *txn = fill();
    struct retention_sweep sweep = walk(txn, RETENTION_ROWS, EPOCH + 4);
    assert_int_equal(sweep.count, 3);
    assert_int_equal(sweep.next_ms, EPOCH + 4);
    check_counts(txn, EVENTS - 3);
    walk(txn, RETENTION_ROWS, EPOCH + 1000); /* as far as the one that waits */
    check_counts(txn, EVENTS - WAITS + 1);
    end_waiting(txn);
    walk(txn, RETENTION_ROWS, EPOCH + 1000);
    check_counts(txn, 1); /* the newest stays */
    assert_int_equal(temp_store_count(txn, TABLE_DEAD_LETTERS), 1);
    assert_int_equal(temp_store_count(txn, TABLE_DEAD_LETTERS_BY_PIPELINE), 1);
    assert_int_equal(temp_store_count(txn, TABLE_DATA), 1);
    assert_int_equal(temp_store_count(txn, TABLE_LOGS), 2);
    add(txn, EVENTS + 1);
    check_counts(txn, 2);
}

static void what_was_passed_by_goes_later(void **state)
{
    (void)state;
    struct store_txn *txn = fill();
    uint64_t seq = 0;
    struct event event;
    walk(txn, RETENTION_LOGS, EPOCH + 1000);
    walk(txn, RETENTION_PAYLOADS, EPOCH + 1000);
    check_counts(txn, EVENTS);
    assert_int_equal(temp_store_count(txn, TABLE_DATA), 1);
    assert_int_equal(temp_store_count(txn, TABLE_LOGS), 2);
    assert_int_equal(temp_store_count(txn, TABLE_RETENTION_LEFT), 2);
    assert_int_equal(retention_look_again(txn, RETENTION_LOGS, 100, &seq), ERR_OK);
    assert_int_equal(temp_store_count(txn, TABLE_LOGS), 2); /* it still waits */
    end_waiting(txn);
    for (enum retention_kind kind = 0; kind <= RETENTION_LOGS; kind++)
        assert_int_equal(retention_look_again(txn, kind, 100, &seq), ERR_OK);
    assert_int_equal(temp_store_count(txn, TABLE_RETENTION_LEFT), 0);
    assert_int_equal(temp_store_count(txn, TABLE_DATA) + temp_store_count(txn, TABLE_LOGS), 0);
    assert_int_equal(events_get(txn, WAITS, &event), ERR_OK);
    assert_int_equal(event.data_kind, EVENT_DATA_GONE);
    assert_int_equal(event.data.len, 0);
    assert_int_equal(retention_look_again(txn, RETENTION_LOGS, 100, &seq), ERR_NOTFOUND);
}

static void a_dry_walk_changes_nothing(void **state)
{
    (void)state;
    struct store_txn *txn = fill();
    struct retention_sweep sweep = {
        .kind = RETENTION_LOGS, .before_ms = EPOCH + 1000, .most = 3, .dry = true};
    do {
        assert_int_equal(retention_walk(txn, &sweep), ERR_OK);
    } while (sweep.more);
    assert_int_equal(sweep.count, EVENTS - 1);
    assert_int_equal(sweep.bytes, (EVENTS - 1) * strlen("{}loglog"));
    check_counts(txn, EVENTS);
    assert_int_equal(temp_store_count(txn, TABLE_LOGS), 2 * EVENTS);
    assert_int_equal(temp_store_count(txn, TABLE_RETENTION_LEFT), 0);
    end_waiting(txn);
    walk(txn, RETENTION_PAYLOADS, EPOCH + 1000);
    walk(txn, RETENTION_LOGS, EPOCH + 1000);
    sweep = (struct retention_sweep){
        .kind = RETENTION_ROWS, .before_ms = EPOCH + 1000, .most = 100, .dry = true};
    assert_int_equal(retention_walk(txn, &sweep), ERR_OK);
    assert_int_equal(sweep.count, EVENTS - 1); /* also rows that hold nothing more */
}

static void set_accepted(struct store_txn *txn, uint64_t seq, int64_t ms)
{
    struct event event;
    struct buf record = BUF_INIT;
    struct key key = KEY_INIT;
    key_u64(&key, seq);
    assert_int_equal(events_get(txn, seq, &event), ERR_OK);
    event.accepted_ms = ms;
    event_encode(&event, &record);
    assert_int_equal(store_put(txn, TABLE_EVENTS, key_span(&key), buf_span(&record)), ERR_OK);
    buf_done(&record);
}

/* What a clock has stamped that was years ahead is as old as what came after it. */
static void a_clock_that_was_ahead_holds_up_nothing(void **state)
{
    const int64_t in_2099 = INT64_C(4070908800000);
    (void)state;
    struct store_txn *txn = fill();
    set_accepted(txn, 2, in_2099);
    set_accepted(txn, 3, in_2099 + 1);
    set_accepted(txn, EVENTS, in_2099);
    struct retention_sweep sweep = walk(txn, RETENTION_PAYLOADS, EPOCH + 3);
    assert_int_equal(sweep.count, 1); /* nothing says that the others are as old */
    assert_int_equal(sweep.next_ms, in_2099);
    sweep = walk(txn, RETENTION_PAYLOADS, EPOCH + 5);
    assert_int_equal(sweep.count, 3);
    sweep = walk(txn, RETENTION_PAYLOADS, EPOCH + 1000);
    assert_int_equal(sweep.count, EVENTS - 6); /* one waits, and the last may be new */
    assert_int_equal(sweep.next_ms, in_2099);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(rows_leave_nothing_behind),
        TEST(what_was_passed_by_goes_later),
        TEST(a_dry_walk_changes_nothing),
        TEST(a_clock_that_was_ahead_holds_up_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
