#ifndef RUNNER_CHILD_H
#define RUNNER_CHILD_H
/*
 * child - one process that a runner starts, from its start to the end of all that it has
 * left behind.
 *
 * The process runs in its own session with a clean environment, with no descriptors but
 * those it is given, and within the limits of the configuration. When it ends, everything
 * that it started is ended, also what has left its session.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "home/account.h"
#include "home/config.h"

#define CHILD_FDS 5 /* descriptors that a child is given, at most */

struct child_spec {
    const char *path;         /* of the executable; also its argv[0] */
    const char *arguments[2]; /* argv[1] and argv[2]; NULL where there is none */
    const char *directory;    /* to run in */
    char *const *environment;
    /* Called by the new process, in our memory, to put its number into its environment. */
    void (*name_process)(pid_t pid, void *context);
    void *context;
    int fds[CHILD_FDS]; /* the child's descriptors 0, 1, …; borrowed */
    int fd_count;
    const struct config *limits; /* section step; NULL: no limit but that on core files */
    bool lasting;      /* serves many executions: its processor time adds up, and has no limit */
    bool heeds_hangup; /* a program of ours: SIGHUP waits until it heeds it (home/logs.h) */
    bool forbids;      /* gives up what its runner has not (confine_forbid) */
    bool confined;
    int rules;                     /* what for (confine_enter); borrowed */
    const struct account *account; /* to run under, which is another one; NULL: the runner's */
};

/* A process. The struct must not be moved from the start of the process to its end. */
struct child {
    pid_t pid;
    int pidfd;     /* can be read once the process has ended */
    bool stopping; /* TERM was sent */
    bool ended;    /* the process was reaped */
    int status;    /* of a process that was reaped, as waitpid gives it */
    struct child *next;
};

/* Called once at the runner's start: orphans that its children leave become its children. */
void child_prepare(void);

/* False when the program cannot be started: *ret_error is an errno. */
bool child_start(const struct child_spec *spec, struct child *ret_child, int *ret_error);

/*
 * Signals the process and its group: TERM the first time, KILL after that. Returns when to
 * signal again, as clock_mono_ms counts: never (INT64_MAX) after KILL.
 */
int64_t child_stop(struct child *child, int64_t grace_ms);
void child_kill(struct child *child); /* without TERM */

/*
 * Waits for the end of the process, then kills and reaps all that it has left, and every
 * other orphan that has become a child of the runner. With `names` they are given notice first,
 * and their names are added (remains.h).
 */
void child_finish(struct child *child, struct buf *names);

/* Reaps orphans that have ended, and ends none. */
void child_reap(void);

#endif
