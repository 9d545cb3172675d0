/* services - see services.h. */
#include "store/services.h"

#include "base/pack.h"
#include "store/key.h"

#define SERVICE_RECORD 1 /* version of the stored form; schema/store.md says how to change it */

enum err services_put(struct store_txn *txn, uint64_t queue, const struct service_report *service)
{
    struct key key = key_of_seq(queue);
    struct buf record = BUF_INIT;
    pack_u8(&record, SERVICE_RECORD);
    pack_u64(&record, service->generation);
    pack_u32(&record, service->instances);
    pack_u32(&record, service->running);
    pack_u64(&record, service->pending);
    enum err err = store_put(txn, TABLE_SERVICES, key_span(&key), buf_span(&record));
    buf_done(&record);
    return err;
}

enum err services_del(struct store_txn *txn, uint64_t queue)
{
    struct key key = key_of_seq(queue);
    enum err err = store_del(txn, TABLE_SERVICES, key_span(&key));
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

enum err services_clear(struct store_txn *txn)
{
    struct store_cursor cursor;
    struct span key, value;
    enum err err = ERR_OK;
    while (!err) {
        err = store_cursor_open(txn, TABLE_SERVICES, &cursor);
        if (err)
            return err;
        err = store_cursor_next(&cursor, &key, &value);
        store_cursor_close(&cursor);
        if (!err)
            err = services_del(txn, key_tail_u64(key));
    }
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

enum err services_get(struct store_txn *txn, uint64_t queue, struct service_report *ret_service)
{
    struct key key = key_of_seq(queue);
    struct span record;
    enum err err = store_get(txn, TABLE_SERVICES, key_span(&key), &record);
    *ret_service = (struct service_report){0};
    if (err)
        return err == ERR_NOTFOUND ? ERR_OK : err;
    struct unpack u = unpack_from(record);
    if (unpack_u8(&u) != SERVICE_RECORD)
        return ERR_CORRUPT;
    ret_service->generation = unpack_u64(&u);
    ret_service->instances = unpack_u32(&u);
    ret_service->running = unpack_u32(&u);
    ret_service->pending = unpack_u64(&u);
    return unpack_done(&u) ? ERR_OK : ERR_CORRUPT;
}
