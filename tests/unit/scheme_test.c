/*
 * scheme_test - what providers publish verifies, what is not exactly that does not,
 * and what a generic scheme may say.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <cmocka.h>

#include "model/scheme.h"
#include "model/scheme_secret.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Requests. */

/* Headers are lines "name: value\n". */
static struct span find_header(void *context, const char *name, bool *ret_twice)
{
    struct span found = SPAN_NONE;
    size_t len = strlen(name), times = 0;
    for (const char *line = context; *line; line = strchr(line, '\n') + 1)
        if (strncasecmp(line, name, len) == 0 && line[len] == ':') {
            const char *value = line + len + 2;
            found = span_of(value, (size_t)(strchr(value, '\n') - value));
            if (++times > 1)
                *ret_twice = true;
        }
    return found;
}

static struct signed_request request_of(char *headers, struct span body)
{
    return (struct signed_request){find_header, headers, body};
}

/* A provider's scheme, or the one that a JSON object describes. */
static struct scheme scheme_named(const char *name)
{
    struct scheme scheme;
    struct buf why = BUF_INIT;
    if (*name != '{') {
        assert_non_null(scheme_preset(span_str(name)));
        return *scheme_preset(span_str(name));
    }
    if (scheme_parse(span_str(name), &scheme, &why) != ERR_OK)
        fail_msg("%s: %s", name, buf_text(&why));
    buf_done(&why);
    return scheme;
}

static bool verify(const struct scheme *scheme, const char *secret, const char *headers,
    struct span body, int64_t now_s, struct buf *why)
{
    char *copy = mem_strdup(headers);
    struct signed_request request = request_of(copy, body);
    struct span secrets[] = {span_str(secret)};
    buf_clear(why);
    bool good = scheme_verify(scheme, secrets, 1, &request, now_s, why);
    assert_true(good == !why->len);
    free(copy);
    return good;
}

/* What is good. */

#define GITHUB_SECRET "It's a Secret to Everybody"
#define GITHUB_HEX "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
#define GITHUB "X-Hub-Signature-256: sha256=" GITHUB_HEX "\n"

#define STANDARD_SECRET "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define STANDARD_TIME 1614265330
#define STANDARD_BODY "{\"test\": 2432232314}"
#define STANDARD_ID "webhook-id: msg_p5jXN8AQM9LWM0D4loKWxJek\n"
#define STANDARD_AT "webhook-timestamp: 1614265330\n"
#define STANDARD_BASE64 "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

#define SLACK_SECRET "8f742231b10e8888abcd99yyyzzz85a5"
#define SLACK_TIME 1531420618
#define SLACK_AT "X-Slack-Request-Timestamp: 1531420618\n"
#define SLACK_BODY "token=abc&text=hello"
#define SLACK \
    "X-Slack-Signature: v0=088db81af4129b3478f855212583383b6c5a7f25ef14492fe7215cd15b8fef3c\n"

#define STRIPE_SECRET "whsec_test_secret"
#define STRIPE_TIME 1614265330
#define STRIPE_BODY "{\"id\":\"evt_test\"}"
#define STRIPE_V1 "v1=00cd8805b6dfb4317048892c492f8ff769e2075ec20013c6ed546e639a4e20ba"
#define STRIPE_OTHER_V1 "v1=88ec450b957537abb89e43af48a761406343d20df009893f2edaab036459ed49"

#define SHOPIFY "X-Shopify-Hmac-SHA256: VnKUjZsLuN5iZWjn5EntcBVCF9kMN43LglzCE1/GSeY=\n"

/*
 * What providers publish (GitHub, Standard Webhooks, Slack), and what an
 * independent HMAC makes of the formats that others describe.
 */
