#ifndef STORE_CREDENTIALS_H
#define STORE_CREDENTIALS_H
/*
 * credentials - the API keys, found by the SHA-256 of the token, so that looking
 * one up compares nothing an attacker could time.
 */
#include "model/credential.h"
#include "store/store.h"

/* Stores a new key; only the token's digest is kept. ERR_CONFLICT when the id is taken. */
enum err credentials_create(
    struct store_txn *txn, const struct credential *credential, struct span token) MUST_CHECK;

/* The key of a token. Text borrows from the transaction. ERR_NOTFOUND. */
enum err credentials_find(
    struct store_txn *txn, struct span token, struct credential *ret_credential) MUST_CHECK;

/* ERR_NOTFOUND. Revoking again keeps the first time. */
enum err credentials_revoke(
    struct store_txn *txn, const struct uuid *id, int64_t now_ms) MUST_CHECK;

/* All, oldest first, until visit says false. */
enum err credentials_list(struct store_txn *txn,
    bool (*visit)(const struct credential *credential, void *context), void *context) MUST_CHECK;

#endif
