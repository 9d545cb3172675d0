/* room - how full a store may get; see store.h. */
#include <string.h>

#include "store/env.h"

/* Free pages inside the file. LMDB lists them in its database 0, a count before each record. */
static size_t free_pages(struct store *store)
{
    struct store_txn *txn;
    MDB_cursor *cursor;
    MDB_val key, value;
    size_t pages = 0, count;
    if (store_read_begin(store, &txn))
        return 0;
    if (mdb_cursor_open(txn->txn, 0, &cursor) == 0) {
        while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
            memcpy(&count, value.mv_data, sizeof count);
            pages += count;
        }
        mdb_cursor_close(cursor);
    }
    store_read_end(txn);
    return pages;
}

struct store_room store_room(struct store *store)
{
    const struct config *config = &store->home->config;
    struct store_room room = {.max_bytes = config->store_map_max_bytes};
    MDB_envinfo info;

    pthread_rwlock_rdlock(&store->map_lock);
    mdb_env_info(store->env, &info);
    size_t limit = (size_t)(room.max_bytes / 100 * config->store_accept_percent);
    pthread_rwlock_unlock(&store->map_lock);
    size_t used = (info.me_last_pgno + 1) * store->page_bytes;
    /* Counting free pages reads all of that list, so they are counted only when it matters. */
    if (used > limit)
        used -= free_pages(store) * store->page_bytes;

    room.used_bytes = (int64_t)used;
    room.disk_free_bytes = env_disk_free(store);
    room.accepting = used <= limit && room.disk_free_bytes >= config->store_disk_reserve_bytes;
    return room;
}
