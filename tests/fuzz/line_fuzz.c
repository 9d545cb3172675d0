/*
 * line_fuzz - lines that a script writes on descriptor 3, and the answer of a persistent one.
 * What is saved stays one JSON object and what is emitted can be sent, within the bounds, whatever
 * was refused before.
 */
#include "tests/fuzz/fuzz.h"

#include "base/json.h"
#include "runner/answer.h"
#include "runner/lines.h"

/* What is saved and emitted is the script's own, as a payload is its sender's. */
static bool is_json(struct span text)
{
    struct json_fault fault;
    return json_check_by(text, JSON_DEPTH_DEFAULT, &json_foreign, &fault);
}

static void check_saved(const struct saved *saved, const struct config *config)
{
    struct frame_emit emit;
    size_t count = 0;
    require(!saved->data.len || is_json(buf_span(&saved->data)));
    require((int64_t)saved->data.len <= config->step_data_bytes);
    for (struct span emits = buf_span(&saved->emits); frame_emit_next(&emits, &emit); count++)
        require(is_json(emit.payload) && emit.event_type.len);
    require(count == saved->emit_count && (int64_t)count <= config->step_emits);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span rest = span_of(data, size);
    struct saved saved = {0};
    struct answer answer = {0};
    struct config config;
    config_defaults(&config);
    config.step_emits = 3;
    config.step_data_bytes = 64;
    while (rest.len) {
        struct span line = cut(&rest, '\n');
        buf_clear(&saved.why);
        require(lines_take(line, &config, &saved) == (saved.why.len == 0));
        buf_clear(&saved.why);
        require(answer_take(line, &config, &saved, &answer) == (saved.why.len == 0));
        buf_done(&answer.error);
        check_saved(&saved, &config);
    }
    saved_done(&saved);
    return 0;
}
