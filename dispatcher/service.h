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

#define JOBS_MAX 64 /* jobs that a runner has at a time (ahead.h) */

/* Where a service's schedule is. */
struct ticking {
    struct tick tick;
    bool noted; /* the store has it */
};

#define NO_TICK ((struct tick){0, INT64_MAX}) /* of a service without a schedule */

/* What is remembered of a service from one turn to the next. */
struct service_state {
    bool live; /* has a trigger, or runs by hand; else its pending executions are skipped */
    uint64_t generation; /* of the live trigger, as taken up */
    struct scale scale;
    bool ordered; /* one execution at a time over all services of the pipeline */
    bool paused;  /* an operator has told it to wait: nothing is claimed */

    uint64_t ready;   /* executions that are pending, to be claimed */
    uint64_t waiting; /* executions that are pending, until their next attempt is due */
    uint32_t running; /* executions in progress */

    struct ticking ticking;
    struct service_report report; /* what the store has of all this */
};

/* What a turn works out of a service. */
struct service_turn {
    uint64_t first;     /* of an ordered service: its first ready execution's place in the log */
    uint64_t backfill;  /* place of the first older event still to be routed; UINT64_MAX: none */
    uint32_t instances; /* runners, as the turn will leave them */
    uint32_t idle;      /* runners without a job */
    uint32_t room;      /* how many jobs busy runners may get ahead */
    size_t bytes;       /* of the jobs that are claimed for the service */
};

struct service {
    uint64_t queue;
    char *pipeline_id;    /* NULL until a trigger or a run by hand tells it */
    struct service *peer; /* the next service of the pipeline, in a ring of them */

    struct service_state now, plan;
    struct service_turn turn;
    int64_t served_us; /* when an execution was last claimed, monotonic */
    int64_t pace_us;   /* how long a job has taken of late, on average */

    struct instance *instances;
    uint32_t instance_count;
    struct service *next;
};

enum instance_state {
    INSTANCE_IDLE,
    INSTANCE_BUSY,    /* has a job, or has not answered yet that it has none */
    INSTANCE_LEAVING, /* has no socket any more, and so ends by itself */
};

/* An execution that a runner was given. */
struct job {
    struct uuid execution;
    uint32_t attempt;
    int64_t timeout_ms; /* which the runner keeps by itself */
};

/* What a turn has decided about a runner. */
struct instance_order {
    bool leave;            /* another service gets its place */
    bool cancel;           /* one of its jobs is to be cancelled */
    struct uuid cancelled; /* the execution of that job */
};

/* One runner process, which is forgotten when its socket is closed and the process is reaped. */
struct instance {
    struct service *service;
    pid_t pid; /* 0 once reaped */
    int fd;    /* -1 once closed */
    enum instance_state state;
    struct instance_order order;
    bool cancelled;            /* the runner was told that the first job is cancelled */
    bool recalled;             /* the jobs behind the first are; the runner has not answered yet */
    struct job jobs[JOBS_MAX]; /* in the order in which they run; the first is at hand */
    size_t job_count;
    int64_t idle_since_ms; /* all three times are monotonic */
    int64_t began_us;      /* when the first job came to hand */
    int64_t deadline_ms;   /* a runner that has neither answered nor gone by then hangs */
    struct buf in, out;    /* bytes read and not yet taken, bytes not yet sent */
    bool ready;            /* it has said so; before that it begins no job */
    bool watching_out;     /* bytes wait until the socket can be written */
    uint32_t *sent;        /* numbers of the versions that the runner has got */
    size_t sent_count;
    struct instance *next;
};

#endif