static const struct good {
    const char *scheme, *secret, *headers, *body;
    int64_t time_s; /* of the signature, where it has one */
} good_cases[] = {
    {"github", GITHUB_SECRET, GITHUB, "Hello, World!", 0},
    {"github", GITHUB_SECRET,
        "X-Hub-Signature-256: "
        "sha256=757107EA0EB2509FC211221CCE984B8A37570B6D7586C22C46F4379C8B043E17\n",
        "Hello, World!", 0},
    {"github", GITHUB_SECRET,
        "X-Hub-Signature-256: "
        "sha256=66a0c074deaa0f489ead6537e0d32f9a344b90bbeda705b6ed45ecd3b413fb40\n",
        "", 0},
    {"gitea", "gitea secret",
        "X-Gitea-Signature: 99c6f92cc56487df18837fe9b006e3d7d668359bd88294e510b1857b3fa56c9c\n",
        "{\"ref\":\"refs/heads/main\"}", 0},
    {"gitea", "gitea secret",
        "X-Forgejo-Signature: 99c6f92cc56487df18837fe9b006e3d7d668359bd88294e510b1857b3fa56c9c\n",
        "{\"ref\":\"refs/heads/main\"}", 0},
    {"gitlab-signing", "whsec_" STANDARD_SECRET,
        STANDARD_ID STANDARD_AT "webhook-signature: v1," STANDARD_BASE64 "\n", STANDARD_BODY,
        STANDARD_TIME},
    {"standard-webhooks", STANDARD_SECRET,
        STANDARD_ID STANDARD_AT "webhook-signature: v1," STANDARD_BASE64 "\n", STANDARD_BODY,
        STANDARD_TIME},
    {"standard-webhooks", "whsec_" STANDARD_SECRET,
        "svix-id: msg_p5jXN8AQM9LWM0D4loKWxJek\nsvix-timestamp: 1614265330\n"
        "svix-signature: v1," STANDARD_BASE64 "\n",
        STANDARD_BODY, STANDARD_TIME},
    /* Signatures of keys that are not ours, and of kinds that are not ours. */
    {"standard-webhooks", STANDARD_SECRET,
        STANDARD_ID STANDARD_AT
        "webhook-signature: v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= v1a,YWJj v2 v1,x "
        "v1," STANDARD_BASE64 "\n",
        STANDARD_BODY, STANDARD_TIME},
    {"stripe", STRIPE_SECRET, "Stripe-Signature: t=1614265330," STRIPE_V1 "\n", STRIPE_BODY,
        STRIPE_TIME},
    {"stripe", STRIPE_SECRET,
        "Stripe-Signature: "
        "t=1614265330," STRIPE_OTHER_V1 "," STRIPE_V1
        ",v0=88ec450b957537abb89e43af48a761406343d20df009893f2edaab036459ed49\n",
        STRIPE_BODY, STRIPE_TIME},
    {"stripe", STRIPE_SECRET, "Stripe-Signature: " STRIPE_V1 ", t=1614265330\n", STRIPE_BODY,
        STRIPE_TIME},
    {"slack", SLACK_SECRET, SLACK_AT SLACK, SLACK_BODY, SLACK_TIME},
    {"slack", SLACK_SECRET,
        SLACK_AT "X-Slack-Signature: "
                 "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503\n",
        "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&"
        "channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&"
        "command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%"
        "2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id="
        "398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c",
        SLACK_TIME},
    {"slack", SLACK_SECRET,
        "X-Slack-Request-Timestamp: 001531420618\nX-Slack-Signature: "
        "v0=e1d2bba46f6e2c2e35eca39ca825f6bb1207d7e8a388b6da5031b36e1c6e2faa\n",
        "x", SLACK_TIME},
    {"shopify", "hush", SHOPIFY, "{\"id\":1}", 0},
    /* Generic schemes: GitHub said in full, Paddle, ElevenLabs, Linear, Vercel, WooCommerce, … */
    {"{\"header\": \"X-Hub-Signature-256\", \"algorithm\": \"sha256\", \"encoding\": \"hex\", "
     "\"prefix\": \"sha256=\", \"secret_encoding\": \"raw\", \"template\": \"{body}\"}",
        GITHUB_SECRET, GITHUB, "Hello, World!", 0},
    {"{\"header\": \"Paddle-Signature\", \"separator\": \";\", \"prefix\": \"h1=\", "
     "\"timestamp_item\": \"ts\", \"template\": \"{timestamp}:{body}\"}",
        "pdl_ntfset_01",
        "Paddle-Signature: "
        "ts=1671552777;h1=f5b1e7d4080834a2460eedc57e75baf173a47ae69fa8ddd98d407c71aa65828a\n",
        "{\"event_id\":\"evt_1\"}", 1671552777},
    {"{\"header\": \"ElevenLabs-Signature\", \"separator\": \",\", \"prefix\": \"v0=\", "
     "\"timestamp_item\": \"t\", \"template\": \"{timestamp}.{body}\"}",
        "wsec_eleven",
        "ElevenLabs-Signature: "
        "t=1739537297,v0=95c07e55384137bf9218749420984237640b22470093445e37904b937548548d\n",
        "{\"type\":\"post_call_transcription\"}", 1739537297},
    {"{\"header\": \"Linear-Signature\"}", "lin_wh_secret",
        "Linear-Signature: 11c5f2085f1b5109af0047bd3ba11bfa9526eead34858087e905ac45bd73c6b6\n",
        "{\"action\":\"create\"}", 0},
    {"{\"header\": \"x-vercel-signature\", \"algorithm\": \"sha1\"}", "vercel secret",
        "X-Vercel-Signature: 28fc09dd7ad211e311f39c0a2ac403f74bf017ca\n",
        "{\"type\":\"deployment\"}", 0},
    {"{\"header\": \"X-WC-Webhook-Signature\", \"encoding\": \"base64\", "
     "\"id_header\": \"X-WC-Webhook-Delivery-ID\"}",
        "woo secret", "X-WC-Webhook-Signature: yqLKkvP8G44VfTSVcHupm2ea/oIl7SPiZEKTLjCUYSQ=\n",
        "{\"id\":17}", 0},
    {"{\"header\": \"X-CIO-Signature\", \"timestamp_header\": \"X-CIO-Timestamp\", "
     "\"template\": \"v0:{timestamp}:{body}\"}",
        "cio secret",
        "X-CIO-Timestamp: 1614265330\nX-CIO-Signature: "
        "37634d49d4f29c737da52ad0c47d37b89f58c83d171270603328aa284c0a7910\n",
        "{\"metric\":\"sent\"}", 1614265330},
    {"{\"header\": \"x-paystack-signature\", \"algorithm\": \"sha512\"}", "sk_test",
        "x-paystack-signature: aec692efb040bc11c4382e53b5177859cf1742a669d4a691a38eeee28ac2f5131ad9"
        "f56bb163e77132afe75408bd89753c1945bbb90dab64caae57cebba6c56a\n",
        "{\"event\":\"charge.success\"}", 0},
    {"{\"header\": \"Sig\", \"template\": \"{body}|{id}\", \"id_header\": \"Id\"}", "k",
        "Id: id-7\nSig: 5d47070e42df5496977bcb7e531fc21584933f8fb195f461d0bd0e36a5ba64bb\n",
        "B{\"a\":1}", 0},
    {"{\"header\": \"Sig\", \"template\": \"{id}/{body}\", \"id_header\": \"Id\", "
     "\"secret_encoding\": \"base64\"}",
        "a2tra2tra2tra2tra2traw==",
        "Id: id-7\nSig: ff8a44e02b6f3d6c8f01c1ca26a16c4c8d8ca8d747bafd4dcf88ba12a84405dc\n",
        "{\"a\":1}", 0},
    /* The header holds the secret. */
    {"gitlab", "gl secret", "X-Gitlab-Token: gl secret\n", "{}", 0},
    {"{\"header\": \"Authorization\", \"algorithm\": \"token\", \"prefix\": \"Token \"}", "s3cr3t",
        "Authorization: Token s3cr3t\n", "{}", 0},
};

static void scheme_verifies_what_providers_send(void **state)
{
    struct buf why = BUF_INIT;
    (void)state;
    for (size_t i = 0; i < COUNT(good_cases); i++) {
        const struct good *c = &good_cases[i];
        struct scheme scheme = scheme_named(c->scheme);
        if (!scheme_secret_check(&scheme, span_str(c->secret), &why))
            fail_msg("%s: the secret: %s", c->scheme, buf_text(&why));
        if (!verify(&scheme, c->secret, c->headers, span_str(c->body), c->time_s, &why))
            fail_msg("%s: %s", c->scheme, buf_text(&why));
        assert_int_equal(scheme.tolerance_s, c->time_s ? SCHEME_TOLERANCE_S : 0);
    }
    buf_done(&why);
}

/* Every bit of the body counts, and so does every byte more or less. */
static void scheme_notices_every_change_of_the_body(void **state)
{
    struct buf why = BUF_INIT, body = BUF_INIT;
    (void)state;
    for (size_t i = 0; i < COUNT(good_cases); i++) {
        const struct good *c = &good_cases[i];
        struct scheme scheme = scheme_named(c->scheme);
        if (scheme.token)
            continue;
        buf_clear(&body);
        buf_add_str(&body, c->body);
        for (size_t bit = 0; bit < body.len * 8; bit++) {
            body.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
            assert_false(verify(&scheme, c->secret, c->headers, buf_span(&body), c->time_s, &why));
            body.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        for (size_t len = 0; len < body.len; len++)
            assert_false(
                verify(&scheme, c->secret, c->headers, span_of(body.data, len), c->time_s, &why));
        buf_add_char(&body, 0);
        assert_false(verify(&scheme, c->secret, c->headers, buf_span(&body), c->time_s, &why));
        body.data[body.len - 1] = '\n';
        assert_false(verify(&scheme, c->secret, c->headers, buf_span(&body), c->time_s, &why));
    }
    buf_done(&body);
    buf_done(&why);
}

/* Is it good with this bit of the text changed? The text may be the headers or the secret. */
static bool is_good_changed(
    const struct good *c, char *text, const char *headers, const char *secret, size_t bit)
{
    struct scheme scheme = scheme_named(c->scheme);
    struct buf why = BUF_INIT;
    text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
    bool good = verify(&scheme, secret, headers, span_str(c->body), c->time_s, &why);
    text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
    buf_done(&why);
    return good;
}

/* A hexadecimal digit in its other case is the same digit. */
static bool is_same_digit(const struct scheme *scheme, char was, char is)
{
    return !scheme->base64 && !scheme->token && (was ^ is) == 0x20 && strchr("abcdefABCDEF", was);
}

/* Of one request there is one good signature, and one good text of it. */
static void scheme_notices_every_change_of_header_and_secret(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(good_cases); i++) {
        const struct good *c = &good_cases[i];
        char *headers = mem_strdup(c->headers), *secret = mem_strdup(c->secret);
        struct scheme scheme = scheme_named(c->scheme);
        bool in_value = false, listed = scheme.separator;
        for (size_t bit = 0; bit < strlen(c->headers) * 8; bit++) {
            char was = headers[bit / 8], is = (char)(was ^ 1 << bit % 8);
            in_value = was == ' ' || (in_value && was != '\n');
            /* In a list of signatures there is much that does not count. */
            if (in_value && !listed && was != ' ' && is && is != '\n' &&
                !is_same_digit(&scheme, was, is) &&
                is_good_changed(c, headers, headers, secret, bit))
                fail_msg("%s: bit %zu of %s", c->scheme, bit, headers);
        }
        for (size_t bit = 0; bit < strlen(c->secret) * 8; bit++)
            if ((secret[bit / 8] ^ 1 << bit % 8) &&
                is_good_changed(c, secret, headers, secret, bit))
                fail_msg("%s: bit %zu of the secret", c->scheme, bit);
        free(headers);
        free(secret);
    }
}

