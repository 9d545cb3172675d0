#ifndef VIEW_EXECUTION_H
#define VIEW_EXECUTION_H
/*
 * execution - an execution as clients see it (schema/execution-result.schema.json).
 */
#include "base/id.h"
#include "base/json.h"
#include "home/home.h"
#include "model/event.h"
#include "store/store.h"

/* Stands before the end of a log whose beginning a reply has no room for. */
#define EXECUTION_LOG_CUT "[the reply has no room for what comes before]\n"

/*
 * Writes the whole ExecutionResult with its data, logs and attempts. Of one that runs the steps and
 * logs are those of the attempt at hand, where a runner of the home tells of it (live.h); without a
 * home (NULL) those that the store has. Where the logs take more
 * than `log_bytes` as JSON, each step has an equal part of that, and of a longer log the end is
 * written, behind EXECUTION_LOG_CUT. ERR_NOTFOUND.
 */
enum err execution_print(struct store_txn *txn, const struct home *home, const struct uuid *id,
    size_t log_bytes, struct json_out *out) MUST_CHECK;

/*
 * The event that the execution was made for; its text borrows from the transaction. ERR_NOTFOUND
 * also where the event is not kept any more.
 */
enum err execution_event(
    struct store_txn *txn, const struct uuid *id, struct event *ret_event) MUST_CHECK;

/* Writes the ExecutionBrief (schema/execution-brief.schema.json). ERR_NOTFOUND. */
enum err execution_print_brief(
    struct store_txn *txn, const struct uuid *id, struct json_out *out) MUST_CHECK;

#endif
