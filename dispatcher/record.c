/* record - see record.h. */
#include "dispatcher/record.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "dispatcher/catalog.h"
#include "dispatcher/dispatcher.h"
#include "dispatcher/emits.h"
#include "dispatcher/overdue.h"
#include "dispatcher/service.h"
#include "model/limits.h"
#include "proc/frame.h"
#include "store/actions.h"
#include "store/attempts.h"
#include "store/counts.h"
#include "store/events.h"
#include "store/executions.h"
#include "store/queue.h"

#define NO_RETRY (-1)

/* An execution whose runner dies again and again is not tried again at once. */
static const struct retry loss_backoff = {UINT32_MAX, 100, 10000};

/* An attempt that has ended, on its way into the store. */
struct ending {
    struct dispatcher *d;
    struct store_txn *txn;
    struct execution *execution;
    char error[EMITS_WHY_MAX]; /* the execution's error, where it comes from here */
    struct buf late;           /* likewise, where there is no time for another attempt */
};

void record_begun(struct execution *execution)
{
    if (!execution->begun_ms)
        execution->begun_ms = execution->started_ms;
}

/*
 * Is there time for another attempt after so long a wait? Where there is none, *wait_ms becomes
 * NO_RETRY, and the execution's error says so.
 */
static void check_time(struct ending *e, const struct version *version, int64_t *wait_ms)
{
    int64_t timeout_ms = version->pipeline->timeout_ms;
    int64_t over_ms = execution_over_ms(e->execution, timeout_ms);
    if (over_ms == INT64_MAX || clock_wall_ms() + *wait_ms < over_ms)
        return;
    *wait_ms = NO_RETRY;
    buf_add_span(&e->late, e->execution->error);
    buf_printf(&e->late, "; attempt %u would begin after the execution's %.6g %s over",
        e->execution->attempt + 1, (double)timeout_ms / 1000, clock_seconds_were(timeout_ms));
    e->execution->error = buf_span(&e->late);
}

enum err record_put_back(
    struct dispatcher *d, struct store_txn *txn, struct execution *execution, int64_t wait_ms)
{
    struct service *service = catalog_service(d, execution->queue);
    enum status was = execution->status;
    enum err err = attempts_keep(txn, execution);
    execution->status = STATUS_PENDING;
    execution->duration_us = -1;
    execution->due_ms = wait_ms > 0 ? clock_wall_ms() + wait_ms : 0;
    if (!err)
        err = executions_change(txn, execution, was);
    if (!err)
        err = overdue_watch(d, txn, execution);
    if (err)
        return err;
    if (execution->due_ms) {
        service->plan.waiting++;
        return due_put(txn, execution->due_ms, execution->queue, &execution->id);
    }
    service->plan.ready++;
    return queue_put(txn, execution->queue, execution->event_seq, &execution->id);
}

static enum err put_back(const struct ending *e, int64_t wait_ms)
{
    return record_put_back(e->d, e->txn, e->execution, wait_ms);
}

