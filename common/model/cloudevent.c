/*
 * cloudevent - see cloudevent.h.
 *
 * Both forms are taken apart into names and values, which all go through draft_put.
 * The attributes of the specification are in a table; every other attribute is an
 * extension. Sections are those of CloudEvents 1.0.2 ("core"), its HTTP protocol
 * binding ("HTTP") and its JSON format ("JSON").
 */
#include "model/cloudevent.h"

#include <string.h>
#include <strings.h>

#include "base/ascii.h"
#include "base/base64.h"
#include "base/json.h"
#include "base/utf8.h"
#include "model/cloudevent_type.h"

const struct json_rules cloudevent_rules = {.foreign = {{1, "data"}}, .count = 1};
const struct json_rules cloudevent_batch_rules = {.foreign = {{2, "data"}}, .count = 1};

/* An event in the making. */
struct draft {
    struct event event;
    struct span specversion;
    struct buf extensions; /* a JSON object without its last bracket, or empty */
    struct arena *arena;   /* borrowed */
    struct buf *why;       /* borrowed */
};

/* The value of an attribute: the characters of a string, else a JSON literal as written. */
struct value {
    enum json_type type;
    struct span text;
};

static bool refuse(struct draft *d, struct span name, const char *what)
{
    if (!name.len)
        name = span_str("\"\"");
    size_t shown = name.len < CLOUDEVENT_NAME_MAX ? name.len : CLOUDEVENT_NAME_MAX;
    buf_printf(d->why, "%.*s: %s.", (int)shown, (const char *)name.data, what);
    return false;
}

/* Media types. */

static bool starts_with(struct span s, const char *prefix)
{
    size_t len = strlen(prefix);
    return s.len >= len && strncasecmp((const char *)s.data, prefix, len) == 0;
}

static bool ends_with(struct span s, const char *suffix)
{
    size_t len = strlen(suffix);
    return s.len >= len && strncasecmp((const char *)s.data + s.len - len, suffix, len) == 0;
}

/* The media type itself, without parameters and the space around it. */
static struct span essence(struct span content_type)
{
    struct span s = content_type;
    const uint8_t *semicolon = s.len ? memchr(s.data, ';', s.len) : NULL;
    if (semicolon)
        s.len = (size_t)(semicolon - s.data);
    return ascii_trim(s, ASCII_BLANK);
}

/* JSON, section 3.1: the subtype is json, whatever the type, or ends in +json. */
bool media_type_is_json(struct span content_type)
{
    struct span type = essence(content_type);
    return ends_with(type, "/json") || ends_with(type, "+json");
}

/* HTTP, section 3: application/cloudevents and whatever follows is some format of an event. */
enum cloudevent_mode cloudevent_mode(struct span content_type, bool has_specversion)
{
    static const char structured[] = "application/cloudevents";
    struct span type = essence(content_type);
    if (!starts_with(type, structured))
        return has_specversion ? CLOUDEVENT_BINARY : CLOUDEVENT_NONE;
    struct span format = {type.data + strlen(structured), type.len - strlen(structured)};
    if (format.len == 5 && starts_with(format, "+json"))
        return CLOUDEVENT_STRUCTURED;
    if (format.len == 11 && starts_with(format, "-batch+json"))
        return CLOUDEVENT_BATCH;
    return CLOUDEVENT_UNSUPPORTED;
}

/* Attributes. */

static bool is_version(struct span s)
{
    return span_eq_str(s, "1.0");
}

