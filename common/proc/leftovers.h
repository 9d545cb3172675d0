#ifndef PROC_LEFTOVERS_H
#define PROC_LEFTOVERS_H
/*
 * leftovers - ends processes that a dispatcher and its runners have left behind: both were
 * killed together, or hang, so that nobody was there to end them (orphans.h).
 *
 * A runner is marked by FX_INSTANCE=<its dispatcher's process number>:<its home> in the
 * environment, and among its arguments, since nobody but root sees the environment of one
 * of our programs. What a runner starts is marked likewise, with the runner's number.
 */
#include "base/id.h"
#include "home/home.h"

#define LEFTOVERS_MARK "FX_INSTANCE"

/* Puts the mark of this process into its environment, for what it starts. */
void leftovers_mark(const struct home *home);

/* The mark of this process as an argument, "FX_INSTANCE=…". */
char *leftovers_argument(void);

/*
 * Kills every process of this account that one of these executions has started
 * (FX_EXECUTION_ID), and every process that has this home's mark and is no longer below the
 * process that marked it.
 */
void leftovers_end(const struct home *home, const struct uuid *executions, size_t count);

#endif
