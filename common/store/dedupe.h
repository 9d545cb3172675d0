#ifndef STORE_DEDUPE_H
#define STORE_DEDUPE_H
/*
 * dedupe - what was accepted under which identity (an Idempotency-Key, a
 * delivery's id, a CloudEvent's source and id), so that a repeat gets the first
 * answer. It is looked up and stored in the transaction that appends the events.
 */
#include "base/crypto.h"
#include "base/id.h"
#include "store/store.h"

/* Who sent a request and what identifies it, as one digest; its kind is part of the digest. */
struct dedupe_key {
    uint8_t digest[CRYPTO_SHA256];
};
struct dedupe_key dedupe_key(
    char kind, const struct uuid *credential, struct span a, struct span b);

/* One event that was accepted. */
struct accepted {
    struct uuid cid;
    struct span type; /* borrowed */
};

/*
 * The events that were accepted under the key, `room` of them at most, how many there were,
 * and the digest of their contents. Text borrows from the transaction.
 * ERR_NOTFOUND: nothing was accepted, or too long ago.
 */
enum err dedupe_find(struct store_txn *txn, const struct dedupe_key *key, int64_t now_ms,
    struct accepted *ret_accepted, size_t room, size_t *ret_count,
    uint8_t ret_contents[CRYPTO_SHA256]) MUST_CHECK;

/* Remembers what was accepted until `until_ms`, and forgets some entries whose time is over. */
enum err dedupe_put(struct store_txn *txn, const struct dedupe_key *key, int64_t now_ms,
    int64_t until_ms, const struct accepted *accepted, size_t count,
    const uint8_t contents[CRYPTO_SHA256]) MUST_CHECK;

#endif
