/* claim - see claim.h. */
#include "dispatcher/claim.h"

#include "base/clock.h"
#include "dispatcher/ahead.h"
#include "dispatcher/catalog.h"
#include "dispatcher/dispatcher.h"
#include "dispatcher/opening.h"
#include "dispatcher/overdue.h"
#include "dispatcher/pending.h"
#include "dispatcher/service.h"
#include "model/limits.h"
#include "proc/frame.h"
#include "store/events.h"
#include "store/executions.h"
#include "store/queue.h"

#define SERVED_US 250000 /* for so long after a claim a service is left no other one's place */

/* The places for runners, as the turn hands them out. */
struct places {
    uint32_t taken;
    uint32_t spare; /* at least so many of the places taken may be vacated */
};

/*
 * A quarter of all places, and at least one where there are several, is kept for services
 * that have no runner yet, so that busy or stuck pipelines never leave another pipeline
 * without a place.
 */
static uint32_t places_for(const struct dispatcher *d, const struct service *service)
{
    uint32_t all = (uint32_t)d->home.config.dispatcher_instances;
    uint32_t kept = all < 4 ? all > 1 : all / 4;
    return service->turn.instances ? all - kept : all;
}

/* Finds out where an ordered service is in the log. */
static enum err look_at_first(struct store_txn *txn, struct service *service)
{
    struct uuid id;
    return pending_first(txn, service, &service->turn.first, &id);
}

/* Has a service anything that has begun, or that comes before this place in the log? */
static bool holds(const struct service *s, uint64_t place)
{
    return s->plan.running || (s->plan.live && s->plan.waiting) ||
           (s->plan.live && s->plan.ready && s->turn.first < place) || s->turn.backfill < place;
}

/*
 * Does an ordered service have to wait? It does while any service of its pipeline, itself
 * included, has an execution that has begun and not come to its end, or another one has a
 * ready execution before its own in the log, or events before that are still to be routed.
 */
static bool is_held(const struct dispatcher *d, const struct service *service)
{
    const struct service *s = service;
    if (service->plan.paused)
        return true;
    if (!service->plan.ordered)
        return false;
    do {
        if (holds(s, service->turn.first))
            return true;
        s = s->peer;
    } while (s != service);
    return service->turn.first > d->turn.cursor;
}

/* How many runners have nothing to do, even after this turn, and may leave for another service. */
static uint32_t spare(const struct dispatcher *d, const struct service *service)
{
    return service->plan.ready && !is_held(d, service) ? 0 : service->turn.idle;
}

static void count_places(const struct dispatcher *d, struct places *places)
{
    places->spare = 0;
    for (const struct service *s = d->services; s; s = s->next)
        places->spare += spare(d, s);
}

/* Lets a runner that has nothing to do leave. False when there is none. */
static bool let_go(const struct dispatcher *d, struct service *service, struct places *places)
{
    for (struct instance *i = service->turn.idle ? service->instances : NULL; i; i = i->next) {
        if (i->state != INSTANCE_IDLE || i->order.leave)
            continue;
        i->order.leave = true;
        places->spare -= spare(d, service) && places->spare;
        places->taken--;
        service->turn.instances--;
        service->turn.idle--;
        return true;
    }
    return false;
}

/*
 * Makes a place for one more runner: as many spare runners leave as that takes, or none when
 * all of them would not be enough. False when there is no place.
 */
static bool make_place(struct dispatcher *d, const struct service *service, struct places *places)
{
    uint32_t room = places_for(d, service);
    if (places->taken >= room + places->spare)
        return false;
    for (struct service *s = d->services; s && places->taken >= room; s = s->next)
        while (places->taken >= room && spare(d, s) && let_go(d, s, places))
            ;
    return places->taken < room;
}

/* Where one more execution of a service goes. */
enum place {
    PLACE_NONE,
    PLACE_IDLE,  /* to a runner that has nothing to do */
    PLACE_NEW,   /* to a runner that is started for the execution */
    PLACE_AHEAD, /* to a busy runner, behind the jobs it has */
};

