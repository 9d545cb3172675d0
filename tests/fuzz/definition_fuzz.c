/*
 * definition_fuzz - the body that makes a pipeline. What is accepted has a text to be stored that
 * is read the same when it is to run, and that has no secret in the clear.
 */
#include "tests/fuzz/fuzz.h"

#include "base/json.h"
#include "model/definition.h"
#include "model/literal.h"

static enum err name(struct span value, struct buf *ret_name, void *context)
{
    (void)value;
    ++*(int *)context;
    buf_add_str(ret_name, "own/0123456789abcdef");
    return ERR_OK;
}

/* The text to be stored is a definition again, and nothing in it is to be taken out. */
static void take_secrets_out(const struct definition *definition)
{
    struct buf text = BUF_INIT, again = BUF_INIT, why = BUF_INIT;
    struct pipeline *pipeline = NULL;
    int first = 0, second = 0;
    require(literal_replace(buf_span(&definition->text), name, &first, &text) == ERR_OK);
    require(literal_replace(buf_span(&text), name, &second, &again) == ERR_OK);
    require(second == 0 && span_eq(buf_span(&text), buf_span(&again)));
    require(pipeline_parse(buf_span(&text), &pipeline, &why) == ERR_OK);
    require(pipeline->step_count == definition->pipeline->step_count);
    require(!first || pipeline->has_secrets);
    for (size_t i = 0; i < pipeline->step_count; i++)
        require(!pipeline->steps[i].secret.text);
    pipeline_free(pipeline);
    buf_done(&text);
    buf_done(&again);
    buf_done(&why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span body = span_of(data, size);
    struct definition definition = DEFINITION_INIT;
    struct buf why = BUF_INIT;
    struct json_fault fault;
    if (json_check(body, JSON_DEPTH_DEFAULT, &fault)) {
        enum err err = definition_read(body, SPAN_NONE, &definition, &why);
        require(err == ERR_OK || err == ERR_INVALID);
        require((err == ERR_OK) == (why.len == 0));
        if (!err) {
            struct pipeline *again = NULL;
            require(pipeline_parse(buf_span(&definition.text), &again, &why) == ERR_OK);
            require(again->step_count == definition.pipeline->step_count);
            pipeline_free(again);
            take_secrets_out(&definition);
        }
    }
    definition_done(&definition);
    buf_done(&why);
    return 0;
}
