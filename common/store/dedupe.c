/* dedupe - see dedupe.h. */
#include "store/dedupe.h"

#include <string.h>

#include "base/pack.h"
#include "store/key.h"

#define DEDUPE_RECORD 1  /* version of the stored form; schema/store.md says how to change it */
#define FORGET_AT_ONCE 4 /* more than one, so that old entries never pile up */

struct dedupe_key dedupe_key(char kind, const struct uuid *credential, struct span a, struct span b)
{
    struct dedupe_key key;
    struct buf text = BUF_INIT;
    buf_add_char(&text, kind);
    pack_uuid(&text, credential);
    pack_bytes(&text, a);
    pack_bytes(&text, b);
    crypto_sha256(buf_span(&text), key.digest);
    buf_done(&text);
    return key;
}

static struct span key_bytes(const struct dedupe_key *key)
{
    return span_of(key->digest, sizeof key->digest);
}

enum err dedupe_find(struct store_txn *txn, const struct dedupe_key *key, int64_t now_ms,
    struct accepted *ret_accepted, size_t room, size_t *ret_count,
    uint8_t ret_contents[CRYPTO_SHA256])
{
    struct span record;
    enum err err = store_get(txn, TABLE_DEDUPE, key_bytes(key), &record);
    if (err)
        return err;
    struct unpack u = unpack_from(record);
    if (unpack_u8(&u) != DEDUPE_RECORD)
        return ERR_CORRUPT;
    if (unpack_i64(&u) <= now_ms)
        return ERR_NOTFOUND;
    struct span contents = unpack_bytes(&u);
    uint32_t count = unpack_u32(&u);
    if (contents.len != CRYPTO_SHA256)
        return ERR_CORRUPT;
    memcpy(ret_contents, contents.data, CRYPTO_SHA256);
    for (uint32_t i = 0; i < count; i++) {
        struct accepted accepted = {.cid = unpack_uuid(&u)};
        accepted.type = unpack_bytes(&u);
        if (i < room)
            ret_accepted[i] = accepted;
    }
    *ret_count = count;
    return unpack_done(&u) ? ERR_OK : ERR_CORRUPT;
}

static struct key time_key(int64_t until_ms, struct span digest)
{
    struct key key = key_of_seq((uint64_t)until_ms);
    key_bytes_add(&key, digest);
    return key;
}

/* Forgets the oldest few whose time is over. A key that was put again has a later entry. */
static enum err forget(struct store_txn *txn, int64_t now_ms)
{
    enum err err = ERR_OK;
    for (int i = 0; i < FORGET_AT_ONCE && !err; i++) {
        struct store_cursor cursor;
        struct span at, value, record;
        struct dedupe_key key;
        err = store_cursor_open(txn, TABLE_DEDUPE_BY_TIME, &cursor);
        if (err)
            return err;
        err = store_cursor_next(&cursor, &at, &value);
        store_cursor_close(&cursor);
        if (err || at.len != 8 + sizeof key.digest)
            break;
        int64_t until_ms = (int64_t)key_tail_u64(span_of(at.data, 8));
        if (until_ms > now_ms)
            break;
        memcpy(key.digest, at.data + 8, sizeof key.digest);
        struct key by_time = time_key(until_ms, key_bytes(&key));
        err = store_get(txn, TABLE_DEDUPE, key_bytes(&key), &record);
        struct unpack u = unpack_from(err ? SPAN_NONE : record);
        (void)unpack_u8(&u);
        if (!err && unpack_i64(&u) == until_ms)
            err = store_del(txn, TABLE_DEDUPE, key_bytes(&key));
        if (!err || err == ERR_NOTFOUND)
            err = store_del(txn, TABLE_DEDUPE_BY_TIME, key_span(&by_time));
    }
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

enum err dedupe_put(struct store_txn *txn, const struct dedupe_key *key, int64_t now_ms,
    int64_t until_ms, const struct accepted *accepted, size_t count,
    const uint8_t contents[CRYPTO_SHA256])
{
    struct buf record = BUF_INIT;
    struct key by_time = time_key(until_ms, key_bytes(key));
    pack_u8(&record, DEDUPE_RECORD);
    pack_i64(&record, until_ms);
    pack_bytes(&record, span_of(contents, CRYPTO_SHA256));
    pack_u32(&record, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        pack_uuid(&record, &accepted[i].cid);
        pack_bytes(&record, accepted[i].type);
    }
    enum err err = forget(txn, now_ms);
    if (!err)
        err = store_put(txn, TABLE_DEDUPE, key_bytes(key), buf_span(&record));
    if (!err)
        err = store_put(txn, TABLE_DEDUPE_BY_TIME, key_span(&by_time), SPAN_NONE);
    buf_done(&record);
    return err;
}
