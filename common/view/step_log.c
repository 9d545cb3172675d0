/* step_log - see step_log.h. */
#include "view/step_log.h"

#include <stdio.h>
#include <string.h>

#include "model/name.h"
#include "store/executions.h"

/* An execution, and its steps as far as they are known. */
struct reading {
    struct execution execution;
    struct step_result stored[STEPS_MAX];
    struct live live;
    bool is_live;
    const struct step_result *steps;
    size_t step_count;
};

/* While an attempt runs that is not told of, nothing is known: the store has the one before. */
static void choose_steps(struct reading *r, const struct home *home)
{
    r->is_live = live_read(home, &r->execution.id, r->execution.attempt, &r->live);
    if (r->is_live) {
        r->steps = r->live.steps;
        r->step_count = r->live.step_count;
    } else if (r->execution.status != STATUS_IN_PROGRESS) {
        r->steps = r->stored;
        r->step_count = r->execution.step_count;
    }
}

static bool is_begun(const struct step_result *step)
{
    return step->status != STATUS_PENDING && step->status != STATUS_SKIPPED;
}

static int find_behind(const struct reading *r, struct span name)
{
    bool passed = !name.len;
    for (size_t i = 0; i < r->step_count; i++) {
        if (passed && is_begun(&r->steps[i]))
            return (int)i;
        passed |= span_eq(r->steps[i].name, name);
    }
    return -1;
}

/* The place of the step that is asked for; -1 where there is none. */
static int find_step(const struct reading *r, struct span name)
{
    int found = -1;
    for (size_t i = 0; i < r->step_count; i++)
        if (name.data ? span_eq(r->steps[i].name, name) : is_begun(&r->steps[i]))
            found = (int)i;
    return found;
}

/* Reads the log from its beginning, or from what there is of it. */
static enum err read_bytes(
    struct store_txn *txn, const struct reading *r, size_t step, struct step_log *log)
{
    struct span stored = SPAN_NONE;
    enum err err = ERR_OK;
    log->from = r->is_live ? live_log(&r->live, step, &log->bytes) : 0;
    if (!log->bytes.len && r->execution.status != STATUS_IN_PROGRESS)
        err = executions_log(txn, &r->execution.id, (uint16_t)step, &stored);
    if (!err)
        buf_add_span(&log->bytes, stored);
    return err;
}

static void leave_out_before(struct step_log *log, uint64_t from)
{
    uint64_t had = from > log->from ? from - log->from : 0;
    log->next = log->from + log->bytes.len;
    if (had > log->bytes.len) {
        had = log->bytes.len;
        log->next = from;
    }
    buf_drop(&log->bytes, (size_t)had);
    log->from = log->next - log->bytes.len;
}

static enum err read_step(struct store_txn *txn, const struct reading *r,
    const struct step_log_query *query, struct step_log *log)
{
    int step = query->behind ? find_behind(r, query->step) : find_step(r, query->step);
    log->is_over = status_is_final(r->execution.status);
    log->is_whole = log->is_over;
    log->attempt = r->execution.attempt;
    log->from = log->next = query->from;
    if (step < 0) {
        log->no_such_step = query->step.data && r->step_count && !query->behind;
        return ERR_OK;
    }
    struct span name = r->steps[step].name;
    if (name_is_step(name))
        snprintf(log->step, sizeof log->step, "%.*s", (int)name.len, (const char *)name.data);
    log->is_whole |= status_is_final(r->steps[step].status);
    enum err err = read_bytes(txn, r, (size_t)step, log);
    leave_out_before(log, query->from);
    return err;
}

enum err step_log_read(struct store_txn *txn, const struct home *home,
    const struct step_log_query *query, struct step_log *ret_log)
{
    NOT_ZEROED struct reading r;
    *ret_log = (struct step_log){.bytes = BUF_INIT};
    r.steps = NULL;
    r.step_count = 0;
    enum err err = executions_get(txn, &query->execution, &r.execution, r.stored);
    if (err)
        return err;
    choose_steps(&r, home);
    err = read_step(txn, &r, query, ret_log);
    if (r.is_live)
        live_done(&r.live);
    if (err)
        buf_done(&ret_log->bytes);
    return err;
}
