/* erasure - see erasure.h. */
#include "store/erasure.h"

#include <string.h>

#include "store/audit.h"
#include "store/events.h"
#include "store/executions.h"
#include "store/retention.h"

struct erasing {
    struct store_txn *txn;
    struct buf ids; /* of the executions */
    bool waits;     /* one of them has not ended */
    enum err err;
};

static bool note(const struct uuid *id, void *context)
{
    struct erasing *erasing = context;
    struct execution execution;
    erasing->err = executions_get(erasing->txn, id, &execution, NULL);
    if (erasing->err)
        return false;
    erasing->waits = !status_is_final(execution.status);
    buf_add_span(&erasing->ids, uuid_span(id));
    return !erasing->waits;
}

static enum err erase_executions(
    struct store_txn *txn, const struct buf *ids, struct erasure *erasure)
{
    enum err err = ERR_OK;
    uint64_t bytes = 0;
    for (size_t at = 0; !err && at < ids->len; at += sizeof(struct uuid)) {
        struct uuid id;
        memcpy(&id, ids->data + at, sizeof id);
        err = executions_strip(txn, &id, &bytes);
        if (!err)
            err = executions_forget_errors(txn, &id);
        erasure->executions++;
    }
    return err;
}

static enum err erase_events(struct store_txn *txn, const struct uuid *cid, struct erasure *erasure)
{
    uint64_t seq = 0, bytes = 0;
    enum err err;
    while (!(err = events_next_of_cid(txn, cid, &seq))) {
        err = events_strip(txn, seq, true, &bytes);
        if (err)
            return err;
        erasure->events++;
    }
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

static enum err tell(struct store_txn *txn, const struct uuid *cid, const struct erasure *erasure)
{
    char text[UUID_TEXT];
    struct buf detail = BUF_INIT;
    struct json_out out = json_out_to(&detail);
    uuid_format(cid, text);
    json_open(&out, '{');
    json_put_int(&out, "events", (int64_t)erasure->events);
    json_put_int(&out, "executions", (int64_t)erasure->executions);
    json_close(&out, '}');
    enum err err = audit_add(txn, AUDIT_EVENT_ERASE, "event", span_str(text), buf_span(&detail));
    buf_done(&detail);
    return err;
}

/* ERR_CONFLICT: something of it is still to come or to end. */
static enum err check(
    struct store_txn *txn, const struct uuid *cid, struct erasing *erasing, const char **ret_why)
{
    uint64_t last, cursor = 0;
    enum err err = events_last_of_cid(txn, cid, &last);
    if (err == ERR_NOTFOUND)
        err = retention_missing(txn, cid);
    if (!err)
        err = events_cursor(txn, &cursor);
    if (err)
        return err;
    *ret_why = "an event of it is not routed yet; try again when a dispatcher has routed it";
    if (last > cursor)
        return ERR_CONFLICT;
    err = executions_of_cid(txn, cid, &UUID_NONE, note, erasing);
    *ret_why = "an execution of it waits or runs; cancel that, or try again when it has ended";
    return err ? err : erasing->err ? erasing->err : erasing->waits ? ERR_CONFLICT : ERR_OK;
}

enum err erasure_erase(struct store_txn *txn, const struct uuid *cid, struct erasure *ret_erasure)
{
    struct erasing erasing = {.txn = txn};
    *ret_erasure = (struct erasure){.events = 0};
    enum err err = check(txn, cid, &erasing, &ret_erasure->why);
    if (!err)
        err = erase_executions(txn, &erasing.ids, ret_erasure);
    if (!err)
        err = erase_events(txn, cid, ret_erasure);
    if (!err)
        err = tell(txn, cid, ret_erasure);
    buf_done(&erasing.ids);
    return err;
}
