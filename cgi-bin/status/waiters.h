#ifndef STATUS_WAITERS_H
#define STATUS_WAITERS_H
/*
 * waiters - requests that wait until the store has what they ask for. None takes a thread: the
 * thread of the first one watches for all of them, and of clients that leave.
 *
 * There are so many places (waits of [web] in fx.conf). One more takes the place of another,
 * which is then answered as it is: of the sender that has most of them, the one that has waited
 * longest. So who has few keeps them, however many others ask for.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "web/request.h"

struct waiter {
    struct request *request;

    /*
     * Looks at the store, and says in `seen` which commit that was. Answers the request where
     * there is what it asks for, or where this is the last look: true, and the waiter is gone.
     */
    bool (*look)(struct waiter *waiter, bool last);
    uint64_t seen;

    /* May there be something new besides a commit? Asked often. NULL: there is nothing else. */
    bool (*has_news)(const struct waiter *waiter);
    int64_t until_ms; /* when the last look is due, by clock_mono_ms */

    /* For this module alone. */
    struct uuid sender;
    TAILQ_ENTRY(waiter) entry;
};

/* Reads ?wait=, 0 where it is not given. False when the request was answered. */
bool waiters_read(struct request *request, int64_t *ret_wait_ms);

/* Has a request wait that was looked at. It may be answered before this returns. */
void waiters_add(struct waiter *waiter);

#endif
