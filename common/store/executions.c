/* executions - see executions.h. */
#include "store/executions.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "model/limits.h"
#include "model/name.h"
#include "store/attempts.h"
#include "store/counts.h"
#include "store/failures.h"
#include "store/key.h"
#include "store/queue.h"
#include "store/walk.h"

#define LOOKS_A_CLOCK 64 /* records from one look at the clock to the next */

static struct key cid_key(const struct execution *e)
{
    struct key key = key_of_uuid(&e->cid);
    key_uuid(&key, &e->id);
    return key;
}

static struct key pipeline_key(struct span pipeline_id, const struct uuid *id)
{
    struct key key = KEY_INIT;
    key_text(&key, pipeline_id);
    key_uuid(&key, id);
    return key;
}

static struct key status_key(enum status status, const struct uuid *id)
{
    struct key key = KEY_INIT;
    key_u8(&key, (uint8_t)status);
    key_uuid(&key, id);
    return key;
}

static struct key log_key(const struct uuid *id, uint16_t step)
{
    struct key key = key_of_uuid(id);
    key_u16(&key, step);
    return key;
}

static enum err put_record(struct store_txn *txn, const struct execution *execution)
{
    struct key key = key_of_uuid(&execution->id);
    struct buf record = BUF_INIT;
    execution_encode(execution, &record);
    enum err err = store_put(txn, TABLE_EXECUTIONS, key_span(&key), buf_span(&record));
    buf_done(&record);
    return err;
}

/*
 * The one place where a change of status adds an execution to the dead letters or removes it,
 * and where that it has failed for good is told.
 */
static enum err move_dead_letter(
    struct store_txn *txn, const struct execution *execution, enum status was)
{
    struct key all = key_of_uuid(&execution->id);
    struct key pipeline = pipeline_key(execution->pipeline_id, &execution->id);
    enum err err = ERR_OK;
    if (execution_is_dead_letter(execution)) {
        err = store_put(txn, TABLE_DEAD_LETTERS, key_span(&all), SPAN_NONE);
        if (!err)
            err = store_put(txn, TABLE_DEAD_LETTERS_BY_PIPELINE, key_span(&pipeline), SPAN_NONE);
        if (!err && was != STATUS_FAILED)
            err = failures_tell(txn, execution);
    } else if (was == STATUS_FAILED) {
        err = store_del(txn, TABLE_DEAD_LETTERS, key_span(&all));
        if (!err)
            err = store_del(txn, TABLE_DEAD_LETTERS_BY_PIPELINE, key_span(&pipeline));
        if (err == ERR_NOTFOUND)
            err = ERR_OK; /* it had been cancelled, and so was no dead letter */
    }
    return err;
}

enum err executions_create(struct store_txn *txn, const struct execution *execution)
{
    struct key cid = cid_key(execution);
    struct key pipeline = pipeline_key(execution->pipeline_id, &execution->id);
    struct key status = status_key(execution->status, &execution->id);
    enum err err = put_record(txn, execution);
    if (!err)
        err = store_put(txn, TABLE_EXECUTIONS_BY_CID, key_span(&cid), SPAN_NONE);
    if (!err)
        err = store_put(txn, TABLE_EXECUTIONS_BY_PIPELINE, key_span(&pipeline), SPAN_NONE);
    if (!err)
        err = store_put(txn, TABLE_EXECUTIONS_BY_STATUS, key_span(&status), SPAN_NONE);
    return err ? err : move_dead_letter(txn, execution, STATUS_PENDING);
}

enum err executions_start(
    struct store_txn *txn, const struct event *event, struct execution *execution)
{
    execution->id = uuid_new();
    execution->cid = event->cid;
    execution->parent = event->parent;
    execution->event_seq = event->seq;
    execution->event_type = event->type;
    execution->status = STATUS_PENDING;
    execution->duration_us = -1;
    enum err err = executions_create(txn, execution);
    return err ? err : queue_put(txn, execution->queue, execution->event_seq, &execution->id);
}

