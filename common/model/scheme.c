/*
 * scheme - schemes that are declared in JSON; see scheme.h. Those of the providers are in
 * scheme_preset.c, verification is in scheme_verify.c.
 */
#include "model/scheme.h"

#include <string.h>

#include "base/ascii.h"
#include "model/field.h"
#include "model/limits.h"
#include "model/scheme_message.h"

static bool is_header_name(struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!(s.data[i] >= 'a' && s.data[i] <= 'z') && !(s.data[i] >= 'A' && s.data[i] <= 'Z') &&
            !(s.data[i] >= '0' && s.data[i] <= '9') && s.data[i] != '-')
            return false;
    return s.len;
}

static bool is_item_name(struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.data[i] <= ' ' || s.data[i] > 0x7e || memchr("=,;", s.data[i], 3))
            return false;
    return s.len;
}

static bool is_prefix(struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.data[i] < 0x20 || s.data[i] > 0x7e)
            return false;
    return !s.len || s.data[0] != ' ';
}

static bool is_separator(struct span s)
{
    return s.len == 1 && memchr(" ,;", s.data[0], 3);
}

static bool is_message(struct span s)
{
    struct part parts[PARTS_MAX];
    char message[SCHEME_MESSAGE_MAX];
    memcpy(message, s.data, s.len);
    message[s.len] = 0;
    return s.len && scheme_message_split(message, parts);
}

/* Reads a string of at most `max` bytes that `rule` accepts into a char array of one byte more. */
static bool read_text(
    struct field_reader *r, const struct json_tree *v, const struct field *field, void *at)
{
    struct span text = json_tree_text(v);
    char *to = at;
    if (!field_is(r, v, JSON_STRING))
        return false;
    if (text.len > (size_t)field->max)
        return field_refuse(r, "must be %g bytes long at most", field->max);
    if (!field->rule(text))
        return field_refuse(r, "%s", field->right);
    memcpy(to, text.data, text.len);
    to[text.len] = 0;
    return true;
}

static bool read_header(
    struct field_reader *r, const struct json_tree *v, const struct field *field, void *at)
{
    if (!read_text(r, v, field, at))
        return false;
    for (char *c = at; *c; c++)
        *c = (char)ascii_lower((uint8_t)*c);
    return true;
}

static bool read_separator(
    struct field_reader *r, const struct json_tree *v, const struct field *field, void *at)
{
    struct span text = json_tree_text(v);
    if (!is_separator(text))
        return field_refuse(r, "%s", field->right);
    *(char *)at = (char)text.data[0];
    return true;
}

static bool read_algorithm(
    struct field_reader *r, const struct json_tree *v, const struct field *field, void *at)
{
    static const char *const names[CRYPTO_HASH__MAX] = {"sha1", "sha256", "sha512"};
    struct scheme *scheme = at;
    struct span text = json_tree_text(v);
    (void)field;
    scheme->token = span_eq_str(text, "token");
    for (size_t i = 0; i < CRYPTO_HASH__MAX; i++)
        if (span_eq_str(text, names[i])) {
            scheme->hash = (enum crypto_hash)i;
            return true;
        }
    return scheme->token ||
           field_refuse(r, "must be \"sha256\", \"sha1\", \"sha512\" or \"token\"");
}

static bool read_tolerance(
    struct field_reader *r, const struct json_tree *v, const struct field *field, void *at)
{
    int64_t *seconds = at;
    (void)field;
    return (json_tree_int(v, seconds) && *seconds >= 1 && *seconds <= SECONDS_MAX) ||
           field_refuse(r, "must be a whole number of seconds from 1 to %d", SECONDS_MAX);
}

#define FIELD(text, reader, member) \
    .name = text, .read = reader, .offset = offsetof(struct scheme, member)
#define HEADER(text, member) \
    FIELD(text, read_header, member), \
        .max = SCHEME_TEXT_MAX - 1, .rule = is_header_name, \
        .right = "the name of a header here is letters, digits and \"-\""

static const struct field fields[] = {
    {HEADER("header", header), .required = true},
    {.name = "algorithm", .read = read_algorithm},
    {FIELD("prefix", read_text, prefix), .max = SCHEME_TEXT_MAX - 1, .rule = is_prefix,
        .right = "must be printable ASCII, without a space before it"},
    {FIELD("encoding", field_choice, base64), .choices = {"hex", "base64"}},
    {FIELD("secret_encoding", field_choice, secret_base64), .choices = {"raw", "base64"}},
    {FIELD("signs", field_choice, signs_decoded), .choices = {"received", "decoded"}},
    {FIELD("separator", read_separator, separator),
        .right = "must be \" \", \",\" or \";\"; leave it out where there is one signature only"},
    {FIELD("template", read_text, message), .max = SCHEME_MESSAGE_MAX - 1, .rule = is_message,
        .right = "must be text with {body} and perhaps {timestamp} and {id}, each once"},
    {HEADER("timestamp_header", timestamp_header)},
    {FIELD("timestamp_item", read_text, timestamp_item), .max = SCHEME_TEXT_MAX - 1,
        .rule = is_item_name,
        .right = "must be printable ASCII without spaces, \"=\", \",\" and \";\""},
    {FIELD("tolerance", read_tolerance, tolerance_s)},
    {HEADER("id_header", id_header)},
    {HEADER("event_header", event_header)},
    {.name = NULL},
};

