#ifndef BASE_ROTATE_H
#define BASE_ROTATE_H
/*
 * rotate - a log file that never grows beyond its bound, though several processes append to
 * it. Who finds it full gives it the name NAME.1, what had that name becomes NAME.2, and so on;
 * the oldest goes. The others notice at their next line, since the file they have is full. What
 * they write while it is being renamed goes behind the bound.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct rotate {
    const char *path; /* borrowed */
    int64_t bytes;    /* of the file that is written and of each that is kept */
    int files;        /* kept besides it */
};

/* Opens the file, made where it is missing, as this descriptor. False with errno. */
bool rotate_open(const struct rotate *file, int fd) MUST_CHECK;

/*
 * Appends whole lines to the descriptor, which rotate_open has opened, and opens the file anew
 * where it is full or has been removed. What the disk does not take is lost.
 */
void rotate_append(const struct rotate *file, int fd, const char *lines, size_t len);

#endif
