#ifndef RUNNER_REMAINS_H
#define RUNNER_REMAINS_H
/*
 * remains - what a step's process has left running when it ends, such as the tee of a process
 * substitution, which may still hold some of the output.
 *
 * It gets time to write, until the pipes are at their end. What is then left is told to end
 * (TERM), and is killed REMAINS_NOTICE_MS later (proc/orphans.h).
 */
#include <stdint.h>

#include "base/buf.h"
#include "proc/orphans.h"
#include "runner/pipe.h"

#define REMAINS_NOTICE_MS 100

/* The runner's end of a pipe, -1 when it is closed, and what takes what comes out of it. */
struct remains_pipe {
    int *fd; /* NULL: there is none */
    pipe_sink *sink;
};

#define REMAINS_PIPES 3

struct remains {
    struct remains_pipe pipes[REMAINS_PIPES];
    void *context;                  /* of the sinks, and of is_over */
    bool (*is_over)(void *context); /* asked when the dispatcher has said something; NULL: never */
};

/* Reads until the pipes are at their end, until a time (clock_mono_ms), or until is_over. */
void remains_hear(const struct remains *remains, int64_t until_ms);

/*
 * Tells all children of this process but the spared ones to end, with all that is below them, and
 * waits for that. Adds their names to `names`, "sleep (2), tee", but for those that end by
 * themselves.
 */
void remains_give_notice(const struct spared *spared, struct buf *names);

#endif
