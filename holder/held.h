#ifndef HOLDER_HELD_H
#define HOLDER_HELD_H
/*
 * held - a web program whose socket is held here, and of which one process is kept.
 *
 * The socket outlives the processes: what connects while one is replaced waits in the
 * socket's queue, and the next process takes it. A process that ends is started again, at
 * once where it has lived for a while, else after a pause that doubles.
 */
#include <sys/types.h>

#include "home/home.h"

struct held {
    char *name;    /* "events", of events.fcgi */
    char *program; /* its path */
    char *address; /* the socket's path, run/NAME.sock */
    int socket;
    pid_t pid; /* of the process that serves; 0: none does */
    int64_t started_ms, pause_ms;
    int64_t due_ms; /* where none serves: when one is to be started */
};

/* Makes the socket, in place of one that was left there. Ends this process where it cannot. */
void held_open(struct held *held, const struct home *home, const char *directory, const char *file);

/* Starts a process; `environment` is all it gets. One that cannot be started is due again. */
void held_start(struct held *held, char **environment);

/* The process that serves has ended so (waitpid). */
void held_ended(struct held *held, int status);

/* Removes the socket. */
void held_close(struct held *held);

#endif
