#ifndef STORE_RUN_QUEUES_H
#define STORE_RUN_QUEUES_H
/*
 * run_queues - the queue of a pipeline's runs by hand.
 *
 * Such a queue is made with the first run, has nothing to do with a trigger, and goes with
 * the pipeline. Each change is noted for the dispatcher (routing.h).
 */
#include "store/store.h"

/* ERR_NOTFOUND: the pipeline was never run by hand. */
enum err run_queues_get(
    struct store_txn *txn, struct span pipeline_id, uint64_t *ret_queue) MUST_CHECK;
/* The queue of the pipeline, made where the pipeline has none. */
enum err run_queues_make(
    struct store_txn *txn, struct span pipeline_id, uint64_t *ret_queue) MUST_CHECK;

/* Notes that the pipeline has a new version, by whose options runs by hand go. */
enum err run_queues_note_version(struct store_txn *txn, struct span pipeline_id) MUST_CHECK;

/* For a pipeline that is deleted: what waits in the queue then has no owner, and is skipped. */
enum err run_queues_drop(struct store_txn *txn, struct span pipeline_id) MUST_CHECK;

/* Visits every pipeline that was run by hand, with its queue, until visit says false. */
enum err run_queues_each(struct store_txn *txn,
    bool (*visit)(struct span pipeline_id, uint64_t queue, void *context),
    void *context) MUST_CHECK;

#endif
