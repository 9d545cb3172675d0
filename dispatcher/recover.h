#ifndef DISPATCHER_RECOVER_H
#define DISPATCHER_RECOVER_H
/*
 * recover - the start of a dispatcher, where the one before has left off, in order or not.
 */
#include "base/err.h"

struct dispatcher;

/*
 * Ends the processes that are left of executions that were in progress, makes those executions
 * pending again, and counts what is pending. Once, before the first turn.
 */
enum err recover_start(struct dispatcher *d) MUST_CHECK;

#endif
