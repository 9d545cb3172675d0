#ifndef STORE_WALK_H
#define STORE_WALK_H
/*
 * walk - goes through a table that is changed on the way, which no cursor outlives.
 */
#include "store/key.h"
#include "store/store.h"

/*
 * Moves on to the first key behind *key that begins with the prefix. ERR_NOTFOUND: there is none.
 * The prefix itself, which is no key, is where a walk begins. ERR_CORRUPT: the key is longer than
 * any of ours.
 */
enum err walk_next(struct store_txn *txn, enum store_table table, struct span prefix,
    struct key *key, struct span *ret_value) MUST_CHECK;

#endif
