/* queue - see queue.h. */
#include "store/queue.h"

#include "base/pack.h"
#include "store/key.h"

#define CHANGE_RECORD 1 /* version of the stored form; schema/store.md says how to change it */

static struct key ready_key(uint64_t queue, uint64_t seq, const struct uuid *execution)
{
    struct key key = key_of_seq(queue);
    key_u64(&key, seq);
    key_uuid(&key, execution);
    return key;
}

static struct key time_key(int64_t ms, const struct uuid *execution)
{
    struct key key = key_of_seq((uint64_t)ms);
    key_uuid(&key, execution);
    return key;
}

enum err queue_put(
    struct store_txn *txn, uint64_t queue, uint64_t seq, const struct uuid *execution)
{
    struct key key = ready_key(queue, seq, execution);
    return store_put(txn, TABLE_READY, key_span(&key), SPAN_NONE);
}

enum err queue_del(
    struct store_txn *txn, uint64_t queue, uint64_t seq, const struct uuid *execution)
{
    struct key key = ready_key(queue, seq, execution);
    return store_del(txn, TABLE_READY, key_span(&key));
}

enum err queue_first(
    struct store_txn *txn, uint64_t queue, uint64_t *ret_seq, struct uuid *ret_execution)
{
    struct store_cursor cursor;
    struct span key, value;
    struct key from = key_of_seq(queue);
    enum err err = store_cursor_open(txn, TABLE_READY, &cursor);
    if (err)
        return err;
    err = store_cursor_seek(&cursor, key_span(&from), &key, &value);
    store_cursor_close(&cursor);
    if (err)
        return err;
    if (!span_starts(key, key_span(&from)))
        return ERR_NOTFOUND;
    *ret_seq = key_tail_u64(span_of(key.data, key.len < 16 ? key.len : 16));
    *ret_execution = key_tail_uuid(key);
    return ERR_OK;
}

