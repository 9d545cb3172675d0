#ifndef PROC_LEFTOVERS_H
#define PROC_LEFTOVERS_H
/*
 * leftovers - ends what a dispatcher and its runners have left behind that were
 * killed together, or hang, so that nobody was there to end it (orphans.h).
 *
 * A runner is marked with FX_INSTANCE=<its dispatcher's process number>:<its home> in
 * the environment, and all that it starts likewise with its own number.
 */
#include "base/id.h"
#include "home/home.h"

#define LEFTOVERS_MARK "FX_INSTANCE"

/* Puts the mark of this process into its environment, for what it starts. */
void leftovers_mark(const struct home *home);

/*
 * Kills every process of this account that one of these executions has started
 * (FX_EXECUTION_ID), and every one that has this home's mark and is not below the
 * process that marked it any more.
 */
void leftovers_end(const struct home *home, const struct uuid *executions, size_t count);

#endif
