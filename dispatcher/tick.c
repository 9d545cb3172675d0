/* tick - see tick.h. */
#include "dispatcher/tick.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "dispatcher/dispatcher.h"
#include "dispatcher/listener.h"
#include "dispatcher/route.h"
#include "dispatcher/service.h"
#include "store/events.h"

#define TICK_TYPE "fx.schedule"
#define TICK_SOURCE "/fx/schedule"

static struct tick first_after(const struct cron *schedule, int64_t seen_ms)
{
    return (struct tick){seen_ms, cron_next_ms(schedule, seen_ms)};
}

static bool is_set_back(const struct tick *tick, int64_t now)
{
    return tick->seen_ms > now + TICK_SET_BACK_MS;
}

/* How long after its time a tick is still taken. */
static int64_t late_ms(const struct dispatcher *d)
{
    return d->home.config.dispatcher_tick_late_seconds * 1000;
}

/*
 * Is a tick of the trigger that this one has replaced still to be taken? Ticks that were due
 * after the replacement are for the new schedule.
 */
static bool is_left_over(const struct dispatcher *d, const struct tick *noted,
    const struct trigger *trigger, int64_t now)
{
    return noted->due_ms <= trigger->started_ms && noted->due_ms <= now &&
           noted->due_ms >= now - late_ms(d);
}

/*
 * A schedule begins with the first tick after its trigger was started, or after the last tick
 * that was seen, by an earlier dispatcher or before the trigger was replaced.
 */
enum err tick_take_up(struct dispatcher *d, struct store_txn *txn, const struct listener *listener)
{
    struct service_state *plan = &listener->service->plan;
    const struct trigger *t = &listener->trigger;
    int64_t now = clock_wall_ms(), from_ms = t->started_ms < now ? t->started_ms : now;
    struct tick noted = NO_TICK;
    if (plan->generation == t->generation)
        return ERR_OK; /* this schedule is taken up already */
    enum err err = ticks_get(txn, t->queue, &noted);
    if (err && err != ERR_NOTFOUND)
        return err;
    bool holds = !err && !is_set_back(&noted, now);
    if (holds && noted.seen_ms > from_ms)
        from_ms = noted.seen_ms;
    if (!listener->schedule)
        plan->ticking.tick = NO_TICK;
    else if (holds && is_left_over(d, &noted, t, now))
        plan->ticking.tick = noted;
    else
        plan->ticking.tick = first_after(listener->schedule, from_ms);
    plan->ticking.noted = memcmp(&plan->ticking.tick, &noted, sizeof noted) == 0;
    return ERR_OK;
}

/* The event is that of the minute it was due, however late it is taken. */
static enum err take(struct store_txn *txn, const struct listener *listener, int64_t due_ms)
{
    char due[CLOCK_TEXT], data[sizeof "{\"due\":\"\"}" + CLOCK_TEXT];
    clock_format(due_ms, due);
    snprintf(data, sizeof data, "{\"due\":\"%s\"}", due);
    struct event event = {
        .cid = uuid_new(),
        .accepted_ms = clock_wall_ms(),
        .origin = EVENT_TICK,
        .data_kind = EVENT_DATA_JSON,
        .door = DOOR_TICK,
        .source = span_str(TICK_SOURCE),
        .type = span_str(TICK_TYPE),
        .subject = listener->trigger.pipeline_name,
        .datacontenttype = span_str("application/json"),
        .time = span_str(due),
        .data = span_str(data),
    };
    enum err err = events_append(txn, &event);
    return err ? err : route_create(txn, listener, &event);
}

/* When the latest tick that is due was due, or one before that is too late: it stands for all. */
static int64_t latest_due(const struct dispatcher *d, const struct listener *listener, int64_t now)
{
    int64_t latest = listener->service->plan.ticking.tick.due_ms, next = now - late_ms(d) - 1;
    if (next < latest)
        next = latest;
    while ((next = cron_next_ms(listener->schedule, next)) >= 0 && next <= now)
        latest = next;
    return latest;
}

/* Takes what is due, or notes it as missed. After the clock was set back, goes on by the clock. */
static enum err look(
    struct dispatcher *d, struct store_txn *txn, const struct listener *listener, int64_t now)
{
    struct ticking *t = &listener->service->plan.ticking;
    bool due = t->tick.due_ms >= 0 && t->tick.due_ms <= now, set_back = is_set_back(&t->tick, now);
    int64_t latest = due ? latest_due(d, listener, now) : 0;
    enum err err = due && latest >= now - late_ms(d) ? take(txn, listener, latest) : ERR_OK;
    if (due || set_back)
        *t = (struct ticking){first_after(listener->schedule, now), false};
    return err;
}

static enum err note(struct store_txn *txn, const struct service *service)
{
    const struct tick *tick = &service->plan.ticking.tick;
    bool none = tick->due_ms == INT64_MAX;
    return none ? ticks_del(txn, service->queue) : ticks_put(txn, service->queue, tick);
}

enum err tick_all(struct dispatcher *d, struct store_txn *txn)
{
    int64_t now = clock_wall_ms();
    enum err err = ERR_OK;
    d->plan.tick_ms = INT64_MAX;
    for (size_t i = 0; i < d->listener_count && !err; i++) {
        const struct listener *listener = &d->listeners[i];
        struct ticking *t = &listener->service->plan.ticking;
        if (listener->trigger.until_seq)
            continue; /* the trigger has ended: its schedule is over, or its successor has it */
        if (listener->schedule)
            err = look(d, txn, listener, now);
        if (!err && !t->noted)
            err = note(txn, listener->service);
        t->noted = true;
        if (t->tick.due_ms >= 0 && t->tick.due_ms < d->plan.tick_ms)
            d->plan.tick_ms = t->tick.due_ms;
    }
    return err;
}
