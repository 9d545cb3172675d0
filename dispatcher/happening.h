#ifndef DISPATCHER_HAPPENING_H
#define DISPATCHER_HAPPENING_H
/*
 * happening - what has become of jobs since the last turn, in the order it was heard of. The
 * next turn records it, and forgets it once that is on disk.
 */
#include "base/buf.h"
#include "base/id.h"

struct job;
struct service;

enum happening_kind {
    HAPPENING_OUTCOME,   /* the attempt has ended, as the runner says */
    HAPPENING_LOST,      /* the runner died with it, or was hung up on */
    HAPPENING_RETURNED,  /* the runner had not begun with it: as if it had not been claimed */
    HAPPENING_UNSTARTED, /* the same, since no runner could be started */
};

struct happening {
    enum happening_kind kind;
    struct service *service;
    struct uuid execution;
    uint32_t attempt;
    struct buf outcome; /* body of FRAME_OUTCOME */
    struct happening *next;
};

struct happenings {
    struct happening *first, *last;
};

/* Adds one at the end. An outcome's body is for the caller to add. */
struct happening *happening_add(struct happenings *happenings, enum happening_kind kind,
    struct service *service, const struct job *job);

void happening_forget_all(struct happenings *happenings);

#endif
