/* crypto - see crypto.h. */
#include "base/crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>

#include "base/log.h"

/* Fetching an algorithm takes locks and costs more than hashing a token, so it is done once. */
static pthread_once_t fetch_once = PTHREAD_ONCE_INIT;
static EVP_MD *sha256;

static void fetch(void)
{
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (!sha256)
        log_die(EXIT_FIX, "libcrypto offers no SHA-256");
}

void crypto_sha256(struct span data, uint8_t ret_digest[CRYPTO_SHA256])
{
    pthread_once(&fetch_once, fetch);
    if (!EVP_Digest(data.data, data.len, ret_digest, NULL, sha256, NULL))
        log_die(EXIT_RETRY, "libcrypto could not compute a digest");
}

bool crypto_equal(const void *a, const void *b, size_t len)
{
    return CRYPTO_memcmp(a, b, len) == 0;
}

void crypto_clear(void *secret, size_t len)
{
    OPENSSL_cleanse(secret, len);
}
