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

/* Equal, in a time that depends on the length alone. */
bool crypto_equal(const void *a, const void *b, size_t len);

/* Overwrites a secret before its memory is given back. */
void crypto_clear(void *secret, size_t len);

#endif
