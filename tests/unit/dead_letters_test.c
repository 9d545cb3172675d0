/* dead_letters_test - which executions are dead letters, and trying them again. */
#include "store_each.h"

#include "store/actions.h"
#include "store/dead_letters.h"
#include "store/executions.h"
#include "store/pipelines.h"
#include "store/triggers.h"

#define EPOCH INT64_C(1767323045000)

static struct uuid id(unsigned n)
{
    return uuid_make(EPOCH + n, 0, n);
}

static struct execution make(unsigned n, const char *pipeline, enum status status)
{
    return (struct execution){
        .id = id(n),
        .event_seq = n,
        .status = status,
        .attempt = 1,
        .last = ATTEMPT_FAILED,
        .pipeline_version = 1,
        .created_ms = EPOCH + n,
        .duration_us = -1,
        .pipeline_id = span_str(pipeline),
        .pipeline_name = span_str(pipeline),
        .event_type = span_str("type"),
    };
}

/* A pipeline, with a started trigger or without. */
static void define(struct store_txn *txn, const char *name, bool started)
{
    static const char definition[] =
        "{\"name\":\"p\",\"steps\":[{\"name\":\"a\",\"script\":\"a\"}],"
        "\"options\":{\"event\":\"type\"}}";
    const char *why;
    uint32_t version;
    assert_int_equal(pipelines_create(txn, span_str(name), span_str(name), span_str(definition),
                         EPOCH, &version, &why),
        ERR_OK);
    if (started)
        assert_int_equal(triggers_start(txn, span_str(name), 0, EPOCH), ERR_OK);
}

struct found {
    struct uuid ids[8];
    size_t count;
};

static bool note(const struct uuid *execution, void *context)
{
    struct found *found = context;
    assert_true(found->count < COUNT(found->ids));
    found->ids[found->count++] = *execution;
    return true;
}

/* The dead letters of a pipeline, or all where it is empty, are these, newest first. */
static void check_letters(
    struct store_txn *txn, const char *pipeline, const unsigned *numbers, size_t count)
{
    struct execution_query query = {.dead_letters = true, .pipeline_id = span_str(pipeline)};
    struct found found = {.count = 0};
    struct uuid next;
    assert_int_equal(executions_list(txn, &query, note, &found, &next), ERR_OK);
    assert_int_equal(found.count, count);
    for (size_t i = 0; i < count; i++) {
        struct uuid expected = id(numbers[i]);
        assert_true(uuid_eq(&found.ids[i], &expected));
    }
}

/* Into the index and out of it, with the status, by every way there is. */
static void letters_follow_the_status(void **state)
{
    static const struct {
        enum status to;
        enum attempt_status last;
        bool dead;
    } way[] = {
        {STATUS_IN_PROGRESS, ATTEMPT_IN_PROGRESS, false},
        {STATUS_PENDING, ATTEMPT_NONE, false},
        {STATUS_FAILED, ATTEMPT_NONE, true}, /* its pipeline is no longer kept */
        {STATUS_PENDING, ATTEMPT_NONE, false},
        {STATUS_IN_PROGRESS, ATTEMPT_IN_PROGRESS, false},
        {STATUS_FAILED, ATTEMPT_FAILED, true},
        {STATUS_PENDING, ATTEMPT_NONE, false},
        {STATUS_IN_PROGRESS, ATTEMPT_IN_PROGRESS, false},
        {STATUS_FAILED, ATTEMPT_CANCELLED, false},
        {STATUS_PENDING, ATTEMPT_NONE, false},
        {STATUS_IN_PROGRESS, ATTEMPT_IN_PROGRESS, false},
        {STATUS_FAILED, ATTEMPT_LOST, true},
        {STATUS_PENDING, ATTEMPT_NONE, false},
        {STATUS_SKIPPED, ATTEMPT_NONE, false},
        {STATUS_PENDING, ATTEMPT_NONE, false},
        {STATUS_IN_PROGRESS, ATTEMPT_IN_PROGRESS, false},
        {STATUS_COMPLETED, ATTEMPT_COMPLETED, false},
    };
    const unsigned one = 1;
    struct execution execution = make(1, "p", STATUS_PENDING);
    struct execution other = make(2, "q", STATUS_PENDING);
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    assert_int_equal(executions_create(txn, &execution), ERR_OK);
    assert_int_equal(executions_create(txn, &other), ERR_OK);
    for (size_t i = 0; i < COUNT(way); i++) {
        enum status was = execution.status;
        execution.status = way[i].to;
        execution.last = way[i].last;
        assert_int_equal(executions_change(txn, &execution, was), ERR_OK);
        check_letters(txn, "", &one, way[i].dead);
        check_letters(txn, "p", &one, way[i].dead);
        check_letters(txn, "q", NULL, 0);
        assert_int_equal(temp_store_count(txn, TABLE_DEAD_LETTERS), way[i].dead);
        assert_int_equal(temp_store_count(txn, TABLE_DEAD_LETTERS_BY_PIPELINE), way[i].dead);
    }
}