static enum err finish(struct store_txn *txn, struct execution *execution, enum status status)
{
    enum status was = execution->status;
    execution->status = status;
    return executions_change(txn, execution, was);
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

/* The execution was claimed but never ran: it is as if it had not been claimed. */
static enum err undo_claim(struct ending *e, int64_t wait_ms)
{
    e->execution->attempt--;
    e->execution->last = ATTEMPT_NONE;
    return put_back(e, wait_ms);
}

static enum err find_wait_after_loss(struct ending *e, int64_t *ret_wait_ms)
{
    const struct execution *execution = e->execution;
    const struct version *version;
    if (execution->losses >= e->d->home.config.dispatcher_losses)
        return ERR_OK;
    bool first = execution->losses == 1;
    *ret_wait_ms = first ? 0 : retry_backoff_ms(&loss_backoff, execution->losses - 1, random_u64());
    enum err err = catalog_version(
        e->d, e->txn, execution->pipeline_id, execution->pipeline_version, &version);
    if (!err)
        check_time(e, version, ret_wait_ms);
    return err == ERR_NOTFOUND ? ERR_OK : err; /* it is found out when it is claimed */
}

/* Ends an attempt whose runner has died. */
static enum err end_lost(struct ending *e)
{
    struct execution *execution = e->execution;
    execution->losses++;
    execution->last = ATTEMPT_LOST;
    execution->duration_us = elapsed_us(execution);
    snprintf(e->error, sizeof e->error, "the runner died during attempt %u", execution->attempt);
    execution->error = span_str(e->error);
    record_begun(execution);
    int64_t wait_ms = NO_RETRY;
    enum err err = find_wait_after_loss(e, &wait_ms);
    if (!err)
        err = counts_attempt(e->txn, execution, wait_ms != NO_RETRY);
    if (err)
        return err;
    return wait_ms == NO_RETRY ? finish(e->txn, execution, STATUS_FAILED) : put_back(e, wait_ms);
}

/* What an attempt has left. */

/* An attempt whose events exceed a budget has failed for good. */
static enum err check_emits(struct ending *e, struct frame_outcome *outcome)
{
    enum err err = emits_check(&e->d->home.config, e->txn, e->execution, outcome, e->error);
    if (err != ERR_DENIED)
        return err;
    outcome->error = span_str(e->error);
    outcome->status = STATUS_FAILED;
    outcome->final = true;
    outcome->emit_count = 0;
    return ERR_OK;
}

/* Stores the data that the steps have saved, and the ends of their logs. */
static enum err store_results(const struct ending *e, const struct frame_outcome *outcome)
{
    const struct execution *execution = e->execution;
    bool again = execution->attempt > 1; /* an earlier attempt may have left something */
    enum err err = ERR_OK;
    if (outcome->data.len || again)
        err = executions_set_data(e->txn, &execution->id, outcome->data);
    for (uint16_t i = 0; !err && i < outcome->step_count; i++)
        if (outcome->logs[i].len || again)
            err = executions_set_log(e->txn, &execution->id, i, outcome->logs[i]);
    return err;
}

/* Finds out how long to wait for the next attempt after one that has failed. */
static enum err find_wait(
    struct ending *e, const struct frame_outcome *outcome, int64_t *ret_wait_ms)
{
    const struct execution *execution = e->execution;
    const struct version *version;
    enum err err = catalog_version(
        e->d, e->txn, execution->pipeline_id, execution->pipeline_version, &version);
    *ret_wait_ms = NO_RETRY;
    if (err)
        return err == ERR_NOTFOUND ? ERR_OK : err;
    const struct retry *retry = &version->pipeline->retry;
    if (outcome->final || !retry_allowed(retry, execution->failures))
        return ERR_OK;
    int64_t own_ms = retry_backoff_ms(retry, execution->failures, random_u64());
    /* A server's Retry-After is heeded as far as the pipeline itself would wait. */
    int64_t asked_ms = outcome->retry_after_ms < retry->max_delay_ms ? outcome->retry_after_ms
                                                                     : retry->max_delay_ms;
    *ret_wait_ms = own_ms > asked_ms ? own_ms : asked_ms;
    check_time(e, version, ret_wait_ms);
    return ERR_OK;
}

static void take_steps(struct execution *execution, const struct frame_outcome *outcome)
{
    execution->steps = outcome->steps;
    execution->step_count = outcome->step_count;
    execution->steps_attempt = execution->attempt;
}

static void take_result(struct execution *execution, const struct frame_outcome *outcome)
{
    bool good = outcome->status == STATUS_COMPLETED;
    take_steps(execution, outcome);
    execution->error = outcome->error;
    execution->started_ms = outcome->started_ms;
    record_begun(execution);
    execution->duration_us = outcome->duration_us;
    execution->last = good ? ATTEMPT_COMPLETED : ATTEMPT_FAILED;
    execution->failures += !good;
}

static enum err end_as_said(struct ending *e, struct frame_outcome *outcome)
{
    int64_t wait_ms = NO_RETRY;
    enum err err = check_emits(e, outcome);
    if (err)
        return err;
    take_result(e->execution, outcome);
    if (outcome->status != STATUS_COMPLETED)
        err = find_wait(e, outcome, &wait_ms);
    if (!err)
        err = counts_attempt(e->txn, e->execution, wait_ms != NO_RETRY);
    if (!err && wait_ms != NO_RETRY) {
        err = put_back(e, wait_ms);
    } else if (!err) {
        err = finish(e->txn, e->execution, outcome->status);
        if (!err)
            err = emits_store(e->txn, e->execution, outcome);
    }
    return err ? err : store_results(e, outcome);
}

enum err record_cancelled(struct store_txn *txn, struct execution *execution)
{
    execution->last = ATTEMPT_CANCELLED;
    execution->error = span_str("cancelled by request");
    execution->duration_us = elapsed_us(execution);
    enum err err = counts_attempt(txn, execution, false);
    if (!err)
        err = finish(txn, execution, STATUS_FAILED);
    return err ? err : actions_del_cancel(txn, &execution->id);
}

/* Ends an execution that was cancelled while it ran, and keeps what its steps have done. */
static enum err end_cancelled(struct ending *e, const struct frame_outcome *outcome)
{
    take_steps(e->execution, outcome);
    enum err err = record_cancelled(e->txn, e->execution);
    return err ? err : store_results(e, outcome);
}

/* Ends an attempt as the runner says it ended. A runner that talks nonsense counts as dead. */
static enum err end_outcome(struct ending *e, struct span body, bool cancelled)
{
    struct frame_outcome *outcome = mem_alloc(sizeof *outcome);
    enum err err;
    if (!frame_get_outcome(body, outcome))
        err = end_lost(e);
    else if (cancelled && outcome->status != STATUS_COMPLETED)
        err = end_cancelled(e, outcome);
    else
        err = end_as_said(e, outcome);
    free(outcome);
    return err;
}

/* How long it takes until a runner may be started again, and at least a moment. */
static int64_t wait_for_start_ms(const struct dispatcher *d)
{
    int64_t left_ms = d->start_again_ms - clock_mono_ms();
    return left_ms > loss_backoff.delay_ms ? left_ms : loss_backoff.delay_ms;
}

static enum err end_attempt(struct ending *e, const struct happening *happening)
{
    bool cancelled;
    enum err err = actions_is_cancelled(e->txn, &e->execution->id, &cancelled);
    if (err)
        return err;
    if (happening->kind == HAPPENING_OUTCOME)
        return end_outcome(e, buf_span(&happening->outcome), cancelled);
    if (cancelled)
        return record_cancelled(e->txn, e->execution);
    if (happening->kind == HAPPENING_LOST)
        return end_lost(e);
    return undo_claim(e, happening->kind == HAPPENING_UNSTARTED ? wait_for_start_ms(e->d) : 0);
}

enum err record_happening(
    struct dispatcher *d, struct store_txn *txn, const struct happening *happening)
{
    struct execution execution;
    NOT_ZEROED struct step_result steps[STEPS_MAX];
    struct buf copy = BUF_INIT;
    struct ending ending = {.d = d, .txn = txn, .execution = &execution};
    enum err err = executions_load(txn, &happening->execution, &copy, &execution, steps);
    bool ours =
        !err && execution.status == STATUS_IN_PROGRESS && execution.attempt == happening->attempt;
    if (err == ERR_NOTFOUND)
        err = ERR_OK; /* the execution was deleted */
    if (ours) {
        happening->service->plan.running--;
        err = end_attempt(&ending, happening);
    }
    buf_done(&ending.late);
    buf_done(&copy);
    return err;
}

/*
 * Has the runner told to end or to give back an execution. A runner that was told before is
 * not told again until it has answered.
 */
static void order_cancel(struct dispatcher *d, const struct uuid *execution)
{
    for (struct service *s = d->services; s; s = s->next) {
        for (struct instance *i = s->instances; i; i = i->next) {
            for (size_t k = 0; k < i->job_count; k++) {
                if (!uuid_eq(&i->jobs[k].execution, execution) || (k ? i->recalled : i->cancelled))
                    continue;
                d->plan.more |= i->order.cancel; /* one a runner and turn */
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
