#ifndef RUNNER_PERSISTENT_H
#define RUNNER_PERSISTENT_H
/*
 * persistent - a step whose script is started once and then fed one JSON line an
 * execution on stdin, which it answers with one line on stdout (answer.h):
 *
 *   {"execution_id", "attempt", "cid", "pipeline": {"id", "name", "version"}, "step",
 *    "event": the CloudEvent, "data": what was saved so far, "inputs", "outputs"}
 *
 * stderr is the step's log. The process serves all executions of its pipeline's version that
 * this runner gets. A process that ends, stays silent, or answers with what is no answer is
 * killed, the execution fails, and the next execution gets a fresh process; so it does when
 * the script's file has changed. When the runner ends, the script's stdin closes.
 */
#include "runner/step.h"

void persistent_run(const struct step_call *call, struct step_end *end);

/* Ends all processes in order. Those that run on after step.grace_seconds are killed. */
void persistent_end_all(const struct config *config);

#endif