/* Takes a place for one more execution; with `ahead` also one behind other jobs of a runner. */
static enum place take_place(
    struct dispatcher *d, struct service *service, bool ahead, struct places *places)
{
    if (!service->plan.live || !service->plan.ready || is_held(d, service))
        return PLACE_NONE;
    if (service->turn.idle) {
        service->turn.idle--;
        service->turn.room += ahead_window(service) - 1;
        return PLACE_IDLE;
    }
    uint32_t max = service->plan.ordered ? 1 : service->plan.scale.max;
    if (service->turn.instances < max && make_place(d, service, places)) {
        service->turn.instances++;
        service->turn.room += ahead_window(service) - 1;
        places->taken++;
        return PLACE_NEW;
    }
    if (ahead && service->turn.room && service->turn.bytes < AHEAD_BYTES) {
        service->turn.room--;
        return PLACE_AHEAD;
    }
    return PLACE_NONE;
}

void claim_forget_all(struct dispatcher *d)
{
    for (size_t i = 0; i < d->order.claim_count; i++)
        buf_done(&d->order.claims[i].frame);
    d->order.claim_count = 0;
}

static void add_claim(struct dispatcher *d, const struct claim *claim)
{
    claim->service->turn.bytes += claim->frame.len;
    if (d->order.claim_count == d->order.claim_room) {
        d->order.claim_room = d->order.claim_room ? d->order.claim_room * 2 : 64;
        d->order.claims =
            mem_resize(d->order.claims, d->order.claim_room * sizeof *d->order.claims);
    }
    d->order.claims[d->order.claim_count++] = *claim;
}

/* How long an attempt may take. */
static int64_t longest_ms(const struct pipeline *pipeline)
{
    bool whole = pipeline->timeout_ms && pipeline->timeout_ms < pipeline->attempt_timeout_ms;
    return whole ? pipeline->timeout_ms : pipeline->attempt_timeout_ms;
}

/*
 * Packs what a runner needs for the next attempt. The event borrows from the store, so this
 * comes before any change. ERR_NOTFOUND or ERR_DENIED, and why in ret_why: it can never run.
 */
static enum err pack(struct dispatcher *d, struct store_txn *txn, const struct execution *execution,
    struct claim *claim, struct buf *ret_why)
{
    struct buf secrets = BUF_INIT;
    struct frame_job job = {
        .execution = execution->id,
        .attempt = execution->attempt + 1,
        .pipeline_id = execution->pipeline_id,
        .pipeline_version = execution->pipeline_version,
    };
    enum err err = catalog_version(d, txn, job.pipeline_id, job.pipeline_version, &claim->version);
    if (!err)
        err = events_record(txn, execution->event_seq, &job.event);
    if (err == ERR_NOTFOUND)
        buf_add_str(ret_why, "its event or its pipeline is no longer kept");
    if (!err && overdue_is(execution, claim->version->pipeline->timeout_ms, &job.over_ms, ret_why))
        err = ERR_DENIED;
    if (!err && claim->version->pipeline->has_secrets)
        err = opening_pack(d, txn, claim->version, &secrets, ret_why);
    if (err) {
        buf_done(&secrets);
        return err;
    }
    job.secrets = buf_span(&secrets);
    claim->job = (struct job){
        .execution = job.execution,
        .attempt = job.attempt,
        .timeout_ms = longest_ms(claim->version->pipeline),
    };
    frame_put_job(&claim->frame, &job);
    buf_done(&secrets);
    return ERR_OK;
}

/* Ends an execution that cannot run any more. */
static enum err fail(
    struct store_txn *txn, struct service *service, struct execution *execution, const char *why)
{
    execution->status = STATUS_FAILED;
    execution->error = span_str(why);
    enum err err = executions_change(txn, execution, STATUS_PENDING);
    return !err && service->plan.ordered ? look_at_first(txn, service) : err;
}

/* The attempt begins, as far as the store knows; its job goes out after the commit. */
static enum err begin(struct store_txn *txn, struct service *service, struct execution *execution)
{
    execution->status = STATUS_IN_PROGRESS;
    execution->attempt++;
    execution->last = ATTEMPT_IN_PROGRESS;
    execution->started_ms = clock_wall_ms();
    service->plan.running++;
    return executions_change(txn, execution, STATUS_PENDING);
}

