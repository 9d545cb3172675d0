#ifndef STORE_TICKS_H
#define STORE_TICKS_H
/*
 * ticks - how far the dispatcher has come with the schedules of triggers, each noted
 * under the trigger's queue.
 */
#include "store/store.h"

/* Times of the wall clock. */
struct tick {
    int64_t seen_ms; /* ticks up to this time have been taken or missed */
    int64_t due_ms;  /* the first tick after seen_ms */
};

enum err ticks_put(struct store_txn *txn, uint64_t queue, const struct tick *tick) MUST_CHECK;
enum err ticks_del(struct store_txn *txn, uint64_t queue) MUST_CHECK;
/* ERR_NOTFOUND: nothing is noted. */
enum err ticks_get(struct store_txn *txn, uint64_t queue, struct tick *ret_tick) MUST_CHECK;

#endif
