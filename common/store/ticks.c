/* ticks - see ticks.h. */
#include "store/ticks.h"

#include "base/pack.h"
#include "store/key.h"

#define TICK_RECORD 1 /* version of the stored form; schema/store.md says how to change it */

enum err ticks_put(struct store_txn *txn, uint64_t queue, const struct tick *tick)
{
    struct key key = key_of_seq(queue);
    struct buf record = BUF_INIT;
    pack_u8(&record, TICK_RECORD);
    pack_i64(&record, tick->seen_ms);
    pack_i64(&record, tick->due_ms);
    enum err err = store_put(txn, TABLE_TICKS, key_span(&key), buf_span(&record));
    buf_done(&record);
    return err;
}

enum err ticks_del(struct store_txn *txn, uint64_t queue)
{
    struct key key = key_of_seq(queue);
    enum err err = store_del(txn, TABLE_TICKS, key_span(&key));
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

enum err ticks_get(struct store_txn *txn, uint64_t queue, struct tick *ret_tick)
{
    struct key key = key_of_seq(queue);
    struct span record;
    enum err err = store_get(txn, TABLE_TICKS, key_span(&key), &record);
    if (err)
        return err;
    struct unpack u = unpack_from(record);
    if (unpack_u8(&u) != TICK_RECORD)
        return ERR_CORRUPT;
    ret_tick->seen_ms = unpack_i64(&u);
    ret_tick->due_ms = unpack_i64(&u);
    return unpack_done(&u) ? ERR_OK : ERR_CORRUPT;
}
