/* explain - see explain.h. */
#include "view/explain.h"

#include <stdio.h>
#include <stdlib.h>

#include "store/events.h"
#include "store/executions.h"
#include "store/pipelines.h"
#include "view/considered.h"

/* An execution of the cid, found by what made it. */
struct made {
    uint64_t event_seq, queue;
    struct uuid id;
    enum status status;
};

/* What is read once, however many events there are. */
struct explaining {
    struct store_txn *txn;
    struct page *page;
    struct json_out *out;
    uint64_t steps;  /* left to spend */
    uint64_t cursor; /* of the log: events up to there are routed */
    struct considered_list list;
    struct made *made; /* in the order of event_seq and queue */
    size_t made_count;
    enum err err; /* what a visit met */
};

static bool add_made(const struct uuid *id, void *context)
{
    struct explaining *e = context;
    struct execution execution;
    e->err = executions_get(e->txn, id, &execution, NULL);
    if (e->err)
        return false;
    if ((e->made_count & (e->made_count - 1)) == 0) /* doubled whenever a power of two is full */
        e->made = mem_resize(e->made, (e->made_count ? 2 * e->made_count : 1) * sizeof *e->made);
    e->made[e->made_count++] =
        (struct made){execution.event_seq, execution.queue, *id, execution.status};
    return true;
}

static int compare_made(const void *left, const void *right)
{
    const struct made *a = left, *b = right;
    if (a->event_seq != b->event_seq)
        return a->event_seq < b->event_seq ? -1 : 1;
    return a->queue < b->queue ? -1 : a->queue > b->queue;
}

/* The execution that a trigger's queue, which no other pipeline has, got for the event. */
static const struct made *find_made(
    const struct explaining *e, const struct event *event, const struct trigger *trigger)
{
    struct made key = {.event_seq = event->seq, .queue = trigger->queue};
    return e->made_count ? bsearch(&key, e->made, e->made_count, sizeof key, compare_made) : NULL;
}

static void spend(struct explaining *e, uint64_t steps)
{
    e->steps -= steps < e->steps ? steps : e->steps;
}

static enum err look_at_pipeline(struct explaining *e, struct considered *c)
{
    struct span definition;
    struct buf ignored = BUF_INIT;
    uint32_t version;
    int64_t created_ms;
    if (c->looked)
        return ERR_OK;
    c->looked = true;
    enum err err = pipelines_version(e->txn, c->trigger.pipeline_id, c->trigger.pipeline_version,
        &version, &created_ms, &definition);
    if (err)
        return err == ERR_NOTFOUND ? ERR_OK : err;
    spend(e, definition.len);
    err = pipeline_parse(definition, &c->pipeline, &ignored);
    buf_done(&ignored);
    return err ? ERR_CORRUPT : ERR_OK;
}

/* Whether the filters match, with what is left to spend, as a sentence part. */
static enum err judge_filters(
    struct explaining *e, struct considered *c, struct filter_subject *subject, struct buf *ret_why)
{
    bool reads = subject->state == PAYLOAD_NEW;
    enum filter_verdict verdict = FILTER_MATCHES;
    enum err err = e->steps ? look_at_pipeline(e, c) : ERR_OK;
    bool cut = e->steps < FILTER_STEPS_MAX;
    subject->limit = subject->steps = cut ? e->steps : FILTER_STEPS_MAX;
    if (!err && e->steps && c->pipeline)
        verdict = filter_judge(c->pipeline->filters, subject, ret_why);
    if (!err && (!e->steps || (cut && verdict == FILTER_TOO_COSTLY))) {
        buf_clear(ret_why);
        buf_add_str(ret_why, "not judged: the filters before took all steps of this reply");
    } else if (!err && verdict == FILTER_MATCHES) {
        buf_add_str(ret_why, "the event is not routed yet");
    }
    spend(e, subject->limit - subject->steps);
    if (reads && subject->state != PAYLOAD_NEW)
        spend(e, subject->event->data.len);
    return err;
}

