#ifndef HOME_SHARED_H
#define HOME_SHARED_H
/*
 * shared - small files that the programs of a home map together: for numbers that all of them
 * change, without a commit, a lock or a system call.
 *
 * What is in such a file is a cache: where it cannot be used, on a full disk perhaps, a process
 * keeps what it notes for itself.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "home/home.h"

/* One file. What the first three say is borrowed for the life of the process. */
struct shared {
    const char *name; /* in the home */
    const char *what; /* is kept there, for the log: "rates" */
    size_t bytes;

    /* The rest is for shared.c alone. */
    uint8_t *map;
    atomic_bool lost; /* the file was, and nobody has said so yet */
    struct shared *next;
};

/*
 * Maps the file, made where it is missing, with all its blocks. Where it cannot be used, the
 * memory is this process's own, which is logged. So it is when the file is cut short later: the
 * process takes SIGBUS for that, and for its own maps alone. Before the process has a second
 * thread. NULL, logged: there is no memory.
 */
void *shared_open(struct shared *shared, const struct home *home);

/* Logs that the file was cut short, where nobody has: a handler of signals cannot. */
void shared_tell_loss(struct shared *shared);

#endif
