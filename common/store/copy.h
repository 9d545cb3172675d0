#ifndef STORE_COPY_H
#define STORE_COPY_H
/*
 * copy - a copy of a store as it is at one moment, while others may write.
 */
#include "store/store.h"

/*
 * Writes data.mdb into a directory of the home, which is made where it is missing. The
 * copy is there whole, on disk, or it is as it was before. ERR_FULL, ERR_IO: logged with
 * what to do.
 */
enum err copy_store(struct store *store, const char *directory) MUST_CHECK;

#endif
