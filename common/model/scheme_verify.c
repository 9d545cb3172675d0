/* scheme_verify - secrets and signatures; see scheme.h. */
#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "base/ascii.h"
#include "base/base64.h"
#include "base/clock.h"
#include "model/credential.h"
#include "model/limits.h"
#include "model/scheme.h"
#include "model/scheme_message.h"
#include "model/urlencoded.h"
#include "model/whsec.h"

#define TIMESTAMP_DIGITS 12   /* seconds for the next 29,000 years, and no overflow */
#define MILLISECOND_DIGITS 13 /* from 2001 to 2286 */

static const size_t mac_bytes[CRYPTO_HASH__MAX] = {20, 32, 64};

/* Secrets. */

/* The key that a secret stands for, perhaps in `decoded`. False for a secret that has none. */
static bool secret_key(
    const struct scheme *scheme, struct span secret, struct buf *decoded, struct span *ret_key)
{
    *ret_key = secret;
    if (!secret.len || secret.len > SECRET_MAX)
        return false;
    if (!scheme->secret_base64)
        return true;
    bool good = whsec_key(secret, decoded);
    *ret_key = buf_span(decoded);
    return good;
}

static void secret_done(struct buf *decoded)
{
    if (decoded->data)
        crypto_clear(decoded->data, decoded->cap);
    buf_done(decoded);
}

/* A header's value has no control characters, and no space at an end (RFC 9110, section 5.5). */
static bool fits_header(struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.data[i] < 0x20 || s.data[i] == 0x7f)
            return false;
    return !s.len || (s.data[0] != ' ' && s.data[s.len - 1] != ' ');
}

static bool is_line(struct span s)
{
    return !s.len || (!memchr(s.data, '\n', s.len) && !memchr(s.data, '\r', s.len));
}

/* Would the token, where its header has it, be taken for an API key of the bridge's own? */
static bool looks_like_a_key(const struct scheme *scheme, struct span secret)
{
    struct buf value = BUF_INIT;
    buf_add_str(&value, scheme->prefix);
    buf_add_span(&value, secret);
    bool looks = scheme->token && strcmp(scheme->header, "authorization") == 0 &&
                 token_is_wellformed(token_bearer(buf_span(&value)));
    secret_done(&value);
    return looks;
}

bool scheme_secret_check(const struct scheme *scheme, struct span secret, struct buf *ret_why)
{
    struct buf decoded = BUF_INIT;
    struct span key;
    bool good = secret_key(scheme, secret, &decoded, &key);
    secret_done(&decoded);
    if (span_starts(secret, span_str("\xef\xbb\xbf")))
        buf_add_str(ret_why, "must not begin with a byte order mark; save it without one");
    else if (!is_line(secret))
        buf_add_str(ret_why, "must be one line");
    else if (looks_like_a_key(scheme, secret))
        buf_add_str(ret_why, "must not look like an API key, which is what it would be taken for");
    else if (!good && scheme->secret_base64)
        buf_printf(ret_why,
            "must be the base64 of %d to %d bytes, with \"whsec_\" before it or without",
            WHSEC_KEY_MIN, WHSEC_KEY_MAX);
    else if (!good)
        buf_printf(ret_why, "must be 1 to %d bytes long", SECRET_MAX);
    else if (scheme->token && !fits_header(secret))
        buf_add_str(ret_why, "must have no control characters and no space at an end, since it "
                             "travels in a header");
    else
        return true;
    return false;
}

/* Verification. */

/* One verification: what came in the headers, read and checked. */
struct check {
    const struct scheme *scheme;
    const struct signed_request *request;
    struct buf *why;
    const char *header; /* the name of the header that the signature came in */
    struct span timestamp, id, body;
    struct buf payload; /* of a form, decoded */
    int64_t time_s;
    uint8_t signatures[SCHEME_SIGNATURES_MAX][CRYPTO_MAC_MAX];
    size_t count; /* signatures, all well-formed */
    size_t items; /* what begins with the prefix, well-formed or not */
};

