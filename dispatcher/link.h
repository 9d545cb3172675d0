#ifndef DISPATCHER_LINK_H
#define DISPATCHER_LINK_H
/*
 * link - the dispatcher's ends of the sockets to runners: what is said to a runner, what it
 * says, and by when it must (frame.h). No turn.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "dispatcher/happening.h"

struct claim;
struct dispatcher;
struct instance;

/* Adds a job to those of the runner and takes its frame; link_flush sends what was added. */
void link_give(struct dispatcher *d, struct instance *instance, struct claim *claim);
void link_flush(struct dispatcher *d, struct instance *instance);

/* Ends a job of the runner if it is at hand; else recalls all jobs that are not at hand. */
void link_cancel(struct dispatcher *d, struct instance *instance, const struct uuid *execution);
void link_recall(struct dispatcher *d, struct instance *instance);

enum link_state {
    LINK_OPEN,
    LINK_CLOSED, /* the runner has gone, and all it has said is taken */
    LINK_BAD,    /* it is not to be trusted any more */
};

/* Takes what the runner has said, without waiting. */
enum link_state link_hear(struct dispatcher *d, struct instance *instance);

/* Takes the newest jobs away from the runner. */
void link_take_back(
    struct dispatcher *d, struct instance *instance, size_t count, enum happening_kind kind);

/* Waits for the socket: `op` is epoll_ctl's. */
void link_watch(struct dispatcher *d, struct instance *instance, int op);

/* By when a runner that may take `ms`, and then ends its processes, must have answered or gone. */
int64_t link_deadline_ms(const struct dispatcher *d, int64_t ms);

#endif
