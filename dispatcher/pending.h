#ifndef DISPATCHER_PENDING_H
#define DISPATCHER_PENDING_H
/*
 * pending - executions that wait for their time, or for a trigger that is gone, within a turn.
 */
#include <stddef.h>

#include "base/err.h"
#include "base/id.h"

struct dispatcher;
struct service;
struct store_txn;

/*
 * Looks up the first ready execution of a service, and its event's place in the log. Where
 * there is none, the count in the plan becomes 0, which is ERR_OK.
 */
enum err pending_first(struct store_txn *txn, struct service *service, uint64_t *ret_seq,
    struct uuid *ret_execution) MUST_CHECK;

/*
 * Ends pending executions of a service that has no trigger, so many at most: those that never ran
 * are skipped, the others have failed.
 */
enum err pending_give_up(
    struct dispatcher *d, struct store_txn *txn, struct service *service, size_t limit) MUST_CHECK;

/*
 * Moves executions whose retry time has come to their ready queue, at most 1,000 a turn; the
 * rest follow in the next turns.
 */
enum err pending_promote(struct dispatcher *d, struct store_txn *txn) MUST_CHECK;

#endif
