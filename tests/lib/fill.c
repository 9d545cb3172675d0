/*
 * fill - puts executions into the store of a home that nobody else uses, quickly.
 *
 *     fill HOME COUNT DIGITS
 *
 * Each is a dead letter, of the pipeline "filled" and an event of its own, and its id and the
 * event's cid end in these eight digits. The first is made at FIRST_MS, each next one a
 * millisecond later.
 */
#include <stdio.h>
#include <stdlib.h>

#include "store/events.h"
#include "store/executions.h"

#define FIRST_MS INT64_C(1767225600000) /* 2026-01-01 */
#define AT_ONCE 10000                   /* of one transaction */

struct fill {
    unsigned long done, count, digits;
};

static enum err add(struct store_txn *txn, unsigned long number, unsigned long digits)
{
    int64_t ms = FIRST_MS + (int64_t)number;
    struct event event = {
        .cid = uuid_make(ms, 1, digits),
        .accepted_ms = ms,
        .data_kind = EVENT_DATA_JSON,
        .source = span_str("/filled"),
        .type = span_str("filled"),
        .datacontenttype = span_str("application/json"),
        .data = span_str("{}"),
    };
    enum err err = events_append(txn, &event);
    struct execution execution = {
        .id = uuid_make(ms, 0, digits),
        .cid = event.cid,
        .event_seq = event.seq,
        .status = STATUS_FAILED,
        .attempt = 1,
        .failures = 1,
        .last = ATTEMPT_FAILED,
        .pipeline_version = 1,
        .created_ms = ms,
        .started_ms = ms,
        .pipeline_id = span_str("filled"),
        .pipeline_name = span_str("filled"),
        .event_type = event.type,
        .error = span_str("step one: exited with 1, which is no more than a test wants to see"),
    };
    return err ? err : executions_create(txn, &execution);
}

static enum err add_some(struct store_txn *txn, void *context)
{
    const struct fill *fill = context;
    enum err err = ERR_OK;
    for (unsigned long n = fill->done; !err && n < fill->count && n < fill->done + AT_ONCE; n++)
        err = add(txn, n, fill->digits);
    return err;
}

int main(int argc, char **argv)
{
    struct home home;
    struct store *store;
    if (argc != 4)
        return 2;
    struct fill fill = {0, strtoul(argv[2], NULL, 10), strtoul(argv[3], NULL, 16)};
    if (home_open(argv[1], &home) || store_open(&home, STORE_READ_WRITE, &store))
        return 1;
    for (; fill.done < fill.count; fill.done += AT_ONCE)
        if (store_write(store, 0, add_some, &fill))
            return 1;
    store_close(store);
    return 0;
}
