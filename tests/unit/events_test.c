/* events_test - the log: numbers without gaps, also across failures, and its index by cid. */
#include "store_each.h"

#include "store/events.h"

static struct uuid cid(uint8_t n)
{
    return uuid_make(INT64_C(1767323045000) + n, n, n);
}

static uint64_t append(struct store_txn *txn, uint8_t of, const char *data)
{
    struct event event = {
        .cid = cid(of),
        .accepted_ms = of,
        .data_kind = EVENT_DATA_TEXT,
        .source = span_str("/s"),
        .type = span_str("t"),
        .data = span_str(data),
    };
    assert_int_equal(events_append(txn, &event), ERR_OK);
    return event.seq;
}

static uint64_t first(struct store_txn *txn)
{
    uint64_t seq = 999;
    assert_int_equal(events_first(txn, &seq), ERR_OK);
    return seq;
}

static uint64_t last(struct store_txn *txn)
{
    uint64_t seq = 999;
    assert_int_equal(events_last(txn, &seq), ERR_OK);
    return seq;
}

static void log_is_numbered_from_one(void **state)
{
    struct event event;
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    assert_int_equal(first(txn), 0);
    assert_int_equal(last(txn), 0);
    assert_int_equal(events_get(txn, 0, &event), ERR_NOTFOUND);
    assert_int_equal(events_get(txn, 1, &event), ERR_NOTFOUND);
    for (uint64_t seq = 1; seq <= 300; seq++) {
        char data[32];
        snprintf(data, sizeof data, "event %u", (unsigned)seq);
        assert_int_equal(append(txn, (uint8_t)(seq % 7), data), seq);
        if (seq % 100 == 0)
            txn = temp_store_next(&t);
    }
    assert_int_equal(first(txn), 1);
    assert_int_equal(last(txn), 300);
    for (uint64_t seq = 1; seq <= 300; seq++) {
        char data[32];
        struct uuid of = cid((uint8_t)(seq % 7));
        snprintf(data, sizeof data, "event %u", (unsigned)seq);
        assert_int_equal(events_get(txn, seq, &event), ERR_OK);
        assert_int_equal(event.seq, seq);
        assert_true(uuid_eq(&event.cid, &of));
        assert_true(span_eq_str(event.data, data));
    }
    assert_int_equal(events_get(txn, 301, &event), ERR_NOTFOUND);
}

static void log_has_no_gap_where_an_append_was_undone(void **state)
{
    (void)state;
    assert_int_equal(append(temp_store_begin(&t), 1, "kept"), 1);
    temp_store_commit(&t);
    assert_int_equal(append(temp_store_begin(&t), 2, "undone"), 2);
    temp_store_abort(&t);
    struct store_txn *txn = temp_store_begin(&t);
    struct uuid undone = cid(2);
    uint64_t seq;
    assert_int_equal(last(txn), 1);
    assert_int_equal(events_last_of_cid(txn, &undone, &seq), ERR_NOTFOUND);
    assert_int_equal(append(txn, 3, "next"), 2);
}

/* The payload is kept exactly, whatever its bytes and length. */
static void log_keeps_payloads_of_any_size(void **state)
{
    static const size_t lens[] = {0, 1, 1500, 2100, 4096, 65536, 1048576};
    (void)state;
    uint8_t *bytes = mem_alloc(1048576);
    for (size_t i = 0; i < 1048576; i++)
        bytes[i] = (uint8_t)(i * 31 + i / 251);
    struct store_txn *txn = temp_store_begin(&t);
    for (size_t i = 0; i < COUNT(lens); i++) {
        struct event event = {.cid = cid(1), .data = span_of(bytes, lens[i])};
        assert_int_equal(events_append(txn, &event), ERR_OK);
    }
    txn = temp_store_next(&t);
    for (size_t i = 0; i < COUNT(lens); i++) {
        struct event event;
        assert_int_equal(events_get(txn, i + 1, &event), ERR_OK);
        assert_true(span_eq(event.data, span_of(bytes, lens[i])));
    }
    free(bytes);
}

static void newest_of_a_cid_is_found_among_others(void **state)
{
    static const uint8_t cids[] = {5, 5, 2, 9, 5, 2};
    static const uint64_t newest[10] = {[2] = 6, [5] = 5, [9] = 4};
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    for (size_t i = 0; i < COUNT(cids); i++)
        append(txn, cids[i], "");
    for (uint8_t n = 0; n < 10; n++) {
        struct uuid of = cid(n);
        uint64_t seq = 999;
        enum err err = events_last_of_cid(txn, &of, &seq);
        assert_int_equal(err, newest[n] ? ERR_OK : ERR_NOTFOUND);
        assert_int_equal(seq, newest[n] ? newest[n] : 999);
    }
    struct uuid least = UUID_NONE, greatest;
    uint64_t seq;
    memset(&greatest, 0xff, sizeof greatest);
    assert_int_equal(events_last_of_cid(txn, &least, &seq), ERR_NOTFOUND);
    assert_int_equal(events_last_of_cid(txn, &greatest, &seq), ERR_NOTFOUND);
}

static void events_of_a_cid_come_one_after_the_other(void **state)
{
    static const uint8_t cids[] = {5, 5, 2, 9, 5, 2};
    static const struct {
        uint8_t cid;
        uint64_t after, next; /* 0: none */
    } cases[] = {{5, 0, 1}, {5, 1, 2}, {5, 2, 5}, {5, 3, 5}, {5, 5, 0}, {2, 0, 3}, {2, 3, 6},
        {2, 6, 0}, {9, 0, 4}, {9, 4, 0}, {1, 0, 0}, {200, 0, 0}};
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    for (size_t i = 0; i < COUNT(cids); i++)
        append(txn, cids[i], "");
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct uuid of = cid(cases[i].cid);
        uint64_t seq = cases[i].after;
        enum err err = events_next_of_cid(txn, &of, &seq);
        assert_int_equal(err, cases[i].next ? ERR_OK : ERR_NOTFOUND);
        assert_int_equal(seq, cases[i].next ? cases[i].next : cases[i].after);
    }
}

static void cursor_is_kept(void **state)
{
    uint64_t seq = 999;
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    assert_int_equal(events_cursor(txn, &seq), ERR_OK);
    assert_int_equal(seq, 0);
    assert_int_equal(events_set_cursor(txn, 42), ERR_OK);
    txn = temp_store_next(&t);
    assert_int_equal(events_cursor(txn, &seq), ERR_OK);
    assert_int_equal(seq, 42);
}

static void damaged_event_is_corrupt(void **state)
{
    static const uint8_t key[8] = {0, 0, 0, 0, 0, 0, 0, 1};
    struct event event;
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    append(txn, 1, "good");
    assert_int_equal(
        store_put(txn, TABLE_EVENTS, span_of(key, sizeof key), span_str("\1nonsense")), ERR_OK);
    assert_int_equal(events_get(txn, 1, &event), ERR_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(log_is_numbered_from_one, setup, teardown),
        cmocka_unit_test_setup_teardown(log_has_no_gap_where_an_append_was_undone, setup, teardown),
        cmocka_unit_test_setup_teardown(log_keeps_payloads_of_any_size, setup, teardown),
        cmocka_unit_test_setup_teardown(newest_of_a_cid_is_found_among_others, setup, teardown),
        cmocka_unit_test_setup_teardown(events_of_a_cid_come_one_after_the_other, setup, teardown),
        cmocka_unit_test_setup_teardown(cursor_is_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(damaged_event_is_corrupt, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