/* A token is compared as it stands: members that describe a signature say nothing of it. */
static bool check_token(struct field_reader *r, const struct json_tree *v)
{
    static const char *const others[] = {"encoding", "secret_encoding", "signs", "separator",
        "template", "timestamp_header", "timestamp_item", "tolerance"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (json_tree_has(v, others[i]))
            return field_refuse_member(r, others[i], "has no meaning for a token");
    return true;
}

/*
 * Headers that never come as the sender wrote them: what is in X-API-KEY is taken for an API key,
 * and the rest is between the sender and the web server (RFC 9110, section 7.6.1).
 */
static bool is_kept_back(const char *header)
{
    static const char *const names[] = {"x-api-key", "connection", "content-length", "expect",
        "keep-alive", "proxy", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(header, names[i]) == 0)
            return true;
    return false;
}

/* What is signed, and the signature, must get here; and the signature is not over itself. */
static bool check_headers(struct field_reader *r, const struct scheme *scheme)
{
    bool signs_id = scheme_message_has(scheme->message, PART_ID);
    const struct {
        const char *member, *header;
    } headers[] = {{"header", scheme->header}, {"timestamp_header", scheme->timestamp_header},
        {"id_header", signs_id ? scheme->id_header : ""}};
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        if (is_kept_back(headers[i].header))
            return field_refuse_member(
                r, headers[i].member, "is a header that does not get here as its sender wrote it");
        if (i && strcmp(headers[i].header, scheme->header) == 0)
            return field_refuse_member(r, headers[i].member, "must not be the signature's header");
    }
    return true;
}

/* Would an item of the header be the timestamp, and never the signature? */
static bool hides_signatures(const struct scheme *scheme)
{
    size_t len = strlen(scheme->timestamp_item);
    return len && strncmp(scheme->prefix, scheme->timestamp_item, len) == 0 &&
           scheme->prefix[len] == '=';
}

/* What a scheme must be as a whole, once its members are known to be good. */
static bool check_scheme(struct field_reader *r, const struct json_tree *v, struct scheme *scheme)
{
    bool timed = scheme->timestamp_header[0] || scheme->timestamp_item[0];
    if (!check_headers(r, scheme))
        return false;
    if (scheme->token)
        return check_token(r, v);
    if (hides_signatures(scheme))
        return field_refuse_member(r, "prefix", "must not be the timestamp_item's");
    if (scheme->separator && strchr(scheme->prefix, scheme->separator))
        return field_refuse_member(r, "prefix", "must not contain the separator");
    if (scheme->timestamp_item[0] && scheme->timestamp_header[0])
        return field_refuse_member(r, "timestamp_item", "must not stand beside timestamp_header");
    if (scheme->timestamp_item[0] && !scheme->separator)
        return field_refuse_member(r, "separator", "is missing; it ends the timestamp_item");
    if (timed != scheme_message_has(scheme->message, PART_TIMESTAMP))
        return field_refuse_member(r, "template",
            timed
                ? "must contain {timestamp}: one that is not signed proves nothing"
                : "contains {timestamp}; timestamp_header or timestamp_item must say where it is");
    if (!scheme->id_header[0] && scheme_message_has(scheme->message, PART_ID))
        return field_refuse_member(r, "template", "contains {id}; id_header must say where it is");
    if (!timed && scheme->tolerance_s)
        return field_refuse_member(r, "tolerance", "has no meaning without a timestamp");
    if (timed && !scheme->tolerance_s)
        scheme->tolerance_s = SCHEME_TOLERANCE_S;
    return true;
}

enum err scheme_parse(struct span json, struct scheme *ret_scheme, struct buf *ret_why)
{
    struct scheme scheme = {.hash = CRYPTO_HASH_SHA256, .any_time = true};
    struct json_fault fault;
    struct json_tree *tree = json_tree_parse(json, JSON_DEPTH_DEFAULT, &fault);
    if (!tree && fault.what) {
        buf_printf(
            ret_why, "scheme: is not acceptable JSON: %s, at byte %zu", fault.what, fault.offset);
        return ERR_INVALID;
    }
    struct field_reader reader;
    field_reader_init(&reader, "scheme", ret_why);
    bool good =
        field_object(&reader, tree, fields, &scheme) && check_scheme(&reader, tree, &scheme);
    field_reader_done(&reader);
    json_tree_free(tree);
    if (!good)
        return ERR_INVALID;
    *ret_scheme = scheme;
    return ERR_OK;
}

enum err scheme_of(
    struct span provider, struct span json, struct scheme *ret_scheme, struct buf *ret_why)
{
    const struct scheme *preset = scheme_preset(provider);
    if (!preset)
        return span_eq_str(provider, "generic") ? scheme_parse(json, ret_scheme, ret_why)
                                                : ERR_NOTFOUND;
    *ret_scheme = *preset;
    return ERR_OK;
}
