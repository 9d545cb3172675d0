#ifndef HOME_INSTALLED_H
#define HOME_INSTALLED_H
/*
 * installed - where the programs are that a program of ours starts: beside the one that runs,
 * where `make install` puts them, seen from it, or in the folder that `programs` in [dispatcher]
 * of fx.conf names. bin/ has what people call, libexec/fxbridge/ what only other programs start,
 * lib/fxbridge/ what a web server does.
 */
#include <limits.h>
#include <stdbool.h>

#include "base/buf.h"
#include "home/home.h"

/* False where there is none of that name that can be run; *why then lists the places. */
bool installed_find(
    const struct home *home, const char *name, char ret_path[PATH_MAX], struct buf *why);

#endif
