/* catalog - see catalog.h. */
#include "dispatcher/catalog.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "dispatcher/ahead.h"
#include "dispatcher/dispatcher.h"
#include "dispatcher/listener.h"
#include "dispatcher/route.h"
#include "dispatcher/service.h"
#include "dispatcher/tick.h"
#include "store/pipelines.h"
#include "store/routing.h"
#include "store/run_queues.h"
#include "store/triggers.h"

struct service *catalog_service(struct dispatcher *d, uint64_t queue)
{
    for (struct service *s = d->services; s; s = s->next)
        if (s->queue == queue)
            return s;
    struct service *s = mem_alloc(sizeof *s);
    s->queue = queue;
    s->pace_us = AHEAD_US; /* until a job has ended */
    s->peer = s;
    s->plan.scale = SCALE_DEFAULT;
    s->plan.ticking = (struct ticking){NO_TICK, true};
    s->now = s->plan;
    s->turn.backfill = UINT64_MAX;
    s->next = d->services;
    d->services = s;
    return s;
}

static void leave_peers(struct service *service)
{
    struct service *before = service;
    while (before->peer != service)
        before = before->peer;
    before->peer = service->peer;
}

/* Does a trigger lead to the service, or has something happened to one of its executions? */
static bool is_needed(const struct dispatcher *d, const struct service *service)
{
    for (size_t i = 0; i < d->listener_count; i++)
        if (d->listeners[i].service == service)
            return true;
    for (const struct happening *h = d->happenings.first; h; h = h->next)
        if (h->service == service)
            return true;
    return false;
}

void catalog_forget_idle_services(struct dispatcher *d)
{
    for (struct service **at = &d->services; *at;) {
        struct service *s = *at;
        if (s->now.live || s->instances || s->now.ready || s->now.waiting || s->now.running ||
            is_needed(d, s)) {
            at = &s->next;
            continue;
        }
        *at = s->next;
        leave_peers(s);
        free(s->pipeline_id);
        free(s);
    }
}

static void forget_versions(struct dispatcher *d)
{
    while (d->versions) {
        struct version *v = d->versions;
        d->versions = v->next;
        free(v->pipeline_id);
        buf_done(&v->definition);
        pipeline_free(v->pipeline);
        free(v);
    }
}

enum err catalog_version(struct dispatcher *d, struct store_txn *txn, struct span pipeline_id,
    uint32_t number, const struct version **ret_version)
{
    for (struct version *v = d->versions; v; v = v->next) {
        if (v->number == number && span_eq_str(pipeline_id, v->pipeline_id)) {
            *ret_version = v;
            return ERR_OK;
        }
    }
    struct span definition;
    int64_t created_ms;
    uint32_t same;
    struct buf why = BUF_INIT;
    struct pipeline *pipeline;
    enum err err = pipelines_version(txn, pipeline_id, number, &same, &created_ms, &definition);
    if (err)
        return err;
    if (pipeline_parse(definition, &pipeline, &why)) {
        log_error("a stored pipeline cannot be read: %s", buf_text(&why));
        buf_done(&why);
        return ERR_CORRUPT;
    }
    struct version *v = mem_alloc(sizeof *v);
    v->pipeline_id = span_dup(pipeline_id);
    v->number = number;
    buf_add_span(&v->definition, definition);
    v->pipeline = pipeline;
    v->next = d->versions;
    d->versions = v;
    *ret_version = v;
    return ERR_OK;
}

static void forget_listeners(struct dispatcher *d)
{
    for (size_t i = 0; i < d->listener_count; i++)
        buf_done(&d->listeners[i].record);
    free(d->listeners);
    d->listeners = NULL;
    d->listener_count = 0;
}

struct reloading {
    struct dispatcher *d;
    struct store_txn *txn;
    enum err err;
};

static bool add_listener(const struct trigger *trigger, void *context)
{
    struct dispatcher *d = ((struct reloading *)context)->d;
    d->listeners = mem_resize(d->listeners, (d->listener_count + 1) * sizeof *d->listeners);
    struct listener *listener = &d->listeners[d->listener_count++];
    *listener = (struct listener){.record = BUF_INIT};
    trigger_encode(trigger, &listener->record);
    ((struct reloading *)context)->err =
        trigger_decode(buf_span(&listener->record), &listener->trigger);
    return !((struct reloading *)context)->err;
}

