/* cloudevents - see cloudevents.h. */
#include "cgi-bin/events/cloudevents.h"

#include <string.h>

#include "base/json.h"
#include "cgi-bin/events/intake.h"
#include "model/cloudevent.h"
#include "web/channel.h"

#define PREFIX "HTTP_CE_"
#define HEADERS_MAX 64

/* Attributes and unescaped text go into the scratch, which must not move; none is longer than its
 * source. */
static void reserve(struct request *request, size_t more)
{
    buf_reserve(
        &request->scratch, 3 * request->body.len + 2 * more + strlen(request->query) + 4096);
}

/* An event is its sender's by source and id (CloudEvents 1.0.2, section 3.1.1). */
static void identify(struct request *request, struct intake *intake, const struct event *event)
{
    intake_identify(request, intake, 'c', event->source, event->id);
}

static bool check_body(struct request *request)
{
    struct json_fault fault;
    if (json_check(request->body, JSON_DEPTH_DEFAULT, &fault))
        return true;
    reply_problem(request, 400, "The body is not acceptable JSON: at byte %zu, %s.", fault.offset,
        fault.what);
    return false;
}

/* The ce-* headers, their names in lower case in the scratch. The number of them, HEADERS_MAX + 1
 * for too many. */
static size_t collect(struct request *request, struct cloudevent_header *headers)
{
    size_t count = 0;
    for (char **v = request->channel->variables; *v && count <= HEADERS_MAX; v++) {
        if (strncmp(*v, PREFIX, strlen(PREFIX)) != 0)
            continue;
        const char *name = *v + strlen(PREFIX), *equals = strchr(name, '=');
        if (!equals)
            continue;
        if (count < HEADERS_MAX) {
            size_t at = request->scratch.len;
            for (const char *c = name; c < equals; c++)
                buf_add_char(
                    &request->scratch, *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c);
            headers[count] = (struct cloudevent_header){
                span_of(request->scratch.data + at, request->scratch.len - at),
                span_str(equals + 1)};
        }
        count++;
    }
    return count;
}

/* Any ce-* header makes a request an event in binary mode; which of them it lacks is then told. */
static bool has_attributes(const struct request *request)
{
    for (char **v = request->channel->variables; *v; v++)
        if (strncmp(*v, PREFIX, strlen(PREFIX)) == 0)
            return true;
    return false;
}

static size_t header_bytes(const struct request *request)
{
    size_t bytes = 0;
    for (char **v = request->channel->variables; *v; v++)
        if (strncmp(*v, PREFIX, strlen(PREFIX)) == 0)
            bytes += strlen(*v);
    return bytes;
}

static void take_binary(struct request *request, struct span type)
{
    struct cloudevent_header headers[HEADERS_MAX];
    struct buf why = BUF_INIT;
    reserve(request, 4 * header_bytes(request));
    size_t count = collect(request, headers);
    if (count > HEADERS_MAX) {
        reply_problem(request, 422, "A CloudEvent may have at most %d attributes.", HEADERS_MAX);
        return;
    }
    if (request->body.len && media_type_is_json(type) && !check_body(request))
        return;
    struct intake *intake = intake_new(request, 1);
    struct event *event = intake_add(intake);
    struct event read = *event;
    enum err err = cloudevent_read_headers(
        headers, count, type, request->body, &request->scratch, &read, &why);
    if (err) {
        reply_problem(request, 422, "%s", buf_text(&why));
    } else {
        read.cid = event->cid;
        read.accepted_ms = event->accepted_ms;
        *event = read;
        identify(request, intake, event);
        intake_finish(request, intake);
    }
    buf_done(&why);
}

/* One event in the JSON format. False when the request was answered. */
static bool add_json(struct request *request, struct intake *intake, struct span object)
{
    struct event *event = intake_add(intake), read = {0};
    struct buf why = BUF_INIT;
    enum err err = ERR_INVALID;
    if (json_type_of(object) == JSON_OBJECT)
        err = cloudevent_read_json(object, &request->scratch, &read, &why);
    else
        buf_add_str(&why, "A CloudEvent is a JSON object.");
    if (err && intake->batch)
        reply_problem(request, 422, "Event %zu of the batch: %s", intake->count, buf_text(&why));
    else if (err)
        reply_problem(request, 422, "%s", buf_text(&why));
    buf_done(&why);
    if (err)
        return false;
    read.cid = event->cid;
    read.accepted_ms = event->accepted_ms;
    *event = read;
    identify(request, intake, event);
    return true;
}

static void take_structured(struct request *request)
{
    if (!check_body(request))
        return;
    reserve(request, 0);
    struct intake *intake = intake_new(request, 1);
    if (add_json(request, intake, request->body))
        intake_finish(request, intake);
}

/* How many there are, counted before room is made for them. */
static size_t count_items(struct span array)
{
    struct json_walk walk = json_walk_start(array);
    size_t count = 0;
    for (struct json_item item; json_walk_next(&walk, &item);)
        count++;
    return count;
}

static void take_batch(struct request *request)
{
    size_t max = (size_t)request->home->config.events_batch;
    if (!check_body(request))
        return;
    if (json_type_of(request->body) != JSON_ARRAY) {
        reply_problem(request, 422, "A batch is a JSON array of CloudEvents.");
        return;
    }
    size_t count = count_items(request->body);
    if (count > max) {
        reply_problem(request, 422, "A batch may hold at most %zu events; send several.", max);
        return;
    }
    reserve(request, count * 64);
    struct intake *intake = intake_new(request, count);
    struct json_walk walk = json_walk_start(request->body);
    intake->batch = true;
    for (struct json_item item; json_walk_next(&walk, &item);)
        if (!add_json(request, intake, item.value))
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
