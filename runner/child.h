#ifndef RUNNER_CHILD_H
#define RUNNER_CHILD_H
/*
 * child - one process that a runner starts, from its start to the end of all it
 * left behind.
 *
 * Runs in its own session with a clean environment, no inherited descriptor but
 * those it is given, and the limits of the configuration. When it ends, everything
 * it started is killed, also what left its session.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "home/config.h"

#define CHILD_FDS 5 /* at most */

struct child_spec {
    const char *path;      /* of the executable; also its argv[0] */
    const char *argument;  /* argv[1], or NULL */
    const char *directory; /* to run in */
    char *const *environment;
    int fds[CHILD_FDS]; /* its descriptors 0, 1, …; borrowed */
    int fd_count;
    const struct config *limits; /* section step; NULL sets none but that on core files */
    bool lasting; /* serves many executions: its processor time adds up and is not limited */
};

/* Must not be moved from its start to its end. */
struct child {
    pid_t pid;
    int pidfd;     /* can be read once the process has ended */
    bool stopping; /* TERM was sent */
    bool ended;    /* and reaped */
    int status;    /* then, as waitpid gives it */
    struct child *next;
};

/* Once, at the start of the runner: makes what its children leave behind children of its own. */
void child_prepare(void);

/* False when it cannot be started; *ret_error is an errno. */
bool child_start(const struct child_spec *spec, struct child *ret_child, int *ret_error);

/*
 * Signals the process and its group: TERM the first time, KILL after that. Returns
 * when to do it again, as clock_mono_ms counts: never (INT64_MAX) after KILL.
 */
int64_t child_stop(struct child *child, int64_t grace_ms);
void child_kill(struct child *child); /* without TERM */

/*
 * Waits for the end of the process, then kills and reaps all that is left of it,
 * and whatever else has become this process's child without being started by it.
 */
void child_finish(struct child *child);

/* Reaps what has ended of that, without ending any of it. */
void child_reap(void);

#endif
