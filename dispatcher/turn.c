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
#include "dispatcher/judge.h"
#include "dispatcher/link.h"
#include "dispatcher/overdue.h"
#include "dispatcher/paused.h"
#include "dispatcher/pending.h"
#include "dispatcher/record.h"
#include "dispatcher/retain.h"
#include "dispatcher/route.h"
#include "dispatcher/service.h"
#include "dispatcher/tick.h"
#include "store/queue.h"

#define SKIPS_A_TURN 1000

/* Counts the runners as they are. The turn takes off those it decides about. */
static void count_runners(struct service *s)
{
    s->turn = (struct service_turn){.backfill = UINT64_MAX};
    for (struct instance *i = s->instances; i; i = i->next) {
        i->order = (struct instance_order){.leave = false};
        s->turn.instances += i->state != INSTANCE_LEAVING;
        s->turn.idle += i->state == INSTANCE_IDLE;
        if (i->state == INSTANCE_BUSY && i->out.len < AHEAD_BYTES)
            s->turn.room += ahead_room(i);
    }
}

/* The plan begins with what is, and nothing is worked out or decided yet. */
static void begin_afresh(struct dispatcher *d)
{
    d->plan = d->now;
    d->plan.more = d->plan.set_back = d->plan.deferred = false;
    d->turn = (struct dispatcher_turn){0};
    claim_forget_all(d);
    for (struct service *s = d->services; s; s = s->next) {
        s->plan = s->now;
        count_runners(s);
    }
}

/* Reports a service where what it reports has changed. A report of nothing is no entry. */
static enum err report(struct store_txn *txn, struct service *s)
{
    static const struct service_report nothing;
    struct service_report now = {
        .generation = s->plan.generation,
        .instances = s->turn.instances,
        .running = s->plan.running,
        .pending = s->plan.ready + s->plan.waiting,
    };
    if (!s->plan.live && !now.instances && !now.running && !now.pending)
        now = nothing;
    if (memcmp(&now, &s->now.report, sizeof now) == 0)
        return ERR_OK;
    s->plan.report = now;
    bool gone = memcmp(&now, &nothing, sizeof now) == 0;
    return gone ? services_del(txn, s->queue) : services_put(txn, s->queue, &now);
}

static void take_change(uint64_t queue, const struct queue_change *change, void *context)
{
    struct service_state *plan = &catalog_service(context, queue)->plan;
    plan->ready += (uint64_t)change->ready;
    plan->waiting += (uint64_t)change->waiting;
}

static enum err mutate(struct store_txn *txn, void *context)
{
    struct dispatcher *d = context;
    begin_afresh(d);
    counts_gather(txn, &d->tally);
    enum err err = catalog_reload(d, txn);
    if (!err)
        err = queue_take_changes(txn, take_change, d);
    for (struct happening *h = d->happenings.first; h && !err; h = h->next)
        err = record_happening(d, txn, h);
    if (!err)
        err = pending_promote(d, txn);
    if (!err)
        err = overdue_end(d, txn);
    if (!err)
        err = record_cancels(d, txn);
    if (!err)
        err = tick_all(d, txn);
    if (!err)
        err = route_events(d, txn);
    for (struct service *s = d->services; s && !err; s = s->next)
        if (!s->plan.live)
            err = pending_give_up(d, txn, s, SKIPS_A_TURN);
    if (!err)
        err = paused_look(d, txn);
    if (!err)
        err = claim_ready(d, txn);
    if (!err)
        err = retain_some(d, txn);
    if (!err)
        err = route_look_again(d, txn);
    for (struct service *s = d->services; s && !err; s = s->next)
        err = report(txn, s);
    if (!err)
        err = counts_store(txn, &d->tally);
    d->plan.commit = store_txn_commit(txn);
    return err;
}

/* The runner with the fewest jobs, or a new runner. NULL when none could be started. */
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

/* Sends a claimed job to a runner. Without a runner it is as if it had not been claimed. */
static void send_job(struct dispatcher *d, struct claim *claim)
{
    struct instance *instance = runner_for(d, claim);
    claim->service->served_us = clock_mono_us();
    if (instance)
        link_give(d, instance, claim);
    else
        happening_add(&d->happenings, HAPPENING_UNSTARTED, claim->service, &claim->job);
}

/*
 * Cancels after all jobs were given: a cancellation can recall a runner's jobs, and such a runner
 * is given no more until it has answered.
 */
static void tell_runners(struct dispatcher *d, struct service *s)
{
    for (struct instance *i = s->instances; i; i = i->next) {
        if (i->order.cancel)
            link_cancel(d, i, &i->order.cancelled);
        if (i->out.len && !i->watching_out)
            link_flush(d, i);
    }
}

static void retire_ordered(struct dispatcher *d, struct service *s)
{
    for (struct instance *i = s->instances, *next; i; i = next) {
        next = i->next;
        if (i->order.leave)
            instance_retire(d, i);
    }
}

/* The turn is on disk: its plan is what is, and its orders are carried out. */
static void carry_out(struct dispatcher *d)
{
    happening_forget_all(&d->happenings);
    d->now = d->plan;
    for (struct service *s = d->services; s; s = s->next) {
        s->now = s->plan;
        retire_ordered(d, s);
    }
    for (size_t i = 0; i < d->order.claim_count; i++)
        send_job(d, &d->order.claims[i]);
    claim_forget_all(d);
    for (struct service *s = d->services; s; s = s->next)
        tell_runners(d, s);
}

enum err turn_take(struct dispatcher *d)
{
    judge_deferred(d);
    enum err err = store_write(d->store, STORE_LOOK, mutate, d);
    d->stuck = err != ERR_OK;
    if (err) {
        /* Nothing is forgotten: happenings are recorded by a turn that can be committed. */
        log_error("a turn could not be recorded (%s); trying again", err_name(err));
        claim_forget_all(d);
        return err;
    }
    carry_out(d);
    catalog_forget_idle_services(d);
    return ERR_OK;
}
