/* accept - see accept.h. */
#include "accept.h"

#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "store/events.h"
#include "web/body.h"

/* The text of a checked string: in place where nothing is escaped, else unescaped into scratch. */
static struct span text_of(struct request *request, struct span value)
{
    struct span inner = {value.data + 1, value.len - 2};
    if (!memchr(inner.data, '\\', inner.len))
        return inner;
    size_t from = request->scratch.len;
    json_unescape(value, &request->scratch);
    return span_of(request->scratch.data + from, request->scratch.len - from);
}

/* Takes the members of an EventRequest. False when the request was answered. */
static bool read_members(struct request *request, struct event *event)
{
    struct json_walk walk = json_walk_start(request->body);
    bool has_payload = false, has_source = false, has_type = false;
    /* Unescaping never makes text longer, so this keeps spans into the scratch valid. */
    buf_reserve(&request->scratch, request->body.len + 1);
    for (struct json_item item; json_walk_next(&walk, &item);) {
        bool is_source = json_name_is(item.name, "event_source");
        if (json_name_is(item.name, "payload")) {
            event->data = item.value;
            has_payload = true;
        } else if (is_source || json_name_is(item.name, "event_type")) {
            if (item.type != JSON_STRING) {
                reply_problem(request, 422, "%s: must be a string.",
                    is_source ? "event_source" : "event_type");
                return false;
            }
            *(is_source ? &event->source : &event->type) = text_of(request, item.value);
            *(is_source ? &has_source : &has_type) = true;
        } else {
            reply_problem(request, 422,
                "%.*s: is not known here; an event has event_source, event_type and payload.",
                (int)(item.name.len > 64 ? 64 : item.name.len), (const char *)item.name.data);
            return false;
        }
    }
    const char *missing = !has_source    ? "event_source"
                          : !has_type    ? "event_type"
                          : !has_payload ? "payload"
                                         : NULL;
    if (missing)
        reply_problem(request, 422,
            "%s: is missing; an event has event_source, event_type and payload.", missing);
    return !missing;
}

static enum err append(struct store_txn *txn, void *context)
{
    struct request *request = context;
    return events_append(txn, request->state);
}

static void reply_accepted(struct request *request, enum err err)
{
    if (err) {
        reply_error(request, err);
        return;
    }
    const struct event *event = request->state;
    char cid[UUID_TEXT];
    struct buf body = BUF_INIT;
    struct json_out o = json_out_to(&body);
    uuid_format(&event->cid, cid);
    json_open(&o, '{');
    json_put_str(&o, "cid", cid);
    json_put_text(&o, "eventType", event->type);
    json_close(&o, '}');
    reply_json(request, 200, buf_span(&body));
    buf_done(&body);
}

void accept_event(struct request *request)
{
    if (!body_is_json(request))
        return;
    if (json_type_of(request->body) != JSON_OBJECT) {
        reply_problem(
            request, 422, "The body must be an object with event_source, event_type and payload.");
        return;
    }
    struct event *event = request->state = mem_alloc(sizeof *event);
    event->data_kind = EVENT_DATA_JSON;
    event->datacontenttype = span_str("application/json");
    event->cid = uuid_new();
    event->accepted_ms = clock_wall_ms();
    if (!read_members(request, event))
        return;
    struct buf why = BUF_INIT;
    if (event_check(event, "event_source", "event_type", &why))
        request_write(request, STORE_ACCEPT | STORE_WAKE, append, reply_accepted);
    else
        reply_problem(request, 422, "%s", buf_text(&why));
    buf_done(&why);
}
