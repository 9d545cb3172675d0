/* triggers_test - generations as intervals of the event log. */
#include "store_each.h"

#include "store/events.h"
#include "store/pipelines.h"
#include "store/routing.h"
#include "store/ticks.h"
#include "store/triggers.h"

#define PIPELINE(options) \
    "{\"name\":\"p\",\"steps\":[{\"name\":\"a\",\"script\":\"a\"}],\"options\":{" options "}}"
#define ON_A PIPELINE("\"event\":\"a\"")
#define ON_B PIPELINE("\"event\":\"b\"")
#define EARLIEST PIPELINE("\"event\":\"a\",\"initial_offset\":\"earliest\"")
#define SILENT PIPELINE("")

static void create(struct store_txn *txn, const char *id, const char *definition)
{
    const char *taken;
    uint32_t version;
    assert_int_equal(pipelines_create(txn, span_str(id), span_str(id), span_str(definition), 1,
                         &version, &taken),
        ERR_OK);
}

static void replace(struct store_txn *txn, const char *id, const char *definition)
{
    uint32_t version;
    assert_int_equal(
        pipelines_replace(txn, span_str(id), 0, span_str(definition), 1, &version), ERR_OK);
}

static uint64_t append(struct store_txn *txn, const char *type)
{
    struct event event = {.cid = uuid_new(), .source = span_str("s"), .type = span_str(type)};
    assert_int_equal(events_append(txn, &event), ERR_OK);
    return event.seq;
}

static void append_many(struct store_txn *txn, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        append(txn, "a");
}

static enum err start(struct store_txn *txn, const char *id, uint32_t version)
{
    return triggers_start(txn, span_str(id), version, 1000);
}

static uint64_t changes(struct store_txn *txn)
{
    uint64_t n = 0;
    assert_int_equal(routing_changes(txn, &n), ERR_OK);
    return n;
}

/* All generations, copied: the newest last of each pipeline. */
static struct {
    struct trigger triggers[64];
    struct buf records[64];
    size_t n;
} all;

static bool note(const struct trigger *trigger, void *context)
{
    (void)context;
    assert_true(all.n < COUNT(all.triggers));
    buf_clear(&all.records[all.n]);
    trigger_encode(trigger, &all.records[all.n]);
    assert_int_equal(trigger_decode(buf_span(&all.records[all.n]), &all.triggers[all.n]), ERR_OK);
    all.n++;
    return true;
}

static void read_all(struct store_txn *txn)
{
    all.n = 0;
    assert_int_equal(triggers_each(txn, SPAN_NONE, note, NULL), ERR_OK);
}

static int forget_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(all.records); i++)
        buf_done(&all.records[i]);
    return 0;
}

static void check_interval(size_t i, uint64_t from, uint64_t until)
{
    if (all.triggers[i].from_seq != from || all.triggers[i].until_seq != until)
        fail_msg("generation %zu covers %llu to %llu, not %llu to %llu", i,
            (unsigned long long)all.triggers[i].from_seq,
            (unsigned long long)all.triggers[i].until_seq, (unsigned long long)from,
            (unsigned long long)until);
}

static void trigger_starts_at_the_end_of_the_log(void **state)
{
    struct trigger trigger;
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    create(txn, "x", ON_A);
    assert_int_equal(triggers_get(txn, span_str("x"), &trigger), ERR_NOTFOUND);
    assert_int_equal(changes(txn), 0);
    append_many(txn, 3);
    assert_int_equal(start(txn, "x", 0), ERR_OK);
    txn = temp_store_next(&t);
    assert_int_equal(triggers_get(txn, span_str("x"), &trigger), ERR_OK);
    assert_true(span_eq_str(trigger.pipeline_id, "x"));
    assert_true(span_eq_str(trigger.pipeline_name, "p"));
    assert_true(span_eq_str(trigger.topic, "a"));
    assert_int_equal(trigger.pipeline_version, 1);
    assert_int_equal(trigger.from_seq, 4);
    assert_int_equal(trigger.until_seq, 0);
    assert_true(trigger.backfill_seq >= trigger.backfill_end); /* nothing older was asked for */
    assert_int_equal(trigger.started_ms, 1000);
    assert_true(trigger.queue > 0 && trigger.generation > 0);
    assert_int_equal(changes(txn), 1);
}

