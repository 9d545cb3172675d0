/* execution - see execution.h. */
#include "view/execution.h"

#include "base/arena.h"
#include "model/limits.h"
#include "store/attempts.h"
#include "store/events.h"
#include "store/executions.h"
#include "view/live.h"

/* An execution with what belongs to it. It borrows from the transaction and from itself. */
struct shown {
    struct execution execution;
    struct step_result steps[STEPS_MAX];
    struct span logs[STEPS_MAX];
    struct attempt_list attempts;
};

static enum err read(struct store_txn *txn, const struct uuid *id, struct shown *shown)
{
    enum err err = executions_get(txn, id, &shown->execution, shown->steps);
    return err ? err : attempts_list(txn, &shown->execution, &shown->attempts);
}

static enum err read_logs(struct store_txn *txn, struct shown *shown)
{
    enum err err = ERR_OK;
    for (uint16_t i = 0; !err && i < shown->execution.step_count; i++)
        err = executions_log(txn, &shown->execution.id, i, &shown->logs[i]);
    return err;
}

static size_t measure_logs(const struct shown *shown)
{
    size_t sum = 0;
    for (size_t i = 0; i < shown->execution.step_count; i++)
        sum += json_quoted_len(shown->logs[i]);
    return sum;
}

static struct span cut_log(struct span log, size_t bytes, struct arena *arena)
{
    struct buf text = BUF_INIT;
    if (json_quoted_len(log) <= bytes)
        return log;
    buf_add_str(&text, EXECUTION_LOG_CUT);
    buf_add_span(&text, json_quoted_end(log, bytes));
    return arena_keep(arena, &text);
}

static void format(struct shown *shown, struct execution_extras extras, struct json_out *out)
{
    extras.attempts = shown->attempts.attempts;
    extras.attempt_count = shown->attempts.count;
    execution_format(&shown->execution, &extras, out);
}

/* The steps and logs of the attempt at hand take the place of those of the one before. */
static void take_live(const struct live *live, struct shown *shown, struct arena *arena)
{
    shown->execution.steps = live->steps;
    shown->execution.step_count = live->step_count;
    for (size_t i = 0; i < live->step_count; i++) {
        struct buf log = BUF_INIT;
        (void)live_log(live, i, &log);
        shown->logs[i] = arena_keep(arena, &log);
    }
}

enum err execution_print(struct store_txn *txn, const struct home *home, const struct uuid *id,
    size_t log_bytes, struct json_out *out)
{
    NOT_ZEROED struct live live;
    NOT_ZEROED struct shown shown;
    struct execution_extras extras = {.logs = shown.logs};
    struct arena arena = {0};
    enum err err = read(txn, id, &shown);
    if (!err)
        err = read_logs(txn, &shown);
    if (!err)
        err = executions_data(txn, id, &extras.data);
    if (err)
        return err;
    bool is_live = home && shown.execution.status == STATUS_IN_PROGRESS &&
                   live_read(home, id, shown.execution.attempt, &live);
    if (is_live)
        take_live(&live, &shown, &arena);
    size_t steps = shown.execution.step_count;
    bool cut = measure_logs(&shown) > log_bytes;
    for (size_t i = 0; cut && i < steps; i++)
        shown.logs[i] = cut_log(shown.logs[i], log_bytes / steps, &arena);
    format(&shown, extras, out);
    arena_done(&arena);
    if (is_live)
        live_done(&live);
    return ERR_OK;
}

enum err execution_print_brief(struct store_txn *txn, const struct uuid *id, struct json_out *out)
{
    NOT_ZEROED struct shown shown;
    enum err err = read(txn, id, &shown);
    if (!err)
        format(&shown, (struct execution_extras){.brief = true}, out);
    return err;
}

enum err execution_event(struct store_txn *txn, const struct uuid *id, struct event *ret_event)
{
    struct execution execution;
    enum err err = executions_get(txn, id, &execution, NULL);
    return err ? err : events_get(txn, execution.event_seq, ret_event);
}
