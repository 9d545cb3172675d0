/* frame_test - frames between dispatcher, runner and fx-http: there and back, in pieces, and
 * broken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "proc/frame.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct uuid id(uint8_t n)
{
    return uuid_make(INT64_C(1767323045678), n, n);
}

/* The one frame in the buffer: its body. */
static struct span only(const struct buf *in, enum frame_type expected)
{
    enum frame_type type = 0;
    struct span body = SPAN_NONE;
    size_t taken = 0;
    bool bad = true;
    assert_true(frame_next(buf_span(in), &type, &body, &taken, &bad));
    assert_false(bad);
    assert_int_equal(type, expected);
    assert_int_equal(taken, in->len);
    return body;
}

/* Large, so not on the stack of each test. */
static struct frame_outcome outcome, outcome_back;

static void make_outcome(uint16_t steps)
{
    memset(&outcome, 0, sizeof outcome);
    outcome.execution = id(1);
    outcome.attempt = UINT32_MAX;
    outcome.status = STATUS_FAILED;
    outcome.final = true;
    outcome.retry_after_ms = INT64_MAX;
    outcome.started_ms = -1;
    outcome.duration_us = 123456789;
    outcome.error = span_str("step b: exit 3");
    outcome.data = span_str("{\"a\":1}");
    outcome.step_count = steps;
    for (uint16_t i = 0; i < steps && i < STEPS_MAX; i++) {
        outcome.steps[i] = (struct step_result){
            .name = span_str(i % 2 ? "b" : "step-a"),
            .status = (enum status)(i % STATUS__MAX),
            .started_ms = i,
            .duration_us = -1,
            .exit_code = i % 3 - 1,
        };
        outcome.logs[i] = i % 2 ? SPAN_NONE : span_of("log\0\xff", 5);
    }
    outcome.emit_count = 7;
    outcome.emits = span_str("emits");
}

static void check_outcome(void)
{
    const struct frame_outcome *a = &outcome, *b = &outcome_back;
    assert_true(uuid_eq(&a->execution, &b->execution));
    assert_true(a->attempt == b->attempt && a->status == b->status && a->final == b->final);
    assert_true(a->retry_after_ms == b->retry_after_ms && a->started_ms == b->started_ms);
    assert_true(a->duration_us == b->duration_us && a->emit_count == b->emit_count);
    assert_true(span_eq(a->error, b->error) && span_eq(a->data, b->data));
    assert_true(span_eq(a->emits, b->emits));
    assert_int_equal(a->step_count, b->step_count);
    for (size_t i = 0; i < a->step_count; i++) {
        assert_true(span_eq(a->steps[i].name, b->steps[i].name));
        assert_true(span_eq(a->logs[i], b->logs[i]));
        assert_true(a->steps[i].status == b->steps[i].status);
        assert_true(a->steps[i].started_ms == b->steps[i].started_ms);
        assert_true(a->steps[i].duration_us == b->steps[i].duration_us);
        assert_true(a->steps[i].exit_code == b->steps[i].exit_code);
    }
}