/* The attributes of core, section 3.1, and our topic: where each goes, and what it must be. */
static const struct attribute {
    const char *name;
    size_t offset; /* of a span in struct draft */
    bool required;
    bool (*rule)(struct span text); /* beyond being a string that is not empty; or NULL */
    const char *right;              /* what the rule wants */
} attributes[] = {
    {"specversion", offsetof(struct draft, specversion), true, is_version,
        "must be 1.0, the version that is understood here"},
    {"id", offsetof(struct draft, event.id), true, NULL, NULL},
    {"source", offsetof(struct draft, event.source), true, cloudevent_is_uri_reference,
        "must be a URI reference, and so has no spaces"},
    {"type", offsetof(struct draft, event.type), true, NULL, NULL},
    {"subject", offsetof(struct draft, event.subject), false, NULL, NULL},
    {"time", offsetof(struct draft, event.time), false, cloudevent_is_time,
        "must be a date and time of RFC 3339, such as 2026-01-02T03:04:05Z"},
    {"datacontenttype", offsetof(struct draft, event.datacontenttype), false,
        cloudevent_is_media_type, "must be a media type, such as application/json"},
    {"dataschema", offsetof(struct draft, event.dataschema), false, cloudevent_is_uri,
        "must be an absolute URI, such as https://example.com/schema"},
    {"topic", offsetof(struct draft, event.topic), false, NULL, NULL},
};

#define ATTRIBUTES (sizeof attributes / sizeof attributes[0])

static struct span *place_of(struct draft *d, const struct attribute *attribute)
{
    return (struct span *)(void *)((char *)d + attribute->offset);
}

static const struct attribute *find_attribute(struct span name)
{
    for (size_t i = 0; i < ATTRIBUTES; i++)
        if (span_eq_str(name, attributes[i].name))
            return &attributes[i];
    return NULL;
}

static bool put_known(
    struct draft *d, const struct attribute *attribute, struct span name, struct value value)
{
    if (value.type != JSON_STRING)
        return refuse(d, name, "must be a string");
    if (!value.text.len)
        return refuse(d, name, "must not be empty");
    if (attribute->rule && !attribute->rule(value.text))
        return refuse(d, name, attribute->right);
    *place_of(d, attribute) = value.text;
    return true;
}

/* Writes the extension anew, so that the same value always has the same bytes. */
static bool put_extension(struct draft *d, struct span name, struct value value)
{
    int32_t number = 0;
    if (value.type == JSON_ARRAY || value.type == JSON_OBJECT)
        return refuse(d, name, "must be a string, a boolean or an integer");
    if (value.type == JSON_NUMBER && !cloudevent_is_integer(value.text, &number))
        return refuse(d, name, "must be an integer from -2147483648 to 2147483647");
    buf_add_char(&d->extensions, d->extensions.len ? ',' : '{');
    json_quote(&d->extensions, name);
    buf_add_char(&d->extensions, ':');
    if (value.type == JSON_STRING)
        json_quote(&d->extensions, value.text);
    else if (value.type == JSON_NUMBER)
        buf_printf(&d->extensions, "%d", (int)number);
    else
        buf_add_span(&d->extensions, value.text);
    return true;
}

/* Takes an attribute. The text must live as long as the event. */
static bool draft_put(struct draft *d, struct span name, struct value value)
{
    if (!cloudevent_is_name(name))
        return refuse(d, name,
            "cannot be an attribute's name, which is 1 to 64 lower-case letters and digits, "
            "and not data");
    if (value.type == JSON_NULL) /* JSON, section 2.2: as if it were not there */
        return true;
    if (value.type == JSON_STRING && !cloudevent_is_string(value.text))
        return refuse(d, name, "must be UTF-8 text without control characters and noncharacters");
    const struct attribute *known = find_attribute(name);
    return known ? put_known(d, known, name, value) : put_extension(d, name, value);
}

static bool has_required(struct draft *d)
{
    for (size_t i = 0; i < ATTRIBUTES; i++)
        if (attributes[i].required && !place_of(d, &attributes[i])->len)
            return refuse(d, span_str(attributes[i].name),
                "is missing; a CloudEvent has specversion, id, source and type");
    return true;
}

/* Gives the event when everything about it was good. Ends the draft in any case. */
static enum err draft_end(struct draft *d, bool good, struct event *ret_event)
{
    if (good) {
        if (d->extensions.len) {
            buf_add_char(&d->extensions, '}');
            d->event.extensions = arena_keep(d->arena, &d->extensions);
        }
        *ret_event = d->event;
    }
    buf_done(&d->extensions);
    return good ? ERR_OK : ERR_INVALID;
}

