/* recover - see recover.h. */
#include "dispatcher/recover.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "dispatcher/catalog.h"
#include "dispatcher/dispatcher.h"
#include "dispatcher/record.h"
#include "dispatcher/service.h"
#include "model/limits.h"
#include "proc/leftovers.h"
#include "store/actions.h"
#include "store/executions.h"
#include "store/queue.h"
#include "store/services.h"

/* Collects ids: a table must not be changed while it is walked. */
struct ids {
    struct uuid *ids;
    size_t count;
};

static bool collect(const struct uuid *id, void *context)
{
    struct ids *ids = context;
    ids->ids = mem_resize(ids->ids, (ids->count + 1) * sizeof *ids->ids);
    ids->ids[ids->count++] = *id;
    return true;
}

/* Ends the processes that a dispatcher before this one and its runners have left. */
static enum err end_leftovers(struct dispatcher *d)
{
    struct ids running = {NULL, 0};
    struct store_txn *txn;
    enum err err = store_read_begin(d->store, &txn);
    if (err)
        return err;
    err = executions_in_status(txn, STATUS_IN_PROGRESS, collect, &running);
    store_read_end(txn);
    if (!err && (d->after_death || running.count))
        leftovers_end(&d->home, running.ids, running.count);
    free(running.ids);
    return err;
}

/* Makes an execution pending again. Nobody saw how long its attempt went on. */
static enum err put_back(struct dispatcher *d, struct store_txn *txn, struct execution *execution)
{
    char error[96];
    snprintf(error, sizeof error, "the dispatcher ended during attempt %u", execution->attempt);
    execution->error = span_str(error);
    execution->last = ATTEMPT_LOST;
    record_begun(execution);
    return record_put_back(d, txn, execution, 0);
}

/* Has a runner the execution, or is it still to be recorded what became of it? */
static bool is_held(const struct dispatcher *d, const struct execution *execution)
{
    for (const struct happening *h = d->happenings.first; h; h = h->next)
        if (uuid_eq(&h->execution, &execution->id) && h->attempt == execution->attempt)
            return true;
    for (const struct service *s = d->services; s; s = s->next)
        for (const struct instance *i = s->instances; i; i = i->next)
            for (size_t k = 0; k < i->job_count; k++)
                if (uuid_eq(&i->jobs[k].execution, &execution->id) &&
                    i->jobs[k].attempt == execution->attempt)
                    return true;
    return false;
}

static enum err take_up_running(struct dispatcher *d, struct store_txn *txn,
    struct execution *execution, size_t *put_back_count)
{
    bool cancelled;
    if (is_held(d, execution)) {
        catalog_service(d, execution->queue)->plan.running++;
        return ERR_OK;
    }
    enum err err = actions_is_cancelled(txn, &execution->id, &cancelled);
    ++*put_back_count;
    if (err)
        return err;
    return cancelled ? record_cancelled(txn, execution) : put_back(d, txn, execution);
}

/* Makes executions that were in progress, and that nobody has, pending again. */
static enum err put_back_all(struct dispatcher *d, struct store_txn *txn)
{
    struct ids running = {NULL, 0};
    struct buf copy = BUF_INIT;
    size_t count = 0;
    enum err err = executions_in_status(txn, STATUS_IN_PROGRESS, collect, &running);
    for (size_t i = 0; !err && i < running.count; i++) {
        struct execution execution;
        NOT_ZEROED struct step_result steps[STEPS_MAX];
        err = executions_load(txn, &running.ids[i], &copy, &execution, steps);
        if (!err)
            err = take_up_running(d, txn, &execution, &count);
    }
    if (!err && count)
        log_info("executions that were running and are pending again: %zu", count);
    free(running.ids);
    buf_done(&copy);
    return err;
}

static void count_ready(uint64_t queue, uint64_t count, void *context)
{
    catalog_service(context, queue)->plan.ready = count;
}

/* Counts an execution that waits for its next attempt, for the service it belongs to. */
static void count_waiting(int64_t due_ms, uint64_t queue, const struct uuid *id, void *context)
{
    (void)due_ms;
    (void)id;
    catalog_service(context, queue)->plan.waiting++;
}

/* What the store says of a service is read again, and counted. */
static void forget_store(struct service *service)
{
    service->plan = service->now;
    service->plan.generation = 0; /* and so its schedule is taken up again */
    service->plan.ready = service->plan.waiting = service->plan.running = 0;
    service->plan.report = (struct service_report){0};
}

/* Counts once, at the start. From then on the dispatcher knows, and others note their changes. */
static enum err count_pending(struct dispatcher *d, struct store_txn *txn)
{
    for (struct service *s = d->services; s; s = s->next)
        forget_store(s);
    enum err err = queue_count_all(txn, count_ready, d);
    return err ? err : due_each(txn, count_waiting, d);
}

/* Forgets a noted change: the count that follows sees what has changed. */
static void forget_change(uint64_t queue, const struct queue_change *change, void *context)
{
    (void)queue;
    (void)change;
    (void)context;
}

static enum err take_up(struct store_txn *txn, void *context)
{
    struct dispatcher *d = context;
    enum err err = queue_take_changes(txn, forget_change, NULL);
    if (!err)
        err = count_pending(d, txn);
    if (!err)
        err = put_back_all(d, txn);
    if (!err)
        err = services_clear(txn); /* what a dispatcher before this one said */
    return err;
}

enum err recover_again(struct dispatcher *d)
{
    d->now = (struct dispatcher_state){
        .reload = true, .more = true, .due_ms = INT64_MAX, .tick_ms = INT64_MAX};
    enum err err = store_write(d->store, 0, take_up, d);
    for (struct service *s = d->services; s; s = s->next)
        s->now = s->plan;
    return err;
}

enum err recover_start(struct dispatcher *d)
{
    enum err err = end_leftovers(d);
    return err ? err : recover_again(d);
}
