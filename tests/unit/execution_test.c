/* execution_test - an execution's stored form, its statuses, and its result as clients see it. */
#include "damage.h"

#include "base/pack.h"
#include "model/execution.h"
#include "model/limits.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define ID "0192f7a0-0001-7abc-8def-0123456789ab"
#define CID "0192f7a0-0002-7abc-8def-0123456789ab"
#define PARENT "0192f7a0-0003-7abc-8def-0123456789ab"

static struct uuid uuid(const char *text)
{
    struct uuid id = UUID_NONE;
    assert_true(uuid_parse(span_str(text), &id));
    return id;
}

static const struct step_result steps[] = {
    {{(const uint8_t *)"render", 6}, STATUS_COMPLETED, INT64_C(1767323045678), 1234567, 0},
    {{(const uint8_t *)"notify", 6}, STATUS_FAILED, INT64_C(1767323046912), 0, 255},
    {{(const uint8_t *)"next", 4}, STATUS_PENDING, 0, -1, -1},
};

/* Every member set to something else. */
static struct execution full(void)
{
    return (struct execution){
        .id = uuid(ID),
        .cid = uuid(CID),
        .parent = uuid(PARENT),
        .event_seq = UINT64_C(0x0102030405060708),
        .queue = 9,
        .status = STATUS_FAILED,
        .attempt = 10,
        .failures = 11,
        .losses = 12,
        .last = ATTEMPT_LOST,
        .pipeline_version = 0xfffffffe,
        .created_ms = INT64_C(1767323045000),
        .started_ms = INT64_C(1767323045678),
        .duration_us = 1234999,
        .due_ms = INT64_C(1767323047000),
        .begun_ms = INT64_C(1767323045600),
        .pipeline_id = span_str("p1"),
        .pipeline_name = span_str("order-mail"),
        .event_type = span_str("order.created"),
        .error = span_str("step notify: exit 255"),
        .steps = steps,
        .step_count = COUNT(steps),
        .steps_attempt = 10,
    };
}

static bool same_step(const struct step_result *a, const struct step_result *b)
{
    return span_eq(a->name, b->name) && a->status == b->status && a->started_ms == b->started_ms &&
           a->duration_us == b->duration_us && a->exit_code == b->exit_code;
}

static bool same(const struct execution *a, const struct execution *b)
{
    if (a->step_count != b->step_count)
        return false;
    for (size_t i = 0; i < a->step_count; i++)
        if (!same_step(&a->steps[i], &b->steps[i]))
            return false;
    return uuid_eq(&a->id, &b->id) && uuid_eq(&a->cid, &b->cid) &&
           uuid_eq(&a->parent, &b->parent) && a->event_seq == b->event_seq &&
           a->queue == b->queue && a->status == b->status && a->attempt == b->attempt &&
           a->failures == b->failures && a->losses == b->losses && a->last == b->last &&
           a->due_ms == b->due_ms && a->begun_ms == b->begun_ms &&
           a->steps_attempt == b->steps_attempt && a->pipeline_version == b->pipeline_version &&
           a->created_ms == b->created_ms && a->started_ms == b->started_ms &&
           a->duration_us == b->duration_us && span_eq(a->pipeline_id, b->pipeline_id) &&
           span_eq(a->pipeline_name, b->pipeline_name) && span_eq(a->event_type, b->event_type) &&
           span_eq(a->error, b->error);
}

static void execution_returns_as_it_was_stored(void **state)
{
    const struct execution executions[] = {full(), {.duration_us = -1}, {.created_ms = -1}};
    (void)state;
    for (size_t i = 0; i < COUNT(executions); i++) {
        struct step_result room[STEPS_MAX];
        struct buf record = BUF_INIT;
        struct execution back;
        execution_encode(&executions[i], &record);
        assert_int_equal(execution_decode(buf_span(&record), &back, room), ERR_OK);
        assert_true(same(&back, &executions[i]));

        /* Without room for steps they are left out, and all else is there. */
        struct execution without = executions[i];
        without.steps = NULL;
        without.step_count = 0;
        assert_int_equal(execution_decode(buf_span(&record), &back, NULL), ERR_OK);
        assert_true(same(&back, &without));
        assert_null(back.steps);
        buf_done(&record);
    }
}