/* The payload. */

/* Without a NUL: bytes that have one are no text to most readers. */
static bool is_text(struct span s)
{
    return utf8_is(s.data, s.len) && !(s.len && memchr(s.data, 0, s.len));
}

/* Takes a payload of which only the media type says what it is. */
static void put_bytes(struct draft *d, struct span bytes)
{
    struct span type = d->event.datacontenttype;
    d->event.data = bytes;
    if (media_type_is_json(type))
        d->event.data_kind = EVENT_DATA_JSON;
    else if (starts_with(essence(type), "text/") && is_text(bytes))
        d->event.data_kind = EVENT_DATA_TEXT;
    else
        d->event.data_kind = EVENT_DATA_BINARY;
}

/* The JSON format. */

static bool put_member(struct draft *d, const struct json_item *item)
{
    struct span quoted = {item->name.data - 1, item->name.len + 2};
    struct value value = {item->type, item->value};
    if (item->type == JSON_STRING)
        value.text = json_unescaped(item->value, d->arena);
    return draft_put(d, json_unescaped(quoted, d->arena), value);
}

/* JSON, section 3.1: without a media type the data is JSON, which the event then says. */
static void put_data(struct draft *d, const struct json_item *data)
{
    struct span *type = &d->event.datacontenttype;
    if (!type->len)
        *type = span_str("application/json");
    bool text = data->type == JSON_STRING && !media_type_is_json(*type);
    d->event.data_kind = text ? EVENT_DATA_TEXT : EVENT_DATA_JSON;
    d->event.data = text ? json_unescaped(data->value, d->arena) : data->value;
}

static bool put_base64(struct draft *d, const struct json_item *data)
{
    struct buf bytes = BUF_INIT;
    struct json_fault fault;
    struct span *json = &d->event.data;
    if (data->type != JSON_STRING ||
        !base64_decode(json_unescaped(data->value, d->arena), &bytes)) {
        buf_done(&bytes);
        return refuse(d, span_str("data_base64"),
            "must be a string of base64 (RFC 4648, section 4) with its padding");
    }
    put_bytes(d, arena_keep(d->arena, &bytes));
    if (d->event.data_kind != EVENT_DATA_JSON)
        return true;
    *json = json_behind_mark(*json);
    if (json_check_by(*json, JSON_DEPTH_DEFAULT, &json_foreign, &fault))
        return true;
    buf_printf(d->why,
        "data_base64: is not acceptable JSON, which datacontenttype says it is: "
        "at byte %zu, %s.",
        fault.offset, fault.what);
    return false;
}

/* The members that hold the payload; no value where they were not sent. */
struct payload {
    struct json_item data, base64;
};

/* JSON, section 3.1.1. A null in data is a payload; a null in data_base64 is none. */
static bool put_payload(struct draft *d, const struct payload *payload)
{
    bool has_data = payload->data.value.len > 0;
    bool has_base64 = payload->base64.value.len > 0 && payload->base64.type != JSON_NULL;
    if (has_data && has_base64)
        return refuse(d, span_str("data_base64"), "must not be there together with data");
    if (has_base64)
        return put_base64(d, &payload->base64);
    if (has_data)
        put_data(d, &payload->data);
    return true;
}

/* The payload is only remembered: what it is depends on an attribute that may follow. */
static bool put_members(struct draft *d, struct span object, struct payload *ret_payload)
{
    struct json_walk walk = json_walk_start(object);
    for (struct json_item item; json_walk_next(&walk, &item);) {
        if (json_name_is(item.name, "data"))
            ret_payload->data = item;
        else if (json_name_is(item.name, "data_base64"))
            ret_payload->base64 = item;
        else if (!put_member(d, &item))
            return false;
    }
    return true;
}

