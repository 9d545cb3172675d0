/* lines_test - what a step may say on descriptor 3, what is made of it, and why not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "runner/lines.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define EMIT(members) "{\"emit\":{" members "}}"
#define GOOD_EMIT EMIT("\"event_type\":\"t\",\"payload\":1")

static struct config config;
static struct saved saved;

static int setup(void **state)
{
    (void)state;
    config_defaults(&config);
    memset(&saved, 0, sizeof saved);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    saved_done(&saved);
    return 0;
}

/* Lines of one execution, and what is saved in the end. */
static const struct {
    const char *lines[4];
    const char *data;
    const char *emits; /* "type|source|topic|payload;" for each */
} good_cases[] = {
    {{"{}"}, "", ""},
    {{"{\"save\":{}}"}, "{}", ""},
    {{"{\"save\":{\"a\":1}}"}, "{\"a\":1}", ""},
    {{" {\t\"save\" : { \"a\" : [1, 2] } } \r"}, "{\"a\":[1, 2]}", ""},
    {{"{\"save\":{\"a\":1}}", "{\"save\":{\"b\":2}}"}, "{\"a\":1,\"b\":2}", ""},
    {{"{\"save\":{\"a\":1,\"b\":2}}", "{\"save\":{\"a\":{\"x\":null}}}"},
        "{\"b\":2,\"a\":{\"x\":null}}", ""},
    {{"{\"save\":{\"a\":{\"x\":1}}}", "{\"save\":{\"a\":{\"y\":2}}}"}, /* by top-level name */
        "{\"a\":{\"y\":2}}", ""},
    {{"{\"save\":{\"a\":1}}", "{\"save\":{\"\\u0061\":2}}"}, "{\"\\u0061\":2}", ""},
    {{"{\"\\u0073ave\":{\"a\":1}}"}, "{\"a\":1}", ""},
    {{GOOD_EMIT}, "", "t|||1;"},
    {{EMIT(
         "\"payload\":{\"a\": [1]},\"topic\":\"o\",\"event_source\":\"/s\",\"event_type\":\"t\"")},
        "", "t|/s|o|{\"a\": [1]};"},
    {{EMIT("\"event_type\":\"\\u0074y\",\"payload\":null")}, "", "ty|||null;"},
    {{EMIT("\"event_type\":\"t\",\"payload\":\"\",\"event_source\":\"\",\"topic\":\"\"")}, "",
        "t|||\"\";"},
    {{EMIT("\"event_type\":\"a b\",\"topic\":\"o\",\"payload\":1")}, "", "a b||o|1;"},
    {{GOOD_EMIT, GOOD_EMIT}, "", "t|||1;t|||1;"},
    {{"{\"save\":{\"a\":1},\"emit\":{\"event_type\":\"t\",\"payload\":2}}"}, "{\"a\":1}", "t|||2;"},
    {{"{\"emit\":{\"event_type\":\"t\",\"payload\":2},\"save\":{\"a\":1}}", "{}"}, "{\"a\":1}",
        "t|||2;"},
    /* What a step was sent it may pass on. */
    {{"{\"emit\":{\"event_type\":\"t\",\"payload\":{\"a\":\"\\u0000\\ud800\",\"a\":1}}}"}, "",
        "t|||{\"a\":\"\\u0000\\ud800\",\"a\":1};"},
    {{"{\"save\":{\"a\":\"\\u0000\",\"b\":{\"c\":1,\"c\":\"\\udfff\"}}}"},
        "{\"a\":\"\\u0000\",\"b\":{\"c\":1,\"c\":\"\\udfff\"}}", ""},
};

static void check_saved(const char *data, const char *emits)
{
    struct buf text = BUF_INIT;
    struct span rest = buf_span(&saved.emits);
    size_t count = 0;
    for (struct frame_emit emit; frame_emit_next(&rest, &emit); count++) {
        buf_add_span(&text, emit.event_type);
        buf_add_char(&text, '|');
        buf_add_span(&text, emit.event_source);
        buf_add_char(&text, '|');
        buf_add_span(&text, emit.topic);
        buf_add_char(&text, '|');
        buf_add_span(&text, emit.payload);
        buf_add_char(&text, ';');
    }
    assert_string_equal(buf_text(&saved.data), data);
    assert_string_equal(buf_text(&text), emits);
    assert_int_equal(saved.emit_count, count);
    buf_done(&text);
}

