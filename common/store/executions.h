#ifndef STORE_EXECUTIONS_H
#define STORE_EXECUTIONS_H
/*
 * executions - the executions with their indexes by cid, pipeline and status,
 * the data their steps saved and the end of each step's output.
 *
 * An id is a UUIDv7, so the table itself is the index by time of creation.
 */
#include "model/event.h"
#include "model/execution.h"
#include "store/store.h"

/* Stores a new execution, in the status it has, with all its index entries. */
enum err executions_create(struct store_txn *txn, const struct execution *execution) MUST_CHECK;

/*
 * Creates the execution of an event, pending and in its queue. The caller has filled in the
 * queue, the pipeline and created_ms; the rest is filled in here. The event's text must not
 * borrow from the transaction: it would die with the first change.
 */
enum err executions_start(
    struct store_txn *txn, const struct event *event, struct execution *execution) MUST_CHECK;

/*
 * Stores a changed execution, whose status was `was`. This also adds it to the dead letters, which
 * an event tells (failures.h), or takes it out of them, and counts its end (counts.h).
 */
enum err executions_change(
    struct store_txn *txn, const struct execution *execution, enum status was) MUST_CHECK;

/*
 * Ends an execution that was pending (execution_end_pending), which the caller takes out of
 * wherever it waits.
 */
enum err executions_end_pending(
    struct store_txn *txn, struct execution *execution, enum pending_end end) MUST_CHECK;

/* Text borrows from the transaction. `steps` as in execution_decode. */
enum err executions_get(struct store_txn *txn, const struct uuid *id,
    struct execution *ret_execution, struct step_result *steps) MUST_CHECK;

/*
 * Likewise, with all that executions_change stores again: the steps are not left out. Text, also
 * theirs, is put into `copy`, where it outlives changes.
 */
enum err executions_load(struct store_txn *txn, const struct uuid *id, struct buf *copy,
    struct execution *ret_execution, struct step_result *steps) MUST_CHECK;

/* Empty data, or an empty log, removes what an earlier attempt has left. */
enum err executions_set_data(
    struct store_txn *txn, const struct uuid *id, struct span data) MUST_CHECK;
enum err executions_data(struct store_txn *txn, const struct uuid *id,
    struct span *ret_data) MUST_CHECK; /* empty when none was saved */

enum err executions_set_log(
    struct store_txn *txn, const struct uuid *id, uint16_t step, struct span log) MUST_CHECK;
enum err executions_log(struct store_txn *txn, const struct uuid *id, uint16_t step,
    struct span *ret_log) MUST_CHECK; /* empty when there is none */

/*
 * Take what the steps of a final execution have saved and written away, or all of it. *bytes grows
 * by that.
 */
enum err executions_strip(struct store_txn *txn, const struct uuid *id, uint64_t *bytes) MUST_CHECK;
enum err executions_delete(
    struct store_txn *txn, const struct uuid *id, uint64_t *bytes) MUST_CHECK;

/* Takes away what errors have told, of it and of its attempts; of a final one. */
enum err executions_forget_errors(struct store_txn *txn, const struct uuid *id) MUST_CHECK;

/* Called with an id after the other, until it says false. */
typedef bool executions_visit(const struct uuid *id, void *context);

/* Visit the executions of a cid behind `after` (UUID_NONE: all), or in a status, oldest first. */
enum err executions_of_cid(struct store_txn *txn, const struct uuid *cid, const struct uuid *after,
    executions_visit *visit, void *context) MUST_CHECK;
enum err executions_in_status(
    struct store_txn *txn, enum status status, executions_visit *visit, void *context) MUST_CHECK;

/* Visits the newest executions, so many of them at most, newest first. */
enum err executions_newest(
    struct store_txn *txn, size_t most, executions_visit *visit, void *context) MUST_CHECK;

/* What to list. Zero stands for "any" throughout. */
struct execution_query {
    bool dead_letters; /* nothing else is listed */
    bool with_status;
    enum status status;
    struct span pipeline_id;
    struct span service;
    struct span event_type;
    int64_t since_ms, until_ms; /* created at or after, created before */
    struct uuid after;          /* the last of the page before: older executions are listed */
    size_t limit;
};

#define EXECUTIONS_LIMIT_DEFAULT 100
#define EXECUTIONS_LIMIT_MAX 1000
#define EXECUTIONS_LOOKED_MAX 10000 /* records one page looks at, so that its cost is bounded */
#define EXECUTIONS_LOOKED_MS 100    /* and for how long, whatever a record costs */

/*
 * Lists executions, newest first. *ret_next is the `after` of the next page, or UUID_NONE when
 * no page follows; a page that is short, or empty, need not be the last. A visit that says false
 * ends the page with the execution that it was called with. New executions come before the first
 * page only.
 */
enum err executions_list(struct store_txn *txn, const struct execution_query *query,
    executions_visit *visit, void *context, struct uuid *ret_next) MUST_CHECK;

#endif