enum err cloudevent_read_json(
    struct span object, struct arena *arena, struct event *ret_event, struct buf *ret_why)
{
    struct draft d = {.arena = arena, .why = ret_why};
    struct payload payload = {.data = {.value = SPAN_NONE}};
    if (json_type_of(object) != JSON_OBJECT) {
        buf_add_str(ret_why, "A CloudEvent is a JSON object.");
        return ERR_INVALID;
    }
    bool good = put_members(&d, object, &payload) && has_required(&d) && put_payload(&d, &payload);
    return draft_end(&d, good, ret_event);
}

/* Binary mode. */

/* Decodes the text in place. False at a '%' without two hexadecimal digits behind it. */
static bool percent_decode(char *text, size_t *len)
{
    size_t to = 0;
    for (size_t at = 0; at < *len; at++) {
        if (text[at] == '%') {
            int high = at + 1 < *len ? ascii_hex((uint8_t)text[at + 1]) : -1;
            int low = at + 2 < *len ? ascii_hex((uint8_t)text[at + 2]) : -1;
            if (high < 0 || low < 0)
                return false;
            at += 2;
            text[at] = (char)(high << 4 | low);
        }
        text[to++] = text[at];
    }
    *len = to;
    return true;
}

/* Takes a quoted string (RFC 7230, section 3.2.6) that ends with the value. False for others. */
static bool unquote(struct span value, char *to, size_t *ret_len)
{
    *ret_len = 0;
    for (size_t i = 1; i < value.len; i++) {
        if (value.data[i] == '"')
            return i == value.len - 1;
        if (value.data[i] == '\\' && ++i == value.len)
            return false;
        to[(*ret_len)++] = (char)value.data[i];
    }
    return false;
}

/*
 * HTTP, section 3.1.3.2: first the double quotes are taken off, then percent-encoding is
 * decoded once. Characters that a sender should have encoded and did not, spaces and
 * UTF-8 among them, stand for themselves, as earlier versions of the binding had it. The
 * result is checked like any other string. Returns what is wrong, or NULL.
 */
static const char *decode_value(struct span value, struct arena *arena, struct span *ret_text)
{
    bool quoted = value.len && value.data[0] == '"';
    *ret_text = value;
    if (!quoted && !(value.len && memchr(value.data, '%', value.len)))
        return NULL;
    char *text = arena_text(arena, value.len); /* decoding never lengthens a value */
    size_t len = value.len;
    if (!quoted)
        memcpy(text, value.data, len);
    else if (!unquote(value, text, &len))
        return "begins with a double quote, and so must end with one, with \\ before those within";
    if (!percent_decode(text, &len))
        return "has a % without two hexadecimal digits behind it; % itself is sent as %25";
    *ret_text = span_of(text, len);
    return NULL;
}

static bool put_header(struct draft *d, const struct cloudevent_header *header)
{
    struct value value = {JSON_STRING, SPAN_NONE};
    if (span_eq_str(header->name, "datacontenttype"))
        return refuse(
            d, header->name, "must not be sent as ce-datacontenttype; Content-Type says it");
    const char *fault = decode_value(header->value, d->arena, &value.text);
    return fault ? refuse(d, header->name, fault) : draft_put(d, header->name, value);
}

/* Each header is compared with each: web servers allow few of them. */
static bool put_headers(struct draft *d, const struct cloudevent_header *headers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < i; k++)
            if (span_eq(headers[i].name, headers[k].name))
                return refuse(d, headers[i].name, "must not be there twice");
        if (!put_header(d, &headers[i]))
            return false;
    }
    return true;
}

enum err cloudevent_read_headers(const struct cloudevent_header *headers, size_t count,
    struct span content_type, struct span body, struct arena *arena, struct event *ret_event,
    struct buf *ret_why)
{
    struct draft d = {.arena = arena, .why = ret_why};
    struct value type = {JSON_STRING, content_type};
    bool good = put_headers(&d, headers, count) && has_required(&d) &&
                (!content_type.len || draft_put(&d, span_str("datacontenttype"), type));
    /* An empty body is no payload: HTTP has no other way to send none. */
    if (good && body.len)
        put_bytes(&d, body);
    return draft_end(&d, good, ret_event);
}
