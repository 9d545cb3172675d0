/* event - see event.h. */
#include "model/event.h"

#include <arpa/inet.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/pack.h"
#include "base/utf8.h"
#include "model/limits.h"
#include "model/name.h"

#define EVENT_RECORD 4 /* version of the stored form; schema/store.md says how to change it */

struct span event_topic(const struct event *event)
{
    return event->topic.len ? event->topic : event->type;
}

static const char *const doors[DOOR__MAX] = {
    [DOOR_EVENTS] = "events",
    [DOOR_GENERIC] = "generic",
    [DOOR_WEBHOOK] = "webhook",
    [DOOR_EMIT] = "emit",
    [DOOR_HAND] = "hand",
    [DOOR_TICK] = "tick",
    [DOOR_FX] = "fx",
};

const char *event_door_name(enum event_door door)
{
    return doors[door];
}

bool event_door_parse(struct span name, enum event_door *ret_door)
{
    for (enum event_door door = DOOR_UNKNOWN + 1; door < DOOR__MAX; door++) {
        if (span_eq_str(name, doors[door])) {
            *ret_door = door;
            return true;
        }
    }
    return false;
}

const char *event_doors(void)
{
    return "events, generic, webhook, emit, hand, tick or fx";
}

/* CloudEvents strings hold no control characters (CloudEvents 1.0.2, type system). */
static bool is_text(struct span s, size_t max)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.data[i] < 0x20 || s.data[i] == 0x7f)
            return false;
    return s.len > 0 && s.len <= max;
}

bool event_check(
    const struct event *event, const char *source_word, const char *type_word, struct buf *ret_why)
{
    bool good_source = utf8_is(event->source.data, event->source.len);
    if (!good_source || !utf8_is(event->type.data, event->type.len))
        buf_printf(ret_why, "%s: is not UTF-8", good_source ? type_word : source_word);
    else if (!is_text(event->source, EVENT_SOURCE_MAX))
        buf_printf(ret_why, "%s: needs 1 to %d bytes without control characters", source_word,
            EVENT_SOURCE_MAX);
    else if (!is_text(event->type, EVENT_TYPE_MAX))
        buf_printf(ret_why, "%s: needs 1 to %d bytes without control characters", type_word,
            EVENT_TYPE_MAX);
    else if (event->topic.len && !name_is_topic(event->topic))
        buf_printf(ret_why, "topic: needs 1 to %d characters of A-Z a-z 0-9 . _ : / -", TOPIC_MAX);
    else if (!event->topic.len && !name_is_topic(event->type))
        buf_printf(ret_why,
            "%s: is the topic where none is named, and so takes only A-Z a-z 0-9 . _ : / -",
            type_word);
    else if (name_is_ours(event->type) || name_is_ours(event->topic))
        buf_printf(
            ret_why, "%s: " NAME_NOT_OURS ".", name_is_ours(event->type) ? type_word : "topic");
    else
        return true;
    return false;
}

void event_encode(const struct event *event, struct buf *out)
{
    buf_reserve(out, event->data.len + event->source.len + event->type.len + event->headers.len +
                         event->query.len + 288);
    pack_u8(out, EVENT_RECORD);
    /* Programs of the release before, which may still run, read all but a payload that is gone. */
    if (event->data_kind != EVENT_DATA_GONE)
        out->data[out->len - 1] = EVENT_RECORD - 1;
    pack_u64(out, event->seq);
    pack_uuid(out, &event->cid);
    pack_uuid(out, &event->parent);
    pack_i64(out, event->accepted_ms);
    pack_u16(out, event->depth);
    pack_u8(out, (uint8_t)event->origin);
    pack_u8(out, (uint8_t)event->data_kind);
    pack_u8(out, (uint8_t)event->door);
    pack_uuid(out, &event->credential);
    pack_bytes(out, event->id);
    pack_bytes(out, event->source);
    pack_bytes(out, event->type);
    pack_bytes(out, event->topic);
    pack_bytes(out, event->time);
    pack_bytes(out, event->subject);
    pack_bytes(out, event->datacontenttype);
    pack_bytes(out, event->dataschema);
    pack_bytes(out, event->extensions);
    pack_bytes(out, event->address);
    pack_bytes(out, event->headers);
    pack_bytes(out, event->query);
    pack_bytes(out, event->data);
}

/* What a record of version 2 lets be told of the door. */
static enum event_door door_of_old(const struct event *event)
{
    return event->origin == EVENT_RUN     ? DOOR_HAND
           : event->origin == EVENT_TICK  ? DOOR_TICK
           : uuid_is_none(&event->parent) ? DOOR_UNKNOWN
                                          : DOOR_EMIT;
}

static bool is_sound(const struct event *event)
{
    return event->origin < EVENT_ORIGIN__MAX && event->data_kind < EVENT_DATA__MAX &&
           event->door < DOOR__MAX &&
           (!event->address.len || event->address.len == 4 || event->address.len == 16);
}

