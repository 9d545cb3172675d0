#ifndef RUNNER_ATTEMPT_H
#define RUNNER_ATTEMPT_H
/*
 * attempt - one attempt of one execution: its steps, one after another, until
 * one fails or all are done (docs/steps.md).
 */
#include "home/home.h"
#include "model/pipeline.h"
#include "proc/frame.h"

/*
 * Runs the steps and appends the outcome as a frame. Ends early when the dispatcher cancels
 * the execution (link.h). False when the dispatcher has gone away: there is nobody to tell.
 */
bool attempt_run(const struct home *home, const struct frame_job *job,
    const struct pipeline *pipeline, struct buf *out);

#endif