static void scheme_allows_its_tolerance_both_ways(void **state)
{
    static const struct {
        int64_t late_s;
        const char *why; /* NULL: in time */
    } cases[] = {
        {0, NULL},
        {300, NULL},
        {-300, NULL},
        {301, "lies 301 seconds in the past; 300 are allowed"},
        {-301, "lies 301 seconds in the future; 300 are allowed"},
        {86400, "lies 86400 seconds in the past"},
        {-1000000000, "lies 1000000000 seconds in the future"},
    };
    struct buf why = BUF_INIT;
    (void)state;
    for (size_t i = 0; i < COUNT(good_cases); i++)
        for (size_t k = 0; good_cases[i].time_s && k < COUNT(cases); k++) {
            const struct good *c = &good_cases[i];
            struct scheme scheme = scheme_named(c->scheme);
            bool good = verify(&scheme, c->secret, c->headers, span_str(c->body),
                c->time_s + cases[k].late_s, &why);
            if (good == !!cases[k].why || (!good && !strstr(buf_text(&why), cases[k].why)))
                fail_msg("%s, %zu: %s", c->scheme, k, buf_text(&why));
        }
    buf_done(&why);
}

/* What is not. */

#define STANDARD_SIGNED(signatures) STANDARD_ID STANDARD_AT "webhook-signature: " signatures "\n"
#define SLACK_SIGNED(time) "X-Slack-Request-Timestamp: " time "\n" SLACK
#define TEN "0000000000"

