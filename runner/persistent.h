#ifndef RUNNER_PERSISTENT_H
#define RUNNER_PERSISTENT_H
/*
 * persistent - a step whose script is started once and then fed one JSON line an
 * execution on stdin, which it answers with one line on stdout (answer.h):
 *
 *   {"execution_id", "attempt", "cid", "pipeline": {"id", "name", "version"}, "step",
 *    "event": the CloudEvent, "data": what was saved so far, "inputs", "outputs"}
 *
 * stderr is its log. It is there for all executions of its pipeline's version that
 * this runner gets. One that ends, stays silent, or answers with what is no answer is
 * killed, the execution fails, and the next one gets a fresh process; so it does when
 * the script's file has changed. When the runner ends, its stdin closes.
 */
#include "runner/step.h"

void persistent_run(const struct step_call *call, struct step_end *end);

/* Ends all processes in order: within step.grace_seconds, or they are killed. */
void persistent_end_all(const struct config *config);

#endif
