#ifndef STORE_ROUTING_H
#define STORE_ROUTING_H
/*
 * routing - when the dispatcher has to read again what it routes by.
 *
 * Triggers, the queues of runs by hand and the options of those runs' pipelines are read
 * together; whoever changes any of these adds one to a counter.
 */
#include "store/store.h"

enum err routing_note_change(struct store_txn *txn) MUST_CHECK;

/* The number of changes so far. */
enum err routing_changes(struct store_txn *txn, uint64_t *ret_changes) MUST_CHECK;

#endif