static const struct {
    const char *id;
    uint32_t version;
    enum err err;
    uint32_t pinned;
} start_cases[] = {
    {"none", 0, ERR_NOTFOUND, 0}, {"x", 3, ERR_NOTFOUND, 0}, {"x", UINT32_MAX, ERR_NOTFOUND, 0},
    {"silent", 0, ERR_INVALID, 0}, {"x", 2, ERR_INVALID, 0}, /* that version has no event option */
    {"x", 1, ERR_OK, 1}, {"x", 4, ERR_OK, 4}, {"x", 0, ERR_OK, 5}, /* the latest */
};

static void trigger_is_pinned_to_a_version(void **state)
{
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    create(txn, "silent", SILENT);
    create(txn, "x", ON_A);
    for (size_t i = 0; i < COUNT(start_cases); i++) {
        struct trigger trigger;
        uint64_t before = changes(txn);
        if (i == 4)
            replace(txn, "x", SILENT);
        if (i == 6) {
            replace(txn, "x", ON_B);
            replace(txn, "x", ON_B);
            replace(txn, "x", ON_A);
        }
        assert_int_equal(start(txn, start_cases[i].id, start_cases[i].version), start_cases[i].err);
        enum err err = triggers_get(txn, span_str(start_cases[i].id), &trigger);
        if (start_cases[i].err) {
            assert_int_equal(err, ERR_NOTFOUND);
            assert_int_equal(changes(txn), before);
        } else {
            assert_int_equal(err, ERR_OK);
            assert_int_equal(trigger.pipeline_version, start_cases[i].pinned);
            assert_true(changes(txn) > before);
        }
    }
}

/* Replaced at one place in the log: each event belongs to one side, and none to neither. */
static void replacing_cuts_the_log_in_one_place(void **state)
{
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    create(txn, "x", ON_A);
    assert_int_equal(start(txn, "x", 0), ERR_OK);
    append_many(txn, 5); /* not yet routed */
    replace(txn, "x", ON_B);
    assert_int_equal(start(txn, "x", 0), ERR_OK);
    append_many(txn, 2);
    assert_int_equal(start(txn, "x", 1), ERR_OK); /* back again */
    assert_int_equal(start(txn, "x", 0), ERR_OK); /* at once: a generation that covers nothing */
    append_many(txn, 1);
    txn = temp_store_next(&t);
    read_all(txn);
    assert_int_equal(all.n, 4);
    check_interval(0, 1, 6);
    check_interval(1, 6, 8);
    check_interval(2, 8, 8);
    check_interval(3, 8, 0);
    assert_true(span_eq_str(all.triggers[0].topic, "a"));
    assert_true(span_eq_str(all.triggers[1].topic, "b"));
    assert_true(span_eq_str(all.triggers[2].topic, "a"));
    assert_true(span_eq_str(all.triggers[3].topic, "b"));
    for (size_t i = 1; i < all.n; i++) {
        assert_int_equal(all.triggers[i].queue, all.triggers[0].queue); /* what waits goes on */
        assert_true(all.triggers[i].generation > all.triggers[i - 1].generation);
    }
}

static void stopping_ends_the_generation(void **state)
{
    struct trigger trigger;
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    create(txn, "x", ON_A);
    assert_int_equal(triggers_stop(txn, span_str("x")), ERR_NOTFOUND);
    assert_int_equal(changes(txn), 0);
    assert_int_equal(start(txn, "x", 0), ERR_OK);
    append_many(txn, 2);
    assert_int_equal(triggers_stop(txn, span_str("x")), ERR_OK);
    uint64_t after = changes(txn);
    assert_int_equal(triggers_stop(txn, span_str("x")), ERR_NOTFOUND);
    assert_int_equal(changes(txn), after);
    assert_int_equal(triggers_get(txn, span_str("x"), &trigger), ERR_NOTFOUND);
    append_many(txn, 3); /* nobody's */
    assert_int_equal(start(txn, "x", 0), ERR_OK);
    append_many(txn, 1);
    read_all(txn);
    assert_int_equal(all.n, 2);
    check_interval(0, 1, 3);
    check_interval(1, 6, 0);
    /* What waited for the stopped one is skipped, so the new one has a queue of its own. */
    assert_int_not_equal(all.triggers[0].queue, all.triggers[1].queue);
    assert_int_equal(triggers_get(txn, span_str("x"), &trigger), ERR_OK);
    assert_int_equal(trigger.generation, all.triggers[1].generation);
}

