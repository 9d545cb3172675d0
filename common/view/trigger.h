#ifndef VIEW_TRIGGER_H
#define VIEW_TRIGGER_H
/*
 * trigger - the state of a trigger as clients see it
 * (schema/trigger-status.schema.json).
 */
#include "base/json.h"
#include "home/home.h"
#include "model/limits.h"
#include "store/triggers.h"
#include "view/page.h"

/*
 * Writes {"ready", "pipeline_id", "service", "topic", "pipeline_version",
 * "generation", "instances", "pending", "running", "started"} for a started trigger, and
 * "schedule" and "next_ticks" for one with a schedule (view/schedule.h). The trigger is ready when
 * the dispatcher lives and has taken up this generation.
 */
enum err trigger_print(struct store_txn *txn, const struct home *home,
    const struct trigger *trigger, struct json_out *out) MUST_CHECK;

/* Writes that of a pipeline's trigger, or {"ready": false}. ERR_NOTFOUND: no such pipeline. */
enum err trigger_print_of(struct store_txn *txn, const struct home *home, struct span pipeline_id,
    struct json_out *out) MUST_CHECK;

/*
 * Writes a page of started triggers, one object after the other, behind the pipeline id `after`
 * (may be empty). ret_next is the `after` of the next page, or empty when none follows.
 */
enum err trigger_print_page(struct store_txn *txn, const struct home *home, struct span after,
    struct page *page, struct json_out *out, char ret_next[PIPELINE_ID_MAX + 1]) MUST_CHECK;

#endif
