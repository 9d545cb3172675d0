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

/*
 * Kills and reaps until this process has no child left: killed processes hand
 * their own children on to it. `group` is a process group to be killed with
 * them, as a whole; 0 for none.
 */
void orphans_end(pid_t group);

#endif
