#ifndef VIEW_CID_H
#define VIEW_CID_H
/*
 * cid - all that followed from one accepted event.
 */
#include "base/id.h"
#include "base/json.h"
#include "store/store.h"

/*
 * Writes the CIDResult (schema/cid-result.schema.json): every execution of the cid, also
 * those of emitted events, in the order of their creation. ERR_NOTFOUND when the cid was
 * never issued. *ret_settled: every event of the cid has been routed and every execution is
 * final, so that nothing more will come.
 */
enum err cid_print(struct store_txn *txn, const struct uuid *cid, struct json_out *out,
    bool *ret_settled) MUST_CHECK;

#endif
