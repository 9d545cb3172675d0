/* pipelines_test - pipelines and their versions: what is taken, what guards them, what is left. */
#include "store_each.h"

#include "model/limits.h"
#include "store/actions.h"
#include "store/executions.h"
#include "store/pipelines.h"
#include "store/routing.h"
#include "store/triggers.h"

#define DEFINITION(name) \
    "{\"name\":\"" name "\",\"steps\":[{\"name\":\"a\",\"script\":\"a\"}]," \
    "\"options\":{\"event\":\"t\"}}"

static enum err create(struct store_txn *txn, const char *id, const char *name, int64_t now_ms)
{
    const char *taken;
    uint32_t version;
    return pipelines_create(
        txn, span_str(id), span_str(name), span_str(DEFINITION("p")), now_ms, &version, &taken);
}

static void pipeline_is_found_by_id_and_name(void **state)
{
    struct pipeline_info info;
    struct span id, definition;
    uint32_t version = 0;
    int64_t created_ms = 0;
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    assert_int_equal(pipelines_get(txn, span_str("x"), &info), ERR_NOTFOUND);
    assert_int_equal(pipelines_by_name(txn, span_str("p"), &id), ERR_NOTFOUND);
    assert_int_equal(
        pipelines_version(txn, span_str("x"), 0, &version, &created_ms, &definition), ERR_NOTFOUND);
    assert_int_equal(create(txn, "x", "p", 1000), ERR_OK);
    txn = temp_store_next(&t);
    assert_int_equal(pipelines_get(txn, span_str("x"), &info), ERR_OK);
    assert_true(span_eq_str(info.id, "x"));
    assert_true(span_eq_str(info.name, "p"));
    assert_int_equal(info.version, 1);
    assert_int_equal(info.created_ms, 1000);
    assert_int_equal(info.updated_ms, 1000);
    assert_int_equal(pipelines_by_name(txn, span_str("p"), &id), ERR_OK);
    assert_true(span_eq_str(id, "x"));
    assert_int_equal(
        pipelines_version(txn, span_str("x"), 0, &version, &created_ms, &definition), ERR_OK);
    assert_int_equal(version, 1);
    assert_int_equal(created_ms, 1000);
    assert_true(span_eq_str(definition, DEFINITION("p")));
}

static const struct {
    const char *id, *name;
    enum err err;
    const char *taken;
} create_cases[] = {
    {"x", "p", ERR_OK, NULL},
    {"x", "q", ERR_CONFLICT, "id"},
    {"y", "p", ERR_CONFLICT, "name"},
    {"x", "p", ERR_CONFLICT, "id"},
    {"p", "x", ERR_OK, NULL}, /* ids and names do not mix */
    {"X", "xx", ERR_OK, NULL},
    {"y", "q", ERR_OK, NULL},
};

static void create_says_what_is_taken(void **state)
{
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    for (size_t i = 0; i < COUNT(create_cases); i++) {
        const char *taken = NULL;
        uint32_t version = 0;
        size_t before = temp_store_count(txn, TABLE_PIPELINES);
        assert_int_equal(pipelines_create(txn, span_str(create_cases[i].id),
                             span_str(create_cases[i].name), span_str("{}"), 1, &version, &taken),
            create_cases[i].err);
        assert_int_equal(version, create_cases[i].err == ERR_OK);
        if (create_cases[i].taken)
            assert_string_equal(taken, create_cases[i].taken);
        bool made = create_cases[i].err == ERR_OK;
        assert_int_equal(temp_store_count(txn, TABLE_PIPELINES), before + made);
        assert_int_equal(temp_store_count(txn, TABLE_PIPELINE_NAMES), before + made);
        assert_int_equal(temp_store_count(txn, TABLE_PIPELINE_VERSIONS), before + made);
    }
}

