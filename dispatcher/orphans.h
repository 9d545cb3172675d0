#ifndef DISPATCHER_ORPHANS_H
#define DISPATCHER_ORPHANS_H
/*
 * orphans - ends the processes that were handed to this one because their parents
 * are gone (PR_SET_CHILD_SUBREAPER).
 */
#include <stdbool.h>
#include <sys/types.h>

/* Kills every child of this process but those that `spare` says true of; NULL spares none. */
void orphans_kill(bool (*spare)(pid_t pid, void *context), void *context);

#endif
