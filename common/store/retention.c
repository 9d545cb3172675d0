/* retention - see retention.h. */
#include "store/retention.h"

#include <string.h>

#include "base/clock.h"
#include "store/events.h"
#include "store/executions.h"
#include "store/key.h"
#include "store/walk.h"

#define DAY_MS ((int64_t)24 * 60 * 60 * 1000)

/* The counters in the table meta: the last event that a walk has looked at. */
static const char *const counters[] = {"kept_payloads", "kept_logs", "kept_rows"};

const char *retention_name(enum retention_kind kind)
{
    static const char *const names[] = {"payloads", "logs", "rows"};
    return names[kind];
}

int64_t retention_age_ms(const struct config *config, enum retention_kind kind)
{
    const int64_t days[] = {
        config->retention_payload_days, config->retention_log_days, config->retention_row_days};
    return days[kind] * DAY_MS;
}

/* The executions of an event. */
struct of_event {
    struct store_txn *txn;
    uint64_t seq;
    struct buf ids;
    bool waits; /* one of them has not ended, and the others were not looked for */
    enum err err;
};

static bool note(const struct uuid *id, void *context)
{
    struct of_event *of = context;
    struct execution execution;
    of->err = executions_get(of->txn, id, &execution, NULL);
    if (of->err || execution.event_seq != of->seq)
        return !of->err;
    of->waits = !status_is_final(execution.status);
    buf_add_span(&of->ids, uuid_span(id));
    return !of->waits;
}

static enum err find_executions(
    struct store_txn *txn, const struct event *event, struct of_event *ret_of)
{
    struct uuid cid = event->cid;
    *ret_of = (struct of_event){.txn = txn, .seq = event->seq};
    enum err err = executions_of_cid(txn, &cid, &UUID_NONE, note, ret_of);
    return err ? err : ret_of->err;
}

/* What would go. `event` borrows from the transaction. */
static enum err measure(struct store_txn *txn, enum retention_kind kind, const struct event *event,
    const struct of_event *of, uint64_t *ret_bytes)
{
    struct span row;
    *ret_bytes = 0;
    if (kind == RETENTION_PAYLOADS)
        *ret_bytes = event->data.len + event->headers.len + event->query.len;
    if (kind == RETENTION_ROWS && !events_record(txn, event->seq, &row))
        *ret_bytes = row.len;
    for (size_t at = 0; kind != RETENTION_PAYLOADS && at < of->ids.len; at += sizeof(struct uuid)) {
        struct key prefix = key_of_uuid(&UUID_NONE), key;
        struct span record;
        memcpy(prefix.bytes, of->ids.data + at, sizeof(struct uuid));
        key = prefix;
        if (!store_get(txn, TABLE_DATA, key_span(&prefix), &record))
            *ret_bytes += record.len;
        while (!walk_next(txn, TABLE_LOGS, key_span(&prefix), &key, &record))
            *ret_bytes += record.len;
    }
    return ERR_OK;
}

static enum err take_executions(struct store_txn *txn, const struct of_event *of,
    enum err (*take)(struct store_txn *txn, const struct uuid *id, uint64_t *bytes),
    uint64_t *bytes)
{
    enum err err = ERR_OK;
    for (size_t at = 0; !err && at < of->ids.len; at += sizeof(struct uuid)) {
        struct uuid id;
        memcpy(&id, of->ids.data + at, sizeof id);
        err = take(txn, &id, bytes);
    }
    return err;
}

static struct key left_key(enum retention_kind kind, uint64_t seq)
{
    struct key key = KEY_INIT;
    key_u8(&key, (uint8_t)kind);
    key_u64(&key, seq);
    return key;
}

