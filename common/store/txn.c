/* txn - transactions; see store.h and txn.h. */
#include "store/txn.h"

#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "store/env.h"
#include "store/late.h"
#include "store/map.h"

#define READERS_KEPT 64        /* read transactions a process keeps for reuse */
#define DISK_FULL_BYTES MIB(1) /* a disk with less free, not one large write, counts as full */

void store_clear_stale_readers(struct store *store)
{
    int dead = 0;
    if (mdb_reader_check(store->env, &dead) == 0 && dead > 0)
        log_info("freed reader slots of processes that are gone: %d", dead);
}

#define TRIES 5 /* beginning can fail while another process opens, closes or grows it (lmdb.h) */

/*
 * Begins a transaction, or renews *txn, and holds map_lock shared until the transaction is
 * ended. Cures what can be cured: a map that another process has grown, slots of readers
 * that died.
 */
static enum err begin(struct store *store, unsigned flags, MDB_txn **txn)
{
    int rc = MDB_SUCCESS;
    for (int try = 0; try < TRIES; try++) {
        pthread_rwlock_rdlock(&store->map_lock);
        rc = *txn ? mdb_txn_renew(*txn) : mdb_txn_begin(store->env, NULL, flags, txn);
        if (!rc)
            return ERR_OK;
        pthread_rwlock_unlock(&store->map_lock);
        if (rc == MDB_READERS_FULL)
            store_clear_stale_readers(store);
        else if (rc != MDB_MAP_RESIZED || map_adopt(store))
            break;
    }
    return env_err(store, rc, "beginning a transaction");
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
    *ret_full = rc == MDB_MAP_FULL;
    if (!rc && txn->changed)
        store->told_full = false;
    if (rc > 0) /* the system's, not LMDB's own */
        late_take(store->home);
    /* LMDB reports EIO when the disk has taken a part of a write. */
    if (rc == EIO && env_disk_free(store) < DISK_FULL_BYTES)
        rc = ENOSPC;
    free(txn);
    return env_err(store, rc, "committing");
}

void txn_abort(struct store_txn *txn)
{
    mdb_txn_abort(txn->txn);
    pthread_rwlock_unlock(&txn->store->map_lock);
    free(txn);
}

void store_set_actor(struct store *store, const struct actor *actor)
{
    store->actor = actor;
}

const struct actor *store_txn_actor(const struct store_txn *txn)
{
    return txn->actor;
}

void store_txn_told(struct store_txn *txn)
{
    txn->told = true;
}

uint64_t store_txn_commit(const struct store_txn *txn)
{
    /* A transaction that changed nothing makes no commit. */
    return mdb_txn_id(txn->txn) - !txn->changed;
}

const struct config *store_txn_config(const struct store_txn *txn)
{
    return &txn->store->home->config;
}

void store_txn_set_tally(struct store_txn *txn, struct counts_tally *tally)
{
    txn->tally = tally;
}

struct counts_tally *store_txn_tally(const struct store_txn *txn)
{
    return txn->tally;
}

uint64_t store_txn_sees(const struct store_txn *txn)
{
    return mdb_txn_id(txn->txn);
}
