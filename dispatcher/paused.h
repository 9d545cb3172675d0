#ifndef DISPATCHER_PAUSED_H
#define DISPATCHER_PAUSED_H
/*
 * paused - which services an operator has told to wait (store/pauses.h).
 */
#include "base/err.h"

struct dispatcher;
struct store_txn;

enum err paused_look(struct dispatcher *d, struct store_txn *txn) MUST_CHECK;

#endif
