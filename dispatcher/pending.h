#ifndef DISPATCHER_PENDING_H
#define DISPATCHER_PENDING_H
/*
 * pending - executions that wait for their time, or for a trigger that is gone, within a turn.
 */
#include <stddef.h>

#include "base/err.h"

struct dispatcher;
struct service;
struct store_txn;

/* Skips pending executions of a service without a trigger, `limit` of them at most. */
enum err pending_skip(
    struct dispatcher *d, struct store_txn *txn, struct service *service, size_t limit) MUST_CHECK;

/*
 * Moves executions whose retry time has come to their ready queue, at most 1,000 a turn; the
 * rest follow in the next turns.
 */
enum err pending_promote(struct dispatcher *d, struct store_txn *txn) MUST_CHECK;

#endif
