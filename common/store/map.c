/* map - see map.h. */
#include "store/map.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/log.h"
#include "store/env.h"

/* LMDB unmaps before it maps anew: where mapping fails, LMDB has no map to go on with. */
static int set_map_size(struct store *store, size_t size)
{
    int rc = mdb_env_set_mapsize(store->env, size);
    if (rc == ENOMEM)
        log_die(EXIT_RETRY, "there is no address space for the database's map");
    return rc;
}

/* Is there room to move the map to? */
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

static size_t map_size(const struct store *store)
{
    MDB_envinfo info;
    mdb_env_info(store->env, &info);
    return info.me_mapsize;
}

static enum err grow(struct store *store, size_t was, size_t size)
{
    if (size > was && !has_address_space(size - was))
        return env_full(store, "this process has no address space for a larger map; allow it "
                               "more (ulimit -v), and start it again");
    int rc = set_map_size(store, 0);
    if (rc || map_size(store) > was)
        return env_err(store, rc, "growing the map");
    /* The file does not know yet of a growth by this process that no commit has followed. */
    rc = set_map_size(store, size);
    if (rc)
        return env_err(store, rc, "growing the map");
    if (size == was)
        return env_full(store,
            "its map has the %zu MiB that it may have; raise map_max_bytes in "
            "[store] of fx.conf, and start the programs again",
            size >> 20);
    log_info("the map has grown to %zu MiB", size >> 20);
    return ERR_OK;
}

enum err map_grow(struct store *store)
{
    pthread_rwlock_wrlock(&store->map_lock);
    size_t max = (size_t)store->home->config.store_map_max_bytes, was = map_size(store);
    size_t larger = was > max / 2 ? max : was * 2;
    enum err err = grow(store, was, larger > was ? larger : was);
    pthread_rwlock_unlock(&store->map_lock);
    return err;
}

/* Where this process has mapped the data file. The kernel tells; LMDB does not. */
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
    /* Only this process's page tables are dropped: the file has the pages. */
    if (find_map(store, &address, &len))
        (void)madvise(address, len, MADV_DONTNEED);
    pthread_rwlock_unlock(&store->map_lock);
}
