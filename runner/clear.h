#ifndef RUNNER_CLEAR_H
#define RUNNER_CLEAR_H
/*
 * clear - empties a directory that a script has written in: of anything it may have
 * made, however deep, in a bounded time.
 */
#include <stdbool.h>
#include <stddef.h>

/* Is there, or may there be, anything in this open directory? Most scripts leave nothing. */
bool clear_is_needed(int fd);

/*
 * Removes what is in the directory, at most *budget entries, and counts them off. Links
 * are not followed. False when something is left: the budget is used up, or an entry
 * cannot be removed.
 */
bool clear_directory(const char *path, size_t *budget);

#endif