/* Appends why, in words of the scheme and numbers, never in the sender's text. Always false. */
static bool refuse(struct check *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool refuse(struct check *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    buf_vprintf(c->why, format, args);
    va_end(args);
    return false;
}

/* Takes the header, by its name or by the other one. False, and why, where it is not there once. */
static bool take_header(struct check *c, const char *name, const char *other, const char **ret_name,
    struct span *ret_value)
{
    const char *names[] = {name, other};
    for (size_t i = 0; i < 2 && names[i][0]; i++) {
        bool twice = false;
        *ret_value = c->request->header(c->request->context, names[i], &twice);
        *ret_name = names[i];
        if (twice)
            return refuse(c, "the header %s came twice", names[i]);
        if (ret_value->len)
            return true;
    }
    return refuse(c, "the header %s%s%s is missing or empty", name, *other ? " or " : "", other);
}

static bool decode_hex(struct span text, size_t bytes, uint8_t *ret_bytes)
{
    if (text.len != bytes * 2)
        return false;
    for (size_t i = 0; i < bytes; i++) {
        int high = ascii_hex(text.data[2 * i]), low = ascii_hex(text.data[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        ret_bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static bool decode_base64(struct span text, size_t bytes, uint8_t *ret_bytes)
{
    struct buf decoded = BUF_INIT;
    bool good =
        text.len == (bytes + 2) / 3 * 4 && base64_decode(text, &decoded) && decoded.len == bytes;
    if (good)
        memcpy(ret_bytes, decoded.data, bytes);
    buf_done(&decoded);
    return good;
}

/* Reads one signature behind its prefix. Signatures past the limit are only counted. */
static void take_signature(struct check *c, struct span text)
{
    size_t bytes = mac_bytes[c->scheme->hash];
    if (c->items++ >= SCHEME_SIGNATURES_MAX)
        return;
    uint8_t *to = c->signatures[c->count];
    if (c->scheme->base64 ? decode_base64(text, bytes, to) : decode_hex(text, bytes, to))
        c->count++;
}

/* Cuts the first item off the rest of the header. */
static struct span next_item(char separator, struct span *rest)
{
    const uint8_t *cut = separator ? memchr(rest->data, separator, rest->len) : NULL;
    struct span item = *rest;
    *rest = SPAN_NONE;
    if (cut) {
        size_t len = (size_t)(cut - item.data);
        *rest = span_of(cut + 1, item.len - len - 1);
        item.len = len;
    }
    while (separator && item.len && item.data[0] == ' ')
        item = span_of(item.data + 1, item.len - 1);
    return item;
}

/* Is the item "name=value"? */
static bool is_named(struct span item, const char *name, struct span *ret_value)
{
    size_t len = strlen(name);
    if (!len || !span_starts(item, span_str(name)) || item.len == len || item.data[len] != '=')
        return false;
    *ret_value = span_of(item.data + len + 1, item.len - len - 1);
    return true;
}

/* Takes signatures and the timestamp from the header's items. Others are of no concern. */
static bool take_items(struct check *c, struct span rest)
{
    const struct scheme *scheme = c->scheme;
    struct span prefix = span_str(scheme->prefix);
    size_t bytes = mac_bytes[scheme->hash], times = 0;
    while (rest.len) {
        struct span item = next_item(scheme->separator, &rest);
        if (is_named(item, scheme->timestamp_item, &c->timestamp))
            times++;
        else if (item.len && span_starts(item, prefix))
            take_signature(c, span_of(item.data + prefix.len, item.len - prefix.len));
    }
    if (times > 1)
        return refuse(c, "%s= came twice in %s", scheme->timestamp_item, c->header);
    if (!c->items)
        return refuse(c, "nothing in %s begins with \"%s\"", c->header, scheme->prefix);
    if (!c->count && scheme->base64)
        return refuse(c, "the signature in %s is not the base64 of %zu bytes", c->header, bytes);
    return c->count ||
           refuse(c, "the signature in %s is not %zu hexadecimal digits", c->header, 2 * bytes);
}

/* A time as its sender writes it, in seconds; some write milliseconds, or a date. */
static bool read_time(const struct scheme *scheme, struct span text, int64_t *ret_s)
{
    size_t digits = scheme->any_time ? MILLISECOND_DIGITS : TIMESTAMP_DIGITS;
    uint64_t number;
    int64_t ms;
    if (text.len <= digits && ascii_number(text, INT64_MAX, &number)) {
        *ret_s = (int64_t)(text.len > TIMESTAMP_DIGITS ? number / 1000 : number);
        return true;
    }
    if (!scheme->any_time || !clock_parse(text, &ms))
        return false;
    *ret_s = ms / 1000;
    return true;
}

static bool take_timestamp(struct check *c)
{
    const struct scheme *scheme = c->scheme;
    const char *name = c->header;
    if (!scheme->timestamp_item[0] && !scheme->timestamp_header[0])
        return true;
    if (!scheme->timestamp_item[0] && !take_header(c, scheme->timestamp_header,
                                          scheme->timestamp_alt_header, &name, &c->timestamp))
        return false;
    if (read_time(scheme, c->timestamp, &c->time_s))
        return true;
    return refuse(c, "the timestamp in %s is not 1 to %d digits%s", name, TIMESTAMP_DIGITS,
        scheme->any_time ? ", nor milliseconds, nor a date and time of RFC 3339" : "");
}

/* Is the part text that begins, or ends, with a character of the id? */
static bool meets(struct span id, const struct part *part, bool begins)
{
    return part->kind == PART_TEXT &&
           memchr(id.data, part->text.data[begins ? 0 : part->text.len - 1], id.len);
}

/*
 * Takes the id, where it is signed. The id must not contain what stands next to it in the
 * message: "a.1" "2" and "a" "1.2", joined by dots, would be one text with one signature
 * (Standard Webhooks, "Signature scheme").
 */
static bool take_id(struct check *c, const struct part *parts, size_t count)
{
    const char *name = c->scheme->id_header;
    size_t i = 0;
    while (i < count && parts[i].kind != PART_ID)
        i++;
    if (i == count)
        return true;
    if (!take_header(c, c->scheme->id_header, c->scheme->id_alt_header, &name, &c->id))
        return false;
    if ((i && meets(c->id, &parts[i - 1], false)) ||
        (i + 1 < count && meets(c->id, &parts[i + 1], true)))
        return refuse(c, "the id in %s contains what ends it in the signed message", name);
    return true;
}

/* Takes the JSON out of a form, where its sender signs that. */
static bool take_payload(struct check *c)
{
    bool twice = false;
    struct span raw;
    size_t len;
    if (!c->scheme->signs_payload ||
        !urlencoded_is(c->request->header(c->request->context, "content-type", &twice)))
        return true;
    if (urlencoded_find(c->body, "payload", &raw) != 1)
        return refuse(c, "the form has no field payload, or has it twice");
    buf_reserve(&c->payload, raw.len + 1);
    if (!urlencoded_decode(raw, (char *)c->payload.data, &len))
        return refuse(c, "the form's field payload is badly encoded");
    c->body = span_of(c->payload.data, len);
    return true;
}

/* Takes the body, as it was signed. */
static bool take_body(struct check *c)
{
    const struct signed_request *request = c->request;
    c->body = request->body;
    if (c->scheme->signs_decoded && !request->decode(request->context, c->body, &c->body))
        return refuse(c, "the body, which was signed before it was encoded, is not what its "
                         "Content-Encoding says");
    return take_payload(c);
}

/* Was one of the signatures made with this key? All are compared, whichever fits. */
static bool fits_key(const struct check *c, struct span key, const struct part *parts, size_t count)
{
    const struct span by_kind[PART__MAX] = {SPAN_NONE, c->body, c->timestamp, c->id};
    struct span message[PARTS_MAX];
    uint8_t mac[CRYPTO_MAC_MAX];
    bool good = false;
    for (size_t i = 0; i < count; i++)
        message[i] = parts[i].kind == PART_TEXT ? parts[i].text : by_kind[parts[i].kind];
    size_t len = crypto_hmac(c->scheme->hash, key, message, count, mac);
    for (size_t i = 0; i < c->count; i++)
        good |= crypto_equal(mac, c->signatures[i], len);
    crypto_clear(mac, sizeof mac);
    return good;
}

/* Compares digests, so that not even the length of the secret shows in the time it takes. */
static bool same_token(struct span a, struct span b)
{
    uint8_t digests[2][CRYPTO_SHA256];
    crypto_sha256(a, digests[0]);
    crypto_sha256(b, digests[1]);
    bool same = crypto_equal(digests[0], digests[1], CRYPTO_SHA256);
    crypto_clear(digests, sizeof digests);
    return same;
}

/* Tries all secrets, also after one has fitted. A secret without a key fits nothing. */
static bool fits_any(struct check *c, const struct span *secrets, size_t secret_count,
    struct span token, const struct part *parts, size_t count)
{
    size_t usable = 0;
    bool good = false;
    for (size_t i = 0; i < secret_count; i++) {
        struct buf decoded = BUF_INIT;
        struct span key;
        if (secret_key(c->scheme, secrets[i], &decoded, &key)) {
            usable++;
            good |= c->scheme->token ? same_token(token, key) : fits_key(c, key, parts, count);
        }
        secret_done(&decoded);
    }
    if (good)
        return true;
    if (!usable)
        return refuse(c, "there is no secret to check it with");
    if (c->scheme->token)
        return refuse(c, "the token in %s is %s", c->header,
            usable > 1 ? "none of the secrets" : "not the secret");
    refuse(c, "the signature in %s was not made of this %s with %s", c->header,
        count > 1 ? "request" : "body", usable > 1 ? "any of the secrets" : "the secret");
    if (c->items > SCHEME_SIGNATURES_MAX)
        refuse(c, "; of %zu signatures %d were looked at", c->items, SCHEME_SIGNATURES_MAX);
    return false;
}

/* Asked last, so that the log tells a replayed or late request from a forged one. */
static bool is_in_time(struct check *c, int64_t now_s)
{
    int64_t age = now_s - c->time_s, tolerance = c->scheme->tolerance_s;
    if (!c->timestamp.len || (age <= tolerance && age >= -tolerance))
        return true;
    return refuse(c,
        "the signature is right, but its time, %" PRId64 ", lies %" PRId64
        " seconds in the %s; %" PRId64 " are allowed",
        c->time_s, age < 0 ? -age : age, age < 0 ? "future" : "past", tolerance);
}

static bool verify_token(
    struct check *c, struct span value, const struct span *secrets, size_t secret_count)
{
    struct span prefix = span_str(c->scheme->prefix);
    if (!span_starts(value, prefix))
        return refuse(c, "nothing in %s begins with \"%s\"", c->header, c->scheme->prefix);
    value = span_of(value.data + prefix.len, value.len - prefix.len);
    return fits_any(c, secrets, secret_count, value, NULL, 0);
}

bool scheme_verify(const struct scheme *scheme, const struct span *secrets, size_t secret_count,
    const struct signed_request *request, int64_t now_s, struct buf *ret_why)
{
    struct check c = {.scheme = scheme, .request = request, .why = ret_why};
    struct part parts[PARTS_MAX];
    struct span value;
    size_t count = scheme_message_split(scheme->message, parts);
    assert(count && scheme->header[0] && scheme->hash < CRYPTO_HASH__MAX);
    if (!take_header(&c, scheme->header, scheme->alt_header, &c.header, &value))
        return false;
    if (scheme->token)
        return verify_token(&c, value, secrets, secret_count);
    bool good = take_items(&c, value) && take_timestamp(&c) && take_id(&c, parts, count) &&
                take_body(&c) && fits_any(&c, secrets, secret_count, SPAN_NONE, parts, count) &&
                is_in_time(&c, now_s);
    buf_done(&c.payload);
    return good;
}

bool scheme_signs_id(const struct scheme *scheme)
{
    return scheme_message_has(scheme->message, PART_ID);
}

struct span scheme_delivery_id(const struct scheme *scheme, const struct signed_request *request)
{
    struct buf why = BUF_INIT;
    struct check c = {.scheme = scheme, .request = request, .why = &why};
    struct span id;
    const char *name;
    bool found = scheme->id_header[0] &&
                 take_header(&c, scheme->id_header, scheme->id_alt_header, &name, &id);
    buf_done(&why);
    return found ? id : SPAN_NONE;
}
