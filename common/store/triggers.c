/* triggers - see triggers.h. */
#include "store/triggers.h"

#include "model/limits.h"
#include "store/audit.h"
#include "store/events.h"
#include "store/key.h"
#include "store/pipelines.h"
#include "store/routing.h"
#include "store/ticks.h"
#include "store/walk.h"

static struct key trigger_key(struct span pipeline_id, uint64_t generation)
{
    struct key key = KEY_INIT;
    key_text(&key, pipeline_id);
    key_u64(&key, generation);
    return key;
}

static enum err put(struct store_txn *txn, const struct trigger *trigger)
{
    struct key key = trigger_key(trigger->pipeline_id, trigger->generation);
    struct buf record = BUF_INIT;
    trigger_encode(trigger, &record);
    enum err err = store_put(txn, TABLE_TRIGGERS, key_span(&key), buf_span(&record));
    buf_done(&record);
    return err ? err : routing_note_change(txn);
}

enum err triggers_get(struct store_txn *txn, struct span pipeline_id, struct trigger *ret_trigger)
{
    if (pipeline_id.len > PIPELINE_ID_MAX)
        return ERR_NOTFOUND; /* no pipeline has so long an id, and a key has no room for it */
    struct key end = trigger_key(pipeline_id, UINT64_MAX);
    struct store_cursor cursor;
    struct span key, value;
    enum err err = store_cursor_open(txn, TABLE_TRIGGERS, &cursor);
    if (err)
        return err;
    /* Where a generation is live, it is the newest. */
    err = store_cursor_before(&cursor, key_span(&end), &key, &value);
    store_cursor_close(&cursor);
    if (!err)
        err = trigger_decode(value, ret_trigger);
    if (!err && (!span_eq(ret_trigger->pipeline_id, pipeline_id) || ret_trigger->until_seq))
        err = ERR_NOTFOUND;
    return err;
}

/* Ends the live generation before the next event to come. */
static enum err end(struct store_txn *txn, const struct trigger *live, uint64_t next_seq)
{
    struct buf copy = BUF_INIT;
    struct trigger ended;
    trigger_encode(live, &copy);
    enum err err = trigger_decode(buf_span(&copy), &ended);
    if (!err) {
        ended.until_seq = next_seq;
        err = put(txn, &ended);
    }
    buf_done(&copy);
    return err;
}

static enum err tell_started(struct store_txn *txn, const struct trigger *trigger)
{
    struct buf detail = BUF_INIT;
    buf_printf(&detail, "{\"version\":%u}", trigger->pipeline_version);
    enum err err =
        audit_add(txn, AUDIT_TRIGGER_START, "pipeline", trigger->pipeline_id, buf_span(&detail));
    buf_done(&detail);
    return err;
}

/* Fills in what the definition says of a new trigger. Its text borrows from *ret_pipeline. */
static enum err describe(struct store_txn *txn, struct span pipeline_id, uint32_t version,
    struct trigger *trigger, struct pipeline **ret_pipeline)
{
    struct span definition;
    struct buf why = BUF_INIT;
    int64_t created_ms;
    enum err err = pipelines_version(
        txn, pipeline_id, version, &trigger->pipeline_version, &created_ms, &definition);
    if (err)
        return err;
    err = pipeline_parse(definition, ret_pipeline, &why);
    buf_done(&why);
    if (err)
        return ERR_CORRUPT; /* the definition was checked when it was stored */
    if (!(*ret_pipeline)->event && !(*ret_pipeline)->scheduled) {
        pipeline_free(*ret_pipeline);
        return ERR_INVALID;
    }
    trigger->pipeline_id = pipeline_id;
    trigger->pipeline_name = span_str((*ret_pipeline)->name);
    trigger->topic = span_str((*ret_pipeline)->event ? (*ret_pipeline)->event : "");
    return ERR_OK;
}

enum err triggers_start(
    struct store_txn *txn, struct span pipeline_id, uint32_t version, int64_t now_ms)
{
    struct trigger trigger = {.started_ms = now_ms}, live;
    struct pipeline *pipeline;
    uint64_t last, first;
    enum err err = describe(txn, pipeline_id, version, &trigger, &pipeline);
    if (err)
        return err;
    err = events_last(txn, &last);
    if (!err)
        err = events_first(txn, &first);
    trigger.from_seq = trigger.backfill_seq = trigger.backfill_end = last + 1;
    if (err)
        goto out;
    err = triggers_get(txn, pipeline_id, &live);
    if (err == ERR_OK) {
        trigger.queue = live.queue;
        /* Older events that are still to come are handed on where the topic is the same. */
        if (span_eq(live.topic, trigger.topic)) {
            trigger.backfill_seq = live.backfill_seq;
            trigger.backfill_end = live.backfill_end;
            live.backfill_seq = live.backfill_end;
        }
        err = end(txn, &live, last + 1);
    } else if (err == ERR_NOTFOUND) {
        if (pipeline->from_earliest && first)
            trigger.backfill_seq = first;
        err = store_next(txn, "queue", &trigger.queue);
    }
    if (!err)
        err = store_next(txn, "generation", &trigger.generation);
    if (!err)
        err = put(txn, &trigger);
    if (!err)
        err = tell_started(txn, &trigger);
out:
    pipeline_free(pipeline);
    return err;
}