static void earliest_asks_for_all_that_is_kept(void **state)
{
    struct trigger trigger;
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    create(txn, "x", EARLIEST);
    create(txn, "y", EARLIEST);
    assert_int_equal(start(txn, "y", 0), ERR_OK); /* of an empty log: nothing */
    assert_int_equal(triggers_get(txn, span_str("y"), &trigger), ERR_OK);
    assert_int_equal(trigger.from_seq, 1);
    assert_true(trigger.backfill_seq >= trigger.backfill_end);
    append_many(txn, 5);
    /* The two oldest are no longer kept. */
    for (uint8_t seq = 1; seq <= 2; seq++) {
        uint8_t key[8] = {0, 0, 0, 0, 0, 0, 0, seq};
        assert_int_equal(store_del(txn, TABLE_EVENTS, span_of(key, sizeof key)), ERR_OK);
    }
    assert_int_equal(start(txn, "x", 0), ERR_OK);
    assert_int_equal(triggers_get(txn, span_str("x"), &trigger), ERR_OK);
    assert_int_equal(trigger.from_seq, 6);
    assert_int_equal(trigger.backfill_seq, 3);
    assert_int_equal(trigger.backfill_end, 6); /* together with what follows: each event once */
}

static void backfill_goes_on_over_a_replacement(void **state)
{
    struct trigger trigger;
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    create(txn, "x", EARLIEST);
    append_many(txn, 9);
    assert_int_equal(start(txn, "x", 0), ERR_OK);
    assert_int_equal(triggers_get(txn, span_str("x"), &trigger), ERR_OK);
    uint64_t before = changes(txn);
    assert_int_equal(triggers_set_backfill(txn, &trigger, 4), ERR_OK);
    assert_int_equal(changes(txn), before); /* the dispatcher's own note */
    txn = temp_store_next(&t);
    assert_int_equal(triggers_get(txn, span_str("x"), &trigger), ERR_OK);
    assert_int_equal(trigger.backfill_seq, 4);
    assert_int_equal(trigger.backfill_end, 10);
    append_many(txn, 2);
    assert_int_equal(start(txn, "x", 0), ERR_OK);
    append_many(txn, 2);
    read_all(txn);
    /* Between both generations, every event is looked at exactly once. */
    unsigned looks[16] = {0};
    for (size_t i = 0; i < all.n; i++) {
        const struct trigger *g = &all.triggers[i];
        for (uint64_t seq = 1; seq <= 13; seq++)
            looks[seq] += (seq >= g->backfill_seq && seq < g->backfill_end) ||
                          (seq >= g->from_seq && (!g->until_seq || seq < g->until_seq));
    }
    for (uint64_t seq = 1; seq <= 13; seq++)
        assert_int_equal(looks[seq], seq >= 4);

    /* Stopped, it asks for nothing more. */
    assert_int_equal(triggers_stop(txn, span_str("x")), ERR_OK);
    read_all(txn);
    for (size_t i = 0; i < all.n; i++)
        assert_true(all.triggers[i].backfill_seq >= all.triggers[i].backfill_end);
}

