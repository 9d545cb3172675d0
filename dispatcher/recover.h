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

/*
 * The same for a dispatcher that goes on with a store opened anew. Its runners keep their jobs,
 * and what became of jobs is still recorded. Was the last turn stored, though the store said
 * that it was not, then what it claimed has no runner, and is pending again.
 */
enum err recover_again(struct dispatcher *d) MUST_CHECK;

#endif
