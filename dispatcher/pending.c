/* pending - see pending.h. */
#include "dispatcher/pending.h"

#include <stdlib.h>

#include "base/clock.h"
#include "dispatcher/catalog.h"
#include "dispatcher/dispatcher.h"
#include "dispatcher/service.h"
#include "model/limits.h"
#include "store/executions.h"
#include "store/queue.h"

#define PROMOTIONS_A_TURN 1000

/* Makes an execution ready whose next attempt is due. */
static enum err end_waiting(struct dispatcher *d, struct store_txn *txn, int64_t due_ms,
    const struct uuid *id, struct buf *copy)
{
    struct execution execution;
    NOT_ZEROED struct step_result steps[STEPS_MAX];
    enum err err = due_del(txn, due_ms, id);
    if (!err)
        err = executions_load(txn, id, copy, &execution, steps);
    if (!err) {
        execution.due_ms = 0;
        err = executions_change(txn, &execution, STATUS_PENDING);
    }
    if (!err)
        err = queue_put(txn, execution.queue, execution.event_seq, id);
    if (err)
        return err;
    struct service *service = catalog_service(d, execution.queue);
    service->plan.waiting--;
    service->plan.ready++;
    return ERR_OK;
}

struct due {
    int64_t due_ms;
    struct uuid id;
};

/* Executions of a service that wait, up to `limit` of them. */
struct dues {
    uint64_t queue;
    struct due *dues;
    size_t count, limit;
};

static void collect_due(int64_t due_ms, uint64_t queue, const struct uuid *id, void *context)
{
    struct dues *dues = context;
    if (queue != dues->queue || dues->count == dues->limit)
        return;
    dues->dues = mem_resize(dues->dues, (dues->count + 1) * sizeof *dues->dues);
    dues->dues[dues->count++] = (struct due){due_ms, *id};
}

/* Ends the waiting of all executions of a service: they will have no next attempt. */
static enum err end_all_waiting(
    struct dispatcher *d, struct store_txn *txn, const struct service *service, size_t limit)
{
    struct dues dues = {.queue = service->queue, .limit = limit};
    struct buf copy = BUF_INIT;
    enum err err = due_each(txn, collect_due, &dues);
    for (size_t i = 0; !err && i < dues.count; i++)
        err = end_waiting(d, txn, dues.dues[i].due_ms, &dues.dues[i].id, &copy);
    d->plan.more |= dues.count == limit;
    free(dues.dues);
    buf_done(&copy);
    return err;
}

/* Finds out why nobody is there any more to run an execution. */
static enum err find_why(struct dispatcher *d, struct store_txn *txn,
    const struct execution *execution, enum pending_end *ret_end)
{
    const struct version *version;
    enum err err =
        catalog_version(d, txn, execution->pipeline_id, execution->pipeline_version, &version);
    *ret_end = err == ERR_NOTFOUND ? PENDING_END_DELETED : PENDING_END_STOPPED;
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

static enum err end_one(struct dispatcher *d, struct store_txn *txn, struct service *service,
    const struct uuid *id, struct buf *copy)
{
    struct execution execution;
    NOT_ZEROED struct step_result steps[STEPS_MAX];
    enum pending_end end;
    enum err err = executions_load(txn, id, copy, &execution, steps);
    if (!err)
        err = find_why(d, txn, &execution, &end);
    if (err)
        return err;
    service->plan.ready--;
    err = executions_end_pending(txn, &execution, end);
    return err ? err : queue_del(txn, service->queue, execution.event_seq, id);
}

enum err pending_first(
    struct store_txn *txn, struct service *service, uint64_t *ret_seq, struct uuid *ret_execution)
{
    enum err err = queue_first(txn, service->queue, ret_seq, ret_execution);
    if (err == ERR_NOTFOUND)
        service->plan.ready = 0; /* the queue is the truth, the count a memory of it */
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

enum err pending_give_up(
    struct dispatcher *d, struct store_txn *txn, struct service *service, size_t limit)
{
    struct buf copy = BUF_INIT;
    enum err err = service->plan.waiting ? end_all_waiting(d, txn, service, limit) : ERR_OK;
    while (!err && service->plan.ready && limit--) {
        uint64_t seq;
        struct uuid id;
        err = pending_first(txn, service, &seq, &id);
        if (!err && service->plan.ready)
            err = end_one(d, txn, service, &id, &copy);
    }
    buf_done(&copy);
    d->plan.more |= service->plan.ready > 0;
    return err;
}

enum err pending_promote(struct dispatcher *d, struct store_txn *txn)
{
    struct buf copy = BUF_INIT;
    enum err err;
    int64_t due_ms, now = clock_wall_ms();
    struct uuid id;
    d->plan.due_ms = INT64_MAX;
    for (size_t i = 0; !(err = due_first(txn, &due_ms, &id)); i++) {
        if ((due_ms > now || i >= PROMOTIONS_A_TURN) && !d->now.set_back) {
            d->plan.due_ms = due_ms;
            break;
        }
        err = end_waiting(d, txn, due_ms, &id, &copy);
        if (err)
            break;
    }
    buf_done(&copy);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}
