/* retry - see retry.h. */
#include "web/retry.h"

#include <stdio.h>

#include "base/json.h"

bool retry_read_version(struct request *request, struct retry_version *ret_version)
{
    struct span text;
    *ret_version = (struct retry_version){RETRY_LATEST, 0};
    if (!request_text(request, "version", &text))
        return false;
    if (!text.data || retry_version_parse(text, ret_version))
        return true;
    reply_problem(request, 422, "version: %s.", RETRY_VERSION_RIGHT);
    return false;
}

/* What a write carries from its handler to its reply. */
struct trying {
    const struct retry_route *route;
    struct action_retry retry;
};

static enum err act(struct store_txn *txn, void *context)
{
    struct request *request = context;
    struct trying *trying = request->state;
    return trying->route->act(txn, &trying->retry);
}

static void reply_pending(struct request *request, uint32_t version)
{
    char number[16];
    struct buf body = BUF_INIT;
    struct json_out out = json_out_to(&body);
    snprintf(number, sizeof number, "%u", version);
    json_open(&out, '{');
    json_put_str(&out, "message", "The execution is pending again");
    json_put_str(&out, "pipeline_version", number);
    json_close(&out, '}');
    reply_json(request, 200, buf_span(&body));
    buf_done(&body);
}

static void acted(struct request *request, enum err err)
{
    const struct trying *trying = request->state;
    const struct retry_route *route = trying->route;
    if (err == ERR_NOTFOUND)
        reply_problem(request, 404, "%s", route->unknown);
    else if (err == ERR_INVALID)
        reply_problem(request, 422, "version: %s.", trying->retry.why);
    else if (err == ERR_CONFLICT || err == ERR_GONE)
        reply_problem(request, err_http_status(err), "%s: %s.", route->stays, trying->retry.why);
    else if (err)
        reply_error(request, err);
    else
        reply_pending(request, trying->retry.version);
}

void retry_one(struct request *request, const struct retry_route *route)
{
    struct trying *trying = request->state = arena_alloc(&request->arena, sizeof *trying);
    trying->route = route;
    if (!retry_read_version(request, &trying->retry.asked))
        return;
    if (uuid_parse(request->params[0], &trying->retry.execution))
        request_write(request, STORE_WAKE, act, acted);
    else
        reply_problem(request, 404, "%s", route->unknown);
}
