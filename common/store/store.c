/*
 * store - see store.h. The only file that includes lmdb.h: every MDB_* result
 * is met here and leaves as an enum err.
 */
#include "store/store.h"

#include <errno.h>
#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/pack.h"
#include "store/commit.h"

#define READERS_MAX 1024       /* reader slots of the environment, all processes together */
#define READERS_KEPT 64        /* read transactions a process keeps for reuse */
#define DISK_FULL_BYTES MIB(1) /* as good as none: less than one large write */
#define OPEN_TRIES 5           /* opening can fail while another process opens or closes (lmdb.h) */
#define FORMAT_VERSION 1       /* of the store as a whole; records carry their own */

struct store_txn {
    MDB_txn *txn;
    struct store *store;
    bool dirty;   /* something was changed since txn_mark_clean */
    bool changed; /* something was changed at all */
    bool full;    /* the map had no room for a change; growing may help */
    struct store_txn *next;
};

struct store {
    const struct home *home;
    MDB_env *env;
    MDB_dbi tables[TABLE__MAX];
    size_t page_bytes;
    atomic_bool broken;

    /* Held shared by every transaction and exclusively while the map is moved. */
    pthread_rwlock_t map_lock;

    pthread_mutex_t readers_lock;
    struct store_txn *readers; /* reset, ready to be renewed */
    size_t reader_count;

    struct commit_queue queue;
};

static const char *const table_names[] = {
#define TABLE(constant, name, key, record, writer) name,
#include "schema/tables.def"
#undef TABLE
};

/* The one map from LMDB's results. What is not an ordinary answer is logged. */
static enum err store_err(struct store *store, int rc, const char *doing)
{
    switch (rc) {
    case MDB_SUCCESS:
        return ERR_OK;
    case MDB_NOTFOUND:
        return ERR_NOTFOUND;
    case MDB_KEYEXIST:
        return ERR_CONFLICT;
    case MDB_MAP_FULL:
    case ENOSPC:
    case EDQUOT:
        log_error("the store is full (%s: %s)", doing, mdb_strerror(rc));
        return ERR_FULL;
    case MDB_PANIC:
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_VERSION_MISMATCH:
    case MDB_INVALID:
        log_error("the store is not usable (%s: %s)", doing, mdb_strerror(rc));
        if (store)
            store->broken = true;
        return ERR_CORRUPT;
    default:
        log_error("the store failed (%s: %s)", doing, mdb_strerror(rc));
        return ERR_IO;
    }
}

static MDB_val to_val(struct span s)
{
    return (MDB_val){s.len, (void *)(uintptr_t)s.data};
}

static struct span to_span(MDB_val v)
{
    return span_of(v.mv_data, v.mv_size);
}

static enum err begin(struct store *store, unsigned flags, MDB_txn **txn);

/* Opening. */

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