enum err triggers_stop(struct store_txn *txn, struct span pipeline_id)
{
    struct trigger live;
    uint64_t last;
    enum err err = triggers_get(txn, pipeline_id, &live);
    if (!err)
        err = events_last(txn, &last);
    if (err)
        return err;
    live.backfill_seq = live.backfill_end;
    err = end(txn, &live, last + 1);
    return err ? err : audit_add(txn, AUDIT_TRIGGER_STOP, "pipeline", pipeline_id, SPAN_NONE);
}

/* Visits the triggers of a table from a key on. */
static enum err each(struct store_txn *txn, enum store_table table, const struct key *from,
    bool (*visit)(const struct trigger *trigger, void *context), void *context)
{
    struct store_cursor cursor;
    struct span key, value;
    enum err err = store_cursor_open(txn, table, &cursor);
    if (err)
        return err;
    err = store_cursor_seek(&cursor, key_span(from), &key, &value);
    while (!err) {
        struct trigger trigger;
        err = trigger_decode(value, &trigger);
        if (err || !visit(&trigger, context))
            break;
        err = store_cursor_next(&cursor, &key, &value);
    }
    store_cursor_close(&cursor);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

enum err triggers_each(struct store_txn *txn, struct span after,
    bool (*visit)(const struct trigger *trigger, void *context), void *context)
{
    struct key from = trigger_key(after, UINT64_MAX); /* no generation has this number */
    return each(txn, TABLE_TRIGGERS, &from, visit, context);
}

enum err triggers_each_past(struct store_txn *txn,
    bool (*visit)(const struct trigger *trigger, void *context), void *context)
{
    struct key from = trigger_key(SPAN_NONE, UINT64_MAX);
    return each(txn, TABLE_PAST_TRIGGERS, &from, visit, context);
}

/* Takes the oldest past ones of a pipeline, whose keys begin with the prefix, away, but so many. */
static enum err keep_newest(struct store_txn *txn, const struct key *prefix, size_t most)
{
    struct key key = *prefix;
    struct span ignored;
    size_t count = 0;
    enum err err;
    while (!(err = walk_next(txn, TABLE_PAST_TRIGGERS, key_span(prefix), &key, &ignored)))
        count++;
    if (err != ERR_NOTFOUND)
        return err;
    key = *prefix;
    for (err = ERR_OK; !err && count > most; count--) {
        err = walk_next(txn, TABLE_PAST_TRIGGERS, key_span(prefix), &key, &ignored);
        if (!err)
            err = store_del(txn, TABLE_PAST_TRIGGERS, key_span(&key));
    }
    return err;
}

static struct key past_prefix(struct span pipeline_id)
{
    struct key prefix = KEY_INIT;
    key_text(&prefix, pipeline_id);
    return prefix;
}

enum err triggers_forget_past(struct store_txn *txn, struct span pipeline_id)
{
    struct key prefix = past_prefix(pipeline_id);
    return keep_newest(txn, &prefix, 0);
}

/* Puts an ended generation among the past ones, unless its pipeline has gone. */
static enum err keep_past(struct store_txn *txn, const struct trigger *trigger)
{
    struct key key = trigger_key(trigger->pipeline_id, trigger->generation);
    struct key prefix = past_prefix(trigger->pipeline_id);
    struct pipeline_info info;
    struct span record;
    struct buf copy = BUF_INIT;
    enum err err = pipelines_get(txn, trigger->pipeline_id, &info);
    if (err)
        return err == ERR_NOTFOUND ? ERR_OK : err;
    err = store_get(txn, TABLE_TRIGGERS, key_span(&key), &record);
    if (err)
        return err;
    buf_add_span(&copy, record); /* the store's text dies with the first change */
    err = store_put(txn, TABLE_PAST_TRIGGERS, key_span(&key), buf_span(&copy));
    buf_done(&copy);
    return err ? err : keep_newest(txn, &prefix, TRIGGERS_PAST_MAX);
}

enum err triggers_drop(struct store_txn *txn, const struct trigger *trigger)
{
    struct key key = trigger_key(trigger->pipeline_id, trigger->generation);
    struct trigger live;
    enum err err = triggers_get(txn, trigger->pipeline_id, &live);
    bool goes_on = !err && live.queue == trigger->queue;
    if (!err || err == ERR_NOTFOUND)
        err = keep_past(txn, trigger);
    if (!err)
        err = store_del(txn, TABLE_TRIGGERS, key_span(&key));
    return err || goes_on ? err : ticks_del(txn, trigger->queue);
}

enum err triggers_set_backfill(struct store_txn *txn, const struct trigger *trigger, uint64_t seq)
{
    struct key key = trigger_key(trigger->pipeline_id, trigger->generation);
    struct trigger changed = *trigger;
    struct buf record = BUF_INIT;
    changed.backfill_seq = seq;
    trigger_encode(&changed, &record);
    enum err err = store_put(txn, TABLE_TRIGGERS, key_span(&key), buf_span(&record));
    buf_done(&record);
    return err;
}
