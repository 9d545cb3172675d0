/* open - see open.h and store.h. */
#include "store/open.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "home/disk.h"
#include "home/durable.h"
#include "store/commit.h"
#include "store/env.h"
#include "store/map.h"
#include "store/txn.h"

#define READERS_MAX 1024 /* reader slots of the environment, all processes together */

/* Opening can fail while another process opens or closes the environment (lmdb.h). */
#define TRIES 5
#define TRY_AGAIN_US 10000

/* *ret_full: growing the map may help. */
static enum err find_tables(struct store *store, bool create, bool *ret_full)
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
        err = find_tables(store, true, &full);
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

/* A reader has 64 bytes, a line of the cache, and what stands before the readers has a few. */
#define LOCK_BYTES ((READERS_MAX + 16) * 64)

/*
 * LMDB maps lock.mdb, which begins with holes: where a full disk has no block for one, the
 * reader that gets its slot there dies of SIGBUS. The blocks are taken before LMDB opens the
 * file, since closing any descriptor of it later would drop LMDB's locks.
 */
static void take_lock_blocks(const struct store *store, const char *directory)
{
    char path[PATH_MAX];
    struct stat st;
    struct buf name = BUF_INIT;
    buf_printf(&name, "%s/lock.mdb", directory);
    home_path(store->home, buf_text(&name), path);
    buf_done(&name);
    mode_t old = umask(007);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0660);
    umask(old);
    if (fd < 0)
        return; /* LMDB says why */
    /* A file that is there keeps its size: others have mapped so much, and not more. */
    off_t len = fstat(fd, &st) == 0 && st.st_size ? st.st_size : LOCK_BYTES;
    if (fallocate(fd, 0, 0, len) < 0 && errno != EOPNOTSUPP)
        log_errno("cannot take room for %s; with many readers programs may end", path);
    close(fd);
}

