/* explain - see explain.h. */
#include "store/explain.h"

#include <stdio.h>

#include "store/events.h"
#include "store/executions.h"
#include "store/pipelines.h"
#include "store/triggers.h"

/* One event being explained. */
struct subject {
    struct store_txn *txn;
    const struct event *event;
    struct json_out *out;
    const struct trigger *trigger; /* while its execution is looked for */
    struct uuid execution;         /* what was found, or UUID_NONE */
    enum status status;
    enum err err;
};

/* The execution that a trigger's queue got for the event. */
static bool look_at(const struct uuid *id, void *context)
{
    struct subject *subject = context;
    struct execution execution;
    subject->err = executions_get(subject->txn, id, &execution, NULL);
    if (!subject->err && execution.event_seq == subject->event->seq &&
        span_eq(execution.pipeline_id, subject->trigger->pipeline_id) &&
        execution.queue == subject->trigger->queue) {
        subject->execution = *id;
        subject->status = execution.status;
        return false;
    }
    return !subject->err;
}

/* Do the filters of the trigger's version match? False, and why, when not. */
static enum err check_filters(
    struct subject *subject, const struct trigger *trigger, bool *ret_match, struct buf *ret_why)
{
    struct span definition;
    struct pipeline *pipeline;
    struct buf ignored = BUF_INIT;
    uint32_t version;
    int64_t created_ms;
    *ret_match = true;
    enum err err = pipelines_version(subject->txn, trigger->pipeline_id, trigger->pipeline_version,
        &version, &created_ms, &definition);
    if (err)
        return err == ERR_NOTFOUND ? ERR_OK : err;
    err = pipeline_parse(definition, &pipeline, &ignored);
    buf_done(&ignored);
    if (err)
        return ERR_CORRUPT;
    *ret_match = filter_match(pipeline->filters, subject->event, ret_why);
    pipeline_free(pipeline);
    return ERR_OK;
}

/* Why the trigger made no execution, as a sentence part; empty when it should have. */
static enum err find_reason(
    struct subject *subject, const struct trigger *trigger, struct buf *ret_why)
{
    const struct event *event = subject->event;
    struct span topic = event_topic(event);
    bool match;
    if (event->origin == EVENT_RUN) {
        buf_add_str(ret_why, "the event is that of a run by hand, which no trigger sees");
        return ERR_OK;
    }
    if (!topic_matches(trigger->topic, topic)) {
        buf_printf(ret_why, "topic: it listens to \"%.*s\", the event's topic is \"%.*s\"",
            (int)trigger->topic.len, (const char *)trigger->topic.data, (int)topic.len,
            (const char *)topic.data);
        return ERR_OK;
    }
    if (event->seq < trigger->from_seq) {
        buf_add_str(ret_why, "time: it was started after the event was accepted");
        return ERR_OK;
    }
    if (trigger->until_seq && event->seq >= trigger->until_seq) {
        buf_add_str(ret_why, "time: it had ended before the event was accepted");
        return ERR_OK;
    }
    enum err err = check_filters(subject, trigger, &match, ret_why);
    if (!err && match)
        buf_add_str(ret_why, "the event is not routed yet");
    return err;
}

static bool print_trigger(const struct trigger *trigger, void *context)
{
    struct subject *subject = context;
    struct json_out *o = subject->out;
    struct buf why = BUF_INIT;
    char version[16], id[UUID_TEXT];
    subject->trigger = trigger;
    subject->execution = UUID_NONE;
    subject->err = executions_of_cid(subject->txn, &subject->event->cid, look_at, subject);
    bool matched = !uuid_is_none(&subject->execution);
    if (!subject->err && !matched)
        subject->err = find_reason(subject, trigger, &why);
    snprintf(version, sizeof version, "%u", trigger->pipeline_version);
    uuid_format(&subject->execution, id);
    json_open(o, '{');
    json_put_text(o, "pipeline_id", trigger->pipeline_id);
    json_put_text(o, "service", trigger->pipeline_name);
    json_put_str(o, "pipeline_version", version);
    json_put_text(o, "topic", trigger->topic);
    json_put_int(o, "generation", (int64_t)trigger->generation);
    json_put_bool(o, "matched", matched);
    json_put_str(o, "why", matched ? NULL : buf_text(&why));
    json_put_str(o, "execution_id", matched ? id : NULL);
    json_put_str(o, "status", matched ? status_name(subject->status) : NULL);
    json_close(o, '}');
    buf_done(&why);
    return !subject->err;
}

static enum err print_event(
    struct store_txn *txn, uint64_t seq, uint64_t cursor, struct json_out *o)
{
    struct event event;
    struct subject subject = {.txn = txn, .event = &event, .out = o};
    enum err err = events_get(txn, seq, &event);
    if (err)
        return err == ERR_NOTFOUND ? ERR_OK : err; /* no longer kept */
    json_open(o, '{');
    json_put_int(o, "seq", (int64_t)seq);
    json_put_text(o, "type", event.type);
    json_put_text(o, "topic", event_topic(&event));
    json_put_text(o, "source", event.source);
    json_key(o, "accepted");
    json_time(o, event.accepted_ms);
    json_put_bool(o, "routed", seq <= cursor);
    json_key(o, "triggers");
    json_open(o, '[');
    err = triggers_each(txn, print_trigger, &subject);
    json_close(o, ']');
    json_close(o, '}');
    return err ? err : subject.err;
}

enum err explain_print(struct store_txn *txn, const struct uuid *cid, struct json_out *out)
{
    uint64_t cursor, seq = 0;
    char text[UUID_TEXT];
    enum err err = events_cursor(txn, &cursor);
    if (!err)
        err = events_next_of_cid(txn, cid, &seq);
    if (err)
        return err;
    uuid_format(cid, text);
    json_open(out, '{');
    json_put_str(out, "cid", text);
    json_key(out, "events");
    json_open(out, '[');
    while (!err) {
        err = print_event(txn, seq, cursor, out);
        if (!err)
            err = events_next_of_cid(txn, cid, &seq);
    }
    json_close(out, ']');
    json_close(out, '}');
    return err == ERR_NOTFOUND ? ERR_OK : err;
}
