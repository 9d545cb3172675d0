#ifndef STORE_TRIGGERS_H
#define STORE_TRIGGERS_H
/*
 * triggers - the triggers of all pipelines, live and ended (model/trigger.h).
 *
 * An ended generation stays until the dispatcher has routed all of its events, and is then kept
 * among the past ones, the newest few of each pipeline until that is deleted. Each start,
 * replacement and stop is noted for the dispatcher (routing.h).
 */
#include "model/trigger.h"
#include "store/store.h"

/*
 * Starts the trigger of a pipeline, or replaces the pipeline's trigger: the version is
 * pinned (0: the latest), and the new generation begins at the end of the log.
 * ERR_NOTFOUND: no such pipeline or version. ERR_INVALID: that version has no
 * event option.
 */
enum err triggers_start(
    struct store_txn *txn, struct span pipeline_id, uint32_t version, int64_t now_ms) MUST_CHECK;

/* Ends the live trigger of a pipeline. ERR_NOTFOUND when none is started. */
enum err triggers_stop(struct store_txn *txn, struct span pipeline_id) MUST_CHECK;

/* The live trigger of a pipeline. Text borrows from the transaction. */
enum err triggers_get(
    struct store_txn *txn, struct span pipeline_id, struct trigger *ret_trigger) MUST_CHECK;

/*
 * Visits those of pipelines behind the id `after` (may be empty), live and ended, by pipeline id
 * and generation, until visit says false.
 */
enum err triggers_each(struct store_txn *txn, struct span after,
    bool (*visit)(const struct trigger *trigger, void *context), void *context) MUST_CHECK;

#define TRIGGERS_PAST_MAX 20 /* past generations of a pipeline that are kept */

/* Visits the past ones likewise. */
enum err triggers_each_past(struct store_txn *txn,
    bool (*visit)(const struct trigger *trigger, void *context), void *context) MUST_CHECK;

/* Forgets the past ones of a pipeline. */
enum err triggers_forget_past(struct store_txn *txn, struct span pipeline_id) MUST_CHECK;

/*
 * For the dispatcher. triggers_drop makes an ended generation a past one and, where no other
 * generation goes on with the queue, forgets the note of its schedule; the other notes how far
 * the generation's backfill has come.
 */
enum err triggers_drop(struct store_txn *txn, const struct trigger *trigger) MUST_CHECK;
enum err triggers_set_backfill(
    struct store_txn *txn, const struct trigger *trigger, uint64_t seq) MUST_CHECK;

#endif
