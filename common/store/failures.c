/* failures - see failures.h. */
#include "store/failures.h"

#include "base/clock.h"
#include "base/log.h"
#include "model/failure.h"
#include "store/attempts.h"
#include "store/events.h"

/* Finds what the payload tells besides, and writes it: all of that dies with the first change. */
static void write_payload(struct store_txn *txn, const struct execution *execution,
    const struct event *event, int64_t now_ms, struct buf *out)
{
    struct attempt_result last;
    struct json_out json = json_out_to(out);
    bool known = execution_last_attempt(execution, &last) || !attempts_last(txn, execution, &last);
    const struct failure failure = {
        .execution = execution,
        .last = known ? &last : NULL,
        .event = event,
        .public_url = store_txn_config(txn)->web_public_url,
        .failed_ms = now_ms,
    };
    failure_format(&failure, &json);
}

static enum err append(struct store_txn *txn, const struct execution *execution, uint16_t depth,
    int64_t now_ms, struct span payload)
{
    struct uuid id = uuid_new();
    char text[UUID_TEXT];
    uuid_format(&id, text); /* the cid is shared, the id is the event's own */
    struct event event = {
        .cid = execution->cid,
        .parent = execution->id,
        .accepted_ms = now_ms,
        .depth = depth,
        .door = DOOR_FX,
        .data_kind = EVENT_DATA_JSON,
        .id = span_str(text),
        .source = span_str(FAILURE_SOURCE),
        .type = span_str(FAILURE_TYPE),
        .subject = execution->pipeline_name,
        .datacontenttype = span_str("application/json"),
        .data = payload,
    };
    return events_append(txn, &event);
}

enum err failures_tell(struct store_txn *txn, const struct execution *execution)
{
    struct event event;
    struct buf payload = BUF_INIT;
    int64_t now_ms = clock_wall_ms();
    if (!store_txn_config(txn)->events_failures || failure_is_from_telling(execution->event_type))
        return ERR_OK;
    if (!store_txn_has_room(txn)) {
        log_warn("the store is full: no event tells that an execution has failed");
        return ERR_OK;
    }
    bool kept = !events_get(txn, execution->event_seq, &event);
    write_payload(txn, execution, kept ? &event : NULL, now_ms, &payload);
    enum err err = append(txn, execution, kept ? event.depth : 0, now_ms, buf_span(&payload));
    buf_done(&payload);
    return err;
}
