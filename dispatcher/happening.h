#ifndef DISPATCHER_HAPPENING_H
#define DISPATCHER_HAPPENING_H
/*
 * happening - what has become of jobs since the last turn, in the order in which the dispatcher
 * has heard of it. The next turn records happenings, which are forgotten when it is on disk.
 */
#include "base/buf.h"
#include "base/id.h"

struct job;
struct service;

enum happening_kind {
    HAPPENING_OUTCOME,   /* the attempt has ended, as the runner says */
    HAPPENING_LOST,      /* the runner died with the job, or was hung up on */
    HAPPENING_RETURNED,  /* the runner had not begun the job: as if it had not been claimed */
    HAPPENING_UNSTARTED, /* no runner could begin: likewise, and not to be claimed at once */
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

/* Adds a happening at the end. The caller adds the body of an outcome. */
struct happening *happening_add(struct happenings *happenings, enum happening_kind kind,
    struct service *service, const struct job *job);

void happening_forget_all(struct happenings *happenings);

#endif
