/* json_tree_test - documents as trees. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/json_tree.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct json_tree *parse(const char *text)
{
    struct json_fault fault;
    struct json_tree *tree = json_tree_parse(span_str(text), JSON_DEPTH_DEFAULT, &fault);

    if (fault.what != NULL)
        fail_msg("%s: refused at %zu: %s", text, fault.offset, fault.what);
    return tree;
}

/* What json-c alone would let through. */
static const char *const bad_texts[] = {
    "",
    " ",
    "{",
    "{\"a\":1} x",
    "{'a':1}",
    "[NaN]",
    "[Infinity]",
    "\"\n\"",
    "[1,]",
    "// x\n1",
    "{\"a\":1,\"a\":2}",
    "\"\\ud800\"",
    "{\"a\\u0000b\":1}",
    "\"\xc0\xaf\"",
    "nUll",
    "01",
    "\xef\xbb\xbf{}",
};

static void only_strict_text_becomes_a_tree(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad_texts); i++) {
        struct json_fault fault = {99, NULL};

        assert_null(json_tree_parse(span_str(bad_texts[i]), JSON_DEPTH_DEFAULT, &fault));
        assert_non_null(fault.what);
        assert_true(fault.offset <= strlen(bad_texts[i]));
    }
}

static void null_document_is_no_fault(void **state)
{
    struct json_fault fault = {99, "not touched"};

    (void)state;
    assert_null(json_tree_parse(span_str(" null "), 1, &fault));
    assert_null(fault.what);
    json_tree_free(NULL);
}

static void members_have_their_types(void **state)
{
    static const struct {
        const char *name;
        enum json_type type;
        size_t count;
    } members[] = {
        {"null", JSON_NULL, 0},
        {"bool", JSON_BOOL, 0},
        {"int", JSON_NUMBER, 0},
        {"double", JSON_NUMBER, 0},
        {"text", JSON_STRING, 0},
        {"list", JSON_ARRAY, 3},
        {"object", JSON_OBJECT, 1},
        {"missing", JSON_NULL, 0},
    };
    struct json_tree *t = parse("{\"null\":null,\"bool\":true,\"int\":1,\"double\":1.5,"
                                "\"text\":\"x\",\"list\":[1,null,3],\"object\":{\"a\":1}}");

    (void)state;
    for (size_t i = 0; i < COUNT(members); i++) {
        struct json_tree *v = json_tree_get(t, members[i].name);

        assert_int_equal(json_tree_type(v), members[i].type);
        assert_int_equal(json_tree_count(v), members[i].count);
        assert_int_equal(json_tree_has(t, members[i].name), i + 1 < COUNT(members));
    }
    assert_int_equal(json_tree_count(t), 7);
    json_tree_free(t);
}

/* Asking the wrong type is answered with nothing, never with a crash. */
static void wrong_types_yield_nothing(void **state)
{
    static const char *const texts[] = {"null", "true", "1", "1.5", "\"1\"", "[1]", "{\"a\":1}"};

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct json_tree *v = parse(texts[i]);
        enum json_type type = json_tree_type(v);
        int64_t whole;
        double number;

        assert_int_equal(json_tree_has(v, "a"), type == JSON_OBJECT);
        assert_int_equal(json_tree_get(v, "a") != NULL, type == JSON_OBJECT);
        assert_int_equal(json_tree_at(v, 0) != NULL, type == JSON_ARRAY);
        assert_int_equal(json_tree_text(v).len, type == JSON_STRING);
        assert_non_null(json_tree_text(v).data);
        assert_int_equal(json_tree_number(v, &number), type == JSON_NUMBER);
        assert_int_equal(json_tree_int(v, &whole), strcmp(texts[i], "1") == 0);
        assert_int_equal(json_tree_bool(v), type == JSON_BOOL);
        json_tree_free(v);
    }
}

static const struct {
    const char *text;
    bool is_int;
    int64_t whole;
    bool is_number;
    double number;
} number_cases[] = {
    {"0", true, 0, true, 0},
    {"-0", true, 0, true, 0},
    {"-7", true, -7, true, -7},
    {"1.0", true, 1, true, 1},
    {"1e3", true, 1000, true, 1000},
    {"-2.5e1", true, -25, true, -25},
    {"1.5", false, 0, true, 1.5},
    {"1e-3", false, 0, true, 1e-3},
    {"9007199254740992.0", true, INT64_C(9007199254740992), true, 9007199254740992.0},
    {"9007199254740994.0", false, 0, true, 9007199254740994.0},
    {"9223372036854775807", true, INT64_MAX, true, 9223372036854775807.0},
    {"9223372036854775808", false, 0, true, 9223372036854775808.0},
    {"-9223372036854775808", true, INT64_MIN, true, -9223372036854775808.0},
    {"-9223372036854775809", false, 0, true, -9223372036854775808.0},
    {"18446744073709551615", false, 0, true, 18446744073709551615.0},
    {"18446744073709551616", false, 0, true, 18446744073709551616.0},
    {"123456789012345678901234567890", false, 0, true, 123456789012345678901234567890.0},
    {"-123456789012345678901234567890", false, 0, true, -123456789012345678901234567890.0},
    {"1e19", false, 0, true, 1e19},
    {"1e400", false, 0, false, 0},
    {"-1e400", false, 0, false, 0},
    {"1e-400", true, 0, true, 0},
};

