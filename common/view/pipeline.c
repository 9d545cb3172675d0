/* pipeline - see pipeline.h. */
#include "view/pipeline.h"

#include <stdio.h>

#include "home/scripts.h"

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

enum err pipeline_check_home(
    const struct home *home, const struct pipeline *pipeline, struct buf *ret_why)
{
    for (size_t i = 0; i < pipeline->step_count; i++) {
        const struct step *step = &pipeline->steps[i];
        if (step->kind != STEP_SCRIPT || scripts_has(home, step->script))
            continue;
        buf_printf(ret_why,
            "steps[%zu].script: there is no executable \"%s\" in the home's scripts directory; put "
            "it there and make it executable first.",
            i, step->script);
        return ERR_INVALID;
    }
    return pipeline_check_env(pipeline, home->config.step_env_allow, ret_why);
}
