/* json_index_test - the index of a text knows the values that a walk of it meets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/json.h"
#include "base/json_index.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* The place's value is this one, and below it stands what json_walk meets. */
static void compare(const struct json_index *index, size_t place, struct span value)
{
    struct json_item item;
    size_t child = json_index_first(index, place);
    assert_true(span_eq(json_index_value(index, place), value));
    for (struct json_walk walk = json_walk_start(value); json_walk_next(&walk, &item);) {
        assert_true(child > place);
        if (item.name.data)
            assert_true(span_eq(json_index_name(index, child), item.name));
        else
            assert_int_equal(index->places[child].name, 0);
        compare(index, child, item.value);
        child = index->places[child].next;
    }
    assert_int_equal(child, 0);
}

static void json_index_knows_what_a_walk_meets(void **state)
{
    static const char *const texts[] = {
        "1",
        " \"a\" ",
        "null\n",
        "[]",
        "{}",
        " [ 1 , [ ] , { } , \"x\" , true ] ",
        "{\"a\":{\"b\":[{\"c\":[1,[2,[3]]]},{}]},\"d\":\"e\",\"f\":-1.5e3}",
        "{\"a\\\"b\" : \"c\\\\\", \"\":\"\", \"[\":\"}\", \"{\":{\"]\":\",:\"}}",
        "[[[[[[[[[[\"deep\"]]]]]]]]]]",
        "{\"a\":1,\"a\":2}",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct json_index index;
        struct span text = span_str(texts[i]);
        assert_true(json_index_make(&index, text));
        while (text.len && strchr(" \n", text.data[text.len - 1]))
            text.len--;
        while (strchr(" \n", *text.data))
            text = span_of(text.data + 1, text.len - 1);
        compare(&index, 0, text);
        json_index_done(&index);
    }
}

static bool makes(const char *begin, const char *again, size_t times, const char *end)
{
    struct buf text = BUF_INIT;
    struct json_index index;
    buf_add_str(&text, begin);
    for (size_t i = 0; i < times; i++)
        buf_add_str(&text, again);
    buf_add_str(&text, end);
    bool made = json_index_make(&index, buf_span(&text));
    assert_true(index.count <= JSON_INDEX_MAX);
    json_index_done(&index);
    buf_done(&text);
    return made;
}

static void json_index_has_bounds(void **state)
{
    (void)state;
    assert_true(makes("[", "0,", JSON_INDEX_MAX - 2, "0]"));
    assert_false(makes("[", "0,", JSON_INDEX_MAX - 1, "0]"));
    assert_true(makes("", "[", JSON_DEPTH_MAX, ""));
    assert_false(makes("", "[", JSON_DEPTH_MAX + 1, ""));
}

/* What was not checked is read to its end all the same. */
static void json_index_survives_what_is_no_json(void **state)
{
    static const char *const texts[] = {"", "]", "}}", "\"", "{\"", "{\"a", "{\"a\"",
        "{\"a\":", "[1", ",", ":", "{]", "[}", "{1:2}", "a b"};
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct json_index index;
        assert_true(json_index_make(&index, span_str(texts[i])));
        json_index_done(&index);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_index_knows_what_a_walk_meets),
        cmocka_unit_test(json_index_has_bounds),
        cmocka_unit_test(json_index_survives_what_is_no_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
