/* claim - from ready executions to jobs; see dispatcher.h. */
#include "dispatcher.h"

#include "base/clock.h"
#include "base/log.h"
#include "frame.h"
#include "store/events.h"
#include "store/executions.h"
#include "store/queue.h"

/*
 * A quarter of all places, and at least one of several, is kept for services that
 * have no runner yet, so that busy or stuck pipelines never leave another one
 * without any.
 */
static uint32_t places(const struct dispatcher *d, const struct service *service)
{
    uint32_t all = (uint32_t)d->home.config.dispatcher_instances;
    uint32_t kept = all < 4 ? all > 1 : all / 4;
    return service->plan_instances ? all - kept : all;
}

/* Runners that have nothing to do, also after this turn, and may leave for another service. */
static uint32_t spare(const struct service *service)
{
    bool some = !service->plan.ready && service->plan.running < service->plan_instances;
    return some ? service->plan_instances - service->plan.running : 0;
}

/*
 * Is there a place for one more runner? As many spare ones leave as that takes,
 * or none when all of them would not be enough.
 */
static bool make_place(struct dispatcher *d, const struct service *service, uint32_t *total)
{
    uint32_t room = places(d, service), spares = 0;
    for (struct service *s = d->services; s; s = s->next)
        spares += spare(s);
    if (*total >= room + spares)
        return false;
    for (struct service *s = d->services; s; s = s->next) {
        for (struct instance *i = s->instances; i && *total >= room && spare(s); i = i->next) {
            if (i->state != INSTANCE_IDLE || i->plan_leave)
                continue;
            i->plan_leave = true;
            s->plan_instances--;
            --*total;
        }
    }
    return true;
}

/* Could one more execution of this service run now, in a new runner if need be? */
static bool has_place(struct dispatcher *d, struct service *service, uint32_t *total)
{
    if (!service->live || !service->plan.ready)
        return false;
    if (service->ordered && (service->plan.running || service->plan.waiting))
        return false;
    if (service->plan.running < service->plan_instances)
        return true; /* an idle runner */
    uint32_t max = service->ordered ? 1 : service->scale.max;
    if (service->plan_instances >= max)
        return false;
    if (!make_place(d, service, total))
        return false;
    service->plan_instances++;
    ++*total;
    return true;
}

static struct claim *add_claim(struct dispatcher *d)
{
    if (d->claim_count == d->claim_room) {
        d->claim_room = d->claim_room ? d->claim_room * 2 : 64;
        d->claims = mem_resize(d->claims, d->claim_room * sizeof *d->claims);
    }
    struct claim *claim = &d->claims[d->claim_count++];
    *claim = (struct claim){.job = BUF_INIT};
    return claim;
}

/* An execution that cannot run any more ends here. */
static enum err fail(struct store_txn *txn, struct execution *execution, const char *why)
{
    execution->status = STATUS_FAILED;
    execution->error = span_str(why);
    return executions_change(txn, execution, STATUS_PENDING);
}

/* Takes the first of the queue. */
static enum err claim_one(struct dispatcher *d, struct store_txn *txn, struct service *service)
{
    struct uuid id;
    struct execution execution;
    struct event event;
    const struct version *version = NULL;
    struct buf copy = BUF_INIT, record = BUF_INIT;
    enum err err = queue_first(txn, service->queue, &id);
    if (err == ERR_NOTFOUND) {
        service->plan.ready = 0; /* the queue is the truth, the count a memory of it */
        return ERR_OK;
    }
    if (!err)
        err = executions_load(txn, &id, &copy, &execution);
    if (err)
        goto out;
    enum err found = events_get(txn, execution.event_seq, &event);
    if (!found)
        event_encode(&event, &record);
    if (!found)
        found = pool_version(d, txn, execution.pipeline_id, execution.pipeline_version, &version);
    err = queue_del(txn, service->queue, execution.event_seq, &id);
    service->plan.ready--;
    if (err || found) {
        if (!err)
            err = found == ERR_NOTFOUND
                      ? fail(txn, &execution, "its event or its pipeline is no longer kept")
                      : found;
        goto out;
    }
    execution.status = STATUS_IN_PROGRESS;
    execution.attempt++;
    execution.started_ms = clock_wall_ms();
    err = executions_change(txn, &execution, STATUS_PENDING);
    if (err)
        goto out;
    service->plan.running++;
    struct frame_job job = {
        .execution = id,
        .attempt = execution.attempt,
        .pipeline_id = execution.pipeline_id,
        .pipeline_version = execution.pipeline_version,
        .event = buf_span(&record),
    };
    struct claim *claim = add_claim(d);
    claim->service = service;
    claim->execution = id;
    claim->attempt = execution.attempt;
    claim->version = version;
    frame_put_job(&claim->job, &job);
out:
    buf_done(&copy);
    buf_done(&record);
    return err;
}

/* Has work and not one runner; of several, the one that was served longest ago. */
static struct service *find_starved(struct dispatcher *d)
{
    struct service *starved = NULL;
    for (struct service *s = d->services; s; s = s->next)
        if (s->live && s->plan.ready && !s->plan_instances && !(s->ordered && s->plan.waiting) &&
            (!starved || s->served < starved->served))
            starved = s;
    return starved;
}

/* A runner that has just become idle leaves although its service has more for it. */
static bool take_place(struct dispatcher *d, uint32_t *total)
{
    struct service *from = NULL;
    for (struct service *s = d->services; s; s = s->next)
        if (s->plan.running < s->plan_instances &&
            (!from || s->plan_instances > from->plan_instances))
            from = s;
    if (!from)
        return false;
    for (struct instance *i = from->instances; i; i = i->next) {
        if (i->state != INSTANCE_IDLE || i->plan_leave)
            continue;
        i->plan_leave = true;
        from->plan_instances--;
        --*total;
        return true;
    }
    return false;
}

/*
 * A service that has no runner at all comes first, and gets the next place that is
 * vacated where there are no others: it waits for one step of somebody else's, and
 * not for a backlog.
 */
static enum err claim_starved(struct dispatcher *d, struct store_txn *txn, uint32_t *total)
{
    struct service *s;
    enum err err = ERR_OK;
    while (!err && (s = find_starved(d))) {
        if (!has_place(d, s, total) && !(take_place(d, total) && has_place(d, s, total)))
            break;
        err = claim_one(d, txn, s);
    }
    return err;
}

/* One claim a service and round, so that places are shared whatever the backlogs are. */
enum err claim_ready(struct dispatcher *d, struct store_txn *txn)
{
    uint32_t total = d->instance_count;
    bool some = !d->draining;
    enum err err = some ? claim_starved(d, txn, &total) : ERR_OK;
    while (some && !err) {
        some = false;
        for (struct service *s = d->services; s && !err; s = s->next) {
            if (!has_place(d, s, &total))
                continue;
            some = true;
            err = claim_one(d, txn, s);
        }
    }
    return err;
}