static const struct bad {
    const char *scheme, *secret, *headers, *body;
    int64_t now_s;
    const char *why;
} bad_cases[] = {
    /* The header. */
    {"github", GITHUB_SECRET, "", "Hello, World!", 0,
        "the header x-hub-signature-256 is missing or empty"},
    {"github", GITHUB_SECRET, "X-Hub-Signature-256: \n", "Hello, World!", 0, "missing or empty"},
    {"github", GITHUB_SECRET, GITHUB GITHUB, "Hello, World!", 0,
        "the header x-hub-signature-256 came twice"},
    {"github", GITHUB_SECRET, GITHUB "X-Hub-Signature-256: \n", "Hello, World!", 0, "came twice"},
    {"github", GITHUB_SECRET, "X-Hub-Signature-256: sha256=" GITHUB_HEX ", sha256=" GITHUB_HEX "\n",
        "Hello, World!", 0, "64 hexadecimal digits"},
    {"gitea", "s", "", "", 0, "the header x-gitea-signature or x-forgejo-signature is missing"},
    /* The prefix: not another algorithm's, not another case, not missing. */
    {"github", GITHUB_SECRET, "X-Hub-Signature-256: sha1=" GITHUB_HEX "\n", "Hello, World!", 0,
        "nothing in x-hub-signature-256 begins with \"sha256=\""},
    {"github", GITHUB_SECRET, "X-Hub-Signature-256: SHA256=" GITHUB_HEX "\n", "Hello, World!", 0,
        "begins with"},
    {"github", GITHUB_SECRET, "X-Hub-Signature-256: " GITHUB_HEX "\n", "Hello, World!", 0,
        "begins with"},
    {"github", GITHUB_SECRET, "X-Hub-Signature-256: sha256\n", "Hello, World!", 0, "begins with"},
    {"gitea", GITHUB_SECRET, "X-Gitea-Signature: sha256=" GITHUB_HEX "\n", "Hello, World!", 0,
        "64 hexadecimal digits"},
    {"stripe", STRIPE_SECRET, "Stripe-Signature: t=1614265330,v0=" GITHUB_HEX "\n", STRIPE_BODY,
        STRIPE_TIME, "begins with \"v1=\""},
    {"stripe", STRIPE_SECRET, "Stripe-Signature: t=1614265330\n", STRIPE_BODY, STRIPE_TIME,
        "begins with \"v1=\""},
    {"stripe", STRIPE_SECRET, "Stripe-Signature: ,\n", STRIPE_BODY, STRIPE_TIME, "begins with"},
    {"standard-webhooks", STANDARD_SECRET, STANDARD_SIGNED("v1a," STANDARD_BASE64), STANDARD_BODY,
        STANDARD_TIME, "begins with \"v1,\""},
    {"standard-webhooks", STANDARD_SECRET, STANDARD_SIGNED("v1=" STANDARD_BASE64), STANDARD_BODY,
        STANDARD_TIME, "begins with \"v1,\""},
    /* The secret itself is no signature. */
    {"github", GITHUB_SECRET, "X-Hub-Signature-256: " GITHUB_SECRET "\n", "Hello, World!", 0,
        "begins with"},
    {"github", GITHUB_SECRET, "X-Hub-Signature-256: sha256=" GITHUB_SECRET "\n", "Hello, World!", 0,
        "64 hexadecimal digits"},
    /* Hexadecimal digits: 64, nothing else. */
    {"github", GITHUB_SECRET, "X-Hub-Signature-256: sha256=\n", "Hello, World!", 0, "64 hex"},
    {"github", GITHUB_SECRET, "X-Hub-Signature-256: sha256=75\n", "Hello, World!", 0, "64 hex"},
    {"github", GITHUB_SECRET, "X-Hub-Signature-256: sha256=" GITHUB_HEX "0\n", "Hello, World!", 0,
        "64 hex"},
    {"github", GITHUB_SECRET, "X-Hub-Signature-256: sha256=" GITHUB_HEX "00\n", "Hello, World!", 0,
        "64 hex"},
    {"github", GITHUB_SECRET, "X-Hub-Signature-256: sha256=" GITHUB_HEX GITHUB_HEX "\n",
        "Hello, World!", 0, "64 hex"},
    {"github", GITHUB_SECRET,
        "X-Hub-Signature-256: "
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e1\n",
        "Hello, World!", 0, "64 hex"},
    {"github", GITHUB_SECRET,
        "X-Hub-Signature-256: "
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e1g\n",
        "Hello, World!", 0, "64 hex"},
    {"github", GITHUB_SECRET, "X-Hub-Signature-256: sha256= " GITHUB_HEX "\n", "Hello, World!", 0,
        "64 hex"},
    {"github", GITHUB_SECRET, "X-Hub-Signature-256: sha256=" TEN TEN TEN TEN TEN TEN "0000\n",
        "Hello, World!", 0, "was not made of this body with the secret"},
    /* Base64: padded, no spaces, one alphabet, no stray bits. */
    {"shopify", "hush", "X-Shopify-Hmac-SHA256: VnKUjZsLuN5iZWjn5EntcBVCF9kMN43LglzCE1/GSeY\n",
        "{\"id\":1}", 0, "not the base64 of 32 bytes"},
    {"shopify", "hush", "X-Shopify-Hmac-SHA256: VnKUjZsLuN5iZWjn5EntcBVCF9kMN43LglzCE1/GSeY==\n",
        "{\"id\":1}", 0, "not the base64 of 32 bytes"},
    {"shopify", "hush", "X-Shopify-Hmac-SHA256: VnKUjZsLuN5iZWjn5EntcBVCF9kMN43LglzCE1_GSeY=\n",
        "{\"id\":1}", 0, "not the base64 of 32 bytes"},
    {"shopify", "hush", "X-Shopify-Hmac-SHA256: VnKUjZsLuN5iZWjn5EntcBVCF9kMN43LglzCE1/GSeZ=\n",
        "{\"id\":1}", 0, "not the base64 of 32 bytes"},
    {"shopify", "hush", "X-Shopify-Hmac-SHA256: VnKUjZsLuN5iZWjn 5EntcBVCF9kMN43LglzCE1/GSeY=\n",
        "{\"id\":1}", 0, "not the base64 of 32 bytes"},
    {"shopify", "hush", "X-Shopify-Hmac-SHA256:  VnKUjZsLuN5iZWjn5EntcBVCF9kMN43LglzCE1/GSeY=\n",
        "{\"id\":1}", 0, "not the base64 of 32 bytes"},
    {"shopify", "hush", "X-Shopify-Hmac-SHA256: VnKUjZsLuN5iZWjn5EntcBVCF9kMN43LglzCE1/GSQ==\n",
        "{\"id\":1}", 0, "not the base64 of 32 bytes"},
    {"standard-webhooks", STANDARD_SECRET,
        STANDARD_SIGNED("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJ ELVlNIOLJ1OE="), STANDARD_BODY,
        STANDARD_TIME, "not the base64 of 32 bytes"},
    /* The time: there, once, digits, and no more of them than make sense. */
    {"slack", SLACK_SECRET, SLACK, SLACK_BODY, SLACK_TIME,
        "the header x-slack-request-timestamp is missing"},
    {"slack", SLACK_SECRET, SLACK_AT SLACK_AT SLACK, SLACK_BODY, SLACK_TIME,
        "the header x-slack-request-timestamp came twice"},
    {"slack", SLACK_SECRET, SLACK_SIGNED(""), SLACK_BODY, SLACK_TIME, "missing or empty"},
    {"slack", SLACK_SECRET, SLACK_SIGNED("x"), SLACK_BODY, SLACK_TIME,
        "the timestamp in x-slack-request-timestamp is not 1 to 12 digits"},
    {"slack", SLACK_SECRET, SLACK_SIGNED("-1531420618"), SLACK_BODY, SLACK_TIME, "1 to 12 digits"},
    {"slack", SLACK_SECRET, SLACK_SIGNED("+1531420618"), SLACK_BODY, SLACK_TIME, "1 to 12 digits"},
    {"slack", SLACK_SECRET, SLACK_SIGNED("1531420618.0"), SLACK_BODY, SLACK_TIME, "1 to 12 digits"},
    {"slack", SLACK_SECRET, SLACK_SIGNED("1.5e9"), SLACK_BODY, SLACK_TIME, "1 to 12 digits"},
    {"slack", SLACK_SECRET, SLACK_SIGNED("0x5b479b8a"), SLACK_BODY, SLACK_TIME, "1 to 12 digits"},
    {"slack", SLACK_SECRET, SLACK_SIGNED("1531420618 "), SLACK_BODY, SLACK_TIME, "1 to 12 digits"},
    {"slack", SLACK_SECRET, SLACK_SIGNED("\xd9\xa1"), SLACK_BODY, SLACK_TIME, "1 to 12 digits"},
    {"slack", SLACK_SECRET, SLACK_SIGNED("2018-07-12T18:36:58Z"), SLACK_BODY, SLACK_TIME,
        "1 to 12 digits"},
    {"slack", SLACK_SECRET, SLACK_SIGNED("1531420618000"), SLACK_BODY, SLACK_TIME,
        "1 to 12 digits"},
    {"slack", SLACK_SECRET, SLACK_SIGNED(TEN TEN TEN), SLACK_BODY, SLACK_TIME, "1 to 12 digits"},
    {"slack", SLACK_SECRET, SLACK_SIGNED("999999999999999999999999999999"), SLACK_BODY, SLACK_TIME,
        "1 to 12 digits"},
    {"slack", SLACK_SECRET, SLACK_SIGNED("999999999999"), SLACK_BODY, SLACK_TIME,
        "was not made of this request"},
    {"slack", SLACK_SECRET, SLACK_SIGNED("1531420619"), SLACK_BODY, SLACK_TIME,
        "was not made of this request with the secret"},
    {"slack", SLACK_SECRET,
        "X-Slack-Request-Timestamp: 0\nX-Slack-Signature: "
        "v0=e48fc9a49030f488d2ed52513b7ccbed438b3f79d386de6d5a54688cc2208a62\n",
        "x", SLACK_TIME, "the signature is right, but its time, 0, lies 1531420618 seconds in"},
    {"stripe", STRIPE_SECRET, "Stripe-Signature: " STRIPE_V1 "\n", STRIPE_BODY, STRIPE_TIME,
        "the timestamp in stripe-signature is not"},
    {"stripe", STRIPE_SECRET, "Stripe-Signature: t=," STRIPE_V1 "\n", STRIPE_BODY, STRIPE_TIME,
        "the timestamp in stripe-signature is not"},
    {"stripe", STRIPE_SECRET, "Stripe-Signature: t=1614265330,t=1614265330," STRIPE_V1 "\n",
        STRIPE_BODY, STRIPE_TIME, "t= came twice in stripe-signature"},
    {"stripe", STRIPE_SECRET,
        "Stripe-Signature: t=1614265330," STRIPE_V1 ", t=1614265330," STRIPE_V1 "\n", STRIPE_BODY,
        STRIPE_TIME, "t= came twice"},
    {"stripe", STRIPE_SECRET, "Stripe-Signature: T=1614265330," STRIPE_V1 "\n", STRIPE_BODY,
        STRIPE_TIME, "the timestamp in stripe-signature is not"},
    {"stripe", STRIPE_SECRET, "Stripe-Signature: t=1614265331," STRIPE_V1 "\n", STRIPE_BODY,
        STRIPE_TIME, "was not made of this request"},
    {"standard-webhooks", STANDARD_SECRET,
        STANDARD_ID "webhook-signature: v1," STANDARD_BASE64 "\n", STANDARD_BODY, STANDARD_TIME,
        "the header webhook-timestamp or svix-timestamp is missing or empty"},
    /* The id, where it is signed. */
    {"standard-webhooks", STANDARD_SECRET,
        STANDARD_AT "webhook-signature: v1," STANDARD_BASE64 "\n", STANDARD_BODY, STANDARD_TIME,
        "the header webhook-id or svix-id is missing or empty"},
    {"standard-webhooks", STANDARD_SECRET, STANDARD_ID STANDARD_SIGNED("v1," STANDARD_BASE64),
        STANDARD_BODY, STANDARD_TIME, "the header webhook-id came twice"},
    {"standard-webhooks", STANDARD_SECRET,
        "webhook-id: msg_other\n" STANDARD_AT "webhook-signature: v1," STANDARD_BASE64 "\n",
        STANDARD_BODY, STANDARD_TIME, "was not made of this request"},
    {"standard-webhooks", STANDARD_SECRET,
        "webhook-id: msg.1614265000\n" STANDARD_AT
        "webhook-signature: v1,aKgtr9x5kYhI4x7NqaI3ZY+CzN68s33f6Q7+LsALHuI=\n",
        "{}", STANDARD_TIME, "the id in webhook-id contains what ends it"},
    {"{\"header\": \"Sig\", \"template\": \"{body}|{id}\", \"id_header\": \"Id\"}", "k",
        "Id: B|id-7\nSig: 5d47070e42df5496977bcb7e531fc21584933f8fb195f461d0bd0e36a5ba64bb\n", "",
        0, "contains what ends it"},
    /* Another secret, or none. */
    {"github", "It's a secret to Everybody", GITHUB, "Hello, World!", 0,
        "the signature in x-hub-signature-256 was not made of this body with the secret"},
    {"github", "", GITHUB, "Hello, World!", 0, "there is no secret"},
    {"gitlab", "", "X-Gitlab-Token: \n", "{}", 0, "missing or empty"},
    {"gitlab", "", "X-Gitlab-Token: x\n", "{}", 0, "there is no secret"},
    {"standard-webhooks", "", STANDARD_SIGNED("v1," STANDARD_BASE64), STANDARD_BODY, STANDARD_TIME,
        "there is no secret"},
    {"standard-webhooks", "whsec_", STANDARD_SIGNED("v1," STANDARD_BASE64), STANDARD_BODY,
        STANDARD_TIME, "there is no secret"},
    {"standard-webhooks", "no base64!", STANDARD_SIGNED("v1," STANDARD_BASE64), STANDARD_BODY,
        STANDARD_TIME, "there is no secret"},
    {"standard-webhooks", "YWJj", STANDARD_SIGNED("v1," STANDARD_BASE64), STANDARD_BODY,
        STANDARD_TIME, "there is no secret"},
    /* Tokens are equal or not. */
    {"gitlab", "gl secret", "", "{}", 0, "the header x-gitlab-token is missing"},
    {"gitlab", "gl secret", "X-Gitlab-Token: gl secre\n", "{}", 0,
        "the token in x-gitlab-token is not the secret"},
    {"gitlab", "gl secret", "X-Gitlab-Token: gl secret2\n", "{}", 0, "is not the secret"},
    {"gitlab", "gl secret", "X-Gitlab-Token: Gl secret\n", "{}", 0, "is not the secret"},
    {"gitlab", "gl secret", "X-Gitlab-Token: gl secret, gl secret\n", "{}", 0, "is not the secret"},
    {"gitlab", "gl secret", "X-Gitlab-Token: gl secret\nX-Gitlab-Token: gl secret\n", "{}", 0,
        "came twice"},
    /* Neither of GitLab's ways stands for the other. */
    {"gitlab-signing", "whsec_" STANDARD_SECRET, "X-Gitlab-Token: whsec_" STANDARD_SECRET "\n",
        STANDARD_BODY, STANDARD_TIME, "the header webhook-signature is missing"},
    {"gitlab", "whsec_" STANDARD_SECRET, STANDARD_SIGNED("v1," STANDARD_BASE64), STANDARD_BODY,
        STANDARD_TIME, "the header x-gitlab-token is missing"},
};

