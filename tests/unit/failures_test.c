/* failures_test - when the log tells that an execution has failed, and what that counts for. */
#include "store_each.h"

#include "base/json.h"
#include "model/failure.h"
#include "store/attempts.h"
#include "store/events.h"
#include "store/executions.h"

#define EPOCH INT64_C(1767323045000)

static struct uuid id(unsigned n)
{
    return uuid_make(EPOCH + n, n, n);
}

static uint64_t append(struct store_txn *txn, uint16_t depth)
{
    struct event event = {
        .cid = id(7),
        .depth = depth,
        .data_kind = EVENT_DATA_NONE,
        .parent = depth ? id(1) : UUID_NONE,
        .source = span_str("/s"),
        .type = span_str("order.created"),
    };
    assert_int_equal(events_append(txn, &event), ERR_OK);
    return event.seq;
}

static const struct step_result steps[] = {
    {{(const uint8_t *)"first", 5}, STATUS_COMPLETED, EPOCH, 1, 0},
    {{(const uint8_t *)"second", 6}, STATUS_FAILED, EPOCH, 1, 9},
};

static struct execution make(unsigned n, uint64_t event_seq, const char *event_type)
{
    return (struct execution){
        .id = id(n),
        .cid = id(7),
        .event_seq = event_seq,
        .status = STATUS_IN_PROGRESS,
        .attempt = 1,
        .last = ATTEMPT_IN_PROGRESS,
        .pipeline_version = 1,
        .created_ms = EPOCH + n,
        .duration_us = -1,
        .pipeline_id = span_str("p"),
        .pipeline_name = span_str("service"),
        .event_type = span_str(event_type),
        .steps = steps,
        .step_count = COUNT(steps),
        .steps_attempt = 1,
    };
}

/* Ends an execution so. Is that told? */
static bool tells(
    struct store_txn *txn, struct execution *execution, enum status to, enum attempt_status last)
{
    size_t before = temp_store_count(txn, TABLE_EVENTS);
    enum status was = execution->status;
    execution->status = to;
    execution->last = last;
    execution->error = span_str(to == STATUS_FAILED ? "it broke" : "");
    assert_int_equal(executions_change(txn, execution, was), ERR_OK);
    return temp_store_count(txn, TABLE_EVENTS) > before;
}

static void failures_are_told_once_each(void **state)
{
    static const struct {
        enum status to;
        enum attempt_status last;
        bool told;
    } way[] = {
        {STATUS_PENDING, ATTEMPT_NONE, false},
        {STATUS_FAILED, ATTEMPT_NONE, true},
        {STATUS_FAILED, ATTEMPT_NONE, false},
        {STATUS_PENDING, ATTEMPT_NONE, false},
        {STATUS_IN_PROGRESS, ATTEMPT_IN_PROGRESS, false},
        {STATUS_FAILED, ATTEMPT_FAILED, true},
        {STATUS_PENDING, ATTEMPT_NONE, false},
        {STATUS_FAILED, ATTEMPT_LOST, true},
        {STATUS_PENDING, ATTEMPT_NONE, false},
        {STATUS_FAILED, ATTEMPT_CANCELLED, false},
        {STATUS_PENDING, ATTEMPT_NONE, false},
        {STATUS_SKIPPED, ATTEMPT_NONE, false},
        {STATUS_PENDING, ATTEMPT_NONE, false},
        {STATUS_COMPLETED, ATTEMPT_COMPLETED, false},
    };
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    struct execution execution = make(1, append(txn, 0), "order.created");
    assert_int_equal(executions_create(txn, &execution), ERR_OK);
    for (size_t i = 0; i < COUNT(way); i++)
        if (tells(txn, &execution, way[i].to, way[i].last) != way[i].told)
            fail_msg("way %zu", i);
}

/* Where the setting says so, and where the execution itself told of another. */
static void some_failures_are_not_told(void **state)
{
    static const struct {
        const char *event_type;
        int64_t setting;
        bool told;
    } rows[] = {
        {"order.created", 1, true},
        {"order.created", 0, false},
        {"fx.run", 1, true},
        {"fx.schedule", 1, true},
        {"fx.events.webhook.incoming", 1, true},
        {FAILURE_TYPE, 1, false},
    };
    (void)state;
    for (unsigned i = 0; i < COUNT(rows); i++) {
        struct store_txn *txn = temp_store_begin(&t);
        struct execution execution = make(i + 1, append(txn, 0), rows[i].event_type);
        t.home.config.events_failures = rows[i].setting;
        assert_int_equal(executions_create(txn, &execution), ERR_OK);
        assert_int_equal(tells(txn, &execution, STATUS_FAILED, ATTEMPT_FAILED), rows[i].told);
        assert_int_equal(temp_store_count(txn, TABLE_DEAD_LETTERS), i + 1);
        temp_store_commit(&t);
    }
}