static void numbers_fit_or_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(number_cases); i++) {
        struct json_tree *v = parse(number_cases[i].text);
        int64_t whole = 0;
        double number = 0;

        assert_int_equal(json_tree_type(v), JSON_NUMBER);
        assert_int_equal(json_tree_int(v, &whole), number_cases[i].is_int);
        assert_true(whole == number_cases[i].whole);
        assert_int_equal(json_tree_number(v, &number), number_cases[i].is_number);
        assert_true(number == number_cases[i].number);
        json_tree_free(v);
    }
}

static void text_is_unescaped(void **state)
{
    struct json_tree *v = parse("\"\\u00e9\\n\\ud83d\\ude00\xc3\xa9\"");

    (void)state;
    assert_true(span_eq_str(json_tree_text(v), "\xc3\xa9\n\xf0\x9f\x98\x80\xc3\xa9"));
    assert_int_equal(json_tree_text(v).data[json_tree_text(v).len], 0);
    json_tree_free(v);
}

static bool collect(const char *name, struct json_tree *value, void *context)
{
    struct buf *b = context;

    buf_printf(b, "%s=", name);
    json_tree_print(value, b);
    buf_add_char(b, '|');
    return b->len < 12;
}

static void members_are_visited_in_order(void **state)
{
    struct json_tree *t = parse("{\"z\":1,\"a\":null,\"\\u006d\":[],\"b\":2}");
    struct buf b = BUF_INIT;

    (void)state;
    assert_false(json_tree_each(t, collect, &b));
    assert_string_equal(buf_text(&b), "z=1|a=null|m=[]|");
    buf_clear(&b);
    assert_true(json_tree_each(json_tree_get(t, "m"), collect, &b));
    assert_true(json_tree_each(NULL, collect, &b));
    assert_string_equal(buf_text(&b), "");
    json_tree_free(t);
    buf_done(&b);
}

static void elements_are_counted(void **state)
{
    struct json_tree *t = parse("[10,null,30]");
    int64_t v;

    (void)state;
    assert_int_equal(json_tree_count(t), 3);
    assert_true(json_tree_int(json_tree_at(t, 2), &v));
    assert_int_equal(v, 30);
    assert_null(json_tree_at(t, 1));
    assert_null(json_tree_at(t, 3));
    assert_null(json_tree_at(t, SIZE_MAX));
    json_tree_free(t);
}

static const struct {
    const char *text, *printed;
} print_cases[] = {
    {"null", "null"},
    {" [ 1 , { \"a\" : [ ] } ] ", "[1,{\"a\":[]}]"},
    {"\"a/b\\u00e9\\n\"", "\"a/b\xc3\xa9\\n\""},
    {"[1.0,1E5,1e400,0.10]", "[1.0,1E5,1e400,0.10]"},
    {"[9223372036854775808,-9223372036854775808]", "[9223372036854775808,-9223372036854775808]"},
    {"{\"a\":123456789012345678901234567890}", "{\"a\":123456789012345678901234567890e0}"},
    {"[\"123456789012345678901234567890\"]", "[\"123456789012345678901234567890\"]"},
    {"[\"\\\"\",18446744073709551616,\"\\\\\",1]", "[\"\\\"\",18446744073709551616e0,\"\\\\\",1]"},
};

static void trees_are_printed_compactly(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(print_cases); i++) {
        struct json_tree *t = parse(print_cases[i].text);
        struct buf b = BUF_INIT;

        json_tree_print(t, &b);
        assert_string_equal(buf_text(&b), print_cases[i].printed);
        json_tree_free(t);
        buf_done(&b);
    }
}

/* The limit is the one asked for, not json-c's own. */
static void depth_is_limited(void **state)
{
    static const unsigned limits[] = {1, 31, 32, 33, 64, JSON_DEPTH_MAX};

    (void)state;
    for (size_t i = 0; i < COUNT(limits); i++) {
        struct buf b = BUF_INIT;
        struct json_fault fault;
        struct json_tree *t;

        for (unsigned n = 0; n < limits[i]; n++)
            buf_add_str(&b, n % 2 == 0 ? "[" : "{\"a\":");
        buf_add_str(&b, "1");
        for (unsigned n = limits[i]; n-- > 0;)
            buf_add_str(&b, n % 2 == 0 ? "]" : "}");
        t = json_tree_parse(buf_span(&b), limits[i], &fault);
        assert_non_null(t);
        json_tree_free(t);
        assert_null(json_tree_parse(buf_span(&b), limits[i] - 1, &fault));
        assert_non_null(fault.what);
        buf_done(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_strict_text_becomes_a_tree),
        cmocka_unit_test(null_document_is_no_fault),
        cmocka_unit_test(members_have_their_types),
        cmocka_unit_test(wrong_types_yield_nothing),
        cmocka_unit_test(numbers_fit_or_are_refused),
        cmocka_unit_test(text_is_unescaped),
        cmocka_unit_test(members_are_visited_in_order),
        cmocka_unit_test(elements_are_counted),
        cmocka_unit_test(trees_are_printed_compactly),
        cmocka_unit_test(depth_is_limited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
