/* map - see map.h. */
#include "store/map.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

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

/* The map is only moved where there is room for it. */
static bool has_address_space(size_t len)
{
    void *there = mmap(NULL, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return there != MAP_FAILED && munmap(there, len) == 0;
}

enum err map_adopt(struct store *store)
{
    pthread_rwlock_wrlock(&store->map_lock);
    int rc = set_map_size(store, 0);
    pthread_rwlock_unlock(&store->map_lock);
    return env_err(store, rc, "adopting a larger map");
}

enum err map_grow(struct store *store)
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
