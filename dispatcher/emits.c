/* emits - see emits.h. */
#include "dispatcher/emits.h"

#include <stdio.h>

#include "base/clock.h"
#include "home/config.h"
#include "model/name.h"
#include "proc/frame.h"
#include "store/events.h"

/* How many events will have led to the events that the execution emits. */
static enum err find_depth(
    struct store_txn *txn, const struct execution *execution, uint16_t *ret_depth)
{
    struct event event;
    enum err err = events_get(txn, execution->event_seq, &event);
    *ret_depth = err ? 1 : (uint16_t)(event.depth + 1);
    return err == ERR_NOTFOUND ? ERR_OK : err; /* the event is no longer kept */
}

enum err emits_check(const struct config *config, struct store_txn *txn,
    const struct execution *execution, const struct frame_outcome *outcome,
    char ret_why[EMITS_WHY_MAX])
{
    uint64_t count, most = 1 + (uint64_t)config->step_cid_events; /* and the accepted event */
    uint16_t depth;
    if (!outcome->emit_count)
        return ERR_OK;
    enum err err = find_depth(txn, execution, &depth);
    if (!err)
        err = events_count_of_cid(txn, &execution->cid, most, &count);
    if (err)
        return err;
    if (depth > config->step_depth)
        snprintf(ret_why, EMITS_WHY_MAX,
            "emits follow each other more than %d deep, which looks like a loop",
            (int)config->step_depth);
    else if (count + outcome->emit_count > most)
        snprintf(ret_why, EMITS_WHY_MAX,
            "more events than the %d allowed have followed from one, which looks like a loop; the "
            "setting "
            "[step] cid_events bounds them",
            (int)config->step_cid_events);
    else
        return ERR_OK;
    return ERR_DENIED;
}

enum err emits_store(
    struct store_txn *txn, const struct execution *parent, const struct frame_outcome *outcome)
{
    struct span rest = outcome->emits;
    struct frame_emit emit;
    struct buf word = BUF_INIT;
    uint16_t depth = 0;
    name_encode(parent->pipeline_name, &word);
    enum err err = outcome->emit_count ? find_depth(txn, parent, &depth) : ERR_OK;
    for (uint32_t i = 0; !err && i < outcome->emit_count && frame_emit_next(&rest, &emit); i++) {
        struct event event = {
            .cid = parent->cid,
            .parent = parent->id,
            .accepted_ms = clock_wall_ms(),
            .depth = depth,
            .data_kind = EVENT_DATA_JSON,
            .door = DOOR_EMIT,
            .source = emit.event_source.len ? emit.event_source : buf_span(&word),
            .type = emit.event_type,
            .topic = emit.topic,
            .datacontenttype = span_str("application/json"),
            .data = emit.payload,
        };
        struct uuid id = uuid_new();
        char text[UUID_TEXT];
        uuid_format(&id, text);
        event.id = span_str(text); /* the cid is shared, the id is the event's own */
        err = events_append(txn, &event);
    }
    buf_done(&word);
    return err;
}