/* As version 2 wrote it: without begun_ms and steps_attempt. */
static void encode_2(const struct execution *e, struct buf *out)
{
    pack_u8(out, 2);
    pack_uuid(out, &e->id);
    pack_uuid(out, &e->cid);
    pack_uuid(out, &e->parent);
    pack_u64(out, e->event_seq);
    pack_u64(out, e->queue);
    pack_u8(out, (uint8_t)e->status);
    pack_u32(out, e->attempt);
    pack_u32(out, e->failures);
    pack_u32(out, e->losses);
    pack_u8(out, (uint8_t)e->last);
    pack_u32(out, e->pipeline_version);
    pack_i64(out, e->created_ms);
    pack_i64(out, e->started_ms);
    pack_i64(out, e->duration_us);
    pack_i64(out, e->due_ms);
    pack_bytes(out, e->pipeline_id);
    pack_bytes(out, e->pipeline_name);
    pack_bytes(out, e->event_type);
    pack_bytes(out, e->error);
    pack_u16(out, 1);
    pack_bytes(out, e->steps->name);
    pack_u8(out, (uint8_t)e->steps->status);
    pack_i64(out, e->steps->started_ms);
    pack_i64(out, e->steps->duration_us);
    pack_u32(out, (uint32_t)e->steps->exit_code);
}

static void execution_of_version_2_is_read(void **state)
{
    (void)state;
    struct step_result room[STEPS_MAX];
    struct execution execution = full(), back;
    struct buf record = BUF_INIT;
    execution.step_count = 1;
    encode_2(&execution, &record);
    assert_int_equal(execution_decode(buf_span(&record), &back, room), ERR_OK);
    execution.begun_ms = 0;
    execution.steps_attempt = execution.attempt;
    assert_true(same(&back, &execution));
    buf_done(&record);
}

#define WAITED " while it waited for its next attempt"

static void pending_end_is_told_truly(void **state)
{
    static const struct {
        enum pending_end end;
        uint32_t attempt;
        enum attempt_status last;
        enum status status;
        bool dead_letter;
        const char *error;
    } rows[] = {
        {PENDING_END_SKIPPED, 0, 0, STATUS_SKIPPED, false, "skipped by request"},
        {PENDING_END_CANCELLED, 0, 0, STATUS_SKIPPED, false, "cancelled by request"},
        {PENDING_END_STOPPED, 0, 0, STATUS_SKIPPED, false, "the trigger was stopped before it ran"},
        {PENDING_END_DELETED, 0, 0, STATUS_SKIPPED, false,
            "its pipeline was deleted before it ran"},
        {PENDING_END_SKIPPED, 2, ATTEMPT_FAILED, STATUS_SKIPPED, false,
            "skipped by request" WAITED "; attempt 2 had failed: why"},
        {PENDING_END_CANCELLED, 2, ATTEMPT_FAILED, STATUS_FAILED, true,
            "cancelled by request" WAITED "; attempt 2 had failed: why"},
        {PENDING_END_CANCELLED, 2, ATTEMPT_LOST, STATUS_FAILED, true,
            "cancelled by request" WAITED "; why"},
        {PENDING_END_CANCELLED, 2, ATTEMPT_CANCELLED, STATUS_SKIPPED, false,
            "cancelled by request" WAITED "; attempt 2 had been cancelled"},
        {PENDING_END_CANCELLED, 2, ATTEMPT_NONE, STATUS_FAILED, true,
            "cancelled by request" WAITED},
        {PENDING_END_STOPPED, 2, ATTEMPT_FAILED, STATUS_FAILED, true,
            "the trigger was stopped" WAITED "; attempt 2 had failed: why"},
        {PENDING_END_DELETED, 2, ATTEMPT_LOST, STATUS_FAILED, true,
            "its pipeline was deleted" WAITED "; why"},
        {PENDING_END_STOPPED, 2, ATTEMPT_CANCELLED, STATUS_FAILED, true,
            "the trigger was stopped" WAITED "; attempt 2 had been cancelled"},
        {PENDING_END_STOPPED, 2, ATTEMPT_NONE, STATUS_FAILED, true,
            "the trigger was stopped" WAITED},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct execution execution = {.attempt = rows[i].attempt, .due_ms = 5};
        struct attempt_result last = {rows[i].attempt, rows[i].last, 1, 1, span_str("why"), {0}, 1};
        struct buf error = BUF_INIT;
        execution_end_pending(&execution, rows[i].end, rows[i].last ? &last : NULL, &error);
        assert_int_equal(execution.status, rows[i].status);
        assert_int_equal(execution_is_dead_letter(&execution), rows[i].dead_letter);
        assert_true(span_eq_str(execution.error, rows[i].error));
        assert_int_equal(execution.due_ms, 0);
        buf_done(&error);
    }
}

