/*
 * cloudevent_fuzz - an event in the JSON format, or, behind a '\n', one in binary
 * mode: lines of "name:value", the Content-Type after an empty name, an empty
 * line, the body. What is accepted must come back from event_format the same.
 */
#include "tests/fuzz/fuzz.h"

#include "base/json.h"
#include "model/cloudevent.h"

#define HEADERS 32

static enum err read_binary(
    struct span text, struct arena *arena, struct event *ret_event, struct buf *why)
{
    struct cloudevent_header headers[HEADERS];
    struct span content_type = SPAN_NONE;
    struct json_fault fault;
    size_t count = 0;
    for (struct span line = cut(&text, '\n'); line.len; line = cut(&text, '\n')) {
        struct span name = cut(&line, ':');
        if (!name.len)
            content_type = line;
        else if (count < HEADERS)
            headers[count++] = (struct cloudevent_header){name, line};
    }
    if (media_type_is_json(content_type) &&
        !json_check_by(text, JSON_DEPTH_DEFAULT, &json_foreign, &fault))
        text = span_str("{}");
    return cloudevent_read_headers(headers, count, content_type, text, arena, ret_event, why);
}

static void check_round_trip(const struct event *event)
{
    struct arena arena = {0};
    struct buf why = BUF_INIT, text = BUF_INIT;
    struct json_fault fault;
    struct event back;
    require(!event->extensions.len || json_check(event->extensions, 1, &fault));
    event_format(event, &text);
    require(json_check_by(buf_span(&text), JSON_DEPTH_DEFAULT + 1, &cloudevent_rules, &fault));
    require(cloudevent_read_json(buf_span(&text), &arena, &back, &why) == ERR_OK);
    require(span_eq(back.id, event->id) && span_eq(back.source, event->source));
    require(span_eq(back.type, event->type) && span_eq(back.topic, event->topic));
    require(span_eq(back.subject, event->subject) && span_eq(back.dataschema, event->dataschema));
    require(span_eq(back.datacontenttype, event->datacontenttype));
    require(back.data_kind == event->data_kind);
    require(event->data_kind == EVENT_DATA_JSON || span_eq(back.data, event->data));
    arena_done(&arena);
    buf_done(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = span_of(data, size);
    struct arena arena = {0};
    struct buf why = BUF_INIT;
    struct json_fault fault;
    struct event event;
    enum err err = ERR_INVALID;
    if (size && data[0] == '\n') {
        err = read_binary(span_of(data + 1, size - 1), &arena, &event, &why);
        require((err != ERR_OK) == (why.len > 0));
    } else if (json_check_by(text, JSON_DEPTH_DEFAULT, &cloudevent_rules, &fault)) {
        err = cloudevent_read_json(text, &arena, &event, &why);
        require((err != ERR_OK) == (why.len > 0));
    }
    if (!err)
        check_round_trip(&event);
    arena_done(&arena);
    buf_done(&why);
    return 0;
}
