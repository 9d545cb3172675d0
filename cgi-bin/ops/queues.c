/* queues - see queues.h. */
#include "cgi-bin/ops/queues.h"

#include <stdlib.h>
#include <string.h>

#include "store/counts.h"
#include "store/run_queues.h"
#include "store/services.h"
#include "store/triggers.h"

#define PIPELINES_MAX COUNTS_NAMES_MAX

enum depth { DEPTH_PENDING, DEPTH_RUNNING, DEPTH_INSTANCES, DEPTH__MAX };

struct pipeline_depth {
    struct span id; /* borrows from the transaction */
    uint64_t depths[DEPTH__MAX];
};

/* The pipelines; the last one is all others. */
struct depths {
    struct store_txn *txn;
    bool alive;
    struct pipeline_depth pipelines[PIPELINES_MAX + 1];
    size_t count;
    enum err err;
};

static struct pipeline_depth *pipeline_of(struct depths *all, struct span id)
{
    for (size_t i = all->count; i-- > 0;)
        if (span_eq(all->pipelines[i].id, id))
            return &all->pipelines[i];
    if (all->count == PIPELINES_MAX)
        return &all->pipelines[PIPELINES_MAX];
    all->pipelines[all->count].id = id;
    return &all->pipelines[all->count++];
}

/* `always`: the pipeline is told of also where nothing of it waits or runs. */
static bool add(struct depths *all, struct span id, uint64_t queue, bool always)
{
    struct service_report report;
    all->err = services_get(all->txn, queue, &report);
    if (all->err || !(always || report.pending || report.running || report.instances))
        return !all->err;
    uint64_t *depths = pipeline_of(all, id)->depths;
    depths[DEPTH_PENDING] += report.pending;
    depths[DEPTH_RUNNING] += all->alive ? report.running : 0;
    depths[DEPTH_INSTANCES] += all->alive ? report.instances : 0;
    return true;
}

static bool add_trigger(const struct trigger *trigger, void *context)
{
    return trigger->until_seq || add(context, trigger->pipeline_id, trigger->queue, true);
}

static bool add_run_queue(struct span id, uint64_t queue, void *context)
{
    return add(context, id, queue, false);
}

static void print(const struct depths *all, struct exposition *e)
{
    static const struct {
        const char *name, *sentence;
    } families[DEPTH__MAX] = {
        [DEPTH_PENDING] = {"fxbridge_pipeline_pending",
            "Executions of each pipeline that wait, as the dispatcher has last reported."},
        [DEPTH_RUNNING] = {"fxbridge_pipeline_running", "Executions of each pipeline that run."},
        [DEPTH_INSTANCES] = {"fxbridge_pipeline_instances", "Runner processes of each pipeline."},
    };
    static const struct pipeline_depth none;
    bool others = memcmp(&all->pipelines[PIPELINES_MAX], &none, sizeof none) != 0;
    for (size_t depth = 0; depth < DEPTH__MAX; depth++) {
        exposition_family(e, families[depth].name, "gauge", families[depth].sentence);
        for (size_t i = 0; i < all->count; i++) {
            const struct label labels[2] = {{"pipeline", all->pipelines[i].id}};
            exposition_int(e, labels, all->pipelines[i].depths[depth]);
        }
        const struct label other[2] = {{"pipeline", span_str("other")}};
        if (others)
            exposition_int(e, other, all->pipelines[PIPELINES_MAX].depths[depth]);
    }
}

enum err queues_print(struct store_txn *txn, bool alive, struct exposition *e)
{
    struct depths *all = mem_alloc(sizeof *all);
    all->txn = txn;
    all->alive = alive;
    enum err err = triggers_each(txn, SPAN_NONE, add_trigger, all);
    if (!err && !all->err)
        err = run_queues_each(txn, add_run_queue, all);
    err = err ? err : all->err;
    if (!err)
        print(all, e);
    free(all);
    return err;
}
