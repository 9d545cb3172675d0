/* events - see events.h. */
#include "store/events.h"

#include <string.h>

#include "store/key.h"

#define CURSOR "cursor"

/*
 * An event that was emitted notes in its cid's index how many the cid then has, since a budget
 * asks for that at each emit. One that the bridge tells is not counted, and notes how many there
 * were. One that was accepted has a cid of its own, and notes nothing.
 */
static enum err put_cid(struct store_txn *txn, const struct event *event)
{
    uint64_t count = 0;
    struct key cid = key_of_uuid(&event->cid);
    enum err err = ERR_OK;
    if (!uuid_is_none(&event->parent))
        err = events_count_of_cid(txn, &event->cid, UINT64_MAX, &count);
    if (err && err != ERR_NOTFOUND)
        return err;
    key_u64(&cid, event->seq);
    struct key record = key_of_seq(count + (event->door != DOOR_FX));
    return store_put(txn, TABLE_CIDS, key_span(&cid), count ? key_span(&record) : SPAN_NONE);
}

enum err events_append(struct store_txn *txn, struct event *event)
{
    uint64_t last;
    enum err err = events_last(txn, &last);
    if (err)
        return err;
    event->seq = last + 1;
    struct key seq = key_of_seq(event->seq);
    struct buf record = BUF_INIT;
    event_encode(event, &record);
    err = store_append(txn, TABLE_EVENTS, key_span(&seq), buf_span(&record));
    buf_done(&record);
    return err ? err : put_cid(txn, event);
}

enum err events_record(struct store_txn *txn, uint64_t seq, struct span *ret_record)
{
    struct key key = key_of_seq(seq);
    return store_get(txn, TABLE_EVENTS, key_span(&key), ret_record);
}

enum err events_get(struct store_txn *txn, uint64_t seq, struct event *ret_event)
{
    struct span record;
    enum err err = events_record(txn, seq, &record);
    return err ? err : event_decode(record, ret_event);
}

static enum err end_of_log(struct store_txn *txn, bool newest, uint64_t *ret_seq)
{
    struct store_cursor cursor;
    struct span key, value;
    enum err err = store_cursor_open(txn, TABLE_EVENTS, &cursor);
    if (err)
        return err;
    err = newest ? store_cursor_last(&cursor, &key, &value)
                 : store_cursor_next(&cursor, &key, &value);
    store_cursor_close(&cursor);
    if (err && err != ERR_NOTFOUND)
        return err;
    *ret_seq = err ? 0 : key_tail_u64(key);
    return ERR_OK;
}

enum err events_first(struct store_txn *txn, uint64_t *ret_seq)
{
    return end_of_log(txn, false, ret_seq);
}

enum err events_last(struct store_txn *txn, uint64_t *ret_seq)
{
    return end_of_log(txn, true, ret_seq);
}

enum err events_last_of_cid(struct store_txn *txn, const struct uuid *cid, uint64_t *ret_seq)
{
    struct store_cursor cursor;
    struct span key, value;
    struct key end = key_of_uuid(cid);
    key_u64(&end, UINT64_MAX);
    enum err err = store_cursor_open(txn, TABLE_CIDS, &cursor);
    if (err)
        return err;
    err = store_cursor_before(&cursor, key_span(&end), &key, &value);
    store_cursor_close(&cursor);
    if (!err && !span_starts(key, uuid_span(cid)))
        err = ERR_NOTFOUND;
    if (!err)
        *ret_seq = key_tail_u64(key);
    return err;
}

enum err events_next_of_cid(struct store_txn *txn, const struct uuid *cid, uint64_t *seq)
{
    struct store_cursor cursor;
    struct span key, value;
    struct key from = key_of_uuid(cid);
    key_u64(&from, *seq + 1);
    enum err err = store_cursor_open(txn, TABLE_CIDS, &cursor);
    if (err)
        return err;
    err = store_cursor_seek(&cursor, key_span(&from), &key, &value);
    store_cursor_close(&cursor);
    if (!err && !span_starts(key, uuid_span(cid)))
        err = ERR_NOTFOUND;
    if (!err)
        *seq = key_tail_u64(key);
    return err;
}

