#ifndef DISPATCHER_CLAIM_H
#define DISPATCHER_CLAIM_H
/*
 * claim - from ready executions to jobs, within a turn.
 */
#include "base/buf.h"
#include "base/err.h"
#include "dispatcher/service.h"

struct dispatcher;
struct store_txn;
struct version;

/* A claim of the turn at hand, whose job is sent when the turn is on disk. */
struct claim {
    struct service *service;
    bool starts; /* a runner is started for it */
    struct job job;
    const struct version *version;
    struct buf frame; /* FRAME_JOB */
};

/* Claims ready executions as far as there are places for runners. */
enum err claim_ready(struct dispatcher *d, struct store_txn *txn) MUST_CHECK;

/* Forgets the claims of a turn: their jobs are sent, or the turn begins afresh. */
void claim_forget_all(struct dispatcher *d);

#endif
