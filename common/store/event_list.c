/* event_list - see event_list.h. */
#include "store/event_list.h"

#include "base/clock.h"
#include "store/events.h"
#include "store/key.h"

#define LOOKS_A_CLOCK 64 /* records between two looks at the clock */

static bool fits_text(struct span wanted, struct span text)
{
    if (!wanted.len || wanted.data[wanted.len - 1] != '*')
        return !wanted.len || span_eq(wanted, text);
    return span_starts(text, span_of(wanted.data, wanted.len - 1));
}

bool event_list_fits(const struct event_query *query, const struct event *event)
{
    return fits_text(query->type, event->type) && fits_text(query->source, event->source) &&
           fits_text(query->topic, event_topic(event)) &&
           (!query->door || query->door == event->door) &&
           (uuid_is_none(&query->credential) || uuid_eq(&query->credential, &event->credential)) &&
           (!query->since_ms || event->accepted_ms >= query->since_ms) &&
           (!query->until_ms || event->accepted_ms < query->until_ms);
}

/*
 * Halves (low, high] until it has the first event that was accepted at `ms` or later; `high` + 1
 * where there is none. Where times do not rise, it may be a later one than the first.
 */
static enum err find_time(
    struct store_txn *txn, uint64_t low, uint64_t high, int64_t ms, uint64_t *ret_seq)
{
    enum err err = ERR_OK;
    high++;
    while (!err && low + 1 < high) {
        uint64_t middle = low + (high - low) / 2;
        struct event event;
        err = events_get(txn, middle, &event);
        if (!err && event.accepted_ms >= ms)
            high = middle;
        else
            low = middle;
    }
    *ret_seq = high;
    return err == ERR_NOTFOUND ? ERR_CORRUPT : err; /* the log has no gaps */
}

/* The events to look at, [first, end): what is asked for is nowhere else. */
static enum err find_stretch(
    struct store_txn *txn, const struct event_query *query, uint64_t *ret_first, uint64_t *ret_end)
{
    uint64_t first, last, since = 0, until = UINT64_MAX;
    enum err err = events_first(txn, &first);
    if (!err)
        err = events_last(txn, &last);
    if (!err && first && query->since_ms)
        err = find_time(txn, first - 1, last, query->since_ms - EVENT_LIST_SET_BACK_MS, &since);
    if (!err && first && query->until_ms)
        err = find_time(txn, first - 1, last, query->until_ms + EVENT_LIST_SET_BACK_MS, &until);
    if (err)
        return err;
    *ret_first = since > first ? since : first;
    *ret_end = until < last + 1 ? until : last + 1;
    if (query->before && query->before < *ret_end)
        *ret_end = query->before;
    return ERR_OK;
}

struct looking {
    const struct event_query *query;
    size_t looked, found;
    int64_t until_ms; /* of the monotonic clock */
};

/* Is the page over, though it has room? */
static bool is_spent(struct looking *looking)
{
    looking->looked++;
    return looking->looked == EVENT_LIST_LOOKED_MAX ||
           (looking->looked % LOOKS_A_CLOCK == 0 && clock_mono_ms() >= looking->until_ms);
}

/* Looks at one event. False ends the page with it. */
static bool look(
    struct looking *looking, const struct event *event, event_list_visit *visit, void *context)
{
    const struct event_query *query = looking->query;
    bool fits = event_list_fits(query, event), goes_on = !fits || visit(event, context);
    looking->found += fits;
    return goes_on && !(query->limit && looking->found == query->limit) && !is_spent(looking);
}

enum err event_list(struct store_txn *txn, const struct event_query *query, event_list_visit *visit,
    void *context, struct event_list_end *ret_end)
{
    struct looking looking = {query, .until_ms = clock_mono_ms() + EVENT_LIST_LOOK_MS};
    struct store_cursor cursor;
    struct span key, value;
    uint64_t first, end;
    *ret_end = (struct event_list_end){0};
    enum err err = find_stretch(txn, query, &first, &end);
    if (!err)
        err = store_cursor_open(txn, TABLE_EVENTS, &cursor);
    if (err)
        return err;
    struct key from = key_of_seq(end);
    err = store_cursor_before(&cursor, key_span(&from), &key, &value);
    while (!err && key_tail_u64(key) >= first) {
        struct event event;
        err = event_decode(value, &event);
        if (err)
            break;
        ret_end->looked_back_ms = event.accepted_ms;
        if (!look(&looking, &event, visit, context)) {
            ret_end->next = event.seq > first ? event.seq : 0;
            break;
        }
        err = store_cursor_prev(&cursor, &key, &value);
    }
    store_cursor_close(&cursor);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}
