/* headers_test - headers as variables of CGI: how they are found, and made of what was received. */
#include "temp.h"

#include "model/headers.h"

#define TEXT(text) ((char[]){text})

static char *variables[] = {TEXT("HTTP_X_SIG=1"), TEXT("HTTP_X_SIG=2"), TEXT("HTTP_ONCE=a=b"),
    TEXT("CONTENT_TYPE=text/plain"), TEXT("HTTP_CONTENT_TYPE=application/json"),
    TEXT("REDIRECT_HTTP_AUTHORIZATION=Basic x"), TEXT("NONSENSE"), NULL};

static void headers_are_found(void **state)
{
    bool twice = false;
    (void)state;
    assert_true(span_eq_str(headers_find(variables, "once", &twice), "a=b"));
    assert_int_equal(headers_find(variables, "onc", &twice).len, 0);
    assert_int_equal(headers_find(variables, "once-", &twice).len, 0);
    assert_int_equal(headers_find(NULL, "once", &twice).len, 0);
    assert_false(twice);
    assert_true(span_eq_str(headers_find(variables, "x-sig", &twice), "1"));
    assert_true(twice);
    (void)headers_find(variables, "once", &twice);
    assert_true(twice); /* left alone */
}

static void signature_has_headers_of_other_names(void **state)
{
    bool twice = false;
    (void)state;
    assert_true(span_eq_str(headers_of_signature(variables, "content-type", &twice), "text/plain"));
    assert_true(span_eq_str(headers_of_signature(variables, "authorization", &twice), "Basic x"));
    assert_true(span_eq_str(headers_of_signature(variables, "once", &twice), "a=b"));
    assert_int_equal(headers_of_signature(NULL, "content-type", &twice).len, 0);
    assert_false(twice);
}

/* Lines that were received, and the variables that they become, each with a blank behind it. */
static const struct {
    const char *lines[8]; /* name, value, name, value, … */
    const char *variables;
} add_cases[] = {
    {{"X-Sig", "1"}, "HTTP_X_SIG=1 "},
    {{"x-sig", "1"}, "HTTP_X_SIG=1 "},
    {{"X.Sig!", "1"}, "HTTP_X_SIG_=1 "},
    {{"X-1", "a"}, "HTTP_X_1=a "},
    {{"X-Sig", ""}, ""},
    {{"X-Sig", "1", "X-Sig", "2"}, "HTTP_X_SIG=1, 2 "},
    {{"X-Sig", "1", "Y", "0", "x-SIG", "2"}, "HTTP_X_SIG=1, 2 HTTP_Y=0 "},
    {{"X-Sig", "", "X-Sig", "2"}, "HTTP_X_SIG=2 "},
    {{"X-Sig", "1", "X-Sig", ""}, "HTTP_X_SIG=1 "},
    {{"X-Sig", "1", "X_Sig", "2"}, "HTTP_X_SIG=1 HTTP_X_SIG=2 "},
    {{"Content-Type", "a/b", "CONTENT-TYPE", "a/b"}, "CONTENT_TYPE=a/b "},
    {{"Content-Type", "a/b", "Content_Type", "c/d"}, "CONTENT_TYPE=a/b HTTP_CONTENT_TYPE=c/d "},
    {{"Content-Type", "a/b", "Content-Type", "c/d"}, NULL},
};

static void headers_become_variables(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(add_cases); i++) {
        struct headers headers = {0};
        struct buf text = BUF_INIT;
        bool good = true;
        for (const char *const *line = add_cases[i].lines; line[0] && good; line += 2)
            good = headers_add(&headers, span_str(line[0]), span_str(line[1]));
        for (size_t k = 0; k < headers.count; k++)
            buf_printf(&text, "%s ", headers.variables[k]);
        assert_true(!headers.count || !headers.variables[headers.count]);
        assert_int_equal(good, add_cases[i].variables != NULL);
        if (good)
            assert_string_equal(buf_text(&text), add_cases[i].variables);
        buf_done(&text);
        headers_done(&headers);
    }
}

static void headers_may_be_long(void **state)
{
    struct headers headers = {0};
    static char value[100000];
    bool twice = false;
    (void)state;
    memset(value, 'v', sizeof value - 1);
    for (int i = 0; i < 50; i++)
        assert_true(headers_add(&headers, span_str("long"), span_str(value)));
    assert_int_equal(
        headers_find(headers.variables, "long", &twice).len, 50 * (sizeof value - 1) + 49 * 2);
    assert_false(twice);
    headers_done(&headers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_are_found),
        cmocka_unit_test(signature_has_headers_of_other_names),
        cmocka_unit_test(headers_become_variables),
        cmocka_unit_test(headers_may_be_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
