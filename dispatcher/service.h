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

/* How many executions of a queue are where. */
struct counts {
    uint64_t ready;   /* pending, to be claimed */
    uint64_t waiting; /* pending, until their next attempt is due */
    uint32_t running;
};

/* Where a service's schedule is. */
struct ticking {
    struct tick tick;
    bool noted; /* the store has it */
};

#define NO_TICK ((struct tick){0, INT64_MAX}) /* of a service without a schedule */

/* An event service: the pool of runners that works off one queue. */
struct service {
    uint64_t queue;
    char *pipeline_id;   /* NULL until a trigger or a run by hand has told */
    uint64_t generation; /* of the live trigger that it has taken up */
    bool live;           /* there is one; without, what is pending is skipped */
    struct scale scale;
    bool ordered;           /* one execution at a time, over all services of the pipeline */
    struct service *peer;   /* the next service of the pipeline, in a ring of them */
    uint64_t plan_first;    /* where it is: place in the log of the first that is ready */
    uint64_t plan_backfill; /* place of the first older event still to be routed; or UINT64_MAX */

    struct counts now, plan;
    struct ticking ticking, plan_ticking;
    int64_t served_us;              /* its last claim, monotonic */
    int64_t pace_us;                /* what a job takes, on average of late */
    uint32_t plan_instances;        /* running processes, as the turn will leave them */
    uint32_t plan_idle;             /* those of them that have no job */
    uint32_t plan_room;             /* jobs that the others may get beside those they have */
    size_t plan_bytes;              /* of the jobs that it gets in this turn */
    struct service_report reported; /* as the store has it */
    struct service_report plan_report;

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

/* One runner process. It is forgotten when its socket is closed and it is reaped. */
struct instance {
    struct service *service;
    pid_t pid; /* 0 once reaped */
    int fd;    /* -1 once closed */
    enum instance_state state;
    bool plan_leave;            /* the turn needs its place for another service */
    bool plan_cancel;           /* the job below is to be cancelled */
    struct uuid plan_cancelled; /* one of the jobs */
    bool cancelled;             /* the first job is, and the runner has been told */
    bool recalled;              /* the jobs behind the first are, and it has not answered yet */
    struct job jobs[JOBS_MAX];  /* in the order it runs them; the first is at hand */
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
