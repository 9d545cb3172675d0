/* execution - see execution.h. */
#include "model/execution.h"

#include <assert.h>
#include <stdio.h>

#include "base/pack.h"
#include "model/limits.h"

/* Versions of the stored forms; schema/store.md says how to change them. */
#define EXECUTION_RECORD 3
#define EXECUTION_RECORD_WITHOUT_BEGUN 2 /* nor steps_attempt */
#define ATTEMPT_RECORD 2
#define ATTEMPT_RECORD_WITHOUT_VERSION 1

static const char *const status_names[] = {
#define STATUS(constant, name) name,
    EXECUTION_STATUSES(STATUS)
#undef STATUS
};

const char *status_name(enum status status)
{
    return status < STATUS__MAX ? status_names[status] : "unknown";
}

bool status_parse(struct span name, enum status *ret_status)
{
    for (int i = 0; i < STATUS__MAX; i++) {
        if (span_eq_str(name, status_names[i])) {
            *ret_status = i;
            return true;
        }
    }
    return false;
}

bool status_is_final(enum status status)
{
    return status == STATUS_COMPLETED || status == STATUS_FAILED || status == STATUS_SKIPPED;
}

static const char *const attempt_names[] = {
#define ATTEMPT(constant, name) name,
    EXECUTION_ATTEMPTS(ATTEMPT)
#undef ATTEMPT
};

bool execution_is_dead_letter(const struct execution *execution)
{
    return execution->status == STATUS_FAILED && execution->last != ATTEMPT_CANCELLED;
}

int64_t execution_over_ms(const struct execution *execution, int64_t timeout_ms)
{
    return timeout_ms && execution->begun_ms ? execution->begun_ms + timeout_ms : INT64_MAX;
}

/* Says what became of the last attempt. */
static void say_last(const struct attempt_result *last, struct buf *error)
{
    if (last->status == ATTEMPT_FAILED)
        buf_printf(error, "; attempt %u had failed: ", last->attempt);
    else if (last->status == ATTEMPT_LOST)
        buf_add_str(error, "; ");
    if (last->status == ATTEMPT_FAILED || last->status == ATTEMPT_LOST)
        buf_add_span(error, last->error);
    else
        buf_printf(error, "; attempt %u had been %s", last->attempt, attempt_names[last->status]);
}

/* Do people who end it so want no more of it, and has it not failed but by their wish? */
static bool is_put_aside(enum pending_end end, const struct attempt_result *last)
{
    return end == PENDING_END_SKIPPED ||
           (end == PENDING_END_CANCELLED && last && last->status == ATTEMPT_CANCELLED);
}

void execution_end_pending(struct execution *execution, enum pending_end end,
    const struct attempt_result *last, struct buf *error)
{
    static const char *const words[] = {
#define PENDING_END(constant, words) words,
        EXECUTION_PENDING_ENDS(PENDING_END)
#undef PENDING_END
    };
    bool by_people = end == PENDING_END_SKIPPED || end == PENDING_END_CANCELLED;
    bool waited = execution->attempt > 0;
    buf_clear(error);
    buf_add_str(error, words[end]);
    if (waited)
        buf_add_str(error, " while it waited for its next attempt");
    else if (!by_people)
        buf_add_str(error, " before it ran");
    if (waited && last)
        say_last(last, error);
    execution->status = waited && !is_put_aside(end, last) ? STATUS_FAILED : STATUS_SKIPPED;
    execution->error = buf_span(error);
    execution->due_ms = 0;
}

bool execution_last_attempt(const struct execution *execution, struct attempt_result *ret_attempt)
{
    bool going = execution->last == ATTEMPT_IN_PROGRESS;
    *ret_attempt = (struct attempt_result){
        .attempt = execution->attempt,
        .status = execution->last,
        .started_ms = execution->started_ms,
        .duration_us = execution->duration_us,
        .error = going ? SPAN_NONE : execution->error, /* that of the attempt before */
        .exit_code = -1,
        .version = execution->pipeline_version,
    };
    bool its_steps = execution->steps_attempt == execution->attempt;
    for (size_t i = 0; its_steps && i < execution->step_count; i++) {
        if (execution->steps[i].status != STATUS_FAILED)
            continue;
        ret_attempt->step = execution->steps[i].name;
        ret_attempt->exit_code = execution->steps[i].exit_code;
        break; /* the first that fails is the last that runs */
    }
    return execution->last != ATTEMPT_NONE;
}

