#ifndef VIEW_EXPLAIN_H
#define VIEW_EXPLAIN_H
/*
 * explain - for an event: which triggers were considered, which matched, which
 * did not and why, and what became of those that did.
 */
#include "base/id.h"
#include "base/json.h"
#include "store/store.h"
#include "view/page.h"

#define EXPLAIN_EVENTS_MAX 1000    /* a loop of emits would make the reply endless */
#define EXPLAIN_TRIGGERS_MAX 20000 /* of all events together; one event's stay together */
#define EXPLAIN_STEPS_MAX 10000000 /* of filters; a byte that is read for them counts as one */

/*
 * Writes {"cid", "events": [{"seq", "type", "topic", "source", "accepted",
 * "routed", "triggers": [{"pipeline_id", "service", "pipeline_version", "topic",
 * "generation", "matched", "why", "execution_id", "status"}]}], "more"} for the events of
 * the cid, in log order; "more" says that more events follow, or triggers of the last one, for
 * which the page has no room. Once the steps are spent, the filters of other triggers are not
 * judged, and "why" says so. An event is judged by the triggers of its time (considered.h);
 * "generation" is null where a pipeline of its topic has none started. ERR_NOTFOUND when the
 * cid was never issued.
 */
enum err explain_print(struct store_txn *txn, const struct uuid *cid, struct page *page,
    struct json_out *out) MUST_CHECK;

#endif
