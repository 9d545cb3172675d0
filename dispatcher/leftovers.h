#ifndef DISPATCHER_LEFTOVERS_H
#define DISPATCHER_LEFTOVERS_H
/*
 * leftovers - ends what steps have left behind whose runner and dispatcher were
 * killed together, so that nobody was there to end it (orphans.h).
 */
#include "base/id.h"

/*
 * Kills every process of this account that has one of these executions in its
 * environment (FX_EXECUTION_ID).
 */
void leftovers_end(const struct uuid *executions, size_t count);

#endif
