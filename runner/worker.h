#ifndef RUNNER_WORKER_H
#define RUNNER_WORKER_H
/*
 * worker - a lasting process of a runner: started once, then asked one thing after
 * another over its stdin, which it answers on its stdout.
 *
 * A worker that ends, stays silent or answers too much is ended for good; the next question
 * needs another worker.
 */
#include "runner/child.h"
#include "runner/room.h"
#include "runner/tail.h"

struct worker {
    struct child child;
    int in_fd, out_fd, log_fd; /* the runner's ends; -1: closed, or no log is kept */
    struct buf out;            /* what the worker has written on stdout */
    bool running;
    int64_t leftover_ms; /* for so long it is heard what the process has left (remains.h) */
};

/*
 * Starts a worker. The spec's descriptors are filled in here; stderr goes into the log of each
 * question, or where this process's own goes. False: *ret_error is an errno.
 */
bool worker_start(struct worker *worker, struct child_spec *spec, bool keeps_log, int *ret_error);

/* Can the worker be asked: does it run, and has it said nothing that it was not asked for? */
bool worker_is_ready(struct worker *worker);

/*
 * What has come of a question. worker->out holds what the worker has said: the whole answer, and
 * what follows it if anything does, or what came too late.
 */
enum worker_word {
    WORKER_ANSWERED,
    WORKER_ENDED,       /* before it answered; child.status */
    WORKER_UNHEARD,     /* ended without having read any of the question or said anything */
    WORKER_SILENT,      /* the question's time was up */
    WORKER_ENDLESS,     /* it wrote more than answer_max without the answer being whole */
    WORKER_OVERFULL,    /* more was in its room than may be */
    WORKER_INTERRUPTED, /* the dispatcher wants no more of it: link_look says what it said */
};

struct live;

struct question {
    struct span bytes;
    bool (*is_whole)(const struct buf *out); /* does this hold an answer? */
    size_t answer_max;
    int64_t timeout_ms, grace_ms; /* then TERM, then KILL */
    struct tail *log;             /* NULL where the log is not kept */
    struct room *room;            /* the worker's own; NULL where it has none */
    struct live *live;            /* what is told of the attempt meanwhile (live.h) */
};

enum worker_word worker_ask(struct worker *worker, const struct question *question);

/* Ends a worker that is not to be trusted: TERM, and KILL when the grace is over. */
void worker_stop(struct worker *worker, int64_t grace_ms);

/*
 * End a worker in order: worker_dismiss closes its stdin, worker_end waits until a time (as
 * clock_mono_ms counts) and kills what is still there. Neither minds a worker that does not
 * run.
 */
void worker_dismiss(struct worker *worker);
void worker_end(struct worker *worker, int64_t until_ms);

#endif
