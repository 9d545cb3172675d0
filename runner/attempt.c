/* attempt - see attempt.h. */
#include "runner/attempt.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "model/event.h"
#include "runner/blot.h"
#include "runner/http_step.h"
#include "runner/live.h"
#include "runner/persistent.h"
#include "runner/script.h"

struct attempt {
    const struct home *home;
    const struct frame_job *job;
    const struct pipeline *pipeline;
    struct event event;
    struct filter_subject subject;
    struct buf event_text; /* the event as a step reads it */
    int64_t deadline_ms;   /* of the attempt */
    int64_t over_ms;       /* when the whole execution is over; both as clock_mono_ms counts */
    struct saved saved;    /* what the steps have saved and emitted so far */
    struct buf logs[STEPS_MAX];
    struct live live;
    struct buf error;
    struct frame_outcome outcome;
    bool abandoned;
};

/* Bounds a step's time by what is left until this time. */
static void bound(struct step_call *call, enum limit limit, int64_t until_ms, int64_t now_ms)
{
    int64_t left_ms = until_ms > now_ms ? until_ms - now_ms : 0;
    if (left_ms >= call->timeout_ms)
        return;
    call->timeout_ms = left_ms;
    call->limit = limit;
}

/* What a step is given. Its time is its own, or what is left of the attempt's or execution's. */
static struct step_call make_call(struct attempt *a, const struct step *step)
{
    int64_t own_ms =
        step->timeout_ms ? step->timeout_ms : a->home->config.step_timeout_seconds * 1000;
    int64_t now_ms = clock_mono_ms();
    struct step_call call = {
        .home = a->home,
        .job = a->job,
        .pipeline = a->pipeline,
        .step = step,
        .event = &a->event,
        .event_text = buf_span(&a->event_text),
        .saved = &a->saved,
        .live = &a->live,
        .timeout_ms = own_ms,
    };
    bound(&call, LIMIT_ATTEMPT, a->deadline_ms, now_ms);
    bound(&call, LIMIT_EXECUTION, a->over_ms, now_ms);
    return call;
}

/*
 * When the whole execution is over. The time of its first attempt begins here; that of others is
 * told by the wall clock, which may have been set meanwhile.
 */
static int64_t find_over_ms(
    const struct pipeline *pipeline, const struct frame_job *job, int64_t now_ms)
{
    if (!pipeline->timeout_ms)
        return INT64_MAX;
    int64_t left_ms =
        job->over_ms == INT64_MAX ? pipeline->timeout_ms : job->over_ms - clock_wall_ms();
    return now_ms + (left_ms < pipeline->timeout_ms ? left_ms : pipeline->timeout_ms);
}

/* Emits the step's event, with its own payload or what was saved so far. */
static void publish(const struct step_call *call, struct step_end *end)
{
    const struct step *step = call->step;
    struct span data = call->saved->data.len ? buf_span(&call->saved->data) : span_str("{}");
    struct frame_emit emit = {
        .event_type = span_str(step->event_type),
        .event_source = span_str(step->event_source ? step->event_source : ""),
        .topic = span_str(step->topic ? step->topic : ""),
        .payload = step->payload ? span_str(step->payload) : data,
    };
    if (!saved_emit(call->saved, &emit, &call->home->config))
        step_fail(end, call, "%s", buf_text(&call->saved->why));
}

static void run_kind(const struct step_call *call, struct step_end *end)
{
    enum link_word word = link_look();
    if (word != LINK_NOTHING) {
        step_interrupt(end, call, word);
        return;
    }
    if (!call->timeout_ms) {
        step_time_out(end, call, "", "was not begun");
        return;
    }
    switch (call->step->kind) {
    case STEP_SCRIPT:
        if (!step_can_be_confined(call, end))
            break;
        if (call->step->persistent)
            persistent_run(call, end);
        else
            script_run(call, end);
        break;
    case STEP_HTTP:
        http_step_run(call, end);
        break;
    case STEP_PUBLISH:
        publish(call, end);
        break;
    case STEP__MAX:
        step_fail(end, call, "this kind of step cannot be run");
        break;
    }
}

/* Is the step to be run? If not, *result and the outcome say what has become of it. */
static bool is_to_run(struct attempt *a, const struct step *step, struct step_result *result)
{
    switch (filter_judge(step->when, &a->subject, NULL)) {
    case FILTER_DIFFERS:
        result->status = STATUS_SKIPPED;
        return false;
    case FILTER_TOO_COSTLY:
        /* Neither run nor passed over: nobody can say which would be right. */
        buf_printf(&a->error, "step %s: whether it is to run is ", step->name);
        (void)filter_judge(step->when, &a->subject, &a->error);
        result->status = STATUS_FAILED;
        a->outcome.final = true;
        return false;
    default:
        return true;
    }
}

