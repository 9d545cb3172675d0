/* triggers - see triggers.h. */
#include "store/triggers.h"

#include "base/pack.h"
#include "model/limits.h"
#include "store/events.h"
#include "store/key.h"
#include "store/pipelines.h"

/* Versions of the stored forms; schema/store.md says how to change them. */
#define SERVICE_RECORD 1
#define TICK_RECORD 1
#define CHANGES "trigger_changes"

static struct key trigger_key(struct span pipeline_id, uint64_t generation)
{
    struct key key = KEY_INIT;
    key_text(&key, pipeline_id);
    key_u64(&key, generation);
    return key;
}

enum err triggers_note_change(struct store_txn *txn)
{
    uint64_t changes;
    return store_next(txn, CHANGES, &changes);
}

static enum err put(struct store_txn *txn, const struct trigger *trigger)
{
    struct key key = trigger_key(trigger->pipeline_id, trigger->generation);
    struct buf record = BUF_INIT;
    trigger_encode(trigger, &record);
    enum err err = store_put(txn, TABLE_TRIGGERS, key_span(&key), buf_span(&record));
    buf_done(&record);
    return err ? err : triggers_note_change(txn);
}

enum err triggers_get(struct store_txn *txn, struct span pipeline_id, struct trigger *ret_trigger)
{
    if (pipeline_id.len > PIPELINE_ID_MAX)
        return ERR_NOTFOUND; /* a key has no room for it */
    struct key end = trigger_key(pipeline_id, UINT64_MAX);
    struct store_cursor cursor;
    struct span key, value;
    enum err err = store_cursor_open(txn, TABLE_TRIGGERS, &cursor);
    if (err)
        return err;
    /* The live generation, where there is one, is the newest. */
    err = store_cursor_before(&cursor, key_span(&end), &key, &value);
    store_cursor_close(&cursor);
    if (!err)
        err = trigger_decode(value, ret_trigger);
    if (!err && (!span_eq(ret_trigger->pipeline_id, pipeline_id) || ret_trigger->until_seq))
        err = ERR_NOTFOUND;
    return err;
}

/* Ends a generation before the next event to come. */
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

/* What the pipeline's definition says of a new trigger; its text lives as long as the pipeline. */
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
        return ERR_CORRUPT; /* it was checked when it was stored */
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
        /* Older events still to come are handed on, unless they are of another topic. */
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
    return end(txn, &live, last + 1);
}

enum err triggers_each(struct store_txn *txn,
    bool (*visit)(const struct trigger *trigger, void *context), void *context)
{
    struct store_cursor cursor;
    struct span key, value;
    enum err err = store_cursor_open(txn, TABLE_TRIGGERS, &cursor);
    if (err)
        return err;
    while (!(err = store_cursor_next(&cursor, &key, &value))) {
        struct trigger trigger;
        err = trigger_decode(value, &trigger);
        if (err || !visit(&trigger, context))
            break;
    }
    store_cursor_close(&cursor);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

enum err triggers_changes(struct store_txn *txn, uint64_t *ret_changes)
{
    return store_counter(txn, CHANGES, ret_changes);
}

enum err triggers_drop(struct store_txn *txn, const struct trigger *trigger)
{
    struct key key = trigger_key(trigger->pipeline_id, trigger->generation);
    struct trigger live;
    enum err err = triggers_get(txn, trigger->pipeline_id, &live);
    bool goes_on = !err && live.queue == trigger->queue;
    if (!err || err == ERR_NOTFOUND)
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

enum err services_put(struct store_txn *txn, uint64_t queue, const struct service_report *service)
{
    struct key key = key_of_seq(queue);
    struct buf record = BUF_INIT;
    pack_u8(&record, SERVICE_RECORD);
    pack_u64(&record, service->generation);
    pack_u32(&record, service->instances);
    pack_u32(&record, service->running);
    pack_u64(&record, service->pending);
    enum err err = store_put(txn, TABLE_SERVICES, key_span(&key), buf_span(&record));
    buf_done(&record);
    return err;
}

enum err services_del(struct store_txn *txn, uint64_t queue)
{
    struct key key = key_of_seq(queue);
    enum err err = store_del(txn, TABLE_SERVICES, key_span(&key));
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

enum err services_clear(struct store_txn *txn)
{
    struct store_cursor cursor;
    struct span key, value;
    enum err err = ERR_OK;
    while (!err) {
        err = store_cursor_open(txn, TABLE_SERVICES, &cursor);
        if (err)
            return err;
        err = store_cursor_next(&cursor, &key, &value);
        store_cursor_close(&cursor);
        if (!err)
            err = services_del(txn, key_tail_u64(key));
    }
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

enum err services_get(struct store_txn *txn, uint64_t queue, struct service_report *ret_service)
{
    struct key key = key_of_seq(queue);
    struct span record;
    enum err err = store_get(txn, TABLE_SERVICES, key_span(&key), &record);
    *ret_service = (struct service_report){0};
    if (err)
        return err == ERR_NOTFOUND ? ERR_OK : err;
    struct unpack u = unpack_from(record);
    if (unpack_u8(&u) != SERVICE_RECORD)
        return ERR_CORRUPT;
    ret_service->generation = unpack_u64(&u);
    ret_service->instances = unpack_u32(&u);
    ret_service->running = unpack_u32(&u);
    ret_service->pending = unpack_u64(&u);
    return unpack_done(&u) ? ERR_OK : ERR_CORRUPT;
}

enum err ticks_put(struct store_txn *txn, uint64_t queue, const struct tick *tick)
{
    struct key key = key_of_seq(queue);
    struct buf record = BUF_INIT;
    pack_u8(&record, TICK_RECORD);
    pack_i64(&record, tick->seen_ms);
    pack_i64(&record, tick->due_ms);
    enum err err = store_put(txn, TABLE_TICKS, key_span(&key), buf_span(&record));
    buf_done(&record);
    return err;
}

enum err ticks_del(struct store_txn *txn, uint64_t queue)
{
    struct key key = key_of_seq(queue);
    enum err err = store_del(txn, TABLE_TICKS, key_span(&key));
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

enum err ticks_get(struct store_txn *txn, uint64_t queue, struct tick *ret_tick)
{
    struct key key = key_of_seq(queue);
    struct span record;
    enum err err = store_get(txn, TABLE_TICKS, key_span(&key), &record);
    if (err)
        return err;
    struct unpack u = unpack_from(record);
    if (unpack_u8(&u) != TICK_RECORD)
        return ERR_CORRUPT;
    ret_tick->seen_ms = unpack_i64(&u);
    ret_tick->due_ms = unpack_i64(&u);
    return unpack_done(&u) ? ERR_OK : ERR_CORRUPT;
}