static void step_encode(const struct step_result *step, struct buf *out)
{
    pack_bytes(out, step->name);
    pack_u8(out, (uint8_t)step->status);
    pack_i64(out, step->started_ms);
    pack_i64(out, step->duration_us);
    pack_u32(out, (uint32_t)step->exit_code);
}

static struct step_result step_decode(struct unpack *u)
{
    struct step_result s;
    s.name = unpack_bytes(u);
    s.status = unpack_u8(u);
    s.started_ms = unpack_i64(u);
    s.duration_us = unpack_i64(u);
    s.exit_code = (int32_t)unpack_u32(u);
    if (s.status >= STATUS__MAX)
        u->bad = true;
    return s;
}

void execution_encode(const struct execution *execution, struct buf *out)
{
    assert(!execution->without_steps);
    pack_u8(out, EXECUTION_RECORD);
    pack_uuid(out, &execution->id);
    pack_uuid(out, &execution->cid);
    pack_uuid(out, &execution->parent);
    pack_u64(out, execution->event_seq);
    pack_u64(out, execution->queue);
    pack_u8(out, (uint8_t)execution->status);
    pack_u32(out, execution->attempt);
    pack_u32(out, execution->failures);
    pack_u32(out, execution->losses);
    pack_u8(out, (uint8_t)execution->last);
    pack_u32(out, execution->pipeline_version);
    pack_i64(out, execution->created_ms);
    pack_i64(out, execution->started_ms);
    pack_i64(out, execution->duration_us);
    pack_i64(out, execution->due_ms);
    pack_i64(out, execution->begun_ms);
    pack_bytes(out, execution->pipeline_id);
    pack_bytes(out, execution->pipeline_name);
    pack_bytes(out, execution->event_type);
    pack_bytes(out, execution->error);
    pack_u32(out, execution->steps_attempt);
    pack_u16(out, execution->step_count);
    for (size_t i = 0; i < execution->step_count; i++)
        step_encode(&execution->steps[i], out);
}

enum err execution_decode(
    struct span record, struct execution *ret_execution, struct step_result *steps)
{
    struct unpack u = unpack_from(record);
    uint8_t version = unpack_u8(&u);
    bool old = version == EXECUTION_RECORD_WITHOUT_BEGUN;
    if (version != EXECUTION_RECORD && !old)
        return ERR_CORRUPT;
    struct execution e = {.without_steps = !steps};
    e.id = unpack_uuid(&u);
    e.cid = unpack_uuid(&u);
    e.parent = unpack_uuid(&u);
    e.event_seq = unpack_u64(&u);
    e.queue = unpack_u64(&u);
    e.status = unpack_u8(&u);
    e.attempt = unpack_u32(&u);
    e.failures = unpack_u32(&u);
    e.losses = unpack_u32(&u);
    e.last = unpack_u8(&u);
    e.pipeline_version = unpack_u32(&u);
    e.created_ms = unpack_i64(&u);
    e.started_ms = unpack_i64(&u);
    e.duration_us = unpack_i64(&u);
    e.due_ms = unpack_i64(&u);
    e.begun_ms = old ? 0 : unpack_i64(&u);
    e.pipeline_id = unpack_bytes(&u);
    e.pipeline_name = unpack_bytes(&u);
    e.event_type = unpack_bytes(&u);
    e.error = unpack_bytes(&u);
    e.steps_attempt = old ? e.attempt : unpack_u32(&u);
    uint16_t count = unpack_u16(&u);
    if (u.bad || e.status >= STATUS__MAX || e.last >= ATTEMPT__MAX || count > STEPS_MAX)
        return ERR_CORRUPT;
    if (steps) {
        for (size_t i = 0; i < count; i++)
            steps[i] = step_decode(&u);
        if (!unpack_done(&u))
            return ERR_CORRUPT;
        e.steps = steps;
        e.step_count = count;
    }
    *ret_execution = e;
    return ERR_OK;
}

void attempt_encode(const struct attempt_result *attempt, struct buf *out)
{
    pack_u8(out, ATTEMPT_RECORD);
    pack_u8(out, (uint8_t)attempt->status);
    pack_i64(out, attempt->started_ms);
    pack_i64(out, attempt->duration_us);
    pack_bytes(out, attempt->error);
    pack_bytes(out, attempt->step);
    pack_u32(out, (uint32_t)attempt->exit_code);
    pack_u32(out, attempt->version);
}

