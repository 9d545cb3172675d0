#ifndef HOME_SCRIPTS_H
#define HOME_SCRIPTS_H
/*
 * scripts - the executables of a home that steps may name.
 */
#include <stdbool.h>

#include "home/home.h"

/* Is there an executable file of this name in the home's scripts directory? */
bool scripts_has(const struct home *home, const char *name);

#endif
