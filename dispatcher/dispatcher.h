#ifndef DISPATCHER_DISPATCHER_H
#define DISPATCHER_DISPATCHER_H
/*
 * dispatcher - what fx-dispatcher keeps in memory. All of it can be read again
 * from the store or started again: the process may die at any instruction.
 *
 * One thread turns (turn.c). Counts and claims are made twice: `plan` is filled
 * in by the turn's mutation, which may run more than once, and becomes `now`
 * when its commit is on disk.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/id.h"
#include "home/home.h"
#include "model/event.h"
#include "model/pipeline.h"
#include "model/trigger.h"
#include "store/services.h"
#include "store/store.h"
#include "store/ticks.h"

#define SET_BACK_MS 10000 /* a clock that is set back by less is only being adjusted */

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

/* A version of a pipeline. */
struct version {
    char *pipeline_id;
    uint32_t number;
    struct buf definition;
    struct pipeline *pipeline;
    struct version *next;
};

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

/*
 * Jobs that take no time are given to a runner ahead, so that it does not wait for a
 * commit between two of them: as many as take AHEAD_US. One that then takes AHEAD_HANG_MS
 * has the jobs behind it recalled, for others to run.
 */
#define AHEAD_MAX 64
#define AHEAD_BYTES \
    (4u << 20) /* a service's in a turn, and those that a runner has not taken yet */
#define AHEAD_US 10000
#define AHEAD_HANG_MS 50

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
    struct job jobs[AHEAD_MAX]; /* in the order it runs them; the first is at hand */
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

enum happening_kind {
    HAPPENING_OUTCOME,   /* the attempt has ended, as the runner says */
    HAPPENING_LOST,      /* the runner died with it, or was hung up on */
    HAPPENING_RETURNED,  /* the runner had not begun with it: as if it had not been claimed */
    HAPPENING_UNSTARTED, /* the same, since no runner could be started */
};

/* What happened since the last turn, to be recorded in the next. */
struct happening {
    enum happening_kind kind;
    struct service *service;
    struct uuid execution;
    uint32_t attempt;
    struct buf outcome; /* body of FRAME_OUTCOME */
    struct happening *next;
};

/* A claim that the turn has made; sent when it is committed. */
struct claim {
    struct service *service;
    struct uuid execution;
    uint32_t attempt;
    bool starts; /* a runner for it */
    const struct version *version;
    struct buf job; /* FRAME_JOB */
};

/* A trigger as routing needs it; its text is in `record`. */
struct route {
    struct buf record;
    struct trigger trigger;
    struct filter *filters;
    const struct cron *schedule; /* NULL: none */
    struct service *service;
};

struct dispatcher {
    struct home home;
    struct store *store;
    int lock_fd, wake_fd, signal_fd, epoll_fd;
    char runner_path[PATH_MAX];
    bool after_death; /* the dispatcher before this one has left nothing in order */
    bool once;        /* leave when all that is ready has run */
    int64_t max_ms;   /* with once: start nothing new after so long */
    int64_t leave_ms; /* leave after so long with nothing to do; 0: stay */

    struct service *services;
    uint32_t instance_count;
    struct version *versions;
    struct route *routes;
    size_t route_count;
    uint64_t trigger_changes; /* as of the routes */
    bool reload;              /* the routes are to be read again whatever that says */

    struct happening *happenings, **last_happening;
    struct claim *claims;
    size_t claim_count, claim_room;
    uint64_t plan_cursor; /* all events up to there have their executions */
    int64_t next_due_ms;  /* wall clock; INT64_MAX: nothing waits */
    int64_t next_tick_ms; /* likewise: no schedule */
    bool more;            /* the last turn has left work for another at once */
    uint64_t seen_commit; /* the store's last commit when it was last looked at */
    bool draining;        /* claims nothing any more */
    int64_t clock_ms;     /* what the wall clock is ahead of the monotonic one, as last looked at */
    bool set_back;        /* the wall clock was; nothing waits for a time that is now far off */
    bool stuck;           /* the last turn could not be committed; try again later */
};

/* catalog.c: services, instances and versions */

