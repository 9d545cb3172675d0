/* event - see event.h. */
#include "view/event.h"

#include <assert.h>
#include <string.h>

#include "base/ascii.h"
#include "base/clock.h"
#include "base/utf8.h"
#include "store/audit.h"
#include "store/credentials.h"
#include "store/events.h"

/* One event */

static void put_text_or_null(struct json_out *o, const char *name, struct span text)
{
    if (text.len)
        json_put_text(o, name, text);
    else
        json_put_str(o, name, NULL);
}

static void put_id_or_null(struct json_out *o, const char *name, const struct uuid *id)
{
    char text[UUID_TEXT];
    uuid_format(id, text);
    json_put_str(o, name, uuid_is_none(id) ? NULL : text);
}

/* A credential is revoked, and never taken away: its name is there. */
static enum err put_credential_name(
    struct store_txn *txn, const struct uuid *id, struct json_out *o)
{
    struct credential credential = {.name = SPAN_NONE};
    enum err err = uuid_is_none(id) ? ERR_NOTFOUND : credentials_get(txn, id, &credential);
    put_text_or_null(o, "credential_name", credential.name);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

static void put_attributes(const struct event *event, struct json_out *o)
{
    char cid[UUID_TEXT];
    uuid_format(&event->cid, cid);
    json_put_int(o, "seq", (int64_t)event->seq);
    json_put_str(o, "cid", cid);
    json_put_text(o, "id", event->id.len ? event->id : span_str(cid));
    json_put_text(o, "type", event->type);
    json_put_text(o, "topic", event_topic(event));
    json_put_text(o, "source", event->source);
    put_text_or_null(o, "subject", event->subject);
    json_key(o, "accepted");
    json_time(o, event->accepted_ms);
    put_text_or_null(o, "datacontenttype", event->datacontenttype);
    json_put_int(o, "bytes", (int64_t)event->data.len);
    put_id_or_null(o, "parent_execution_id", &event->parent);
}

enum err event_print_row(struct store_txn *txn, const struct event *event, struct json_out *out)
{
    json_open(out, '{');
    put_attributes(event, out);
    enum err err = put_credential_name(txn, &event->credential, out);
    event_put_sender(event, out);
    json_close(out, '}');
    return err;
}

/* Is the payload written where the event is? */
static bool is_shown(const struct event *event)
{
    return event->data.len <= EVENT_PAYLOAD_SHOWN_MAX &&
           (event->data_kind == EVENT_DATA_JSON || event->data_kind == EVENT_DATA_TEXT);
}

static void put_payload(const struct event *event, struct json_out *o)
{
    bool shown = is_shown(event);
    json_put_bool(o, "payload_shown", shown);
    if (shown && event->data_kind == EVENT_DATA_JSON) {
        json_put_raw(o, "payload", event->data);
    } else if (shown) {
        json_key(o, "payload");
        json_quote_foreign(o->buf, event->data);
        o->comma = true;
    }
}

static bool put_erasure(const struct audit *audit, void *context)
{
    struct json_out *o = context;
    json_key(o, "erased");
    json_time(o, audit->at_ms);
    put_text_or_null(o, "erased_by", audit->actor.name);
    return false;
}

/* Of an event without its payload: who has erased that, where somebody has. */
static enum err put_erased(struct store_txn *txn, const struct event *event, struct json_out *o)
{
    char subject[sizeof "event/" + UUID_TEXT];
    uint64_t next;
    size_t before = o->buf->len;
    memcpy(subject, "event/", sizeof "event/");
    uuid_format(&event->cid, subject + strlen("event/"));
    struct audit_query query = {
        .action = span_str(audit_action_name(AUDIT_EVENT_ERASE)), .subject = span_str(subject)};
    enum err err = event->data_kind == EVENT_DATA_GONE
                       ? audit_list(txn, &query, put_erasure, o, &next)
                       : ERR_OK;
    if (o->buf->len == before) {
        json_put_str(o, "erased", NULL);
        json_put_str(o, "erased_by", NULL);
    }
    return err;
}

enum err event_print(struct store_txn *txn, uint64_t seq, struct json_out *out)
{
    struct event event;
    uint64_t cursor;
    enum err err = events_get(txn, seq, &event);
    if (!err)
        err = events_cursor(txn, &cursor);
    if (err)
        return err;
    json_open(out, '{');
    put_attributes(&event, out);
    err = put_credential_name(txn, &event.credential, out);
    event_put_received(&event, out);
    put_text_or_null(out, "time", event.time);
    put_text_or_null(out, "dataschema", event.dataschema);
    json_put_raw(out, "extensions", event.extensions.len ? event.extensions : span_str("null"));
    json_put_bool(out, "routed", seq <= cursor);
    put_payload(&event, out);
    if (!err)
        err = put_erased(txn, &event, out);
    json_close(out, '}');
    return err;
}

/* What may be asked for */

/* Text that an event may have, or the beginning of one with "*" behind it. */
static bool is_wanted_text(struct span value)
{
    for (size_t i = 0; i < value.len; i++)
        if (value.data[i] < 0x20 || value.data[i] == 0x7f)
            return false;
    return value.len > 0;
}

static bool take_type(struct span value, struct event_query *query)
{
    query->type = value;
    return is_wanted_text(value);
}

static bool take_source(struct span value, struct event_query *query)
{
    query->source = value;
    return is_wanted_text(value);
}

static bool take_topic(struct span value, struct event_query *query)
{
    query->topic = value;
    return is_wanted_text(value);
}

static bool take_credential(struct span value, struct event_query *query)
{
    return uuid_parse(value, &query->credential) && !uuid_is_none(&query->credential);
}

static bool take_door(struct span value, struct event_query *query)
{
    return event_door_parse(value, &query->door);
}

static bool take_since(struct span value, struct event_query *query)
{
    return clock_parse(value, &query->since_ms);
}

static bool take_until(struct span value, struct event_query *query)
{
    return clock_parse(value, &query->until_ms);
}

static bool take_limit(struct span value, struct event_query *query)
{
    uint64_t limit = 0;
    bool good = ascii_number(value, EVENT_LIST_LIMIT_MAX, &limit) && limit;
    query->limit = limit;
    return good;
}

static bool take_before(struct span value, struct event_query *query)
{
    return ascii_number(value, INT64_MAX, &query->before) && query->before;
}

#define TEXT "must be text without control characters, perhaps with * at its end"
#define TIME "must be an RFC 3339 time such as 2026-01-31T12:00:00Z"

/* The parameters of a list: where each goes, and what it must be. */
static const struct parameter {
    const char *name;
    bool (*take)(struct span value, struct event_query *query); /* false: a wrong value */
    const char *must;
} parameters[] = {
    {"type", take_type, TEXT},
    {"source", take_source, TEXT},
    {"topic", take_topic, TEXT},
    {"credential", take_credential, "must be the id of a credential"},
    {"door", take_door, "must be events, generic, webhook, emit, hand, tick or fx"},
    {"since", take_since, TIME},
    {"until", take_until, TIME},
    {"limit", take_limit, "must be a whole number from 1 to 1000"},
    {"before", take_before, "must be the \"next\" of the page before"},
};

const char *event_list_take(struct event_query *query, const char *name, struct span value)
{
    const struct parameter *p = parameters, *end = p + sizeof parameters / sizeof parameters[0];
    while (p < end && strcmp(p->name, name) != 0)
        p++;
    assert(p < end); /* callers name those that event.h lists */
    return p->take(value, query) ? NULL : p->must;
}

/* Lists */

void event_list_begin(struct json_out *out)
{
    json_open(out, '{');
    json_key(out, "events");
    json_open(out, '[');
}

/* Rows that are written while the log is walked. */
struct printing {
    struct store_txn *txn;
    struct page *page;
    struct json_out *out;
    enum err err;
};

static bool print_row(const struct event *event, void *context)
{
    struct printing *printing = context;
    printing->page->rows++;
    printing->err = event_print_row(printing->txn, event, printing->out);
    return !printing->err && !page_is_full(printing->page, printing->out);
}

enum err event_list_page(struct store_txn *txn, struct event_query *query, struct page *page,
    struct json_out *out, struct event_list_end *ret_end)
{
    struct printing printing = {.txn = txn, .page = page, .out = out};
    if (!query->limit)
        query->limit = EVENT_LIST_LIMIT_DEFAULT;
    page_begin(page, out);
    enum err err = event_list(txn, query, print_row, &printing, ret_end);
    query->before = ret_end->next;
    query->limit -= page->rows;
    return err ? err : printing.err;
}

void event_list_close(const struct event_list_end *end, struct json_out *out)
{
    json_close(out, ']');
    json_key(out, "next");
    if (end->next)
        json_int(out, (int64_t)end->next);
    else
        json_null(out);
    json_key(out, "looked_back_to");
    if (end->looked_back_ms)
        json_time(out, end->looked_back_ms);
    else
        json_null(out);
    json_close(out, '}');
}

enum err event_print_cid(
    struct store_txn *txn, const struct uuid *cid, struct page *page, struct json_out *out)
{
    uint64_t seq = 0;
    char text[UUID_TEXT];
    enum err err = events_next_of_cid(txn, cid, &seq);
    if (err)
        return err;
    uuid_format(cid, text);
    json_open(out, '{');
    json_put_str(out, "cid", text);
    json_key(out, "events");
    json_open(out, '[');
    page_begin(page, out);
    while (!err && !page_is_full(page, out)) {
        page->rows++;
        err = event_print(txn, seq, out);
        if (!err)
            err = events_next_of_cid(txn, cid, &seq);
    }
    json_close(out, ']');
    json_put_bool(out, "more", !err);
    json_close(out, '}');
    return err == ERR_NOTFOUND ? ERR_OK : err;
}
