/*
 * scheme_fuzz - whatever stands in the headers is read within its bounds and never
 * verifies with a secret that the input does not know; what is signed does.
 *
 * The input: a line that names a provider or is the JSON of a scheme, header lines,
 * an empty line, the body.
 */
#include "tests/fuzz/fuzz.h"

#include "base/base64.h"
#include "model/scheme.h"
#include "model/scheme_secret.h"
#include "model/urlencoded.h"

/* Good under every scheme: base64 of enough bytes, and a token that a header can carry. */
#define SECRET "c2VjcmV0IHRoYXQgbm8gaW5wdXQga25vd3M="
#define NOW_S 1614265330

struct input {
    struct span headers;
    const char *header; /* this one has the value `text`, whatever the input says */
    struct span text;
};

static struct span find_header(void *context, const char *name, bool *ret_twice)
{
    const struct input *input = context;
    struct span rest = input->headers, found = SPAN_NONE;
    size_t len = strlen(name), times = 0;
    if (input->header && strcmp(name, input->header) == 0)
        return input->text;
    while (rest.len) {
        struct span line = cut(&rest, '\n');
        if (!span_starts(line, span_str(name)) || line.len == len || line.data[len] != ':')
            continue;
        found = span_of(line.data + len + 1, line.len - len - 1);
        *ret_twice = times++;
    }
    return found;
}

/* A token verifies, and one with another last byte does not. */
static void check_token(const struct scheme *scheme, struct input *input, struct span body)
{
    struct signed_request request = {find_header, input, body};
    struct span secret = span_str(SECRET);
    struct buf text = BUF_INIT, why = BUF_INIT;
    buf_add_str(&text, scheme->prefix);
    buf_add_str(&text, SECRET);
    input->header = scheme->header;
    input->text = buf_span(&text);
    require(scheme_verify(scheme, &secret, 1, &request, NOW_S, &why));
    text.data[text.len - 1] ^= 1;
    require(!scheme_verify(scheme, &secret, 1, &request, NOW_S, &why));
    buf_done(&text);
    buf_done(&why);
}

/* What a sender of this scheme signs: the body, or the payload of a form. False: there is none. */
static bool signed_text(
    const struct scheme *scheme, struct input *input, struct span *body, struct buf *payload)
{
    struct span value;
    bool twice = false;
    if (!scheme->signs_payload || !urlencoded_is(find_header(input, "content-type", &twice)))
        return true;
    if (urlencoded_find(*body, "payload", &value) != 1)
        return false;
    buf_reserve(payload, value.len + 1);
    if (!urlencoded_decode(value, (char *)payload->data, &payload->len))
        return false;
    *body = buf_span(payload);
    return true;
}

/* The same for a signature, under a scheme that signs the body alone. */
static void check_signed(
    const struct scheme *scheme, struct input *input, struct span sent, struct span body)
{
    struct signed_request request = {find_header, input, sent};
    struct span secret = span_str(SECRET), key = secret;
    struct buf decoded = BUF_INIT, text = BUF_INIT, why = BUF_INIT;
    uint8_t mac[CRYPTO_MAC_MAX];
    require(base64_decode(secret, &decoded));
    if (scheme->secret_base64)
        key = buf_span(&decoded);
    size_t len = crypto_hmac(scheme->hash, key, &body, 1, mac);
    buf_add_str(&text, scheme->prefix);
    if (scheme->base64)
        base64_encode(span_of(mac, len), &text);
    else
        for (size_t i = 0; i < len; i++)
            buf_printf(&text, "%02x", mac[i]);
    input->header = scheme->header;
    input->text = buf_span(&text);
    require(scheme_verify(scheme, &secret, 1, &request, NOW_S, &why));
    text.data[strlen(scheme->prefix)] ^= 1;
    require(!scheme_verify(scheme, &secret, 1, &request, NOW_S, &why));
    buf_done(&decoded);
    buf_done(&text);
    buf_done(&why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span rest = span_of(data, size), name = cut(&rest, '\n');
    const struct scheme *scheme = scheme_preset(name);
    struct scheme parsed;
    struct buf why = BUF_INIT, payload = BUF_INIT;
    if (!scheme && scheme_parse(name, &parsed, &why) == ERR_OK)
        scheme = &parsed;
    require(scheme || why.len);
    if (scheme) {
        struct span from = rest, line, secrets[] = {span_str(SECRET), SPAN_NONE, rest};
        do
            line = cut(&rest, '\n');
        while (line.len);
        struct input input = {.headers = span_of(from.data, (size_t)(rest.data - from.data))};
        struct signed_request request = {find_header, &input, rest};
        struct span body = rest;
        buf_clear(&why);
        require(scheme_secret_check(scheme, secrets[0], &why));
        require(!scheme_verify(scheme, secrets, 2, &request, NOW_S, &why));
        require(why.len && !memchr(why.data, '\n', why.len));
        (void)scheme_verify(scheme, secrets, 3, &request, NOW_S, &why);
        (void)scheme_secret_check(scheme, rest, &why);
        require(scheme_delivery_id(scheme, &request).len <= size);
        if (scheme->token)
            check_token(scheme, &input, rest);
        else if (!scheme->message[0] && signed_text(scheme, &input, &body, &payload))
            check_signed(scheme, &input, rest, body);
    }
    buf_done(&why);
    buf_done(&payload);
    return 0;
}