/* Takes an execution out of its queue and begins its next attempt. */
static enum err claim_execution(
    struct dispatcher *d, struct store_txn *txn, struct execution *execution, struct claim *claim)
{
    struct service *service = claim->service;
    struct buf why = BUF_INIT;
    enum err err = pack(d, txn, execution, claim, &why);
    bool fails = err == ERR_NOTFOUND || err == ERR_DENIED;
    if (err && !fails)
        return err;
    if (!fails)
        add_claim(d, claim);
    service->plan.ready--;
    err = queue_del(txn, service->queue, execution->event_seq, &execution->id);
    if (!err)
        err =
            fails ? fail(txn, service, execution, buf_text(&why)) : begin(txn, service, execution);
    buf_done(&why);
    return err;
}

/* Claims the first execution of the service's queue. */
static enum err claim_one(
    struct dispatcher *d, struct store_txn *txn, struct service *service, enum place place)
{
    struct uuid id;
    uint64_t seq;
    struct execution execution;
    NOT_ZEROED struct step_result steps[STEPS_MAX];
    struct claim claim = {.service = service, .starts = place == PLACE_NEW, .frame = BUF_INIT};
    struct buf copy = BUF_INIT;
    enum err err = pending_first(txn, service, &seq, &id);
    if (err || !service->plan.ready)
        return err;
    err = executions_load(txn, &id, &copy, &execution, steps);
    if (!err)
        err = claim_execution(d, txn, &execution, &claim);
    buf_done(&copy);
    return err;
}

/* A service that has work and no runner; of several, the one that was served longest ago. */
static struct service *find_starved(struct dispatcher *d)
{
    struct service *starved = NULL;
    for (struct service *s = d->services; s; s = s->next)
        if (s->plan.live && s->plan.ready && !s->turn.instances && !is_held(d, s) &&
            (!starved || s->served_us < starved->served_us))
            starved = s;
    return starved;
}

/* Lets a runner that has just become idle leave, although its service has work for it. */
static bool vacate(struct dispatcher *d, struct places *places)
{
    struct service *from = NULL;
    for (struct service *s = d->services; s; s = s->next)
        if (s->turn.idle && (!from || s->turn.instances > from->turn.instances))
            from = s;
    return from && let_go(d, from, places);
}

/* Where many busy services share few places, all time could go into starting runners. */
static bool was_just_served(const struct service *service)
{
    return clock_mono_us() - service->served_us < SERVED_US;
}

/*
 * A service that has no runner at all comes first. Where there is no place, it gets the next
 * place that is vacated, unless it was served only just now: so it waits for one step of
 * another service, and not for a backlog. *ret_starved says that a service still waits so.
 */
static enum err claim_starved(
    struct dispatcher *d, struct store_txn *txn, struct places *places, bool *ret_starved)
{
    struct service *s;
    enum err err = ERR_OK;
    while (!err && (s = find_starved(d))) {
        count_places(d, places);
        enum place place = take_place(d, s, false, places);
        if (!place && !was_just_served(s) && vacate(d, places))
            place = take_place(d, s, false, places);
        if (!place)
            break;
        err = claim_one(d, txn, s, place);
    }
    *ret_starved = s && !was_just_served(s);
    return err;
}

/*
 * Claims one execution a service and round, so that places are shared whatever the backlogs
 * are. No runner gets jobs ahead while a service waits for a runner to become idle.
 */
enum err claim_ready(struct dispatcher *d, struct store_txn *txn)
{
    struct places places = {.taken = d->instance_count};
    bool some = d->phase == PHASE_SERVING, starved = false;
    enum err err = ERR_OK;
    for (struct service *s = d->services; s && some && !err; s = s->next)
        if (s->plan.ordered && s->plan.ready)
            err = look_at_first(txn, s);
    if (some && !err)
        err = claim_starved(d, txn, &places, &starved);
    while (some && !err) {
        some = false;
        count_places(d, &places);
        for (struct service *s = d->services; s && !err; s = s->next) {
            enum place place = take_place(d, s, !starved, &places);
            if (!place)
                continue;
            some = true;
            err = claim_one(d, txn, s, place);
        }
    }
    return err;
}
