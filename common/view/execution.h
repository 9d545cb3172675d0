#ifndef VIEW_EXECUTION_H
#define VIEW_EXECUTION_H
/*
 * execution - an execution as clients see it (schema/execution-result.schema.json).
 */
#include "base/id.h"
#include "base/json.h"
#include "store/store.h"

/* Writes the whole ExecutionResult with its data, logs and attempts. ERR_NOTFOUND. */
enum err execution_print(
    struct store_txn *txn, const struct uuid *id, struct json_out *out) MUST_CHECK;

#endif
