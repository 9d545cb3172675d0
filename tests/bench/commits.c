/*
 * commits - how many transactions of one event the disk of a home allows.
 *
 *     commits HOME SECONDS
 *
 * Appends events of 500 bytes to the store of a home that nobody else uses, each in a commit of
 * its own, for so long; prints how many there were a second.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "store/events.h"

static enum err append(struct store_txn *txn, void *context)
{
    static const char data[500] = "{\"note\": \"\"}";
    struct event event = {
        .cid = uuid_new(),
        .accepted_ms = clock_wall_ms(),
        .data_kind = EVENT_DATA_JSON,
        .source = span_str("/bench"),
        .type = span_str("bench.event"),
        .datacontenttype = span_str("application/json"),
        .data = span_of(data, sizeof data),
    };
    (void)context;
    return events_append(txn, &event);
}

int main(int argc, char **argv)
{
    struct home home;
    struct store *store;
    if (argc != 3 || home_open(argv[1], &home) || store_open(&home, STORE_READ_WRITE, &store))
        return 1;
    int64_t begin = clock_mono_ms(), end = begin + 1000 * strtol(argv[2], NULL, 10);
    long count = 0;
    for (; clock_mono_ms() < end; count++)
        if (store_write(store, 0, append, NULL))
            return 1;
    printf("%.1f\n", (double)count * 1000 / (double)(clock_mono_ms() - begin));
    store_close(store);
    return 0;
}
