#ifndef RUNNER_ENVIRONMENT_H
#define RUNNER_ENVIRONMENT_H
/*
 * environment - what a step's process is told: its environment variables and
 * its context.
 *
 * The environment is clean: PATH, LANG, TZ and TMPDIR, which is the work directory
 * (room.h), the pipeline's options.env, which may set the last three otherwise, and
 *   FX_CID  FX_EXECUTION_ID  FX_PARENT_EXECUTION_ID  FX_ATTEMPT
 *   FX_PIPELINE_ID  FX_PIPELINE  FX_PIPELINE_VERSION  FX_STEP  FX_EVENT_TYPE
 *   FX_CONTEXT (/proc/self/fd/4)  FX_INSTANCE (leftovers.h)
 * Of these a persistent script has FX_PIPELINE_ID, FX_PIPELINE, FX_PIPELINE_VERSION, FX_STEP
 * and FX_INSTANCE; the others change from one execution to the next.
 */
#include "runner/step.h"

struct environment {
    char **variables; /* ended by NULL */
    size_t count;
};

/*
 * `lasting` is for a process that serves many executions: the variables of one are left
 * out. `work` is "" where there is no work directory.
 */
void environment_build(
    struct environment *environment, const struct step_call *call, bool lasting, const char *work);
void environment_done(struct environment *environment);

/* Appends the values of the secrets that the environment has; each ends in a NUL. */
void environment_secrets(const struct pipeline *pipeline, struct buf *out);

/* Writes the member "received", an object: how the event came in, as event_put_received has it. */
void environment_received(const struct event *event, struct json_out *out);

/*
 * Appends the context, a JSON object: {"data": what was saved so far, "inputs" and "outputs" of
 * the step, "received"}.
 */
void environment_context(const struct step_call *call, struct buf *out);

#endif
