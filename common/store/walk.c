/* walk - see walk.h. */
#include "store/walk.h"

enum err walk_next(struct store_txn *txn, enum store_table table, struct span prefix,
    struct key *key, struct span *ret_value)
{
    struct store_cursor cursor;
    struct span found;
    enum err err = store_cursor_open(txn, table, &cursor);
    if (err)
        return err;
    err = key->len ? store_cursor_seek(&cursor, key_span(key), &found, ret_value)
                   : store_cursor_next(&cursor, &found, ret_value);
    if (!err && span_eq(found, key_span(key)))
        err = store_cursor_next(&cursor, &found, ret_value);
    if (!err && !span_starts(found, prefix))
        err = ERR_NOTFOUND;
    if (!err && found.len > sizeof key->bytes)
        err = ERR_CORRUPT;
    if (!err) {
        *key = KEY_INIT;
        key_bytes_add(key, found);
    }
    store_cursor_close(&cursor);
    return err;
}
