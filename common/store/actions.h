#ifndef STORE_ACTIONS_H
#define STORE_ACTIONS_H
/*
 * actions - what people do to executions: run a pipeline by hand, try a failed
 * execution again, skip one that waits, cancel one that runs.
 *
 * All take effect in the transaction they are called in, whether a dispatcher
 * runs or not, except that a running execution is only marked: the dispatcher
 * ends it. Each change of a queue adds one to a counter, so that the dispatcher
 * knows when to count again.
 */
#include "base/id.h"
#include "store/store.h"

/*
 * Accepts an event made for this pipeline alone and creates its execution. The
 * version is pinned (0: the latest). ERR_NOTFOUND: no such pipeline or version.
 */
enum err actions_run(struct store_txn *txn, struct span pipeline_id, uint32_t version,
    struct span payload, int64_t now_ms, struct uuid *ret_execution,
    struct uuid *ret_cid) MUST_CHECK;

/*
 * ERR_NOTFOUND; ERR_CONFLICT when its status does not allow it, *ret_why is then
 * a static sentence that says what would.
 */
enum err actions_retry(struct store_txn *txn, const struct uuid *id,
    const char **ret_why) MUST_CHECK; /* failed or skipped */
enum err actions_skip(
    struct store_txn *txn, const struct uuid *id, const char **ret_why) MUST_CHECK; /* pending */
enum err actions_cancel(struct store_txn *txn, const struct uuid *id,
    const char **ret_why) MUST_CHECK; /* pending or in progress */

/* For the dispatcher. */
/* An execution that is to be cancelled; ERR_NOTFOUND when there is none. */
enum err actions_next_cancel(
    struct store_txn *txn, const struct uuid *after, struct uuid *ret_execution) MUST_CHECK;
enum err actions_is_cancelled(
    struct store_txn *txn, const struct uuid *execution, bool *ret_cancelled) MUST_CHECK;
enum err actions_del_cancel(struct store_txn *txn, const struct uuid *execution) MUST_CHECK;
/* The pipeline has a new version: runs by hand go by its options. */
enum err actions_note_version(struct store_txn *txn, struct span pipeline_id) MUST_CHECK;
/* With its pipeline: what waits there belongs to nobody then, and is skipped. */
enum err actions_drop_run_queue(struct store_txn *txn, struct span pipeline_id) MUST_CHECK;
/* Every pipeline that was run by hand, with the queue of those runs. */
enum err actions_each_run_queue(struct store_txn *txn,
    bool (*visit)(struct span pipeline_id, uint64_t queue, void *context),
    void *context) MUST_CHECK;

#endif