static enum err forget_left(struct store_txn *txn, enum retention_kind kind, uint64_t seq)
{
    struct key key = left_key(kind, seq);
    enum err err = store_del(txn, TABLE_RETENTION_LEFT, key_span(&key));
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

static enum err leave(struct store_txn *txn, enum retention_kind kind, uint64_t seq)
{
    struct key key = left_key(kind, seq);
    return store_put(txn, TABLE_RETENTION_LEFT, key_span(&key), SPAN_NONE);
}

static enum err take(struct store_txn *txn, enum retention_kind kind, uint64_t seq,
    const struct of_event *of, uint64_t *bytes)
{
    enum err err = ERR_OK;
    if (kind == RETENTION_PAYLOADS)
        return events_strip(txn, seq, false, bytes);
    if (kind == RETENTION_LOGS)
        return take_executions(txn, of, executions_strip, bytes);
    err = take_executions(txn, of, executions_delete, bytes);
    if (!err)
        err = events_delete(txn, seq, bytes);
    if (!err)
        err = forget_left(txn, RETENTION_PAYLOADS, seq);
    return err ? err : forget_left(txn, RETENTION_LOGS, seq);
}

/* Takes what has come to its age from one event. ERR_BUSY: it waits for something. */
static enum err take_from(
    struct store_txn *txn, struct retention_sweep *sweep, const struct event *event)
{
    struct of_event of;
    uint64_t seq = event->seq, bytes = 0;
    enum err err = find_executions(txn, event, &of);
    if (!err && of.waits)
        err = ERR_BUSY;
    if (!err && sweep->dry)
        err = measure(txn, sweep->kind, event, &of, &bytes);
    else if (!err)
        err = take(txn, sweep->kind, seq, &of, &bytes);
    sweep->count += !err && bytes;
    sweep->bytes += bytes;
    buf_done(&of.ids);
    return err;
}

/*
 * Was the event accepted before the time that the walk goes by? One that a clock which was ahead
 * has stamped is as old as any that came after it, of which some are looked at, further and further
 * away.
 */
static bool is_old(
    struct store_txn *txn, const struct retention_sweep *sweep, const struct event *event)
{
    struct event later = *event;
    bool ahead = event->accepted_ms > clock_wall_ms();
    for (uint64_t away = 1; ahead && later.accepted_ms >= sweep->before_ms; away *= 2)
        if (events_get(txn, event->seq + away, &later))
            return false;
    return later.accepted_ms < sweep->before_ms;
}

/* Looks at the event behind the last one. ERR_NOTFOUND: the walk ends here. */
static enum err look(struct store_txn *txn, struct retention_sweep *sweep)
{
    struct event event;
    enum err err = events_get(txn, sweep->seq + 1, &event);
    if (err)
        return err;
    sweep->next_ms = event.accepted_ms;
    if ((sweep->below && event.seq >= sweep->below) || !is_old(txn, sweep, &event))
        return ERR_NOTFOUND;
    err = take_from(txn, sweep, &event);
    if (err == ERR_BUSY && sweep->kind == RETENTION_ROWS)
        return ERR_NOTFOUND;
    if (err == ERR_BUSY)
        err = sweep->dry ? ERR_OK : leave(txn, sweep->kind, sweep->seq + 1);
    sweep->seq += !err;
    return err;
}

/* Where the walk goes on: behind what it has seen, and what is there no longer. */
static enum err find_place(struct store_txn *txn, struct retention_sweep *sweep)
{
    uint64_t first, last;
    enum err err = events_first(txn, &first);
    if (!err)
        err = events_last(txn, &last);
    if (!err && !sweep->dry)
        err = store_counter(txn, counters[sweep->kind], &sweep->seq);
    if (!err && sweep->dry && !sweep->seq)
        err = store_counter(txn, counters[sweep->kind], &sweep->seq);
    if (err)
        return err;
    if (first && sweep->seq + 1 < first)
        sweep->seq = first - 1;
    /* The newest stays: by its number the next one gets its own. */
    if (sweep->kind == RETENTION_ROWS && (!sweep->below || sweep->below > last))
        sweep->below = last;
    return ERR_OK;
}

enum err retention_walk(struct store_txn *txn, struct retention_sweep *sweep)
{
    enum err err = find_place(txn, sweep);
    uint64_t from = sweep->seq;
    sweep->next_ms = INT64_MAX;
    sweep->more = false;
    for (size_t i = 0; !err && i < sweep->most; i++)
        err = look(txn, sweep);
    sweep->more = !err;
    if (err == ERR_NOTFOUND)
        err = ERR_OK;
    if (!err && !sweep->dry && sweep->seq != from)
        err = store_set_counter(txn, counters[sweep->kind], sweep->seq);
    return err;
}

/* Takes from one that was passed by, unless it still waits. */
static enum err look_again(struct store_txn *txn, enum retention_kind kind, uint64_t seq)
{
    struct retention_sweep sweep = {.kind = kind};
    struct event event;
    enum err err = events_get(txn, seq, &event);
    if (!err)
        err = take_from(txn, &sweep, &event);
    if (err == ERR_BUSY)
        return ERR_OK;
    return err && err != ERR_NOTFOUND ? err : forget_left(txn, kind, seq);
}

enum err retention_look_again(
    struct store_txn *txn, enum retention_kind kind, size_t most, uint64_t *seq)
{
    uint8_t prefix = (uint8_t)kind;
    struct key key = left_key(kind, *seq);
    struct span nothing;
    enum err err = ERR_OK;
    bool any = *seq != 0;
    for (size_t i = 0; !err && i < most; i++) {
        err = walk_next(txn, TABLE_RETENTION_LEFT, span_of(&prefix, 1), &key, &nothing);
        if (err)
            break;
        any = true;
        *seq = key_tail_u64(key_span(&key));
        err = look_again(txn, kind, *seq);
    }
    if (err == ERR_NOTFOUND)
        *seq = 0;
    return err == ERR_NOTFOUND && any ? ERR_OK : err;
}

enum err retention_started(struct store_txn *txn, uint64_t event_seq)
{
    uint64_t seen;
    enum err err = store_counter(txn, counters[RETENTION_LOGS], &seen);
    return err || event_seq > seen ? err : leave(txn, RETENTION_LOGS, event_seq);
}

enum err retention_is_past(struct store_txn *txn, const struct uuid *id, bool *ret_past)
{
    struct event event;
    uint64_t first;
    *ret_past = false;
    enum err err = events_first(txn, &first);
    if (err || first <= 1)
        return err;
    err = events_get(txn, first, &event);
    *ret_past = !err && uuid_ms(id) < event.accepted_ms;
    return err;
}

enum err retention_missing(struct store_txn *txn, const struct uuid *id)
{
    bool past;
    enum err err = retention_is_past(txn, id, &past);
    return err ? err : past ? ERR_GONE : ERR_NOTFOUND;
}