static struct event newest(struct store_txn *txn)
{
    uint64_t seq;
    struct event event;
    assert_int_equal(events_last(txn, &seq), ERR_OK);
    assert_int_equal(events_get(txn, seq, &event), ERR_OK);
    return event;
}

static void check_member(struct span object, const char *name, const char *value)
{
    struct json_item item;
    assert_true(json_find(object, name, &item));
    if (!span_eq_str(item.value, value))
        fail_msg("%s: %.*s", name, (int)item.value.len, (const char *)item.value.data);
}

static void failure_belongs_to_its_execution(void **state)
{
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    struct execution execution = make(1, append(txn, 0), "order.created");
    struct uuid cid = id(7);
    assert_int_equal(executions_create(txn, &execution), ERR_OK);
    assert_true(tells(txn, &execution, STATUS_FAILED, ATTEMPT_FAILED));
    struct event event = newest(txn);
    assert_true(uuid_eq(&event.cid, &cid));
    assert_true(uuid_eq(&event.parent, &execution.id));
    assert_int_equal(event.door, DOOR_FX);
    assert_int_equal(event.id.len, UUID_TEXT - 1);
    assert_true(span_eq_str(event.type, FAILURE_TYPE));
    assert_true(span_eq_str(event.source, FAILURE_SOURCE));
    assert_true(span_eq_str(event.subject, "service"));
    check_member(event.data, "step", "\"second\"");
    check_member(event.data, "exit_code", "9");
    check_member(event.data, "error", "\"it broke\"");
    check_member(event.data, "event_seq", "1");
}

/* The step is that of the last attempt also where the record does not hold it any more. */
static void failure_names_the_step_of_an_attempt_that_is_kept(void **state)
{
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    struct execution execution = make(1, append(txn, 0), "order.created");
    execution.last = ATTEMPT_FAILED;
    assert_int_equal(attempts_keep(txn, &execution), ERR_OK);
    execution.status = STATUS_PENDING;
    assert_int_equal(executions_create(txn, &execution), ERR_OK);
    assert_int_equal(executions_end_pending(txn, &execution, PENDING_END_STOPPED), ERR_OK);
    struct event event = newest(txn);
    assert_true(span_eq_str(event.type, FAILURE_TYPE));
    check_member(event.data, "step", "\"second\"");
    check_member(event.data, "exit_code", "9");
}

/* Neither among the events of its cid nor in how deep events follow from each other. */
static void failure_counts_in_no_budget(void **state)
{
    struct uuid cid = id(7);
    uint64_t count;
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    uint64_t first = append(txn, 0);
    for (unsigned n = 1; n <= 20; n++) {
        struct execution execution = make(n, n % 2 ? first : append(txn, 5), "order.created");
        assert_int_equal(executions_create(txn, &execution), ERR_OK);
        assert_true(tells(txn, &execution, STATUS_FAILED, ATTEMPT_FAILED));
        assert_int_equal(newest(txn).depth, n % 2 ? 0 : 5);
        assert_int_equal(events_count_of_cid(txn, &cid, UINT64_MAX, &count), ERR_OK);
        assert_int_equal(count, 1 + n / 2);
    }
    assert_int_equal(temp_store_count(txn, TABLE_EVENTS), 1 + 10 + 20);
}

/* Its event may be gone, or damaged: what failed is told all the same. */
static void failure_is_told_without_its_event(void **state)
{
    static const uint8_t key[8] = {0, 0, 0, 0, 0, 0, 0, 1};
    (void)state;
    struct store_txn *txn = temp_store_begin(&t);
    append(txn, 3);
    assert_int_equal(
        store_put(txn, TABLE_EVENTS, span_of(key, sizeof key), span_str("\1nonsense")), ERR_OK);
    for (unsigned n = 1; n <= 2; n++) {
        struct execution execution = make(n, n == 1 ? 1 : 99, "order.created");
        assert_int_equal(executions_create(txn, &execution), ERR_OK);
        assert_true(tells(txn, &execution, STATUS_FAILED, ATTEMPT_FAILED));
        struct event event = newest(txn);
        assert_int_equal(event.depth, 0);
        check_member(event.data, "event_id", "null");
        check_member(event.data, "event_type", "\"order.created\"");
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(failures_are_told_once_each),
        TEST(some_failures_are_not_told),
        TEST(failure_belongs_to_its_execution),
        TEST(failure_names_the_step_of_an_attempt_that_is_kept),
        TEST(failure_counts_in_no_budget),
        TEST(failure_is_told_without_its_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
