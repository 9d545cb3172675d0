/*
 * frame_fuzz - what a runner, or fx-http, may have written to its socket: frames are found and
 * read within what has come.
 */
#include "tests/fuzz/fuzz.h"

#include "proc/frame.h"

static void read_outcome(struct span body)
{
    struct frame_outcome outcome;
    struct frame_emit emit;
    (void)frame_outcome_duration_us(body);
    if (!frame_get_outcome(body, &outcome))
        return;
    require(outcome.step_count <= STEPS_MAX);
    touch(outcome.error);
    touch(outcome.data);
    for (size_t i = 0; i < outcome.step_count; i++) {
        touch(outcome.steps[i].name);
        touch(outcome.logs[i]);
    }
    for (struct span emits = outcome.emits; frame_emit_next(&emits, &emit);) {
        touch(emit.event_type);
        touch(emit.event_source);
        touch(emit.topic);
        touch(emit.payload);
    }
}

static void read_job(const struct frame_job *job)
{
    struct span value;
    touch(job->event);
    for (struct span secrets = job->secrets; frame_secret_next(&secrets, &value);)
        touch(value);
}

static void read_call(struct span body)
{
    struct frame_call call;
    struct span name, value;
    if (!frame_get_call(body, &call))
        return;
    touch(call.url);
    touch(call.secret);
    touch(call.event);
    for (struct span headers = call.headers; frame_header_next(&headers, &name, &value);) {
        touch(name);
        touch(value);
    }
}

static void read_body(enum frame_type type, struct span body)
{
    struct frame_pipeline pipeline;
    struct frame_reply reply;
    struct frame_job job;
    struct uuid execution;
    uint32_t count;
    if (type == FRAME_PIPELINE && frame_get_pipeline(body, &pipeline))
        touch(pipeline.definition);
    else if (type == FRAME_JOB && frame_get_job(body, &job))
        read_job(&job);
    else if (type == FRAME_CANCEL)
        (void)frame_get_cancel(body, &execution);
    else if (type == FRAME_RETURNED)
        (void)frame_get_returned(body, &count);
    else if (type == FRAME_OUTCOME)
        read_outcome(body);
    else if (type == FRAME_CALL)
        read_call(body);
    else if (type == FRAME_REPLY && frame_get_reply(body, &reply))
        require(reply.end < REPLY__MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span in = span_of(data, size), body;
    enum frame_type type;
    size_t taken;
    bool bad = false;
    while (frame_next(in, &type, &body, &taken, &bad)) {
        require(taken && taken <= in.len);
        require(body.data >= in.data && body.data + body.len <= in.data + taken);
        read_body(type, body);
        in = span_of(in.data + taken, in.len - taken);
    }
    return 0;
}