static void frames_return_as_they_were(void **state)
{
    struct buf out = BUF_INIT;
    (void)state;

    struct frame_pipeline pipeline = {span_str("p"), UINT32_MAX, span_str("{}")}, pipeline_back;
    frame_put_pipeline(&out, &pipeline);
    assert_true(frame_get_pipeline(only(&out, FRAME_PIPELINE), &pipeline_back));
    assert_true(span_eq_str(pipeline_back.pipeline_id, "p"));
    assert_true(pipeline_back.version == UINT32_MAX);
    assert_true(span_eq_str(pipeline_back.definition, "{}"));
    buf_clear(&out);

    struct frame_job job = {id(2), 3, span_str("p"), 4, 5, span_of("\1event\0", 7)}, job_back;
    frame_put_job(&out, &job);
    assert_true(frame_get_job(only(&out, FRAME_JOB), &job_back));
    assert_true(uuid_eq(&job_back.execution, &job.execution));
    assert_int_equal(job_back.attempt, 3);
    assert_true(span_eq_str(job_back.pipeline_id, "p"));
    assert_int_equal(job_back.pipeline_version, 4);
    assert_true(span_eq(job_back.event, job.event));
    buf_clear(&out);

    struct uuid cancelled = id(9), cancelled_back;
    frame_put_cancel(&out, &cancelled);
    assert_true(frame_get_cancel(only(&out, FRAME_CANCEL), &cancelled_back));
    assert_true(uuid_eq(&cancelled_back, &cancelled));
    buf_clear(&out);

    frame_put_recall(&out);
    assert_int_equal(only(&out, FRAME_RECALL).len, 0);
    buf_clear(&out);

    uint32_t returned;
    frame_put_returned(&out, 63);
    assert_true(frame_get_returned(only(&out, FRAME_RETURNED), &returned));
    assert_int_equal(returned, 63);
    buf_clear(&out);

    struct frame_call call = {id(5), 6, INT64_MAX, span_str("https://h/"), span_str("secret"), true,
        span_str("event"), 2, span_str("headers")};
    struct frame_call call_back;
    frame_put_call(&out, &call);
    assert_true(frame_get_call(only(&out, FRAME_CALL), &call_back));
    assert_true(uuid_eq(&call_back.execution, &call.execution));
    assert_int_equal(call_back.attempt, 6);
    assert_true(call_back.timeout_ms == INT64_MAX);
    assert_true(span_eq_str(call_back.url, "https://h/"));
    assert_true(span_eq_str(call_back.secret, "secret"));
    assert_true(call_back.structured);
    assert_true(span_eq_str(call_back.event, "event"));
    assert_int_equal(call_back.header_count, 2);
    assert_true(span_eq_str(call_back.headers, "headers"));
    buf_clear(&out);

    for (enum reply_end end = 0; end < REPLY__MAX; end++) {
        struct frame_reply reply = {end, -5, span_str("error"), span_of("\0log", 4)}, reply_back;
        frame_put_reply(&out, &reply);
        assert_true(frame_get_reply(only(&out, FRAME_REPLY), &reply_back));
        assert_int_equal(reply_back.end, end);
        assert_int_equal(reply_back.retry_after_ms, -5);
        assert_true(span_eq_str(reply_back.error, "error"));
        assert_true(span_eq(reply_back.log, reply.log));
        buf_clear(&out);
    }

    static const uint16_t counts[] = {0, 1, 2, STEPS_MAX};
    for (size_t i = 0; i < COUNT(counts); i++) {
        make_outcome(counts[i]);
        frame_put_outcome(&out, &outcome);
        assert_true(frame_get_outcome(only(&out, FRAME_OUTCOME), &outcome_back));
        check_outcome();
        assert_true(frame_outcome_duration_us(only(&out, FRAME_OUTCOME)) == outcome.duration_us);
        buf_clear(&out);
    }
    assert_true(frame_outcome_duration_us(span_str("short")) == 0);
    buf_done(&out);
}

static void frames_are_cut_off_one_by_one(void **state)
{
    static const enum frame_type order[] = {
        FRAME_PIPELINE, FRAME_RECALL, FRAME_JOB, FRAME_OUTCOME, FRAME_RECALL};
    struct frame_pipeline pipeline = {span_str("p"), 1, span_str("{}")};
    struct frame_job job = {id(2), 3, span_str("p"), 4, 5, span_str("event")};
    struct buf all = BUF_INIT, in = BUF_INIT;
    size_t found = 0;
    (void)state;
    make_outcome(2);
    frame_put_pipeline(&all, &pipeline);
    frame_put_recall(&all);
    frame_put_job(&all, &job);
    frame_put_outcome(&all, &outcome);
    frame_put_recall(&all);
    /* However the bytes arrive, down to one at a time. */
    for (size_t i = 0; i < all.len; i++) {
        enum frame_type type;
        struct span body;
        size_t taken;
        bool bad;
        buf_add(&in, all.data + i, 1);
        while (frame_next(buf_span(&in), &type, &body, &taken, &bad)) {
            assert_true(found < COUNT(order));
            assert_int_equal(type, order[found]);
            if (type == FRAME_OUTCOME) {
                assert_true(frame_get_outcome(body, &outcome_back));
                check_outcome();
            }
            found++;
            buf_drop(&in, taken);
        }
        assert_false(bad);
    }
    assert_int_equal(found, COUNT(order));
    assert_int_equal(in.len, 0);
    buf_done(&all);
    buf_done(&in);
}

