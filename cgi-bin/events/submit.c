/* submit - see submit.h. */
#include "cgi-bin/events/submit.h"

#include <stddef.h>

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

/* What a request brings. */
struct sent {
    struct event event;
    bool id_signed; /* the event's id, which names a delivery, is signed */
};

/* The members of an EventRequest. All must be there. */
static const struct member {
    const char *name;
    size_t field;   /* of a span in struct event */
    bool is_string; /* kept without quotes and escapes; else any value, kept as it was sent */
} members[] = {
    {"event_source", offsetof(struct event, source), true},
    {"event_type", offsetof(struct event, type), true},
    {"payload", offsetof(struct event, data), false},
};

#define MEMBERS (sizeof members / sizeof members[0])

static const struct member *find_member(struct span name)
{
    for (size_t i = 0; i < MEMBERS; i++)
        if (json_name_is(name, members[i].name))
            return &members[i];
    return NULL;
}

static struct span *field_of(struct event *event, const struct member *member)
{
    return (struct span *)(void *)((char *)event + member->field);
}

/* Reads a member into the event. False when the request was answered. */
static bool read_member(struct request *request, const struct json_item *item, struct event *event)
{
    const struct member *member = find_member(item->name);
    if (!member) {
        reply_problem(request, 422,
            "%.*s: is not known here; an event has event_source, event_type and payload.",
            (int)(item->name.len > 64 ? 64 : item->name.len), (const char *)item->name.data);
        return false;
    }
    if (member->is_string && item->type != JSON_STRING) {
        reply_problem(request, 422, "%s: must be a string.", member->name);
        return false;
    }
    *field_of(event, member) =
        member->is_string ? json_unescaped(item->value, &request->arena) : item->value;
    return true;
}

/*
 * Has every member come? A member that came points at its text, even an empty one; NULL has not
 * come. False when the request was answered.
 */
static bool has_members(struct request *request, struct event *event)
{
    for (size_t i = 0; i < MEMBERS; i++) {
        if (!field_of(event, &members[i])->data) {
            reply_problem(request, 422,
                "%s: is missing; an event has event_source, event_type and payload.",
                members[i].name);
            return false;
        }
    }
    return true;
}

/* An event whose payload is JSON. */
static struct event json_event(struct span data)
{
    return (struct event){
        .data_kind = EVENT_DATA_JSON,
        .datacontenttype = span_str("application/json"),
        .data = data,
    };
}

/* Reads an EventRequest. Like the readers below, returns false when the request was answered. */
static bool read_event(struct request *request, struct sent *sent)
{
    static const struct json_rules rules = {.foreign = {{1, "payload"}}, .count = 1};
    struct span body;
    if (!body_read_json(request, &rules, &body))
        return false;
    if (json_type_of(body) != JSON_OBJECT) {
        reply_problem(
            request, 422, "The body must be an object with event_source, event_type and payload.");
        return false;
    }
    sent->event = json_event(SPAN_NONE);
    struct json_walk walk = json_walk_start(body);
    for (struct json_item item; json_walk_next(&walk, &item);)
        if (!read_member(request, &item, &sent->event))
            return false;
    return has_members(request, &sent->event);
}

/* Reads a query parameter that may name something. Where it is absent, the default stands. */
static bool read_name(
    struct request *request, const char *name, struct span otherwise, struct span *ret_value)
{
    if (!intake_name(request, name, ret_value))
        return false;
    if (!ret_value->data)
        *ret_value = otherwise;
    return true;
}

static bool read_names(
    struct request *request, struct span type, struct span source, struct event *event)
{
    return read_name(request, "event_type", type, &event->type) &&
           read_name(request, "event_source", source, &event->source);
}

/* Is the payload, the body or what a form wraps, a JSON object or array? */
static bool is_composite(struct request *request, struct span data)
{
    enum json_type type = json_type_of(data);
    if (type == JSON_OBJECT || type == JSON_ARRAY)
        return true;
    reply_problem(request, 422, "The body must be a JSON object or array; it becomes the payload.");
    return false;
}

static bool read_generic(struct request *request, struct sent *sent)
{
    struct span data;
    if (!body_read_json(request, &json_foreign, &data) || !is_composite(request, data))
        return false;
    sent->event = json_event(data);
    return read_names(request, span_str(GENERIC_TYPE), span_str(GENERIC_SOURCE), &sent->event);
}

/* A name in the URL counts before the provider's name, and that before the default. */
static bool read_webhook(struct request *request, struct sent *sent)
{
    struct span data;
    if (!form_read_body(request, &data) || !is_composite(request, data) ||
        provider_answers(request, data))
        return false;
    struct delivery delivery = provider_read(request, data);
    sent->event = json_event(data);
    sent->event.id = delivery.id;
    sent->id_signed = delivery.id_signed;
    sent->event.subject = delivery.subject;
    return read_names(request, delivery.type.len ? delivery.type : span_str(WEBHOOK_TYPE),
        delivery.source.len ? delivery.source : span_str(WEBHOOK_SOURCE), &sent->event);
}

/* A CloudEvent is taken as one on each route; any other request is read as its route wants it. */
static void submit(struct request *request, bool (*reader)(struct request *, struct sent *))
{
    struct sent sent = {.id_signed = false};
    if (cloudevents_take(request) || !reader(request, &sent))
        return;
    struct intake *intake = intake_new(request, 1);
    intake->source_word = "event_source";
    intake->type_word = "event_type";
    intake_add(intake, &sent.event);
    intake_identify(request, intake, IDENTITY_DELIVERY, sent.event.id, SPAN_NONE, sent.id_signed);
    intake_finish(request, intake);
}

void submit_event(struct request *request)
{
    submit(request, read_event);
}

void submit_generic(struct request *request)
{
    submit(request, read_generic);
}

void submit_webhook(struct request *request)
{
    submit(request, read_webhook);
}
