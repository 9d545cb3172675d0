#ifndef STORE_DEDUPE_H
#define STORE_DEDUPE_H
/*
 * dedupe - what was accepted under which identity (an Idempotency-Key, a
 * delivery's id, a CloudEvent's source and id), so that a repeat gets the first
 * answer. Checked and stored in the transaction that appends the events.
 */
#include "base/crypto.h"
#include "base/id.h"
#include "store/store.h"

/* Who sent it and what it is called, as one digest: 'kind' keeps the name spaces apart. */
struct dedupe_key {
    uint8_t digest[CRYPTO_SHA256];
};
struct dedupe_key dedupe_key(
    char kind, const struct uuid *credential, struct span a, struct span b);

/* One event that was accepted. */
struct accepted {
    struct uuid cid;
    struct span type; /* borrows as said below */
};

/*
 * What was accepted under the key, up to `room` of them, and how many there were;
 * the body it came with in ret_body. Text borrows from the transaction. ERR_NOTFOUND: nothing, or
 * too long ago.
 */
enum err dedupe_find(struct store_txn *txn, const struct dedupe_key *key, int64_t now_ms,
    struct accepted *ret_accepted, size_t room, size_t *ret_count,
    uint8_t ret_body[CRYPTO_SHA256]) MUST_CHECK;

/* Remembers it until `until_ms`, and forgets some of what is over. */
enum err dedupe_put(struct store_txn *txn, const struct dedupe_key *key, int64_t now_ms,
    int64_t until_ms, const struct accepted *accepted, size_t count,
    const uint8_t body[CRYPTO_SHA256]) MUST_CHECK;

#endif
