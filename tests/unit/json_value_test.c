/* json_value_test - pointers into JSON text, and values that mean the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/json.h"
#include "model/json_value.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct span checked(const char *text)
{
    struct json_fault fault;
    if (!json_check_by(span_str(text), JSON_DEPTH_DEFAULT, &json_foreign, &fault))
        fail_msg("%s: %s", text, fault.what);
    return span_str(text);
}

/* RFC 6901, section 5 */
static const char rfc[] =
    " {\"foo\": [\"bar\", \"baz\"], \"\": 0, \"a/b\": 1, \"c%d\": 2, \"e^f\": 3,"
    " \"g|h\": 4, \"i\\\\j\": 5, \"k\\\"l\": 6, \" \": 7, \"m~n\": 8} ";

static const struct {
    const char *document, *pointer, *value; /* value NULL: there is none */
} find_cases[] = {
    {rfc, "/foo", "[\"bar\", \"baz\"]"},
    {rfc, "/foo/0", "\"bar\""},
    {rfc, "/foo/1", "\"baz\""},
    {rfc, "/foo/2", NULL},
    {rfc, "/foo/-", NULL},
    {rfc, "/foo/00", NULL},
    {rfc, "/foo/+1", NULL},
    {rfc, "/foo/", NULL},
    {rfc, "/foo/99999999999999999999", NULL},
    {rfc, "/foo/0/0", NULL},
    {rfc, "/", "0"},
    {rfc, "/a~1b", "1"},
    {rfc, "/a/b", NULL},
    {rfc, "/c%d", "2"},
    {rfc, "/e^f", "3"},
    {rfc, "/g|h", "4"},
    {rfc, "/i\\j", "5"},
    {rfc, "/k\"l", "6"},
    {rfc, "/ ", "7"},
    {rfc, "/m~0n", "8"},
    {rfc, "/m~n", NULL},
    {rfc, "foo", NULL},
    {rfc, "/FOO", NULL},
    {" 1\n", "", "1"},
    {"1", "/0", NULL},
    {"\"a\"", "/a", NULL},
    {"[[1, {\"~1\": true}]]", "/0/1/~01", "true"},
    {"{\"\\u0061\": null}", "/a", "null"},
    {"[]", "/0", NULL},
    {"{}", "/a", NULL},
    {"{\"a\\u0000\": 1}", "/a", NULL},
    {"{\"a\": {\"b\": 1}, \"a\": {\"c\": 2}}", "/a/b", NULL},
    {"{\"a\": {\"b\": 1}, \"a\": {\"c\": 2}}", "/a/c", "2"},
    {"{\"\\ud800\": 1}", "/\xef\xbf\xbd", NULL},
};

static bool find(struct span document, struct span pointer, uint64_t *steps, struct span *ret_value)
{
    struct json_index index;
    assert_true(json_index_make(&index, document));
    bool found = json_value_find(&index, pointer, steps, ret_value);
    json_index_done(&index);
    return found;
}

static void json_value_finds_by_pointer(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(find_cases); i++) {
        struct span value = span_str("");
        const char *wanted = find_cases[i].value;
        bool found =
            find(checked(find_cases[i].document), span_str(find_cases[i].pointer), NULL, &value);
        if (found != (wanted != NULL) || (found && !span_eq_str(value, wanted)))
            fail_msg("%s: %.*s", find_cases[i].pointer, (int)value.len, (const char *)value.data);
    }
}

static void json_value_finds_the_whole_document(void **state)
{
    struct span value;
    (void)state;
    assert_true(find(span_str(rfc), SPAN_NONE, NULL, &value));
    assert_int_equal(value.len, strlen(rfc) - 2);
}

