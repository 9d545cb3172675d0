#ifndef RUNNER_ENVIRONMENT_H
#define RUNNER_ENVIRONMENT_H
/*
 * environment - what a step's process is told: its environment variables and
 * its context.
 *
 * The environment is clean: PATH, LANG, TZ, SHELL (/bin/sh), HOME, USER and LOGNAME (login.h),
 * TMPDIR, which is the work directory (room.h), the pipeline's options.env, which may set all
 * these otherwise, and
 *   FX_CID  FX_EXECUTION_ID  FX_PARENT_EXECUTION_ID  FX_ATTEMPT
 *   FX_PIPELINE_ID  FX_PIPELINE  FX_PIPELINE_VERSION  FX_STEP  FX_EVENT_TYPE
 *   FX_CONTEXT  FX_OUT  FX_INSTANCE (leftovers.h)
 * Of these a persistent script has FX_PIPELINE_ID, FX_PIPELINE, FX_PIPELINE_VERSION, FX_STEP
 * and FX_INSTANCE; the others change from one execution to the next.
 *
 * FX_CONTEXT and FX_OUT lie in the work directory (desk.h), for all that the script starts. Where
 * that cannot be, they are paths of the script's descriptors 4 and 3, which lead there as long as
 * the script's process runs (/proc/PID/fd/4; proc_pid_fd(5)).
 */
#include "runner/step.h"

struct environment {
    char **variables; /* ended by NULL */
    size_t count;
    char *context, *out; /* paths of descriptors that are to be completed; NULL: there are none */
};

/*
 * `lasting` is for a process that serves many executions: the variables of one are left
 * out. `work` is "" where there is no work directory.
 */
void environment_build(
    struct environment *environment, const struct step_call *call, bool lasting, const char *work);
void environment_done(struct environment *environment);

/* Adds FX_CONTEXT and FX_OUT, in the work directory, or ("") as paths of descriptors. */
void environment_add_desk(struct environment *environment, const char *work);

/*
 * Completes paths of descriptors in the environment (`context`), if there are any. For the
 * script's process itself, between vfork and exec.
 */
void environment_name_process(pid_t pid, void *context);

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
