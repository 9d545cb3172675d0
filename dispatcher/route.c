/* route - see route.h. */
#include "dispatcher/route.h"

#include <stdlib.h>

#include "base/clock.h"
#include "dispatcher/dispatcher.h"
#include "dispatcher/service.h"
#include "store/events.h"
#include "store/executions.h"
#include "store/triggers.h"

enum err route_create(
    struct store_txn *txn, const struct listener *listener, const struct event *event)
{
    struct execution execution = {
        .queue = listener->trigger.queue,
        .pipeline_version = listener->trigger.pipeline_version,
        .created_ms = clock_wall_ms(),
        .pipeline_id = listener->trigger.pipeline_id,
        .pipeline_name = listener->trigger.pipeline_name,
    };
    enum err err = executions_start(txn, event, &execution);
    if (!err)
        listener->service->plan.ready++;
    return err;
}

static bool covers(const struct trigger *trigger, uint64_t seq)
{
    return seq >= trigger->from_seq && (!trigger->until_seq || seq < trigger->until_seq);
}

/* The event of a tick has its execution for the trigger whose schedule ticked. */
static bool is_own_tick(const struct trigger *trigger, const struct event *event)
{
    return event->origin == EVENT_TICK && span_eq(event->subject, trigger->pipeline_name);
}

/*
 * Routes one event to `only`, or where that is NULL to every trigger that covers
 * its place in the log. What matches is noted first: the event's text dies with
 * the first change.
 */
static enum err route_event(struct dispatcher *d, struct store_txn *txn, const struct event *event,
    const struct listener *only, bool *matched)
{
    bool any = false;
    struct filter_subject subject;
    if (event->origin == EVENT_RUN)
        return ERR_OK; /* it has its execution, and is no trigger's */
    filter_subject_init(&subject, event);
    for (size_t i = 0; i < d->listener_count; i++) {
        const struct listener *listener = &d->listeners[i];
        matched[i] = (only ? listener == only : covers(&listener->trigger, event->seq)) &&
                     topic_matches(listener->trigger.topic, event_topic(event)) &&
                     !is_own_tick(&listener->trigger, event) &&
                     filter_judge(listener->filters, &subject, NULL) == FILTER_MATCHES;
        any |= matched[i];
    }
    filter_subject_done(&subject);
    if (!any)
        return ERR_OK;
    struct buf type = BUF_INIT;
    buf_add_span(&type, event->type);
    const struct event kept = {
        .cid = event->cid, .parent = event->parent, .seq = event->seq, .type = buf_span(&type)};
    enum err err = ERR_OK;
    for (size_t i = 0; i < d->listener_count && !err; i++)
        if (matched[i])
            err = route_create(txn, &d->listeners[i], &kept);
    buf_done(&type);
    return err;
}

/* Events past the cursor, up to dispatcher.turn_events of them. */
static enum err route_new(
    struct dispatcher *d, struct store_txn *txn, bool *matched, uint64_t *ret_cursor)
{
    uint64_t last, from;
    enum err err = events_cursor(txn, &from);
    if (!err)
        err = events_last(txn, &last);
    if (err)
        return err;
    uint64_t cursor = from, limit = from + (uint64_t)d->home.config.dispatcher_turn_events;
    while (!err && cursor < last && cursor < limit) {
        struct event event;
        err = events_get(txn, ++cursor, &event);
        if (err == ERR_NOTFOUND)
            err = ERR_OK; /* no longer kept */
        else if (!err)
            err = route_event(d, txn, &event, NULL, matched);
    }
    if (!err && cursor > from)
        err = events_set_cursor(txn, cursor);
    d->plan.more |= cursor < last;
    *ret_cursor = cursor;
    return err;
}

/* Older events that a new trigger has asked for. */
static enum err backfill(
    struct dispatcher *d, struct store_txn *txn, const struct listener *listener, bool *matched)
{
    const struct trigger *t = &listener->trigger;
    uint64_t seq = t->backfill_seq;
    uint64_t limit = seq + (uint64_t)d->home.config.dispatcher_turn_events;
    enum err err = ERR_OK;
    if (seq >= t->backfill_end)
        return ERR_OK;
    for (; !err && seq < t->backfill_end && seq < limit; seq++) {
        struct event event;
        err = events_get(txn, seq, &event);
        if (err == ERR_NOTFOUND)
            err = ERR_OK;
        else if (!err)
            err = route_event(d, txn, &event, listener, matched);
    }
    if (!err)
        err = triggers_set_backfill(txn, t, seq);
    if (seq < t->backfill_end && seq < listener->service->turn.backfill)
        listener->service->turn.backfill = seq;
    /* The mutation may run again from the start, so memory follows the store at the next reload. */
    d->plan.reload = true;
    d->plan.more = true;
    return err;
}

enum err route_events(struct dispatcher *d, struct store_txn *txn)
{
    bool *matched = mem_alloc((d->listener_count + 1) * sizeof *matched);
    uint64_t cursor = 0;
    enum err err = route_new(d, txn, matched, &cursor);
    d->turn.cursor = cursor;
    for (size_t i = 0; !err && i < d->listener_count; i++) {
        const struct listener *listener = &d->listeners[i];
        err = backfill(d, txn, listener, matched);
        /* An ended generation has done its part once all its events are routed. */
        if (!err && listener->trigger.until_seq && cursor + 1 >= listener->trigger.until_seq &&
            listener->trigger.backfill_seq >= listener->trigger.backfill_end) {
            err = triggers_drop(txn, &listener->trigger);
            if (err == ERR_NOTFOUND)
                err = ERR_OK;
            d->plan.reload = true;
        }
    }
    free(matched);
    return err;
}