/* Why the trigger made no execution, as a sentence part. */
static enum err find_reason(
    struct explaining *e, struct considered *c, struct filter_subject *subject, struct buf *ret_why)
{
    const struct event *event = subject->event;
    const struct trigger *trigger = &c->trigger;
    struct span topic = event_topic(event);
    if (event->origin == EVENT_RUN) {
        buf_add_str(ret_why, "the event is that of a run by hand, which no trigger sees");
        return ERR_OK;
    }
    if (c->idle) {
        buf_add_str(ret_why, "trigger: none is started, so no event starts the pipeline");
        return ERR_OK;
    }
    if (!trigger->topic.len) {
        buf_add_str(ret_why, "topic: it listens to none; its schedule alone starts it");
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
    return judge_filters(e, c, subject, ret_why);
}

static enum err print_trigger(
    struct explaining *e, struct considered *c, struct filter_subject *subject)
{
    const struct trigger *trigger = &c->trigger;
    const struct made *made = c->idle ? NULL : find_made(e, subject->event, trigger);
    struct json_out *o = e->out;
    struct buf why = BUF_INIT;
    char version[16], id[UUID_TEXT];
    enum err err = made ? ERR_OK : find_reason(e, c, subject, &why);
    snprintf(version, sizeof version, "%u", trigger->pipeline_version);
    uuid_format(made ? &made->id : &UUID_NONE, id);
    json_open(o, '{');
    json_put_text(o, "pipeline_id", trigger->pipeline_id);
    json_put_text(o, "service", trigger->pipeline_name);
    json_put_str(o, "pipeline_version", version);
    json_put_text(o, "topic", trigger->topic);
    json_key(o, "generation");
    if (c->idle)
        json_null(o);
    else
        json_int(o, (int64_t)trigger->generation);
    json_put_bool(o, "matched", made != NULL);
    json_put_str(o, "why", made ? NULL : buf_text(&why));
    json_put_str(o, "execution_id", made ? id : NULL);
    json_put_str(o, "status", made ? status_name(made->status) : NULL);
    json_close(o, '}');
    buf_done(&why);
    return err;
}

static enum err print_event(struct explaining *e, uint64_t seq)
{
    struct event event;
    struct filter_subject subject;
    struct json_out *o = e->out;
    enum err err = events_get(e->txn, seq, &event);
    if (err)
        return err == ERR_NOTFOUND ? ERR_OK : err; /* no longer kept */
    filter_subject_init(&subject, &event);
    json_open(o, '{');
    json_put_int(o, "seq", (int64_t)seq);
    json_put_text(o, "type", event.type);
    json_put_text(o, "topic", event_topic(&event));
    json_put_text(o, "source", event.source);
    json_key(o, "accepted");
    json_time(o, event.accepted_ms);
    json_put_bool(o, "routed", seq <= e->cursor);
    json_key(o, "triggers");
    json_open(o, '[');
    e->page->rows++;
    for (size_t i = 0; i < e->list.count && !err && !page_is_full(e->page, o); i++)
        if (considered_tells(&e->list, i, &event))
            err = print_trigger(e, &e->list.items[i], &subject);
    filter_subject_done(&subject);
    json_close(o, ']');
    json_close(o, '}');
    return err;
}

static enum err read_all(struct explaining *e, const struct uuid *cid)
{
    enum err err = events_cursor(e->txn, &e->cursor);
    if (!err)
        err = considered_read(e->txn, &e->list);
    if (!err)
        err = executions_of_cid(e->txn, cid, &UUID_NONE, add_made, e);
    if (!err)
        err = e->err;
    if (!err && e->made_count)
        qsort(e->made, e->made_count, sizeof *e->made, compare_made);
    return err;
}

/* How many events the reply has room for; the first is explained in any case. */
static size_t count_explained(const struct explaining *e)
{
    size_t most = EXPLAIN_TRIGGERS_MAX / (e->list.pipelines + 1);
    return most < 1 ? 1 : most > EXPLAIN_EVENTS_MAX ? EXPLAIN_EVENTS_MAX : most;
}

/* Writes events from `seq` on. ERR_NOTFOUND at the end of all. */
static enum err print_events(struct explaining *e, const struct uuid *cid, uint64_t seq)
{
    size_t most = count_explained(e);
    enum err err = ERR_OK;
    for (size_t i = 0; i < most && !err && !page_is_full(e->page, e->out); i++) {
        err = print_event(e, seq);
        if (!err && !page_is_full(e->page, e->out))
            err = events_next_of_cid(e->txn, cid, &seq);
    }
    return err;
}

enum err explain_print(
    struct store_txn *txn, const struct uuid *cid, struct page *page, struct json_out *out)
{
    struct explaining e = {.txn = txn, .page = page, .out = out, .steps = EXPLAIN_STEPS_MAX};
    uint64_t first = 0;
    char text[UUID_TEXT];
    enum err err = events_next_of_cid(txn, cid, &first);
    if (err)
        return err;
    page_begin(page, out);
    err = read_all(&e, cid);
    if (!err) {
        uuid_format(cid, text);
        json_open(out, '{');
        json_put_str(out, "cid", text);
        json_key(out, "events");
        json_open(out, '[');
        err = print_events(&e, cid, first);
        json_close(out, ']');
        json_put_bool(out, "more", !err);
        json_close(out, '}');
    }
    considered_done(&e.list);
    free(e.made);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}
