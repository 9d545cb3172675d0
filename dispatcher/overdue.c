/* overdue - see overdue.h. */
#include "dispatcher/overdue.h"

#include "base/clock.h"
#include "dispatcher/catalog.h"
#include "dispatcher/dispatcher.h"
#include "dispatcher/service.h"
#include "model/limits.h"
#include "store/executions.h"
#include "store/queue.h"

#define ENDED_A_TURN 1000

/* How long an execution may take in all. 0: there is no limit, or its version is deleted. */
static enum err find_timeout(struct dispatcher *d, struct store_txn *txn,
    const struct execution *execution, int64_t *ret_timeout_ms)
{
    const struct version *version;
    enum err err =
        catalog_version(d, txn, execution->pipeline_id, execution->pipeline_version, &version);
    *ret_timeout_ms = err ? 0 : version->pipeline->timeout_ms;
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

enum err overdue_watch(
    struct dispatcher *d, struct store_txn *txn, const struct execution *execution)
{
    int64_t timeout_ms;
    enum err err = find_timeout(d, txn, execution, &timeout_ms);
    int64_t over_ms = execution_over_ms(execution, timeout_ms);
    return err || over_ms == INT64_MAX ? err : over_put(txn, over_ms, &execution->id);
}

bool overdue_is(const struct execution *execution, int64_t timeout_ms, int64_t *ret_over_ms,
    struct buf *ret_why)
{
    *ret_over_ms = execution_over_ms(execution, timeout_ms);
    if (*ret_over_ms == INT64_MAX || clock_wall_ms() < *ret_over_ms)
        return false;
    buf_printf(ret_why, "the execution's %.6g %s over before attempt %u could begin",
        (double)timeout_ms / 1000, clock_seconds_were(timeout_ms), execution->attempt + 1);
    if (execution->error.len)
        buf_printf(
            ret_why, "; %.*s", (int)execution->error.len, (const char *)execution->error.data);
    return true;
}

/* Takes a pending execution out of wherever it waits. */
static enum err take_out(
    struct dispatcher *d, struct store_txn *txn, const struct execution *execution)
{
    struct service *service = catalog_service(d, execution->queue);
    if (execution->due_ms) {
        service->plan.waiting--;
        return due_del(txn, execution->due_ms, &execution->id);
    }
    service->plan.ready--;
    return queue_del(txn, execution->queue, execution->event_seq, &execution->id);
}

static enum err fail(
    struct dispatcher *d, struct store_txn *txn, struct execution *execution, const char *why)
{
    enum err err = take_out(d, txn, execution);
    execution->status = STATUS_FAILED;
    execution->error = span_str(why);
    execution->due_ms = 0;
    return err ? err : executions_change(txn, execution, STATUS_PENDING);
}

/* Looks at one that may be over: it may run, have ended, or have been given its time anew. */
static enum err end_one(struct dispatcher *d, struct store_txn *txn, const struct uuid *id)
{
    struct execution execution;
    NOT_ZEROED struct step_result steps[STEPS_MAX];
    struct buf copy = BUF_INIT, why = BUF_INIT;
    int64_t timeout_ms = 0, over_ms;
    enum err err = executions_load(txn, id, &copy, &execution, steps);
    if (!err && execution.status == STATUS_PENDING)
        err = find_timeout(d, txn, &execution, &timeout_ms);
    if (!err && timeout_ms && overdue_is(&execution, timeout_ms, &over_ms, &why))
        err = fail(d, txn, &execution, buf_text(&why));
    buf_done(&copy);
    buf_done(&why);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

enum err overdue_end(struct dispatcher *d, struct store_txn *txn)
{
    enum err err;
    int64_t over_ms, now = clock_wall_ms();
    struct uuid id;
    for (size_t i = 0; !(err = over_first(txn, &over_ms, &id)); i++) {
        if (over_ms > now || i >= ENDED_A_TURN) {
            d->plan.due_ms = over_ms < d->plan.due_ms ? over_ms : d->plan.due_ms;
            break;
        }
        err = over_del(txn, over_ms, &id);
        if (!err)
            err = end_one(d, txn, &id);
        if (err)
            break;
    }
    return err == ERR_NOTFOUND ? ERR_OK : err;
}