enum err attempt_decode(struct span record, struct attempt_result *ret_attempt)
{
    struct unpack u = unpack_from(record);
    uint8_t version = unpack_u8(&u);
    if (version != ATTEMPT_RECORD && version != ATTEMPT_RECORD_WITHOUT_VERSION)
        return ERR_CORRUPT;
    struct attempt_result a = {0};
    a.status = unpack_u8(&u);
    a.started_ms = unpack_i64(&u);
    a.duration_us = unpack_i64(&u);
    a.error = unpack_bytes(&u);
    a.step = unpack_bytes(&u);
    a.exit_code = (int32_t)unpack_u32(&u);
    a.version = version == ATTEMPT_RECORD ? unpack_u32(&u) : 0;
    if (!unpack_done(&u) || a.status >= ATTEMPT__MAX)
        return ERR_CORRUPT;
    *ret_attempt = a;
    return ERR_OK;
}

static void put_text_or_null(struct json_out *o, const char *name, struct span text)
{
    json_key(o, name);
    text.len ? json_text(o, text) : json_null(o);
}

/* Writes the times that steps and attempts have in common. */
static void put_times(struct json_out *o, int64_t started_ms, int64_t duration_us)
{
    json_key(o, "started");
    started_ms ? json_time(o, started_ms) : json_null(o);
    json_key(o, "seconds");
    duration_us >= 0 ? json_seconds(o, duration_us) : json_null(o);
}

static void put_exit_code(struct json_out *o, int32_t exit_code)
{
    json_key(o, "exit_code");
    exit_code >= 0 ? json_int(o, exit_code) : json_null(o);
}

/* A version is text, since it names something; null: it is not known. */
static void put_version(struct json_out *o, uint32_t version)
{
    char text[16];
    snprintf(text, sizeof text, "%u", version);
    json_put_str(o, "pipeline_version", version ? text : NULL);
}

static void format_attempt(const struct attempt_result *attempt, struct json_out *o)
{
    json_open(o, '{');
    json_put_int(o, "attempt", attempt->attempt);
    json_put_str(o, "status", attempt_names[attempt->status]);
    put_times(o, attempt->started_ms, attempt->duration_us);
    put_text_or_null(o, "error", attempt->error);
    put_text_or_null(o, "step", attempt->step);
    put_exit_code(o, attempt->exit_code);
    put_version(o, attempt->version);
    json_close(o, '}');
}

static void format_step(
    const struct step_result *step, const struct span *log, bool brief, struct json_out *o)
{
    json_open(o, '{');
    json_put_text(o, "name", step->name);
    json_put_str(o, "status", status_name(step->status));
    put_times(o, step->started_ms, step->duration_us);
    put_exit_code(o, step->exit_code);
    if (!brief)
        json_put_text(o, "log", log ? *log : SPAN_NONE);
    json_close(o, '}');
}

void execution_format(
    const struct execution *execution, const struct execution_extras *extras, struct json_out *out)
{
    struct span data = extras->data;
    bool waits = execution->status == STATUS_PENDING && execution->due_ms;
    char id[UUID_TEXT], cid[UUID_TEXT], parent[UUID_TEXT];
    uuid_format(&execution->id, id);
    uuid_format(&execution->cid, cid);
    uuid_format(&execution->parent, parent);
    json_open(out, '{');
    json_put_str(out, "execution_id", id);
    json_put_text(out, "service", execution->pipeline_name);
    json_put_str(out, "status", status_name(execution->status));
    json_key(out, "datetime");
    json_time(out, execution->created_ms);
    json_key(out, "execution_time");
    execution->duration_us >= 0 ? json_seconds(out, execution->duration_us) : json_null(out);
    if (!extras->brief)
        json_put_raw(out, "data", data.len ? data : span_str("{}"));
    json_put_str(out, "cid", cid);
    json_put_text(out, "pipeline_id", execution->pipeline_id);
    put_version(out, execution->pipeline_version);
    json_put_text(out, "event_type", execution->event_type);
    json_put_int(out, "attempt", execution->attempt);
    json_put_bool(out, "dead_letter", execution_is_dead_letter(execution));
    put_text_or_null(out, "error", execution->error);
    json_key(out, "next_attempt");
    waits ? json_time(out, execution->due_ms) : json_null(out);
    json_put_str(out, "parent_execution_id", uuid_is_none(&execution->parent) ? NULL : parent);
    json_key(out, "steps");
    json_open(out, '[');
    for (size_t i = 0; i < execution->step_count; i++)
        format_step(
            &execution->steps[i], extras->logs ? &extras->logs[i] : NULL, extras->brief, out);
    json_close(out, ']');
    json_key(out, "attempts");
    json_open(out, '[');
    for (size_t i = 0; i < extras->attempt_count; i++)
        format_attempt(&extras->attempts[i], out);
    json_close(out, ']');
    json_close(out, '}');
}
