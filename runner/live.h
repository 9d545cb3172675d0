#ifndef RUNNER_LIVE_H
#define RUNNER_LIVE_H
/*
 * live - tells of an attempt while it runs: what its steps have come to, and the log of the step at
 * hand as it grows, without its secrets (home/live_file.h).
 *
 * An attempt that ends within LIVE_AFTER_MS is not told of: most do, and nothing is written for
 * them. A log is written LIVE_PAUSE_MS after the last writing at the earliest, and of what has come
 * meanwhile no more than log_bytes: what floods its log costs as little as what does not. The file
 * is at most some four times as large. Where it cannot be written the attempt goes on untold.
 *
 * It stays for a moment when the attempt has ended, until its outcome can be read from the store.
 */
#include "model/execution.h"
#include "runner/blot.h"
#include "runner/tail.h"

#define LIVE_AFTER_MS 100
#define LIVE_PAUSE_MS 10

struct live {
    const struct home *home;
    const struct frame_job *job;
    const struct pipeline *pipeline;
    const struct step_result *results; /* of all steps; borrowed, also by later calls */
    const struct buf *logs;            /* of the steps that have ended */
    uint64_t ends[STEPS_MAX];          /* how long these logs were */

    size_t step;               /* the one at hand */
    struct blot_stream stream; /* what it writes */
    uint64_t heard;            /* bytes of that */
    uint64_t told;             /* bytes as they are shown */
    struct tail shown;         /* the last of these, without a gap */

    int fd; /* of the file; -1: there is none */
    size_t size;
    int64_t due_ms; /* when there may be news again, as clock_mono_ms counts; INT64_MAX: never */
};

/* An attempt begins. */
void live_begin(struct live *live, const struct home *home, const struct frame_job *job,
    const struct pipeline *pipeline, const struct step_result *results, const struct buf *logs);

/* A step begins; its result says so. */
void live_begin_step(struct live *live, size_t step, const struct step_call *call);

/*
 * Tells what is new, when it is due. Returns until when whoever runs the step may wait, as
 * clock_mono_ms counts: `until_ms` at the latest. `log` is that of the step so far; NULL: it has
 * none yet.
 */
int64_t live_tell(struct live *live, const struct tail *log, int64_t now_ms, int64_t until_ms);

/* The step's log is whole. */
void live_last(struct live *live, const struct tail *log);

/* A step has ended, or was skipped; its result, and its log among the logs, say how. */
void live_end_step(struct live *live, size_t step);

/* The attempt has ended. */
void live_end(struct live *live);

/*
 * Before the runner waits for a job: removes the files of attempts that have ended, each in its
 * time. Returns when none is left, or something has come from the dispatcher.
 */
void live_rest(void);

/* At the end of the runner: nothing of it is left. */
void live_end_all(void);

#endif
