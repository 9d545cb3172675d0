#ifndef STORE_ACTIONS_H
#define STORE_ACTIONS_H
/*
 * actions - what people do to executions: run a pipeline by hand, try a failed
 * execution again, skip one that waits, cancel one that runs; and delete a
 * pipeline.
 *
 * Every action takes effect in the transaction that it is called in, whether a dispatcher
 * runs or not. Only an execution that runs is just marked, for the dispatcher to end. By
 * how much a queue has changed is noted for the dispatcher (queue.h).
 */
#include "base/id.h"
#include "model/retry_version.h"
#include "store/store.h"

/* A run by hand. */
struct action_run {
    struct span pipeline_id;
    uint32_t version; /* pinned; 0: the latest */
    struct span payload;
    struct uuid credential;     /* who asked for it; UUID_NONE: the home's own operator */
    struct uuid execution, cid; /* made by actions_run */
};

/*
 * Accepts an event made for this pipeline alone and creates its execution.
 * ERR_NOTFOUND: no such pipeline or version.
 */
enum err actions_run(struct store_txn *txn, struct action_run *run, int64_t now_ms) MUST_CHECK;

/* An execution that is tried again. */
struct action_retry {
    struct uuid execution;
    struct retry_version asked;
    /* Made by actions_retry. */
    uint32_t version; /* of its pipeline, with which it goes on */
    const char *why;  /* it does not: a static sentence part that says what would be allowed */
};

/*
 * Tries one again that has failed or was skipped, or that has failed and waits for its next
 * attempt, with all its attempts before it. The latest version is what would start it today:
 * that of the started trigger, or, for a run by hand and where none is started, the newest.
 * ERR_NOTFOUND; ERR_CONFLICT when its status, or what became of its pipeline, does not allow it;
 * ERR_INVALID: no such version; ERR_GONE: the payload of its event is kept no longer.
 */
enum err actions_retry(struct store_txn *txn, struct action_retry *retry) MUST_CHECK;

/*
 * What else people do to one execution. ERR_NOTFOUND; ERR_CONFLICT when the execution's status
 * does not allow it: *ret_why is then a static sentence that says what would be allowed.
 */
enum err actions_skip(
    struct store_txn *txn, const struct uuid *id, const char **ret_why) MUST_CHECK; /* pending */
enum err actions_cancel(struct store_txn *txn, const struct uuid *id,
    const char **ret_why) MUST_CHECK; /* pending or in progress */

/*
 * Deletes a pipeline, whose pending executions the dispatcher then skips. ERR_NOTFOUND;
 * ERR_CONFLICT while the pipeline's trigger is started or an execution runs: *ret_why is
 * then a static sentence that says what to do.
 */
enum err actions_delete_pipeline(
    struct store_txn *txn, struct span pipeline_id, const char **ret_why) MUST_CHECK;

/* For the dispatcher. */
/* An execution that somebody wants cancelled. ERR_NOTFOUND when nobody does. */
enum err actions_next_cancel(
    struct store_txn *txn, const struct uuid *after, struct uuid *ret_execution) MUST_CHECK;
enum err actions_is_cancelled(
    struct store_txn *txn, const struct uuid *execution, bool *ret_cancelled) MUST_CHECK;
enum err actions_del_cancel(struct store_txn *txn, const struct uuid *execution) MUST_CHECK;

#endif