static enum err open_tables(struct store *store, bool create)
{
    MDB_txn *txn = NULL;
    enum err err = begin(store, create ? 0 : MDB_RDONLY, &txn);
    if (err)
        return err;
    int rc = 0;
    for (size_t i = 0; !rc && i < TABLE__MAX; i++)
        rc = mdb_dbi_open(txn, table_names[i], create ? MDB_CREATE : 0, &store->tables[i]);
    if (rc)
        mdb_txn_abort(txn);
    else
        rc = mdb_txn_commit(txn); /* not aborted: the handles live on only so */
    pthread_rwlock_unlock(&store->map_lock);
    return rc == MDB_NOTFOUND ? ERR_NOTFOUND : store_err(store, rc, "opening its tables");
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
    int rc = 0;
    for (int try = 0; try < OPEN_TRIES; try++) {
        rc = mdb_env_create(&store->env);
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
        if (!rc)
            break;
        mdb_env_close(store->env);
        store->env = NULL;
        if (rc != EINVAL && rc != EAGAIN)
            break;
        usleep(10000);
    }
    if (rc == ENOENT) {
        log_error("there is no database in %s; make one with: fxctl init", path);
        return ERR_NOTFOUND;
    }
    return store_err(NULL, rc, "opening it");
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
    bool write = mode == STORE_READ_WRITE;
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
        err = open_tables(store, false);
        if (err == ERR_NOTFOUND && write)
            err = open_tables(store, true); /* tables that a newer version brings */
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
        err = open_tables(store, true);
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

bool store_is_broken(const struct store *store)
{
    return store->broken;
}

uint64_t store_last_commit(const struct store *store)
{
    MDB_envinfo info;
    mdb_env_info(store->env, &info);
    return info.me_last_txnid;
}

void store_clear_stale_readers(struct store *store)
{
    int dead = 0;
    if (mdb_reader_check(store->env, &dead) == 0 && dead > 0)
        log_info("freed %d reader slots of processes that are gone", dead);
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

/* The map. */

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

/* Takes over the size that another process has set. */
static enum err adopt_map(struct store *store)
{
    pthread_rwlock_wrlock(&store->map_lock);
    int rc = set_map_size(store, 0);
    pthread_rwlock_unlock(&store->map_lock);
    return store_err(store, rc, "adopting a larger map");
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
    return store_err(store, rc, "growing the map");
}

/* Free pages inside the file, from LMDB's own table of them (database 0): a count leads each
 * record. */
static size_t free_pages(struct store *store)
{
    MDB_txn *txn = NULL;
    MDB_cursor *cursor;
    MDB_val key, value;
    size_t pages = 0, count;
    if (begin(store, MDB_RDONLY, &txn))
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

/* What this account may still write there. */
static int64_t disk_free_bytes(const struct store *store)
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
    room.disk_free_bytes = disk_free_bytes(store);
    room.accepting = used <= limit && room.disk_free_bytes >= config->store_disk_reserve_bytes;
    return room;
}

/* Transactions. */

/* Begins, curing what can be cured: a map that another process has grown, slots of readers that
 * died. */
static enum err begin(struct store *store, unsigned flags, MDB_txn **txn)
{
    int rc = MDB_SUCCESS;
    for (int try = 0; try < OPEN_TRIES; try++) {
        pthread_rwlock_rdlock(&store->map_lock);
        rc = *txn ? mdb_txn_renew(*txn) : mdb_txn_begin(store->env, NULL, flags, txn);
        if (!rc)
            return ERR_OK;
        pthread_rwlock_unlock(&store->map_lock);
        if (rc == MDB_READERS_FULL)
            store_clear_stale_readers(store);
        else if (rc != MDB_MAP_RESIZED || adopt_map(store))
            break;
    }
    return store_err(store, rc, "beginning a transaction");
}

enum err store_read_begin(struct store *store, struct store_txn **ret_txn)
{
    pthread_mutex_lock(&store->readers_lock);
    struct store_txn *txn = store->readers;
    if (txn) {
        store->readers = txn->next;
        store->reader_count--;
    }
    pthread_mutex_unlock(&store->readers_lock);
    if (!txn) {
        txn = mem_alloc(sizeof *txn);
        txn->store = store;
    }
    enum err err = begin(store, MDB_RDONLY, &txn->txn);
    if (err) {
        if (txn->txn)
            mdb_txn_abort(txn->txn);
        free(txn);
        return err;
    }
    *ret_txn = txn;
    return ERR_OK;
}

void store_read_end(struct store_txn *txn)
{
    struct store *store = txn->store;
    mdb_txn_reset(txn->txn);
    pthread_rwlock_unlock(&store->map_lock);
    pthread_mutex_lock(&store->readers_lock);
    bool keep = store->reader_count < READERS_KEPT;
    if (keep) {
        txn->next = store->readers;
        store->readers = txn;
        store->reader_count++;
    }
    pthread_mutex_unlock(&store->readers_lock);
    if (!keep) {
        mdb_txn_abort(txn->txn);
        free(txn);
    }
}

enum err txn_begin(struct store *store, struct store_txn **ret_txn)
{
    struct store_txn *txn = mem_alloc(sizeof *txn);
    txn->store = store;
    enum err err = begin(store, 0, &txn->txn);
    if (err)
        free(txn);
    else
        *ret_txn = txn;
    return err;
}

enum err txn_commit(struct store_txn *txn, bool *ret_full)
{
    struct store *store = txn->store;
    int rc = mdb_txn_commit(txn->txn);
    pthread_rwlock_unlock(&store->map_lock);
    free(txn);
    *ret_full = rc == MDB_MAP_FULL;
    /* LMDB calls it EIO when the disk takes a part of a write. */
    if (rc == EIO && disk_free_bytes(store) < DISK_FULL_BYTES)
        rc = ENOSPC;
    return store_err(store, rc, "committing");
}

void txn_abort(struct store_txn *txn)
{
    mdb_txn_abort(txn->txn);
    pthread_rwlock_unlock(&txn->store->map_lock);
    free(txn);
}

void txn_mark_clean(struct store_txn *txn)
{
    txn->dirty = false;
}

bool txn_is_dirty(const struct store_txn *txn)
{
    return txn->dirty;
}

bool txn_is_full(const struct store_txn *txn)
{
    return txn->full;
}

struct commit_queue *store_queue(struct store *store)
{
    return &store->queue;
}

const struct home *store_home(const struct store *store)
{
    return store->home;
}

uint64_t store_txn_commit(const struct store_txn *txn)
{
    /* A transaction that changed nothing makes no commit. */
    return mdb_txn_id(txn->txn) - !txn->changed;
}

uint64_t store_txn_sees(const struct store_txn *txn)
{
    return mdb_txn_id(txn->txn);
}

/* Keys and values. */

enum err store_get(
    struct store_txn *txn, enum store_table table, struct span key, struct span *ret_value)
{
    MDB_val k = to_val(key), v;
    int rc = mdb_get(txn->txn, txn->store->tables[table], &k, &v);
    if (!rc)
        *ret_value = to_span(v);
    return store_err(txn->store, rc, table_names[table]);
}

static enum err put(struct store_txn *txn, enum store_table table, struct span key,
    struct span value, unsigned flags)
{
    MDB_val k = to_val(key), v = to_val(value);
    txn->dirty = txn->changed = true;
    int rc = mdb_put(txn->txn, txn->store->tables[table], &k, &v, flags);
    if (rc == MDB_MAP_FULL)
        txn->full = true;
    return store_err(txn->store, rc, table_names[table]);
}

enum err store_put(
    struct store_txn *txn, enum store_table table, struct span key, struct span value)
{
    return put(txn, table, key, value, 0);
}

enum err store_append(
    struct store_txn *txn, enum store_table table, struct span key, struct span value)
{
    return put(txn, table, key, value, MDB_APPEND);
}

enum err store_del(struct store_txn *txn, enum store_table table, struct span key)
{
    MDB_val k = to_val(key);
    int rc = mdb_del(txn->txn, txn->store->tables[table], &k, NULL);
    if (rc != MDB_NOTFOUND)
        txn->dirty = txn->changed = true;
    if (rc == MDB_MAP_FULL)
        txn->full = true;
    return store_err(txn->store, rc, table_names[table]);
}

enum err store_counter(struct store_txn *txn, const char *name, uint64_t *ret_value)
{
    struct span value;
    enum err err = store_get(txn, TABLE_META, span_str(name), &value);
    if (err == ERR_NOTFOUND) {
        *ret_value = 0;
        return ERR_OK;
    }
    if (err)
        return err;
    struct unpack u = unpack_from(value);
    *ret_value = unpack_u64(&u);
    return unpack_done(&u) ? ERR_OK : ERR_CORRUPT;
}

enum err store_set_counter(struct store_txn *txn, const char *name, uint64_t value)
{
    struct buf record = BUF_INIT;
    pack_u64(&record, value);
    enum err err = store_put(txn, TABLE_META, span_str(name), buf_span(&record));
    buf_done(&record);
    return err;
}

enum err store_next(struct store_txn *txn, const char *name, uint64_t *ret_value)
{
    uint64_t value;
    enum err err = store_counter(txn, name, &value);
    if (!err)
        err = store_set_counter(txn, name, ++value);
    if (!err)
        *ret_value = value;
    return err;
}

/* Cursors. */

enum err store_cursor_open(
    struct store_txn *txn, enum store_table table, struct store_cursor *ret_cursor)
{
    MDB_cursor *cursor;
    int rc = mdb_cursor_open(txn->txn, txn->store->tables[table], &cursor);
    if (!rc)
        ret_cursor->handle = cursor;
    return store_err(txn->store, rc, table_names[table]);
}

void store_cursor_close(struct store_cursor *cursor)
{
    mdb_cursor_close(cursor->handle);
}

static enum err move(struct store_cursor *cursor, MDB_cursor_op op, struct span key,
    struct span *ret_key, struct span *ret_value)
{
    MDB_val k = to_val(key), v;
    int rc = mdb_cursor_get(cursor->handle, &k, &v, op);
    if (rc)
        return store_err(NULL, rc, "moving a cursor");
    *ret_key = to_span(k);
    *ret_value = to_span(v);
    return ERR_OK;
}

enum err store_cursor_seek(
    struct store_cursor *cursor, struct span key, struct span *ret_key, struct span *ret_value)
{
    return move(cursor, MDB_SET_RANGE, key, ret_key, ret_value);
}

enum err store_cursor_before(
    struct store_cursor *cursor, struct span key, struct span *ret_key, struct span *ret_value)
{
    struct span not_less, its_value;
    enum err err = move(cursor, MDB_SET_RANGE, key, &not_less, &its_value);
    if (err == ERR_OK)
        return store_cursor_prev(cursor, ret_key, ret_value);
    return err == ERR_NOTFOUND ? store_cursor_last(cursor, ret_key, ret_value) : err;
}

enum err store_cursor_next(
    struct store_cursor *cursor, struct span *ret_key, struct span *ret_value)
{
    return move(cursor, MDB_NEXT, SPAN_NONE, ret_key, ret_value);
}

enum err store_cursor_prev(
    struct store_cursor *cursor, struct span *ret_key, struct span *ret_value)
{
    return move(cursor, MDB_PREV, SPAN_NONE, ret_key, ret_value);
}

enum err store_cursor_last(
    struct store_cursor *cursor, struct span *ret_key, struct span *ret_value)
{
    return move(cursor, MDB_LAST, SPAN_NONE, ret_key, ret_value);
}