static void execution_has_room_for_all_steps_and_no_more(void **state)
{
    struct step_result many[STEPS_MAX + 1], room[STEPS_MAX];
    struct execution execution = full(), back;
    struct buf record = BUF_INIT;
    (void)state;
    for (size_t i = 0; i < COUNT(many); i++) {
        many[i] = steps[i % COUNT(steps)];
        many[i].duration_us = (int64_t)i;
    }
    execution.steps = many;
    execution.step_count = STEPS_MAX;
    execution_encode(&execution, &record);
    assert_int_equal(execution_decode(buf_span(&record), &back, room), ERR_OK);
    assert_true(same(&back, &execution));
    buf_clear(&record);
    execution.step_count = STEPS_MAX + 1;
    execution_encode(&execution, &record);
    assert_int_equal(execution_decode(buf_span(&record), &back, room), ERR_CORRUPT);
    buf_done(&record);
}

static unsigned touch(const struct execution *e)
{
    unsigned sum = damage_touch(e->pipeline_id) + damage_touch(e->pipeline_name) +
                   damage_touch(e->event_type) + damage_touch(e->error);
    for (size_t i = 0; i < e->step_count; i++)
        sum += damage_touch(e->steps[i].name) + e->steps[i].status;
    return sum;
}

static enum err decode(struct span record)
{
    struct step_result room[STEPS_MAX];
    struct execution e;
    enum err err = execution_decode(record, &e, room);
    if (!err)
        assert_true(touch(&e) < UINT32_MAX && e.status < STATUS__MAX);
    return err;
}

static enum err decode_without_steps(struct span record)
{
    struct execution e;
    enum err err = execution_decode(record, &e, NULL);
    if (!err)
        assert_true(touch(&e) < UINT32_MAX && e.status < STATUS__MAX);
    return err;
}

static void execution_notices_a_damaged_record(void **state)
{
    struct execution execution = full();
    struct buf record = BUF_INIT;
    (void)state;
    execution_encode(&execution, &record);
    damage_is_noticed(buf_span(&record), decode);

    /* Whoever leaves the steps out does not look at them, but at all before them. */
    size_t whole = record.len;
    buf_clear(&record);
    execution.step_count = 0;
    execution_encode(&execution, &record);
    for (size_t len = 0; len < record.len; len++)
        assert_int_equal(damage_try(decode_without_steps, record.data, len), ERR_CORRUPT);
    assert_true(record.len < whole);
    buf_done(&record);
}

static void execution_refuses_a_status_that_is_none(void **state)
{
    struct execution execution = full();
    struct step_result bad = steps[0];
    struct buf record = BUF_INIT;
    (void)state;
    execution.status = STATUS__MAX;
    execution_encode(&execution, &record);
    assert_int_equal(decode(buf_span(&record)), ERR_CORRUPT);
    assert_int_equal(decode_without_steps(buf_span(&record)), ERR_CORRUPT);
    buf_clear(&record);
    execution.status = STATUS_FAILED;
    execution.last = ATTEMPT__MAX;
    execution_encode(&execution, &record);
    assert_int_equal(decode(buf_span(&record)), ERR_CORRUPT);
    buf_clear(&record);
    execution.last = ATTEMPT_FAILED;
    bad.status = STATUS__MAX;
    execution.steps = &bad;
    execution.step_count = 1;
    execution_encode(&execution, &record);
    assert_int_equal(decode(buf_span(&record)), ERR_CORRUPT);
    buf_done(&record);
}