static void versions_count_up_and_never_change(void **state)
{
    struct pipeline_info info;
    struct span definition;
    uint32_t version = 0;
    int64_t created_ms;
    char text[32];
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    assert_int_equal(create(txn, "x", "p", 1000), ERR_OK);
    assert_int_equal(create(txn, "x0", "other", 1), ERR_OK); /* a neighbour among the keys */
    for (uint32_t v = 2; v <= 300; v++) {
        snprintf(text, sizeof text, "{\"v\":%u}", v);
        assert_int_equal(
            pipelines_replace(txn, span_str("x"), 0, span_str(text), 1000 + v, &version), ERR_OK);
        assert_int_equal(version, v);
    }
    txn = temp_store_next(&t);
    for (uint32_t v = 2; v <= 300; v++) {
        snprintf(text, sizeof text, "{\"v\":%u}", v);
        assert_int_equal(
            pipelines_version(txn, span_str("x"), v, &version, &created_ms, &definition), ERR_OK);
        assert_int_equal(version, v);
        assert_int_equal(created_ms, 1000 + v);
        assert_true(span_eq_str(definition, text));
    }
    assert_int_equal(
        pipelines_version(txn, span_str("x"), 1, &version, &created_ms, &definition), ERR_OK);
    assert_true(span_eq_str(definition, DEFINITION("p")));
    assert_int_equal(
        pipelines_version(txn, span_str("x"), 0, &version, &created_ms, &definition), ERR_OK);
    assert_int_equal(version, 300);
    version = 7;
    assert_int_equal(pipelines_version(txn, span_str("x"), 301, &version, &created_ms, &definition),
        ERR_NOTFOUND);
    assert_int_equal(pipelines_version(txn, span_str("x0"), 2, &version, &created_ms, &definition),
        ERR_NOTFOUND);
    assert_int_equal(version, 7);
    assert_int_equal(pipelines_get(txn, span_str("x"), &info), ERR_OK);
    assert_true(span_eq_str(info.name, "p"));
    assert_int_equal(info.version, 300);
    assert_int_equal(info.created_ms, 1000);
    assert_int_equal(info.updated_ms, 1300);
}

static const struct {
    const char *id;
    uint32_t if_version;
    enum err err;
} replace_cases[] = {
    {"x", 0, ERR_OK},
    {"x", 2, ERR_OK},
    {"x", 2, ERR_CONFLICT}, /* it is 3 now: somebody was quicker */
    {"x", 4, ERR_CONFLICT},
    {"x", UINT32_MAX, ERR_CONFLICT},
    {"x", 3, ERR_OK},
    {"y", 0, ERR_NOTFOUND},
    {"y", 1, ERR_NOTFOUND},
};

static void replace_is_guarded_by_the_version(void **state)
{
    uint32_t expected = 1;
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    assert_int_equal(create(txn, "x", "p", 1000), ERR_OK);
    for (size_t i = 0; i < COUNT(replace_cases); i++) {
        uint32_t version = 99;
        assert_int_equal(pipelines_replace(txn, span_str(replace_cases[i].id),
                             replace_cases[i].if_version, span_str("{}"), 2000, &version),
            replace_cases[i].err);
        expected += replace_cases[i].err == ERR_OK;
        assert_int_equal(version, replace_cases[i].err ? 99 : expected);
    }
    assert_int_equal(temp_store_count(txn, TABLE_PIPELINE_VERSIONS), 4);
}

struct listed {
    char text[256];
    size_t n, stop_at;
};

static bool note(const struct pipeline_info *info, void *context)
{
    struct listed *listed = context;
    size_t len = strlen(listed->text);
    snprintf(listed->text + len, sizeof listed->text - len, "%.*s=%.*s ", (int)info->id.len,
        (const char *)info->id.data, (int)info->name.len, (const char *)info->name.data);
    return ++listed->n != listed->stop_at;
}

static const struct {
    const char *after;
    size_t stop_at;
    const char *found;
} list_cases[] = {
    {"", 0, "a=3 b=1 ba=4 c=2 "},
    {"", 1, "a=3 "},
    {"", 2, "a=3 b=1 "},
    {"a", 0, "b=1 ba=4 c=2 "},
    {"b", 0, "ba=4 c=2 "},
    {"aa", 0, "b=1 ba=4 c=2 "}, /* one that is gone meanwhile */
    {"ba", 1, "c=2 "},
    {"c", 0, ""},
    {"zzz", 0, ""},
};

