#ifndef RUNNER_LINES_H
#define RUNNER_LINES_H
/*
 * lines - what a script says on descriptor 3, one JSON object a line, with "save", "emit" or
 * both (saved.h).
 */
#include "runner/saved.h"

/* Takes one line. False when it is not acceptable; saved->why says why. */
bool lines_take(struct span line, const struct config *config, struct saved *saved);

#endif
