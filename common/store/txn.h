#ifndef STORE_TXN_H
#define STORE_TXN_H
/*
 * txn - write transactions. Read transactions are in store.h.
 */
#include "store/store.h"

enum err txn_begin(struct store *store, struct store_txn **ret_txn) MUST_CHECK;
/* Both end the transaction. *ret_full: a larger map may help. */
enum err txn_commit(struct store_txn *txn, bool *ret_full) MUST_CHECK;
void txn_abort(struct store_txn *txn);

#endif
