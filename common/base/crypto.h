#ifndef BASE_CRYPTO_H
#define BASE_CRYPTO_H
/*
 * crypto - the few primitives the house needs, over libcrypto, which only
 * crypto.c includes.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define CRYPTO_SHA256 32

/* SHA-256 (FIPS 180-4). Thread-safe. */
void crypto_sha256(struct span data, uint8_t ret_digest[CRYPTO_SHA256]);

/* Message authentication (RFC 2104) over several parts as if they were joined. Thread-safe. */
enum crypto_hash { CRYPTO_HASH_SHA1, CRYPTO_HASH_SHA256, CRYPTO_HASH_SHA512, CRYPTO_HASH__MAX };
#define CRYPTO_MAC_MAX 64
/* Returns the digest's length. The caller has refused empty keys. */
size_t crypto_hmac(enum crypto_hash hash, struct span key, const struct span *parts, size_t count,
    uint8_t ret_mac[CRYPTO_MAC_MAX]);

/*
 * AES-256-GCM (NIST SP 800-38D) with a random nonce: appends nonce, ciphertext and
 * tag. `label` is authenticated, not encrypted: it binds a secret to its place.
 */
#define CRYPTO_KEY 32
void crypto_seal(
    const uint8_t key[CRYPTO_KEY], struct span label, struct span secret, struct buf *out);
/* False, and nothing appended, when it was not sealed with this key and label. */
bool crypto_unseal(
    const uint8_t key[CRYPTO_KEY], struct span label, struct span sealed, struct buf *out);

/* Equal, in a time that depends on the length alone. */
bool crypto_equal(const void *a, const void *b, size_t len);

/* Overwrites a secret before its memory is given back. */
void crypto_clear(void *secret, size_t len);

/* Overwrites a secret in a buf, with the room behind it, and gives its memory back: buf_done. */
void crypto_forget(struct buf *secret);

/*
 * Frees what libcrypto keeps for the calling thread. For threads that end shortly
 * before the process: left to itself that would race with the process's end.
 */
void crypto_thread_end(void);

#endif
