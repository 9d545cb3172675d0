/* credentials - see credentials.h. */
#include "store/credentials.h"

#include "base/crypto.h"
#include "store/audit.h"
#include "store/key.h"
#include "store/seal.h"
#include "store/walk.h"

static enum err put(struct store_txn *txn, const struct credential *credential)
{
    struct buf record = BUF_INIT;
    credential_encode(credential, &record);
    enum err err = store_put(txn, TABLE_CREDENTIALS, uuid_span(&credential->id), buf_span(&record));
    buf_done(&record);
    return err;
}

/* A key is found by its proofs; a webhook secret through the list of webhook secrets. */
static enum err put_proof(
    struct store_txn *txn, const struct credential *credential, struct span proof)
{
    if (credential->kind == CREDENTIAL_KEY)
        return store_put(txn, TABLE_TOKENS, proof, uuid_span(&credential->id));
    return store_put(txn, TABLE_WEBHOOKS, uuid_span(&credential->id), SPAN_NONE);
}

static enum err tell(
    struct store_txn *txn, enum audit_action action, const struct credential *credential)
{
    char id[UUID_TEXT];
    uuid_format(&credential->id, id);
    return audit_add_with(txn, action, "credential", span_str(id), "name", credential->name);
}

enum err credentials_create(struct store_txn *txn, const struct credential *credential)
{
    struct span there;
    enum err err = store_get(txn, TABLE_CREDENTIALS, uuid_span(&credential->id), &there);
    if (err != ERR_NOTFOUND)
        return err ? err : ERR_CONFLICT;
    err = put(txn, credential);
    for (size_t i = 0; !err && i < credential->proof_count; i++)
        err = put_proof(txn, credential, credential->proofs[i].bytes);
    return err ? err : tell(txn, AUDIT_CREDENTIAL_CREATE, credential);
}

enum err credentials_get(
    struct store_txn *txn, const struct uuid *id, struct credential *ret_credential)
{
    struct span record;
    enum err err = store_get(txn, TABLE_CREDENTIALS, uuid_span(id), &record);
    return err ? err : credential_decode(record, ret_credential);
}

enum err credentials_find(
    struct store_txn *txn, struct span token, int64_t now_ms, struct credential *ret_credential)
{
    uint8_t bytes[CRYPTO_SHA256];
    crypto_sha256(token, bytes);
    struct span digest = span_of(bytes, sizeof bytes), id;
    enum err err = store_get(txn, TABLE_TOKENS, digest, &id);
    if (err)
        return err;
    struct uuid credential_id = key_tail_uuid(id);
    err = credentials_get(txn, &credential_id, ret_credential);
    if (err)
        return err;
    for (size_t i = 0; i < ret_credential->proof_count; i++) {
        const struct proof *proof = &ret_credential->proofs[i];
        if (span_eq(proof->bytes, digest) && proof_is_live(proof, now_ms))
            return ERR_OK;
    }
    return ERR_NOTFOUND; /* a rotation has replaced this token */
}

/* Reads a credential into `copy`, so that it outlives changes of the store. */
static enum err load(struct store_txn *txn, const struct uuid *id, struct buf *copy,
    struct credential *ret_credential)
{
    struct span record;
    enum err err = store_get(txn, TABLE_CREDENTIALS, uuid_span(id), &record);
    if (err)
        return err;
    buf_add_span(copy, record);
    return credential_decode(buf_span(copy), ret_credential);
}

enum err credentials_revoke(struct store_txn *txn, const struct uuid *id, int64_t now_ms)
{
    struct credential credential;
    struct buf copy = BUF_INIT;
    enum err err = load(txn, id, &copy, &credential);
    if (!err && !credential.revoked_ms) {
        credential.revoked_ms = now_ms;
        err = put(txn, &credential);
        if (!err)
            err = tell(txn, AUDIT_CREDENTIAL_REVOKE, &credential);
    }
    buf_done(&copy);
    return err;
}

