/* actions - see actions.h. */
#include "store/actions.h"

#include "model/limits.h"
#include "store/attempts.h"
#include "store/audit.h"
#include "store/events.h"
#include "store/executions.h"
#include "store/key.h"
#include "store/pipelines.h"
#include "store/queue.h"
#include "store/retention.h"
#include "store/run_queues.h"
#include "store/triggers.h"

#define RUN_TYPE "fx.run"
#define RUN_SOURCE "/fx/run"

static enum err note_one_more(struct store_txn *txn, uint64_t queue)
{
    struct queue_change one_more = {.ready = 1};
    return queue_note_change(txn, queue, &one_more);
}

static enum err tell(
    struct store_txn *txn, enum audit_action action, const struct uuid *id, struct span pipeline_id)
{
    char text[UUID_TEXT];
    uuid_format(id, text);
    return audit_add_with(txn, action, "execution", span_str(text), "pipeline_id", pipeline_id);
}

/* As executions_load. ERR_GONE: it is kept no longer. */
static enum err load(struct store_txn *txn, const struct uuid *id, struct buf *copy,
    struct execution *ret_execution, struct step_result *steps)
{
    enum err err = executions_load(txn, id, copy, ret_execution, steps);
    return err == ERR_NOTFOUND ? retention_missing(txn, id) : err;
}

/* Puts a pending execution into its queue. */
static enum err make_ready(struct store_txn *txn, const struct execution *execution)
{
    enum err err = queue_put(txn, execution->queue, execution->event_seq, &execution->id);
    return err ? err : note_one_more(txn, execution->queue);
}

/* Takes a pending execution out of wherever it waits. */
static enum err take_out(struct store_txn *txn, const struct execution *execution)
{
    bool waits = execution->due_ms != 0;
    struct queue_change one_less = {.ready = waits ? 0 : -1, .waiting = waits ? -1 : 0};
    enum err err = waits ? due_del(txn, execution->due_ms, &execution->id)
                         : queue_del(txn, execution->queue, execution->event_seq, &execution->id);
    return err ? err : queue_note_change(txn, execution->queue, &one_less);
}

static struct event make_event(const struct action_run *run, struct span name, int64_t now_ms)
{
    return (struct event){
        .cid = uuid_new(),
        .accepted_ms = now_ms,
        .origin = EVENT_RUN,
        .data_kind = EVENT_DATA_JSON,
        .door = DOOR_HAND,
        .credential = run->credential,
        .source = span_str(RUN_SOURCE),
        .type = span_str(RUN_TYPE),
        .subject = name,
        .datacontenttype = span_str("application/json"),
        .data = run->payload,
    };
}

enum err actions_run(struct store_txn *txn, struct action_run *run, int64_t now_ms)
{
    struct execution execution = {.created_ms = now_ms, .pipeline_id = run->pipeline_id};
    struct pipeline_info info;
    struct span definition;
    int64_t made_ms;
    enum err err = pipelines_get(txn, run->pipeline_id, &info);
    if (!err)
        err = pipelines_version(txn, run->pipeline_id, run->version, &execution.pipeline_version,
            &made_ms, &definition);
    if (err)
        return err;
    struct buf name = BUF_INIT;
    buf_add_span(&name, info.name); /* the text of info dies with the first change */
    execution.pipeline_name = buf_span(&name);
    struct event event = make_event(run, execution.pipeline_name, now_ms);
    err = run_queues_make(txn, run->pipeline_id, &execution.queue);
    if (!err)
        err = events_append(txn, &event);
    if (!err)
        err = executions_start(txn, &event, &execution);
    if (!err)
        err = note_one_more(txn, execution.queue);
    if (!err)
        err = tell(txn, AUDIT_EXECUTION_RUN, &execution.id, run->pipeline_id);
    run->execution = execution.id;
    run->cid = event.cid;
    buf_done(&name);
    return err;
}

/* Of an execution whose version is gone: is there another pipeline under its id? ERR_CONFLICT. */
static enum err find_pipeline(
    struct store_txn *txn, const struct execution *execution, const char **ret_why)
{
    struct pipeline_info info;
    enum err err = pipelines_get(txn, execution->pipeline_id, &info);
    if (err == ERR_NOTFOUND)
        *ret_why = "its pipeline was deleted; make it again, and run it anew";
    return !err || err == ERR_NOTFOUND ? ERR_CONFLICT : err;
}

