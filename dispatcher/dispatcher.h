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

#include "dispatcher/happening.h"
#include "home/home.h"
#include "store/store.h"

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
    struct listener *listeners;
    size_t listener_count;
    uint64_t trigger_changes; /* as of the listeners */
    bool reload;              /* the listeners are to be read again whatever that says */

    struct happenings happenings;
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

#endif
