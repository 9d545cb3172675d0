/* step_logs - see step_logs.h. */
#include "cgi-bin/status/step_logs.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/ascii.h"
#include "base/clock.h"
#include "cgi-bin/status/waiters.h"
#include "store/executions.h"
#include "store/retention.h"
#include "view/step_log.h"

#define NO_EXECUTION "There is no such execution."

/* What is asked for. In its request's arena. */
struct asked {
    struct waiter waiter;
    struct step_log_query query;

    /* How the execution and its file stood at the last look. */
    enum status status;
    uint32_t attempt;
    struct live_mark mark;
    bool looked;
};

static void add_number(struct request *request, const char *name, uint64_t number)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, number);
    reply_header(request, name, text);
}

static void reply_log(struct request *request, const struct step_log *log)
{
    if (*log->step)
        reply_header(request, "X-FX-Log-Step", log->step);
    add_number(request, "X-FX-Log-From", log->from);
    add_number(request, "X-FX-Log-Next", log->next);
    reply_header(request, "X-FX-Log-End", log->is_whole ? "true" : "false");
    reply_text(request, 200, buf_span(&log->bytes));
}

/* Is all as it was? Most commits are about other executions. */
static enum err look_at_execution(struct store_txn *txn, struct asked *asked, bool *ret_same)
{
    struct execution execution;
    struct live_mark mark = live_look(asked->waiter.request->home, &asked->query.execution);
    enum err err = executions_get(txn, &asked->query.execution, &execution, NULL);
    if (err)
        return err;
    *ret_same = asked->looked && execution.status == asked->status &&
                execution.attempt == asked->attempt && live_is_same(&mark, &asked->mark);
    asked->looked = true;
    asked->status = execution.status;
    asked->attempt = execution.attempt;
    asked->mark = mark;
    return ERR_OK;
}

/* Reads the log, where there may be more of it than at the last look, or this is the last one. */
static enum err read_log(struct asked *asked, bool last, struct step_log *log)
{
    struct request *request = asked->waiter.request;
    struct store_txn *txn;
    bool same;
    enum err err = store_read_begin(request->store, &txn);
    if (err)
        return err;
    err = look_at_execution(txn, asked, &same);
    if (!err && (last || !same))
        err = step_log_read(txn, request->home, &asked->query, log);
    if (err == ERR_NOTFOUND)
        err = retention_missing(txn, &asked->query.execution);
    asked->waiter.seen = store_txn_sees(txn);
    store_read_end(txn);
    return err;
}

/* Of a waiter; true when the request was answered. */
static bool look(struct waiter *waiter, bool last)
{
    struct request *request = waiter->request;
    struct step_log log = {.bytes = BUF_INIT};
    enum err err = read_log((struct asked *)waiter, last, &log);
    bool done = last || err || log.no_such_step || log.bytes.len || log.is_whole;
    if (err == ERR_NOTFOUND)
        reply_problem(request, 404, NO_EXECUTION);
    else if (err)
        reply_error(request, err);
    else if (log.no_such_step)
        reply_problem(request, 404, "The execution has no step of this name.");
    else if (done)
        reply_log(request, &log);
    buf_done(&log.bytes);
    return done;
}

static bool has_news(const struct waiter *waiter)
{
    const struct asked *asked = (const struct asked *)waiter;
    struct live_mark mark = live_look(waiter->request->home, &asked->query.execution);
    return !live_is_same(&mark, &asked->mark);
}

/* Reads ?from=. False when the request was answered. */
static bool read_from(struct request *request, uint64_t *ret_from)
{
    struct span text;
    if (!request_text(request, "from", &text))
        return false;
    bool good = !text.data || ascii_number(text, INT64_MAX, ret_from);
    if (!good)
        reply_problem(request, 422, "from: must be the number of a byte, 0 for the first.");
    return good;
}

void step_logs(struct request *request)
{
    struct asked *asked = arena_alloc(&request->arena, sizeof *asked);
    int64_t wait_ms;
    asked->waiter = (struct waiter){.request = request, .look = look, .has_news = has_news};
    if (!waiters_read(request, &wait_ms) || !read_from(request, &asked->query.from) ||
        !request_text(request, "step", &asked->query.step))
        return;
    if (!uuid_parse(request->params[0], &asked->query.execution)) {
        reply_problem(request, 404, NO_EXECUTION);
        return;
    }
    asked->waiter.until_ms = clock_mono_ms() + wait_ms;
    if (!look(&asked->waiter, !wait_ms))
        waiters_add(&asked->waiter);
}
