#ifndef BASE_LINEAGE_H
#define BASE_LINEAGE_H
/*
 * lineage - who has started a process, as /proc tells everybody.
 */
#include <stdbool.h>
#include <sys/types.h>

/* The parent's number; 0 when there is none, or the process is gone or cannot be seen. */
pid_t lineage_parent(pid_t pid);

/* Is the process this one, or one that this one has started, over however many others? */
bool lineage_is_below(pid_t pid, pid_t ancestor);

/* Has a process of this name started it? A name has 15 bytes at most, as comm in proc(5). */
bool lineage_has(pid_t pid, const char *name);

#endif
