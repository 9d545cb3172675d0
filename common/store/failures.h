#ifndef STORE_FAILURES_H
#define STORE_FAILURES_H
/*
 * failures - the event fx.execution.failed, by which the log tells that an execution has failed
 * for good (model/failure.h).
 *
 * It has the cid of its execution, which is its parent. It is as deep in what follows from one
 * another as the event that started the execution, and does not count among the events of the
 * cid (events.h): that something failed uses up no budget.
 */
#include "model/execution.h"
#include "store/store.h"

/*
 * Appends the event of an execution that has become a dead letter, and is stored as one. There is
 * none where [events] failures says so, where the execution was itself to tell of another, and
 * where the store has no room for new work, which is logged: what became of the execution must
 * be kept whatever is told of it.
 */
enum err failures_tell(struct store_txn *txn, const struct execution *execution) MUST_CHECK;

#endif
