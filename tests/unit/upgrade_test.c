/* upgrade_test - stores of other layouts, in their odd cases; tests/homes has real ones. */
#include "store_each.h"

#include "store/executions.h"
#include "store/key.h"
#include "store/open.h"
#include "store/pipelines.h"
#include "store/queue.h"
#include "store/upgrade.h"

#define MANY 3000
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct uuid id_of(uint32_t n)
{
    struct uuid id = {{0}};
    memcpy(id.bytes, &n, sizeof n);
    return id;
}

/* As layout 1 has it: an entry of `due` has no record. */
static void put_waiting(struct store_txn *txn, uint32_t n, uint64_t queue)
{
    struct execution execution = {.id = id_of(n),
        .cid = id_of(n),
        .queue = queue,
        .due_ms = n + 1,
        .pipeline_id = span_str("p"),
        .pipeline_name = span_str("p"),
        .event_type = span_str("e")};
    struct key key = key_of_seq(n + 1);
    key_uuid(&key, &execution.id);
    assert_int_equal(executions_create(txn, &execution), ERR_OK);
    assert_int_equal(store_put(txn, TABLE_DUE, key_span(&key), SPAN_NONE), ERR_OK);
}

static void set_layout(struct store_txn *txn, uint64_t layout)
{
    assert_int_equal(store_set_counter(txn, STORE_LAYOUT_COUNTER, layout), ERR_OK);
}

/* What is written so far becomes the store that is opened. */
static enum err reopen(struct upgrade *upgrade)
{
    temp_store_commit(&t);
    store_close(t.store);
    t.store = NULL;
    return upgrade_open(&t.home, NULL, &t.store, upgrade);
}

static uint64_t layout_now(void)
{
    struct store *store;
    uint64_t layout;
    assert_int_equal(open_env(&t.home, STORE_READ_ONLY, &store), ERR_OK);
    assert_int_equal(open_layout(store, &layout), ERR_OK);
    store_close(store);
    return layout;
}

static void store_of_this_layout_is_only_opened(void **state)
{
    struct upgrade upgrade;
    (void)state;
    (void)temp_store_begin(&t);
    assert_int_equal(reopen(&upgrade), ERR_OK);
    assert_int_equal(upgrade.from, STORE_LAYOUT);
    assert_int_equal(upgrade.to, STORE_LAYOUT);
    assert_string_equal(upgrade.copy, "");
}

static void expect_queue(
    int64_t due_ms, uint64_t queue, const struct uuid *execution, void *context)
{
    uint32_t *n = context;
    struct uuid expected = id_of(*n);
    assert_int_equal(due_ms, *n + 1);
    assert_int_equal(queue, UINT64_MAX - *n);
    assert_true(uuid_eq(execution, &expected));
    ++*n;
}

static void every_wait_gets_its_queue(void **state)
{
    struct upgrade upgrade;
    uint32_t seen = 0;
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    for (uint32_t n = 0; n < MANY; n++)
        put_waiting(txn, n, UINT64_MAX - n);
    set_layout(txn, 1);
    assert_int_equal(reopen(&upgrade), ERR_OK);
    assert_int_equal(upgrade.from, 1);
    assert_int_equal(upgrade.to, STORE_LAYOUT);
    assert_int_equal(due_each(temp_store_begin(&t), expect_queue, &seen), ERR_OK);
    assert_int_equal(seen, MANY);
}

#define STEPS \
    "\"name\": \"n\", \"steps\": [{\"name\": \"a\", \"script\": \"a\", \"options\": " \
    "{\"timeout\": 3}}]"

/* What layout 2 called timeout is the time of an attempt, and every other byte stays. */
static void time_limit_gets_its_name(void **state)
{
    static const struct {
        const char *before, *after;
    } rows[] = {
        {"{" STEPS "}", "{" STEPS "}"},
        {"{" STEPS ", \"options\": {}}", "{" STEPS ", \"options\": {}}"},
        {"{" STEPS ", \"options\": {\"timeout\": 1.50}}",
            "{" STEPS ", \"options\": {\"attempt_timeout\": 1.50}}"},
        {"{\"options\":{\"ordered\":true , \"timeout\" :\n5,\"env\":{\"timeout\":\"x\"}}," STEPS
         "}",
            "{\"options\":{\"ordered\":true , \"attempt_timeout\" "
            ":\n5,\"env\":{\"timeout\":\"x\"}}," STEPS "}"},
        {"{\"opt\\u0069ons\":{\"t\\u0069meout\":5}," STEPS "}",
            "{\"opt\\u0069ons\":{\"attempt_timeout\":5}," STEPS "}"},
        {"{\"options\":{\"scale\":{\"idle_timeout\":5}}," STEPS "}",
            "{\"options\":{\"scale\":{\"idle_timeout\":5}}," STEPS "}"},
    };
    struct upgrade upgrade;
    struct store_txn *txn = temp_store_begin(&t);
    const char *taken;
    uint32_t version;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char id[] = {(char)('a' + i), 0};
        assert_int_equal(pipelines_create(txn, span_str(id), span_str(id), span_str(rows[i].before),
                             7, &version, &taken),
            ERR_OK);
    }
    set_layout(txn, 2);
    assert_int_equal(reopen(&upgrade), ERR_OK);
    txn = temp_store_begin(&t);
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char id[] = {(char)('a' + i), 0};
        struct span definition;
        int64_t created_ms;
        assert_int_equal(
            pipelines_version(txn, span_str(id), 1, &version, &created_ms, &definition), ERR_OK);
        assert_true(span_eq_str(definition, rows[i].after));
        assert_int_equal(created_ms, 7);
    }
}

static void damaged_store_stays_as_it_is(void **state)
{
    static const uint8_t key[24] = {9};
    struct upgrade upgrade;
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    put_waiting(txn, 1, 7);
    assert_int_equal(store_put(txn, TABLE_DUE, span_of(key, sizeof key), SPAN_NONE), ERR_OK);
    set_layout(txn, 1);
    assert_int_equal(reopen(&upgrade), ERR_CORRUPT);
    assert_null(t.store);
    assert_int_equal(layout_now(), 1);
    assert_true(temp_logged(&t.temp, "cannot be brought from layout 1 to 2 (corrupt)"));
    assert_true(temp_logged(&t.temp, upgrade.copy));
}

static void other_layouts_are_refused(void **state)
{
    struct upgrade upgrade;
    (void)state;
    set_layout(temp_store_begin(&t), STORE_LAYOUT + 1);
    assert_int_equal(reopen(&upgrade), ERR_CONFLICT);
    assert_int_equal(layout_now(), STORE_LAYOUT + 1);
    assert_true(temp_logged(&t.temp, "of a newer version"));
    assert_string_equal(upgrade.copy, "");
}

static void store_cut_short_is_refused(void **state)
{
    struct upgrade upgrade;
    (void)state;
    set_layout(temp_store_begin(&t), 0);
    assert_int_equal(reopen(&upgrade), ERR_NOTFOUND);
    assert_true(temp_logged(&t.temp, "was not made to its end"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(store_of_this_layout_is_only_opened),
        TEST(every_wait_gets_its_queue),
        TEST(time_limit_gets_its_name),
        TEST(damaged_store_stays_as_it_is),
        TEST(other_layouts_are_refused),
        TEST(store_cut_short_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
