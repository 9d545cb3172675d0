#ifndef STORE_SEAL_H
#define STORE_SEAL_H
/*
 * seal - sealing what is kept in the store, with the right key.
 *
 * Once a home has got another key (`fxctl rekey`), the store says which one seals: a program
 * that has read the key file before must not seal with a key that is about to go.
 */
#include "home/keyring.h"
#include "store/store.h"

/* Seals a secret, as keyring_seal, within a mutation whose result it becomes part of. */
enum err seal_secret(struct store_txn *txn, const struct home *home, struct span label,
    struct span secret, uint64_t *ret_key, struct buf *out) MUST_CHECK;

/* From here on the key of this id seals. */
enum err seal_set_key(struct store_txn *txn, uint64_t key) MUST_CHECK;

#endif
