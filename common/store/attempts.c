/* attempts - see attempts.h. */
#include "store/attempts.h"

#include "store/key.h"

static struct key attempt_key(const struct uuid *id, uint32_t attempt)
{
    struct key key = key_of_uuid(id);
    key_u32(&key, attempt);
    return key;
}

enum err attempts_keep(struct store_txn *txn, struct execution *execution)
{
    struct attempt_result attempt;
    if (!execution_last_attempt(execution, &attempt))
        return ERR_OK;
    struct key key = attempt_key(&execution->id, attempt.attempt);
    struct buf record = BUF_INIT;
    attempt_encode(&attempt, &record);
    enum err err = store_put(txn, TABLE_ATTEMPTS, key_span(&key), buf_span(&record));
    buf_done(&record);
    execution->last = ATTEMPT_NONE;
    return err;
}

enum err attempts_last(
    struct store_txn *txn, const struct execution *execution, struct attempt_result *ret_attempt)
{
    struct key key = attempt_key(&execution->id, execution->attempt);
    struct span record;
    enum err err = store_get(txn, TABLE_ATTEMPTS, key_span(&key), &record);
    if (!err)
        err = attempt_decode(record, ret_attempt);
    ret_attempt->attempt = execution->attempt;
    return err;
}

/* Lists the attempts kept here, ATTEMPTS_SHOWN_MAX of them at most, up to the given number. */
static enum err list_kept(
    struct store_txn *txn, const struct uuid *id, uint32_t newest, struct attempt_list *list)
{
    uint32_t from = newest < ATTEMPTS_SHOWN_MAX ? 1 : newest - ATTEMPTS_SHOWN_MAX + 1;
    struct key prefix = key_of_uuid(id), first = attempt_key(id, from);
    struct store_cursor cursor;
    struct span key, value;
    enum err err = store_cursor_open(txn, TABLE_ATTEMPTS, &cursor);
    if (err)
        return err;
    err = store_cursor_seek(&cursor, key_span(&first), &key, &value);
    while (!err && span_starts(key, key_span(&prefix)) && list->count < ATTEMPTS_SHOWN_MAX) {
        struct attempt_result *attempt = &list->attempts[list->count++];
        err = attempt_decode(value, attempt);
        attempt->attempt = (uint32_t)key_tail_u64(key);
        if (!err)
            err = store_cursor_next(&cursor, &key, &value);
    }
    store_cursor_close(&cursor);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

enum err attempts_list(
    struct store_txn *txn, const struct execution *execution, struct attempt_list *ret_list)
{
    struct attempt_result last;
    bool holds = execution_last_attempt(execution, &last);
    ret_list->count = 0;
    enum err err = execution->attempt > holds
                       ? list_kept(txn, &execution->id, execution->attempt, ret_list)
                       : ERR_OK;
    if (!err && holds && ret_list->count < ATTEMPTS_SHOWN_MAX)
        ret_list->attempts[ret_list->count++] = last;
    return err;
}
