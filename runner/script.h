#ifndef RUNNER_SCRIPT_H
#define RUNNER_SCRIPT_H
/*
 * script - a step that is one process of a script, started for one execution.
 *
 *   0  the event, readable from its beginning      3  lines to the runner (lines.h)
 *   1, 2  its log                                  4  the step's context (environment.h)
 *
 * Exit 0 completes the step. 75 fails the step as any other status does; 100 fails it for
 * good: the execution is not tried again. A process whose time is up, or that is cancelled,
 * gets TERM, and KILL when the grace is over.
 */
#include "runner/step.h"

void script_run(const struct step_call *call, struct step_end *end);

#endif
