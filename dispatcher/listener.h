#ifndef DISPATCHER_LISTENER_H
#define DISPATCHER_LISTENER_H
/*
 * listener - a trigger in memory, as routing and schedules need it. The catalog holds all of them.
 */
#include "base/buf.h"
#include "model/pipeline.h"
#include "model/trigger.h"

struct service;

struct listener {
    struct buf record; /* the trigger's stored form, which it borrows its text from */
    struct trigger trigger;
    struct filter *filters;      /* of the pipeline's version, in the catalog */
    const struct cron *schedule; /* likewise; NULL: none */
    struct service *service;
};

#endif
