#ifndef VIEW_PIPELINE_H
#define VIEW_PIPELINE_H
/*
 * pipeline - a pipeline as clients see it, and what a definition must meet in this home.
 */
#include "base/json.h"
#include "home/home.h"
#include "store/pipelines.h"

/*
 * Writes {"id", "name", "version", "is_latest", "created", "last_modified", "steps",
 * "options"}. Steps and options have the bytes that were sent, but for secrets, which are names.
 * Version 0 is the latest. ERR_NOTFOUND.
 */
enum err pipeline_print(struct store_txn *txn, struct span id, uint32_t version,
    struct json_out *out, uint32_t *ret_version) MUST_CHECK;

/*
 * Can the pipeline run in this home: is every script that it names there and executable, and
 * every variable that it sets open? If not, ERR_INVALID or ERR_DENIED, and a sentence in
 * ret_why that names the field.
 */
enum err pipeline_check_home(
    const struct home *home, const struct pipeline *pipeline, struct buf *ret_why) MUST_CHECK;

#endif
