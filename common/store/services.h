#ifndef STORE_SERVICES_H
#define STORE_SERVICES_H
/*
 * services - what the dispatcher reports of the event services, for others to show.
 */
#include "store/store.h"

/* What the dispatcher knows of the event service of a queue. */
struct service_report {
    uint64_t generation; /* of the trigger: the newest that the dispatcher has taken up */
    uint32_t instances, running;
    uint64_t pending;
};

enum err services_put(
    struct store_txn *txn, uint64_t queue, const struct service_report *service) MUST_CHECK;
enum err services_del(struct store_txn *txn, uint64_t queue) MUST_CHECK;
enum err services_clear(struct store_txn *txn) MUST_CHECK; /* removes all reports */
/* All zero where the dispatcher has reported nothing. */
enum err services_get(
    struct store_txn *txn, uint64_t queue, struct service_report *ret_service) MUST_CHECK;

#endif
