#ifndef HOME_DISK_H
#define HOME_DISK_H
/*
 * disk - the file system that a home is on.
 */
#include <stdbool.h>

/* Is it on a network, where LMDB's locks and maps do not hold (store/PLATFORM.md)? */
bool disk_is_network(const char *path);

#endif
