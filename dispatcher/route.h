#ifndef DISPATCHER_ROUTE_H
#define DISPATCHER_ROUTE_H
/*
 * route - from events to executions, within a turn.
 */
#include "model/event.h"

struct dispatcher;
struct listener;
struct store_txn;

/* Routes events past the log's cursor, and older events that new triggers have asked for. */
enum err route_events(struct dispatcher *d, struct store_txn *txn) MUST_CHECK;

/* At the turn's end: events that its later stages have made are for a turn at once. */
enum err route_look_again(struct dispatcher *d, struct store_txn *txn) MUST_CHECK;

/* Creates an event's execution for one trigger. The event must not borrow from the store. */
enum err route_create(
    struct store_txn *txn, const struct listener *listener, const struct event *event) MUST_CHECK;

#endif
