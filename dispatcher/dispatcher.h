#ifndef DISPATCHER_DISPATCHER_H
#define DISPATCHER_DISPATCHER_H
/*
 * dispatcher - what fx-dispatcher keeps in memory. All of it can be read again
 * from the store or started again: the process may die at any instruction.
 *
 * One thread takes turns (turn.h). A turn's mutation may be undone or run more than
 * once, so what it writes to is set apart, here and in each service (service.h):
 *
 *   now     what is, as of the last turn that is on disk
 *   plan    what will be when this turn is on disk; it then becomes `now` as a whole
 *   turn    what this turn works out, for itself alone
 *   order   what is to be done when this turn is on disk
 *
 * A mutation begins the last three afresh. Of the rest it changes only the catalog, which
 * repeats what other processes have committed.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dispatcher/happening.h"
#include "dispatcher/verdict.h"
#include "home/home.h"
#include "home/installed.h"
#include "store/counts.h"

enum phase {
    PHASE_SERVING,
    PHASE_DRAINING, /* nothing more is claimed; what runs may end */
    PHASE_LEAVING,  /* the runners are told to go */
};

/* What is remembered from one turn to the next. */
struct dispatcher_state {
    uint64_t routing_changes; /* as of the listeners (store/routing.h) */
    bool reload;              /* the listeners are to be read again in any case */
    bool set_back;            /* the clock was: times that are far off by it are not waited for */
    bool more;                /* there is work for a turn at once */
    bool deferred;            /* an event waits for its filters to be judged (judge.h) */
    uint64_t commit;          /* the store's last commit that a turn has seen */
    int64_t due_ms;           /* wall clock, of the next attempt or end; INT64_MAX: none waits */
    int64_t tick_ms;          /* likewise, of the next tick of a schedule */
    int64_t retain_ms;        /* likewise, when something is kept no longer */
    int64_t again_ms;         /* likewise, when what was passed by then is looked at again … */
    uint64_t passed_by[2];    /* … behind these events, by enum retention_kind */
};

/* What a turn works out. */
struct dispatcher_turn {
    uint64_t cursor;       /* all events up to this place in the log have their executions */
    uint64_t filter_steps; /* spent on filters */
};

/* What a turn has decided, besides what is ordered of each runner (service.h). */
struct dispatcher_order {
    struct claim *claims;
    size_t claim_count, claim_room;
};

struct dispatcher {
    struct home home;
    struct store *store;
    int lock_fd, wake_fd, signal_fd, epoll_fd;
    struct installed runner;
    bool after_death; /* the dispatcher before this one came to no orderly end */
    bool once;        /* leaves when all that is ready has run */
    int64_t max_ms;   /* with once: starts nothing new after so long */
    int64_t leave_ms; /* leaves after so long with nothing to do; 0: stays */

    struct service *services;
    uint32_t instance_count; /* of all services */
    uint32_t failed_starts;  /* of runners, one after the other */
    int64_t start_again_ms;  /* until then none is started, monotonic */
    bool is_superseded;      /* another program has taken this one's place on the disk */
    struct version *versions;
    struct listener *listeners;
    size_t listener_count;
    struct happenings happenings;
    struct verdicts verdicts;

    struct dispatcher_state now, plan;
    struct dispatcher_turn turn;
    struct dispatcher_order order;
    struct counts_tally tally; /* what the turn counts */
    enum phase phase;
    bool stuck; /* the last turn could not be committed; try again later */
};

#endif
