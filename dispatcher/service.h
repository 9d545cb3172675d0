#ifndef DISPATCHER_SERVICE_H
#define DISPATCHER_SERVICE_H
/*
 * service - an event service in memory: the executions of one queue, and the runner
 * processes that work them off.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/id.h"
#include "model/pipeline.h"
#include "store/services.h"
#include "store/ticks.h"

#define JOBS_MAX 64 /* that a runner has at a time (ahead.h) */

/* Where a service's schedule is. */
struct ticking {
    struct tick tick;
    bool noted; /* the store has it */
};

#define NO_TICK ((struct tick){0, INT64_MAX}) /* of a service without a schedule */

/* What is remembered of a service from one turn to the next. */
struct service_state {
    bool live; /* it has a trigger, or runs by hand; without, what is pending is skipped */
    uint64_t generation; /* of the live trigger that it has taken up */
    struct scale scale;
    bool ordered; /* one execution at a time, over all services of the pipeline */

    uint64_t ready;   /* executions that are pending, to be claimed */
    uint64_t waiting; /* executions that are pending, until their next attempt is due */
    uint32_t running; /* executions in progress */

    struct ticking ticking;
    struct service_report report; /* what the store has of the above */
};

/* What a turn works out of a service. */
struct service_turn {
    uint64_t first;     /* of an ordered one: place in the log of its first ready execution */
    uint64_t backfill;  /* place of its first older event still to be routed; UINT64_MAX: none */
    uint32_t instances; /* runners, as the turn will leave them */
    uint32_t idle;      /* those of them that have no job */
    uint32_t room;      /* jobs that the busy ones of them may get ahead */
    size_t bytes;       /* of the jobs that are claimed for it */
};

struct service {
    uint64_t queue;
    char *pipeline_id;    /* NULL until a trigger or a run by hand has told */
    struct service *peer; /* the next service of the pipeline, in a ring of them */

    struct service_state now, plan;
    struct service_turn turn;
    int64_t served_us; /* its last claim, monotonic */
    int64_t pace_us;   /* what a job takes, on average of late */

    struct instance *instances;
    uint32_t instance_count;
    struct service *next;
};

enum instance_state {
    INSTANCE_IDLE,
    INSTANCE_BUSY,    /* has a job, or has not answered yet that it has none */
    INSTANCE_LEAVING, /* its socket is closed; it ends by itself */
};

/* An execution that a runner was given. */
struct job {
    struct uuid execution;
    uint32_t attempt;
    int64_t timeout_ms; /* that the runner keeps itself */
};

/* What a turn has decided about a runner. */
struct instance_order {
    bool leave;            /* its place is for another service */
    bool cancel;           /* one of its jobs is to be cancelled: */
    struct uuid cancelled; /* the execution */
};

/* One runner process. It is forgotten when its socket is closed and it is reaped. */
struct instance {
    struct service *service;
    pid_t pid; /* 0 once reaped */
    int fd;    /* -1 once closed */
    enum instance_state state;
    struct instance_order order;
    bool cancelled;            /* the first job is, and the runner has been told */
    bool recalled;             /* the jobs behind the first are, and it has not answered yet */
    struct job jobs[JOBS_MAX]; /* in the order it runs them; the first is at hand */
    size_t job_count;
    int64_t idle_since_ms; /* monotonic, as all of these */
    int64_t began_us;      /* the first job */
    int64_t deadline_ms;   /* one that has not answered or gone by then hangs */
    struct buf in, out;    /* bytes read and not yet taken, bytes not yet sent */
    bool watching_out;     /* waits for room to send */
    uint32_t *sent;        /* numbers of the versions it has got */
    size_t sent_count;
    struct instance *next;
};

#endif
