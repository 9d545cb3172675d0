/* pipeline_json - see pipeline_json.h. */
#include "store/pipeline_json.h"

#include <stdio.h>

enum err pipeline_print(struct store_txn *txn, struct span id, uint32_t version,
    struct json_out *out, uint32_t *ret_version)
{
    struct pipeline_info info;
    struct span definition;
    struct json_item steps, options;
    int64_t modified_ms;
    char number[16];
    enum err err = pipelines_get(txn, id, &info);
    if (!err)
        err = pipelines_version(txn, id, version, &version, &modified_ms, &definition);
    if (err)
        return err;
    if (!json_find(definition, "steps", &steps))
        return ERR_CORRUPT;
    if (!json_find(definition, "options", &options))
        options.value = span_str("{}");
    snprintf(number, sizeof number, "%u", version);
    json_open(out, '{');
    json_put_text(out, "id", info.id);
    json_put_text(out, "name", info.name);
    json_put_str(out, "version", number);
    json_put_bool(out, "is_latest", version == info.version);
    json_key(out, "created");
    json_time(out, info.created_ms);
    json_key(out, "last_modified");
    json_time(out, modified_ms);
    json_put_raw(out, "steps", steps.value);
    json_put_raw(out, "options", options.value);
    json_close(out, '}');
    *ret_version = version;
    return ERR_OK;
}
