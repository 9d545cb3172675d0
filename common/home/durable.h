#ifndef HOME_DURABLE_H
#define HOME_DURABLE_H
/*
 * durable - files that are there whole or not at all, whenever the machine loses its power.
 *
 * A file is made under another name, flushed and then renamed, and its directory is flushed:
 * without the first flush the name may come to the disk before the bytes, without the second
 * the name may be lost (fsync(2)). What a cut leaves under the other name is written over by
 * the next try.
 */
#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* What stands behind a name while its file is being made. */
#define DURABLE_ASIDE ".new"

/*
 * Makes the file with this content, or replaces it by one with the owner and the mode it has.
 * False: errno says why, and it is as it was.
 */
bool durable_write(const char *path, mode_t mode, struct span content) MUST_CHECK;

/* Flushes a file and gives it its name, in a directory of the same file system. Likewise. */
bool durable_rename(const char *from, const char *to) MUST_CHECK;

/* Flushes a directory, or a file. False: errno says why. */
bool durable_flush(const char *path) MUST_CHECK;

/* Flushes the directory that this name is in. */
bool durable_flush_around(const char *path) MUST_CHECK;

#endif
