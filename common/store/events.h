#ifndef STORE_EVENTS_H
#define STORE_EVENTS_H
/*
 * events - the event log and its index by correlation id.
 *
 * The log is numbered from 1 without gaps; a number is never used again. All
 * events that follow from one another share a cid.
 */
#include "model/event.h"
#include "store/store.h"

/* Appends the event to the log, and sets event->seq. */
enum err events_append(struct store_txn *txn, struct event *event) MUST_CHECK;

/* An event, and its stored form as event_decode reads it. Both borrow from the transaction. */
enum err events_get(struct store_txn *txn, uint64_t seq, struct event *ret_event) MUST_CHECK;
enum err events_record(struct store_txn *txn, uint64_t seq, struct span *ret_record) MUST_CHECK;

/* The numbers of the oldest and the newest event that is kept; 0 when none is. */
enum err events_first(struct store_txn *txn, uint64_t *ret_seq) MUST_CHECK;
enum err events_last(struct store_txn *txn, uint64_t *ret_seq) MUST_CHECK;

/* The newest event of a cid. ERR_NOTFOUND when the cid was never issued. */
enum err events_last_of_cid(
    struct store_txn *txn, const struct uuid *cid, uint64_t *ret_seq) MUST_CHECK;

/* The cid's next event after *seq (0: the first). ERR_NOTFOUND when no other follows. */
enum err events_next_of_cid(
    struct store_txn *txn, const struct uuid *cid, uint64_t *seq) MUST_CHECK;

/* Visits the newest cids, so many of them at most, newest first, until visit says false. */
enum err events_newest_cids(struct store_txn *txn, size_t most,
    bool (*visit)(const struct uuid *cid, void *context), void *context) MUST_CHECK;

/*
 * How many events a cid has, without those that the bridge tells (DOOR_FX); counting ends at
 * `most`. ERR_NOTFOUND when it was never issued.
 */
enum err events_count_of_cid(
    struct store_txn *txn, const struct uuid *cid, uint64_t most, uint64_t *ret_count) MUST_CHECK;

/*
 * Takes the payload of an event away, and what is kept of its request; what is left says that it
 * is gone. With `all` so goes whatever its sender has said of it but source, type and topic.
 * *bytes grows by what that was.
 */
enum err events_strip(struct store_txn *txn, uint64_t seq, bool all, uint64_t *bytes) MUST_CHECK;

/* Deletes an event, which is the oldest. */
enum err events_delete(struct store_txn *txn, uint64_t seq, uint64_t *bytes) MUST_CHECK;

/* The last event that has been routed, whose executions exist. */
enum err events_cursor(struct store_txn *txn, uint64_t *ret_seq) MUST_CHECK;
enum err events_set_cursor(struct store_txn *txn, uint64_t seq) MUST_CHECK;

#endif
