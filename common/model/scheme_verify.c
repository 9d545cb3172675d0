/* scheme_verify - is a request signed with one of the secrets; see scheme.h. */
#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "base/clock.h"
#include "model/scheme.h"
#include "model/scheme_message.h"
#include "model/scheme_secret.h"
#include "model/scheme_value.h"
#include "model/urlencoded.h"

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

/* Reads one signature behind its prefix. Signatures past the limit are only counted. */
static void take_signature(struct check *c, struct span text)
{
    if (c->items++ < SCHEME_SIGNATURES_MAX)
        c->count += scheme_value_mac(c->scheme, text, c->signatures[c->count]);
}

/* Takes signatures and the timestamp from the header's items. Others are of no concern. */
static bool take_items(struct check *c, struct span rest)
{
    const struct scheme *scheme = c->scheme;
    struct span prefix = span_str(scheme->prefix);
    size_t bytes = scheme_value_mac_bytes(scheme), times = 0;
    while (rest.len) {
        struct span item = scheme_value_item(scheme->separator, &rest);
        if (scheme_value_is_named(item, scheme->timestamp_item, &c->timestamp))
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

static bool take_timestamp(struct check *c)
{
    const struct scheme *scheme = c->scheme;
    const char *name = c->header;
    if (!scheme->timestamp_item[0] && !scheme->timestamp_header[0])
        return true;
    if (!scheme->timestamp_item[0] && !take_header(c, scheme->timestamp_header,
                                          scheme->timestamp_alt_header, &name, &c->timestamp))
        return false;
    if (scheme_value_time(scheme, c->timestamp, &c->time_s))
        return true;
    return refuse(c, "the timestamp in %s is not 1 to %d digits%s", name, SCHEME_TIME_DIGITS,
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
        if (scheme_secret_key(c->scheme, secrets[i], &decoded, &key)) {
            usable++;
            good |= c->scheme->token ? same_token(token, key) : fits_key(c, key, parts, count);
        }
        crypto_forget(&decoded);
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
    int64_t off = age < 0 ? -age : age;
    if (!c->timestamp.len || off <= tolerance)
        return true;
    return refuse(c,
        "the signature is right, but its time, %" PRId64 ", lies %" PRId64 " %s in the %s; %" PRId64
        " %s allowed",
        c->time_s, off, clock_seconds(off * 1000), age < 0 ? "future" : "past", tolerance,
        tolerance == 1 ? "is" : "are");
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
