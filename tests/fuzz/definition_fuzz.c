/*
 * definition_fuzz - the body that makes a pipeline. What is accepted has a text to be stored that
 * is read the same when it is to run.
 */
#include "tests/fuzz/fuzz.h"

#include "base/json.h"
#include "model/definition.h"

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
        }
    }
    definition_done(&definition);
    buf_done(&why);
    return 0;
}
