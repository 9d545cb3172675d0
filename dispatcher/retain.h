#ifndef DISPATCHER_RETAIN_H
#define DISPATCHER_RETAIN_H
/*
 * retain - a stage of a turn: takes away what has come to its age (store/retention.h), a slice at
 * a time, so that nobody waits for it. [retention] in fx.conf says what is kept for how long; where
 * it says nothing the stage does nothing.
 */
#include "base/err.h"

struct dispatcher;
struct store_txn;

enum err retain_some(struct dispatcher *d, struct store_txn *txn) MUST_CHECK;

#endif
