/* counts - see counts.h. */
#include "store/counts.h"

#include <stdlib.h>
#include <string.h>

#include "base/buckets.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/pack.h"

#define COUNTS_RECORD 1 /* version of the stored form; schema/store.md says how to change it */

#define MINUTE_MS 60000
#define MINUTES_KEPT (48 * 60)
#define HOURS_KEPT (400 * 24)
#define FORGOTTEN_AT_ONCE 4 /* old records that each new one takes away */

/* What is counted of one name in one minute. */
struct counts_entry {
    enum counts_kind kind;
    uint32_t minute;
    struct counts counts;
    struct counts_entry *next;
    size_t len;
    uint8_t name[];
};

/* Gathering. */

static size_t chain_of(enum counts_kind kind, struct span name, uint32_t minute)
{
    uint32_t hash = 2166136261u ^ (uint32_t)kind ^ minute << 3; /* FNV-1a */
    for (size_t i = 0; i < name.len; i++)
        hash = (hash ^ name.data[i]) * 16777619u;
    return (hash ^ hash >> 8 ^ hash >> 16) & 255;
}

static struct counts *counts_of(
    struct counts_tally *tally, enum counts_kind kind, struct span name, uint32_t minute)
{
    struct counts_entry **chain = &tally->chains[chain_of(kind, name, minute)];
    for (struct counts_entry *e = *chain; e; e = e->next)
        if (e->kind == kind && e->minute == minute && span_eq(span_of(e->name, e->len), name))
            return &e->counts;
    struct counts_entry *made = mem_alloc(sizeof *made + name.len);
    made->kind = kind;
    made->minute = minute;
    made->len = name.len;
    if (name.len)
        memcpy(made->name, name.data, name.len);
    made->next = *chain;
    *chain = made;
    return &made->counts;
}

void counts_forget(struct counts_tally *tally)
{
    for (size_t i = 0; i < sizeof tally->chains / sizeof tally->chains[0]; i++) {
        for (struct counts_entry *e = tally->chains[i], *next; e; e = next) {
            next = e->next;
            free(e);
        }
        tally->chains[i] = NULL;
    }
}

void counts_gather(struct store_txn *txn, struct counts_tally *tally)
{
    counts_forget(tally);
    store_txn_set_tally(txn, tally);
}

/* One thing that is counted: of everything, and of one name. */
struct counting {
    struct counts_tally *own; /* where the transaction gathers nothing */
    struct counts *counts[2];
};

static struct counting begin(
    struct store_txn *txn, enum counts_kind kind, struct span name, int64_t ms)
{
    struct counting counting = {.own = NULL};
    struct counts_tally *tally = store_txn_tally(txn);
    uint32_t minute = ms > 0 ? (uint32_t)(ms / MINUTE_MS) : 0;
    if (!tally)
        tally = counting.own = mem_alloc(sizeof *tally);
    counting.counts[0] = counts_of(tally, COUNTS_ALL, SPAN_NONE, minute);
    counting.counts[1] = counts_of(tally, kind, name, minute);
    return counting;
}

static enum err end(struct store_txn *txn, struct counting *counting)
{
    enum err err = ERR_OK;
    if (counting->own) {
        err = counts_store(txn, counting->own);
        counts_forget(counting->own);
        free(counting->own);
    }
    return err;
}

static void add(const struct counting *counting, size_t count, uint64_t amount)
{
    counting->counts[0]->n[count] += amount;
    counting->counts[1]->n[count] += amount;
}

static void raise_to(uint64_t *number, uint64_t value)
{
    if (*number < value)
        *number = value;
}

/* A time, into its sum and its bucket. */
static void add_time(
    const struct counting *counting, enum count sum, enum count buckets, int64_t us)
{
    uint64_t time = us > 0 ? (uint64_t)us : 0;
    add(counting, sum, time);
    add(counting, buckets + buckets_find(time, COUNTS_UNIT_US, COUNTS_BUCKETS), 1);
}

enum err counts_event(struct store_txn *txn, const struct event *event)
{
    struct counting counting = begin(txn, COUNTS_TOPIC, event_topic(event), event->accepted_ms);
    add(&counting, COUNT_ACCEPTED, 1);
    return end(txn, &counting);
}

static struct counting begin_now(struct store_txn *txn, const struct execution *execution)
{
    return begin(txn, COUNTS_PIPELINE, execution->pipeline_id, clock_wall_ms());
}

enum err counts_end(struct store_txn *txn, const struct execution *execution)
{
    struct counting counting = begin_now(txn, execution);
    add(&counting,
        execution->status == STATUS_COMPLETED ? COUNT_COMPLETED
        : execution->status == STATUS_SKIPPED ? COUNT_SKIPPED
                                              : COUNT_FAILED,
        1);
    return end(txn, &counting);
}

