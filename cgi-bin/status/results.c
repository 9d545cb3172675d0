/* results - see results.h. */
#include "cgi-bin/status/results.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "store/executions.h"
#include "view/cid.h"
#include "view/execution.h"
#include "view/explain.h"
#include "web/listing.h"
#include "web/read.h"
#include "web/serve.h"

/* Between two looks at the store's last commit, each for free; grows while nothing happens. */
#define WAIT_STEP_MIN_US 500
#define WAIT_STEP_MAX_US 20000

#define NO_CID "There is no such correlation id."

/* What is asked about a cid. */
struct asked {
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
    *ret_seen = store_txn_sees(txn);
    store_read_end(txn);
    return err;
}

/*
 * Waits until the store has a commit that `seen` does not count, and one step at least: a commit
 * that is just being flushed is counted, but cannot be read yet. False when waiting is over: the
 * time is up, the program ends, or the client has left.
 */
static bool wait_for_commit(struct request *request, uint64_t seen, int64_t until_ms)
{
    unsigned step = WAIT_STEP_MIN_US;
    do {
        if (!request_pause(request, step) || clock_mono_ms() >= until_ms || serve_is_stopping())
            return false;
        if (step < WAIT_STEP_MAX_US)
            step += step / 4;
    } while (store_last_commit(request->store) == seen);
    return true;
}

/* Reads ?wait=. False when the request was answered. */
static bool read_wait(struct request *request, int64_t *ret_wait_ms)
{
    const int64_t max = request->home->config.web_wait_seconds;
    struct span text;
    if (!request_text(request, "wait", &text))
        return false;
    const char *number = text.data ? (const char *)text.data : "0";
    char *end;
    double seconds = strtod(number, &end);
    /* strtod also takes white space or a sign before a number, and hexadecimal numbers. */
    bool good = *number && !*end && !strpbrk(number, "+xX \t\n\v\f\r") && seconds >= 0 &&
                seconds <= (double)max;
    if (good)
        *ret_wait_ms = (int64_t)(seconds * 1000);
    else
        reply_problem(request, 422, "wait: must be a number of seconds from 0 to %d.", (int)max);
    return good;
}

/*
 * Each request that waits holds a thread. A quarter of the threads is kept for requests that
 * do not wait: once all others are held, a request is answered without waiting.
 */
static atomic_int waiting;

static bool start_waiting(const struct request *request)
{
    int limit = (int)request->home->config.web_threads * 3 / 4;
    if (atomic_fetch_add(&waiting, 1) < (limit > 1 ? limit : 1))
        return true;
    atomic_fetch_sub(&waiting, 1);
    return false;
}

/* Writes the page into an empty body once all is settled or waiting is over. */
static enum err wait_for_cid(
    struct request *request, struct asked *asked, int64_t wait_ms, struct buf *body)
{
    int64_t until_ms = clock_mono_ms() + wait_ms;
    for (bool last = !wait_ms;;) {
        uint64_t seen;
        enum err err = look_at_cid(request->store, asked, last, body, &seen);
        if (err || body->len)
            return err;
        serve_block();
        last = !wait_for_commit(request, seen, until_ms);
    }
}

static void answer_cid(struct request *request, struct asked *asked, int64_t wait_ms)
{
    bool waits = wait_ms > 0 && start_waiting(request);
    struct buf body = BUF_INIT;
    enum err err = wait_for_cid(request, asked, waits ? wait_ms : 0, &body);
    if (waits)
        atomic_fetch_sub(&waiting, 1);
    if (err == ERR_NOTFOUND)
        reply_problem(request, 404, "%s", NO_CID);
    else if (err)
        reply_error(request, err);
    else
        reply_json(request, 200, buf_span(&body));
    buf_done(&body);
}

void results_of_cid(struct request *request)
{
    struct asked asked = {0};
    struct span after;
    int64_t wait_ms;
    if (!read_wait(request, &wait_ms) || !read_page(request, 0, &asked.page) ||
        !request_text(request, "after", &after))
        return;
    if (after.data && !uuid_parse(after, &asked.after))
        reply_problem(request, 422, "after: must be the \"next\" of the page before.");
    else if (!uuid_parse(request->params[0], &asked.cid))
        reply_problem(request, 404, "%s", NO_CID);
    else
        answer_cid(request, &asked, wait_ms);
}

static enum err print_explanation(
    struct request *request, struct store_txn *txn, struct json_out *out)
{
    struct page page = {.bytes = (size_t)request->home->config.web_reply_bytes};
    struct uuid cid;
    return uuid_parse(request->params[0], &cid) ? explain_print(txn, &cid, &page, out)
                                                : ERR_NOTFOUND;
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
    return uuid_parse(request->params[0], &id) ? execution_print(txn, &id, bytes, out)
                                               : ERR_NOTFOUND;
}

void results_of_execution(struct request *request)
{
    read_reply(request, 200, print_execution, "There is no such execution.");
}

static enum err print_event(struct request *request, struct store_txn *txn, struct json_out *out)
{
    struct uuid id;
    struct event event;
    enum err err =
        uuid_parse(request->params[0], &id) ? execution_event(txn, &id, &event) : ERR_NOTFOUND;
    if (!err)
        event_format(&event, out->buf);
    return err;
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