static const struct {
    const char *name;
    bool final;
} statuses[STATUS__MAX] = {
    [STATUS_PENDING] = {"pending", false},
    [STATUS_IN_PROGRESS] = {"in_progress", false},
    [STATUS_COMPLETED] = {"completed", true},
    [STATUS_FAILED] = {"failed", true},
    [STATUS_SKIPPED] = {"skipped", true},
};

static void status_names_go_both_ways(void **state)
{
    static const char *const not_names[] = {
        "", "Pending", "pending ", "pendin", "in-progress", "0"};
    (void)state;
    for (enum status status = 0; status < STATUS__MAX; status++) {
        enum status back = STATUS__MAX;
        assert_string_equal(status_name(status), statuses[status].name);
        assert_true(status_parse(span_str(statuses[status].name), &back));
        assert_int_equal(back, status);
        assert_int_equal(status_is_final(status), statuses[status].final);
    }
    assert_string_equal(status_name(STATUS__MAX), "unknown");
    for (size_t i = 0; i < COUNT(not_names); i++) {
        enum status kept = STATUS_SKIPPED;
        assert_false(status_parse(span_str(not_names[i]), &kept));
        assert_int_equal(kept, STATUS_SKIPPED);
    }
}

static void execution_is_written_as_a_result(void **state)
{
    static const char expected[] =
        "{\"execution_id\":\"" ID "\",\"service\":\"order-mail\",\"status\":\"failed\","
        "\"datetime\":\"2026-01-02T03:04:05.000Z\",\"execution_time\":1.235,"
        "\"data\":{\"a\": [1.0]},\"cid\":\"" CID "\",\"pipeline_id\":\"p1\","
        "\"pipeline_version\":\"4294967294\",\"event_type\":\"order.created\",\"attempt\":10,"
        "\"dead_letter\":true,"
        "\"error\":\"step notify: exit "
        "255\",\"next_attempt\":null,\"parent_execution_id\":\"" PARENT "\",\"steps\":["
        "{\"name\":\"render\",\"status\":\"completed\",\"started\":\"2026-01-02T03:04:05.678Z\","
        "\"seconds\":1.235,\"exit_code\":0,\"log\":\"line 1\\nline \\\"2\\\"\\n\"},"
        "{\"name\":\"notify\",\"status\":\"failed\",\"started\":\"2026-01-02T03:04:06.912Z\","
        "\"seconds\":0.000,\"exit_code\":255,\"log\":\"\xef\xbf\xbd\"},"
        "{\"name\":\"next\",\"status\":\"pending\",\"started\":null,\"seconds\":null,"
        "\"exit_code\":null,\"log\":\"\"}],\"attempts\":["
        "{\"attempt\":9,\"status\":\"lost\",\"started\":\"2026-01-02T03:04:05.000Z\","
        "\"seconds\":null,\"error\":\"gone\",\"step\":null,\"exit_code\":null,"
        "\"pipeline_version\":null},"
        "{\"attempt\":10,\"status\":\"failed\",\"started\":\"2026-01-02T03:04:05.678Z\","
        "\"seconds\":1.235,\"error\":\"step notify: exit 255\",\"step\":\"notify\","
        "\"exit_code\":255,\"pipeline_version\":\"4294967294\"}]}";
    const struct span logs[] = {span_str("line 1\nline \"2\"\n"), span_str("\xff"), SPAN_NONE};
    struct attempt_result attempts[] = {
        {9, ATTEMPT_LOST, INT64_C(1767323045000), -1, span_str("gone"), SPAN_NONE, -1, 0},
        {0},
    };
    struct execution execution = full();
    struct execution_extras extras = {span_str("{\"a\": [1.0]}"), logs, attempts, 2, false};
    struct json_fault fault;
    struct buf text = BUF_INIT;
    struct json_out out = json_out_to(&text);
    (void)state;
    execution.last = ATTEMPT_FAILED;
    assert_true(execution_last_attempt(&execution, &attempts[1]));
    execution_format(&execution, &extras, &out);
    assert_string_equal(buf_text(&text), expected);
    assert_true(json_check(buf_span(&text), JSON_DEPTH_DEFAULT, &fault));
    buf_done(&text);
}

