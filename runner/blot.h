#ifndef RUNNER_BLOT_H
#define RUNNER_BLOT_H
/*
 * blot - takes the secrets that a step was given out of what is kept of it: its log, its error.
 *
 * A secret of 8 bytes or more is found as it stands, each of its lines, and what follows its
 * first blank ("Bearer TOKEN"); at an end of the text, which may have been cut there, also a part
 * of it. One that a step has encoded or changed is not found.
 */
#include "runner/step.h"

/* Puts "(not shown)" in the place of each secret of the step. */
void blot_out(const struct step_call *call, struct buf *text);

#endif
