/* route - see route.h. */
#include "dispatcher/route.h"

#include <stdlib.h>

#include "base/clock.h"
#include "dispatcher/dispatcher.h"
#include "dispatcher/judge.h"
#include "dispatcher/listener.h"
#include "dispatcher/service.h"
#include "store/events.h"
#include "store/executions.h"
#include "store/retention.h"
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

/*
 * Which listeners does the event match, of `only`, or, with NULL, of all that cover its place in
 * the log? They are noted before any execution is made: the event's text dies with the first
 * change. JUDGE_LATER: not all verdicts are known, and the event is not to be routed yet.
 */
static enum judgement find_matching(
    struct dispatcher *d, const struct event *event, const struct listener *only, bool *matched)
{
    bool any = false, later = false;
    struct filter_subject subject;
    filter_subject_init(&subject, event);
    for (size_t i = 0; i < d->listener_count && !later; i++) {
        const struct listener *listener = &d->listeners[i];
        matched[i] = (only ? listener == only : trigger_covers(&listener->trigger, event->seq)) &&
                     judge_hears(listener, &subject);
        enum judgement judgement = matched[i] ? judge_now(d, listener, &subject) : JUDGE_DIFFERS;
        matched[i] = judgement == JUDGE_MATCHES;
        any |= matched[i];
        later = judgement == JUDGE_LATER;
    }
    filter_subject_done(&subject);
    return later ? JUDGE_LATER : any ? JUDGE_MATCHES : JUDGE_DIFFERS;
}

/* Routes one event. ERR_BUSY: filters are to be judged first. */
static enum err route_event(struct dispatcher *d, struct store_txn *txn, const struct event *event,
    const struct listener *only, bool *matched)
{
    enum judgement judgement = find_matching(d, event, only, matched);
    d->plan.deferred |= judgement == JUDGE_LATER;
    if (judgement == JUDGE_LATER)
        return ERR_BUSY;
    enum err err = only ? ERR_OK : counts_event(txn, event);
    if (err || judgement != JUDGE_MATCHES)
        return err;
    struct buf type = BUF_INIT;
    buf_add_span(&type, event->type);
    const struct event kept = {
        .cid = event->cid, .parent = event->parent, .seq = event->seq, .type = buf_span(&type)};
    if (only)
        err = retention_started(txn, kept.seq);
    for (size_t i = 0; i < d->listener_count && !err; i++)
        if (matched[i])
            err = route_create(txn, &d->listeners[i], &kept);
    buf_done(&type);
    return err;
}

/* Routes the events from `seq` on and before `end`, as far as their filters are judged. */
static enum err route_range(struct dispatcher *d, struct store_txn *txn, uint64_t end,
    const struct listener *only, bool *matched, uint64_t *seq)
{
    enum err err = ERR_OK;
    while (!err && *seq < end) {
        struct event event;
        err = events_get(txn, *seq, &event);
        if (err == ERR_NOTFOUND)
            err = ERR_OK; /* no longer kept */
        else if (!err && event.data_kind != EVENT_DATA_GONE)
            err = route_event(d, txn, &event, only, matched);
        *seq += !err;
    }
    return err == ERR_BUSY ? ERR_OK : err;
}

/* Routes events past the cursor, dispatcher.turn_events of them at most. */
static enum err route_new(
    struct dispatcher *d, struct store_txn *txn, bool *matched, uint64_t *ret_cursor)
{
    uint64_t last, from;
    enum err err = events_cursor(txn, &from);
    if (!err)
        err = events_last(txn, &last);
    if (err)
        return err;
    uint64_t limit = from + (uint64_t)d->home.config.dispatcher_turn_events, next = from + 1;
    err = route_range(d, txn, 1 + (last < limit ? last : limit), NULL, matched, &next);
    uint64_t cursor = next - 1;
    if (!err && cursor > from)
        err = events_set_cursor(txn, cursor);
    d->plan.more |= cursor < last;
    *ret_cursor = cursor;
    return err;
}

/* Routes older events that a new trigger has asked for. */
static enum err backfill(
    struct dispatcher *d, struct store_txn *txn, const struct listener *listener, bool *matched)
{
    const struct trigger *t = &listener->trigger;
    uint64_t seq = t->backfill_seq;
    uint64_t limit = seq + (uint64_t)d->home.config.dispatcher_turn_events;
    if (seq >= t->backfill_end)
        return ERR_OK;
    if (limit > t->backfill_end)
        limit = t->backfill_end;
    enum err err = route_range(d, txn, limit, listener, matched, &seq);
    if (!err)
        err = triggers_set_backfill(txn, t, seq);
    if (seq < t->backfill_end && seq < listener->service->turn.backfill)
        listener->service->turn.backfill = seq;
    /* The mutation may run again from the start, so memory follows with the next reload. */
    d->plan.reload = true;
    d->plan.more = true;
    return err;
}

enum err route_look_again(struct dispatcher *d, struct store_txn *txn)
{
    uint64_t last = 0;
    enum err err = events_last(txn, &last);
    d->plan.more |= last > d->turn.cursor;
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
