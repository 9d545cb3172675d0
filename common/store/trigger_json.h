#ifndef STORE_TRIGGER_JSON_H
#define STORE_TRIGGER_JSON_H
/*
 * trigger_json - the state of a trigger as clients see it (api.md, "Events API").
 */
#include "base/home.h"
#include "base/json.h"
#include "store/triggers.h"

/*
 * Writes {"ready", "pipeline_id", "service", "topic", "pipeline_version",
 * "generation", "instances", "pending", "running", "started"} for a started
 * trigger. Ready: the dispatcher has taken up this generation and lives.
 */
enum err trigger_print(struct store_txn *txn, const struct home *home,
    const struct trigger *trigger, struct json_out *out) MUST_CHECK;

#endif
