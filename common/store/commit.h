#ifndef STORE_COMMIT_H
#define STORE_COMMIT_H
/*
 * commit - the inside of the store: the queue of mutations that share commits,
 * and the write transactions txn.c lends to it. For env.h and commit.c alone.
 */
#include <pthread.h>
#include <stdbool.h>

#include "store/store.h"

struct commit_queue {
    pthread_mutex_t lock;           /* guards first, last and leading */
    struct store_op *first, **last; /* handed in, not yet taken by the leader */
    bool leading;                   /* a thread is committing; it will take what is handed in */

    /* The last look at the free room; the leader's alone. */
    int64_t room_looked_ms;
    bool accepting;
};

void commit_queue_init(struct commit_queue *queue);
void commit_queue_done(struct commit_queue *queue);

struct commit_queue *store_queue(struct store *store);
const struct home *store_home(const struct store *store);

/* Write transactions. Commit and abort end them. */
enum err txn_begin(struct store *store, struct store_txn **ret_txn) MUST_CHECK;
enum err txn_commit(struct store_txn *txn, bool *ret_full) MUST_CHECK; /* full: growing may help */
void txn_abort(struct store_txn *txn);

/* Whether anything was changed since the mark, and whether a change found no room in the map. */
void txn_mark_clean(struct store_txn *txn);
bool txn_is_dirty(const struct store_txn *txn);
bool txn_is_full(const struct store_txn *txn);

/* Doubles the map within the limit, or adopts what another process has done. ERR_FULL at the limit.
 */
enum err store_grow(struct store *store) MUST_CHECK;

#endif
