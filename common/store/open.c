/* open - opening, making and closing a store; see store.h. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/log.h"
#include "store/commit.h"
#include "store/env.h"
#include "store/map.h"
#include "store/txn.h"

#define READERS_MAX 1024 /* reader slots of the environment, all processes together */
#define FORMAT_VERSION 1 /* of the store as a whole; records have versions of their own */

/* Opening can fail while another process opens or closes the environment (lmdb.h). */
#define TRIES 5
#define TRY_AGAIN_US 10000

static bool on_network(const char *path)
{
    static const long magics[] = {0x6969, 0x517b, 0xfe534d42, 0xff534d42, 0x65735546, 0x01021997,
        0x5346414f, 0x00c36400, 0x0bd00bd0, 0x564c};
    struct statfs fs;
    if (statfs(path, &fs) < 0)
        return false;
    for (size_t i = 0; i < sizeof magics / sizeof magics[0]; i++)
        if ((long)fs.f_type == magics[i])
            return true;
    return false;
}

/* *ret_full: growing the map may help. */
static enum err open_tables(struct store *store, bool create, bool *ret_full)
{
    struct store_txn *txn;
    *ret_full = false;
    enum err err = create ? txn_begin(store, &txn) : store_read_begin(store, &txn);
    if (err)
        return err;
    int rc = 0;
    for (size_t i = 0; !rc && i < TABLE__MAX; i++)
        rc = mdb_dbi_open(txn->txn, env_table_name(i), create ? MDB_CREATE : 0, &store->tables[i]);
    if (!rc)
        return txn_commit(
            txn, ret_full); /* handles live on only when the transaction is committed */
    txn_abort(txn);
    *ret_full = rc == MDB_MAP_FULL;
    return env_err(store, rc, "opening its tables");
}

/* Makes all tables that are missing, also those that a newer program brings. */
static enum err make_tables(struct store *store)
{
    bool full;
    enum err err;
    do
        err = open_tables(store, true, &full);
    while (full && !map_grow(store));
    return err;
}

static int try_to_open(struct store *store, const char *path, unsigned flags, int64_t map_bytes)
{
    int rc = mdb_env_create(&store->env);
    if (!rc)
        rc = mdb_env_set_maxdbs(store->env, TABLE__MAX);
    if (!rc)
        rc = mdb_env_set_maxreaders(store->env, READERS_MAX);
    if (!rc && map_bytes)
        rc = mdb_env_set_mapsize(store->env, (size_t)map_bytes);
    mode_t old = umask(007);
    if (!rc)
        rc = mdb_env_open(store->env, path, flags | MDB_NOTLS | MDB_NORDAHEAD, 0660);
    umask(old);
    if (rc) {
        mdb_env_close(store->env);
        store->env = NULL;
    }
    return rc;
}

static enum err open_env(struct store *store, unsigned flags, int64_t map_bytes)
{
    char path[PATH_MAX];
    home_path(store->home, "db", path);
    if (!store->home->config.store_network_filesystem && on_network(path)) {
        log_error("the home is on a network file system, where the database can be lost; move it "
                  "to a local disk (or set network_filesystem = 1 in [store] of fx.conf)");
        return ERR_DENIED;
    }
    int rc = try_to_open(store, path, flags, map_bytes);
    for (int try = 1; try < TRIES && (rc == EINVAL || rc == EAGAIN); try++) {
        usleep(TRY_AGAIN_US);
        rc = try_to_open(store, path, flags, map_bytes);
    }
    if (rc == ENOENT) {
        log_error("there is no database in %s; make one with: fxctl init", path);
        return ERR_NOTFOUND;
    }
    return env_err(store, rc, "opening it");
}

static struct store *store_new(const struct home *home)
{
    struct store *store = mem_alloc(sizeof *store);
    store->home = home;
    pthread_rwlockattr_t attr;
    pthread_rwlockattr_init(&attr);
    pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&store->map_lock, &attr);
    pthread_rwlockattr_destroy(&attr);
    pthread_mutex_init(&store->readers_lock, NULL);
    commit_queue_init(&store->queue);
    return store;
}

static enum err check_format(struct store *store)
{
    struct store_txn *txn;
    uint64_t version = 0;
    enum err err = store_read_begin(store, &txn);
    if (err)
        return err;
    err = store_counter(txn, "format", &version);
    store_read_end(txn);
    if (!err && version != FORMAT_VERSION) {
        log_error("the database has format %llu, this program knows format %d",
            (unsigned long long)version, FORMAT_VERSION);
        err = ERR_CORRUPT;
    }
    return err;
}

enum err store_open(const struct home *home, enum store_mode mode, struct store **ret_store)
{
    struct store *store = store_new(home);
    bool write = mode == STORE_READ_WRITE, full;
    char path[PATH_MAX];
    home_path(home, "db/data.mdb", path);
    enum err err = ERR_OK;
    if (access(path, F_OK) < 0) {
        log_error("there is no database in %s; make one with: fxctl --home %s init", home->dir,
            home->dir);
        err = ERR_NOTFOUND;
    }
    if (!err)
        err = open_env(store, write ? 0 : MDB_RDONLY, 0);
    if (!err) {
        err = open_tables(store, false, &full);
        if (err == ERR_NOTFOUND && write)
            err = make_tables(store);
        else if (err == ERR_NOTFOUND)
            log_error("the database lacks tables; make them with: fxctl --home %s init", home->dir);
    }
    if (!err) {
        MDB_stat stat;
        mdb_env_stat(store->env, &stat);
        store->page_bytes = stat.ms_psize;
        err = check_format(store);
    }
    if (err) {
        store_close(store);
        return err;
    }
    *ret_store = store;
    return ERR_OK;
}

static enum err set_format(struct store_txn *txn, void *context)
{
    (void)context;
    uint64_t version;
    enum err err = store_counter(txn, "format", &version);
    if (!err && !version)
        err = store_set_counter(txn, "format", FORMAT_VERSION);
    return err;
}

enum err store_create(const struct home *home)
{
    struct store *store = store_new(home);
    char path[PATH_MAX];
    home_path(home, "db/data.mdb", path);
    bool exists = access(path, F_OK) == 0;
    enum err err = open_env(store, 0, exists ? 0 : home->config.store_map_bytes);
    if (!err)
        err = make_tables(store);
    if (!err)
        err = store_write(store, 0, set_format, NULL);
    store_close(store);
    return err;
}

void store_close(struct store *store)
{
    if (!store)
        return;
    while (store->readers) {
        struct store_txn *txn = store->readers;
        store->readers = txn->next;
        mdb_txn_abort(txn->txn);
        free(txn);
    }
    if (store->env)
        mdb_env_close(store->env);
    pthread_rwlock_destroy(&store->map_lock);
    pthread_mutex_destroy(&store->readers_lock);
    commit_queue_done(&store->queue);
    free(store);
}
