/* crypto_test - the primitives against their published vectors, and sealed secrets against every
 * change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/crypto.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define TEXT(s) \
    { \
        (const uint8_t *)(s), sizeof(s) - 1 \
    }

#define X10(s) s s s s s s s s s s
#define X20(s) X10(s) X10(s)
#define X50(s) X10(s) X10(s) X10(s) X10(s) X10(s)
#define ONE_TO_25 \
    "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17" \
    "\x18\x19"

static void add_hex(struct span bytes, struct buf *out)
{
    for (size_t i = 0; i < bytes.len; i++)
        buf_printf(out, "%02x", bytes.data[i]);
}

static void add_bytes(const char *hex, struct buf *out)
{
    for (; *hex; hex += 2) {
        char digits[3] = {hex[0], hex[1], 0};
        buf_add_char(out, (char)strtoul(digits, NULL, 16));
    }
}

static void assert_hex(const uint8_t *bytes, size_t len, const char *hex)
{
    struct buf text = BUF_INIT;
    add_hex(span_of(bytes, len), &text);
    assert_string_equal(buf_text(&text), hex);
    buf_done(&text);
}

/* FIPS 180-4, examples of NIST. */
static void crypto_sha256_gives_the_published_digests(void **state)
{
    static const struct {
        struct span text;
        const char *digest;
    } vectors[] = {
        {TEXT(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {TEXT("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {TEXT("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        uint8_t digest[CRYPTO_SHA256];
        crypto_sha256(vectors[i].text, digest);
        assert_hex(digest, sizeof digest, vectors[i].digest);
    }
    uint8_t digest[CRYPTO_SHA256];
    crypto_sha256(SPAN_NONE, digest);
    assert_hex(digest, sizeof digest, vectors[0].digest);
}

/* RFC 2202, section 3 (SHA-1), and RFC 4231, section 4, without the truncated case. */
static const struct {
    struct span key, data;
    const char *macs[CRYPTO_HASH__MAX]; /* NULL: not published for this input */
} hmac_vectors[] = {
    {TEXT(X20("\x0b")), TEXT("Hi There"),
        {"b617318655057264e28bc0b6fb378c8ef146be00",
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
            "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854"}},
    {TEXT("Jefe"), TEXT("what do ya want for nothing?"),
        {"effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
            "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"}},
    {TEXT(X20("\xaa")), TEXT(X50("\xdd")),
        {"125d7342b9ac11cd91a39af48aa17b4f63f175d3",
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
            "fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39"
            "bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb"}},
    {TEXT(ONE_TO_25), TEXT(X50("\xcd")),
        {"4c9007f4026250c6bc8414f9bf50c86c2d7235da",
            "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
            "b0ba465637458c6990e5a8c5f61d4af7e576d97ff94b872de76f8050361ee3db"
            "a91ca5c11aa25eb4d679275cc5788063a5f19741120c4f2de2adebeb10a298dd"}},
    {TEXT(X20("\x0c")), TEXT("Test With Truncation"),
        {"4c1a03424b55e07fe7f27be1d58bb9324a9a5a04", NULL, NULL}},
    {TEXT(X50("\xaa") X20("\xaa") X10("\xaa")),
        TEXT("Test Using Larger Than Block-Size Key - Hash Key First"),
        {"aa4ae5e15272d00e95705637ce8a3b55ed402112", NULL, NULL}},
    {TEXT(X50("\xaa") X20("\xaa") X10("\xaa")),
        TEXT("Test Using Larger Than Block-Size Key and Larger Than One Block-Size Data"),
        {"e8e99d0f45237d786d6bbaa7965c7808bbff1a91", NULL, NULL}},
    {TEXT(X50("\xaa") X50("\xaa") X20("\xaa") X10("\xaa") "\xaa"),
        TEXT("Test Using Larger Than Block-Size Key - Hash Key First"),
        {NULL, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
            "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598"}},
    {TEXT(X50("\xaa") X50("\xaa") X20("\xaa") X10("\xaa") "\xaa"),
        TEXT("This is a test using a larger than block-size key and a larger than block-size data. "
             "The key needs to be hashed before being used by the HMAC algorithm."),
        {NULL, "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
            "e37b6a775dc87dbaa4dfa9f96e5e3ffddebd71f8867289865df5a32d20cdc944"
            "b6022cac3c4982b10d5eeb55c3e4de15134676fb6de0446065c97440fa8c6a58"}},
};

static void crypto_hmac_gives_the_published_codes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(hmac_vectors); i++)
        for (int hash = 0; hash < CRYPTO_HASH__MAX; hash++) {
            uint8_t mac[CRYPTO_MAC_MAX];
            if (!hmac_vectors[i].macs[hash])
                continue;
            size_t len = crypto_hmac(
                (enum crypto_hash)hash, hmac_vectors[i].key, &hmac_vectors[i].data, 1, mac);
            assert_hex(mac, len, hmac_vectors[i].macs[hash]);
        }
}

static void crypto_hmac_joins_its_parts(void **state)
{
    struct span whole = span_str("what do ya want for nothing?"), key = span_str("Jefe");
    uint8_t one[CRYPTO_MAC_MAX], parted[CRYPTO_MAC_MAX];
    (void)state;
    size_t len = crypto_hmac(CRYPTO_HASH_SHA256, key, &whole, 1, one);
    for (size_t cut = 0; cut <= whole.len; cut++) {
        const struct span parts[] = {span_of(whole.data, cut), SPAN_NONE,
            span_of(whole.data + cut, whole.len - cut), SPAN_NONE};
        assert_int_equal(crypto_hmac(CRYPTO_HASH_SHA256, key, parts, COUNT(parts), parted), len);
        assert_memory_equal(one, parted, len);
    }
    /* Nothing at all has a code too. */
    len = crypto_hmac(CRYPTO_HASH_SHA256, key, NULL, 0, parted);
    crypto_hmac(CRYPTO_HASH_SHA256, key, &SPAN_NONE, 1, one);
    assert_memory_equal(one, parted, len);
}

/* McGrew and Viega, "The Galois/Counter Mode of Operation", test cases 13, 14 and 16. */
static const struct {
    const char *key, *label, *sealed, *secret;
} gcm_vectors[] = {
    {X20("000") "0000", "", "000000000000000000000000530f8afbc74536b9a963b4f1c4cb738b", ""},
    {X20("000") "0000", "",
        "000000000000000000000000cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919",
        "00000000000000000000000000000000"},
    {"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
        "feedfacedeadbeeffeedfacedeadbeefabaddad2",
        "cafebabefacedbaddecaf888"
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
        "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
        "76fc6ece0f4e1768cddf8853bb2d551b",
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
        "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"},
};

static void crypto_unseal_opens_the_published_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(gcm_vectors); i++) {
        struct buf key = BUF_INIT, label = BUF_INIT, sealed = BUF_INIT, out = BUF_INIT;
        add_bytes(gcm_vectors[i].key, &key);
        add_bytes(gcm_vectors[i].label, &label);
        add_bytes(gcm_vectors[i].sealed, &sealed);
        assert_int_equal(key.len, CRYPTO_KEY);
        assert_true(crypto_unseal(key.data, buf_span(&label), buf_span(&sealed), &out));
        assert_hex(out.data, out.len, gcm_vectors[i].secret);
        buf_done(&key);
        buf_done(&label);
        buf_done(&sealed);
        buf_done(&out);
    }
}

