/* submit - see submit.h. */
#include "cgi-bin/events/submit.h"

#include <string.h>

#include "base/json.h"
#include "cgi-bin/events/cloudevents.h"
#include "cgi-bin/events/form.h"
#include "cgi-bin/events/intake.h"
#include "cgi-bin/events/provider.h"
#include "web/body.h"

#define NAME_ROOM 65536 /* all headers of a request together; front ends allow less */
#define GENERIC_TYPE "fx.events.generic.incoming"
#define GENERIC_SOURCE "/fx/events/generic"
#define WEBHOOK_TYPE "fx.events.webhook.incoming"
#define WEBHOOK_SOURCE "/fx/events/webhook"

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

/* Room in the scratch for what is unescaped from the body and the query, so that it never moves. */
static void reserve_scratch(struct request *request, size_t more)
{
    buf_reserve(&request->scratch, request->body.len + strlen(request->query) + 16 + more);
}

static struct event *add_json(struct intake *intake, struct span data)
{
    struct event *event = intake_add(intake);
    event->data_kind = EVENT_DATA_JSON;
    event->datacontenttype = span_str("application/json");
    event->data = data;
    return event;
}

/* Takes the members of an EventRequest. False when the request was answered. */
static bool read_members(struct request *request, struct event *event)
{
    struct json_walk walk = json_walk_start(request->body);
    bool has_payload = false, has_source = false, has_type = false;
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

void submit_event(struct request *request)
{
    if (cloudevents_take(request) || !body_is_json(request))
        return;
    if (json_type_of(request->body) != JSON_OBJECT) {
        reply_problem(
            request, 422, "The body must be an object with event_source, event_type and payload.");
        return;
    }
    reserve_scratch(request, 0);
    struct intake *intake = intake_new(request, 1);
    intake->source_word = "event_source";
    intake->type_word = "event_type";
    if (read_members(request, add_json(intake, SPAN_NONE)))
        intake_finish(request, intake);
}

/* A query parameter that may name something; the default stands where it is absent. */
static bool read_name(
    struct request *request, const char *name, const char *otherwise, struct span *ret_value)
{
    size_t from = request->scratch.len;
    enum err err = request_query(request, name, &request->scratch);
    if (err == ERR_INVALID) {
        reply_bad_query(request, name);
        return false;
    }
    *ret_value = err ? span_str(otherwise)
                     : span_of(request->scratch.data + from, request->scratch.len - from);
    return true;
}

/* True when the body, or what a form wraps, is a JSON object or array. Else the request was
 * answered. */
static bool is_composite(struct request *request, struct span data)
{
    enum json_type type = json_type_of(data);
    if (type == JSON_OBJECT || type == JSON_ARRAY)
        return true;
    reply_problem(request, 422, "The body must be a JSON object or array; it becomes the payload.");
    return false;
}

void submit_generic(struct request *request)
{
    if (cloudevents_take(request) || !body_is_json(request) ||
        !is_composite(request, request->body))
        return;
    reserve_scratch(request, 0);
    struct intake *intake = intake_new(request, 1);
    struct event *event = add_json(intake, request->body);
    intake->source_word = "event_source";
    intake->type_word = "event_type";
    if (read_name(request, "event_type", GENERIC_TYPE, &event->type) &&
        read_name(request, "event_source", GENERIC_SOURCE, &event->source))
        intake_finish(request, intake);
}

void submit_webhook(struct request *request)
{
    struct span data;
    /* The form's field is decoded there as well, and names are put together from headers. */
    reserve_scratch(request, 2 * request->body.len + NAME_ROOM);
    if (cloudevents_take(request) || !form_read_body(request, &data) ||
        !is_composite(request, data) || provider_answers(request, data))
        return;
    struct intake *intake = intake_new(request, 1);
    struct event *event = add_json(intake, data);
    struct name name = provider_name(request, data, &request->scratch);
    if (name.delivery.len) {
        event->id = name.delivery;
        intake_identify(request, intake, 'd', name.delivery, SPAN_NONE);
    }
    event->subject = name.subject;
    intake->source_word = "event_source";
    intake->type_word = "event_type";
    if (!read_name(request, "event_type", WEBHOOK_TYPE, &event->type) ||
        !read_name(request, "event_source", WEBHOOK_SOURCE, &event->source))
        return;
    /* What the provider says is more than the default, and less than what the URL says. */
    if (name.type.len && span_eq_str(event->type, WEBHOOK_TYPE))
        event->type = name.type;
    if (name.source.len && span_eq_str(event->source, WEBHOOK_SOURCE))
        event->source = name.source;
    intake_finish(request, intake);
}
