#ifndef DISPATCHER_LEFTOVERS_H
#define DISPATCHER_LEFTOVERS_H
/*
 * leftovers - ends what steps have left behind whose runner and dispatcher were
 * killed together, so that nobody was there to end it (orphans.h).
 *
 * All that a runner starts is marked with FX_INSTANCE=<its process number>:<its
 * home> in the environment.
 */
#include "base/home.h"
#include "base/id.h"

#define LEFTOVERS_MARK "FX_INSTANCE"

/* For a runner: puts the mark into its own environment, for what it starts. */
void leftovers_mark(const struct home *home);

/*
 * Kills every process of this account that one of these executions has started
 * (FX_EXECUTION_ID), and every one that has this home's mark and is not below its
 * runner any more.
 */
void leftovers_end(const struct home *home, const struct uuid *executions, size_t count);

#endif
