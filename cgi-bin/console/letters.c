/* letters - see letters.h. */
#include "cgi-bin/console/letters.h"

#include <stdlib.h>

#include "base/json.h"
#include "store/dead_letters.h"
#include "web/listing.h"
#include "web/retry.h"
#include "web/serve.h"

void letters_list(struct request *request)
{
    static const char *const names[] = {"pipeline_id", "limit", "after", NULL};
    struct execution_query query = {.dead_letters = true};
    if (listing_read(request, names, &query))
        listing_reply(request, &query, "dead_letters");
}

void letters_retry(struct request *request)
{
    static const struct retry_route route = {dead_letters_retry, "There is no such dead letter.",
        "The dead letter cannot be tried again"};
    retry_one(request, &route);
}

/* Reads ?version=. Each pipeline counts its own, so a number is for one pipeline alone. */
static bool read_version(
    struct request *request, struct span pipeline_id, struct retry_version *ret_version)
{
    if (!retry_read_version(request, ret_version))
        return false;
    if (ret_version->which != RETRY_NUMBER || pipeline_id.len)
        return true;
    reply_problem(request, 422, "version: a number goes with pipeline_id.");
    return false;
}

void letters_retry_all(struct request *request)
{
    static const char *const names[] = {"pipeline_id", NULL};
    struct execution_query query = {0};
    struct retry_version version;
    struct dead_letters_retried done;
    struct buf body = BUF_INIT;
    struct json_out out = json_out_to(&body);
    if (!listing_read(request, names, &query) ||
        !read_version(request, query.pipeline_id, &version))
        return;
    serve_block(); /* many transactions follow */
    enum err err = dead_letters_retry_all(
        request->store, request_actor(request), query.pipeline_id, version, &done);
    if (err) {
        reply_error(request, err);
    } else {
        dead_letters_format(&done, &out);
        reply_json(request, 200, buf_span(&body));
    }
    buf_done(&body);
}
