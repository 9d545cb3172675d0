#ifndef STORE_QUEUE_H
#define STORE_QUEUE_H
/*
 * queue - what waits for an event service: executions that are ready, in log order, and
 * executions that wait for their next attempt, by the time that is due; and when those are over
 * that have tried and whose time is limited.
 *
 * The dispatcher knows how many executions wait and does not count them again: whoever
 * else changes a queue notes by how much.
 */
#include "base/id.h"
#include "store/store.h"

/* Puts an execution into the queue of its trigger. */
enum err queue_put(
    struct store_txn *txn, uint64_t queue, uint64_t seq, const struct uuid *execution) MUST_CHECK;
enum err queue_del(
    struct store_txn *txn, uint64_t queue, uint64_t seq, const struct uuid *execution) MUST_CHECK;

/* A queue's first execution, and its event's place in the log. ERR_NOTFOUND: it is empty. */
enum err queue_first(struct store_txn *txn, uint64_t queue, uint64_t *ret_seq,
    struct uuid *ret_execution) MUST_CHECK;

/*
 * Visits the first execution of each queue that is not empty, until visit says false. The number
 * of queues is that of triggers, and not of what waits.
 */
enum err queue_each_first(struct store_txn *txn,
    bool (*visit)(uint64_t queue, const struct uuid *execution, void *context),
    void *context) MUST_CHECK;

/*
 * Calls fn for every queue that is not empty, with the number of executions in the queue.
 * Walks the whole table: only for the start of the dispatcher.
 */
enum err queue_count_all(struct store_txn *txn,
    void (*fn)(uint64_t queue, uint64_t count, void *context), void *context) MUST_CHECK;

/* By how much others than the dispatcher have changed a queue. */
struct queue_change {
    int64_t ready;   /* executions in the queue */
    int64_t waiting; /* executions of the queue whose next attempt is not due yet */
};

/* Adds a change to what is noted of the queue. */
enum err queue_note_change(
    struct store_txn *txn, uint64_t queue, const struct queue_change *change) MUST_CHECK;
/* For the dispatcher: calls fn with what is noted of each queue, and forgets it. */
enum err queue_take_changes(struct store_txn *txn,
    void (*fn)(uint64_t queue, const struct queue_change *change, void *context),
    void *context) MUST_CHECK;

/* Executions whose next attempt is not due yet. */
enum err due_put(
    struct store_txn *txn, int64_t due_ms, uint64_t queue, const struct uuid *execution) MUST_CHECK;
enum err due_del(struct store_txn *txn, int64_t due_ms, const struct uuid *execution) MUST_CHECK;
/* The execution that is due first. ERR_NOTFOUND when none waits. */
enum err due_first(
    struct store_txn *txn, int64_t *ret_due_ms, struct uuid *ret_execution) MUST_CHECK;
/* Calls fn for every execution that waits, with its queue, in the order in which they are due. */
enum err due_each(struct store_txn *txn,
    void (*fn)(int64_t due_ms, uint64_t queue, const struct uuid *execution, void *context),
    void *context) MUST_CHECK;

/*
 * Executions by the time at which they are over: those that may wait for an attempt then. An
 * entry says nothing of its execution's state, and putting it twice changes nothing.
 */
enum err over_put(struct store_txn *txn, int64_t over_ms, const struct uuid *execution) MUST_CHECK;
enum err over_del(struct store_txn *txn, int64_t over_ms, const struct uuid *execution) MUST_CHECK;
/* The execution that is over first. ERR_NOTFOUND when there is none. */
enum err over_first(
    struct store_txn *txn, int64_t *ret_over_ms, struct uuid *ret_execution) MUST_CHECK;

#endif
