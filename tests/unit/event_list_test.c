/*
 * event_list_test - lists of events: what fits is found, each once, page by page, whatever the
 * clock did; and a page ends within its bounds.
 */
#include "store_each.h"

#include "store/event_list.h"
#include "store/events.h"

#define EVENTS 600
#define MINUTE_MS INT64_C(60000)
#define START_MS INT64_C(1767323045000)

static int64_t times[EVENTS + 1]; /* by seq */

static void append(struct store_txn *txn, int64_t accepted_ms)
{
    struct event event = {
        .cid = uuid_make(accepted_ms, 1, 1),
        .accepted_ms = accepted_ms,
        .source = span_str("/s"),
        .type = span_str("t"),
    };
    assert_int_equal(events_append(txn, &event), ERR_OK);
    times[event.seq] = accepted_ms;
}

/* The next of a sequence of numbers that is the same in each run. */
static uint32_t next_number(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 8;
}

/* A clock that stands, jumps ahead, and is set back by up to ten minutes in all. */
static void fill(struct store_txn *txn)
{
    uint32_t state = 1;
    int64_t highest = START_MS, now = START_MS;
    for (int i = 0; i < EVENTS; i++) {
        uint32_t what = next_number(&state) % 10;
        if (what == 0)
            now = highest - (int64_t)(next_number(&state) % EVENT_LIST_SET_BACK_MS);
        else if (what > 3)
            now += next_number(&state) % (3 * MINUTE_MS);
        highest = now > highest ? now : highest;
        append(txn, now);
    }
}

struct found {
    uint64_t seqs[EVENTS];
    size_t count;
    size_t room; /* of a page; 0: any number */
};

static bool note(const struct event *event, void *context)
{
    struct found *found = context;
    assert_true(found->count < EVENTS);
    found->seqs[found->count++] = event->seq;
    return !found->room || found->count % found->room != 0;
}

/* All that the query finds, page by page. */
static void find(struct store_txn *txn, struct event_query query, struct found *found)
{
    struct event_list_end end;
    do {
        assert_int_equal(event_list(txn, &query, note, found, &end), ERR_OK);
        assert_true(!end.next || !query.before || end.next < query.before);
        query.before = end.next;
    } while (end.next);
}

static void list_finds_each_stretch_of_time(void **state)
{
    uint32_t numbers = 7;
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    fill(txn);
    int64_t span_ms = times[EVENTS] - START_MS;
    for (int i = 0; i < 300; i++) {
        struct found found = {.room = next_number(&numbers) % 4};
        struct event_query query = {
            .since_ms = i % 3 == 0 ? 0 : START_MS + next_number(&numbers) % span_ms,
            .until_ms = i % 3 == 1 ? 0 : START_MS + next_number(&numbers) % span_ms,
            .limit = next_number(&numbers) % 3 * 7,
        };
        find(txn, query, &found);
        size_t at = 0;
        for (uint64_t seq = EVENTS; seq > 0; seq--) {
            if ((query.since_ms && times[seq] < query.since_ms) ||
                (query.until_ms && times[seq] >= query.until_ms))
                continue;
            assert_true(at < found.count && found.seqs[at] == seq);
            at++;
        }
        assert_int_equal(at, found.count);
    }
}

static void list_goes_on_from_any_place(void **state)
{
    static const uint64_t befores[] = {1, 2, 300, EVENTS, EVENTS + 1, EVENTS + 2, INT64_MAX};
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    fill(txn);
    for (size_t i = 0; i < COUNT(befores); i++) {
        struct found found = {.count = 0};
        find(txn, (struct event_query){.before = befores[i]}, &found);
        uint64_t last = befores[i] > EVENTS ? EVENTS : befores[i] - 1;
        assert_int_equal(found.count, last);
        for (uint64_t k = 0; k < last; k++)
            assert_true(found.seqs[k] == last - k);
    }
}

static void list_of_nothing_is_empty(void **state)
{
    struct event_list_end end;
    struct found found = {.count = 0};
    const struct event_query queries[] = {{.limit = 1}, {.since_ms = 1}, {.until_ms = 1},
        {.since_ms = INT64_MAX, .until_ms = 1, .before = 7}};
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    for (size_t i = 0; i < COUNT(queries); i++) {
        assert_int_equal(event_list(txn, &queries[i], note, &found, &end), ERR_OK);
        assert_true(!found.count && !end.next && !end.looked_back_ms);
    }
}

static void list_page_looks_at_so_many(void **state)
{
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    struct event event = {.type = span_str("t"), .source = span_str("/s")};
    for (uint64_t i = 1; i <= EVENT_LIST_LOOKED_MAX + 5; i++) {
        event.accepted_ms = START_MS + (int64_t)i;
        event.cid = uuid_make(event.accepted_ms, 1, 1);
        assert_int_equal(events_append(txn, &event), ERR_OK);
    }
    struct found found = {.count = 0};
    struct event_list_end end;
    struct event_query query = {.type = span_str("none")};
    assert_int_equal(event_list(txn, &query, note, &found, &end), ERR_OK);
    /* A slow machine ends the page sooner, by the clock. */
    assert_true(!found.count && end.next >= 6 && end.next <= EVENT_LIST_LOOKED_MAX + 5);
    assert_true(end.looked_back_ms == START_MS + (int64_t)end.next);
    find(txn, query, &found);
    assert_int_equal(found.count, 0);
}

static const struct {
    const char *wanted, *text;
    bool fits;
} text_cases[] = {
    {"", "a", true},
    {"a", "a", true},
    {"a", "ab", false},
    {"ab", "a", false},
    {"a*", "a", true},
    {"a*", "ab", true},
    {"a*", "b", false},
    {"*", "", true},
    {"*", "a", true},
    {"a*b", "a*b", true},
    {"a*b", "axb", false},
};

static void list_fits_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(text_cases); i++) {
        struct span wanted = span_str(text_cases[i].wanted), text = span_str(text_cases[i].text);
        struct event event = {.type = text, .source = text};
        const struct event_query queries[] = {
            {.type = wanted}, {.source = wanted}, {.topic = wanted}};
        for (size_t k = 0; k < COUNT(queries); k++)
            if (event_list_fits(&queries[k], &event) != text_cases[i].fits)
                fail_msg("%s for %s", text_cases[i].wanted, text_cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(list_finds_each_stretch_of_time, setup, teardown),
        cmocka_unit_test_setup_teardown(list_goes_on_from_any_place, setup, teardown),
        cmocka_unit_test_setup_teardown(list_of_nothing_is_empty, setup, teardown),
        cmocka_unit_test_setup_teardown(list_page_looks_at_so_many, setup, teardown),
        cmocka_unit_test(list_fits_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