static void good_lines_are_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(good_cases); i++) {
        size_t n = 0;
        memset(&saved, 0, sizeof saved);
        for (; n < 4 && good_cases[i].lines[n]; n++)
            if (!lines_take(span_str(good_cases[i].lines[n]), &config, &saved))
                fail_msg("%s: %s", good_cases[i].lines[n], buf_text(&saved.why));
        check_saved(good_cases[i].data, good_cases[i].emits);
        assert_int_equal(saved.lines, n);
        assert_int_equal(saved.why.len, 0);
        saved_done(&saved);
    }
}

#define A_249 \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
    "aaaa" \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
    "aaaa" \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define KNOWN "emit: only event_type, payload, event_source and topic are known"
#define STRINGS "emit: event_type, event_source and topic must be strings"
#define NEEDED "emit: event_type and payload are needed"

static const struct {
    const char *line, *why;
} bad_cases[] = {
    {"", "line 1 is not JSON: at byte 0, "},
    {" ", "line 1 is not JSON: at byte 1, "},
    {"hello", "line 1 is not JSON: at byte 0, "},
    {"{\"save\":{}", "line 1 is not JSON: at byte 10, "},
    {"{\"save\":{}} {}", "line 1 is not JSON: at byte 12, "},
    {"{\"save\":{},\"save\":{}}", "line 1 is not JSON: at byte "},
    {"{\"save\":{\"a\":1,\"a\":2}}", "line 1 is not JSON: at byte "},
    {"{\"save\":{\"a\":\"\xff\"}}", "line 1 is not JSON: at byte "},
    {"{\"save\":{\"\\ud800\":1}}", "line 1 is not JSON: at byte "},
    {"{\"save\":{\"a\\u0000\":1}}", "line 1 is not JSON: at byte "},
    {EMIT("\"event_type\":\"\\ud800\",\"payload\":1"), "event_type: is not UTF-8"},
    {EMIT("\"event_type\":\"t\",\"event_source\":\"\\udc00\",\"payload\":1"),
        "event_source: is not UTF-8"},
    {EMIT("\"event_type\":\"t\\u0000\",\"payload\":1"), "event_type: needs 1 to 249 bytes"},
    {EMIT("\"event_type\":\"t\",\"payload\":1,\"payload\":2"), "line 1 is not JSON: at byte "},
    {"[]", "line 1 is not an object with save or emit"},
    {"null", "line 1 is not an object with save or emit"},
    {"\"save\"", "line 1 is not an object with save or emit"},
    {"{\"saved\":{}}", "line 1: only save and emit are known"},
    {"{\"Save\":{}}", "line 1: only save and emit are known"},
    {"{\"\":{}}", "line 1: only save and emit are known"},
    {"{\"save\":[]}", "line 1: save must be an object"},
    {"{\"save\":null}", "line 1: save must be an object"},
    {"{\"emit\":\"t\"}", "line 1: emit must be an object"},
    {"{\"emit\":[]}", "line 1: emit must be an object"},
    {"{\"emit\":{}}", NEEDED},
    {EMIT("\"event_type\":\"t\""), NEEDED},
    {EMIT("\"payload\":1"), NEEDED},
    {EMIT("\"event_type\":\"\",\"payload\":1"), NEEDED},
    {EMIT("\"event_type\":1,\"payload\":1"), STRINGS},
    {EMIT("\"event_type\":null,\"payload\":1"), STRINGS},
    {EMIT("\"event_type\":\"t\",\"payload\":1,\"topic\":null"), STRINGS},
    {EMIT("\"event_type\":\"t\",\"payload\":1,\"event_source\":{}"), STRINGS},
    {EMIT("\"event_type\":\"t\",\"payload\":1,\"type\":\"t\""), KNOWN},
    {EMIT("\"event_type\":\"t\",\"payload\":1,\"id\":\"t\""), KNOWN},
    {EMIT("\"event_type\":\"a b\",\"payload\":1"), "event_type: is the topic where none is named"},
    {EMIT("\"event_type\":\"a\\nb\",\"topic\":\"o\",\"payload\":1"), "event_type: needs 1 to 249"},
    {EMIT("\"event_type\":\"" A_249 "a\",\"payload\":1"), "event_type: needs 1 to 249 bytes"},
    {EMIT("\"event_type\":\"t\",\"topic\":\"a b\",\"payload\":1"), "topic: needs 1 to 249"},
    {EMIT("\"event_type\":\"t\",\"event_source\":\"a\\tb\",\"payload\":1"),
        "event_source: needs 1 to 2048"},
};

