#ifndef OPS_COUNTED_H
#define OPS_COUNTED_H
/*
 * counted - metrics of what the store has counted since the home was made (store/counts.h): of
 * everything, and of up to 500 topics and pipelines by name.
 */
#include "base/err.h"
#include "cgi-bin/ops/exposition.h"
#include "store/store.h"

enum err counted_print(struct store_txn *txn, struct exposition *e) MUST_CHECK;

#endif
