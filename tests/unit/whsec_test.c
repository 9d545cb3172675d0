/* whsec_test - keys in the spelling of Standard Webhooks. */
#include "temp.h"

#include "model/whsec.h"

#define KEY_16 "MDEyMzQ1Njc4OWFiY2RlZg=="
#define BASE64_120 \
    "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1" \
    "Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5"

static const struct {
    const char *secret;
    int len; /* of what it is the base64 of; -1: it is none */
    bool is_key;
} cases[] = {
    {"whsec_" KEY_16, 16, true},
    {KEY_16, 16, true},
    {"v1,whsec_" KEY_16, 16, true},
    {"v1," KEY_16, -1, false},
    {"v1,v1,whsec_" KEY_16, -1, false},
    {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 24, true},
    {"whsec_MDEyMzQ1Njc4OWFiY2Rl", 15, false},
    {"whsec_" BASE64_120 "MDEyMzQ1Njc=", 128, true},
    {"whsec_" BASE64_120 "MDEyMzQ1Njc4", 129, false},
    {"whsec_", 0, false},
    {"", 0, false},
    {"whsec_MDEyMzQ1Njc4OWFiY2RlZg", -1, false},   /* without its padding */
    {"whsec_MDEyMzQ1Njc4OWFiY2RlZh==", -1, false}, /* a stray bit */
    {"whsec_MDEyMzQ1Njc4 OWFiY2RlZg==", -1, false},
    {"whsec_MDEyMzQ1Njc4OWFiY2Rl_-==", -1, false}, /* the other alphabet */
    {"WHSEC_" KEY_16, -1, false},
    {"whsec", -1, false},
    {"a shared secret", -1, false},
};

static void whsec_reads_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf text = BUF_INIT, key = BUF_INIT;
        bool good = whsec_decode(span_str(cases[i].secret), &text);
        if (good != (cases[i].len >= 0) || (good && text.len != (size_t)cases[i].len))
            fail_msg("%s is the base64 of %d and %zu bytes", cases[i].secret, good, text.len);
        if (whsec_key(span_str(cases[i].secret), &key) != cases[i].is_key)
            fail_msg("%s", cases[i].secret);
        buf_done(&text);
        buf_done(&key);
    }
    assert_true(whsec_is_marked(span_str("whsec_")));
    assert_false(whsec_is_marked(span_str("whsec")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(whsec_reads_keys)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
