#ifndef VIEW_CID_H
#define VIEW_CID_H
/*
 * cid - all that followed from one accepted event.
 */
#include "base/id.h"
#include "base/json.h"
#include "store/store.h"
#include "view/page.h"

/*
 * Has every event of the cid been routed and is every execution final, so that nothing more
 * will come? *look carries from one look to the next how far all are final, so that a look
 * costs little while nothing has changed; UUID_NONE before the first. ERR_NOTFOUND when the cid
 * was never issued.
 */
enum err cid_is_settled(
    struct store_txn *txn, const struct uuid *cid, struct uuid *look, bool *ret_settled) MUST_CHECK;

/*
 * Writes the CIDResult (schema/cid-result.schema.json): cid_begin, cid_page for one page or more,
 * cid_end. It has the executions of the cid, also those of emitted events, in the order of their
 * creation. A page begins behind `after` (UUID_NONE: with the first). *ret_next is the `after` of
 * the next page, or UUID_NONE when none follows. ERR_NOTFOUND when the cid was never issued.
 */
void cid_begin(const struct uuid *cid, struct json_out *out);
enum err cid_page(struct store_txn *txn, const struct uuid *cid, const struct uuid *after,
    struct page *page, struct json_out *out, struct uuid *ret_next) MUST_CHECK;
void cid_end(const struct uuid *next, struct json_out *out);

#endif
