/* runs - see runs.h. */
#include "cgi-bin/pipelines/runs.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "model/name.h"
#include "store/actions.h"
#include "web/body.h"
#include "web/retry.h"

/* What a write carries from its handler to its reply. */
struct run {
    struct span payload;
    uint32_t version;
    struct uuid execution, cid;
    enum err (*act)(struct store_txn *txn, const struct uuid *id, const char **ret_why);
    const char *why, *done;
};

static enum err start(struct store_txn *txn, void *context)
{
    struct request *request = context;
    struct run *run = request->state;
    struct action_run action = {
        .pipeline_id = request->params[0],
        .version = run->version,
        .payload = run->payload,
        .credential = request->credential.id,
    };
    enum err err = actions_run(txn, &action, clock_wall_ms());
    run->execution = action.execution;
    run->cid = action.cid;
    return err;
}

static void started(struct request *request, enum err err)
{
    const struct run *run = request->state;
    char id[UUID_TEXT], cid[UUID_TEXT];
    struct buf body = BUF_INIT;
    struct json_out o = json_out_to(&body);
    if (err == ERR_NOTFOUND) {
        reply_problem(request, 404, "There is no such pipeline or version.");
    } else if (err) {
        reply_error(request, err);
    } else {
        uuid_format(&run->execution, id);
        uuid_format(&run->cid, cid);
        json_open(&o, '{');
        json_put_str(&o, "item", id);
        json_put_str(&o, "cid", cid);
        json_close(&o, '}');
        reply_cid(request, &run->cid);
        reply_json(request, 200, buf_span(&body));
    }
    buf_done(&body);
}

void runs_start(struct request *request)
{
    struct run *run = request->state = arena_alloc(&request->arena, sizeof *run);
    struct span version;
    run->payload = span_str("{}");
    if (request->body.len && !body_read_json(request, &json_foreign, &run->payload))
        return;
    if (!request_text(request, "pipeline_version", &version))
        return;
    run->version = name_version(version);
    if (name_is_pipeline_id(request->params[0]) && (run->version || !version.data))
        request_write(request, STORE_ACCEPT | STORE_WAKE, start, started);
    else
        reply_problem(request, 404, "There is no such pipeline or version.");
}

static enum err act(struct store_txn *txn, void *context)
{
    struct request *request = context;
    struct run *run = request->state;
    return run->act(txn, &run->execution, &run->why);
}

static void acted(struct request *request, enum err err)
{
    const struct run *run = request->state;
    if (err == ERR_NOTFOUND)
        reply_problem(request, 404, "There is no such execution.");
    else if (err == ERR_CONFLICT)
        reply_problem(request, 409, "The execution stays as it is: %s.", run->why);
    else if (err)
        reply_error(request, err);
    else
        reply_message(request, 200, run->done);
}

static void act_on(struct request *request,
    enum err (*action)(struct store_txn *txn, const struct uuid *id, const char **ret_why),
    const char *done)
{
    struct run *run = request->state = arena_alloc(&request->arena, sizeof *run);
    run->act = action;
    run->done = done;
    if (uuid_parse(request->params[0], &run->execution))
        request_write(request, STORE_WAKE, act, acted);
    else
        reply_problem(request, 404, "There is no such execution.");
}

void runs_retry(struct request *request)
{
    static const struct retry_route route = {
        actions_retry, "There is no such execution.", "The execution stays as it is"};
    retry_one(request, &route);
}

void runs_skip(struct request *request)
{
    act_on(request, actions_skip, "The execution is skipped");
}

void runs_cancel(struct request *request)
{
    act_on(request, actions_cancel, "The execution is being cancelled");
}
