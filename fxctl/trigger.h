#ifndef FXCTL_TRIGGER_H
#define FXCTL_TRIGGER_H
/*
 * trigger - the started triggers, as `trigger status` and `status` show them.
 */
#include "base/json.h"
#include "fxctl/fxctl.h"
#include "fxctl/table.h"

/* How a list of triggers is shown. */
extern const struct column trigger_columns[];

/* Writes an array of all started triggers, each as view/trigger.h has it. */
enum err trigger_list(
    struct store_txn *txn, const struct home *home, struct json_out *out) MUST_CHECK;

#endif
