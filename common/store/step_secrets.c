/* step_secrets - see step_secrets.h. */
#include "store/step_secrets.h"

#include <string.h>

#include "base/crypto.h"
#include "base/pack.h"
#include "store/audit.h"
#include "store/key.h"
#include "store/seal.h"
#include "store/walk.h"

/* Version of the stored form; schema/store.md says how to change it. */
#define STEP_SECRET_RECORD 1

/* What is stored under an owner and a name. */
struct record {
    int64_t created_ms, updated_ms;
    struct sealed sealed;
};

static struct key key_of(struct span owner, struct span name)
{
    struct key key = KEY_INIT;
    key_text(&key, owner);
    key_bytes_add(&key, name);
    return key;
}

/* The name stands behind the NUL that ends the owner. */
static struct span name_in(struct span key)
{
    const uint8_t *nul = memchr(key.data, 0, key.len);
    size_t before = nul ? (size_t)(nul - key.data) + 1 : key.len;
    return span_of(key.data + before, key.len - before);
}

static enum err put(struct store_txn *txn, const struct key *key, const struct record *r)
{
    struct buf record = BUF_INIT;
    pack_u8(&record, STEP_SECRET_RECORD);
    pack_i64(&record, r->created_ms);
    pack_i64(&record, r->updated_ms);
    pack_u64(&record, r->sealed.key);
    pack_bytes(&record, r->sealed.bytes);
    enum err err = store_put(txn, TABLE_STEP_SECRETS, key_span(key), buf_span(&record));
    buf_done(&record);
    return err;
}

static enum err decode(struct span record, struct record *ret_record)
{
    struct unpack u = unpack_from(record);
    if (unpack_u8(&u) != STEP_SECRET_RECORD)
        return ERR_CORRUPT;
    ret_record->created_ms = unpack_i64(&u);
    ret_record->updated_ms = unpack_i64(&u);
    ret_record->sealed.key = unpack_u64(&u);
    ret_record->sealed.bytes = unpack_bytes(&u);
    return unpack_done(&u) ? ERR_OK : ERR_CORRUPT;
}

static enum err get(struct store_txn *txn, const struct key *key, struct record *ret_record)
{
    struct span record;
    enum err err = store_get(txn, TABLE_STEP_SECRETS, key_span(key), &record);
    return err ? err : decode(record, ret_record);
}

/* Seals a value for its place, to which the label binds it, and stores it with these times. */
static enum err seal(struct store_txn *txn, const struct home *home, const struct key *key,
    struct span value, struct record r)
{
    struct buf sealed = BUF_INIT;
    enum err err = seal_secret(txn, home, key_span(key), value, &r.sealed.key, &sealed);
    r.sealed.bytes = buf_span(&sealed);
    if (!err)
        err = put(txn, key, &r);
    buf_done(&sealed);
    return err;
}

enum err step_secrets_set(struct store_txn *txn, const struct home *home, struct span owner,
    struct span name, struct span value, int64_t now_ms, bool *ret_new)
{
    struct key key = key_of(owner, name);
    struct record old;
    enum err err = get(txn, &key, &old);
    *ret_new = err == ERR_NOTFOUND;
    if (err && err != ERR_NOTFOUND)
        return err;
    struct record r = {*ret_new ? now_ms : old.created_ms, now_ms, {0}};
    err = seal(txn, home, &key, value, r);
    return err ? err : audit_add(txn, AUDIT_STEP_SECRET_SET, "step_secret", name, SPAN_NONE);
}

enum err step_secrets_get(
    struct store_txn *txn, struct span owner, struct span name, struct step_secret *ret_secret)
{
    struct key key = key_of(owner, name);
    struct record r;
    enum err err = get(txn, &key, &r);
    if (!err)
        *ret_secret = (struct step_secret){name, r.created_ms, r.updated_ms};
    return err;
}

