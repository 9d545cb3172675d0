#ifndef STORE_CREDENTIALS_H
#define STORE_CREDENTIALS_H
/*
 * credentials - API keys and webhook secrets. A key is found by the SHA-256 of
 * its token, so that looking one up compares nothing an attacker could time.
 */
#include "model/credential.h"
#include "store/store.h"

#define WEBHOOKS_TRIED 16 /* secrets that are tried for a request that names none of them */

/* Stores a new credential. An API key's proof is its token's digest. ERR_CONFLICT: id taken. */
enum err credentials_create(struct store_txn *txn, const struct credential *credential) MUST_CHECK;

/* Text borrows from the transaction. ERR_NOTFOUND. */
enum err credentials_get(
    struct store_txn *txn, const struct uuid *id, struct credential *ret_credential) MUST_CHECK;

/* The API key of a token that is still good. Text borrows likewise. ERR_NOTFOUND. */
enum err credentials_find(struct store_txn *txn, struct span token, int64_t now_ms,
    struct credential *ret_credential) MUST_CHECK;

/* ERR_NOTFOUND. Revoking again keeps the first time. */
enum err credentials_revoke(
    struct store_txn *txn, const struct uuid *id, int64_t now_ms) MUST_CHECK;

/*
 * Puts a new proof beside the present one, which stays good until `until_ms`. An older
 * proof goes. ERR_NOTFOUND; ERR_CONFLICT: the credential is revoked.
 */
enum err credentials_rotate(
    struct store_txn *txn, const struct uuid *id, struct proof proof, int64_t until_ms) MUST_CHECK;

/*
 * Seals a credential's secret, which then is the proof to store. The sealed bytes are put into
 * `sealed`, and the proof borrows them. Errors as keyring_seal.
 */
enum err credentials_seal(struct store_txn *txn, const struct home *home, const struct uuid *id,
    struct span secret, struct buf *sealed, struct proof *ret_proof) MUST_CHECK;

/*
 * Seals all secrets anew that are sealed with another key than this. Those that no key opens are
 * left and counted.
 */
enum err credentials_reseal(
    struct store_txn *txn, const struct home *home, uint64_t key, size_t *ret_lost) MUST_CHECK;

/*
 * Visit all credentials from behind `after` (may be UUID_NONE), or the webhook secrets, oldest
 * first, until visit says false.
 */
typedef bool credentials_visit(const struct credential *credential, void *context);
enum err credentials_list(struct store_txn *txn, const struct uuid *after, credentials_visit *visit,
    void *context) MUST_CHECK;
enum err credentials_webhooks(
    struct store_txn *txn, credentials_visit *visit, void *context) MUST_CHECK;

#endif
