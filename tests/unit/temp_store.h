#ifndef TEMP_STORE_H
#define TEMP_STORE_H
/*
 * temp_store - a home with an open store for tests of what is kept in it, and
 * transactions that a test writes in from top to bottom, without mutations.
 */
#include "temp.h"

#include "store/store.h"
#include "store/txn.h"

struct temp_store {
    struct temp temp;
    struct home home;
    struct store *store;
    struct store_txn *txn; /* between begin and commit or abort */
};

static inline void temp_store_make(struct temp_store *t)
{
    memset(t, 0, sizeof *t);
    temp_make(&t->temp);
    temp_home(&t->temp, &t->home);
    assert_int_equal(store_create(&t->home), ERR_OK);
    assert_int_equal(store_open(&t->home, STORE_READ_WRITE, &t->store), ERR_OK);
}

static inline struct store_txn *temp_store_begin(struct temp_store *t)
{
    assert_null(t->txn);
    assert_int_equal(txn_begin(t->store, &t->txn), ERR_OK);
    return t->txn;
}

static inline void temp_store_commit(struct temp_store *t)
{
    struct store_txn *txn = t->txn;
    bool full;
    t->txn = NULL;
    assert_int_equal(txn_commit(txn, &full), ERR_OK);
}

static inline void temp_store_abort(struct temp_store *t)
{
    txn_abort(t->txn);
    t->txn = NULL;
}

/* What is committed so far, and a new transaction. */
static inline struct store_txn *temp_store_next(struct temp_store *t)
{
    temp_store_commit(t);
    return temp_store_begin(t);
}

static inline void temp_store_remove(struct temp_store *t)
{
    if (t->txn)
        temp_store_abort(t);
    store_close(t->store);
    temp_remove(&t->temp);
}

/* How many records a table has. */
static inline size_t temp_store_count(struct store_txn *txn, enum store_table table)
{
    struct store_cursor cursor;
    struct span key, value;
    size_t count = 0;
    assert_int_equal(store_cursor_open(txn, table, &cursor), ERR_OK);
    while (store_cursor_next(&cursor, &key, &value) == ERR_OK)
        count++;
    store_cursor_close(&cursor);
    return count;
}

#endif