static void scheme_refuses_what_is_not_exactly_that(void **state)
{
    struct buf why = BUF_INIT;
    (void)state;
    for (size_t i = 0; i < COUNT(bad_cases); i++) {
        const struct bad *c = &bad_cases[i];
        struct scheme scheme = scheme_named(c->scheme);
        if (verify(&scheme, c->secret, c->headers, span_str(c->body), c->now_s, &why))
            fail_msg("%s was accepted: %s", c->scheme, c->headers);
        if (!strstr(buf_text(&why), c->why))
            fail_msg("%s, %s: %s; not: %s", c->scheme, c->headers, buf_text(&why), c->why);
        /* What is said goes to a log: no secret, and no line of the sender's making. */
        if (*c->secret && strlen(c->secret) > 1 && strstr(buf_text(&why), c->secret))
            fail_msg("%s gives the secret away: %s", c->scheme, buf_text(&why));
        assert_null(strpbrk(buf_text(&why), "\r\n"));
    }
    buf_done(&why);
}

static void scheme_takes_any_of_the_secrets(void **state)
{
    static const struct {
        const char *secrets[3];
        size_t count;
        bool good;
    } cases[] = {
        {{GITHUB_SECRET, "new secret"}, 2, true},
        {{"new secret", GITHUB_SECRET}, 2, true},
        {{"a", "b", GITHUB_SECRET}, 3, true},
        {{GITHUB_SECRET, GITHUB_SECRET}, 2, true},
        {{"", GITHUB_SECRET}, 2, true},
        {{"a", "b", "c"}, 3, false},
        {{"", ""}, 2, false},
        {{NULL}, 0, false},
    };
    char headers[] = GITHUB;
    struct signed_request request = request_of(headers, span_str("Hello, World!"));
    struct buf why = BUF_INIT;
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct span secrets[3];
        for (size_t k = 0; k < cases[i].count; k++)
            secrets[k] = span_str(cases[i].secrets[k]);
        buf_clear(&why);
        bool good = scheme_verify(
            scheme_preset(span_str("github")), secrets, cases[i].count, &request, 0, &why);
        if (good != cases[i].good)
            fail_msg("case %zu: %s", i, buf_text(&why));
    }
    assert_string_equal(buf_text(&why), "there is no secret to check it with");
    buf_done(&why);
}

/* A NUL is a byte like any other: what stands behind it is signed too. */
static void scheme_signs_bodies_with_a_nul(void **state)
{
    static const char headers[] =
        "X-Hub-Signature-256: "
        "sha256=7268210784b35209c98c3a33a218c3c17018e8d875930d9cf70aafe51d110dd5\n";
    struct scheme scheme = scheme_named("github");
    struct buf why = BUF_INIT;
    (void)state;
    assert_true(verify(&scheme, GITHUB_SECRET, headers, span_of("a\0b", 3), 0, &why));
    assert_false(verify(&scheme, GITHUB_SECRET, headers, span_of("a\0c", 3), 0, &why));
    assert_false(verify(&scheme, GITHUB_SECRET, headers, span_of("a", 1), 0, &why));
    assert_false(verify(&scheme, GITHUB_SECRET, headers, span_of("a\0", 2), 0, &why));
    buf_done(&why);
}

