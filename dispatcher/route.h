#ifndef DISPATCHER_ROUTE_H
#define DISPATCHER_ROUTE_H
/*
 * route - from events to executions, within a turn.
 */
#include "model/event.h"

struct dispatcher;
struct listener;
struct store_txn;

/* Events past the log's cursor, and older ones that new triggers have asked for. */
enum err route_events(struct dispatcher *d, struct store_txn *txn) MUST_CHECK;

/* Creates the execution of an event for one trigger. The event's text must not be the store's. */
enum err route_create(
    struct store_txn *txn, const struct listener *listener, const struct event *event) MUST_CHECK;

#endif
