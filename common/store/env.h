#ifndef STORE_ENV_H
#define STORE_ENV_H
/*
 * env - the inside of the store, and the lowest step of the ladder that store.h is the
 * face of: env < map < txn < table, room < commit < open, each calling only those before
 * it. The only file that includes lmdb.h: every MDB_* result is met on the ladder and
 * leaves as an enum err.
 */
#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>

#include "store/store.h"

struct store_txn {
    MDB_txn *txn;
    struct store *store;
    bool dirty;                 /* the mutation at hand has changed something */
    bool changed;               /* something was changed at all */
    bool full;                  /* the map had no room for a change; growing may help */
    bool told;                  /* the mutation at hand has told of itself */
    const struct actor *actor;  /* whom the mutation at hand is made for; NULL: nobody */
    struct counts_tally *tally; /* what it counts is gathered there; NULL: is stored at once */
    struct store_txn *next;
};

/* The mutations that share commits. For commit.c alone. */
struct commit_queue {
    pthread_mutex_t lock;           /* guards the next two, for a moment only */
    struct store_op *first, **last; /* handed in, not yet taken by a leader */
    unsigned leaders;               /* threads that will look once more whether there is any */

    pthread_mutex_t lead; /* held by the thread that commits, as long as that takes */
    /* The last look at the free room. For the leader alone. */
    int64_t room_looked_ms;
    bool accepting;
    atomic_bool slow; /* the last commit took long */
};

struct store {
    const struct home *home;
    MDB_env *env;
    MDB_dbi tables[TABLE__MAX];
    size_t page_bytes;
    atomic_bool broken;        /* LMDB has said that this process must not go on */
    const struct actor *actor; /* store_set_actor */
    uint64_t layout;           /* that all writers go by; 0: it is being made or carried over */
    bool told_full; /* "full" was logged, and nothing committed since; for writers alone */

    /* Held shared by every transaction and exclusively while the map is moved. */
    pthread_rwlock_t map_lock;

    pthread_mutex_t readers_lock;
    struct store_txn *readers; /* reset, ready to be renewed */
    size_t reader_count;

    struct commit_queue queue;
};

/*
 * The one translation of LMDB's results. A result that is no ordinary answer is logged. A
 * full map is an ordinary answer: the writer makes it larger and tries again (map_grow).
 */
enum err env_err(struct store *store, int rc, const char *doing);

/* Logs what the store is full of and what to do, once until a commit succeeds. ERR_FULL. */
enum err env_full(struct store *store, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

const char *env_table_name(enum store_table table);

/* How much this account may still write to the disk; INT64_MAX when nobody can tell. */
int64_t env_disk_free(const struct store *store);

#endif