static void list_goes_by_id(void **state)
{
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    for (size_t i = 0; i < COUNT(list_cases); i++) {
        struct listed listed = {.n = 0};
        assert_int_equal(pipelines_list(txn, span_str(list_cases[i].after), note, &listed), ERR_OK);
        assert_int_equal(listed.n, 0);
    }
    assert_int_equal(create(txn, "b", "1", 1), ERR_OK);
    assert_int_equal(create(txn, "c", "2", 1), ERR_OK);
    assert_int_equal(create(txn, "a", "3", 1), ERR_OK);
    assert_int_equal(create(txn, "ba", "4", 1), ERR_OK);
    for (size_t i = 0; i < COUNT(list_cases); i++) {
        struct listed listed = {.stop_at = list_cases[i].stop_at};
        assert_int_equal(pipelines_list(txn, span_str(list_cases[i].after), note, &listed), ERR_OK);
        assert_string_equal(listed.text, list_cases[i].found);
    }
}

static void add_execution(
    struct store_txn *txn, unsigned n, const char *pipeline, enum status status)
{
    struct execution execution = {
        .id = uuid_make(1000 + n, 0, n),
        .status = status,
        .pipeline_id = span_str(pipeline),
        .pipeline_name = span_str("n"),
    };
    assert_int_equal(executions_create(txn, &execution), ERR_OK);
}

static void delete_takes_all_versions_and_nothing_else(void **state)
{
    const char *why = NULL;
    struct pipeline_info info;
    struct span id, definition;
    uint32_t version;
    int64_t created_ms;
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    assert_int_equal(actions_delete_pipeline(txn, span_str("x"), &why), ERR_NOTFOUND);
    assert_int_equal(create(txn, "x", "p", 1), ERR_OK);
    assert_int_equal(create(txn, "xx", "q", 1), ERR_OK);
    for (int i = 0; i < 5; i++)
        assert_int_equal(
            pipelines_replace(txn, span_str("x"), 0, span_str("{}"), 2, &version), ERR_OK);
    add_execution(txn, 1, "x", STATUS_COMPLETED);
    add_execution(txn, 2, "x", STATUS_PENDING);
    add_execution(txn, 3, "xx", STATUS_IN_PROGRESS);
    txn = temp_store_next(&t);
    assert_int_equal(actions_delete_pipeline(txn, span_str("x"), &why), ERR_OK);
    txn = temp_store_next(&t);
    assert_int_equal(pipelines_get(txn, span_str("x"), &info), ERR_NOTFOUND);
    assert_int_equal(pipelines_by_name(txn, span_str("p"), &id), ERR_NOTFOUND);
    for (uint32_t v = 0; v <= 6; v++)
        assert_int_equal(
            pipelines_version(txn, span_str("x"), v, &version, &created_ms, &definition),
            ERR_NOTFOUND);
    assert_int_equal(temp_store_count(txn, TABLE_PIPELINES), 1);
    assert_int_equal(temp_store_count(txn, TABLE_PIPELINE_NAMES), 1);
    assert_int_equal(temp_store_count(txn, TABLE_PIPELINE_VERSIONS), 1);
    assert_int_equal(temp_store_count(txn, TABLE_EXECUTIONS), 3); /* history outlives it */
    assert_int_equal(pipelines_get(txn, span_str("xx"), &info), ERR_OK);

    /* Both id and name are free again, and versions go on. */
    for (uint32_t next = 7; next < 9; next++) {
        assert_int_equal(create(txn, "x", "p", 5), ERR_OK);
        assert_int_equal(pipelines_get(txn, span_str("x"), &info), ERR_OK);
        assert_int_equal(info.version, next);
        assert_int_equal(temp_store_count(txn, TABLE_PIPELINE_VERSIONS), 2);
        assert_int_equal(temp_store_count(txn, TABLE_DELETED_PIPELINES), 0);
        assert_int_equal(actions_delete_pipeline(txn, span_str("x"), &why), ERR_OK);
        assert_int_equal(temp_store_count(txn, TABLE_PIPELINE_VERSIONS), 1);
    }
    assert_int_equal(create(txn, "y", "y", 5), ERR_OK); /* another's do not */
    assert_int_equal(pipelines_get(txn, span_str("y"), &info), ERR_OK);
    assert_int_equal(info.version, 1);
}