static const uint8_t key[CRYPTO_KEY] = "0123456789abcdef0123456789abcde";

static void crypto_seal_can_be_undone_at_every_length(void **state)
{
    uint8_t secret[200];
    (void)state;
    for (size_t i = 0; i < sizeof secret; i++)
        secret[i] = (uint8_t)(i * 31 + 7);
    for (size_t len = 0; len <= sizeof secret; len++) {
        struct span label = len % 3 ? span_of(secret, len % 3) : SPAN_NONE;
        struct buf sealed = BUF_INIT, out = BUF_INIT;
        buf_add_str(&sealed, "a");
        buf_add_str(&out, "b");
        crypto_seal(key, label, span_of(len ? secret : NULL, len), &sealed);
        assert_int_equal(sealed.len, 1 + 12 + len + 16);
        assert_int_equal(sealed.data[sealed.len], 0);
        assert_true(crypto_unseal(key, label, span_of(sealed.data + 1, sealed.len - 1), &out));
        assert_int_equal(out.len, 1 + len);
        assert_memory_equal(out.data + 1, secret, len);
        assert_int_equal(out.data[out.len], 0);
        assert_true(sealed.data[0] == 'a' && out.data[0] == 'b');
        buf_done(&sealed);
        buf_done(&out);
    }
}

