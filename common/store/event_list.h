#ifndef STORE_EVENT_LIST_H
#define STORE_EVENT_LIST_H
/*
 * event_list - events of the log that fit what is asked for, newest first.
 *
 * Nothing of the log is indexed but its numbers. Events are gone through by them, so many a page
 * and for so long, whatever fits; a stretch of time is found by halving, since accepted_ms rises
 * with seq.
 */
#include "model/event.h"
#include "store/store.h"

#define EVENT_LIST_LIMIT_DEFAULT 100
#define EVENT_LIST_LIMIT_MAX 1000
#define EVENT_LIST_LOOKED_MAX 10000 /* records that a page looks at … */
#define EVENT_LIST_LOOK_MS 100      /* … and for how long, so that its cost is bounded */

/* By how much the clock may have been set back, and a stretch of time is still found whole. */
#define EVENT_LIST_SET_BACK_MS (10 * 60 * 1000)

/* What to list. Zero stands for "any" throughout. A text may end in "*", for any ending. */
struct event_query {
    struct span type, source, topic;
    struct uuid credential;
    enum event_door door;
    int64_t since_ms, until_ms; /* accepted at or after, accepted before */
    uint64_t before;            /* the `next` of the page before: older events are listed */
    size_t limit;
};

/* Where a page ended. */
struct event_list_end {
    uint64_t next;          /* the `before` of the next page; 0: no page follows */
    int64_t looked_back_ms; /* when the oldest that was looked at was accepted; 0: there was none */
};

/* Called with an event, which borrows from the transaction. False ends the page with it. */
typedef bool event_list_visit(const struct event *event, void *context);

/*
 * A page that is short, or empty, need not be the last. New events come before the first page
 * only.
 */
enum err event_list(struct store_txn *txn, const struct event_query *query, event_list_visit *visit,
    void *context, struct event_list_end *ret_end) MUST_CHECK;

/* Does the event fit what is asked for, apart from `before` and `limit`? */
bool event_list_fits(const struct event_query *query, const struct event *event);

#endif
