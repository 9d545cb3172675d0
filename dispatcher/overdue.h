#ifndef DISPATCHER_OVERDUE_H
#define DISPATCHER_OVERDUE_H
/*
 * overdue - executions whose whole time (options.timeout of their pipeline) is up while they wait
 * for another attempt: they have failed then, whether a runner would be free or not.
 */
#include "base/buf.h"
#include "base/err.h"
#include "model/execution.h"

struct dispatcher;
struct store_txn;

/* Sees to it that an execution which is put back for another attempt ends in time. */
enum err overdue_watch(
    struct dispatcher *d, struct store_txn *txn, const struct execution *execution) MUST_CHECK;

/* Within a turn: ends those whose time is up, at most 1,000; the rest follow in the next turns. */
enum err overdue_end(struct dispatcher *d, struct store_txn *txn) MUST_CHECK;

/*
 * Is the time of an execution up, so that its next attempt cannot begin? *ret_over_ms is when
 * that is (INT64_MAX: never). The reason, with that of the attempt before, goes to ret_why.
 */
bool overdue_is(const struct execution *execution, int64_t timeout_ms, int64_t *ret_over_ms,
    struct buf *ret_why);

#endif
