/* results - see results.h. */
#include "cgi-bin/status/results.h"

#include "base/clock.h"
#include "base/json.h"
#include "cgi-bin/status/waiters.h"
#include "store/executions.h"
#include "store/retention.h"
#include "view/cid.h"
#include "view/execution.h"
#include "view/explain.h"
#include "web/listing.h"
#include "web/read.h"

#define NO_CID "There is no such correlation id."

/* What is asked about a cid. In its request's arena. */
struct asked {
    struct waiter waiter;
    struct uuid cid, after;
    struct page page;
    struct uuid look; /* cid_is_settled */
};

static enum err print_cid(struct store_txn *txn, struct asked *asked, struct buf *body)
{
    struct json_out out = json_out_to(body);
    struct uuid next;
    cid_begin(&asked->cid, &out);
    enum err err = cid_page(txn, &asked->cid, &asked->after, &asked->page, &out, &next);
    cid_end(&next, &out);
    return err;
}

/* Writes the page once nothing more will come, or now where this is the last look. */
static enum err look_at_cid(
    struct store *store, struct asked *asked, bool last, struct buf *body, uint64_t *ret_seen)
{
    struct store_txn *txn;
    bool settled = false;
    enum err err = store_read_begin(store, &txn);
    if (err)
        return err;
    if (!last)
        err = cid_is_settled(txn, &asked->cid, &asked->look, &settled);
    if (!err && (last || settled))
        err = print_cid(txn, asked, body);
    if (err == ERR_NOTFOUND)
        err = retention_missing(txn, &asked->cid);
    *ret_seen = store_txn_sees(txn);
    store_read_end(txn);
    return err;
}

/* Of a waiter; true when the request was answered. */
static bool answer_cid(struct waiter *waiter, bool last)
{
    struct buf body = BUF_INIT;
    enum err err =
        look_at_cid(waiter->request->store, (struct asked *)waiter, last, &body, &waiter->seen);
    bool done = err || body.len;
    if (err == ERR_NOTFOUND)
        reply_problem(waiter->request, 404, "%s", NO_CID);
    else if (err)
        reply_error(waiter->request, err);
    else if (body.len)
        reply_json(waiter->request, 200, buf_span(&body));
    buf_done(&body);
    return done;
}

static void ask_for_cid(struct asked *asked, int64_t wait_ms)
{
    asked->waiter.until_ms = clock_mono_ms() + wait_ms;
    asked->waiter.look = answer_cid;
    if (!answer_cid(&asked->waiter, !wait_ms))
        waiters_add(&asked->waiter);
}

void results_of_cid(struct request *request)
{
    struct asked *asked = arena_alloc(&request->arena, sizeof *asked);
    struct span after;
    int64_t wait_ms;
    asked->waiter.request = request;
    if (!waiters_read(request, &wait_ms) || !read_page(request, 0, &asked->page) ||
        !request_text(request, "after", &after))
        return;
    if (after.data && !uuid_parse(after, &asked->after))
        reply_problem(request, 422, "after: must be the \"next\" of the page before.");
    else if (!uuid_parse(request->params[0], &asked->cid))
        reply_problem(request, 404, "%s", NO_CID);
    else
        ask_for_cid(asked, wait_ms);
}

static enum err print_explanation(
    struct request *request, struct store_txn *txn, struct json_out *out)
{
    struct page page = {.bytes = (size_t)request->home->config.web_reply_bytes};
    struct uuid cid;
    if (!uuid_parse(request->params[0], &cid))
        return ERR_NOTFOUND;
    enum err err = explain_print(txn, &cid, &page, out);
    return err == ERR_NOTFOUND ? retention_missing(txn, &cid) : err;
}

void results_explain(struct request *request)
{
    read_reply(request, 200, print_explanation, NO_CID);
}

static enum err print_execution(
    struct request *request, struct store_txn *txn, struct json_out *out)
{
    struct uuid id;
    size_t bytes = (size_t)request->home->config.web_reply_bytes;
    if (!uuid_parse(request->params[0], &id))
        return ERR_NOTFOUND;
    enum err err = execution_print(txn, request->home, &id, bytes, out);
    return err == ERR_NOTFOUND ? retention_missing(txn, &id) : err;
}

void results_of_execution(struct request *request)
{
    read_reply(request, 200, print_execution, "There is no such execution.");
}

static enum err print_event(struct request *request, struct store_txn *txn, struct json_out *out)
{
    struct uuid id;
    struct event event;
    if (!uuid_parse(request->params[0], &id))
        return ERR_NOTFOUND;
    enum err err = execution_event(txn, &id, &event);
    if (!err)
        event_format(&event, out->buf);
    return err == ERR_NOTFOUND ? retention_missing(txn, &id) : err;
}

void results_event(struct request *request)
{
    read_reply(request, 200, print_event, "There is no such execution.");
}

void results_list(struct request *request)
{
    static const char *const names[] = {
        "status", "service", "pipeline_id", "event_type", "since", "until", "limit", "after", NULL};
    struct execution_query query = {0};
    if (listing_read(request, names, &query))
        listing_reply(request, &query, "executions");
}