/* As it is when it has just been made, inside a list of several. */
static void execution_is_written_before_its_first_attempt(void **state)
{
#define FRESH \
    "{\"execution_id\":\"" ID "\",\"service\":\"s\",\"status\":\"pending\"," \
    "\"datetime\":\"2026-01-02T03:04:05.000Z\",\"execution_time\":null,\"data\":{},\"cid\":\"" CID \
    "\",\"pipeline_id\":\"p\",\"pipeline_version\":\"1\",\"event_type\":\"t\",\"attempt\":0," \
    "\"dead_letter\":false,\"error\":null,\"next_attempt\":null,\"parent_execution_id\":null," \
    "\"steps\":[]," \
    "\"attempts\":[]}"
    struct execution execution = {
        .id = uuid(ID),
        .cid = uuid(CID),
        .status = STATUS_PENDING,
        .pipeline_version = 1,
        .created_ms = INT64_C(1767323045000),
        .duration_us = -1,
        .pipeline_id = span_str("p"),
        .pipeline_name = span_str("s"),
        .event_type = span_str("t"),
    };
    struct buf text = BUF_INIT;
    struct json_out out = json_out_to(&text);
    (void)state;
    json_open(&out, '[');
    const struct execution_extras none = {.attempt_count = 0};
    execution_format(&execution, &none, &out);
    execution_format(&execution, &none, &out);
    json_close(&out, ']');
    assert_string_equal(buf_text(&text), "[" FRESH "," FRESH "]");
    buf_done(&text);
}