/* Its own version tells whether the pipeline is still the one that it ran for. */
static enum err check_pipeline(
    struct store_txn *txn, const struct execution *execution, const char **ret_why)
{
    struct span definition;
    uint32_t version;
    int64_t created_ms;
    enum err err = pipelines_version(txn, execution->pipeline_id, execution->pipeline_version,
        &version, &created_ms, &definition);
    *ret_why = "its version of the pipeline was deleted; run the pipeline anew";
    return err == ERR_NOTFOUND ? find_pipeline(txn, execution, ret_why) : err;
}

#define OF_RUNS_BY_HAND 0 /* no queue yet: they may have none, and it is made when it is needed */

/*
 * Finds the queue that a retried execution waits in, and which version would start it today: those
 * of its pipeline's started trigger. A run by hand, or what no trigger would start, waits with the
 * runs by hand, and the newest version would.
 */
static enum err find_queue(struct store_txn *txn, const struct execution *execution,
    uint64_t *ret_queue, uint32_t *ret_latest)
{
    struct trigger trigger;
    struct pipeline_info info;
    bool by_hand = span_eq_str(execution->event_type, RUN_TYPE);
    enum err err = by_hand ? ERR_NOTFOUND : triggers_get(txn, execution->pipeline_id, &trigger);
    if (!err) {
        *ret_queue = trigger.queue;
        *ret_latest = trigger.pipeline_version;
        return ERR_OK;
    }
    if (err == ERR_NOTFOUND)
        err = pipelines_get(txn, execution->pipeline_id, &info);
    if (err)
        return err;
    *ret_latest = info.version;
    *ret_queue = OF_RUNS_BY_HAND;
    return ERR_OK;
}

static enum err find_version(struct store_txn *txn, const struct execution *execution,
    struct action_retry *retry, uint32_t latest)
{
    struct span definition;
    int64_t created_ms;
    retry->version = retry->asked.which == RETRY_LATEST ? latest : execution->pipeline_version;
    if (retry->asked.which != RETRY_NUMBER)
        return ERR_OK;
    retry->why = "its pipeline has no such version";
    enum err err = pipelines_version(txn, execution->pipeline_id, retry->asked.number,
        &retry->version, &created_ms, &definition);
    return err == ERR_NOTFOUND ? ERR_INVALID : err;
}

