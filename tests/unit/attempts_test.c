/* attempts_test - past attempts: kept when an execution is pending again, listed with its last. */
#include "store_each.h"

#include "model/limits.h"
#include "store/actions.h"
#include "store/attempts.h"
#include "store/executions.h"
#include "store/key.h"
#include "store/pipelines.h"

static struct attempt_list list;

#define EPOCH INT64_C(1767323045000)

static struct execution make(uint32_t attempt, enum attempt_status last)
{
    return (struct execution){
        .id = uuid_make(EPOCH, 0, 1),
        .attempt = attempt,
        .last = last,
        .started_ms = EPOCH + attempt,
        .duration_us = attempt,
        .error = span_str("why"),
    };
}

/* Goes through so many attempts, of which all but the last are kept. */
static void try_often(struct store_txn *txn, uint32_t attempts)
{
    for (uint32_t i = 1; i <= attempts; i++) {
        struct execution execution = make(i, i % 2 ? ATTEMPT_FAILED : ATTEMPT_LOST);
        assert_int_equal(attempts_keep(txn, &execution), ERR_OK);
        assert_int_equal(execution.last, ATTEMPT_NONE);
        assert_int_equal(attempts_keep(txn, &execution), ERR_OK); /* holds none any more */
    }
    assert_int_equal(temp_store_count(txn, TABLE_ATTEMPTS), attempts);
}

static void check_list(
    struct store_txn *txn, const struct execution *execution, uint32_t oldest, size_t count)
{
    assert_int_equal(attempts_list(txn, execution, &list), ERR_OK);
    assert_int_equal(list.count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(list.attempts[i].attempt, oldest + i);
        assert_int_equal(list.attempts[i].started_ms, EPOCH + oldest + (int64_t)i);
    }
}

static void attempts_are_listed_with_the_last(void **state)
{
    static const struct {
        uint32_t kept;
        enum attempt_status last; /* none: the execution is pending again */
        uint32_t oldest;
        size_t count;
    } rows[] = {
        {0, ATTEMPT_NONE, 1, 0},
        {0, ATTEMPT_IN_PROGRESS, 1, 1},
        {1, ATTEMPT_NONE, 1, 1},
        {1, ATTEMPT_COMPLETED, 1, 2},
        {ATTEMPTS_SHOWN_MAX - 1, ATTEMPT_FAILED, 1, ATTEMPTS_SHOWN_MAX},
        {ATTEMPTS_SHOWN_MAX, ATTEMPT_NONE, 1, ATTEMPTS_SHOWN_MAX},
        {ATTEMPTS_SHOWN_MAX, ATTEMPT_FAILED, 2, ATTEMPTS_SHOWN_MAX},
        {ATTEMPTS_SHOWN_MAX + 30, ATTEMPT_NONE, 31, ATTEMPTS_SHOWN_MAX},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct store_txn *txn = temp_store_begin(&t);
        struct execution execution =
            make(rows[i].kept + (rows[i].last != ATTEMPT_NONE), rows[i].last);
        struct execution other = {.id = uuid_make(EPOCH, 0, 2), .attempt = 3};
        try_often(txn, rows[i].kept);
        check_list(txn, &execution, rows[i].oldest, rows[i].count);
        check_list(txn, &other, 0, 0);
        temp_store_abort(&t);
    }
}

static void attempt_is_kept_with_the_step_that_failed(void **state)
{
    const struct step_result steps[] = {
        {span_str("good"), STATUS_COMPLETED, EPOCH, 1, 0},
        {span_str("bad"), STATUS_FAILED, EPOCH, 1, 9},
        {span_str("never"), STATUS_PENDING, 0, -1, -1},
    };
    struct execution execution = make(1, ATTEMPT_FAILED);
    (void)state;
    execution.steps = steps;
    execution.step_count = COUNT(steps);
    execution.steps_attempt = 1;
    struct store_txn *txn = temp_store_begin(&t);
    assert_int_equal(attempts_keep(txn, &execution), ERR_OK);
    check_list(txn, &execution, 1, 1);
    assert_int_equal(list.attempts[0].status, ATTEMPT_FAILED);
    assert_int_equal(list.attempts[0].duration_us, 1);
    assert_int_equal(list.attempts[0].exit_code, 9);
    assert_true(span_eq_str(list.attempts[0].step, "bad"));
    assert_true(span_eq_str(list.attempts[0].error, "why"));

    /* One that told of no steps is not blamed for those of the attempt before. */
    execution = make(2, ATTEMPT_LOST);
    execution.steps = steps;
    execution.step_count = COUNT(steps);
    execution.steps_attempt = 1;
    assert_int_equal(attempts_keep(txn, &execution), ERR_OK);
    check_list(txn, &execution, 1, 2);
    assert_int_equal(list.attempts[1].exit_code, -1);
    assert_true(span_eq_str(list.attempts[1].step, ""));
}

