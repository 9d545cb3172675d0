/* routing - see routing.h. */
#include "store/routing.h"

#define CHANGES "trigger_changes"

enum err routing_note_change(struct store_txn *txn)
{
    uint64_t changes;
    return store_next(txn, CHANGES, &changes);
}

enum err routing_changes(struct store_txn *txn, uint64_t *ret_changes)
{
    return store_counter(txn, CHANGES, ret_changes);
}
