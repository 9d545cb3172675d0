#ifndef STORE_UPGRADE_H
#define STORE_UPGRADE_H
/*
 * upgrade - carries a store over from the layout of an earlier version.
 *
 * For whoever holds the dispatcher's lock (home/alive.h). Each layout is left in one
 * transaction, so that what is cut short is repeated from there.
 */
#include "store/store.h"

struct upgrade {
    uint64_t from, to; /* layouts; equal when there was nothing to do */
    char copy
        [PATH_MAX]; /* the directory with the store as it was; "" when there was nothing to do */
};

/*
 * As store_open, to read and write; a store of an earlier layout is first copied and then carried
 * over, for this actor (store_set_actor). Errors besides those of store_open: ERR_FULL there is no
 * room for the copy or the new layout, and then the store is as it was.
 */
enum err upgrade_open(const struct home *home, const struct actor *actor, struct store **ret_store,
    struct upgrade *ret_upgrade) MUST_CHECK;

#endif