static void delete_takes_the_queue_of_runs(void **state)
{
    const char *why = NULL;
    struct action_run run = {.pipeline_id = span_str("x"), .payload = span_str("1")};
    uint64_t before, after;
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    assert_int_equal(create(txn, "x", "p", 1), ERR_OK);
    assert_int_equal(actions_run(txn, &run, 1), ERR_OK);
    assert_int_equal(temp_store_count(txn, TABLE_RUN_QUEUES), 1);
    assert_int_equal(routing_changes(txn, &before), ERR_OK);
    assert_int_equal(actions_delete_pipeline(txn, span_str("x"), &why), ERR_OK);
    assert_int_equal(temp_store_count(txn, TABLE_RUN_QUEUES), 0);
    assert_int_equal(temp_store_count(txn, TABLE_READY), 1); /* to be skipped */
    assert_int_equal(routing_changes(txn, &after), ERR_OK);
    assert_true(after > before); /* the dispatcher hears of it */
}

static void delete_waits_for_triggers_and_runs(void **state)
{
    const char *why = NULL;
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    assert_int_equal(create(txn, "x", "p", 1), ERR_OK);
    assert_int_equal(triggers_start(txn, span_str("x"), 0, 1), ERR_OK);
    assert_int_equal(actions_delete_pipeline(txn, span_str("x"), &why), ERR_CONFLICT);
    assert_string_equal(why, "its event trigger is started; stop it first");
    assert_int_equal(triggers_stop(txn, span_str("x")), ERR_OK);
    add_execution(txn, 1, "x", STATUS_IN_PROGRESS);
    add_execution(txn, 2, "other", STATUS_IN_PROGRESS);
    assert_int_equal(actions_delete_pipeline(txn, span_str("x"), &why), ERR_CONFLICT);
    assert_string_equal(why, "an execution of it is running; try again when it has finished");
    assert_int_equal(temp_store_count(txn, TABLE_PIPELINE_VERSIONS), 1);
    struct uuid id = uuid_make(1001, 0, 1);
    struct execution execution;
    struct step_result room[STEPS_MAX];
    struct buf copy = BUF_INIT;
    assert_int_equal(executions_load(txn, &id, &copy, &execution, room), ERR_OK);
    execution.status = STATUS_COMPLETED;
    assert_int_equal(executions_change(txn, &execution, STATUS_IN_PROGRESS), ERR_OK);
    buf_done(&copy);
    assert_int_equal(actions_delete_pipeline(txn, span_str("x"), &why), ERR_OK);
}

static void damaged_records_are_corrupt(void **state)
{
    static const uint8_t key[] = {'x', 0, 0, 0, 0, 1};
    struct pipeline_info info;
    struct span definition;
    uint32_t version;
    int64_t created_ms;
    struct listed listed = {.n = 0};
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    assert_int_equal(create(txn, "x", "p", 1), ERR_OK);
    assert_int_equal(
        store_put(txn, TABLE_PIPELINE_VERSIONS, span_of(key, sizeof key), span_str("\1?")), ERR_OK);
    assert_int_equal(
        pipelines_version(txn, span_str("x"), 1, &version, &created_ms, &definition), ERR_CORRUPT);
    assert_int_equal(store_put(txn, TABLE_PIPELINES, span_str("x"), span_str("\2")), ERR_OK);
    assert_int_equal(pipelines_get(txn, span_str("x"), &info), ERR_CORRUPT);
    assert_int_equal(pipelines_list(txn, SPAN_NONE, note, &listed), ERR_CORRUPT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(pipeline_is_found_by_id_and_name),
        TEST(create_says_what_is_taken),
        TEST(versions_count_up_and_never_change),
        TEST(replace_is_guarded_by_the_version),
        TEST(list_goes_by_id),
        TEST(delete_takes_all_versions_and_nothing_else),
        TEST(delete_takes_the_queue_of_runs),
        TEST(delete_waits_for_triggers_and_runs),
        TEST(damaged_records_are_corrupt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
