#ifndef VIEW_SCHEDULE_H
#define VIEW_SCHEDULE_H
/*
 * schedule - when a pipeline's schedule starts it next.
 */
#include "base/json.h"
#include "store/store.h"

#define SCHEDULE_TICKS 5 /* that are shown */

/*
 * Writes the members "schedule" and "next_ticks" for a version of a pipeline that has a
 * schedule, and nothing for another. The ticks are the next ones after the given time,
 * SCHEDULE_TICKS of them at most; model/cron.h says when there are fewer. `spent`, if not NULL,
 * grows by the bytes of definition that were read. ERR_NOTFOUND: no such version.
 */
enum err schedule_print(struct store_txn *txn, struct span pipeline_id, uint32_t version,
    int64_t after_ms, size_t *spent, struct json_out *out) MUST_CHECK;

#endif
