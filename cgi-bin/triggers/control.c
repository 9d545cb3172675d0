/* control - see control.h. */
#include "cgi-bin/triggers/control.h"

#include "base/clock.h"
#include "base/json.h"
#include "model/name.h"
#include "store/pipelines.h"
#include "view/trigger.h"

/* What a write carries from its handler to its reply. */
struct change {
    uint32_t version; /* to start; 0: the latest */
};

static void reply_unknown(struct request *request)
{
    reply_problem(request, 404, "There is no such pipeline or version.");
}

static enum err start(struct store_txn *txn, void *context)
{
    struct request *request = context;
    const struct change *change = request->state;
    return triggers_start(txn, request->params[0], change->version, clock_wall_ms());
}

static void started(struct request *request, enum err err)
{
    if (err == ERR_NOTFOUND)
        reply_unknown(request);
    else if (err == ERR_INVALID)
        /* 500 is what the published API documents for this case. */
        reply_problem(
            request, 500, "Pipeline does not have an event option: set options.event to a topic.");
    else if (err)
        reply_error(request, err);
    else
        reply_message(request, 200, "Event started successfully");
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

/* Writes the state of a pipeline's trigger, {"ready": false} where none is started. */
static enum err print_status(
    struct store_txn *txn, const struct request *request, struct json_out *out)
{
    struct pipeline_info info;
    struct trigger trigger;
    enum err err = pipelines_get(txn, request->params[0], &info);
    if (err)
        return err;
    err = triggers_get(txn, request->params[0], &trigger);
    if (err != ERR_NOTFOUND)
        return err ? err : trigger_print(txn, request->home, &trigger, out);
    json_open(out, '{');
    json_put_bool(out, "ready", false);
    json_close(out, '}');
    return ERR_OK;
}

void control_status(struct request *request)
{
    struct store_txn *txn;
    struct buf body = BUF_INIT;
    struct json_out out = json_out_to(&body);
    enum err err = name_is_pipeline_id(request->params[0]) ? ERR_OK : ERR_NOTFOUND;
    if (!err)
        err = store_read_begin(request->store, &txn);
    if (!err) {
        err = print_status(txn, request, &out);
        store_read_end(txn);
    }
    if (err == ERR_NOTFOUND)
        reply_unknown(request);
    else if (err)
        reply_error(request, err);
    else
        reply_json(request, 200, buf_span(&body));
    buf_done(&body);
}

/* A list that is written while the store is walked. */
struct listing {
    struct store_txn *txn;
    const struct home *home;
    struct json_out out;
    enum err err;
};

static bool list_one(const struct trigger *trigger, void *context)
{
    struct listing *listing = context;
    if (!trigger->until_seq)
        listing->err = trigger_print(listing->txn, listing->home, trigger, &listing->out);
    return !listing->err;
}

void control_list(struct request *request)
{
    struct buf body = BUF_INIT;
    struct listing listing = {.home = request->home, .out = json_out_to(&body)};
    enum err err = store_read_begin(request->store, &listing.txn);
    if (!err) {
        json_open(&listing.out, '{');
        json_key(&listing.out, "events");
        json_open(&listing.out, '[');
        err = triggers_each(listing.txn, list_one, &listing);
        json_close(&listing.out, ']');
        json_close(&listing.out, '}');
        store_read_end(listing.txn);
    }
    if (err || listing.err)
        reply_error(request, err ? err : listing.err);
    else
        reply_json(request, 200, buf_span(&body));
    buf_done(&body);
}