static const struct {
    uint8_t head[5];
    size_t len;
    bool whole, bad;
} head_cases[] = {
    {{0}, 0, false, false},
    {{0, 0, 0}, 3, false, false},
    {{0, 0, 0, 1}, 4, false, false},
    {{0, 0, 0, 1, FRAME_RECALL}, 5, true, false},
    {{0, 0, 0, 2, FRAME_RECALL}, 5, false, false},
    {{0, 0, 0, 0}, 4, false, true},     /* not even a type */
    {{0x10, 0, 0, 0}, 4, false, false}, /* the longest */
    {{0x10, 0, 0, 1}, 4, false, true},
    {{0xff, 0xff, 0xff, 0xff}, 4, false, true},
    {{0x7f, 0xff, 0xff, 0xff, FRAME_JOB}, 5, false, true},
};

static void bad_lengths_are_told_from_missing_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(head_cases); i++) {
        struct buf in = BUF_INIT;
        enum frame_type type;
        struct span body;
        size_t taken;
        bool bad = !head_cases[i].bad;
        buf_add(&in, head_cases[i].head, head_cases[i].len);
        if (frame_next(buf_span(&in), &type, &body, &taken, &bad) != head_cases[i].whole ||
            bad != head_cases[i].bad)
            fail_msg("case %zu", i);
        buf_done(&in);
    }
}

/* Readers of bodies, under one form. */
static bool get_pipeline(struct span body)
{
    struct frame_pipeline pipeline;
    return frame_get_pipeline(body, &pipeline);
}

static bool get_job(struct span body)
{
    struct frame_job job;
    return frame_get_job(body, &job);
}

static bool get_outcome(struct span body)
{
    return frame_get_outcome(body, &outcome_back);
}

static bool get_call(struct span body)
{
    struct frame_call call;
    return frame_get_call(body, &call);
}

static bool get_cancel(struct span body)
{
    struct uuid execution;
    return frame_get_cancel(body, &execution);
}

static bool get_returned(struct span body)
{
    uint32_t count;
    return frame_get_returned(body, &count);
}

static bool get_reply(struct span body)
{
    struct frame_reply reply;
    return frame_get_reply(body, &reply);
}

static bool get_copy(bool (*get)(struct span body), const uint8_t *data, size_t len)
{
    uint8_t *copy = malloc(len ? len : 1); /* exactly that size, for the sanitizer */
    memcpy(copy, data, len);
    bool good = get(span_of(copy, len));
    free(copy);
    return good;
}

static void check_body(struct buf *frame, enum frame_type type, bool (*get)(struct span body))
{
    struct span body = only(frame, type);
    struct buf bytes = BUF_INIT;
    buf_add_span(&bytes, body);
    assert_true(get_copy(get, bytes.data, bytes.len));
    for (size_t len = 0; len < bytes.len; len++)
        assert_false(get_copy(get, bytes.data, len));
    buf_add_char(&bytes, 0);
    assert_false(get_copy(get, bytes.data, bytes.len)); /* something left over */
    for (size_t i = 0; i + 1 < bytes.len; i++) {
        uint8_t good = bytes.data[i];
        bytes.data[i] = 0xff;
        (void)get_copy(get, bytes.data, bytes.len - 1); /* anything, but not past the end */
        bytes.data[i] = good;
    }
    buf_done(&bytes);
    buf_clear(frame);
}

static void broken_bodies_are_noticed(void **state)
{
    struct frame_pipeline pipeline = {span_str("p"), 1, span_str("{}")};
    struct frame_job job = {id(2), 3, span_str("p"), 4, 5, span_str("event")};
    struct frame_call call = {
        id(5), 6, 7, span_str("u"), span_str("s"), true, span_str("e"), 1, span_str("h")};
    struct frame_reply reply = {REPLY_FAILED, 1, span_str("e"), span_str("l")};
    struct buf out = BUF_INIT;
    (void)state;
    frame_put_pipeline(&out, &pipeline);
    check_body(&out, FRAME_PIPELINE, get_pipeline);
    frame_put_job(&out, &job);
    check_body(&out, FRAME_JOB, get_job);
    frame_put_cancel(&out, &job.execution);
    check_body(&out, FRAME_CANCEL, get_cancel);
    frame_put_returned(&out, 1);
    check_body(&out, FRAME_RETURNED, get_returned);
    frame_put_call(&out, &call);
    check_body(&out, FRAME_CALL, get_call);
    frame_put_reply(&out, &reply);
    check_body(&out, FRAME_REPLY, get_reply);
    make_outcome(3);
    frame_put_outcome(&out, &outcome);
    check_body(&out, FRAME_OUTCOME, get_outcome);
    buf_done(&out);
}

