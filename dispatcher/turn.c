/* turn - one look at everything, one commit; see dispatcher.h. */
#include "dispatcher/dispatcher.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/events.h"
#include "store/executions.h"
#include "store/queue.h"

#define SKIPS_A_TURN 1000

static void clear_claims(struct dispatcher *d)
{
    for (size_t i = 0; i < d->claim_count; i++)
        buf_done(&d->claims[i].job);
    d->claim_count = 0;
}

/* The plan starts from what is; the mutation may run more than once. */
static void plan_afresh(struct dispatcher *d)
{
    clear_claims(d);
    d->more = false;
    for (struct service *s = d->services; s; s = s->next) {
        s->plan = s->now;
        s->plan_report = s->reported;
        s->plan_ticking = s->ticking;
        s->plan_instances = s->plan_idle = s->plan_room = 0;
        s->plan_backfill = UINT64_MAX;
        s->plan_bytes = 0;
        for (struct instance *i = s->instances; i; i = i->next) {
            i->plan_leave = i->plan_cancel = false;
            s->plan_instances += i->state != INSTANCE_LEAVING;
            s->plan_idle += i->state == INSTANCE_IDLE;
            bool listens = i->state == INSTANCE_BUSY && i->out.len < AHEAD_BYTES;
            s->plan_room += listens ? instance_room(i) : 0;
        }
    }
}

/* What the outside may know of a service, where it has changed; nothing is kept as no entry. */
static enum err report(struct store_txn *txn, struct service *s)
{
    static const struct service_report nothing;
    struct service_report now = {
        .generation = s->generation,
        .instances = s->plan_instances,
        .running = s->plan.running,
        .pending = s->plan.ready + s->plan.waiting,
    };
    if (!s->live && !now.instances && !now.running && !now.pending)
        now = nothing;
    if (memcmp(&now, &s->reported, sizeof now) == 0)
        return ERR_OK;
    s->plan_report = now;
    bool gone = memcmp(&now, &nothing, sizeof now) == 0;
    return gone ? services_del(txn, s->queue) : services_put(txn, s->queue, &now);
}

static void count_ready(uint64_t queue, uint64_t count, void *context)
{
    catalog_service(context, queue)->plan.ready = count;
}

struct counting {
    struct dispatcher *d;
    struct store_txn *txn;
};

/* Executions that wait for their next attempt are counted where they belong. */
static void count_waiting(int64_t due_ms, const struct uuid *id, void *context)
{
    struct counting *counting = context;
    (void)due_ms;
    struct execution execution;
    if (executions_get(counting->txn, id, &execution, NULL) == ERR_OK)
        catalog_service(counting->d, execution.queue)->plan.waiting++;
}

/* At the start. From then on the dispatcher knows, and is told what others do. */
static enum err count_pending(struct dispatcher *d, struct store_txn *txn)
{
    struct counting counting = {d, txn};
    for (struct service *s = d->services; s; s = s->next)
        s->plan.ready = s->plan.waiting = 0;
    enum err err = queue_count_all(txn, count_ready, d);
    return err ? err : due_each(txn, count_waiting, &counting);
}

static void take_change(uint64_t queue, const struct queue_change *change, void *context)
{
    struct counts *counts = &catalog_service(context, queue)->plan;
    counts->ready += (uint64_t)change->ready;
    counts->waiting += (uint64_t)change->waiting;
}

static enum err mutate(struct store_txn *txn, void *context)
{
    struct dispatcher *d = context;
    plan_afresh(d);
    enum err err = catalog_reload(d, txn);
    if (!err)
        err = queue_take_changes(txn, take_change, d);
    for (struct happening *h = d->happenings; h && !err; h = h->next)
        err = record_happening(d, txn, h);
    if (!err)
        err = pending_promote(d, txn);
    if (!err)
        err = record_cancels(d, txn);
    if (!err)
        err = tick_all(d, txn);
    if (!err)
        err = route_events(d, txn);
    for (struct service *s = d->services; s && !err; s = s->next)
        if (!s->live)
            err = pending_skip(d, txn, s, SKIPS_A_TURN);
    if (!err)
        err = claim_ready(d, txn);
    for (struct service *s = d->services; s && !err; s = s->next)
        err = report(txn, s);
    d->seen_commit = store_txn_commit(txn);
    return err;
}