enum err executions_change(
    struct store_txn *txn, const struct execution *execution, enum status was)
{
    enum err err = put_record(txn, execution);
    if (err || execution->status == was)
        return err;
    struct key old = status_key(was, &execution->id);
    struct key new = status_key(execution->status, &execution->id);
    err = store_del(txn, TABLE_EXECUTIONS_BY_STATUS, key_span(&old));
    if (!err)
        err = store_put(txn, TABLE_EXECUTIONS_BY_STATUS, key_span(&new), SPAN_NONE);
    if (!err && status_is_final(execution->status) && !status_is_final(was))
        err = counts_end(txn, execution);
    return err ? err : move_dead_letter(txn, execution, was);
}

enum err executions_end_pending(
    struct store_txn *txn, struct execution *execution, enum pending_end end)
{
    struct attempt_result last;
    struct buf error = BUF_INIT;
    enum err err = attempts_last(txn, execution, &last);
    bool known = !err;
    if (err == ERR_NOTFOUND)
        err = ERR_OK;
    if (!err) {
        execution_end_pending(execution, end, known ? &last : NULL, &error);
        err = executions_change(txn, execution, STATUS_PENDING);
    }
    execution->error = SPAN_NONE; /* its text goes */
    buf_done(&error);
    return err;
}

enum err executions_get(struct store_txn *txn, const struct uuid *id,
    struct execution *ret_execution, struct step_result *steps)
{
    struct key key = key_of_uuid(id);
    struct span record;
    enum err err = store_get(txn, TABLE_EXECUTIONS, key_span(&key), &record);
    return err ? err : execution_decode(record, ret_execution, steps);
}

enum err executions_load(struct store_txn *txn, const struct uuid *id, struct buf *copy,
    struct execution *ret_execution, struct step_result *steps)
{
    struct key key = key_of_uuid(id);
    struct span record;
    assert(steps);
    enum err err = store_get(txn, TABLE_EXECUTIONS, key_span(&key), &record);
    if (err)
        return err;
    buf_clear(copy);
    buf_add_span(copy, record);
    return execution_decode(buf_span(copy), ret_execution, steps);
}