enum err credentials_rotate(
    struct store_txn *txn, const struct uuid *id, struct proof proof, int64_t until_ms)
{
    struct credential credential;
    struct buf copy = BUF_INIT;
    enum err err = load(txn, id, &copy, &credential);
    if (!err && credential.revoked_ms)
        err = ERR_CONFLICT;
    if (err)
        goto out;
    if (credential.proof_count == SECRETS_MAX && credential.kind == CREDENTIAL_KEY)
        err = store_del(txn, TABLE_TOKENS, credential.proofs[1].bytes);
    if (err)
        goto out;
    /* The newest proof stands first. */
    credential.proofs[1] = credential.proofs[0];
    credential.proofs[1].until_ms = until_ms;
    credential.proofs[0] = proof;
    credential.proof_count = SECRETS_MAX;
    err = put(txn, &credential);
    if (!err)
        err = put_proof(txn, &credential, proof.bytes);
    if (!err)
        err = tell(txn, AUDIT_CREDENTIAL_ROTATE, &credential);
out:
    buf_done(&copy);
    return err;
}

enum err credentials_seal(struct store_txn *txn, const struct home *home, const struct uuid *id,
    struct span secret, struct buf *sealed, struct proof *ret_proof)
{
    *ret_proof = (struct proof){.until_ms = 0};
    buf_clear(sealed);
    enum err err = seal_secret(txn, home, uuid_span(id), secret, &ret_proof->key, sealed);
    ret_proof->bytes = buf_span(sealed);
    return err;
}

/* Seals a proof anew where it is not sealed with this key. */
static enum err reseal_proof(struct store_txn *txn, const struct home *home, const struct uuid *id,
    uint64_t key, struct proof *proof, struct buf *sealed, size_t *lost)
{
    struct sealed old = {proof->key, proof->bytes};
    struct buf secret = BUF_INIT;
    int64_t until_ms = proof->until_ms;
    if (proof->key == key)
        return ERR_OK;
    enum err err = keyring_unseal(home, old, uuid_span(id), &secret);
    *lost += err != ERR_OK;
    if (!err)
        err = credentials_seal(txn, home, id, buf_span(&secret), sealed, proof);
    else
        err = ERR_OK;
    proof->until_ms = until_ms;
    crypto_forget(&secret);
    return err;
}

static enum err reseal(struct store_txn *txn, const struct home *home, const struct uuid *id,
    uint64_t key, size_t *lost)
{
    struct credential credential;
    struct buf copy = BUF_INIT, sealed[SECRETS_MAX] = {BUF_INIT, BUF_INIT};
    enum err err = load(txn, id, &copy, &credential);
    for (size_t i = 0; !err && i < credential.proof_count; i++)
        err = reseal_proof(txn, home, id, key, &credential.proofs[i], &sealed[i], lost);
    if (!err)
        err = put(txn, &credential);
    for (size_t i = 0; i < SECRETS_MAX; i++)
        buf_done(&sealed[i]);
    buf_done(&copy);
    return err;
}

enum err credentials_reseal(
    struct store_txn *txn, const struct home *home, uint64_t sealing, size_t *ret_lost)
{
    struct key key = KEY_INIT;
    struct span nothing;
    enum err err;
    while (!(err = walk_next(txn, TABLE_WEBHOOKS, SPAN_NONE, &key, &nothing))) {
        struct uuid id = key_tail_uuid(key_span(&key));
        err = reseal(txn, home, &id, sealing, ret_lost);
        if (err)
            return err;
    }
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

enum err credentials_list(
    struct store_txn *txn, const struct uuid *after, credentials_visit *visit, void *context)
{
    struct key key = uuid_is_none(after) ? KEY_INIT : key_of_uuid(after);
    struct span record;
    enum err err;
    while (!(err = walk_next(txn, TABLE_CREDENTIALS, SPAN_NONE, &key, &record))) {
        struct credential credential;
        struct uuid id = key_tail_uuid(key_span(&key));
        err = credentials_get(txn, &id, &credential);
        if (err || !visit(&credential, context))
            break;
    }
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

enum err credentials_webhooks(struct store_txn *txn, credentials_visit *visit, void *context)
{
    struct store_cursor cursor;
    struct span key, value;
    enum err err = store_cursor_open(txn, TABLE_WEBHOOKS, &cursor);
    if (err)
        return err;
    while (!(err = store_cursor_next(&cursor, &key, &value))) {
        struct credential credential;
        struct uuid id = key_tail_uuid(key);
        err = credentials_get(txn, &id, &credential);
        if (err || !visit(&credential, context))
            break;
    }
    store_cursor_close(&cursor);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}
