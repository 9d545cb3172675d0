#ifndef DISPATCHER_ROUTE_H
#define DISPATCHER_ROUTE_H
/*
 * route - from events to executions, within a turn.
 */
#include "model/event.h"
#include "model/pipeline.h"
#include "model/trigger.h"

struct dispatcher;
struct service;
struct store_txn;

/* A trigger as routing needs it. */
struct listener {
    struct buf record; /* the trigger's stored form, which it borrows its text from */
    struct trigger trigger;
    struct filter *filters;      /* of the pipeline's version, in the catalog */
    const struct cron *schedule; /* likewise; NULL: none */
    struct service *service;
};

/* Events past the log's cursor, and older ones that new triggers have asked for. */
enum err route_events(struct dispatcher *d, struct store_txn *txn) MUST_CHECK;

/* Creates the execution of an event for one trigger. The event's text must not be the store's. */
enum err route_create(
    struct store_txn *txn, const struct listener *listener, const struct event *event) MUST_CHECK;

#endif
