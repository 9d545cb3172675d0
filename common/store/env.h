#ifndef STORE_ENV_H
#define STORE_ENV_H
/*
 * env - the inside of the store, for store.c, map.c, txn.c and table.c alone. The only
 * file that includes lmdb.h: every MDB_* result is met in those four and leaves as an
 * enum err.
 */
#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>

#include "store/commit.h"
#include "store/store.h"

#define ENV_TRIES \
    5 /* beginning can fail while another process opens, closes or grows it (lmdb.h) */

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

/* The one map from LMDB's results. What is not an ordinary answer is logged. */
enum err env_err(struct store *store, int rc, const char *doing);

const char *env_table_name(enum store_table table);

/*
 * Begins a transaction, or renews the one in *txn, and holds map_lock shared until it is
 * ended. Cures what can be cured: a map that another process has grown, slots of readers
 * that died.
 */
enum err env_begin(struct store *store, unsigned flags, MDB_txn **txn) MUST_CHECK;

/* Takes over the size of the map that another process has set. */
enum err env_adopt_map(struct store *store) MUST_CHECK;

/* What this account may still write there; INT64_MAX when nobody can tell. */
int64_t env_disk_free(const struct store *store);

#endif