/* Nothing may be appended, and nothing of the secret may stay in the buffer's room. */
static void assert_closed(
    const uint8_t other_key[CRYPTO_KEY], struct span label, struct span sealed, struct span secret)
{
    struct buf out = BUF_INIT;
    buf_reserve(&out, 4 + secret.len);
    memset(out.data, 0, 4 + secret.len);
    buf_add_str(&out, "kept");
    assert_false(crypto_unseal(other_key, label, sealed, &out));
    assert_string_equal(buf_text(&out), "kept");
    assert_int_equal(out.len, 4);
    assert_null(memmem(out.data, 4 + secret.len, secret.data, secret.len));
    buf_done(&out);
}

static void crypto_unseal_refuses_every_change(void **state)
{
    struct span label = span_str("secret 7"), secret = span_str("It's a Secret to Everybody");
    struct buf sealed = BUF_INIT;
    uint8_t other_key[CRYPTO_KEY];
    (void)state;
    crypto_seal(key, label, secret, &sealed);
    for (size_t i = 0; i < sealed.len; i++)
        for (int bit = 0; bit < 8; bit++) {
            sealed.data[i] ^= (uint8_t)(1 << bit);
            assert_closed(key, label, buf_span(&sealed), secret);
            sealed.data[i] ^= (uint8_t)(1 << bit);
        }
    for (size_t len = 0; len < sealed.len; len++) {
        assert_closed(key, label, span_of(sealed.data, len), secret);
        assert_closed(key, label, span_of(sealed.data + sealed.len - len, len), secret);
    }
    for (size_t i = 0; i < CRYPTO_KEY; i++) {
        memcpy(other_key, key, CRYPTO_KEY);
        other_key[i] ^= 1;
        assert_closed(other_key, label, buf_span(&sealed), secret);
    }
    assert_closed(key, span_str("secret 8"), buf_span(&sealed), secret);
    assert_closed(key, span_str("secret 7 "), buf_span(&sealed), secret);
    assert_closed(key, span_str("secret "), buf_span(&sealed), secret);
    assert_closed(key, SPAN_NONE, buf_span(&sealed), secret);
    assert_closed(key, label, SPAN_NONE, secret);
    buf_add_char(&sealed, 0);
    assert_closed(key, label, buf_span(&sealed), secret);
    buf_done(&sealed);
}

static void crypto_seal_never_repeats_itself(void **state)
{
    struct buf one = BUF_INIT, two = BUF_INIT;
    (void)state;
    for (int i = 0; i < 100; i++) {
        buf_clear(&one);
        buf_clear(&two);
        crypto_seal(key, SPAN_NONE, span_str("secret"), &one);
        crypto_seal(key, SPAN_NONE, span_str("secret"), &two);
        assert_memory_not_equal(one.data, two.data, 12);
        assert_memory_not_equal(one.data + 12, two.data + 12, 6);
        assert_null(memmem(one.data, one.len, "secret", 6));
    }
    buf_done(&one);
    buf_done(&two);
}

static void crypto_equal_compares_all(void **state)
{
    uint8_t a[32] = {0}, b[32] = {0};
    (void)state;
    assert_true(crypto_equal(a, b, sizeof a));
    assert_true(crypto_equal(a, b, 0));
    for (size_t i = 0; i < sizeof a; i++) {
        b[i] = 0x80;
        assert_false(crypto_equal(a, b, sizeof a));
        assert_true(crypto_equal(a, b, i));
        b[i] = 0;
    }
}

static void crypto_clear_overwrites(void **state)
{
    char secret[] = "secret";
    (void)state;
    crypto_clear(secret, sizeof secret);
    for (size_t i = 0; i < sizeof secret; i++)
        assert_int_equal(secret[i], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crypto_sha256_gives_the_published_digests),
        cmocka_unit_test(crypto_hmac_gives_the_published_codes),
        cmocka_unit_test(crypto_hmac_joins_its_parts),
        cmocka_unit_test(crypto_unseal_opens_the_published_vectors),
        cmocka_unit_test(crypto_seal_can_be_undone_at_every_length),
        cmocka_unit_test(crypto_unseal_refuses_every_change),
        cmocka_unit_test(crypto_seal_never_repeats_itself),
        cmocka_unit_test(crypto_equal_compares_all),
        cmocka_unit_test(crypto_clear_overwrites),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