static void damaged_attempt_is_noticed(void **state)
{
    struct execution execution = make(2, ATTEMPT_FAILED);
    struct store_txn *txn = temp_store_begin(&t);
    struct key key = key_of_uuid(&execution.id);
    (void)state;
    key_u32(&key, 1);
    assert_int_equal(
        store_put(txn, TABLE_ATTEMPTS, key_span(&key), span_str("what is this")), ERR_OK);
    assert_int_equal(attempts_list(txn, &execution, &list), ERR_CORRUPT);
}

/* Tried again by hand, an execution keeps the attempt it ended with. */
static void retry_by_hand_keeps_the_last_attempt(void **state)
{
    static const struct {
        enum status status;
        enum attempt_status last;
        size_t kept;
    } rows[] = {
        {STATUS_FAILED, ATTEMPT_FAILED, 1},
        {STATUS_FAILED, ATTEMPT_LOST, 1},
        {STATUS_FAILED, ATTEMPT_CANCELLED, 1},
        {STATUS_FAILED, ATTEMPT_NONE, 0},
        {STATUS_SKIPPED, ATTEMPT_NONE, 0},
    };
    static const char definition[] =
        "{\"name\":\"p\",\"steps\":[{\"name\":\"a\",\"script\":\"a\"}],\"options\":{}}";
    const char *why;
    uint32_t version;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct action_run run = {.pipeline_id = span_str("p"), .payload = span_str("{}")};
        struct execution execution;
        struct step_result room[STEPS_MAX];
        struct buf copy = BUF_INIT;
        struct store_txn *txn = temp_store_begin(&t);
        assert_int_equal(pipelines_create(txn, span_str("p"), span_str("p"), span_str(definition),
                             EPOCH, &version, &why),
            ERR_OK);
        assert_int_equal(actions_run(txn, &run, EPOCH), ERR_OK);
        const struct uuid id = run.execution;
        assert_int_equal(executions_load(txn, &id, &copy, &execution, room), ERR_OK);
        const struct step_result step = {span_str("a"), STATUS_FAILED, EPOCH, 1, 9};
        execution.status = rows[i].status;
        execution.last = rows[i].last;
        execution.attempt = 1;
        execution.started_ms = EPOCH + 1;
        execution.error = span_str("why");
        execution.steps = &step;
        execution.step_count = 1;
        execution.steps_attempt = 1;
        assert_int_equal(executions_change(txn, &execution, STATUS_PENDING), ERR_OK);
        struct action_retry retry = {.execution = id};
        assert_int_equal(actions_retry(txn, &retry), ERR_OK);
        assert_int_equal(retry.version, 1);
        assert_int_equal(executions_load(txn, &id, &copy, &execution, room), ERR_OK);
        assert_int_equal(execution.status, STATUS_PENDING);
        assert_int_equal(execution.last, ATTEMPT_NONE);
        check_list(txn, &execution, 1, rows[i].kept);
        if (rows[i].kept) {
            assert_int_equal(list.attempts[0].status, rows[i].last);
            assert_true(span_eq_str(list.attempts[0].step, "a"));
            assert_int_equal(list.attempts[0].exit_code, 9);
        }
        buf_done(&copy);
        temp_store_abort(&t);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(attempts_are_listed_with_the_last),
        TEST(attempt_is_kept_with_the_step_that_failed),
        TEST(damaged_attempt_is_noticed),
        TEST(retry_by_hand_keeps_the_last_attempt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