enum err event_decode(struct span record, struct event *ret_event)
{
    struct unpack u = unpack_from(record);
    uint8_t version = unpack_u8(&u);
    bool old = version == 2;
    if (version < 2 || version > EVENT_RECORD)
        return ERR_CORRUPT;
    struct event e = {0};
    e.seq = unpack_u64(&u);
    e.cid = unpack_uuid(&u);
    e.parent = unpack_uuid(&u);
    e.accepted_ms = unpack_i64(&u);
    e.depth = unpack_u16(&u);
    e.origin = unpack_u8(&u);
    e.data_kind = unpack_u8(&u);
    e.door = old ? door_of_old(&e) : unpack_u8(&u);
    e.credential = old ? UUID_NONE : unpack_uuid(&u);
    e.id = unpack_bytes(&u);
    e.source = unpack_bytes(&u);
    e.type = unpack_bytes(&u);
    e.topic = unpack_bytes(&u);
    e.time = unpack_bytes(&u);
    e.subject = unpack_bytes(&u);
    e.datacontenttype = unpack_bytes(&u);
    e.dataschema = unpack_bytes(&u);
    e.extensions = unpack_bytes(&u);
    e.address = old ? SPAN_NONE : unpack_bytes(&u);
    e.headers = old ? SPAN_NONE : unpack_bytes(&u);
    e.query = old ? SPAN_NONE : unpack_bytes(&u);
    e.data = unpack_bytes(&u);
    bool unheard = version < EVENT_RECORD && e.data_kind == EVENT_DATA_GONE;
    if (!unpack_done(&u) || !is_sound(&e) || unheard)
        return ERR_CORRUPT;
    *ret_event = e;
    return ERR_OK;
}

static void put_address(struct json_out *o, struct span address)
{
    char text[INET6_ADDRSTRLEN];
    int family = address.len == 4 ? AF_INET : AF_INET6;
    bool kept = address.len && inet_ntop(family, address.data, text, sizeof text);
    json_put_str(o, "address", kept ? text : NULL);
}

void event_put_sender(const struct event *event, struct json_out *out)
{
    char credential[UUID_TEXT];
    uuid_format(&event->credential, credential);
    json_put_str(out, "door", event_door_name(event->door));
    json_put_str(out, "credential", uuid_is_none(&event->credential) ? NULL : credential);
    put_address(out, event->address);
}

void event_put_received(const struct event *event, struct json_out *out)
{
    struct span none = span_str("null");
    event_put_sender(event, out);
    json_put_raw(out, "headers", event->headers.len ? event->headers : none);
    json_put_raw(out, "query", event->query.len ? event->query : none);
}

static void put_if_any(struct json_out *o, const char *name, struct span text)
{
    if (text.len)
        json_put_text(o, name, text);
}

/* A sender's extension gives way where the bridge has an attribute of the same name. */
static bool is_ours(struct span name)
{
    static const char *const ours[] = {"specversion", "id", "source", "type", "subject", "time",
        "datacontenttype", "dataschema", "data", "data_base64", "correlationid", "causationid",
        "topic"};
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        if (json_name_is(name, ours[i]))
            return true;
    return false;
}

static void format_extensions(const struct event *event, struct json_out *o)
{
    if (!event->extensions.len)
        return;
    struct json_walk walk = json_walk_start(event->extensions);
    for (struct json_item item; json_walk_next(&walk, &item);) {
        if (is_ours(item.name))
            continue;
        /* The name is escaped already. */
        buf_add_str(o->buf, o->comma ? ",\"" : "\"");
        buf_add_span(o->buf, item.name);
        buf_add_str(o->buf, "\":");
        buf_add_span(o->buf, item.value);
        o->comma = true;
    }
}

static void format_data(const struct event *event, struct json_out *o)
{
    switch (event->data_kind) {
    case EVENT_DATA_JSON:
        json_put_raw(o, "data", event->data);
        break;
    case EVENT_DATA_TEXT:
        json_key(o, "data");
        json_quote_foreign(o->buf, event->data);
        o->comma = true;
        break;
    case EVENT_DATA_BINARY:
        json_key(o, "data_base64");
        buf_add_char(o->buf, '"');
        base64_encode(event->data, o->buf);
        buf_add_char(o->buf, '"');
        break;
    case EVENT_DATA_NONE:
    case EVENT_DATA_GONE:
    case EVENT_DATA__MAX:
        break;
    }
}

void event_format(const struct event *event, struct buf *out)
{
    char cid[UUID_TEXT], parent[UUID_TEXT];
    uuid_format(&event->cid, cid);
    uuid_format(&event->parent, parent);
    buf_reserve(out, event->data.len + 512);
    struct json_out o = json_out_to(out);
    json_open(&o, '{');
    json_put_str(&o, "specversion", "1.0");
    json_put_text(&o, "id", event->id.len ? event->id : span_str(cid));
    json_put_text(&o, "source", event->source);
    json_put_text(&o, "type", event->type);
    put_if_any(&o, "subject", event->subject);
    if (event->time.len) {
        json_put_text(&o, "time", event->time);
    } else {
        json_key(&o, "time");
        json_time(&o, event->accepted_ms);
    }
    put_if_any(&o, "datacontenttype", event->datacontenttype);
    put_if_any(&o, "dataschema", event->dataschema);
    format_extensions(event, &o);
    json_put_str(&o, "correlationid", cid);
    if (!uuid_is_none(&event->parent))
        json_put_str(&o, "causationid", parent);
    put_if_any(&o, "topic", event->topic);
    format_data(event, &o);
    json_close(&o, '}');
}
