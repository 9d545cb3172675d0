#ifndef STORE_EXPLAIN_H
#define STORE_EXPLAIN_H
/*
 * explain - for an event: which triggers were considered, which matched, which
 * did not and why, and what became of those that did.
 */
#include "base/id.h"
#include "base/json.h"
#include "store/store.h"

/*
 * Writes {"cid", "events": [{"seq", "type", "topic", "source", "accepted",
 * "routed", "triggers": [{"pipeline_id", "service", "pipeline_version", "topic",
 * "generation", "matched", "why", "execution_id", "status"}]}]} for all events of
 * the cid, in log order. Triggers that were deleted since are only seen in the
 * executions they made. ERR_NOTFOUND when the cid was never issued.
 */
enum err explain_print(
    struct store_txn *txn, const struct uuid *cid, struct json_out *out) MUST_CHECK;

#endif
