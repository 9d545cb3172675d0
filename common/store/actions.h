#ifndef STORE_ACTIONS_H
#define STORE_ACTIONS_H
/*
 * actions - what people do to executions: run a pipeline by hand, try a failed
 * execution again, skip one that waits, cancel one that runs; and delete a
 * pipeline.
 *
 * All take effect in the transaction they are called in, whether a dispatcher runs or
 * not, except that a running execution is only marked: the dispatcher ends it. By how
 * much a queue has changed is noted for the dispatcher (queue.h).
 */
#include "base/id.h"
#include "store/store.h"

/* A run by hand. */
struct action_run {
    struct span pipeline_id;
    uint32_t version; /* pinned; 0: the latest */
    struct span payload;
    struct uuid execution, cid; /* as actions_run has made them */
};

/*
 * Accepts an event made for this pipeline alone and creates its execution.
 * ERR_NOTFOUND: no such pipeline or version.
 */
enum err actions_run(struct store_txn *txn, struct action_run *run, int64_t now_ms) MUST_CHECK;

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

/*
 * Deletes a pipeline; what is pending of it is skipped by the dispatcher. ERR_NOTFOUND;
 * ERR_CONFLICT while its trigger is started or an execution of it runs, *ret_why is then
 * a static sentence that says what to do.
 */
enum err actions_delete_pipeline(
    struct store_txn *txn, struct span pipeline_id, const char **ret_why) MUST_CHECK;

/* For the dispatcher. */
/* An execution that is to be cancelled; ERR_NOTFOUND when there is none. */
enum err actions_next_cancel(
    struct store_txn *txn, const struct uuid *after, struct uuid *ret_execution) MUST_CHECK;
enum err actions_is_cancelled(
    struct store_txn *txn, const struct uuid *execution, bool *ret_cancelled) MUST_CHECK;
enum err actions_del_cancel(struct store_txn *txn, const struct uuid *execution) MUST_CHECK;

#endif
