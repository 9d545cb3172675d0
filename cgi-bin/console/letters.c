/* letters - see letters.h. */
#include "cgi-bin/console/letters.h"

#include <stdlib.h>

#include "base/json.h"
#include "store/dead_letters.h"
#include "web/listing.h"
#include "web/serve.h"

void letters_list(struct request *request)
{
    static const char *const names[] = {"pipeline_id", "limit", "after", NULL};
    struct execution_query query = {.dead_letters = true};
    if (listing_read(request, names, &query))
        listing_reply(request, &query, "dead_letters");
}

/* What a write carries from its handler to its reply. */
struct retry {
    struct uuid execution;
    const char *why;
};

static enum err retry(struct store_txn *txn, void *context)
{
    struct request *request = context;
    struct retry *retry = request->state;
    return dead_letters_retry(txn, &retry->execution, &retry->why);
}

static void reply_unknown(struct request *request)
{
    reply_problem(request, 404, "There is no such dead letter.");
}

static void retried(struct request *request, enum err err)
{
    const struct retry *retry = request->state;
    if (err == ERR_NOTFOUND)
        reply_unknown(request);
    else if (err == ERR_CONFLICT)
        reply_problem(request, 409, "The dead letter cannot be tried again: %s.", retry->why);
    else if (err)
        reply_error(request, err);
    else
        reply_message(request, 200, "The execution is pending again");
}

void letters_retry(struct request *request)
{
    struct retry *state = request->state = arena_alloc(&request->arena, sizeof *state);
    if (uuid_parse(request->params[0], &state->execution))
        request_write(request, STORE_WAKE, retry, retried);
    else
        reply_unknown(request);
}

void letters_retry_all(struct request *request)
{
    static const char *const names[] = {"pipeline_id", NULL};
    struct execution_query query = {0};
    struct dead_letters_retried done;
    struct buf body = BUF_INIT;
    struct json_out out = json_out_to(&body);
    if (!listing_read(request, names, &query))
        return;
    serve_block(); /* many transactions follow */
    enum err err = dead_letters_retry_all(request->store, query.pipeline_id, &done);
    if (err) {
        reply_error(request, err);
    } else {
        dead_letters_format(&done, &out);
        reply_json(request, 200, buf_span(&body));
    }
    buf_done(&body);
}