/* Has it still the payload that it would be given? ERR_GONE. */
static enum err check_event(
    struct store_txn *txn, const struct execution *execution, const char **ret_why)
{
    struct event event;
    enum err err = events_get(txn, execution->event_seq, &event);
    *ret_why = "the payload of its event is kept no longer; send the event anew";
    if (!err && event.data_kind == EVENT_DATA_GONE)
        return ERR_GONE;
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

/* Makes an execution ready, from wherever it waits or has ended. */
static enum err begin_again(
    struct store_txn *txn, struct execution *execution, uint64_t queue, uint32_t version)
{
    enum status was = execution->status;
    enum err err = was == STATUS_PENDING ? take_out(txn, execution) : ERR_OK;
    if (!err)
        err = attempts_keep(txn, execution);
    if (err)
        return err;
    execution->queue = queue;
    execution->pipeline_version = version;
    execution->status = STATUS_PENDING;
    execution->failures = execution->losses = 0;
    execution->duration_us = -1;
    execution->due_ms = execution->begun_ms = 0;
    execution->error = SPAN_NONE; /* its attempts tell what was; for now nothing is wrong */
    err = executions_change(txn, execution, was);
    return err ? err : make_ready(txn, execution);
}

static bool can_be_retried(const struct execution *execution)
{
    return execution->status == STATUS_FAILED || execution->status == STATUS_SKIPPED ||
           (execution->status == STATUS_PENDING && execution->attempt);
}

enum err actions_retry(struct store_txn *txn, struct action_retry *retry)
{
    struct buf copy = BUF_INIT;
    struct execution execution;
    NOT_ZEROED struct step_result steps[STEPS_MAX];
    uint64_t queue;
    uint32_t latest = 0;
    enum err err = load(txn, &retry->execution, &copy, &execution, steps);
    if (err == ERR_GONE)
        retry->why = "it is kept no longer";
    else
        retry->why =
            "only a failed or skipped execution can be tried again, or one that waits for its "
            "next attempt";
    if (!err && !can_be_retried(&execution))
        err = ERR_CONFLICT;
    if (!err)
        err = check_pipeline(txn, &execution, &retry->why);
    if (!err)
        err = check_event(txn, &execution, &retry->why);
    if (!err)
        err = find_queue(txn, &execution, &queue, &latest);
    if (!err)
        err = find_version(txn, &execution, retry, latest);
    if (!err && queue == OF_RUNS_BY_HAND)
        err = run_queues_make(txn, execution.pipeline_id, &queue);
    if (!err)
        err = begin_again(txn, &execution, queue, retry->version);
    if (!err)
        err = retention_started(txn, execution.event_seq);
    if (!err)
        err = tell(txn, AUDIT_EXECUTION_RETRY, &execution.id, execution.pipeline_id);
    buf_done(&copy);
    return err;
}

static enum err end_pending(
    struct store_txn *txn, struct execution *execution, enum pending_end end)
{
    enum err err = take_out(txn, execution);
    return err ? err : executions_end_pending(txn, execution, end);
}

enum err actions_skip(struct store_txn *txn, const struct uuid *id, const char **ret_why)
{
    struct buf copy = BUF_INIT;
    struct execution execution;
    NOT_ZEROED struct step_result steps[STEPS_MAX];
    enum err err = load(txn, id, &copy, &execution, steps);
    *ret_why = "only a pending execution can be skipped; cancel one that runs";
    if (!err && execution.status != STATUS_PENDING)
        err = ERR_CONFLICT;
    if (!err)
        err = end_pending(txn, &execution, PENDING_END_SKIPPED);
    if (!err)
        err = tell(txn, AUDIT_EXECUTION_SKIP, &execution.id, execution.pipeline_id);
    buf_done(&copy);
    return err;
}

enum err actions_cancel(struct store_txn *txn, const struct uuid *id, const char **ret_why)
{
    struct buf copy = BUF_INIT;
    struct execution execution;
    NOT_ZEROED struct step_result steps[STEPS_MAX];
    enum err err = load(txn, id, &copy, &execution, steps);
    *ret_why = "it has ended already";
    if (!err && execution.status == STATUS_PENDING)
        err = end_pending(txn, &execution, PENDING_END_CANCELLED);
    else if (!err && execution.status == STATUS_IN_PROGRESS)
        err = store_put(txn, TABLE_CANCELS, uuid_span(id), SPAN_NONE);
    else if (!err)
        err = ERR_CONFLICT;
    if (!err)
        err = tell(txn, AUDIT_EXECUTION_CANCEL, &execution.id, execution.pipeline_id);
    buf_done(&copy);
    return err;
}

enum err actions_next_cancel(
    struct store_txn *txn, const struct uuid *after, struct uuid *ret_execution)
{
    struct store_cursor cursor;
    struct span key, value;
    enum err err = store_cursor_open(txn, TABLE_CANCELS, &cursor);
    if (err)
        return err;
    err = store_cursor_seek(&cursor, uuid_span(after), &key, &value);
    if (!err && span_eq(key, uuid_span(after)))
        err = store_cursor_next(&cursor, &key, &value);
    store_cursor_close(&cursor);
    if (!err)
        *ret_execution = key_tail_uuid(key);
    return err;
}

enum err actions_is_cancelled(
    struct store_txn *txn, const struct uuid *execution, bool *ret_cancelled)
{
    struct span value;
    enum err err = store_get(txn, TABLE_CANCELS, uuid_span(execution), &value);
    *ret_cancelled = err == ERR_OK;
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

enum err actions_del_cancel(struct store_txn *txn, const struct uuid *execution)
{
    enum err err = store_del(txn, TABLE_CANCELS, uuid_span(execution));
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

struct running {
    struct store_txn *txn;
    struct span pipeline_id;
    bool found;
};

static bool look_for_running(const struct uuid *id, void *context)
{
    struct running *running = context;
    struct execution execution;
    if (executions_get(running->txn, id, &execution, NULL) == ERR_OK)
        running->found = span_eq(execution.pipeline_id, running->pipeline_id);
    return !running->found;
}

enum err actions_delete_pipeline(
    struct store_txn *txn, struct span pipeline_id, const char **ret_why)
{
    struct pipeline_info info;
    struct trigger trigger;
    struct running running = {txn, pipeline_id, false};
    enum err err = pipelines_get(txn, pipeline_id, &info);
    if (err)
        return err;
    *ret_why = "its event trigger is started; stop it first";
    err = triggers_get(txn, pipeline_id, &trigger);
    if (err != ERR_NOTFOUND)
        return err ? err : ERR_CONFLICT;
    err = executions_in_status(txn, STATUS_IN_PROGRESS, look_for_running, &running);
    *ret_why = "an execution of it is running; try again when it has finished";
    if (!err && running.found)
        err = ERR_CONFLICT;
    if (!err)
        err = triggers_forget_past(txn, pipeline_id);
    return err ? err : pipelines_delete(txn, pipeline_id);
}
