/* definition - see definition.h. */
#include "model/definition.h"

#include "base/json.h"
#include "model/name.h"

static enum err read_id(const struct json_item *item, struct definition *d, struct buf *ret_why)
{
    if (item->type == JSON_STRING)
        json_unescape(item->value, &d->id);
    if (name_is_pipeline_id(buf_span(&d->id)))
        return ERR_OK;
    buf_add_str(ret_why, "id: must be a string of 1 to 64 characters of A-Z a-z 0-9 . _ -, "
                         "beginning with a letter or digit.");
    return ERR_INVALID;
}

static enum err check_name(struct span fixed, const struct definition *d, struct buf *ret_why)
{
    if (!fixed.len || span_eq(fixed, buf_span(&d->name)))
        return ERR_OK;
    buf_add_str(ret_why, "name: a pipeline keeps its name; create another one instead.");
    return ERR_INVALID;
}

enum err definition_read(
    struct span body, struct span name, struct definition *ret_definition, struct buf *ret_why)
{
    struct definition *d = ret_definition;
    *d = DEFINITION_INIT;
    if (json_type_of(body) != JSON_OBJECT) {
        buf_add_str(ret_why, "The body must be an object with name, steps and options.");
        return ERR_INVALID;
    }
    struct json_out out = json_out_to(&d->text);
    struct json_walk walk = json_walk_start(body);
    bool named = false;
    json_open(&out, '{');
    for (struct json_item item; json_walk_next(&walk, &item);) {
        if (json_name_is(item.name, "id")) {
            enum err err = read_id(&item, d, ret_why);
            if (err)
                return err;
            continue;
        }
        /* Unknown members are kept as well, so that pipeline_parse finds and names them. */
        if (json_name_is(item.name, "name"))
            named = true;
        if (out.comma)
            buf_add_char(&d->text, ',');
        buf_add_char(&d->text, '"');
        buf_add_span(&d->text, item.name);
        buf_add_str(&d->text, "\":");
        buf_add_span(&d->text, item.value);
        out.comma = true;
    }
    if (!named && name.len)
        json_put_text(&out, "name", name);
    json_close(&out, '}');
    enum err err = pipeline_parse(buf_span(&d->text), &d->pipeline, ret_why);
    if (!err)
        err = pipeline_check_bounds(d->pipeline, ret_why);
    if (!err) {
        buf_add_str(&d->name, d->pipeline->name);
        err = check_name(name, d, ret_why);
    }
    return err;
}

void definition_done(struct definition *definition)
{
    buf_done(&definition->id);
    buf_done(&definition->name);
    buf_done(&definition->text);
    pipeline_free(definition->pipeline);
    definition->pipeline = NULL;
}
