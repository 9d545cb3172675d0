#ifndef MODEL_TRIGGER_H
#define MODEL_TRIGGER_H
/*
 * trigger - joins a topic to one version of a pipeline, for a stretch of the
 * event log.
 *
 * A generation covers the events from from_seq up to, but not including, until_seq;
 * the live generation has no end (0). Replacing a trigger ends one generation and begins
 * the next at the same place in the log. So events accepted before that place belong to
 * the old generation and later ones to the new, however late the dispatcher reads them.
 *
 * The queue holds the executions that wait for the trigger's event service. It outlives
 * replacements and ends when the trigger is deleted.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct trigger {
    struct span pipeline_id;
    struct span pipeline_name;
    struct span topic; /* pattern of options.event */
    uint32_t pipeline_version;
    uint64_t generation; /* unique in the home, growing */
    uint64_t queue;      /* unique in the home */
    uint64_t from_seq;
    uint64_t until_seq; /* 0: live */
    /*
     * Older events that "earliest" asks for: the first that is not yet looked at, and the first
     * that is not wanted. Equal when none are left.
     */
    uint64_t backfill_seq, backfill_end;
    int64_t started_ms;
};

/* Was the trigger live when the event at this place in the log was accepted? */
bool trigger_covers(const struct trigger *trigger, uint64_t seq);

/* Text borrows from the record. */
void trigger_encode(const struct trigger *trigger, struct buf *out);
enum err trigger_decode(struct span record, struct trigger *ret_trigger) MUST_CHECK;

#endif