/* From one cid to the one before it, however many events it has. */
enum err events_newest_cids(struct store_txn *txn, size_t most,
    bool (*visit)(const struct uuid *cid, void *context), void *context)
{
    struct store_cursor cursor;
    struct span key, value;
    enum err err = store_cursor_open(txn, TABLE_CIDS, &cursor);
    if (err)
        return err;
    err = store_cursor_last(&cursor, &key, &value);
    for (size_t i = 0; !err && i < most; i++) {
        struct uuid cid;
        if (key.len < sizeof cid.bytes)
            break; /* damaged */
        memcpy(cid.bytes, key.data, sizeof cid.bytes);
        if (!visit(&cid, context))
            break;
        err = store_cursor_before(&cursor, uuid_span(&cid), &key, &value);
    }
    store_cursor_close(&cursor);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

/* From the newest back, to the first that has noted a count; events of old have not. */
enum err events_count_of_cid(
    struct store_txn *txn, const struct uuid *cid, uint64_t most, uint64_t *ret_count)
{
    struct store_cursor cursor;
    struct span key, value;
    struct key end = key_of_uuid(cid);
    uint64_t count = 0;
    bool noted = false;
    key_u64(&end, UINT64_MAX);
    enum err err = store_cursor_open(txn, TABLE_CIDS, &cursor);
    if (err)
        return err;
    err = store_cursor_before(&cursor, key_span(&end), &key, &value);
    while (!err && span_starts(key, uuid_span(cid)) && !noted && count < most) {
        noted = value.len > 0;
        count += noted ? key_tail_u64(value) : 1;
        err = store_cursor_prev(&cursor, &key, &value);
    }
    store_cursor_close(&cursor);
    *ret_count = count;
    return !count && (!err || err == ERR_NOTFOUND) ? ERR_NOTFOUND
           : err == ERR_NOTFOUND                   ? ERR_OK
                                                   : err;
}

static void strip(struct event *event, bool all)
{
    event->data_kind = EVENT_DATA_GONE;
    event->data = event->headers = event->query = SPAN_NONE;
    if (all) {
        event->id = event->time = event->subject = event->datacontenttype = SPAN_NONE;
        event->dataschema = event->extensions = event->address = SPAN_NONE;
    }
}

enum err events_strip(struct store_txn *txn, uint64_t seq, bool all, uint64_t *bytes)
{
    struct key key = key_of_seq(seq);
    struct span before;
    struct event event;
    enum err err = events_record(txn, seq, &before);
    if (!err)
        err = event_decode(before, &event);
    if (err)
        return err;
    struct buf after = BUF_INIT;
    bool holds = event.data.len || event.headers.len || event.query.len;
    strip(&event, all);
    event_encode(&event, &after);
    *bytes += before.len > after.len ? before.len - after.len : 0;
    if (holds || all)
        err = store_put(txn, TABLE_EVENTS, key_span(&key), buf_span(&after));
    buf_done(&after);
    return err;
}

enum err events_delete(struct store_txn *txn, uint64_t seq, uint64_t *bytes)
{
    struct key key = key_of_seq(seq);
    struct event event;
    struct span record;
    enum err err = events_record(txn, seq, &record);
    if (!err)
        err = event_decode(record, &event);
    if (err)
        return err;
    struct key cid = key_of_uuid(&event.cid);
    key_u64(&cid, seq);
    *bytes += record.len;
    err = store_del(txn, TABLE_EVENTS, key_span(&key));
    return err ? err : store_del(txn, TABLE_CIDS, key_span(&cid));
}

enum err events_cursor(struct store_txn *txn, uint64_t *ret_seq)
{
    return store_counter(txn, CURSOR, ret_seq);
}

enum err events_set_cursor(struct store_txn *txn, uint64_t seq)
{
    return store_set_counter(txn, CURSOR, seq);
}