static void bad_lines_are_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad_cases); i++) {
        memset(&saved, 0, sizeof saved);
        if (lines_take(span_str(bad_cases[i].line), &config, &saved))
            fail_msg("accepted: %s", bad_cases[i].line);
        if (strncmp(buf_text(&saved.why), bad_cases[i].why, strlen(bad_cases[i].why)) != 0)
            fail_msg("%s: %s", bad_cases[i].line, buf_text(&saved.why));
        check_saved("", "");
        saved_done(&saved);
    }
}

/* The number counts all lines; what was said before stays, and so does the last refusal alone. */
static void refusals_name_their_line(void **state)
{
    (void)state;
    assert_true(lines_take(span_str("{\"save\":{\"a\":1}}"), &config, &saved));
    assert_true(lines_take(span_str(GOOD_EMIT), &config, &saved));
    assert_false(lines_take(span_str("[]"), &config, &saved));
    assert_string_equal(buf_text(&saved.why), "line 3 is not an object with save or emit");
    assert_false(lines_take(span_str("{\"x\":1}"), &config, &saved));
    assert_string_equal(buf_text(&saved.why), "line 4: only save and emit are known");
    assert_true(lines_take(span_str("{\"save\":{\"b\":2}}"), &config, &saved));
    assert_int_equal(saved.lines, 5);
    check_saved("{\"a\":1,\"b\":2}", "t|||1;");
}

static void line_may_hold_any_bytes(void **state)
{
    (void)state;
    assert_false(lines_take(span_of("{\"save\":{}}\0", 12), &config, &saved));
    assert_false(lines_take(SPAN_NONE, &config, &saved));
    check_saved("", "");
    /* Exactly as many bytes as it has, so that a read past it is seen. */
    char *line = malloc(11);
    memcpy(line, "{\"save\":{}}", 11);
    assert_true(lines_take(span_of(line, 11), &config, &saved));
    free(line);
}

static void data_has_a_largest_size(void **state)
{
    (void)state;
    config.step_data_bytes = 20;
    assert_true(lines_take(span_str("{\"save\":{\"a\":\"89012\"}}"), &config, &saved)); /* 13 */
    assert_true(lines_take(span_str("{\"save\":{\"b\":34}}"), &config, &saved));        /* 20 */
    check_saved("{\"a\":\"89012\",\"b\":34}", "");
    assert_false(lines_take(span_str("{\"save\":{\"b\":345}}"), &config, &saved));
    assert_string_equal(buf_text(&saved.why), "the data saved would be more than 20 bytes");
    check_saved("{\"a\":\"89012\",\"b\":34}", ""); /* as it was */
    assert_true(lines_take(span_str("{\"save\":{\"a\":1}}"), &config, &saved));
    check_saved("{\"b\":34,\"a\":1}", "");
}

static void emits_have_limits(void **state)
{
    (void)state;
    config.step_emits = 2;
    config.web_body_bytes = 5;
    assert_false(
        lines_take(span_str(EMIT("\"event_type\":\"t\",\"payload\":123456")), &config, &saved));
    assert_string_equal(buf_text(&saved.why), "an emitted payload is larger than 5 bytes");
    assert_true(
        lines_take(span_str(EMIT("\"event_type\":\"t\",\"payload\":12345")), &config, &saved));
    assert_true(lines_take(span_str(GOOD_EMIT), &config, &saved));
    assert_false(lines_take(span_str(GOOD_EMIT), &config, &saved));
    assert_string_equal(buf_text(&saved.why), "emitted more events than the 2 allowed");
    check_saved("", "t|||12345;t|||1;");

    memset(&config, 0, sizeof config);
    config_defaults(&config);
    config.step_emits = 0; /* none at all */
    saved_done(&saved);
    memset(&saved, 0, sizeof saved);
    assert_false(lines_take(span_str(GOOD_EMIT), &config, &saved));
    assert_string_equal(buf_text(&saved.why), "emitted more events than the 0 allowed");
}

static void depth_is_limited(void **state)
{
    (void)state;
    for (size_t depth = 60; depth < 70; depth++) {
        struct buf line = BUF_INIT;
        buf_add_str(&line, "{\"save\":{\"a\":");
        for (size_t i = 0; i < depth - 2; i++)
            buf_add_char(&line, '[');
        for (size_t i = 0; i < depth - 2; i++)
            buf_add_char(&line, ']');
        buf_add_str(&line, "}}");
        assert_int_equal(lines_take(buf_span(&line), &config, &saved), depth <= 64);
        buf_done(&line);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(good_lines_are_taken),
        TEST(bad_lines_are_told),
        TEST(refusals_name_their_line),
        TEST(line_may_hold_any_bytes),
        TEST(data_has_a_largest_size),
        TEST(emits_have_limits),
        TEST(depth_is_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
