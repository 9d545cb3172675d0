#ifndef PROC_ORPHANS_H
#define PROC_ORPHANS_H
/*
 * orphans - ends the processes that were handed to this process because their parents are
 * gone (prctl(2), PR_SET_CHILD_SUBREAPER).
 */
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Kills every child of this process but those that `spare` says true of; NULL spares none.
 * Returns how many children were killed, those included that only wait to be reaped.
 */
size_t orphans_kill(bool (*spare)(pid_t pid, void *context), void *context);

/* Children of this process that are no orphans. */
struct spared {
    bool (*is)(pid_t pid, void *context);
    void (*ended)(pid_t pid, int status, void *context); /* a spared child was reaped */
    void *context;
};

/*
 * Lists the children of this process but the spared ones, and all processes that are below them.
 * Returns how many there are, `max` at most.
 */
size_t orphans_list(const struct spared *spared, pid_t *ret_pids, size_t max);

/*
 * Kills and reaps until this process has no child left but the spared ones (NULL: none),
 * since killed processes hand their own children on to this process. `group` is a process
 * group to be killed as a whole along with them; 0 for none.
 */
void orphans_end(pid_t group, const struct spared *spared);

/* Reaps the children that have ended, without waiting. False when no child is left at all. */
bool orphans_reap(const struct spared *spared, size_t *ret_count);

#endif