/*
 * When the execution's event was accepted. An accepted event has its cid since then; one that a
 * step has emitted is routed as soon as it is there.
 */
static int64_t accepted_ms(const struct execution *execution)
{
    bool emitted = !uuid_is_none(&execution->parent);
    return emitted ? execution->created_ms : uuid_ms(&execution->cid);
}

enum err counts_attempt(struct store_txn *txn, const struct execution *execution, bool again)
{
    struct counting counting = begin_now(txn, execution);
    uint64_t run_us = execution->duration_us > 0 ? (uint64_t)execution->duration_us : 0;
    if (execution->attempt == 1) {
        add(&counting, COUNT_STARTED, 1);
        add_time(&counting, COUNT_WAIT_US, COUNT_WAIT,
            (execution->started_ms - accepted_ms(execution)) * 1000);
    }
    add_time(&counting, COUNT_RUN_US, COUNT_RUN, execution->duration_us);
    raise_to(&counting.counts[0]->n[COUNT_RUN_MAX_US], run_us);
    raise_to(&counting.counts[1]->n[COUNT_RUN_MAX_US], run_us);
    add(&counting, COUNT_RETRIED, again);
    return end(txn, &counting);
}

/* Storing. */

static void add_key(struct buf *key, enum counts_step step, uint32_t bucket, enum counts_kind kind,
    struct span name)
{
    buf_clear(key);
    pack_u8(key, (uint8_t)step);
    pack_u32(key, bucket);
    pack_u8(key, (uint8_t)kind);
    buf_add_span(key, name);
}

/* Only numbers that are not 0 are written, and before them which these are. */
static void counts_encode(const struct counts *counts, struct buf *record)
{
    uint64_t there = 0;
    for (size_t i = 0; i < COUNT__MAX; i++)
        there |= (uint64_t)(counts->n[i] != 0) << i;
    pack_u8(record, COUNTS_RECORD);
    pack_u64(record, there);
    for (size_t i = 0; i < COUNT__MAX; i++)
        if (counts->n[i])
            pack_u64(record, counts->n[i]);
}

static enum err counts_decode(struct span record, struct counts *ret_counts)
{
    struct unpack u = unpack_from(record);
    if (unpack_u8(&u) != COUNTS_RECORD)
        return ERR_CORRUPT;
    uint64_t there = unpack_u64(&u);
    for (size_t i = 0; i < COUNT__MAX; i++)
        ret_counts->n[i] = there >> i & 1 ? unpack_u64(&u) : 0;
    return unpack_done(&u) && !(there >> COUNT__MAX) ? ERR_OK : ERR_CORRUPT;
}

static void merge(struct counts *to, const struct counts *from)
{
    uint64_t longest = to->n[COUNT_RUN_MAX_US];
    for (size_t i = 0; i < COUNT__MAX; i++)
        to->n[i] += from->n[i];
    to->n[COUNT_RUN_MAX_US] = longest;
    raise_to(&to->n[COUNT_RUN_MAX_US], from->n[COUNT_RUN_MAX_US]);
}

