/* table - keys, values, counters and cursors; see store.h. */
#include "base/pack.h"
#include "store/env.h"

static MDB_val to_val(struct span s)
{
    return (MDB_val){s.len, (void *)(uintptr_t)s.data};
}

static struct span to_span(MDB_val v)
{
    return span_of(v.mv_data, v.mv_size);
}

enum err store_get(
    struct store_txn *txn, enum store_table table, struct span key, struct span *ret_value)
{
    MDB_val k = to_val(key), v;
    int rc = mdb_get(txn->txn, txn->store->tables[table], &k, &v);
    if (!rc)
        *ret_value = to_span(v);
    return env_err(txn->store, rc, env_table_name(table));
}

static enum err put(struct store_txn *txn, enum store_table table, struct span key,
    struct span value, unsigned flags)
{
    MDB_val k = to_val(key), v = to_val(value);
    txn->dirty = txn->changed = true;
    int rc = mdb_put(txn->txn, txn->store->tables[table], &k, &v, flags);
    if (rc == MDB_MAP_FULL)
        txn->full = true;
    return env_err(txn->store, rc, env_table_name(table));
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
    return env_err(txn->store, rc, env_table_name(table));
}

enum err store_entries(struct store_txn *txn, enum store_table table, uint64_t *ret_count)
{
    MDB_stat stat;
    int rc = mdb_stat(txn->txn, txn->store->tables[table], &stat);
    *ret_count = rc ? 0 : stat.ms_entries;
    return env_err(txn->store, rc, env_table_name(table));
}

enum err store_counter(struct store_txn *txn, const char *name, uint64_t *ret_value)
{
    struct span value = SPAN_NONE;
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

enum err store_cursor_open(
    struct store_txn *txn, enum store_table table, struct store_cursor *ret_cursor)
{
    MDB_cursor *cursor;
    int rc = mdb_cursor_open(txn->txn, txn->store->tables[table], &cursor);
    if (!rc)
        *ret_cursor = (struct store_cursor){txn->store, cursor};
    return env_err(txn->store, rc, env_table_name(table));
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
        return env_err(cursor->store, rc, "moving a cursor");
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
