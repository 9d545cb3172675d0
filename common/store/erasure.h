#ifndef STORE_ERASURE_H
#define STORE_ERASURE_H
/*
 * erasure - takes away for good what an event has brought, and all that came of it. What is left
 * says that there was something, and the audit who has erased it, and when.
 */
#include "base/id.h"
#include "store/store.h"

struct erasure {
    uint64_t events, executions; /* that something was taken of */
    const char *why;             /* it cannot be, a static sentence part */
};

/*
 * Erases the payloads of all events of the cid, what is kept of requests, and whatever else their
 * senders have said but source, type and topic; and of their executions data, logs and errors.
 * ERR_NOTFOUND, ERR_GONE; ERR_CONFLICT: one of them waits or runs.
 */
enum err erasure_erase(
    struct store_txn *txn, const struct uuid *cid, struct erasure *ret_erasure) MUST_CHECK;

#endif
