/* literal_test - which texts of a definition are secrets by their place, and what replaces them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "model/literal.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Notes each value, and names it by its number. */
struct seen {
    struct buf values;
    int count, fails_at;
};

static enum err name(struct span value, struct buf *ret_name, void *context)
{
    struct seen *seen = context;
    buf_add_char(&seen->values, '<');
    buf_add_span(&seen->values, value);
    buf_add_char(&seen->values, '>');
    buf_printf(ret_name, "n%d", ++seen->count);
    return seen->count == seen->fails_at ? ERR_DENIED : ERR_OK;
}

#define HTTP(members) "{\"steps\":[{\"http\":{" members "}}],\"options\":{}}"

static const struct {
    const char *text, *values, *kept;
} cases[] = {
    {"{}", "", "{}"},
    {"{\"steps\":[]}", "", "{\"steps\":[]}"},
    {"{\"steps\":[{\"script\":\"secret\"}]}", "", "{\"steps\":[{\"script\":\"secret\"}]}"},
    {HTTP("\"secret\":\"a\""), "<a>", HTTP("\"secret\":{\"secret\":\"n1\"}")},
    /* all other bytes are as they were */
    {" { \"steps\" : [ { \"http\":{ \"secret\" :\t\"a\" , \"x\": 1.0e0 } } ] } ", "<a>",
        " { \"steps\" : [ { \"http\":{ \"secret\" :\t{\"secret\":\"n1\"} , \"x\": 1.0e0 } } ] } "},
    /* a reference stays, and what is no text is refused elsewhere */
    {HTTP("\"secret\":{\"secret\":\"a\"}"), "", HTTP("\"secret\":{\"secret\":\"a\"}")},
    {HTTP("\"secret\":1"), "", HTTP("\"secret\":1")},
    /* each of the headers, in any case, and no other */
    {HTTP("\"headers\":{\"Authorization\":\"a\",\"proxy-authorization\":\"b\",\"COOKIE\":\"c\"}"),
        "<a><b><c>",
        HTTP("\"headers\":{\"Authorization\":{\"secret\":\"n1\"},\"proxy-authorization\":"
             "{\"secret\":\"n2\"},\"COOKIE\":{\"secret\":\"n3\"}}")},
    {HTTP("\"headers\":{\"secret\":\"a\",\"X-Authorization\":\"b\",\"Cookies\":\"c\",\"Cooki\":"
          "\"\"}"),
        "",
        HTTP("\"headers\":{\"secret\":\"a\",\"X-Authorization\":\"b\",\"Cookies\":\"c\","
             "\"Cooki\":\"\"}")},
    /* names and values may be escaped */
    {HTTP("\"\\u0073ecret\":\"\\u0061\\n\\\"\""), "<a\n\">",
        HTTP("\"\\u0073ecret\":{\"secret\":\"n1\"}")},
    {HTTP("\"headers\":{\"\\u0063ookie\":\"x\"}"), "<x>",
        HTTP("\"headers\":{\"\\u0063ookie\":{\"secret\":\"n1\"}}")},
    {HTTP("\"headers\":{\"Cookie\":\"\"}"), "<>",
        HTTP("\"headers\":{\"Cookie\":{\"secret\":\"n1\"}}")},
    /* every step; not what has these names in other places */
    {"{\"secret\":\"o\",\"steps\":[{\"http\":{\"secret\":\"a\"}},{\"secret\":\"o\",\"inputs\":"
     "{\"secret\":\"o\",\"http\":{\"secret\":\"o\"}}},{\"http\":{\"headers\":{\"Cookie\":\"b\"},"
     "\"secret\":\"c\"}}],\"options\":{\"env\":{\"secret\":\"o\"}}}",
        "<a><b><c>",
        "{\"secret\":\"o\",\"steps\":[{\"http\":{\"secret\":{\"secret\":\"n1\"}}},{\"secret\":"
        "\"o\","
        "\"inputs\":{\"secret\":\"o\",\"http\":{\"secret\":\"o\"}}},{\"http\":{\"headers\":{"
        "\"Cookie\":"
        "{\"secret\":\"n2\"}},\"secret\":{\"secret\":\"n3\"}}}],\"options\":{\"env\":{\"secret\":"
        "\"o\"}}}"},
    /* what is no definition is left alone */
    {"{\"steps\":{\"http\":{\"secret\":\"a\"}}}", "", "{\"steps\":{\"http\":{\"secret\":\"a\"}}}"},
    {"{\"steps\":[1,[],{\"http\":\"secret\"},{\"http\":{\"headers\":[]}}]}", "",
        "{\"steps\":[1,[],{\"http\":\"secret\"},{\"http\":{\"headers\":[]}}]}"},
};

static void literals_are_replaced_where_they_stand(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct seen seen = {BUF_INIT, 0, 0};
        struct buf out = BUF_INIT;
        assert_int_equal(literal_replace(span_str(cases[i].text), name, &seen, &out), ERR_OK);
        assert_string_equal(buf_text(&seen.values), cases[i].values);
        assert_string_equal(buf_text(&out), cases[i].kept);
        buf_done(&seen.values);
        buf_done(&out);
    }
}

static void first_error_ends_it(void **state)
{
    (void)state;
    for (int n = 1; n <= 3; n++) {
        struct seen seen = {BUF_INIT, 0, n};
        struct buf out = BUF_INIT;
        struct span text =
            span_str("{\"steps\":[{\"http\":{\"secret\":\"a\",\"headers\":{\"cookie\":"
                     "\"b\"}}},{\"http\":{\"secret\":\"c\"}}]}");
        assert_int_equal(literal_replace(text, name, &seen, &out), ERR_DENIED);
        assert_int_equal(seen.count, n);
        buf_done(&seen.values);
        buf_done(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(literals_are_replaced_where_they_stand),
        cmocka_unit_test(first_error_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
