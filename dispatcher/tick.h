#ifndef DISPATCHER_TICK_H
#define DISPATCHER_TICK_H
/*
 * tick - schedules, from their ticks to events and executions, within a turn.
 */
#include "base/err.h"

struct dispatcher;
struct listener;
struct store_txn;

#define TICK_SET_BACK_MS 10000 /* a clock that is set back by less is only being adjusted */

/* Finds out where the schedule of a live trigger is, or that the trigger has none. */
enum err tick_take_up(
    struct dispatcher *d, struct store_txn *txn, const struct listener *listener) MUST_CHECK;

/* Makes the events of the schedules that are due, each with its trigger's execution. */
enum err tick_all(struct dispatcher *d, struct store_txn *txn) MUST_CHECK;

#endif
