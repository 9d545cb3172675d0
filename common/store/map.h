#ifndef STORE_MAP_H
#define STORE_MAP_H
/*
 * map - the address space that the database is mapped into, and its growth. No
 * transaction of the process may be open.
 */
#include "store/store.h"

/* Takes over the size of the map that another process has set. */
enum err map_adopt(struct store *store) MUST_CHECK;

/*
 * Doubles the map within store.map_max_bytes, or adopts the size that another process has
 * set. ERR_FULL, logged, at the limit.
 */
enum err map_grow(struct store *store) MUST_CHECK;

#endif