/* Runs a step. When it has failed, a->error says why. */
static void run_step(struct attempt *a, const struct step *step, size_t i)
{
    struct step_result *result = &a->outcome.steps[i];
    int64_t start_us = clock_mono_us();
    size_t emits = a->saved.emits.len, emit_count = a->saved.emit_count;
    struct step_call call = make_call(a, step);
    struct step_end end = {.exit_code = -1};
    result->started_ms = clock_wall_ms();
    result->status = STATUS_IN_PROGRESS;
    live_begin_step(&a->live, i, &call);
    run_kind(&call, &end);
    blot_out(&call, &end.log);
    blot_out(&call, &end.error);
    a->error = end.error;
    a->logs[i] = end.log;
    a->outcome.logs[i] = buf_span(&a->logs[i]);
    a->outcome.final = end.final;
    a->outcome.retry_after_ms = end.retry_after_ms;
    a->abandoned = end.abandoned;
    bool good = !end.failed && !end.abandoned;
    /* Only events of steps that succeed are published. */
    if (!good) {
        a->saved.emits.len = emits;
        a->saved.emit_count = emit_count;
    }
    result->exit_code = end.exit_code;
    result->duration_us = clock_mono_us() - start_us;
    result->status = good ? STATUS_COMPLETED : STATUS_FAILED;
}

static void run_steps(struct attempt *a)
{
    int64_t start_us = clock_mono_us();
    a->outcome.started_ms = clock_wall_ms();
    a->outcome.status = STATUS_COMPLETED;
    /* Checked again: the definition may be older than the operator's list. */
    if (pipeline_check_env(a->pipeline, a->home->config.step_env_allow, &a->error)) {
        a->outcome.status = STATUS_FAILED;
        a->outcome.final = true;
    }
    a->outcome.step_count = (uint16_t)a->pipeline->step_count;
    for (size_t i = 0; i < a->pipeline->step_count; i++) {
        const struct step *step = &a->pipeline->steps[i];
        struct step_result *result = &a->outcome.steps[i];
        *result = (struct step_result){
            .name = span_str(step->name),
            .status = STATUS_PENDING,
            .duration_us = -1,
            .exit_code = -1,
        };
        if (a->outcome.status == STATUS_COMPLETED && is_to_run(a, step, result))
            run_step(a, step, i);
        if (result->status != STATUS_PENDING)
            live_end_step(&a->live, i);
        if (result->status == STATUS_FAILED)
            a->outcome.status = STATUS_FAILED;
    }
    a->outcome.duration_us = clock_mono_us() - start_us;
}

bool attempt_run(const struct home *home, const struct frame_job *job,
    const struct pipeline *pipeline, struct buf *out)
{
    struct attempt *a = mem_alloc(sizeof *a);
    a->home = home;
    a->job = job;
    a->pipeline = pipeline;
    int64_t now_ms = clock_mono_ms();
    a->deadline_ms = now_ms + pipeline->attempt_timeout_ms;
    a->over_ms = find_over_ms(pipeline, job, now_ms);
    a->outcome.execution = job->execution;
    a->outcome.attempt = job->attempt;
    if (event_decode(job->event, &a->event))
        log_die(EXIT_FIX, "the dispatcher sent no event");
    filter_subject_init(&a->subject, &a->event);
    event_format(&a->event, &a->event_text);
    live_begin(&a->live, home, job, pipeline, a->outcome.steps, a->logs);
    run_steps(a);
    live_end(&a->live);
    if (!a->abandoned) {
        a->outcome.error = buf_span(&a->error);
        a->outcome.data = buf_span(&a->saved.data);
        a->outcome.emits = buf_span(&a->saved.emits);
        a->outcome.emit_count = (uint32_t)a->saved.emit_count;
        frame_put_outcome(out, &a->outcome);
    }
    bool told = !a->abandoned;
    for (size_t i = 0; i < pipeline->step_count; i++)
        buf_done(&a->logs[i]);
    filter_subject_done(&a->subject);
    buf_done(&a->event_text);
    buf_done(&a->error);
    saved_done(&a->saved);
    free(a);
    return told;
}
