#ifndef STORE_PIPELINE_JSON_H
#define STORE_PIPELINE_JSON_H
/*
 * pipeline_json - a pipeline as clients see it (api.md, "Pipelines").
 */
#include "base/json.h"
#include "store/pipelines.h"

/*
 * Writes {"id", "name", "version", "is_latest", "created", "last_modified",
 * "steps", "options"}, the latter two with the bytes that were sent, but for the
 * secrets of HTTP steps, which are not shown. Version 0 is
 * the latest. ERR_NOTFOUND.
 */
enum err pipeline_print(struct store_txn *txn, struct span id, uint32_t version,
    struct json_out *out, uint32_t *ret_version) MUST_CHECK;

#endif
