/* control - see control.h. */
#include "cgi-bin/triggers/control.h"

#include "base/clock.h"
#include "model/name.h"
#include "store/pipelines.h"
#include "view/schedule.h"
#include "view/trigger.h"
#include "web/read.h"

#define UNKNOWN "There is no such pipeline or version."

/* What a write carries from its handler to its reply. */
struct change {
    uint32_t version; /* to start; 0: the latest */
    struct buf reply; /* of a start */
};

static void reply_unknown(struct request *request)
{
    reply_problem(request, 404, UNKNOWN);
}

static enum err start(struct store_txn *txn, void *context)
{
    struct request *request = context;
    struct change *change = request->state;
    struct json_out out = json_out_to(&change->reply);
    int64_t now_ms = clock_wall_ms();
    enum err err = triggers_start(txn, request->params[0], change->version, now_ms);
    if (err)
        return err;
    buf_clear(&change->reply); /* a mutation may run again */
    json_open(&out, '{');
    json_put_str(&out, "message", "Event started successfully");
    err = schedule_print(txn, request->params[0], change->version, now_ms, NULL, &out);
    json_close(&out, '}');
    return err;
}

static void started(struct request *request, enum err err)
{
    struct change *change = request->state;
    struct span reply = arena_keep(&request->arena, &change->reply);
    if (err == ERR_NOTFOUND)
        reply_unknown(request);
    else if (err == ERR_INVALID)
        /* 500 is what the published API documents for this case. */
        reply_problem(request, 500,
            "Pipeline does not have an event option: set options.event to a topic, or give it a "
            "schedule.");
    else if (err)
        reply_error(request, err);
    else
        reply_json(request, 200, reply);
}

void control_start(struct request *request)
{
    struct change *change = request->state = arena_alloc(&request->arena, sizeof *change);
    struct span version;
    if (!request_text(request, "pipeline_version", &version))
        return;
    change->version = name_version(version);
    if (name_is_pipeline_id(request->params[0]) && (change->version || !version.data))
        request_write(request, STORE_ACCEPT | STORE_WAKE, start, started);
    else
        reply_unknown(request);
}

static enum err stop(struct store_txn *txn, void *context)
{
    struct request *request = context;
    struct pipeline_info info;
    enum err err = pipelines_get(txn, request->params[0], &info);
    if (err)
        return err;
    err = triggers_stop(txn, request->params[0]);
    return err == ERR_NOTFOUND ? ERR_OK : err; /* without a trigger the wish is fulfilled */
}

static void stopped(struct request *request, enum err err)
{
    if (err == ERR_NOTFOUND)
        reply_unknown(request);
    else if (err)
        reply_error(request, err);
    else
        reply_message(request, 200, "Event deleted successfully");
}

void control_stop(struct request *request)
{
    if (name_is_pipeline_id(request->params[0]))
        request_write(request, STORE_WAKE, stop, stopped);
    else
        reply_unknown(request);
}

static enum err print_status(struct request *request, struct store_txn *txn, struct json_out *out)
{
    struct span id = request->params[0];
    return name_is_pipeline_id(id) ? trigger_print_of(txn, request->home, id, out) : ERR_NOTFOUND;
}

void control_status(struct request *request)
{
    read_reply(request, 200, print_status, UNKNOWN);
}

/* A page of triggers. */
struct list {
    struct page page;
    struct span after;
};

static enum err print_list(struct request *request, struct store_txn *txn, struct json_out *out)
{
    struct list *list = request->state;
    char next[PIPELINE_ID_MAX + 1];
    json_open(out, '{');
    json_key(out, "events");
    json_open(out, '[');
    enum err err = trigger_print_page(txn, request->home, list->after, &list->page, out, next);
    json_close(out, ']');
    if (next[0])
        json_put_str(out, "next", next);
    json_close(out, '}');
    return err;
}

void control_list(struct request *request)
{
    struct list *list = request->state = arena_alloc(&request->arena, sizeof *list);
    if (!read_page(request, 0, &list->page) || !request_text(request, "after", &list->after))
        return;
    if (list->after.data && !name_is_pipeline_id(list->after))
        reply_problem(request, 422, "after: must be the \"next\" of the page before.");
    else
        read_reply(request, 200, print_list, UNKNOWN);
}
