/* turn - see turn.h. */
#include "dispatcher/turn.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "dispatcher/ahead.h"
#include "dispatcher/catalog.h"
#include "dispatcher/claim.h"
#include "dispatcher/dispatcher.h"
#include "dispatcher/instance.h"
#include "dispatcher/pending.h"
#include "dispatcher/record.h"
#include "dispatcher/route.h"
#include "dispatcher/service.h"
#include "dispatcher/tick.h"
#include "store/queue.h"

#define SKIPS_A_TURN 1000

static void clear_claims(struct dispatcher *d)
{
    for (size_t i = 0; i < d->claim_count; i++)
        buf_done(&d->claims[i].frame);
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
            s->plan_room += listens ? ahead_room(i) : 0;
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
    for (struct happening *h = d->happenings.first; h && !err; h = h->next)
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

/* The runner with the fewest jobs, or a new one. NULL when none could be started. */
static struct instance *runner_for(struct dispatcher *d, const struct claim *claim)
{
    struct instance *found = NULL;
    if (claim->starts)
        return instance_start(d, claim->service);
    for (struct instance *i = claim->service->instances; i; i = i->next)
        if (ahead_room(i) && (!found || i->job_count < found->job_count))
            found = i;
    return found;
}

/* The commit is on disk: what was planned is so, and the jobs may go out. */
static void carry_out(struct dispatcher *d)
{
    happening_forget_all(&d->happenings);
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
            happening_add(&d->happenings, HAPPENING_UNSTARTED, claim->service, &claim->job);
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

enum err turn_take(struct dispatcher *d)
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
