/* cloudevents - see cloudevents.h. */
#include "cgi-bin/events/cloudevents.h"

#include <string.h>

#include "base/ascii.h"
#include "base/json.h"
#include "cgi-bin/events/intake.h"
#include "model/cloudevent.h"
#include "model/limits.h"
#include "web/body.h"
#include "web/channel.h"

#define PREFIX "HTTP_CE_"

/* The body as JSON. False when the request was answered. */
static bool read_body(
    struct request *request, const struct json_rules *rules, struct span *ret_json)
{
    *ret_json = request->body;
    return body_check_json(request, rules, "The body", ret_json);
}

/* Is the variable a ce-* header? Gives the name behind "ce-", in upper case, and the value. */
static bool is_attribute(const char *variable, struct span *ret_name, struct span *ret_value)
{
    if (strncmp(variable, PREFIX, strlen(PREFIX)) != 0)
        return false;
    const char *name = variable + strlen(PREFIX), *equals = strchr(name, '=');
    if (!equals)
        return false;
    *ret_name = span_of(name, (size_t)(equals - name));
    *ret_value = span_str(equals + 1);
    return true;
}

static struct span lower_case(struct request *request, struct span name)
{
    char *lower = arena_text(&request->arena, name.len);
    for (size_t i = 0; i < name.len; i++)
        lower[i] = (char)ascii_lower(name.data[i]);
    return span_of(lower, name.len);
}

/* Collects the ce-* headers, as far as there is room. Returns how many came. */
static size_t collect(struct request *request, struct cloudevent_header *ret_headers, size_t room)
{
    size_t count = 0;
    struct span name, value;
    for (char **v = request->channel->variables; *v; v++) {
        if (!is_attribute(*v, &name, &value))
            continue;
        if (count < room)
            ret_headers[count] = (struct cloudevent_header){lower_case(request, name), value};
        count++;
    }
    return count;
}

/* Any ce-* header makes a request an event in binary mode: the reply names those it lacks. */
static bool has_attributes(const struct request *request)
{
    struct span name, value;
    for (char **v = request->channel->variables; *v; v++)
        if (is_attribute(*v, &name, &value))
            return true;
    return false;
}

/* Adds an event, which its sender knows by source and id (CloudEvents 1.0.2, section 3.1.1). */
static void add(struct request *request, struct intake *intake, const struct event *event)
{
    intake_add(intake, event);
    intake_identify(
        request, intake, IDENTITY_CLOUDEVENT, event->source, event->id, !intake->unvouched);
}

static void take_one(struct request *request, const struct event *event, bool unvouched)
{
    struct intake *intake = intake_new(request, 1);
    intake->unvouched = unvouched;
    add(request, intake, event);
    intake_finish(request, intake);
}

static void take_binary(struct request *request, struct span type)
{
    struct cloudevent_header headers[EVENT_ATTRIBUTES_MAX];
    struct event event;
    struct buf why = BUF_INIT;
    size_t count = collect(request, headers, EVENT_ATTRIBUTES_MAX);
    if (count > EVENT_ATTRIBUTES_MAX) {
        reply_problem(
            request, 422, "A CloudEvent may have at most %d attributes.", EVENT_ATTRIBUTES_MAX);
        return;
    }
    struct span data = request->body;
    if (data.len && media_type_is_json(type) && !read_body(request, &json_foreign, &data))
        return;
    enum err err =
        cloudevent_read_headers(headers, count, type, data, &request->arena, &event, &why);
    if (err)
        reply_problem(request, 422, "%s", buf_text(&why));
    else
        take_one(request, &event, true);
    buf_done(&why);
}

static void take_structured(struct request *request)
{
    struct event event;
    struct buf why = BUF_INIT;
    struct span body;
    if (!read_body(request, &cloudevent_rules, &body))
        return;
    enum err err = cloudevent_read_json(body, &request->arena, &event, &why);
    if (err)
        reply_problem(request, 422, "%s", buf_text(&why));
    else
        take_one(request, &event, false);
    buf_done(&why);
}

/* How many events a batch has, counted before room is made for them. */
static size_t count_items(struct span array)
{
    struct json_walk walk = json_walk_start(array);
    size_t count = 0;
    for (struct json_item item; json_walk_next(&walk, &item);)
        count++;
    return count;
}

/* Adds one event of a batch. False when the request was answered. */
static bool add_item(struct request *request, struct intake *intake, struct span object)
{
    struct event event;
    struct buf why = BUF_INIT;
    enum err err = cloudevent_read_json(object, &request->arena, &event, &why);
    if (err)
        reply_problem(
            request, 422, "Event %zu of the batch: %s", intake->count + 1, buf_text(&why));
    else
        add(request, intake, &event);
    buf_done(&why);
    return !err;
}

static void take_batch(struct request *request)
{
    size_t max = (size_t)request->home->config.events_batch;
    struct span body;
    if (!read_body(request, &cloudevent_batch_rules, &body))
        return;
    if (json_type_of(body) != JSON_ARRAY) {
        reply_problem(request, 422, "A batch is a JSON array of CloudEvents.");
        return;
    }
    size_t count = count_items(body);
    if (count > max) {
        reply_problem(request, 422, "Of events a batch may hold at most %zu; send several.", max);
        return;
    }
    struct intake *intake = intake_new(request, count);
    struct json_walk walk = json_walk_start(body);
    intake->batch = true;
    for (struct json_item item; json_walk_next(&walk, &item);)
        if (!add_item(request, intake, item.value))
            return;
    intake_finish(request, intake);
}

bool cloudevents_take(struct request *request)
{
    struct span type = request_header(request, "CONTENT_TYPE");
    switch (cloudevent_mode(type, has_attributes(request))) {
    case CLOUDEVENT_NONE:
        return false;
    case CLOUDEVENT_BINARY:
        take_binary(request, type);
        return true;
    case CLOUDEVENT_STRUCTURED:
        take_structured(request);
        return true;
    case CLOUDEVENT_BATCH:
        take_batch(request);
        return true;
    case CLOUDEVENT_UNSUPPORTED:
        break;
    }
    reply_problem(request, 415,
        "CloudEvents are taken as application/cloudevents+json, as "
        "application/cloudevents-batch+json, or in binary mode.");
    return true;
}