/* Opens the environment in this directory of the home. */
static enum err start(struct store *store, const char *directory, unsigned flags, int64_t map_bytes)
{
    char path[PATH_MAX];
    home_path(store->home, directory, path);
    if (!store->home->config.store_network_filesystem && disk_is_network(path)) {
        log_error("%s is on a network file system, where the database can be lost; move the home "
                  "to a local disk (or set network_filesystem = 1 in [store] of fx.conf)",
            path);
        return ERR_DENIED;
    }
    if (access(path, F_OK) == 0)
        take_lock_blocks(store, directory);
    int rc = try_to_open(store, path, flags, map_bytes);
    for (int try = 1; try < TRIES && (rc == EINVAL || rc == EAGAIN); try++) {
        usleep(TRY_AGAIN_US);
        rc = try_to_open(store, path, flags, map_bytes);
    }
    if (rc == ENOENT) {
        log_error("there is no database in %s; make one with: fxctl init", path);
        return ERR_NOTFOUND;
    }
    if (rc == EROFS) {
        log_error("%s is on a file system that is read-only; see why, and mount it for writing: "
                  "fxctl --home %s doctor names the command",
            path, store->home->dir);
        return ERR_DENIED;
    }
    if (rc == EACCES || rc == EPERM) {
        log_error("this account (%d) may not open data.mdb and lock.mdb in %s: %s; see to their "
                  "owner and mode",
            (int)geteuid(), path, mdb_strerror(rc));
        return ERR_DENIED;
    }
    if (rc)
        return env_err(store, rc, "opening it");
    MDB_stat stat;
    mdb_env_stat(store->env, &stat);
    store->page_bytes = stat.ms_psize;
    return ERR_OK;
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

enum err open_env(const struct home *home, enum store_mode mode, struct store **ret_store)
{
    struct store *store = store_new(home);
    char path[PATH_MAX];
    home_path(home, "db/data.mdb", path);
    enum err err = ERR_OK;
    if (access(path, F_OK) < 0) {
        log_error("there is no database in %s; make one with: fxctl --home %s init", home->dir,
            home->dir);
        err = ERR_NOTFOUND;
    }
    if (!err)
        err = start(store, "db", mode == STORE_READ_WRITE ? 0 : MDB_RDONLY, 0);
    if (err)
        store_close(store);
    else
        *ret_store = store;
    return err;
}

enum err open_layout(struct store *store, uint64_t *ret_layout)
{
    struct store_txn *txn;
    *ret_layout = 0;
    enum err err = store_read_begin(store, &txn);
    if (err)
        return err;
    int rc = mdb_dbi_open(txn->txn, env_table_name(TABLE_META), 0, &store->tables[TABLE_META]);
    err = rc == MDB_NOTFOUND ? ERR_OK : env_err(store, rc, "opening its tables");
    if (!rc)
        err = store_counter(txn, STORE_LAYOUT_COUNTER, ret_layout);
    txn_abort(txn); /* and with it the handle */
    return err;
}

/* A process then has a reader's slot, whoever takes all the others. */
static enum err make_reader(struct store *store)
{
    struct store_txn *txn;
    enum err err = store_read_begin(store, &txn);
    if (!err)
        store_read_end(txn);
    return err;
}

enum err open_tables(struct store *store, enum store_mode mode)
{
    bool full;
    enum err err = find_tables(store, false, &full);
    if (err == ERR_NOTFOUND && mode == STORE_READ_WRITE)
        err = make_tables(store);
    else if (err == ERR_NOTFOUND)
        log_error(
            "the database lacks tables; make them with: fxctl --home %s init", store->home->dir);
    return err ? err : make_reader(store);
}

enum err open_check_layout(const struct store *store, uint64_t layout)
{
    const char *dir = store->home->dir;
    if (layout == STORE_LAYOUT)
        return ERR_OK;
    if (!layout)
        log_error("the database was not made to its end; make it with: fxctl --home %s init", dir);
    else if (layout < STORE_LAYOUT)
        log_error("the database has layout %" PRIu64 ", of an earlier version; stop the web server "
                  "and bring it to layout %d with: fxctl --home %s upgrade (or start a dispatcher, "
                  "which does the same)",
            layout, STORE_LAYOUT, dir);
    else
        log_error("the database has layout %" PRIu64 ", of a newer version, and this program knows "
                  "layouts up to %d; install that version again",
            layout, STORE_LAYOUT);
    return layout ? ERR_CONFLICT : ERR_NOTFOUND;
}

void open_keep_layout(struct store *store)
{
    store->layout = STORE_LAYOUT;
}

enum err store_open(const struct home *home, enum store_mode mode, struct store **ret_store)
{
    struct store *store;
    uint64_t layout;
    enum err err = open_env(home, mode, &store);
    if (err)
        return err;
    err = open_layout(store, &layout);
    if (!err)
        err = open_check_layout(store, layout);
    if (!err)
        err = open_tables(store, mode);
    if (err) {
        store_close(store);
        return err;
    }
    open_keep_layout(store);
    *ret_store = store;
    return ERR_OK;
}

static enum err set_layout(struct store_txn *txn, void *context)
{
    (void)context;
    return store_set_counter(txn, STORE_LAYOUT_COUNTER, STORE_LAYOUT);
}

/* Makes what is missing of the environment in this directory of the home. */
static enum err complete(const struct home *home, const char *directory, int64_t map_bytes)
{
    struct store *store = store_new(home);
    uint64_t layout;
    enum err err = start(store, directory, 0, map_bytes);
    if (!err)
        err = open_layout(store, &layout);
    if (!err && layout)
        err = open_check_layout(store, layout);
    if (!err)
        err = make_tables(store);
    if (!err && !layout)
        err = store_write(store, 0, set_layout, NULL);
    store_close(store);
    return err;
}

/* Where a database is made, before it gets its place. */
#define ASIDE "db" DURABLE_ASIDE

/* Takes away what an earlier try has left. */
static void clear_aside(const struct home *home)
{
    static const char *const names[] = {ASIDE "/data.mdb", ASIDE "/lock.mdb"};
    char path[PATH_MAX];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        home_path(home, names[i], path);
        (void)unlink(path);
    }
    home_path(home, ASIDE, path);
    (void)rmdir(path);
}

/*
 * LMDB makes a file step by step, and takes one that a power cut has left half made for a
 * damaged one. A new database is therefore made aside, and named when it is whole.
 */
static enum err make_aside(const struct home *home, const char *data)
{
    char made[PATH_MAX], aside[PATH_MAX];
    home_path(home, ASIDE, aside);
    home_path(home, ASIDE "/data.mdb", made);
    clear_aside(home);
    if (mkdir(aside, 0700) < 0) {
        log_errno("cannot make the directory %s", aside);
        return ERR_IO;
    }
    enum err err = complete(home, ASIDE, home->config.store_map_bytes);
    if (!err && !durable_rename(made, data)) {
        err = errno == ENOENT ? ERR_NOTFOUND : ERR_IO;
        log_errno("cannot make %s", data);
    }
    return err;
}

enum err store_create(const struct home *home)
{
    char path[PATH_MAX];
    struct stat st;
    home_path(home, "db/data.mdb", path);
    int hold = home_hold(home);
    bool exists = stat(path, &st) == 0 && st.st_size > 0;
    enum err err = exists ? ERR_OK : make_aside(home, path);
    clear_aside(home);
    if (!err)
        err = complete(home, "db", 0);
    if (hold >= 0)
        close(hold);
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