enum err step_secrets_del(struct store_txn *txn, struct span owner, struct span name)
{
    struct key key = key_of(owner, name);
    enum err err = store_del(txn, TABLE_STEP_SECRETS, key_span(&key));
    return err ? err : audit_add(txn, AUDIT_STEP_SECRET_DELETE, "step_secret", name, SPAN_NONE);
}

/* The place of the secret that a definition of the pipeline means. */
static struct key key_meant(struct span pipeline_id, struct span name)
{
    return key_of(name_is_own_secret(name) ? pipeline_id : SPAN_NONE, name);
}

enum err step_secrets_open(struct store_txn *txn, const struct home *home, struct span pipeline_id,
    struct span name, struct buf *out)
{
    struct key key = key_meant(pipeline_id, name);
    struct record r;
    enum err err = get(txn, &key, &r);
    return err ? err : keyring_unseal(home, r.sealed, key_span(&key), out);
}

enum err step_secrets_has(struct store_txn *txn, struct span pipeline_id, struct span name)
{
    struct key key = key_meant(pipeline_id, name);
    struct span record;
    return store_get(txn, TABLE_STEP_SECRETS, key_span(&key), &record);
}

/*
 * A pipeline's own secrets. The name of one is a keyed digest of its value, so that the same value
 * is found again however many there are, and nobody else can tell what a name stands for. The
 * key of names is kept like a secret, under an owner that no pipeline can be.
 */
#define NAMING_OWNER "/"
#define NAMING_KEY 32 /* bytes */

static struct key naming_place(void)
{
    return key_of(span_str(NAMING_OWNER), span_str("names"));
}

static bool is_naming(struct span key)
{
    struct key place = naming_place();
    return span_eq(key, key_span(&place));
}

static enum err make_naming_key(
    struct store_txn *txn, const struct home *home, int64_t now_ms, struct buf *ret_key)
{
    struct key place = naming_place();
    struct record r = {now_ms, now_ms, {0}};
    buf_reserve(ret_key, NAMING_KEY);
    random_bytes(ret_key->data, NAMING_KEY);
    ret_key->len = NAMING_KEY;
    return seal(txn, home, &place, buf_span(ret_key), r);
}

/* One that cannot be opened was lost with all that it had named. */
static enum err get_naming_key(
    struct store_txn *txn, const struct home *home, int64_t now_ms, struct buf *ret_key)
{
    struct key place = naming_place();
    struct record r;
    enum err err = get(txn, &place, &r);
    if (!err)
        err = keyring_unseal(home, r.sealed, key_span(&place), ret_key);
    if (!err && ret_key->len != NAMING_KEY)
        err = ERR_CORRUPT;
    return err == ERR_NOTFOUND || err == ERR_DENIED ? make_naming_key(txn, home, now_ms, ret_key)
                                                    : err;
}

/* The name that a value is given at the n-th try. */
static void print_name(
    struct span key, struct span pipeline_id, uint8_t n, struct span value, struct buf *ret_name)
{
    uint8_t mac[CRYPTO_MAC_MAX];
    struct span parts[] = {pipeline_id, span_of("", 1), span_of(&n, 1), value};
    (void)crypto_hmac(CRYPTO_HASH_SHA256, key, parts, sizeof parts / sizeof *parts, mac);
    buf_add_str(ret_name, OWN_SECRET);
    for (size_t i = 0; i < OWN_SECRET_DIGITS / 2; i++)
        buf_printf(ret_name, "%02x", mac[i]);
}

static bool holds(
    const struct home *home, const struct key *key, const struct record *r, struct span value)
{
    struct buf own = BUF_INIT;
    bool same = !keyring_unseal(home, r->sealed, key_span(key), &own) && own.len == value.len &&
                (!own.len || crypto_equal(own.data, value.data, own.len));
    crypto_forget(&own);
    return same;
}