/* A list of a thousand costs one code and 16 comparisons, wherever the good one stands. */
static void scheme_looks_at_so_many_signatures_and_no_more(void **state)
{
    static const size_t places[] = {0, 1, 14, 15, 16, 17, 500, 999};
    struct buf headers = BUF_INIT, why = BUF_INIT;
    struct scheme scheme = scheme_named("stripe");
    (void)state;
    for (size_t k = 0; k < COUNT(places); k++) {
        buf_clear(&headers);
        buf_add_str(&headers, "Stripe-Signature: t=1614265330");
        for (size_t i = 0; i < 1000; i++) {
            buf_add_char(&headers, ',');
            /* Signatures of the right form and of a wrong one alike take a place. */
            buf_add_str(&headers, i == places[k] ? STRIPE_V1 : i % 2 ? STRIPE_OTHER_V1 : "v1=0");
        }
        buf_add_char(&headers, '\n');
        bool good = verify(
            &scheme, STRIPE_SECRET, buf_text(&headers), span_str(STRIPE_BODY), STRIPE_TIME, &why);
        assert_true(good == (places[k] < SCHEME_SIGNATURES_MAX));
        if (!good)
            assert_non_null(strstr(buf_text(&why), "of 1000 signatures 16 were looked at"));
    }
    buf_done(&headers);
    buf_done(&why);
}

static void scheme_survives_long_headers(void **state)
{
    static const char *const names[] = {"x-hub-signature-256: sha256=", "stripe-signature: ",
        "webhook-id: ", "webhook-timestamp: ", "x-gitlab-token: ", "stripe-signature: t="};
    static const char fill[] = "0,a ;=\xff";
    struct buf headers = BUF_INIT, why = BUF_INIT;
    (void)state;
    for (size_t n = 0; n < COUNT(names); n++)
        for (size_t f = 0; f < sizeof fill - 1; f++) {
            buf_clear(&headers);
            buf_add_str(&headers, names[n]);
            for (size_t i = 0; i < 100000; i++)
                buf_add_char(&headers, fill[f]);
            buf_add_str(&headers, "\nwebhook-signature: v1," STANDARD_BASE64 "\n");
            static const char *const providers[] = {
                "github", "stripe", "standard-webhooks", "gitlab"};
            for (size_t p = 0; p < COUNT(providers); p++) {
                struct scheme scheme = scheme_named(providers[p]);
                assert_false(verify(&scheme, STANDARD_SECRET, buf_text(&headers),
                    span_str(STANDARD_BODY), STANDARD_TIME, &why));
                assert_true(why.len < 200);
            }
        }
    buf_done(&headers);
    buf_done(&why);
}

/* Secrets and ids. */

#define A64 "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB" /* of 48 bytes */

#define A43 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define BEARER "{\"header\": \"Authorization\", \"algorithm\": \"token\", \"prefix\": \"Bearer \"}"

static void scheme_checks_secrets(void **state)
{
    static const struct {
        const char *scheme, *secret;
        bool good;
    } cases[] = {
        {"github", "x", true},
        {"github", GITHUB_SECRET, true},
        {"github", "", false},
        {"github", " tab\tand blank ", true},
        {"github", "two\nlines", false},
        {"github", "two\rlines", false},
        {"github", "line\n", false},
        {"github", "\xef\xbb\xbfsecret", false},
        {"github", "secret\xef\xbb\xbf", true},
        {BEARER, "of their own", true},
        {BEARER, "fxk_" A43, false}, /* would be taken for an API key */
        {BEARER, "fxk_" A43 "A", true},
        {"{\"header\": \"Authorization\", \"algorithm\": \"token\"}", "bearer  fxk_" A43, false},
        {"{\"header\": \"Authorization\", \"algorithm\": \"token\"}", "Basic fxk_" A43, true},
        {"{\"header\": \"Authorization\", \"prefix\": \"Bearer \"}", "fxk_" A43, true},
        {"gitlab", "x", true},
        {"gitlab", "", false},
        {"gitlab", "two words", true},
        {"gitlab", "line\n", false},
        {"gitlab", " before", false},
        {"gitlab", "after ", false},
        {"gitlab", "\x7f", false},
        {"stripe", "whsec_not base64", true}, /* as it is */
        {"standard-webhooks", STANDARD_SECRET, true},
        {"standard-webhooks", "whsec_" STANDARD_SECRET, true},
        {"standard-webhooks", "v1,whsec_" STANDARD_SECRET, true},
        {"standard-webhooks", "v1," STANDARD_SECRET, false},
        {"standard-webhooks", "v1,v1,whsec_" STANDARD_SECRET, false},
        {"standard-webhooks", "v1a,whsec_" STANDARD_SECRET, false},
        {"standard-webhooks", "whsec_whsec_" STANDARD_SECRET, false},
        {"standard-webhooks", "WHSEC_" STANDARD_SECRET, false},
        {"standard-webhooks", "whsec_", false},
        {"standard-webhooks", "", false},
        {"standard-webhooks", "whsec_" STANDARD_SECRET "\n", false},
        {"standard-webhooks", " " STANDARD_SECRET, false},
        {"standard-webhooks", "whsec_QUFBQUFBQUFBQUFBQUFB", false},    /* 15 bytes */
        {"standard-webhooks", "whsec_QUFBQUFBQUFBQUFBQUFBQQ==", true}, /* 16 */
        {"standard-webhooks", "whsec_QUFBQUFBQUFBQUFBQUFBQQ", false},
        {"standard-webhooks", "whsec_QUFBQUFBQUFBQUFBQUFBQR==", false},
        {"standard-webhooks",
            A64 A64 "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=", true}, /* 128 */
        {"standard-webhooks", A64 A64 "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB",
            false}, /* 129 */
        {"gitlab-signing", GITHUB_SECRET, false},
        {"gitlab-signing", "whsec_" STANDARD_SECRET, true},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct scheme scheme = scheme_named(cases[i].scheme);
        struct buf why = BUF_INIT;
        bool good = scheme_secret_check(&scheme, span_str(cases[i].secret), &why);
        if (good != cases[i].good || good == !!why.len)
            fail_msg("%s, \"%s\": %s", cases[i].scheme, cases[i].secret, buf_text(&why));
        buf_done(&why);
    }
}

static void scheme_ends_secrets_at_their_limit(void **state)
{
    struct scheme github = scheme_named("github");
    char secret[1025];
    struct buf why = BUF_INIT;
    (void)state;
    memset(secret, 's', sizeof secret);
    assert_true(scheme_secret_check(&github, span_of(secret, 1024), &why));
    assert_false(scheme_secret_check(&github, span_of(secret, 1025), &why));
    assert_string_equal(buf_text(&why), "must be 1 to 1024 bytes long");
    buf_done(&why);
}

