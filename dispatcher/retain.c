/* retain - see retain.h. */
#include "dispatcher/retain.h"

#include "base/clock.h"
#include "dispatcher/dispatcher.h"
#include "dispatcher/listener.h"
#include "store/events.h"
#include "store/retention.h"

#define EVENTS_A_TURN 500      /* that a walk looks at */
#define PAUSE_MS 100           /* between two slices, for others to write */
#define BLOCKED_MS 60000       /* until a walk that met what waits tries again */
#define AGAIN_MS (3600 * 1000) /* between looks at what was passed by */

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* The first event that is still to be routed, by new triggers, too, which want older events. */
static enum err find_below(struct dispatcher *d, struct store_txn *txn, uint64_t *ret_seq)
{
    uint64_t cursor;
    enum err err = events_cursor(txn, &cursor);
    *ret_seq = cursor + 1;
    for (size_t i = 0; !err && i < d->listener_count; i++) {
        const struct trigger *t = &d->listeners[i].trigger;
        if (t->backfill_seq < t->backfill_end && t->backfill_seq < *ret_seq)
            *ret_seq = t->backfill_seq;
    }
    return err;
}

/* When a walk is to go on. What comes later is as old as that at the earliest. */
static int64_t next_look(const struct retention_sweep *sweep, int64_t age_ms, int64_t now_ms)
{
    if (sweep->more)
        return now_ms + PAUSE_MS;
    if (sweep->next_ms == INT64_MAX)
        return now_ms + age_ms;
    int64_t old_ms = sweep->next_ms + age_ms;
    return old_ms > now_ms ? old_ms + 1 : now_ms + BLOCKED_MS;
}

static enum err walk(struct dispatcher *d, struct store_txn *txn, enum retention_kind kind,
    uint64_t below, int64_t now_ms)
{
    int64_t age_ms = retention_age_ms(&d->home.config, kind);
    struct retention_sweep sweep = {
        .kind = kind, .before_ms = now_ms - age_ms, .below = below, .most = EVENTS_A_TURN};
    if (!age_ms)
        return ERR_OK;
    enum err err = retention_walk(txn, &sweep);
    if (err)
        return err;
    d->plan.retain_ms = earlier(d->plan.retain_ms, next_look(&sweep, age_ms, now_ms));
    d->plan.more |= sweep.more && d->once;
    return ERR_OK;
}

static enum err look_again(
    struct dispatcher *d, struct store_txn *txn, enum retention_kind kind, int64_t now_ms)
{
    uint64_t *seq = &d->plan.passed_by[kind];
    enum err err = retention_look_again(txn, kind, EVENTS_A_TURN, seq);
    if (err)
        return err == ERR_NOTFOUND ? ERR_OK : err;
    d->plan.again_ms = earlier(d->plan.again_ms, now_ms + (*seq ? PAUSE_MS : AGAIN_MS));
    return ERR_OK;
}

static enum err look_again_at_all(struct dispatcher *d, struct store_txn *txn, int64_t now_ms)
{
    d->plan.again_ms = now_ms + AGAIN_MS;
    enum err err = look_again(d, txn, RETENTION_PAYLOADS, now_ms);
    return err ? err : look_again(d, txn, RETENTION_LOGS, now_ms);
}

enum err retain_some(struct dispatcher *d, struct store_txn *txn)
{
    int64_t now_ms = clock_wall_ms();
    uint64_t below;
    if (d->plan.retain_ms > now_ms && !d->now.set_back)
        return ERR_OK;
    if (d->now.set_back)
        d->plan.again_ms = now_ms;
    d->plan.retain_ms = INT64_MAX;
    enum err err = find_below(d, txn, &below);
    for (enum retention_kind kind = 0; !err && kind < RETENTION_KIND__MAX; kind++)
        err = walk(d, txn, kind, below, now_ms);
    if (!err && d->plan.retain_ms != INT64_MAX && d->plan.again_ms <= now_ms)
        err = look_again_at_all(d, txn, now_ms);
    if (d->plan.retain_ms != INT64_MAX)
        d->plan.retain_ms = earlier(d->plan.retain_ms, d->plan.again_ms);
    return err;
}