/* Takes away some of the records of a step that are older than what is kept. */
static enum err forget_old(struct store_txn *txn, enum counts_step step, uint32_t before)
{
    struct store_cursor cursor;
    struct span key, value;
    struct buf from = BUF_INIT;
    enum err err = ERR_OK;
    add_key(&from, step, 0, 0, SPAN_NONE);
    for (size_t i = 0; !err && i < FORGOTTEN_AT_ONCE; i++) {
        err = store_cursor_open(txn, TABLE_COUNTS, &cursor);
        if (err)
            break;
        err = store_cursor_seek(&cursor, buf_span(&from), &key, &value);
        store_cursor_close(&cursor);
        struct unpack u = unpack_from(err ? SPAN_NONE : key);
        if (!err && (unpack_u8(&u) != step || unpack_u32(&u) >= before))
            err = ERR_NOTFOUND;
        if (!err) {
            buf_clear(&from); /* a key dies with the change */
            buf_add_span(&from, key);
            err = store_del(txn, TABLE_COUNTS, buf_span(&from));
        }
    }
    buf_done(&from);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

static enum err forget_old_of(struct store_txn *txn, enum counts_step step)
{
    uint32_t now = (uint32_t)(clock_wall_ms() / MINUTE_MS);
    if (step == COUNTS_MINUTE)
        return now > MINUTES_KEPT ? forget_old(txn, step, now - MINUTES_KEPT) : ERR_OK;
    return now / 60 > HOURS_KEPT ? forget_old(txn, step, now / 60 - HOURS_KEPT) : ERR_OK;
}

static uint32_t bucket_of(enum counts_step step, uint32_t minute)
{
    return step == COUNTS_TOTAL ? 0 : step == COUNTS_MINUTE ? minute : minute / 60;
}

/* Adds to one record. A damaged one, which is nobody's work, begins anew. */
static enum err store_step(struct store_txn *txn, enum counts_step step,
    const struct counts_entry *entry, struct span name)
{
    struct buf key = BUF_INIT, record = BUF_INIT;
    struct counts counts = {{0}};
    struct span value;
    add_key(&key, step, bucket_of(step, entry->minute), entry->kind, name);
    enum err err = store_get(txn, TABLE_COUNTS, buf_span(&key), &value);
    bool fresh = err == ERR_NOTFOUND;
    if (!err && counts_decode(value, &counts)) {
        log_warn("a record of counts is damaged; it begins anew");
        counts = (struct counts){{0}};
    }
    merge(&counts, &entry->counts);
    counts_encode(&counts, &record);
    if (!err || fresh)
        err = store_put(txn, TABLE_COUNTS, buf_span(&key), buf_span(&record));
    buf_done(&key);
    buf_done(&record);
    return !err && fresh && step != COUNTS_TOTAL ? forget_old_of(txn, step) : err;
}

/* Is the name one that is counted? A new one becomes one where there are not too many of a kind. */
static enum err admit(struct store_txn *txn, const struct counts_entry *entry, bool *ret_known)
{
    static const char *const counters[COUNTS_KIND__MAX] = {
        [COUNTS_TOPIC] = "counted_topics", [COUNTS_PIPELINE] = "counted_pipelines"};
    struct buf key = BUF_INIT;
    struct span value;
    uint64_t names = 0;
    *ret_known = true;
    if (entry->kind == COUNTS_ALL)
        return ERR_OK;
    add_key(&key, COUNTS_TOTAL, 0, entry->kind, span_of(entry->name, entry->len));
    enum err err = store_get(txn, TABLE_COUNTS, buf_span(&key), &value);
    buf_done(&key);
    if (err != ERR_NOTFOUND)
        return err;
    err = store_counter(txn, counters[entry->kind], &names);
    *ret_known = names < COUNTS_NAMES_MAX;
    return err || !*ret_known ? err : store_set_counter(txn, counters[entry->kind], names + 1);
}

static enum err store_entry(struct store_txn *txn, const struct counts_entry *entry)
{
    bool known;
    enum err err = admit(txn, entry, &known);
    struct span name = known ? span_of(entry->name, entry->len) : SPAN_NONE;
    for (enum counts_step step = 0; !err && step < COUNTS_STEP__MAX; step++)
        err = store_step(txn, step, entry, name);
    return err;
}

enum err counts_store(struct store_txn *txn, const struct counts_tally *tally)
{
    enum err err = ERR_OK;
    for (size_t i = 0; !err && i < sizeof tally->chains / sizeof tally->chains[0]; i++)
        for (const struct counts_entry *e = tally->chains[i]; !err && e; e = e->next)
            err = store_entry(txn, e);
    return err;
}

/* Reading. */

/* Reads a row. False where it is beyond the last one; damaged ones are passed over. */
static bool read_row(struct span key, struct span value, enum counts_step step, uint32_t to,
    struct counts_row *row, bool *ret_good)
{
    struct unpack u = unpack_from(key);
    bool same = unpack_u8(&u) == step;
    row->bucket = unpack_u32(&u);
    row->kind = unpack_u8(&u);
    row->name = u.rest;
    *ret_good = !u.bad && row->kind < COUNTS_KIND__MAX && !counts_decode(value, &row->counts);
    return same && row->bucket <= to;
}

enum err counts_each(struct store_txn *txn, enum counts_step step, uint32_t from, uint32_t to,
    void (*visit)(const struct counts_row *row, void *context), void *context)
{
    struct store_cursor cursor;
    struct span key, value;
    struct counts_row row;
    struct buf start = BUF_INIT;
    bool good;
    enum err err = store_cursor_open(txn, TABLE_COUNTS, &cursor);
    if (err)
        return err;
    add_key(&start, step, from, 0, SPAN_NONE);
    err = store_cursor_seek(&cursor, buf_span(&start), &key, &value);
    while (!err && read_row(key, value, step, to, &row, &good)) {
        if (good)
            visit(&row, context);
        err = store_cursor_next(&cursor, &key, &value);
    }
    store_cursor_close(&cursor);
    buf_done(&start);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}
