/* record - see record.h. */
#include "dispatcher/record.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "dispatcher/catalog.h"
#include "dispatcher/dispatcher.h"
#include "dispatcher/service.h"
#include "proc/frame.h"
#include "store/actions.h"
#include "store/attempts.h"
#include "store/events.h"
#include "store/executions.h"
#include "store/queue.h"

/* A runner that dies again and again with the same execution is not given it back at once. */
static const struct retry loss_backoff = {UINT32_MAX, 100, 10000};

enum err record_put_back(
    struct store_txn *txn, struct service *service, struct execution *execution, int64_t wait_ms)
{
    enum status was = execution->status;
    enum err err = attempts_keep(txn, execution);
    execution->status = STATUS_PENDING;
    execution->duration_us = -1;
    execution->due_ms = wait_ms > 0 ? clock_wall_ms() + wait_ms : 0;
    if (!err)
        err = executions_change(txn, execution, was);
    if (err)
        return err;
    if (execution->due_ms) {
        service->plan.waiting++;
        return due_put(txn, execution->due_ms, execution->queue, &execution->id);
    }
    service->plan.ready++;
    return queue_put(txn, execution->queue, execution->event_seq, &execution->id);
}

static uint64_t random_u64(void)
{
    uint64_t random;
    random_bytes(&random, sizeof random);
    return random;
}

static int64_t elapsed_us(const struct execution *execution)
{
    int64_t ms = clock_wall_ms() - execution->started_ms;
    return ms > 0 ? ms * 1000 : 0; /* the clock may have been set back */
}

/* It was claimed but never ran: as if it had not been. */
static enum err record_unbegun(
    struct store_txn *txn, const struct happening *happening, struct execution *execution)
{
    bool waits = happening->kind == HAPPENING_UNSTARTED;
    execution->attempt--;
    execution->last = ATTEMPT_NONE;
    return record_put_back(txn, happening->service, execution, waits ? loss_backoff.delay_ms : 0);
}

/* The runner died. */
static enum err record_loss(struct dispatcher *d, struct store_txn *txn,
    const struct happening *happening, struct execution *execution)
{
    char error[96];
    execution->losses++;
    execution->last = ATTEMPT_LOST;
    execution->duration_us = elapsed_us(execution);
    snprintf(error, sizeof error, "the runner died during attempt %u", execution->attempt);
    execution->error = span_str(error);
    if (execution->losses >= d->home.config.dispatcher_losses) {
        enum status was = execution->status;
        execution->status = STATUS_FAILED;
        return executions_change(txn, execution, was);
    }
    bool first = execution->losses == 1;
    return record_put_back(txn, happening->service, execution,
        first ? 0 : retry_backoff_ms(&loss_backoff, execution->losses - 1, random_u64()));
}

static enum err store_emits(struct store_txn *txn, const struct execution *parent, uint16_t depth,
    const struct frame_outcome *outcome)
{
    struct span rest = outcome->emits;
    struct frame_emit emit;
    for (uint32_t i = 0; i < outcome->emit_count && frame_emit_next(&rest, &emit); i++) {
        struct event event = {
            .cid = parent->cid,
            .parent = parent->id,
            .accepted_ms = clock_wall_ms(),
            .depth = depth,
            .data_kind = EVENT_DATA_JSON,
            .source = emit.event_source.len ? emit.event_source : parent->pipeline_name,
            .type = emit.event_type,
            .topic = emit.topic,
            .datacontenttype = span_str("application/json"),
            .data = emit.payload,
        };
        struct uuid id = uuid_new();
        char text[UUID_TEXT];
        uuid_format(&id, text);
        event.id = span_str(text); /* the cid is shared, the id is the event's own */
        enum err err = events_append(txn, &event);
        if (err)
            return err;
    }
    return ERR_OK;
}

/* May the events of this outcome be published? Loops end at step.depth. */
static enum err check_depth(struct dispatcher *d, struct store_txn *txn,
    const struct execution *execution, const struct frame_outcome *outcome, uint16_t *ret_depth,
    bool *ret_too_deep)
{
    struct event event;
    *ret_depth = 1;
    *ret_too_deep = false;
    if (!outcome->emit_count)
        return ERR_OK;
    enum err err = events_get(txn, execution->event_seq, &event);
    if (err == ERR_NOTFOUND)
        return ERR_OK; /* no longer kept */
    if (err)
        return err;
    *ret_depth = (uint16_t)(event.depth + 1);
    *ret_too_deep = *ret_depth > d->home.config.step_depth;
    return ERR_OK;
}

/* What the steps have left: data, the ends of their logs. */
static enum err store_results(
    struct store_txn *txn, const struct execution *execution, const struct frame_outcome *outcome)
{
    bool again = execution->attempt > 1; /* an earlier attempt may have left something */
    enum err err = ERR_OK;
    if (outcome->data.len || again)
        err = executions_set_data(txn, &execution->id, outcome->data);
    for (uint16_t i = 0; !err && i < outcome->step_count; i++)
        if (outcome->logs[i].len || again)
            err = executions_set_log(txn, &execution->id, i, outcome->logs[i]);
    return err;
}

/* A failed attempt is tried again while its pipeline allows it. */
static enum err may_retry(struct dispatcher *d, struct store_txn *txn,
    const struct execution *execution, const struct frame_outcome *outcome, int64_t *ret_wait_ms,
    bool *ret_may)
{
    const struct version *version;
    enum err err =
        catalog_version(d, txn, execution->pipeline_id, execution->pipeline_version, &version);
    *ret_may = false;
    if (err)
        return err == ERR_NOTFOUND ? ERR_OK : err;
    const struct retry *retry = &version->pipeline->retry;
    *ret_may = !outcome->final && retry_allowed(retry, execution->failures);
    *ret_wait_ms = *ret_may ? retry_backoff_ms(retry, execution->failures, random_u64()) : 0;
    /* What a server asks for is granted as far as the pipeline would wait by itself. */
    int64_t asked_ms = outcome->retry_after_ms < retry->max_delay_ms ? outcome->retry_after_ms
                                                                     : retry->max_delay_ms;
    if (*ret_may && *ret_wait_ms < asked_ms)
        *ret_wait_ms = asked_ms;
    return ERR_OK;
}

