/* frame - see frame.h. */
#include "proc/frame.h"

#include <string.h>

#include "base/log.h"
#include "base/pack.h"

#define HEAD 4 /* bytes of the length */

bool frame_is_understood(int argc, char **argv, int own)
{
    const char *theirs = argc > own ? argv[own] : FRAMES_UNNAMED;
    bool good = strcmp(theirs, FRAMES_VERSION) == 0;
    if (!good)
        log_error("the program that has started this one is of another version (%.32s, and not "
                  "%s); install all programs of one version",
            theirs, FRAMES_VERSION);
    return good;
}

bool frame_next(struct span in, enum frame_type *ret_type, struct span *ret_body, size_t *ret_taken,
    bool *ret_bad)
{
    *ret_bad = false;
    if (in.len < HEAD)
        return false;
    struct unpack u = unpack_from(span_of(in.data, HEAD));
    uint32_t len = unpack_u32(&u);
    *ret_bad = len < 1 || len > FRAME_MAX;
    if (*ret_bad || in.len - HEAD < len)
        return false;
    *ret_type = in.data[HEAD];
    *ret_body = span_of(in.data + HEAD + 1, len - 1);
    *ret_taken = HEAD + len;
    return true;
}

/* Begins a frame without its length, which is filled in when the frame ends. */
static size_t begin(struct buf *out, enum frame_type type)
{
    size_t at = out->len;
    pack_u32(out, 0);
    pack_u8(out, (uint8_t)type);
    return at;
}

static void end(struct buf *out, size_t at)
{
    size_t len = out->len - at - HEAD;
    for (size_t i = 0; i < HEAD; i++)
        out->data[at + i] = (uint8_t)(len >> 8 * (HEAD - 1 - i));
}

void frame_put_pipeline(struct buf *out, const struct frame_pipeline *pipeline)
{
    size_t at = begin(out, FRAME_PIPELINE);
    pack_bytes(out, pipeline->pipeline_id);
    pack_u32(out, pipeline->version);
    pack_bytes(out, pipeline->definition);
    end(out, at);
}

bool frame_get_pipeline(struct span body, struct frame_pipeline *ret_pipeline)
{
    struct unpack u = unpack_from(body);
    ret_pipeline->pipeline_id = unpack_bytes(&u);
    ret_pipeline->version = unpack_u32(&u);
    ret_pipeline->definition = unpack_bytes(&u);
    return unpack_done(&u);
}

void frame_put_job(struct buf *out, const struct frame_job *job)
{
    buf_reserve(out, job->event.len + job->secrets.len + 128);
    size_t at = begin(out, FRAME_JOB);
    pack_uuid(out, &job->execution);
    pack_u32(out, job->attempt);
    pack_bytes(out, job->pipeline_id);
    pack_u32(out, job->pipeline_version);
    pack_i64(out, job->over_ms);
    pack_bytes(out, job->event);
    pack_bytes(out, job->secrets);
    end(out, at);
}

bool frame_get_job(struct span body, struct frame_job *ret_job)
{
    struct unpack u = unpack_from(body);
    ret_job->execution = unpack_uuid(&u);
    ret_job->attempt = unpack_u32(&u);
    ret_job->pipeline_id = unpack_bytes(&u);
    ret_job->pipeline_version = unpack_u32(&u);
    ret_job->over_ms = unpack_i64(&u);
    ret_job->event = unpack_bytes(&u);
    ret_job->secrets = unpack_bytes(&u);
    return unpack_done(&u);
}

void frame_put_cancel(struct buf *out, const struct uuid *execution)
{
    size_t at = begin(out, FRAME_CANCEL);
    pack_uuid(out, execution);
    end(out, at);
}

bool frame_get_cancel(struct span body, struct uuid *ret_execution)
{
    struct unpack u = unpack_from(body);
    *ret_execution = unpack_uuid(&u);
    return unpack_done(&u);
}

void frame_put_recall(struct buf *out)
{
    end(out, begin(out, FRAME_RECALL));
}

void frame_put_ready(struct buf *out)
{
    end(out, begin(out, FRAME_READY));
}

void frame_put_returned(struct buf *out, uint32_t count)
{
    size_t at = begin(out, FRAME_RETURNED);
    pack_u32(out, count);
    end(out, at);
}

bool frame_get_returned(struct span body, uint32_t *ret_count)
{
    struct unpack u = unpack_from(body);
    *ret_count = unpack_u32(&u);
    return unpack_done(&u);
}

void frame_put_outcome(struct buf *out, const struct frame_outcome *o)
{
    size_t at = begin(out, FRAME_OUTCOME);
    pack_uuid(out, &o->execution);
    pack_u32(out, o->attempt);
    pack_u8(out, (uint8_t)o->status);
    pack_u8(out, o->final);
    pack_i64(out, o->retry_after_ms);
    pack_i64(out, o->started_ms);
    pack_i64(out, o->duration_us);
    pack_bytes(out, o->error);
    pack_bytes(out, o->data);
    pack_u16(out, o->step_count);
    for (size_t i = 0; i < o->step_count; i++) {
        pack_bytes(out, o->steps[i].name);
        pack_u8(out, (uint8_t)o->steps[i].status);
        pack_i64(out, o->steps[i].started_ms);
        pack_i64(out, o->steps[i].duration_us);
        pack_u32(out, (uint32_t)o->steps[i].exit_code);
        pack_bytes(out, o->logs[i]);
    }
    pack_u32(out, o->emit_count);
    pack_bytes(out, o->emits);
    end(out, at);
}

