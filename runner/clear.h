#ifndef RUNNER_CLEAR_H
#define RUNNER_CLEAR_H
/*
 * clear - empties a directory that a script has written in: of anything it may have
 * made, however deep, in a bounded time.
 */
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* A name that is left where it leads to this inode. A list of them ends with one that is NULL. */
struct clear_spared {
    const char *name;
    ino_t inode;
};

/*
 * Is there, or may there be, anything in this open directory but what is spared (NULL: nothing)?
 * Most scripts leave nothing.
 */
bool clear_is_needed(int fd, const struct clear_spared *spared);

/*
 * Removes what is in the directory but for what is spared (NULL: nothing), at most *budget
 * entries, and counts them off. Links are not followed. False when something is left: the budget
 * is used up, or an entry cannot be removed.
 */
bool clear_directory(const char *path, size_t *budget, const struct clear_spared *spared);

#endif
