#ifndef TEMP_HOME_H
#define TEMP_HOME_H
/*
 * temp_home - for test programs that want a home and no more: `home`, in the directory `temp`.
 */
#include "temp.h"

static struct temp temp;
static struct home home;

static inline int setup(void **state)
{
    (void)state;
    temp_make(&temp);
    temp_home(&temp, &home);
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    temp_remove(&temp);
    return 0;
}

#endif