static enum err put_or_del(
    struct store_txn *txn, enum store_table table, struct key key, struct span value)
{
    if (value.len)
        return store_put(txn, table, key_span(&key), value);
    enum err err = store_del(txn, table, key_span(&key));
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

/* Reads a value that may be missing; a missing value is empty. */
static enum err get_or_empty(
    struct store_txn *txn, enum store_table table, struct key key, struct span *ret_value)
{
    enum err err = store_get(txn, table, key_span(&key), ret_value);
    if (err != ERR_NOTFOUND)
        return err;
    *ret_value = SPAN_NONE;
    return ERR_OK;
}

enum err executions_set_data(struct store_txn *txn, const struct uuid *id, struct span data)
{
    return put_or_del(txn, TABLE_DATA, key_of_uuid(id), data);
}

enum err executions_data(struct store_txn *txn, const struct uuid *id, struct span *ret_data)
{
    return get_or_empty(txn, TABLE_DATA, key_of_uuid(id), ret_data);
}

enum err executions_set_log(
    struct store_txn *txn, const struct uuid *id, uint16_t step, struct span log)
{
    return put_or_del(txn, TABLE_LOGS, log_key(id, step), log);
}

enum err executions_log(
    struct store_txn *txn, const struct uuid *id, uint16_t step, struct span *ret_log)
{
    return get_or_empty(txn, TABLE_LOGS, log_key(id, step), ret_log);
}

/* Deletes all of an execution's records in a table whose keys begin with its id. */
static enum err delete_all(
    struct store_txn *txn, enum store_table table, const struct uuid *id, uint64_t *bytes)
{
    struct key prefix = key_of_uuid(id), key = prefix;
    struct span record;
    enum err err;
    while (!(err = walk_next(txn, table, key_span(&prefix), &key, &record))) {
        *bytes += record.len;
        err = store_del(txn, table, key_span(&key));
        if (err)
            return err;
    }
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

enum err executions_strip(struct store_txn *txn, const struct uuid *id, uint64_t *bytes)
{
    struct span data;
    enum err err = executions_data(txn, id, &data);
    if (err)
        return err;
    *bytes += data.len;
    if (data.len)
        err = executions_set_data(txn, id, SPAN_NONE);
    return err ? err : delete_all(txn, TABLE_LOGS, id, bytes);
}

static enum err delete_key(struct store_txn *txn, enum store_table table, const struct key *key)
{
    enum err err = store_del(txn, table, key_span(key));
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

/* Its record, and each entry of an index; `e` borrows nothing. */
static enum err delete_rows(
    struct store_txn *txn, const struct execution *e, const struct key *pipeline)
{
    const struct {
        enum store_table table;
        struct key key;
    } rows[] = {
        {TABLE_EXECUTIONS, key_of_uuid(&e->id)},
        {TABLE_EXECUTIONS_BY_CID, cid_key(e)},
        {TABLE_EXECUTIONS_BY_PIPELINE, *pipeline},
        {TABLE_EXECUTIONS_BY_STATUS, status_key(e->status, &e->id)},
        {TABLE_DEAD_LETTERS, key_of_uuid(&e->id)},
        {TABLE_DEAD_LETTERS_BY_PIPELINE, *pipeline},
    };
    enum err err = ERR_OK;
    for (size_t i = 0; !err && i < sizeof rows / sizeof rows[0]; i++)
        err = delete_key(txn, rows[i].table, &rows[i].key);
    return err;
}

enum err executions_delete(struct store_txn *txn, const struct uuid *id, uint64_t *bytes)
{
    struct execution execution;
    struct span record;
    enum err err = store_get(txn, TABLE_EXECUTIONS, uuid_span(id), &record);
    if (!err)
        err = executions_get(txn, id, &execution, NULL);
    if (err)
        return err;
    assert(status_is_final(execution.status));
    *bytes += record.len;
    struct key pipeline = pipeline_key(execution.pipeline_id, id);
    err = delete_rows(txn, &execution, &pipeline);
    if (!err)
        err = executions_strip(txn, id, bytes);
    return err ? err : delete_all(txn, TABLE_ATTEMPTS, id, bytes);
}

enum err executions_forget_errors(struct store_txn *txn, const struct uuid *id)
{
    struct buf copy = BUF_INIT;
    struct execution execution;
    NOT_ZEROED struct step_result steps[STEPS_MAX];
    uint64_t bytes = 0;
    enum err err = executions_load(txn, id, &copy, &execution, steps);
    execution.error = SPAN_NONE;
    if (!err)
        err = put_record(txn, &execution);
    buf_done(&copy);
    return err ? err : delete_all(txn, TABLE_ATTEMPTS, id, &bytes);
}

/* Visits the executions of keys that begin with the prefix, behind `after`, oldest id first. */
static enum err visit_prefix(struct store_txn *txn, enum store_table table, struct span prefix,
    const struct uuid *after, executions_visit *visit, void *context)
{
    struct key from = KEY_INIT;
    struct store_cursor cursor;
    struct span key, value;
    enum err err = store_cursor_open(txn, table, &cursor);
    if (err)
        return err;
    key_bytes_add(&from, prefix);
    key_uuid(&from, after);
    err = store_cursor_seek(&cursor, key_span(&from), &key, &value);
    while (!err && span_starts(key, prefix)) {
        struct uuid id = key_tail_uuid(key);
        if (!span_eq(key, key_span(&from)) && !visit(&id, context))
            break;
        err = store_cursor_next(&cursor, &key, &value);
    }
    store_cursor_close(&cursor);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

enum err executions_of_cid(struct store_txn *txn, const struct uuid *cid, const struct uuid *after,
    executions_visit *visit, void *context)
{
    return visit_prefix(txn, TABLE_EXECUTIONS_BY_CID, uuid_span(cid), after, visit, context);
}

enum err executions_in_status(
    struct store_txn *txn, enum status status, executions_visit *visit, void *context)
{
    uint8_t prefix = (uint8_t)status;
    return visit_prefix(
        txn, TABLE_EXECUTIONS_BY_STATUS, span_of(&prefix, 1), &UUID_NONE, visit, context);
}

enum err executions_newest(
    struct store_txn *txn, size_t most, executions_visit *visit, void *context)
{
    struct store_cursor cursor;
    struct span key, value;
    enum err err = store_cursor_open(txn, TABLE_EXECUTIONS, &cursor);
    if (err)
        return err;
    err = store_cursor_last(&cursor, &key, &value);
    for (size_t i = 0; !err && i < most; i++) {
        struct uuid id = key_tail_uuid(key);
        if (!visit(&id, context))
            break;
        err = store_cursor_prev(&cursor, &key, &value);
    }
    store_cursor_close(&cursor);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

/* The table that narrows most: its keys that begin with the prefix end in execution ids. */
static enum store_table choose_index(const struct execution_query *query, struct key *ret_prefix)
{
    *ret_prefix = KEY_INIT;
    if (query->pipeline_id.len) {
        key_text(ret_prefix, query->pipeline_id);
        return query->dead_letters ? TABLE_DEAD_LETTERS_BY_PIPELINE : TABLE_EXECUTIONS_BY_PIPELINE;
    }
    if (query->dead_letters)
        return TABLE_DEAD_LETTERS;
    if (query->with_status) {
        key_u8(ret_prefix, (uint8_t)query->status);
        return TABLE_EXECUTIONS_BY_STATUS;
    }
    return TABLE_EXECUTIONS;
}

static bool matches(const struct execution *e, const struct execution_query *query)
{
    return (!query->with_status || e->status == query->status) &&
           (!query->pipeline_id.len || span_eq(e->pipeline_id, query->pipeline_id)) &&
           (!query->service.len || name_is_same(e->pipeline_name, query->service)) &&
           (!query->event_type.len || span_eq(e->event_type, query->event_type)) &&
           (!query->since_ms || e->created_ms >= query->since_ms) &&
           (!query->until_ms || e->created_ms < query->until_ms);
}

/* A page lists ids below this one: the last of the page before, or the end of the time. */
static struct uuid start_before(const struct execution_query *query)
{
    struct uuid end;
    memset(&end, 0xff, sizeof end);
    if (query->until_ms)
        end = uuid_floor(query->until_ms);
    if (!uuid_is_none(&query->after) && memcmp(&query->after, &end, sizeof end) < 0)
        end = query->after;
    return end;
}

/* Has a page looked at as many records, or for as long, as a page may? */
static bool has_looked_enough(size_t looked, int64_t begun_ms)
{
    return looked >= EXECUTIONS_LOOKED_MAX ||
           (looked % LOOKS_A_CLOCK == 0 && clock_mono_ms() - begun_ms >= EXECUTIONS_LOOKED_MS);
}

enum err executions_list(struct store_txn *txn, const struct execution_query *query,
    executions_visit *visit, void *context, struct uuid *ret_next)
{
    *ret_next = UUID_NONE;
    if (query->pipeline_id.len > PIPELINE_ID_MAX)
        return ERR_OK; /* no pipeline has so long an id, and a key has no room for it */
    struct key prefix;
    enum store_table table = choose_index(query, &prefix);
    struct key from = prefix;
    struct uuid before = start_before(query), oldest = uuid_floor(query->since_ms);
    struct store_cursor cursor;
    struct span key, value;
    size_t found = 0, looked = 0;
    int64_t begun_ms = clock_mono_ms();
    enum err err = store_cursor_open(txn, table, &cursor);
    if (err)
        return err;
    key_uuid(&from, &before);
    err = store_cursor_before(&cursor, key_span(&from), &key, &value);
    while (!err && span_starts(key, key_span(&prefix))) {
        struct uuid id = key_tail_uuid(key);
        struct execution execution;
        if (query->since_ms && memcmp(&id, &oldest, sizeof id) < 0)
            break;
        err = executions_get(txn, &id, &execution, NULL);
        if (err)
            break;
        bool match = matches(&execution, query);
        bool full = match && !visit(&id, context);
        found += match;
        if (full || (query->limit && found == query->limit) ||
            has_looked_enough(++looked, begun_ms)) {
            *ret_next = id;
            break;
        }
        err = store_cursor_prev(&cursor, &key, &value);
    }
    store_cursor_close(&cursor);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}