/* Neighbours among the keys: one id is the beginning of another. */
static void triggers_of_pipelines_do_not_mix(void **state)
{
    static const char *const ids[] = {"a", "aa", "b"};
    struct trigger trigger;
    char long_id[300];
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    memset(long_id, 'a', sizeof long_id);
    for (size_t i = 0; i < COUNT(ids); i++)
        create(txn, ids[i], ON_A);
    assert_int_equal(start(txn, "aa", 0), ERR_OK);
    assert_int_equal(triggers_get(txn, span_str("a"), &trigger), ERR_NOTFOUND);
    assert_int_equal(triggers_get(txn, span_str("b"), &trigger), ERR_NOTFOUND);
    assert_int_equal(triggers_get(txn, SPAN_NONE, &trigger), ERR_NOTFOUND);
    assert_int_equal(triggers_get(txn, span_of(long_id, 300), &trigger), ERR_NOTFOUND);
    assert_int_equal(start(txn, "a", 0), ERR_OK);
    assert_int_equal(start(txn, "aa", 0), ERR_OK);
    assert_int_equal(triggers_stop(txn, span_str("a")), ERR_OK);
    assert_int_equal(triggers_get(txn, span_str("aa"), &trigger), ERR_OK);
    assert_true(span_eq_str(trigger.pipeline_id, "aa"));
    assert_int_equal(triggers_get(txn, span_str("a"), &trigger), ERR_NOTFOUND);
    read_all(txn);
    assert_int_equal(all.n, 3);
    assert_true(span_eq_str(all.triggers[0].pipeline_id, "a"));
    assert_true(span_eq_str(all.triggers[1].pipeline_id, "aa"));
    assert_int_not_equal(all.triggers[0].queue, all.triggers[1].queue);
}

static void ended_generations_stay_until_they_are_dropped(void **state)
{
    struct trigger trigger;
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    create(txn, "x", ON_A);
    assert_int_equal(start(txn, "x", 0), ERR_OK);
    assert_int_equal(start(txn, "x", 0), ERR_OK);
    read_all(txn);
    assert_int_equal(all.n, 2);
    assert_int_equal(triggers_drop(txn, &all.triggers[0]), ERR_OK);
    assert_int_equal(triggers_drop(txn, &all.triggers[0]), ERR_NOTFOUND);
    assert_int_equal(triggers_get(txn, span_str("x"), &trigger), ERR_OK);
    assert_int_equal(triggers_stop(txn, span_str("x")), ERR_OK);
    read_all(txn);
    assert_int_equal(all.n, 1);
    assert_int_equal(triggers_drop(txn, &all.triggers[0]), ERR_OK);
    /* Numbers are not used again. */
    uint64_t generation = all.triggers[0].generation, queue = all.triggers[0].queue;
    assert_int_equal(start(txn, "x", 0), ERR_OK);
    assert_int_equal(triggers_get(txn, span_str("x"), &trigger), ERR_OK);
    assert_true(trigger.generation > generation);
    assert_true(trigger.queue > queue);
}

static void trigger_outlives_its_pipelines_next_versions(void **state)
{
    struct trigger trigger;
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    create(txn, "x", ON_A);
    assert_int_equal(start(txn, "x", 0), ERR_OK);
    replace(txn, "x", ON_B);
    assert_int_equal(triggers_get(txn, span_str("x"), &trigger), ERR_OK);
    assert_true(span_eq_str(trigger.topic, "a"));
    assert_int_equal(trigger.pipeline_version, 1);
}

/*
 * Any order of starting, replacing, stopping and publishing: an event belongs to
 * the one generation that was live when it was accepted, with the topic of then.
 */