static enum err record_outcome(struct dispatcher *d, struct store_txn *txn,
    const struct happening *happening, struct execution *execution, struct frame_outcome *outcome)
{
    bool too_deep, again = false;
    uint16_t depth;
    int64_t wait_ms = 0;
    char deep[96];
    enum err err = check_depth(d, txn, execution, outcome, &depth, &too_deep);
    if (err)
        return err;
    if (too_deep) {
        snprintf(deep, sizeof deep,
            "emits follow each other more than %d deep, which looks like a loop",
            (int)d->home.config.step_depth);
        outcome->status = STATUS_FAILED;
        outcome->final = true;
        outcome->error = span_str(deep);
    }
    execution->steps = outcome->steps;
    execution->step_count = outcome->step_count;
    execution->error = outcome->error;
    execution->started_ms = outcome->started_ms;
    execution->duration_us = outcome->duration_us;
    execution->last = ATTEMPT_COMPLETED;
    if (outcome->status != STATUS_COMPLETED) {
        execution->last = ATTEMPT_FAILED;
        execution->failures++;
        err = may_retry(d, txn, execution, outcome, &wait_ms, &again);
        if (err)
            return err;
    }
    if (again) {
        err = record_put_back(txn, happening->service, execution, wait_ms);
    } else {
        enum status was = execution->status;
        execution->status = outcome->status;
        err = executions_change(txn, execution, was);
        if (!err && !too_deep)
            err = store_emits(txn, execution, depth, outcome);
    }
    return err ? err : store_results(txn, execution, outcome);
}

enum err record_cancelled(struct store_txn *txn, struct execution *execution)
{
    enum status was = execution->status;
    execution->status = STATUS_FAILED;
    execution->last = ATTEMPT_CANCELLED;
    execution->error = span_str("cancelled by request");
    execution->duration_us = elapsed_us(execution);
    enum err err = executions_change(txn, execution, was);
    return err ? err : actions_del_cancel(txn, &execution->id);
}

/* Cancelled while it ran: what its steps did until then is kept. */
static enum err keep_cancelled(
    struct store_txn *txn, struct execution *execution, const struct frame_outcome *outcome)
{
    execution->steps = outcome->steps;
    execution->step_count = outcome->step_count;
    enum err err = record_cancelled(txn, execution);
    return err ? err : store_results(txn, execution, outcome);
}

enum err record_happening(
    struct dispatcher *d, struct store_txn *txn, const struct happening *happening)
{
    bool cancelled = false;
    struct execution execution;
    struct buf copy = BUF_INIT;
    enum err err = executions_load(txn, &happening->execution, &copy, &execution, NULL);
    if (err == ERR_NOTFOUND || (!err && (execution.status != STATUS_IN_PROGRESS ||
                                            execution.attempt != happening->attempt))) {
        err = ERR_OK; /* it is no longer this attempt's business */
        goto out;
    }
    if (err)
        goto out;
    happening->service->plan.running--;
    err = actions_is_cancelled(txn, &execution.id, &cancelled);
    if (err)
        goto out;
    if (happening->kind == HAPPENING_OUTCOME) {
        struct frame_outcome *outcome = mem_alloc(sizeof *outcome);
        bool good = frame_get_outcome(buf_span(&happening->outcome), outcome);
        if (good && cancelled && outcome->status != STATUS_COMPLETED)
            err = keep_cancelled(txn, &execution, outcome);
        else if (good)
            err = record_outcome(d, txn, happening, &execution, outcome);
        else
            err = record_loss(d, txn, happening, &execution);
        free(outcome);
    } else if (cancelled) {
        err = record_cancelled(txn, &execution);
    } else if (happening->kind == HAPPENING_LOST) {
        err = record_loss(d, txn, happening, &execution);
    } else {
        err = record_unbegun(txn, happening, &execution);
    }
out:
    buf_done(&copy);
    return err;
}

/* Whoever has it is told, and until it has answered not again. */
static void order_cancel(struct dispatcher *d, const struct uuid *execution)
{
    for (struct service *s = d->services; s; s = s->next) {
        for (struct instance *i = s->instances; i; i = i->next) {
            for (size_t k = 0; k < i->job_count; k++) {
                if (!uuid_eq(&i->jobs[k].execution, execution) || (k ? i->recalled : i->cancelled))
                    continue;
                d->plan.more |= i->order.cancel; /* one at a time */
                i->order.cancel = true;
                i->order.cancelled = *execution;
                return;
            }
        }
    }
}

/* The wish stays noted until the attempt has ended, so that a crash does not lose it. */
enum err record_cancels(struct dispatcher *d, struct store_txn *txn)
{
    struct uuid id = UUID_NONE;
    enum err err;
    while (!(err = actions_next_cancel(txn, &id, &id))) {
        struct execution execution;
        err = executions_get(txn, &id, &execution, NULL);
        if (!err && execution.status == STATUS_IN_PROGRESS) {
            order_cancel(d, &id);
        } else if (!err || err == ERR_NOTFOUND) {
            err = actions_del_cancel(txn, &id);
        }
        if (err)
            return err;
    }
    return err == ERR_NOTFOUND ? ERR_OK : err;
}