/* The first name that is free, or that has this value; others have another one, or are lost. */
static enum err take_name(struct store_txn *txn, const struct home *home, struct span naming_key,
    struct span pipeline_id, struct span value, int64_t now_ms, struct buf *ret_name)
{
    size_t before = ret_name->len;
    for (uint8_t n = 0; n < UINT8_MAX; n++) {
        ret_name->len = before;
        print_name(naming_key, pipeline_id, n, value, ret_name);
        struct key key =
            key_of(pipeline_id, span_of(ret_name->data + before, ret_name->len - before));
        struct record r = {now_ms, now_ms, {0}};
        enum err err = get(txn, &key, &r);
        if (err == ERR_NOTFOUND)
            return seal(txn, home, &key, value, r);
        if (err || holds(home, &key, &r, value))
            return err;
    }
    return ERR_CORRUPT;
}

enum err step_secrets_own(struct store_txn *txn, const struct home *home, struct span pipeline_id,
    struct span value, int64_t now_ms, struct buf *ret_name)
{
    struct buf key = BUF_INIT;
    enum err err = get_naming_key(txn, home, now_ms, &key);
    if (!err)
        err = take_name(txn, home, buf_span(&key), pipeline_id, value, now_ms, ret_name);
    crypto_forget(&key);
    return err;
}

enum err step_secrets_drop(struct store_txn *txn, struct span pipeline_id)
{
    struct key prefix = key_of(pipeline_id, SPAN_NONE), key = prefix;
    struct span record;
    enum err err;
    while (!(err = walk_next(txn, TABLE_STEP_SECRETS, key_span(&prefix), &key, &record))) {
        err = store_del(txn, TABLE_STEP_SECRETS, key_span(&key));
        if (err)
            return err;
    }
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

/* All of them. */

enum err step_secrets_list(struct store_txn *txn, struct span owner, struct span after,
    step_secrets_visit *visit, void *context)
{
    struct key prefix = key_of(owner, SPAN_NONE), key = key_of(owner, after);
    struct span record;
    enum err err;
    while (!(err = walk_next(txn, TABLE_STEP_SECRETS, key_span(&prefix), &key, &record))) {
        struct record r;
        err = decode(record, &r);
        if (err)
            return err;
        struct step_secret secret = {name_in(key_span(&key)), r.created_ms, r.updated_ms};
        if (secret.name.len > STEP_SECRET_NAME_MAX)
            return ERR_CORRUPT;
        if (!visit(&secret, context))
            return ERR_OK;
    }
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

enum err step_secrets_count(struct store_txn *txn, size_t *ret_count)
{
    struct store_cursor cursor;
    struct span key, record;
    enum err err = store_cursor_open(txn, TABLE_STEP_SECRETS, &cursor);
    *ret_count = 0;
    if (err)
        return err;
    while (!(err = store_cursor_next(&cursor, &key, &record)))
        *ret_count += !is_naming(key);
    store_cursor_close(&cursor);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

static enum err reseal(struct store_txn *txn, const struct home *home, const struct key *key,
    const struct record *r, size_t *lost)
{
    struct buf value = BUF_INIT;
    enum err err = keyring_unseal(home, r->sealed, key_span(key), &value);
    *lost += err && !is_naming(key_span(key));
    err = err ? ERR_OK : seal(txn, home, key, buf_span(&value), *r);
    crypto_forget(&value);
    return err;
}

enum err step_secrets_reseal(
    struct store_txn *txn, const struct home *home, uint64_t sealing, size_t *ret_lost)
{
    struct key key = KEY_INIT;
    struct span record;
    enum err err;
    while (!(err = walk_next(txn, TABLE_STEP_SECRETS, SPAN_NONE, &key, &record))) {
        struct record r;
        err = decode(record, &r);
        if (!err && r.sealed.key != sealing)
            err = reseal(txn, home, &key, &r, ret_lost);
        if (err)
            return err;
    }
    return err == ERR_NOTFOUND ? ERR_OK : err;
}