static const struct {
    const char *a, *b;
    bool equal;
} eq_cases[] = {
    {"null", " null ", true},
    {"null", "false", false},
    {"null", "0", false},
    {"true", "true", true},
    {"true", "false", false},
    {"1", "\"1\"", false},
    {"1", "1.0", true},
    {"1", "1e0", true},
    {"10", "1e1", true},
    {"10", "1", false},
    {"100", "0.1E+3", true},
    {"0.05", "5e-2", true},
    {"0.05", "0.050", true},
    {"0.05", "0.5", false},
    {"12.5", "1.25e1", true},
    {"12.5", "-12.5", false},
    {"-0", "0", true},
    {"0e99", "0.000", true},
    {"0", "1e-999999999999999999999999", false},
    {"9007199254740992", "9007199254740993", false},
    {"0.1", "0.1000000000000000055511151231257827", false},
    {"123456789012345678901234567890", "1234567890123456789012345678900e-1", true},
    {"1e400", "1e401", false},
    {"1e400", "10e399", true},
    {"101", "1001", false},
    {"\"a\"", "\"a\"", true},
    {"\"a\"", "\"A\"", false},
    {"\"a\"", "\"\\u0061\"", true},
    {"\"\\/\"", "\"/\"", true},
    {"\"\\u00fc\"", "\"\xc3\xbc\"", true},
    {"\"\"", "\"\"", true},
    {"\"\"", "[]", false},
    {"[]", "{}", false},
    {"[]", "[ ]", true},
    {"[1, 2]", "[1,2.0]", true},
    {"[1, 2]", "[2, 1]", false},
    {"[1]", "[1, 2]", false},
    {"[1, 2]", "[1]", false},
    {"[[]]", "[[[]]]", false},
    {"{}", "{ }", true},
    {"{\"a\": 1, \"b\": [true]}", "{\"b\": [true], \"a\": 1.0}", true},
    {"{\"a\": 1}", "{\"\\u0061\": 1}", true},
    {"{\"a\": 1}", "{\"a\": 1, \"b\": null}", false},
    {"{\"a\": 1, \"b\": null}", "{\"a\": 1}", false},
    {"{\"a\": 1}", "{\"b\": 1}", false},
    {"{\"a\": {\"b\": 1}}", "{\"a\": {\"b\": 2}}", false},
    /* Of members of one name the last counts. */
    {"{\"a\": 1, \"a\": 2}", "{\"a\": 2}", true},
    {"{\"a\": 1, \"a\": 2}", "{\"a\": 1}", false},
    {"{\"a\": 1, \"a\": 2}", "{\"a\": 2, \"b\": 2}", false},
    {"{\"a\": 1, \"a\": 1}", "{\"a\": 1, \"b\": 1}", false},
    {"{\"a\": 1, \"\\u0061\": 2, \"b\": 3}", "{\"b\": 3, \"a\": 0, \"a\": 2}", true},
    {"{\"a\": {\"b\": 1, \"b\": 2}}", "{\"a\": {\"b\": 2}}", true},
    /* Texts that are no UTF-8 once they are unescaped. */
    {"\"\\ud800\"", "\"\\uD800\"", true},
    {"\"\\ud800\"", "\"\\ud801\"", false},
    {"\"\\ud800\"", "\"\\ufffd\"", false},
    {"\"\\ud83d\\ude00\"", "\"\xf0\x9f\x98\x80\"", true},
    {"\"\\ude00\\ud83d\"", "\"\\ud83d\\ude00\"", false},
    {"\"a\\u0000\"", "\"a\"", false},
    {"\"a\\u0000b\"", "\"a\\u0000c\"", false},
    {"{\"a\\u0000\": 1}", "{\"a\": 1}", false},
    {"{\"a\\u0000b\": 1}", "{\"a\\u0000c\": 1}", false},
    {"{\"\\udfff\": 1}", "{\"\\uDFFF\": 1}", true},
};

static void json_value_compares_by_meaning(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(eq_cases); i++) {
        struct span a = checked(eq_cases[i].a), b = checked(eq_cases[i].b);
        if (json_value_eq(a, b, NULL) != eq_cases[i].equal ||
            json_value_eq(b, a, NULL) != eq_cases[i].equal)
            fail_msg("%s and %s", eq_cases[i].a, eq_cases[i].b);
    }
}

static void json_value_finds_the_last_of_a_name(void **state)
{
    struct span value;
    (void)state;
    assert_true(
        find(checked("{\"a\":1,\"b\":2,\"\\u0061\":3,\"c\":4}"), span_str("/a"), NULL, &value));
    assert_true(span_eq_str(value, "3"));
}

/* Every search and comparison ends when its steps are spent, and then says no. */
static void json_value_ends_with_its_steps(void **state)
{
    static const struct {
        const char *document, *pointer;
        uint64_t needs;
    } searches[] = {
        {"[0,1,2,3]", "/3", 3},
        {"{\"a\":1,\"b\":{\"c\":2}}", "/b/c", 3},
        {"{\"0123456789abcdef\":1}", "/0123456789abcdef", 2},
    };
    struct span value;
    (void)state;
    for (size_t i = 0; i < COUNT(searches); i++) {
        struct span document = span_str(searches[i].document);
        struct span pointer = span_str(searches[i].pointer);
        for (uint64_t steps = 1; steps <= searches[i].needs + 1; steps++) {
            uint64_t left = steps;
            bool found = find(document, pointer, &left, &value);
            if (found != (steps > searches[i].needs) || found != (left > 0))
                fail_msg("%s with %d steps: %d, %d left", searches[i].pointer, (int)steps, found,
                    (int)left);
        }
    }
    uint64_t left = 3;
    assert_false(json_value_eq(span_str("[1,2,3]"), span_str("[1,2,3]"), &left));
    assert_int_equal(left, 0);
    left = 5;
    assert_true(json_value_eq(span_str("[1,2,3]"), span_str("[1,2,3]"), &left));
}

static void json_value_knows_pointers(void **state)
{
    (void)state;
    assert_true(json_value_is_pointer(span_str("")));
    assert_true(json_value_is_pointer(span_str("/")));
    assert_true(json_value_is_pointer(span_str("/a~0~1/b")));
    assert_false(json_value_is_pointer(span_str("a")));
    assert_false(json_value_is_pointer(span_str("#/a")));
    assert_false(json_value_is_pointer(span_str("/a~")));
    assert_false(json_value_is_pointer(span_str("/a~2")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_value_finds_by_pointer),
        cmocka_unit_test(json_value_finds_the_whole_document),
        cmocka_unit_test(json_value_finds_the_last_of_a_name),
        cmocka_unit_test(json_value_ends_with_its_steps),
        cmocka_unit_test(json_value_compares_by_meaning),
        cmocka_unit_test(json_value_knows_pointers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
