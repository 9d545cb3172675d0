#ifndef OPS_QUEUES_H
#define OPS_QUEUES_H
/*
 * queues - metrics of what waits and runs in each pipeline that has a started trigger or runs by
 * hand, as the dispatcher has reported it; up to 500 pipelines by name.
 */
#include "base/err.h"
#include "cgi-bin/ops/exposition.h"
#include "store/store.h"

/* `alive`: a dispatcher runs. What one that is gone has reported as running does not run. */
enum err queues_print(struct store_txn *txn, bool alive, struct exposition *e) MUST_CHECK;

#endif