static void forget_happenings(struct dispatcher *d)
{
    while (d->happenings) {
        struct happening *h = d->happenings;
        d->happenings = h->next;
        buf_done(&h->outcome);
        free(h);
    }
    d->last_happening = &d->happenings;
}

/* The runner with the fewest jobs, or a new one. NULL when none could be started. */
static struct instance *runner_for(struct dispatcher *d, const struct claim *claim)
{
    struct instance *found = NULL;
    if (claim->starts)
        return instance_start(d, claim->service);
    for (struct instance *i = claim->service->instances; i; i = i->next)
        if (instance_room(i) && (!found || i->job_count < found->job_count))
            found = i;
    return found;
}

static void unstarted(struct dispatcher *d, const struct claim *claim)
{
    struct happening *h = mem_alloc(sizeof *h);
    h->kind = HAPPENING_UNSTARTED;
    h->service = claim->service;
    h->execution = claim->execution;
    h->attempt = claim->attempt;
    *d->last_happening = h;
    d->last_happening = &h->next;
}

/* The commit is on disk: what was planned is so, and the jobs may go out. */
static void carry_out(struct dispatcher *d)
{
    forget_happenings(d);
    d->set_back = false;
    for (struct service *s = d->services; s; s = s->next) {
        s->now = s->plan;
        s->reported = s->plan_report;
        s->ticking = s->plan_ticking;
        for (struct instance *i = s->instances, *next; i; i = next) {
            next = i->next;
            if (i->plan_leave)
                instance_retire(d, i);
        }
    }
    for (size_t i = 0; i < d->claim_count; i++) {
        struct claim *claim = &d->claims[i];
        struct instance *instance = runner_for(d, claim);
        claim->service->served_us = clock_mono_us();
        if (instance)
            instance_give(d, instance, claim);
        else
            unstarted(d, claim);
    }
    clear_claims(d);
    for (struct service *s = d->services; s; s = s->next) {
        for (struct instance *i = s->instances; i; i = i->next) {
            if (i->plan_cancel) /* behind what it was given: one that is recalled takes nothing */
                instance_cancel(d, i, &i->plan_cancelled);
            if (i->out.len && !i->watching_out)
                instance_flush(d, i);
        }
    }
}

enum err turn(struct dispatcher *d)
{
    enum err err = store_write(d->store, 0, mutate, d);
    d->stuck = err != ERR_OK;
    if (err) {
        /* Nothing is forgotten: what happened is recorded when it can be. */
        log_error("a turn could not be recorded (%s); trying again", err_name(err));
        clear_claims(d);
        return err;
    }
    carry_out(d);
    catalog_forget_idle_services(d);
    return ERR_OK;
}

static enum err take_up(struct store_txn *txn, void *context)
{
    struct dispatcher *d = context;
    enum err err = queue_take_changes(txn, take_change, d); /* which the count then knows of */
    if (!err)
        err = count_pending(d, txn);
    if (!err)
        err = record_recover(d, txn);
    if (!err)
        err = services_clear(txn); /* what a dispatcher before this one said */
    return err;
}

enum err turn_start(struct dispatcher *d)
{
    d->last_happening = &d->happenings;
    d->reload = true;
    d->next_due_ms = d->next_tick_ms = INT64_MAX;
    enum err err = record_end_leftovers(d);
    if (!err)
        err = store_write(d->store, 0, take_up, d);
    for (struct service *s = d->services; s; s = s->next)
        s->now = s->plan;
    return err;
}
