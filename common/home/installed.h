#ifndef HOME_INSTALLED_H
#define HOME_INSTALLED_H
/*
 * installed - where the programs are that a program of ours starts: beside the one that runs,
 * where `make install` puts them, seen from it, or in the folder that `programs` in [dispatcher]
 * of fx.conf names. bin/ has what people call, libexec/fxbridge/ what only other programs start,
 * lib/fxbridge/ what a web server does. A file that is all programs in one (single/) is each of
 * those that it has, by the name that it is called by.
 */
#include <limits.h>
#include <stdbool.h>

#include "base/buf.h"
#include "home/home.h"

struct installed {
    char path[PATH_MAX];   /* of the file */
    char called[PATH_MAX]; /* its argv[0]: the same, or a path with the program's name */
};

/* False where there is none of that name that can be run; *why then lists the places. */
bool installed_find(
    const struct home *home, const char *name, struct installed *ret_installed, struct buf *why);

/* Is this program inside of the running file? Defined by single/ alone. */
bool installed_inside(const char *name) __attribute__((weak));

#endif
