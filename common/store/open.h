#ifndef STORE_OPEN_H
#define STORE_OPEN_H
/*
 * open - opening a store in steps, for upgrade.c; store_open takes them all.
 */
#include "store/store.h"

/* The environment alone, whatever its layout. Errors as store_open. */
enum err open_env(
    const struct home *home, enum store_mode mode, struct store **ret_store) MUST_CHECK;

/* The layout that the store has; 0 when making it was cut short. */
enum err open_layout(struct store *store, uint64_t *ret_layout) MUST_CHECK;

/* Unless it is this program's: ERR_CONFLICT or ERR_NOTFOUND, logged with what to do. */
enum err open_check_layout(const struct store *store, uint64_t layout) MUST_CHECK;

/* Its tables, those that are missing made where the store may be written. */
enum err open_tables(struct store *store, enum store_mode mode) MUST_CHECK;

/* From now on the store is written only while it has this program's layout (commit.c). */
void open_keep_layout(struct store *store);

#endif
