/* run_queues - see run_queues.h. */
#include "store/run_queues.h"

#include "store/key.h"
#include "store/routing.h"

enum err run_queues_get(struct store_txn *txn, struct span pipeline_id, uint64_t *ret_queue)
{
    struct span record;
    enum err err = store_get(txn, TABLE_RUN_QUEUES, pipeline_id, &record);
    if (!err)
        *ret_queue = key_tail_u64(record);
    return err;
}

enum err run_queues_make(struct store_txn *txn, struct span pipeline_id, uint64_t *ret_queue)
{
    enum err err = run_queues_get(txn, pipeline_id, ret_queue);
    if (err != ERR_NOTFOUND)
        return err;
    err = store_next(txn, "queue", ret_queue);
    if (err)
        return err;
    struct key record = key_of_seq(*ret_queue);
    err = store_put(txn, TABLE_RUN_QUEUES, pipeline_id, key_span(&record));
    return err ? err : routing_note_change(txn);
}

enum err run_queues_note_version(struct store_txn *txn, struct span pipeline_id)
{
    uint64_t queue;
    enum err err = run_queues_get(txn, pipeline_id, &queue);
    if (err)
        return err == ERR_NOTFOUND ? ERR_OK : err;
    return routing_note_change(txn);
}

enum err run_queues_drop(struct store_txn *txn, struct span pipeline_id)
{
    enum err err = store_del(txn, TABLE_RUN_QUEUES, pipeline_id);
    if (err)
        return err == ERR_NOTFOUND ? ERR_OK : err;
    return routing_note_change(txn);
}

enum err run_queues_each(struct store_txn *txn,
    bool (*visit)(struct span pipeline_id, uint64_t queue, void *context), void *context)
{
    struct store_cursor cursor;
    struct span key, value;
    enum err err = store_cursor_open(txn, TABLE_RUN_QUEUES, &cursor);
    if (err)
        return err;
    while (!(err = store_cursor_next(&cursor, &key, &value)))
        if (!visit(key, key_tail_u64(value), context))
            break;
    store_cursor_close(&cursor);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}
