#ifndef DISPATCHER_CHILD_H
#define DISPATCHER_CHILD_H
/*
 * child - one process of a step, from its start to the end of all it left behind.
 *
 * Runs in its own session with a clean environment, no inherited descriptor but
 * the five it is given, and the limits of the configuration. When it ends, or
 * its time is up, everything it started is killed, also what left its session.
 *
 *   0  the event, readable from its beginning      3  lines to the runner
 *   1, 2  its log                                  4  the step's context
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/config.h"

struct child_spec {
    const char *path;      /* of the executable; also its argv[0] */
    const char *directory; /* to run in */
    char *const *environment;
    int event_fd, context_fd; /* borrowed; positioned at their beginning */
    int64_t timeout_ms;
    const struct config *config; /* section step */
    int hangup_fd;               /* when its other end closes, the step is abandoned */
};

/*
 * Called with each line written on descriptor 3, without its end. False ends the
 * process: the line was not acceptable, and the callee knows why.
 */
typedef bool child_line(struct span line, void *context);

enum child_end {
    CHILD_EXITED,    /* exit_code */
    CHILD_SIGNALED,  /* signal */
    CHILD_TIMED_OUT, /* its time was up */
    CHILD_REFUSED,   /* a line was not acceptable, or longer than step.line_bytes (line_too_long) */
    CHILD_ABANDONED, /* hangup_fd */
    CHILD_NOT_STARTED, /* error (an errno) */
};

struct child_result {
    enum child_end end;
    int exit_code, signal, error;
    bool line_too_long;
    struct buf log; /* the last step.log_bytes of its output; buf_done */
};

/* Once, at the start of the process: makes what steps leave behind this process's children. */
void child_prepare(void);

void child_run(const struct child_spec *spec, child_line *line, void *context,
    struct child_result *ret_result);

#endif
