/* submit - see submit.h. */
#include "cgi-bin/events/submit.h"

#include "base/json.h"
#include "cgi-bin/events/cloudevents.h"
#include "cgi-bin/events/form.h"
#include "cgi-bin/events/intake.h"
#include "cgi-bin/events/provider.h"
#include "web/body.h"

#define GENERIC_TYPE "fx.events.generic.incoming"
#define GENERIC_SOURCE "/fx/events/generic"
#define WEBHOOK_TYPE "fx.events.webhook.incoming"
#define WEBHOOK_SOURCE "/fx/events/webhook"

/* An event whose payload is JSON. */
static struct event json_event(struct span data)
{
    return (struct event){
        .data_kind = EVENT_DATA_JSON,
        .datacontenttype = span_str("application/json"),
        .data = data,
    };
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
            *(is_source ? &event->source : &event->type) =
                json_unescaped(item.value, &request->arena);
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

/* Ends the request with an event in it. */
static void take(struct request *request, const struct event *event)
{
    struct intake *intake = intake_new(request, 1);
    intake->source_word = "event_source";
    intake->type_word = "event_type";
    intake_add(intake, event);
    if (event->id.len)
        intake_identify(request, intake, IDENTITY_DELIVERY, event->id, SPAN_NONE);
    intake_finish(request, intake);
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
    struct event event = json_event(SPAN_NONE);
    if (read_members(request, &event))
        take(request, &event);
}

/* A query parameter that may name something; the default stands where it is absent. */
static bool read_name(
    struct request *request, const char *name, const char *otherwise, struct span *ret_value)
{
    enum err err = request_query(request, name, ret_value);
    if (err == ERR_INVALID) {
        reply_bad_query(request, name);
        return false;
    }
    if (err)
        *ret_value = span_str(otherwise);
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
    struct event event = json_event(request->body);
    if (read_name(request, "event_type", GENERIC_TYPE, &event.type) &&
        read_name(request, "event_source", GENERIC_SOURCE, &event.source))
        take(request, &event);
}

void submit_webhook(struct request *request)
{
    struct span data;
    if (cloudevents_take(request) || !form_read_body(request, &data) ||
        !is_composite(request, data) || provider_answers(request, data))
        return;
    struct event event = json_event(data);
    struct delivery delivery = provider_read(request, data);
    event.id = delivery.id;
    event.subject = delivery.subject;
    if (!read_name(request, "event_type", WEBHOOK_TYPE, &event.type) ||
        !read_name(request, "event_source", WEBHOOK_SOURCE, &event.source))
        return;
    /* What the provider says is more than the default, and less than what the URL says. */
    if (delivery.type.len && span_eq_str(event.type, WEBHOOK_TYPE))
        event.type = delivery.type;
    if (delivery.source.len && span_eq_str(event.source, WEBHOOK_SOURCE))
        event.source = delivery.source;
    take(request, &event);
}