static void scheme_finds_the_delivery_id(void **state)
{
    static const struct {
        const char *scheme, *headers, *id;
    } cases[] = {
        {"github", "X-GitHub-Delivery: 72d3162e\n", "72d3162e"},
        {"github", "X-GitHub-Delivery: a\nX-GitHub-Delivery: b\n", ""},
        {"github", "", ""},
        {"gitea", "X-Gitea-Delivery: g\nX-Forgejo-Delivery: f\n", "g"},
        {"gitea", "X-Forgejo-Delivery: f\n", "f"},
        {"gitlab", "Idempotency-Key: k\nX-Gitlab-Event-UUID: u\n", "k"},
        {"gitlab-signing", STANDARD_ID, "msg_p5jXN8AQM9LWM0D4loKWxJek"},
        {"standard-webhooks", STANDARD_ID, "msg_p5jXN8AQM9LWM0D4loKWxJek"},
        {"standard-webhooks", "svix-id: s\n", "s"},
        {"standard-webhooks", "svix-id: s\nwebhook-id: w\n", "w"},
        {"shopify", "X-Shopify-Webhook-Id: w\nX-Shopify-Event-Id: e\n", "w"},
        {"stripe", "x-id: 1\n", ""},
        {"slack", "x-id: 1\n", ""},
        {"{\"header\": \"s\", \"id_header\": \"X-Id\"}", "x-id: 1\n", "1"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct scheme scheme = scheme_named(cases[i].scheme);
        char *headers = mem_strdup(cases[i].headers);
        struct signed_request request = request_of(headers, SPAN_NONE);
        struct span id = scheme_delivery_id(&scheme, &request);
        if (!span_eq_str(id, cases[i].id))
            fail_msg("%s: %s", cases[i].scheme, cases[i].headers);
        free(headers);
    }
}

/* Schemes. */

static void scheme_presets_are_the_providers(void **state)
{
    char *names = mem_strdup(scheme_providers()), *rest = names;
    size_t count = 0;
    (void)state;
    for (char *name; (name = strtok_r(rest, ", ", &rest)); count++)
        if (!scheme_preset(span_str(name)) != !strcmp(name, "generic"))
            fail_msg("%s", name);
    assert_int_equal(count, 11);
    assert_null(scheme_preset(span_str("GitHub")));
    assert_null(scheme_preset(span_str("git")));
    assert_null(scheme_preset(span_str("github ")));
    assert_null(scheme_preset(SPAN_NONE));
    free(names);
}

static void scheme_reads_every_field(void **state)
{
    struct scheme s = scheme_named(
        "{\"header\": \"X-Sig\", \"algorithm\": \"sha512\", \"prefix\": \"v9=\", "
        "\"encoding\": \"base64\", \"secret_encoding\": \"base64\", \"separator\": \" \", "
        "\"template\": \"a{id}b{timestamp}c{body}d\", \"timestamp_header\": \"X-Time\", "
        "\"tolerance\": 60, \"id_header\": \"X-Id\", \"event_header\": \"X-Event\"}");
    (void)state;
    assert_false(s.token);
    assert_int_equal(s.hash, CRYPTO_HASH_SHA512);
    assert_true(s.base64 && s.secret_base64);
    assert_string_equal(s.header, "x-sig");
    assert_string_equal(s.prefix, "v9=");
    assert_int_equal(s.separator, ' ');
    assert_string_equal(s.message, "a{id}b{timestamp}c{body}d");
    assert_string_equal(s.timestamp_header, "x-time");
    assert_int_equal(s.tolerance_s, 60);
    assert_string_equal(s.id_header, "x-id");
    assert_string_equal(s.event_header, "x-event");
    s = scheme_named("{\"header\": \"X-Sig\", \"prefix\": \"\"}");
    assert_int_equal(s.hash, CRYPTO_HASH_SHA256);
    assert_true(!s.token && !s.base64 && !s.secret_base64 && !s.separator && !s.tolerance_s);
    assert_true(!s.prefix[0] && !s.message[0] && !s.alt_header[0] && !s.timestamp_item[0]);
    s = scheme_named("{\"header\": \"s\", \"timestamp_item\": \"T\", \"separator\": \",\", "
                     "\"template\": \"{timestamp}{body}\"}");
    assert_string_equal(s.timestamp_item, "T");
    assert_int_equal(s.tolerance_s, SCHEME_TOLERANCE_S);
}

#define TIMED "\"template\": \"{timestamp}.{body}\""

static void scheme_refuses_what_is_no_scheme(void **state)
{
    static const struct {
        const char *json, *why;
    } cases[] = {
        {"", "scheme: is not acceptable JSON"},
        {"{", "scheme: is not acceptable JSON"},
        {"null", "scheme: must be an object"},
        {"[]", "scheme: must be an object"},
        {"\"github\"", "scheme: must be an object"},
        {"{}", "scheme.header: is missing"},
        {"{\"header\": \"a\", \"header\": \"b\"}", "scheme: is not acceptable JSON"},
        {"{\"header\": 1}", "scheme.header: must be a string"},
        {"{\"header\": null}", "scheme.header: must be a string"},
        {"{\"header\": \"\"}", "scheme.header: the name of a header here is"},
        {"{\"header\": \"a b\"}", "scheme.header: the name of a header here is"},
        {"{\"header\": \"a_b\"}", "scheme.header: the name of a header here is"},
        {"{\"header\": \"a:\"}", "scheme.header: the name of a header here is"},
        {"{\"header\": \"a\\r\\nb\"}", "scheme.header: the name of a header here is"},
        {"{\"header\": \"s\", \"url\": 1}", "scheme.url: is unknown; known here: header, "},
        {"{\"header\": \"s\", \"algorithm\": \"md5\"}", "scheme.algorithm: must be \"sha256\""},
        {"{\"header\": \"s\", \"algorithm\": \"SHA256\"}", "scheme.algorithm: must be"},
        {"{\"header\": \"s\", \"algorithm\": null}", "scheme.algorithm: must be"},
        {"{\"header\": \"s\", \"encoding\": \"HEX\"}", "scheme.encoding: must be \"hex\""},
        {"{\"header\": \"s\", \"secret_encoding\": \"hex\"}", "scheme.secret_encoding: must be"},
        {"{\"header\": \"s\", \"prefix\": \" a\"}", "scheme.prefix: must be printable ASCII"},
        {"{\"header\": \"s\", \"prefix\": \"\\n\"}", "scheme.prefix: must be printable ASCII"},
        {"{\"header\": \"s\", \"prefix\": \"\\u00e4\"}", "scheme.prefix: must be printable ASCII"},
        {"{\"header\": \"s\", \"separator\": \"\"}", "scheme.separator: must be"},
        {"{\"header\": \"s\", \"separator\": \".\"}", "scheme.separator: must be"},
        {"{\"header\": \"s\", \"separator\": \", \"}", "scheme.separator: must be"},
        {"{\"header\": \"s\", \"separator\": 1}", "scheme.separator: must be"},
        {"{\"header\": \"s\", \"separator\": \",\", \"prefix\": \"v1,\"}",
            "scheme.prefix: must not contain the separator"},
        {"{\"header\": \"s\", \"template\": \"\"}", "scheme.template: must be text with {body}"},
        {"{\"header\": \"s\", \"template\": \"{id}\"}", "scheme.template: must be text with"},
        {"{\"header\": \"s\", \"template\": \"{body}{body}\"}", "scheme.template: must be text"},
        {"{\"header\": \"s\", \"template\": \"{body}.{url}\"}", "scheme.template: must be text"},
        {"{\"header\": \"s\", \"template\": \"{body\"}", "scheme.template: must be text with"},
        {"{\"header\": \"s\", \"template\": \"{body}}\"}", "scheme.template: must be text with"},
        {"{\"header\": \"s\", \"template\": \"{Body}\"}", "scheme.template: must be text with"},
        {"{\"header\": \"s\", \"template\": \"{id}{body}\"}",
            "scheme.template: contains {id}; id_header must say where it is"},
        {"{\"header\": \"s\", " TIMED "}",
            "scheme.template: contains {timestamp}; timestamp_header or timestamp_item must"},
        {"{\"header\": \"s\", \"timestamp_header\": \"t\"}",
            "scheme.template: must contain {timestamp}"},
        {"{\"header\": \"s\", \"separator\": \",\", \"timestamp_item\": \"t\"}",
            "scheme.template: must contain {timestamp}"},
        {"{\"header\": \"s\", \"timestamp_item\": \"t\", " TIMED "}",
            "scheme.separator: is missing"},
        {"{\"header\": \"s\", \"timestamp_item\": \"t=\", " TIMED "}",
            "scheme.timestamp_item: must be printable"},
        {"{\"header\": \"s\", \"timestamp_item\": \"\", " TIMED "}",
            "scheme.timestamp_item: must be printable"},
        {"{\"header\": \"s\", \"timestamp_item\": \"a b\", " TIMED "}",
            "scheme.timestamp_item: must be printable"},
        {"{\"header\": \"X-API-Key\"}", "scheme.header: is a header that does not get here"},
        {"{\"header\": \"Connection\"}", "scheme.header: is a header that does not get here"},
        {"{\"header\": \"s\", \"id_header\": \"X-API-KEY\", \"template\": \"{id}{body}\"}",
            "scheme.id_header: is a header that does not get here"},
        {"{\"header\": \"s\", \"timestamp_header\": \"S\", " TIMED "}",
            "scheme.timestamp_header: must not be the signature's header"},
        {"{\"header\": \"s\", \"id_header\": \"s\", \"template\": \"{id}{body}\"}",
            "scheme.id_header: must not be the signature's header"},
        {"{\"header\": \"s\", \"timestamp_item\": \"t\", \"separator\": \",\", \"prefix\": "
         "\"t=\", " TIMED "}",
            "scheme.prefix: must not be the timestamp_item's"},
        {"{\"header\": \"s\", \"timestamp_item\": \"t\", \"timestamp_header\": \"t\", "
         "\"separator\": \",\", " TIMED "}",
            "scheme.timestamp_item: must not stand beside timestamp_header"},
        {"{\"header\": \"s\", \"tolerance\": 60}", "scheme.tolerance: has no meaning without"},
        {"{\"header\": \"s\", \"timestamp_header\": \"t\", \"tolerance\": 0, " TIMED "}",
            "scheme.tolerance: must be a whole number of seconds from 1 to 86400"},
        {"{\"header\": \"s\", \"timestamp_header\": \"t\", \"tolerance\": 86401, " TIMED "}",
            "scheme.tolerance: must be"},
        {"{\"header\": \"s\", \"timestamp_header\": \"t\", \"tolerance\": 1.5, " TIMED "}",
            "scheme.tolerance: must be"},
        {"{\"header\": \"s\", \"timestamp_header\": \"t\", \"tolerance\": -1, " TIMED "}",
            "scheme.tolerance: must be"},
        {"{\"header\": \"s\", \"algorithm\": \"token\", \"encoding\": \"hex\"}",
            "scheme.encoding: has no meaning for a token"},
        {"{\"header\": \"s\", \"algorithm\": \"token\", \"template\": \"{body}\"}",
            "scheme.template: has no meaning for a token"},
        {"{\"header\": \"s\", \"algorithm\": \"token\", \"timestamp_header\": \"t\"}",
            "scheme.timestamp_header: has no meaning for a token"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct scheme scheme = {.header = "untouched"};
        struct buf why = BUF_INIT;
        if (scheme_parse(span_str(cases[i].json), &scheme, &why) != ERR_INVALID)
            fail_msg("%s was accepted", cases[i].json);
        if (strncmp(buf_text(&why), cases[i].why, strlen(cases[i].why)) != 0)
            fail_msg("%s: %s", cases[i].json, buf_text(&why));
        assert_string_equal(scheme.header, "untouched");
        buf_done(&why);
    }
}

static void scheme_ends_texts_at_their_limit(void **state)
{
    static const struct {
        const char *name, *begins;
        size_t max;
    } cases[] = {{"prefix", "", 127}, {"template", "{body}", 2047}, {"id_header", "", 127},
        {"event_header", "", 127}, {"timestamp_item", "", 127}};
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        for (size_t len = cases[i].max; len <= cases[i].max + 1; len++) {
            struct buf json = BUF_INIT, why = BUF_INIT;
            struct scheme scheme;
            bool item = strcmp(cases[i].name, "timestamp_item") == 0;
            buf_printf(&json, "{\"header\": \"s\", %s\"%s\": \"%s",
                item ? "\"separator\": \",\", " TIMED ", " : "", cases[i].name, cases[i].begins);
            for (size_t k = strlen(cases[i].begins); k < len; k++)
                buf_add_char(&json, 'a');
            buf_add_str(&json, "\"}");
            enum err err = scheme_parse(buf_span(&json), &scheme, &why);
            assert_int_equal(err, len == cases[i].max ? ERR_OK : ERR_INVALID);
            if (err)
                assert_non_null(strstr(buf_text(&why), " bytes long at most"));
            buf_done(&json);
            buf_done(&why);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scheme_verifies_what_providers_send),
        cmocka_unit_test(scheme_notices_every_change_of_the_body),
        cmocka_unit_test(scheme_notices_every_change_of_header_and_secret),
        cmocka_unit_test(scheme_allows_its_tolerance_both_ways),
        cmocka_unit_test(scheme_refuses_what_is_not_exactly_that),
        cmocka_unit_test(scheme_takes_any_of_the_secrets),
        cmocka_unit_test(scheme_signs_bodies_with_a_nul),
        cmocka_unit_test(scheme_looks_at_so_many_signatures_and_no_more),
        cmocka_unit_test(scheme_survives_long_headers),
        cmocka_unit_test(scheme_checks_secrets),
        cmocka_unit_test(scheme_ends_secrets_at_their_limit),
        cmocka_unit_test(scheme_finds_the_delivery_id),
        cmocka_unit_test(scheme_presets_are_the_providers),
        cmocka_unit_test(scheme_reads_every_field),
        cmocka_unit_test(scheme_refuses_what_is_no_scheme),
        cmocka_unit_test(scheme_ends_texts_at_their_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