/* What the other end could not have meant. */
static void impossible_values_are_refused(void **state)
{
    struct buf out = BUF_INIT;
    (void)state;
    make_outcome(1);
    outcome.status = STATUS__MAX;
    frame_put_outcome(&out, &outcome);
    assert_false(get_outcome(only(&out, FRAME_OUTCOME)));
    buf_clear(&out);

    make_outcome(1);
    outcome.steps[0].status = STATUS__MAX;
    frame_put_outcome(&out, &outcome);
    assert_false(get_outcome(only(&out, FRAME_OUTCOME)));
    buf_clear(&out);

    /* More steps than there is room for: the count alone is enough to refuse it. */
    make_outcome(0);
    outcome.error = outcome.data = outcome.emits = SPAN_NONE; /* zeros read as good steps */
    outcome.emit_count = 0;
    frame_put_outcome(&out, &outcome);
    size_t at = 5 + 16 + 4 + 1 + 1 + 8 + 8 + 8 + 4 + 4; /* of the count */
    assert_int_equal(out.data[at] << 8 | out.data[at + 1], 0);
    out.data[at + 1] = STEPS_MAX + 1;
    assert_false(get_outcome(only(&out, FRAME_OUTCOME)));
    out.data[at] = 0xff;
    assert_false(get_outcome(only(&out, FRAME_OUTCOME)));
    buf_clear(&out);

    struct frame_reply reply = {REPLY__MAX, 0, SPAN_NONE, SPAN_NONE};
    frame_put_reply(&out, &reply);
    assert_false(get_reply(only(&out, FRAME_REPLY)));
    buf_done(&out);
}

static void emits_are_taken_one_by_one(void **state)
{
    const struct frame_emit emits[] = {
        {span_str("t1"), span_str("s"), span_str("topic"), span_str("{}")},
        {span_str("t2"), SPAN_NONE, SPAN_NONE, span_str("null")},
        {SPAN_NONE, SPAN_NONE, SPAN_NONE, SPAN_NONE},
    };
    struct buf list = BUF_INIT;
    struct frame_emit emit;
    (void)state;
    for (size_t i = 0; i < COUNT(emits); i++)
        frame_add_emit(&list, &emits[i]);
    struct span rest = buf_span(&list);
    for (size_t i = 0; i < COUNT(emits); i++) {
        assert_true(frame_emit_next(&rest, &emit));
        assert_true(span_eq(emit.event_type, emits[i].event_type));
        assert_true(span_eq(emit.event_source, emits[i].event_source));
        assert_true(span_eq(emit.topic, emits[i].topic));
        assert_true(span_eq(emit.payload, emits[i].payload));
    }
    assert_int_equal(rest.len, 0);
    assert_false(frame_emit_next(&rest, &emit));
    rest = span_of(list.data, 20); /* ends inside the first */
    assert_false(frame_emit_next(&rest, &emit));
    assert_false(frame_emit_next(&rest, &emit));
    buf_done(&list);
}

static void headers_are_taken_one_by_one(void **state)
{
    struct buf list = BUF_INIT;
    struct span name, value;
    (void)state;
    frame_add_header(&list, span_str("X-A"), span_str("1"));
    frame_add_header(&list, span_str("X-B"), SPAN_NONE);
    struct span rest = buf_span(&list);
    assert_true(frame_header_next(&rest, &name, &value));
    assert_true(span_eq_str(name, "X-A") && span_eq_str(value, "1"));
    assert_true(frame_header_next(&rest, &name, &value));
    assert_true(span_eq_str(name, "X-B") && value.len == 0);
    assert_int_equal(rest.len, 0);
    assert_false(frame_header_next(&rest, &name, &value));
    rest = span_of(list.data, 9);
    assert_false(frame_header_next(&rest, &name, &value));
    buf_done(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_return_as_they_were),
        cmocka_unit_test(frames_are_cut_off_one_by_one),
        cmocka_unit_test(bad_lengths_are_told_from_missing_bytes),
        cmocka_unit_test(broken_bodies_are_noticed),
        cmocka_unit_test(impossible_values_are_refused),
        cmocka_unit_test(emits_are_taken_one_by_one),
        cmocka_unit_test(headers_are_taken_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
