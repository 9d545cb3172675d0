/* judge - see judge.h. */
#include "dispatcher/judge.h"

#include "base/log.h"
#include "dispatcher/dispatcher.h"
#include "dispatcher/listener.h"
#include "model/filter.h"
#include "store/events.h"

/* Steps of filters (model/filter.h), and the bytes of a payload that is gone over for them. */
#define NOW_STEPS 10000             /* of one evaluation within a turn: some 0.1 ms */
#define NOW_STEPS_A_TURN 100000     /* of all of them */
#define NOW_PAYLOAD_BYTES 65536     /* a larger payload is not looked into within a turn */
#define LATER_STEPS_A_TURN 10000000 /* before one turn */
#define STEPS_OF_ANY 100            /* that each evaluation counts for, at least */

bool judge_hears(const struct listener *listener, const struct filter_subject *subject)
{
    const struct event *event = subject->event;
    const struct trigger *t = &listener->trigger;
    /* The event of a tick has its execution for the trigger whose schedule ticked. */
    bool own = event->origin == EVENT_TICK && span_eq(event->subject, t->pipeline_name);
    return event->origin != EVENT_RUN && !own && topic_matches(t->topic, event_topic(event));
}

/* Spends what an evaluation took. */
static void spend(uint64_t *steps, const struct filter_subject *subject)
{
    uint64_t cost = STEPS_OF_ANY + (subject->limit - subject->steps);
    *steps = *steps > cost ? *steps - cost : 0;
}

enum judgement judge_now(
    struct dispatcher *d, const struct listener *listener, struct filter_subject *subject)
{
    if (!listener->filters)
        return JUDGE_MATCHES;
    const struct verdict *known =
        verdict_find(&d->verdicts, subject->event->seq, &listener->trigger);
    if (known)
        return known->matches ? JUDGE_MATCHES : JUDGE_DIFFERS;
    uint64_t left = NOW_STEPS_A_TURN - d->turn.filter_steps;
    if (!left || subject->event->data.len > NOW_PAYLOAD_BYTES)
        return JUDGE_LATER;
    subject->limit = NOW_STEPS;
    enum filter_verdict verdict = filter_judge(listener->filters, subject, NULL);
    spend(&left, subject);
    d->turn.filter_steps = NOW_STEPS_A_TURN - left;
    if (verdict == FILTER_TOO_COSTLY)
        return JUDGE_LATER;
    return verdict == FILTER_MATCHES ? JUDGE_MATCHES : JUDGE_DIFFERS;
}

/* Judging what was put off. */

struct judging {
    struct dispatcher *d;
    struct store_txn *txn;
    uint64_t steps;  /* still to spend */
    uint64_t cursor; /* of the log: only triggers that want older events look before it */
};

static void judge_one(
    struct judging *j, const struct listener *listener, struct filter_subject *subject)
{
    uint64_t seq = subject->event->seq;
    if (!listener->filters || !judge_hears(listener, subject) ||
        verdict_find(&j->d->verdicts, seq, &listener->trigger))
        return;
    subject->limit = FILTER_STEPS_MAX;
    bool matches = filter_judge(listener->filters, subject, NULL) == FILTER_MATCHES;
    spend(&j->steps, subject);
    verdict_add(&j->d->verdicts, seq, &listener->trigger, matches);
}

/* Judges an event for one listener, or, with NULL, for all that cover its place in the log. */
static enum err judge_event(struct judging *j, uint64_t seq, const struct listener *only)
{
    struct event event;
    struct filter_subject subject;
    enum err err = events_get(j->txn, seq, &event);
    if (err)
        return err == ERR_NOTFOUND ? ERR_OK : err; /* no longer kept */
    filter_subject_init(&subject, &event);
    for (size_t i = 0; j->steps && i < j->d->listener_count; i++) {
        const struct listener *listener = &j->d->listeners[i];
        if (only ? listener == only : trigger_covers(&listener->trigger, seq))
            judge_one(j, listener, &subject);
    }
    filter_subject_done(&subject);
    return ERR_OK;
}

static enum err judge_all(struct judging *j)
{
    uint64_t last, most = (uint64_t)j->d->home.config.dispatcher_turn_events;
    enum err err = events_last(j->txn, &last);
    for (uint64_t seq = j->cursor + 1; !err && j->steps && seq <= last && seq <= j->cursor + most;
         seq++)
        err = judge_event(j, seq, NULL);
    for (size_t i = 0; !err && i < j->d->listener_count; i++) {
        const struct listener *listener = &j->d->listeners[i];
        const struct trigger *t = &listener->trigger;
        uint64_t end = t->backfill_end;
        for (uint64_t seq = t->backfill_seq;
             !err && listener->filters && j->steps && seq < end && seq < t->backfill_seq + most;
             seq++)
            err = judge_event(j, seq, listener);
    }
    return err;
}

static bool is_needed(const struct judging *j, const struct verdict *v)
{
    if (v->seq > j->cursor)
        return true;
    for (size_t i = 0; i < j->d->listener_count; i++) {
        const struct trigger *t = &j->d->listeners[i].trigger;
        if (v->queue == t->queue && v->generation == t->generation && v->seq >= t->backfill_seq &&
            v->seq < t->backfill_end)
            return true;
    }
    return false;
}

static void forget_routed(struct judging *j)
{
    struct verdicts *v = &j->d->verdicts;
    size_t kept = 0;
    for (size_t i = 0; i < v->count; i++)
        if (is_needed(j, &v->list[i]))
            v->list[kept++] = v->list[i];
    v->count = v->sorted = kept;
}

void judge_deferred(struct dispatcher *d)
{
    struct judging j = {.d = d, .steps = LATER_STEPS_A_TURN};
    struct verdicts *v = &d->verdicts;
    if (!d->now.deferred) {
        v->count = v->sorted = 0;
        return;
    }
    enum err err = store_read_begin(d->store, &j.txn);
    if (!err) {
        err = events_cursor(j.txn, &j.cursor);
        if (!err) {
            forget_routed(&j);
            err = judge_all(&j);
        }
        store_read_end(j.txn);
    }
    if (err)
        log_error("events could not be judged (%s); trying again", err_name(err));
    verdict_sort(v);
}
