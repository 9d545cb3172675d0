/* credentials - see credentials.h. */
#include "store/credentials.h"

#include <string.h>

#include "base/crypto.h"
#include "store/key.h"

static enum err put(struct store_txn *txn, struct span digest, const struct credential *credential)
{
    struct buf record = BUF_INIT;
    credential_encode(credential, &record);
    enum err err = store_put(txn, TABLE_CREDENTIALS, digest, buf_span(&record));
    buf_done(&record);
    return err;
}

enum err credentials_create(
    struct store_txn *txn, const struct credential *credential, struct span token)
{
    uint8_t digest[CRYPTO_SHA256];
    struct span there;
    enum err err = store_get(txn, TABLE_CREDENTIAL_IDS, uuid_span(&credential->id), &there);
    if (err != ERR_NOTFOUND)
        return err ? err : ERR_CONFLICT;
    crypto_sha256(token, digest);
    err = put(txn, span_of(digest, sizeof digest), credential);
    if (!err)
        err = store_put(
            txn, TABLE_CREDENTIAL_IDS, uuid_span(&credential->id), span_of(digest, sizeof digest));
    return err;
}

enum err credentials_find(
    struct store_txn *txn, struct span token, struct credential *ret_credential)
{
    uint8_t digest[CRYPTO_SHA256];
    struct span record;
    crypto_sha256(token, digest);
    enum err err = store_get(txn, TABLE_CREDENTIALS, span_of(digest, sizeof digest), &record);
    return err ? err : credential_decode(record, ret_credential);
}

enum err credentials_revoke(struct store_txn *txn, const struct uuid *id, int64_t now_ms)
{
    uint8_t digest[CRYPTO_SHA256];
    struct span found, record;
    struct credential credential;
    enum err err = store_get(txn, TABLE_CREDENTIAL_IDS, uuid_span(id), &found);
    if (err)
        return err;
    if (found.len != sizeof digest)
        return ERR_CORRUPT;
    memcpy(digest, found.data, sizeof digest);
    err = store_get(txn, TABLE_CREDENTIALS, found, &record);
    if (!err)
        err = credential_decode(record, &credential);
    if (err || credential.revoked_ms)
        return err;
    credential.revoked_ms = now_ms;
    return put(txn, span_of(digest, sizeof digest), &credential);
}

enum err credentials_list(struct store_txn *txn,
    bool (*visit)(const struct credential *credential, void *context), void *context)
{
    struct store_cursor cursor;
    struct span id, digest, record;
    enum err err = store_cursor_open(txn, TABLE_CREDENTIAL_IDS, &cursor);
    if (err)
        return err;
    while (!(err = store_cursor_next(&cursor, &id, &digest))) {
        struct credential credential;
        err = store_get(txn, TABLE_CREDENTIALS, digest, &record);
        if (!err)
            err = credential_decode(record, &credential);
        if (err || !visit(&credential, context))
            break;
    }
    store_cursor_close(&cursor);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}
