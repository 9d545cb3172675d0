/* trigger - see trigger.h. */
#include "model/trigger.h"

#include "base/pack.h"

#define TRIGGER_RECORD 1 /* version of the stored form; schema/store.md says how to change it */

void trigger_encode(const struct trigger *trigger, struct buf *out)
{
    pack_u8(out, TRIGGER_RECORD);
    pack_bytes(out, trigger->pipeline_id);
    pack_bytes(out, trigger->pipeline_name);
    pack_bytes(out, trigger->topic);
    pack_u32(out, trigger->pipeline_version);
    pack_u64(out, trigger->generation);
    pack_u64(out, trigger->queue);
    pack_u64(out, trigger->from_seq);
    pack_u64(out, trigger->until_seq);
    pack_u64(out, trigger->backfill_seq);
    pack_u64(out, trigger->backfill_end);
    pack_i64(out, trigger->started_ms);
}

enum err trigger_decode(struct span record, struct trigger *ret_trigger)
{
    struct unpack u = unpack_from(record);
    if (unpack_u8(&u) != TRIGGER_RECORD)
        return ERR_CORRUPT;
    struct trigger t = {0};
    t.pipeline_id = unpack_bytes(&u);
    t.pipeline_name = unpack_bytes(&u);
    t.topic = unpack_bytes(&u);
    t.pipeline_version = unpack_u32(&u);
    t.generation = unpack_u64(&u);
    t.queue = unpack_u64(&u);
    t.from_seq = unpack_u64(&u);
    t.until_seq = unpack_u64(&u);
    t.backfill_seq = unpack_u64(&u);
    t.backfill_end = unpack_u64(&u);
    t.started_ms = unpack_i64(&u);
    if (!unpack_done(&u))
        return ERR_CORRUPT;
    *ret_trigger = t;
    return ERR_OK;
}

bool trigger_covers(const struct trigger *trigger, uint64_t seq)
{
    return seq >= trigger->from_seq && (!trigger->until_seq || seq < trigger->until_seq);
}
