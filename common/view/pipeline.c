/* pipeline - see pipeline.h. */
#include "view/pipeline.h"

#include <stdio.h>
#include <stdlib.h>

#include "home/scripts.h"

/* Writes a member with its bytes as sent; the name is still escaped. */
static void put_member(struct json_out *out, const struct json_item *item)
{
    char *name = span_dup(item->name);
    json_put_raw(out, name, item->value);
    free(name);
}

/* Writes an object, with `own` in place of the member `name`. */
static void put_object(struct json_out *out, struct span object, const char *name,
    void (*own)(struct json_out *out, struct span value))
{
    struct json_walk walk = json_walk_start(object);
    json_open(out, '{');
    for (struct json_item item; json_walk_next(&walk, &item);) {
        if (!json_name_is(item.name, name)) {
            put_member(out, &item);
        } else {
            json_key(out, name);
            own(out, item.value);
        }
    }
    json_close(out, '}');
}

static void put_secret(struct json_out *out, struct span value)
{
    (void)value;
    json_str(out, SECRET_SHOWN);
}

static void put_http(struct json_out *out, struct span http)
{
    put_object(out, http, "secret", put_secret);
}

/* Writes the steps: anew where one has a secret, else with their bytes as sent. */
static void put_steps(struct json_out *out, struct span steps)
{
    struct json_walk walk = json_walk_start(steps);
    struct json_item http, secret;
    bool any = false;
    for (struct json_item step; json_walk_next(&walk, &step);)
        any |= json_find(step.value, "http", &http) && json_find(http.value, "secret", &secret);
    json_key(out, "steps");
    if (!any) {
        json_raw(out, steps);
        return;
    }
    walk = json_walk_start(steps);
    json_open(out, '[');
    for (struct json_item step; json_walk_next(&walk, &step);) {
        if (json_find(step.value, "http", &http))
            put_object(out, step.value, "http", put_http);
        else
            json_raw(out, step.value);
    }
    json_close(out, ']');
}

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
    put_steps(out, steps.value);
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