/* Only what waits says when its next attempt is due, whatever an ended one has kept. */
static void execution_says_when_it_is_due(void **state)
{
    static const struct {
        enum status status;
        int64_t due_ms;
        const char *expected;
    } cases[] = {
        {STATUS_PENDING, INT64_C(1767323045000), "\"2026-01-02T03:04:05.000Z\""},
        {STATUS_PENDING, 0, "null"},
        {STATUS_IN_PROGRESS, INT64_C(1767323045000), "null"},
        {STATUS_FAILED, INT64_C(1767323045000), "null"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct execution execution = {.status = cases[i].status, .due_ms = cases[i].due_ms};
        const struct execution_extras brief = {.brief = true};
        struct buf text = BUF_INIT;
        struct json_out out = json_out_to(&text);
        struct json_item item;
        execution_format(&execution, &brief, &out);
        assert_true(json_find(buf_span(&text), "next_attempt", &item));
        assert_true(span_eq_str(item.value, cases[i].expected));
        buf_done(&text);
    }
}

/* What an execution says of its last attempt, in every state that it can be in. */
static void last_attempt_is_told_by_the_execution(void **state)
{
    static const struct {
        enum status status;
        enum attempt_status last;
        bool holds, with_error, dead;
    } rows[] = {
        {STATUS_PENDING, ATTEMPT_NONE, false, true, false},
        {STATUS_IN_PROGRESS, ATTEMPT_IN_PROGRESS, true, false, false},
        {STATUS_COMPLETED, ATTEMPT_COMPLETED, true, true, false},
        {STATUS_FAILED, ATTEMPT_NONE, false, true, true},
        {STATUS_FAILED, ATTEMPT_FAILED, true, true, true},
        {STATUS_FAILED, ATTEMPT_LOST, true, true, true},
        {STATUS_FAILED, ATTEMPT_CANCELLED, true, true, false},
        {STATUS_SKIPPED, ATTEMPT_NONE, false, true, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct execution execution = full();
        struct attempt_result last;
        execution.status = rows[i].status;
        execution.last = rows[i].last;
        assert_int_equal(execution_last_attempt(&execution, &last), rows[i].holds);
        assert_int_equal(execution_is_dead_letter(&execution), rows[i].dead);
        assert_int_equal(last.attempt, 10);
        assert_int_equal(last.status, rows[i].last);
        assert_int_equal(last.duration_us, execution.duration_us);
        assert_int_equal(last.error.len > 0, rows[i].with_error);
        assert_true(span_eq_str(last.step, "notify"));
        assert_int_equal(last.exit_code, 255);
        execution.step_count = 1; /* none that failed */
        (void)execution_last_attempt(&execution, &last);
        assert_int_equal(last.step.len, 0);
        assert_int_equal(last.exit_code, -1);
    }
}

static const struct attempt_result attempts[] = {
    {0, ATTEMPT_FAILED, 5, 6, {(const uint8_t *)"why", 3}, {(const uint8_t *)"a", 1}, 7, 3},
    {0, ATTEMPT_LOST, -1, -1, {NULL, 0}, {NULL, 0}, -1, UINT32_MAX},
};

static void attempt_returns_as_it_was_stored(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(attempts); i++) {
        const struct attempt_result *a = &attempts[i];
        struct attempt_result back;
        struct buf record = BUF_INIT;
        attempt_encode(a, &record);
        assert_int_equal(attempt_decode(buf_span(&record), &back), ERR_OK);
        assert_true(back.status == a->status && back.started_ms == a->started_ms &&
                    back.duration_us == a->duration_us && back.exit_code == a->exit_code &&
                    back.version == a->version);
        assert_true(span_eq(back.error, a->error) && span_eq(back.step, a->step));
        buf_done(&record);
    }
}

/* One of version 1 ends before the version of the pipeline, which is then not known. */
static void attempt_of_version_1_is_read(void **state)
{
    struct attempt_result back;
    struct buf record = BUF_INIT;
    (void)state;
    attempt_encode(&attempts[0], &record);
    record.data[0] = 1;
    assert_int_equal(attempt_decode(buf_span(&record), &back), ERR_CORRUPT);
    record.len -= 4;
    assert_int_equal(attempt_decode(buf_span(&record), &back), ERR_OK);
    assert_int_equal(back.exit_code, 7);
    assert_int_equal(back.version, 0);
    record.data[0] = 2;
    assert_int_equal(attempt_decode(buf_span(&record), &back), ERR_CORRUPT);
    buf_done(&record);
}

static enum err decode_attempt(struct span record)
{
    struct attempt_result a;
    enum err err = attempt_decode(record, &a);
    if (!err)
        assert_true(
            damage_touch(a.error) + damage_touch(a.step) < UINT32_MAX && a.status < ATTEMPT__MAX);
    return err;
}

static void attempt_notices_a_damaged_record(void **state)
{
    struct attempt_result bad = attempts[0];
    struct buf record = BUF_INIT;
    (void)state;
    attempt_encode(&attempts[0], &record);
    damage_is_noticed(buf_span(&record), decode_attempt);
    buf_clear(&record);
    bad.status = ATTEMPT__MAX;
    attempt_encode(&bad, &record);
    assert_int_equal(decode_attempt(buf_span(&record)), ERR_CORRUPT);
    buf_done(&record);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(execution_returns_as_it_was_stored),
        cmocka_unit_test(execution_of_version_2_is_read),
        cmocka_unit_test(pending_end_is_told_truly),
        cmocka_unit_test(execution_has_room_for_all_steps_and_no_more),
        cmocka_unit_test(execution_notices_a_damaged_record),
        cmocka_unit_test(execution_refuses_a_status_that_is_none),
        cmocka_unit_test(status_names_go_both_ways),
        cmocka_unit_test(execution_is_written_as_a_result),
        cmocka_unit_test(execution_is_written_before_its_first_attempt),
        cmocka_unit_test(execution_says_when_it_is_due),
        cmocka_unit_test(last_attempt_is_told_by_the_execution),
        cmocka_unit_test(attempt_returns_as_it_was_stored),
        cmocka_unit_test(attempt_of_version_1_is_read),
        cmocka_unit_test(attempt_notices_a_damaged_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