static void get_outcome_head(struct unpack *u, struct frame_outcome *o)
{
    o->execution = unpack_uuid(u);
    o->attempt = unpack_u32(u);
    o->status = unpack_u8(u);
    o->final = unpack_u8(u);
    o->retry_after_ms = unpack_i64(u);
    o->started_ms = unpack_i64(u);
    o->duration_us = unpack_i64(u);
}

int64_t frame_outcome_duration_us(struct span body)
{
    NOT_ZEROED struct frame_outcome head;
    struct unpack u = unpack_from(body);
    get_outcome_head(&u, &head);
    return head.duration_us;
}

bool frame_get_outcome(struct span body, struct frame_outcome *o)
{
    struct unpack u = unpack_from(body);
    get_outcome_head(&u, o);
    o->error = unpack_bytes(&u);
    o->data = unpack_bytes(&u);
    o->step_count = unpack_u16(&u);
    if (o->step_count > STEPS_MAX || o->status >= STATUS__MAX)
        return false;
    for (size_t i = 0; i < o->step_count; i++) {
        o->steps[i].name = unpack_bytes(&u);
        o->steps[i].status = unpack_u8(&u);
        o->steps[i].started_ms = unpack_i64(&u);
        o->steps[i].duration_us = unpack_i64(&u);
        o->steps[i].exit_code = (int32_t)unpack_u32(&u);
        o->logs[i] = unpack_bytes(&u);
        if (o->steps[i].status >= STATUS__MAX)
            return false;
    }
    o->emit_count = unpack_u32(&u);
    o->emits = unpack_bytes(&u);
    return unpack_done(&u);
}

void frame_put_call(struct buf *out, const struct frame_call *c)
{
    buf_reserve(out, c->event.len + c->headers.len + 256);
    size_t at = begin(out, FRAME_CALL);
    pack_uuid(out, &c->execution);
    pack_u32(out, c->attempt);
    pack_i64(out, c->timeout_ms);
    pack_bytes(out, c->url);
    pack_bytes(out, c->secret);
    pack_u8(out, c->structured);
    pack_bytes(out, c->event);
    pack_u16(out, c->header_count);
    pack_bytes(out, c->headers);
    end(out, at);
}

bool frame_get_call(struct span body, struct frame_call *c)
{
    struct unpack u = unpack_from(body);
    c->execution = unpack_uuid(&u);
    c->attempt = unpack_u32(&u);
    c->timeout_ms = unpack_i64(&u);
    c->url = unpack_bytes(&u);
    c->secret = unpack_bytes(&u);
    c->structured = unpack_u8(&u);
    c->event = unpack_bytes(&u);
    c->header_count = unpack_u16(&u);
    c->headers = unpack_bytes(&u);
    return unpack_done(&u);
}

void frame_put_reply(struct buf *out, const struct frame_reply *r)
{
    size_t at = begin(out, FRAME_REPLY);
    pack_u8(out, (uint8_t)r->end);
    pack_i64(out, r->retry_after_ms);
    pack_bytes(out, r->error);
    pack_bytes(out, r->log);
    end(out, at);
}

bool frame_get_reply(struct span body, struct frame_reply *r)
{
    struct unpack u = unpack_from(body);
    r->end = unpack_u8(&u);
    r->retry_after_ms = unpack_i64(&u);
    r->error = unpack_bytes(&u);
    r->log = unpack_bytes(&u);
    return unpack_done(&u) && r->end < REPLY__MAX;
}

void frame_add_secret(struct buf *secrets, struct span value)
{
    pack_bytes(secrets, value);
}

bool frame_secret_next(struct span *secrets, struct span *ret_value)
{
    struct unpack u = unpack_from(*secrets);
    *ret_value = unpack_bytes(&u);
    *secrets = u.rest;
    return !u.bad;
}

void frame_add_header(struct buf *headers, struct span name, struct span value)
{
    pack_bytes(headers, name);
    pack_bytes(headers, value);
}

bool frame_header_next(struct span *headers, struct span *ret_name, struct span *ret_value)
{
    struct unpack u = unpack_from(*headers);
    *ret_name = unpack_bytes(&u);
    *ret_value = unpack_bytes(&u);
    *headers = u.rest;
    return !u.bad;
}

void frame_add_emit(struct buf *emits, const struct frame_emit *emit)
{
    pack_bytes(emits, emit->event_type);
    pack_bytes(emits, emit->event_source);
    pack_bytes(emits, emit->topic);
    pack_bytes(emits, emit->payload);
}

bool frame_emit_next(struct span *emits, struct frame_emit *ret_emit)
{
    struct unpack u = unpack_from(*emits);
    ret_emit->event_type = unpack_bytes(&u);
    ret_emit->event_source = unpack_bytes(&u);
    ret_emit->topic = unpack_bytes(&u);
    ret_emit->payload = unpack_bytes(&u);
    *emits = u.rest;
    return !u.bad;
}