/* A queue belongs to one pipeline for good. */
static void set_pipeline(struct dispatcher *d, struct service *service, struct span pipeline_id)
{
    struct service *other = d->services;
    if (service->pipeline_id)
        return;
    while (other && !(other->pipeline_id && span_eq_str(pipeline_id, other->pipeline_id)))
        other = other->next;
    service->pipeline_id = span_dup(pipeline_id);
    if (other) {
        service->peer = other->peer;
        other->peer = service;
    }
}

/* When one version of a pipeline asks for order, all of the pipeline's services keep it. */
static void share_order(struct dispatcher *d, struct service *service)
{
    for (size_t i = 0; i < d->listener_count; i++) {
        const struct listener *listener = &d->listeners[i];
        if (listener->trigger.until_seq ||
            !span_eq_str(listener->trigger.pipeline_id, service->pipeline_id))
            continue;
        service->plan.ordered |= listener->service->plan.ordered;
        listener->service->plan.ordered = service->plan.ordered;
    }
}

/* A pipeline's runs by hand go by the options of its latest version. */
static bool add_run_queue(struct span pipeline_id, uint64_t queue, void *context)
{
    struct reloading *reloading = context;
    struct dispatcher *d = reloading->d;
    struct pipeline_info info;
    const struct version *version;
    enum err err = pipelines_get(reloading->txn, pipeline_id, &info);
    if (!err)
        err = catalog_version(d, reloading->txn, pipeline_id, info.version, &version);
    if (!err) {
        struct service *s = catalog_service(d, queue);
        s->plan.live = true;
        s->plan.scale = version->pipeline->scale;
        s->plan.scale.min = 0;
        s->plan.ordered = version->pipeline->ordered;
        set_pipeline(d, s, pipeline_id);
        share_order(d, s);
    }
    reloading->err = err == ERR_NOTFOUND
                         ? ERR_OK
                         : err; /* the pipeline was deleted: what is pending is skipped */
    return !reloading->err;
}

/* Fills in what the pipeline's version says of routing and of the service. */
static enum err describe(struct dispatcher *d, struct store_txn *txn, struct listener *listener)
{
    const struct version *version;
    const struct trigger *t = &listener->trigger;
    struct service *s = listener->service = catalog_service(d, t->queue);
    enum err err = catalog_version(d, txn, t->pipeline_id, t->pipeline_version, &version);
    if (err == ERR_NOTFOUND)
        return ERR_OK; /* deleted after the trigger was stopped: its executions are skipped */
    if (err)
        return err;
    listener->filters = version->pipeline->filters;
    if (t->until_seq)
        return ERR_OK; /* the trigger was stopped */
    listener->schedule = version->pipeline->scheduled ? &version->pipeline->schedule : NULL;
    err = tick_take_up(d, txn, listener);
    s->plan.live = true;
    s->plan.generation = t->generation;
    s->plan.scale = version->pipeline->scale;
    s->plan.ordered = version->pipeline->ordered;
    set_pipeline(d, s, t->pipeline_id);
    return err;
}

enum err catalog_reload(struct dispatcher *d, struct store_txn *txn)
{
    uint64_t changes;
    struct reloading reloading = {d, txn, ERR_OK};
    enum err err = routing_changes(txn, &changes);
    if (err || (changes == d->plan.routing_changes && !d->plan.reload))
        return err;
    forget_listeners(d);
    forget_versions(d);
    for (struct service *s = d->services; s; s = s->next)
        s->plan.live = false;
    err = triggers_each(txn, SPAN_NONE, add_listener, &reloading);
    if (!err)
        err = reloading.err;
    for (size_t i = 0; !err && i < d->listener_count; i++)
        err = describe(d, txn, &d->listeners[i]);
    if (!err)
        err = run_queues_each(txn, add_run_queue, &reloading);
    if (!err)
        err = reloading.err;
    d->plan.routing_changes = changes;
    d->plan.reload = false;
    return err;
}