struct service *catalog_service(struct dispatcher *d, uint64_t queue); /* found or made */
void catalog_forget_idle_services(struct dispatcher *d);
/* Borrows from the catalog until the next catalog_reload. ERR_NOTFOUND: it was deleted. */
enum err catalog_version(struct dispatcher *d, struct store_txn *txn, struct span pipeline_id,
    uint32_t number, const struct version **ret_version) MUST_CHECK;
/* Reads the triggers again where they have changed. */
enum err catalog_reload(struct dispatcher *d, struct store_txn *txn) MUST_CHECK;

/* instance.c: runner processes */

struct instance *instance_start(struct dispatcher *d, struct service *service); /* NULL: logged */
/* How many jobs a runner of the service may have at a time, by its pace: 1 or more. */
uint32_t instance_window(const struct service *service);
/* How many more jobs it may be given now. */
uint32_t instance_room(const struct instance *instance);
/* Adds a job to those of the runner and may take its frame; instance_flush sends what was added. */
void instance_give(struct dispatcher *d, struct instance *instance, struct claim *claim);
void instance_flush(struct dispatcher *d, struct instance *instance);
/* Ends one of its jobs if it is at hand, or recalls it with all others that are not. */
void instance_cancel(struct dispatcher *d, struct instance *instance, const struct uuid *execution);
/* Hangs up, whereupon it ends. All the jobs it has are lost. */
void instance_retire(struct dispatcher *d, struct instance *instance);
/* The socket can be read or written, or has closed. */
void instance_on_socket(struct dispatcher *d, struct instance *instance, uint32_t events);
void instance_on_children(struct dispatcher *d); /* SIGCHLD */
/* Retires what has been idle too long, kills what hangs, starts what scale.min wants. When to look
 * again, monotonic.
 */
int64_t instance_tend(struct dispatcher *d);

/* record.c: what happened to executions, within a turn */

enum err record_happening(
    struct dispatcher *d, struct store_txn *txn, const struct happening *happening) MUST_CHECK;
/* Ends what a dispatcher before this one and its runners have left running. No turn. */
enum err record_end_leftovers(struct dispatcher *d) MUST_CHECK;
/* Executions that a dispatcher before this one has left running are pending again. */
enum err record_recover(struct dispatcher *d, struct store_txn *txn) MUST_CHECK;
/* Those that people want cancelled: their runners will be told. */
enum err record_cancels(struct dispatcher *d, struct store_txn *txn) MUST_CHECK;

/* pending.c: executions that wait, within a turn */

/* Pending executions whose trigger is gone, up to `limit`. */
enum err pending_skip(
    struct dispatcher *d, struct store_txn *txn, struct service *service, size_t limit) MUST_CHECK;
/* Those whose next attempt is due are ready; of very many the others by the next turn. */
enum err pending_promote(struct dispatcher *d, struct store_txn *txn) MUST_CHECK;

/* route.c: from events to executions, within a turn */

enum err route_events(struct dispatcher *d, struct store_txn *txn) MUST_CHECK;
/* One execution of an event for one trigger. The event's text must not be the store's. */
enum err route_create(
    struct store_txn *txn, const struct route *route, const struct event *event) MUST_CHECK;

/* tick.c: schedules, within a turn */

/* Finds out where the schedule of a live trigger is, or that it has none. */
enum err tick_take_up(
    struct dispatcher *d, struct store_txn *txn, const struct route *route) MUST_CHECK;
/* Events of the schedules that are due, each with its trigger's execution. */
enum err tick_all(struct dispatcher *d, struct store_txn *txn) MUST_CHECK;

/* claim.c: from ready executions to jobs, within a turn */

enum err claim_ready(struct dispatcher *d, struct store_txn *txn) MUST_CHECK;

/* turn.c */

/* Takes up where the last dispatcher left off. */
enum err turn_start(struct dispatcher *d) MUST_CHECK;
/* One look at everything, one commit, and then the jobs it claimed are sent. */
enum err turn(struct dispatcher *d) MUST_CHECK;

/* loop.c */

/* Until a signal, and then until the running executions have ended. The exit status. */
int loop_run(struct dispatcher *d);

#endif