static void letters_are_listed_by_pipeline(void **state)
{
    static const unsigned all[] = {5, 4, 3, 1}, p[] = {4, 1}, pp[] = {5, 3};
    static const char *const pipelines[] = {"p", "p", "pp", "p", "pp"};
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    for (unsigned n = 1; n <= COUNT(pipelines); n++) {
        struct execution execution = make(n, pipelines[n - 1], STATUS_FAILED);
        if (n == 2)
            execution.last = ATTEMPT_CANCELLED;
        assert_int_equal(executions_create(txn, &execution), ERR_OK);
    }
    check_letters(txn, "", all, COUNT(all));
    check_letters(txn, "p", p, COUNT(p));
    check_letters(txn, "pp", pp, COUNT(pp));
    check_letters(txn, "none", NULL, 0);
}

static void one_is_tried_again(void **state)
{
    static const struct {
        const char *pipeline;
        enum status status;
        enum attempt_status last;
        enum err err;
        const char *why;
    } rows[] = {
        {"started", STATUS_FAILED, ATTEMPT_FAILED, ERR_OK, ""},
        {"started", STATUS_FAILED, ATTEMPT_CANCELLED, ERR_NOTFOUND, ""},
        {"started", STATUS_SKIPPED, ATTEMPT_NONE, ERR_NOTFOUND, ""},
        {"started", STATUS_COMPLETED, ATTEMPT_COMPLETED, ERR_NOTFOUND, ""},
        {"stopped", STATUS_FAILED, ATTEMPT_LOST, ERR_OK, ""},
        {"deleted", STATUS_FAILED, ATTEMPT_LOST, ERR_CONFLICT,
            "its pipeline was deleted; make it again, and run it anew"},
    };
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    define(txn, "started", true);
    define(txn, "stopped", false);
    struct uuid nobody = id(99);
    struct action_retry retry = {.execution = nobody};
    assert_int_equal(dead_letters_retry(txn, &retry), ERR_NOTFOUND);
    for (unsigned i = 0; i < COUNT(rows); i++) {
        struct execution execution = make(i, rows[i].pipeline, rows[i].status);
        size_t ready = temp_store_count(txn, TABLE_READY);
        execution.last = rows[i].last;
        retry.execution = execution.id;
        assert_int_equal(executions_create(txn, &execution), ERR_OK);
        size_t letters = temp_store_count(txn, TABLE_DEAD_LETTERS);
        assert_int_equal(dead_letters_retry(txn, &retry), rows[i].err);
        if (rows[i].err == ERR_CONFLICT)
            assert_string_equal(retry.why, rows[i].why);
        bool done = !rows[i].err;
        assert_int_equal(temp_store_count(txn, TABLE_READY), ready + done);
        assert_int_equal(temp_store_count(txn, TABLE_DEAD_LETTERS), letters - done);
        assert_int_equal(
            dead_letters_retry(txn, &retry), done ? ERR_NOTFOUND : rows[i].err); /* it has left */
    }
}

/* What cannot be tried again stays, is counted, and does not stop the others; over many commits. */
static void all_are_tried_again(void **state)
{
    static const char *const pipelines[] = {"started", "stopped", "deleted"};
    static const struct retry_version latest = {RETRY_LATEST, 0};
    enum { EACH = DEAD_LETTERS_AT_ONCE };
    struct dead_letters_retried done;
    struct buf text = BUF_INIT;
    struct json_out out = json_out_to(&text);
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    define(txn, "started", true);
    define(txn, "stopped", false);
    for (unsigned n = 0; n < 3 * EACH; n++) {
        struct execution execution = make(n, pipelines[n % 3], STATUS_FAILED);
        assert_int_equal(executions_create(txn, &execution), ERR_OK);
    }
    temp_store_commit(&t);
    assert_int_equal(
        dead_letters_retry_all(t.store, NULL, span_str("stopped"), latest, &done), ERR_OK);
    assert_int_equal(done.retried, EACH);
    assert_int_equal(done.left, 0);
    assert_int_equal(done.why_count, 0);
    uint64_t before = store_last_commit(t.store);
    assert_int_equal(dead_letters_retry_all(t.store, NULL, SPAN_NONE, latest, &done), ERR_OK);
    assert_true(store_last_commit(t.store) >= before + 2);
    assert_int_equal(done.retried, EACH);
    assert_int_equal(done.left, EACH);
    dead_letters_format(&done, &out);
    assert_non_null(strstr(buf_text(&text), "{\"retried\":500,\"left\":500,\"why\":[\"its "));
    assert_int_equal(done.why_count, 1);
    assert_int_equal(
        dead_letters_retry_all(t.store, NULL, span_str("started"), latest, &done), ERR_OK);
    assert_int_equal(done.retried + done.left + done.why_count, 0);
    txn = temp_store_begin(&t);
    assert_int_equal(temp_store_count(txn, TABLE_DEAD_LETTERS), EACH);
    assert_int_equal(temp_store_count(txn, TABLE_DEAD_LETTERS_BY_PIPELINE), EACH);
    assert_int_equal(temp_store_count(txn, TABLE_READY), 2 * EACH);
    assert_int_equal(temp_store_count(txn, TABLE_ATTEMPTS), 2 * EACH);
    buf_done(&text);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(letters_follow_the_status),
        TEST(letters_are_listed_by_pipeline),
        TEST(one_is_tried_again),
        TEST(all_are_tried_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
