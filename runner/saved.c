/* saved - see saved.h. */
#include "runner/saved.h"

#include "base/json.h"
#include "model/event.h"

bool saved_refuse(struct saved *saved, const char *format, ...)
{
    va_list args;
    buf_clear(&saved->why);
    va_start(args, format);
    buf_vprintf(&saved->why, format, args);
    va_end(args);
    return false;
}

bool saved_merge(struct saved *saved, struct span object, const struct config *config)
{
    struct buf merged = BUF_INIT;
    json_merge(buf_span(&saved->data), object, &merged);
    if (merged.len > (size_t)config->step_data_bytes) {
        buf_done(&merged);
        return saved_refuse(saved, "the data saved would be more than %lld bytes",
            (long long)config->step_data_bytes);
    }
    buf_done(&saved->data);
    saved->data = merged;
    return true;
}

bool saved_emit(struct saved *saved, const struct frame_emit *emit, const struct config *config)
{
    struct event event = {
        .type = emit->event_type,
        .source = emit->event_source.len ? emit->event_source : span_str("-"),
        .topic = emit->topic,
    };
    buf_clear(&saved->why);
    if (!event_check(&event, "event_source", "event_type", &saved->why))
        return false;
    if (emit->payload.len > (size_t)config->web_body_bytes)
        return saved_refuse(saved, "an emitted payload is larger than %lld bytes",
            (long long)config->web_body_bytes);
    if (saved->emit_count >= (size_t)config->step_emits)
        return saved_refuse(
            saved, "emitted more events than the %lld allowed", (long long)config->step_emits);
    frame_add_emit(&saved->emits, emit);
    saved->emit_count++;
    return true;
}

/* The texts of an emit, unescaped. */
struct emit_text {
    struct buf type, source, topic;
};

static bool read_emit(
    struct span object, struct emit_text *text, struct span *ret_payload, struct saved *saved)
{
    struct json_walk walk = json_walk_start(object);
    *ret_payload = SPAN_NONE;
    for (struct json_item item; json_walk_next(&walk, &item);) {
        struct buf *to = json_name_is(item.name, "event_type")     ? &text->type
                         : json_name_is(item.name, "event_source") ? &text->source
                         : json_name_is(item.name, "topic")        ? &text->topic
                                                                   : NULL;
        if (json_name_is(item.name, "payload"))
            *ret_payload = item.value;
        else if (to && item.type == JSON_STRING)
            json_unescape(item.value, to);
        else
            return saved_refuse(
                saved, to ? "emit: event_type, event_source and topic must be strings"
                          : "emit: only event_type, payload, event_source and topic are "
                            "known");
    }
    if (!text->type.len || !ret_payload->len)
        return saved_refuse(saved, "emit: event_type and payload are needed");
    return true;
}

bool saved_emit_object(struct saved *saved, struct span object, const struct config *config)
{
    struct emit_text text = {BUF_INIT, BUF_INIT, BUF_INIT};
    struct span payload;
    bool good = read_emit(object, &text, &payload, saved);
    if (good) {
        struct frame_emit emit = {
            buf_span(&text.type), buf_span(&text.source), buf_span(&text.topic), payload};
        good = saved_emit(saved, &emit, config);
    }
    buf_done(&text.type);
    buf_done(&text.source);
    buf_done(&text.topic);
    return good;
}

void saved_done(struct saved *saved)
{
    buf_done(&saved->data);
    buf_done(&saved->emits);
    buf_done(&saved->why);
}
