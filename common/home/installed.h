#ifndef HOME_INSTALLED_H
#define HOME_INSTALLED_H
/*
 * installed - where the programs of this installation are: beside the one that runs, or where
 * `make install` puts them, seen from it. bin/ has what people call, libexec/fxbridge/ what only
 * other programs start, lib/fxbridge/ what a web server does.
 */
#include <limits.h>
#include <stdbool.h>

/* The path of a program that can be run; false where there is none of that name. */
bool installed_find(const char *name, char ret_path[PATH_MAX]);

#endif
