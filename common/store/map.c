/* map - how large the database's map is, and how full; see store.h and env.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statvfs.h>

#include "base/log.h"
#include "store/env.h"

/* LMDB unmaps before it maps anew; when that fails, it has no map left to go on with. */
static int set_map_size(struct store *store, size_t size)
{
    int rc = mdb_env_set_mapsize(store->env, size);
    if (rc == ENOMEM)
        log_die(EXIT_RETRY, "there is no address space for the database's map");
    return rc;
}

/* So it is tried before. */
static bool has_address_space(size_t len)
{
    void *there = mmap(NULL, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return there != MAP_FAILED && munmap(there, len) == 0;
}

enum err env_adopt_map(struct store *store)
{
    pthread_rwlock_wrlock(&store->map_lock);
    int rc = set_map_size(store, 0);
    pthread_rwlock_unlock(&store->map_lock);
    return env_err(store, rc, "adopting a larger map");
}

enum err store_grow(struct store *store)
{
    MDB_envinfo before, after;
    pthread_rwlock_wrlock(&store->map_lock);
    mdb_env_info(store->env, &before);
    size_t max = (size_t)store->home->config.store_map_max_bytes;
    size_t size = before.me_mapsize > max / 2 ? max : before.me_mapsize * 2;
    int rc = 0;
    if (size > before.me_mapsize && !has_address_space(size - before.me_mapsize))
        rc = MDB_MAP_FULL;
    if (!rc)
        rc = set_map_size(store, 0);
    mdb_env_info(store->env, &after);
    /* What this process has grown by without a commit since, the file does not know of. */
    if (!rc && after.me_mapsize <= before.me_mapsize) {
        bool more = size > before.me_mapsize;
        rc = set_map_size(store, more ? size : before.me_mapsize);
        if (!rc && more)
            log_info("the map has grown to %zu MiB", size >> 20);
        if (!rc && !more)
            rc = MDB_MAP_FULL;
    }
    pthread_rwlock_unlock(&store->map_lock);
    return env_err(store, rc, "growing the map");
}

/* Free pages inside the file, from LMDB's own table of them (database 0): a count leads each
 * record. */
static size_t free_pages(struct store *store)
{
    MDB_txn *txn = NULL;
    MDB_cursor *cursor;
    MDB_val key, value;
    size_t pages = 0, count;
    if (env_begin(store, MDB_RDONLY, &txn))
        return 0;
    if (mdb_cursor_open(txn, 0, &cursor) == 0) {
        while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
            memcpy(&count, value.mv_data, sizeof count);
            pages += count;
        }
        mdb_cursor_close(cursor);
    }
    mdb_txn_abort(txn);
    pthread_rwlock_unlock(&store->map_lock);
    return pages;
}

int64_t env_disk_free(const struct store *store)
{
    struct statvfs disk;
    char path[PATH_MAX];
    home_path(store->home, "db", path);
    return statvfs(path, &disk) == 0 ? (int64_t)(disk.f_bavail * disk.f_frsize) : INT64_MAX;
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
    /* Counting the free pages reads their whole table, so it waits until it decides something. */
    if (used > limit)
        used -= free_pages(store) * store->page_bytes;

    room.used_bytes = (int64_t)used;
    room.disk_free_bytes = env_disk_free(store);
    room.accepting = used <= limit && room.disk_free_bytes >= config->store_disk_reserve_bytes;
    return room;
}

/* Where this process has mapped the data file, as the kernel tells it; LMDB does not. */
static bool find_map(const struct store *store, void **ret_address, size_t *ret_len)
{
    char path[PATH_MAX], line[PATH_MAX + 128];
    home_path(store->home, "db/data.mdb", path);
    FILE *maps = fopen("/proc/self/maps", "re");
    bool found = false;
    while (maps && !found && fgets(line, sizeof line, maps)) {
        unsigned long from, to;
        int name = 0;
        line[strcspn(line, "\n")] = 0;
        found = sscanf(line, "%lx-%lx %*s %*s %*s %*s %n", &from, &to, &name) == 2 && name > 0 &&
                strcmp(line + name, path) == 0;
        if (found) {
            *ret_address = (void *)from;
            *ret_len = to - from;
        }
    }
    if (maps)
        fclose(maps);
    return found;
}

void store_rest(struct store *store)
{
    void *address;
    size_t len;
    pthread_rwlock_wrlock(&store->map_lock);
    /* Only this process's page tables are dropped: the pages are the file's and come back when
     * touched. */
    if (find_map(store, &address, &len))
        (void)madvise(address, len, MADV_DONTNEED);
    pthread_rwlock_unlock(&store->map_lock);
}
