#ifndef RUNNER_LINK_H
#define RUNNER_LINK_H
/*
 * link - a runner's end of the socket to the dispatcher, which is its descriptor 0.
 */
#include "proc/frame.h"

#define LINK_FD 0 /* waited on while a step runs; when it can be read, call link_look */

/*
 * Waits for the next job, or for a pipeline that a job needs; the frame's body replaces what is
 * in the buffer. Calls `rest` before it waits. False: the dispatcher is gone.
 */
bool link_next(enum frame_type *ret_type, struct buf *ret_body, void (*rest)(void));

bool link_send(struct span frame); /* False: the dispatcher is gone */

/* What the dispatcher has said about the job at hand, which is the job that was taken last. */
enum link_word {
    LINK_NOTHING,
    LINK_CANCEL, /* nobody wants it any more; said until the next job is taken */
    LINK_GONE,   /* the dispatcher is gone: nobody waits for it */
};

/* Reads without waiting. Gives back jobs that have not begun when they are recalled. */
enum link_word link_look(void);

#endif
