#ifndef RUNNER_LINK_H
#define RUNNER_LINK_H
/*
 * link - a runner's end of the socket to the dispatcher, which is its descriptor 0.
 */
#include "proc/frame.h"

#define LINK_FD 0 /* to wait on while a step runs; link_look when it can be read */

/*
 * Waits for the next job, or a pipeline that one needs; its body replaces what is in the
 * buffer. False: the dispatcher is gone.
 */
bool link_next(enum frame_type *ret_type, struct buf *ret_body);

bool link_send(struct span frame); /* False: the dispatcher is gone */

/* What the dispatcher has said about the job at hand, the one that was taken last. */
enum link_word {
    LINK_NOTHING,
    LINK_CANCEL, /* it is not wanted any more; said until the next job is taken */
    LINK_GONE,   /* nobody waits for it any more */
};

/* Reads without waiting. Jobs that have not begun are given back here when they are recalled. */
enum link_word link_look(void);

#endif
