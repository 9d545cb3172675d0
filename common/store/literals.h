#ifndef STORE_LITERALS_H
#define STORE_LITERALS_H
/*
 * literals - what a definition that comes in says of secrets: the names it refers to must be
 * known, and what it says in the clear becomes step secrets that are its pipeline's own.
 */
#include "home/home.h"
#include "model/definition.h"
#include "store/store.h"

/*
 * Puts the definition as it is to be kept, without a secret, into ret_text; within the mutation
 * that stores it. ERR_INVALID with a sentence in ret_why: it refers to a step secret that is not
 * there, or to too many. Other errors as keyring_seal.
 */
enum err literals_take_out(struct store_txn *txn, const struct home *home, struct span pipeline_id,
    const struct definition *definition, int64_t now_ms, struct buf *ret_text,
    struct buf *ret_why) MUST_CHECK;

/*
 * Appends the same for the text of a definition that is kept already. Its references are not
 * looked at.
 */
enum err literals_take_out_of(struct store_txn *txn, const struct home *home,
    struct span pipeline_id, struct span text, int64_t now_ms, struct buf *ret_text) MUST_CHECK;

#endif