enum err queue_each_first(struct store_txn *txn,
    bool (*visit)(uint64_t queue, const struct uuid *execution, void *context), void *context)
{
    struct store_cursor cursor;
    struct span key, value;
    struct key from = key_of_seq(0);
    enum err err = store_cursor_open(txn, TABLE_READY, &cursor);
    if (err)
        return err;
    while (!(err = store_cursor_seek(&cursor, key_span(&from), &key, &value))) {
        uint64_t queue = key_tail_u64(span_of(key.data, key.len < 8 ? key.len : 8));
        struct uuid id = key_tail_uuid(key);
        if (!visit(queue, &id, context) || queue == UINT64_MAX)
            break;
        from = key_of_seq(queue + 1);
    }
    store_cursor_close(&cursor);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

enum err queue_count_all(
    struct store_txn *txn, void (*fn)(uint64_t queue, uint64_t count, void *context), void *context)
{
    struct store_cursor cursor;
    struct span key, value;
    uint64_t queue = 0, count = 0;
    enum err err = store_cursor_open(txn, TABLE_READY, &cursor);
    if (err)
        return err;
    while (!(err = store_cursor_next(&cursor, &key, &value))) {
        uint64_t of = key_tail_u64(span_of(key.data, key.len < 8 ? key.len : 8));
        if (of != queue && count)
            fn(queue, count, context);
        count = of == queue ? count + 1 : 1;
        queue = of;
    }
    store_cursor_close(&cursor);
    if (count)
        fn(queue, count, context);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

static enum err decode_change(struct span record, struct queue_change *ret_change)
{
    struct unpack u = unpack_from(record);
    if (unpack_u8(&u) != CHANGE_RECORD)
        return ERR_CORRUPT;
    ret_change->ready = unpack_i64(&u);
    ret_change->waiting = unpack_i64(&u);
    return unpack_done(&u) ? ERR_OK : ERR_CORRUPT;
}

enum err queue_note_change(struct store_txn *txn, uint64_t queue, const struct queue_change *change)
{
    struct key key = key_of_seq(queue);
    struct queue_change noted = {0, 0};
    struct span value;
    struct buf record = BUF_INIT;
    enum err err = store_get(txn, TABLE_QUEUE_CHANGES, key_span(&key), &value);
    if (!err)
        err = decode_change(value, &noted);
    if (err && err != ERR_NOTFOUND)
        return err;
    pack_u8(&record, CHANGE_RECORD);
    pack_i64(&record, noted.ready + change->ready);
    pack_i64(&record, noted.waiting + change->waiting);
    err = store_put(txn, TABLE_QUEUE_CHANGES, key_span(&key), buf_span(&record));
    buf_done(&record);
    return err;
}

/* ERR_NOTFOUND when the table is empty. */
static enum err first_of(
    struct store_txn *txn, enum store_table table, struct span *ret_key, struct span *ret_value)
{
    struct store_cursor cursor;
    enum err err = store_cursor_open(txn, table, &cursor);
    if (err)
        return err;
    err = store_cursor_next(&cursor, ret_key, ret_value);
    store_cursor_close(&cursor);
    return err;
}

enum err queue_take_changes(struct store_txn *txn,
    void (*fn)(uint64_t queue, const struct queue_change *change, void *context), void *context)
{
    struct span first, value;
    enum err err;
    while (!(err = first_of(txn, TABLE_QUEUE_CHANGES, &first, &value))) {
        uint64_t queue = key_tail_u64(first);
        struct key key = key_of_seq(queue);
        struct queue_change change;
        err = decode_change(value, &change);
        if (!err)
            err = store_del(txn, TABLE_QUEUE_CHANGES, key_span(&key));
        if (err)
            return err;
        fn(queue, &change, context);
    }
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

enum err due_put(
    struct store_txn *txn, int64_t due_ms, uint64_t queue, const struct uuid *execution)
{
    struct key key = time_key(due_ms, execution), record = key_of_seq(queue);
    return store_put(txn, TABLE_DUE, key_span(&key), key_span(&record));
}

enum err due_del(struct store_txn *txn, int64_t due_ms, const struct uuid *execution)
{
    struct key key = time_key(due_ms, execution);
    return store_del(txn, TABLE_DUE, key_span(&key));
}

static int64_t time_of(struct span key)
{
    return (int64_t)key_tail_u64(span_of(key.data, key.len < 8 ? key.len : 8));
}

static enum err first_by_time(
    struct store_txn *txn, enum store_table table, int64_t *ret_ms, struct uuid *ret_execution)
{
    struct span key, value;
    enum err err = first_of(txn, table, &key, &value);
    if (err)
        return err;
    *ret_ms = time_of(key);
    *ret_execution = key_tail_uuid(key);
    return ERR_OK;
}

enum err due_first(struct store_txn *txn, int64_t *ret_due_ms, struct uuid *ret_execution)
{
    return first_by_time(txn, TABLE_DUE, ret_due_ms, ret_execution);
}

enum err due_each(struct store_txn *txn,
    void (*fn)(int64_t due_ms, uint64_t queue, const struct uuid *execution, void *context),
    void *context)
{
    struct store_cursor cursor;
    struct span key, value;
    enum err err = store_cursor_open(txn, TABLE_DUE, &cursor);
    if (err)
        return err;
    while (!(err = store_cursor_next(&cursor, &key, &value))) {
        struct uuid id = key_tail_uuid(key);
        if (value.len != 8) {
            err = ERR_CORRUPT;
            break;
        }
        fn(time_of(key), key_tail_u64(value), &id, context);
    }
    store_cursor_close(&cursor);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

enum err over_put(struct store_txn *txn, int64_t over_ms, const struct uuid *execution)
{
    struct key key = time_key(over_ms, execution);
    return store_put(txn, TABLE_OVER, key_span(&key), SPAN_NONE);
}

enum err over_del(struct store_txn *txn, int64_t over_ms, const struct uuid *execution)
{
    struct key key = time_key(over_ms, execution);
    return store_del(txn, TABLE_OVER, key_span(&key));
}

enum err over_first(struct store_txn *txn, int64_t *ret_over_ms, struct uuid *ret_execution)
{
    return first_by_time(txn, TABLE_OVER, ret_over_ms, ret_execution);
}
