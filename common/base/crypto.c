/* crypto - see crypto.h. */
#include "base/crypto.h"

#include <assert.h>
#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <pthread.h>
#include <string.h>

#include "base/id.h"
#include "base/log.h"

#define NONCE 12 /* the length GCM is made for (SP 800-38D, 5.2.1.1) */
#define TAG 16

/*
 * Fetching an algorithm takes locks and costs more than hashing a token, so each is
 * fetched once, and none before it is needed: a CGI process lives for one request.
 */
static pthread_once_t sha256_once = PTHREAD_ONCE_INIT;
static pthread_once_t hmac_once = PTHREAD_ONCE_INIT;
static pthread_once_t gcm_once = PTHREAD_ONCE_INIT;
static EVP_MD *sha256;
static EVP_MAC *hmac;
static EVP_CIPHER *gcm;

/*
 * What is fetched is named, so libcrypto needs neither its tables of the names of all algorithms
 * nor openssl.cnf. They cost a process half a millisecond, and a CGI process lives for three.
 */
static void begin(void)
{
    (void)OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ADD_ALL_CIPHERS |
                                  OPENSSL_INIT_NO_ADD_ALL_DIGESTS,
        NULL);
}

static void fetch_sha256(void)
{
    begin();
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (!sha256)
        log_die(EXIT_FIX, "libcrypto offers no SHA-256");
}

static void fetch_hmac(void)
{
    begin();
    hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    if (!hmac)
        log_die(EXIT_FIX, "libcrypto offers no HMAC");
}

static void fetch_gcm(void)
{
    begin();
    gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    if (!gcm)
        log_die(EXIT_FIX, "libcrypto offers no AES-256-GCM");
}

void crypto_sha256(struct span data, uint8_t ret_digest[CRYPTO_SHA256])
{
    pthread_once(&sha256_once, fetch_sha256);
    if (!EVP_Digest(data.data, data.len, ret_digest, NULL, sha256, NULL))
        log_die(EXIT_RETRY, "libcrypto could not compute a digest");
}

/* A context each time: it dies with its copy of the key, and making one costs less than a
 * microsecond. */
size_t crypto_hmac(enum crypto_hash hash, struct span key, const struct span *parts, size_t count,
    uint8_t ret_mac[CRYPTO_MAC_MAX])
{
    static const char names[CRYPTO_HASH__MAX][8] = {"SHA1", "SHA256", "SHA512"};
    char name[sizeof names[0]]; /* OSSL_PARAM wants it writable */
    size_t len = 0;
    assert(hash < CRYPTO_HASH__MAX && key.len);
    memcpy(name, names[hash], sizeof name);
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
        OSSL_PARAM_construct_end(),
    };
    pthread_once(&hmac_once, fetch_hmac);
    EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(hmac);
    bool good = ctx && EVP_MAC_init(ctx, key.data, key.len, params);
    for (size_t i = 0; good && i < count; i++)
        good = EVP_MAC_update(ctx, parts[i].data, parts[i].len);
    good = good && EVP_MAC_final(ctx, ret_mac, &len, CRYPTO_MAC_MAX);
    EVP_MAC_CTX_free(ctx);
    if (!good)
        log_die(EXIT_RETRY, "libcrypto could not compute an HMAC");
    return len;
}

/* libcrypto counts in int. */
static int int_len(struct span s)
{
    assert(s.len <= INT_MAX);
    return (int)s.len;
}

/* Nothing to add is not handed on: with no data and no room for output, libcrypto takes it for the
 * end. */
static bool add(EVP_CIPHER_CTX *ctx, uint8_t *out, struct span in)
{
    int n;
    return !in.len || EVP_CipherUpdate(ctx, out, &n, in.data, int_len(in));
}

void crypto_seal(
    const uint8_t key[CRYPTO_KEY], struct span label, struct span secret, struct buf *out)
{
    int n;
    pthread_once(&gcm_once, fetch_gcm);
    buf_reserve(out, NONCE + secret.len + TAG);
    uint8_t *nonce = out->data + out->len, *text = nonce + NONCE, *tag = text + secret.len;
    random_bytes(nonce, NONCE);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    bool good = ctx && EVP_EncryptInit_ex2(ctx, gcm, key, nonce, NULL) && add(ctx, NULL, label) &&
                add(ctx, text, secret) && EVP_EncryptFinal_ex(ctx, tag, &n) &&
                EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG, tag);
    EVP_CIPHER_CTX_free(ctx);
    if (!good)
        log_die(EXIT_RETRY, "libcrypto could not encrypt");
    out->len += NONCE + secret.len + TAG;
    out->data[out->len] = 0;
}

bool crypto_unseal(
    const uint8_t key[CRYPTO_KEY], struct span label, struct span sealed, struct buf *out)
{
    uint8_t tag[TAG], end[TAG];
    int n;
    if (sealed.len < NONCE + TAG)
        return false;
    pthread_once(&gcm_once, fetch_gcm);
    struct span text = span_of(sealed.data + NONCE, sealed.len - NONCE - TAG);
    memcpy(tag, text.data + text.len, TAG);
    /* Room at once: a buffer that grew would leave a copy of the secret behind. */
    buf_reserve(out, text.len);
    uint8_t *secret = out->data + out->len;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    if (!ctx || !EVP_DecryptInit_ex2(ctx, gcm, key, sealed.data, NULL))
        log_die(EXIT_RETRY, "libcrypto could not decrypt");
    bool good = add(ctx, NULL, label) && add(ctx, secret, text) &&
                EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG, tag) &&
                EVP_DecryptFinal_ex(ctx, end, &n) > 0;
    EVP_CIPHER_CTX_free(ctx);
    if (good)
        out->len += text.len;
    else
        crypto_clear(secret, text.len);
    out->data[out->len] = 0;
    return good;
}

bool crypto_equal(const void *a, const void *b, size_t len)
{
    return CRYPTO_memcmp(a, b, len) == 0;
}

void crypto_clear(void *secret, size_t len)
{
    OPENSSL_cleanse(secret, len);
}

void crypto_forget(struct buf *secret)
{
    if (secret->data)
        crypto_clear(secret->data, secret->cap);
    buf_done(secret);
}

void crypto_thread_end(void)
{
    OPENSSL_thread_stop();
}