static void generations_are_intervals_of_the_log(void **state)
{
    const char *topic_at[400] = {NULL};
    uint64_t last = 0, random = 12345;
    const char *live = NULL;
    unsigned generations = 0;
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    create(txn, "w", ON_A); /* neighbours that change as well */
    create(txn, "x", ON_A);
    replace(txn, "x", ON_B);
    create(txn, "x-", ON_B);
    for (int i = 0; i < 300 && generations < 50; i++) {
        random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
        unsigned choice = (unsigned)(random >> 33) % 16;
        if (choice < 10) {
            last = append(txn, "a");
            topic_at[last] = live;
        } else if (choice < 12) {
            assert_int_equal(start(txn, "x", choice - 9), ERR_OK);
            live = choice - 9 == 1 ? "a" : "b";
            generations++;
        } else if (choice == 12) {
            assert_int_equal(triggers_stop(txn, span_str("x")), live ? ERR_OK : ERR_NOTFOUND);
            live = NULL;
        } else if (choice == 13) {
            (void)!start(txn, "w", 0);
            (void)!triggers_stop(txn, span_str("w"));
            read_all(txn);
            for (size_t k = 0; k < all.n; k++)
                if (!span_eq_str(all.triggers[k].pipeline_id, "x"))
                    assert_int_equal(triggers_drop(txn, &all.triggers[k]), ERR_OK);
        } else {
            txn = temp_store_next(&t);
        }
    }
    assert_true(last > 50 && generations > 10);
    read_all(txn);
    assert_int_equal(all.n, generations);
    for (uint64_t seq = 1; seq <= last; seq++) {
        const struct trigger *owner = NULL;
        for (size_t i = 0; i < all.n; i++) {
            const struct trigger *g = &all.triggers[i];
            if (seq >= g->from_seq && (!g->until_seq || seq < g->until_seq)) {
                assert_null(owner);
                owner = g;
            }
        }
        assert_int_equal(owner != NULL, topic_at[seq] != NULL);
        if (owner)
            assert_true(span_eq_str(owner->topic, topic_at[seq]));
    }
}

/* It goes on over replacements, and goes with the last generation of its queue. */
static void tick_ends_with_its_queue(void **state)
{
    const struct tick noted = {1, 2};
    struct tick tick;
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    create(txn, "x", ON_A);
    assert_int_equal(start(txn, "x", 0), ERR_OK);
    assert_int_equal(start(txn, "x", 0), ERR_OK);
    read_all(txn);
    uint64_t queue = all.triggers[0].queue;
    assert_int_equal(ticks_put(txn, queue, &noted), ERR_OK);
    assert_int_equal(triggers_drop(txn, &all.triggers[0]), ERR_OK);
    assert_int_equal(ticks_get(txn, queue, &tick), ERR_OK);
    assert_int_equal(triggers_stop(txn, span_str("x")), ERR_OK);
    assert_int_equal(start(txn, "x", 0), ERR_OK); /* anew, in a queue of its own */
    read_all(txn);
    assert_int_equal(ticks_put(txn, all.triggers[1].queue, &noted), ERR_OK);
    assert_int_equal(triggers_drop(txn, &all.triggers[0]), ERR_OK);
    assert_int_equal(ticks_get(txn, queue, &tick), ERR_NOTFOUND);
    assert_int_equal(ticks_get(txn, all.triggers[1].queue, &tick), ERR_OK);
}

static void damaged_records_are_corrupt(void **state)
{
    static const uint8_t key[] = {'x', 0, 0, 0, 0, 0, 0, 0, 0, 9};
    struct trigger trigger;
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    create(txn, "x", ON_A);
    assert_int_equal(
        store_put(txn, TABLE_TRIGGERS, span_of(key, sizeof key), span_str("\1?")), ERR_OK);
    assert_int_equal(triggers_get(txn, span_str("x"), &trigger), ERR_CORRUPT);
    assert_int_equal(triggers_stop(txn, span_str("x")), ERR_CORRUPT);
    assert_int_equal(start(txn, "x", 0), ERR_CORRUPT);
    assert_int_equal(triggers_each(txn, SPAN_NONE, note, NULL), ERR_CORRUPT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(trigger_starts_at_the_end_of_the_log),
        TEST(trigger_is_pinned_to_a_version),
        TEST(replacing_cuts_the_log_in_one_place),
        TEST(stopping_ends_the_generation),
        TEST(earliest_asks_for_all_that_is_kept),
        TEST(backfill_goes_on_over_a_replacement),
        TEST(triggers_of_pipelines_do_not_mix),
        TEST(ended_generations_stay_until_they_are_dropped),
        TEST(trigger_outlives_its_pipelines_next_versions),
        TEST(generations_are_intervals_of_the_log),
        TEST(tick_ends_with_its_queue),
        TEST(damaged_records_are_corrupt),
    };
    return cmocka_run_group_tests(tests, NULL, forget_all);
}
