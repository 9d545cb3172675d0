/* urlencoded_test - fields of a form, and what their values stand for. */
#include "temp.h"

#include "model/urlencoded.h"

static const struct {
    const char *type;
    bool form;
} type_cases[] = {
    {"application/x-www-form-urlencoded", true},
    {"Application/X-WWW-Form-Urlencoded", true},
    {"application/x-www-form-urlencoded; charset=utf-8", true},
    {"application/x-www-form-urlencoded;charset=utf-8", true},
    {"application/x-www-form-urlencoded ", true},
    {"application/x-www-form-urlencodedx", false},
    {"application/x-www-form", false},
    {"application/json", false},
    {"", false},
};

static void urlencoded_knows_its_type(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(type_cases); i++)
        if (urlencoded_is(span_str(type_cases[i].type)) != type_cases[i].form)
            fail_msg("%s", type_cases[i].type);
}

static const struct {
    const char *form, *value; /* of the first field "a" */
    size_t times;
} find_cases[] = {
    {"", NULL, 0}, {"a", "", 1}, {"a=", "", 1}, {"a=1", "1", 1}, {"a=1=2", "1=2", 1},
    {"b=2&a=1", "1", 1}, {"a=1&b=2&a=3", "1", 2}, {"A=1", NULL, 0}, {"aa=1&ba=2", NULL, 0},
    {"&&a=1&", "1", 1}, {"=a", NULL, 0},
    {"%61=1", NULL, 0}, /* names are compared as they were sent */
};

static void urlencoded_finds_fields(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(find_cases); i++) {
        struct span value = SPAN_NONE;
        size_t times = urlencoded_find(span_str(find_cases[i].form), "a", &value);
        if (times != find_cases[i].times || (times && !span_eq_str(value, find_cases[i].value)))
            fail_msg("%s: %zu", find_cases[i].form, times);
    }
}

static const struct {
    const char *value, *text; /* NULL: badly encoded */
} decode_cases[] = {
    {"", ""},
    {"a+b", "a b"},
    {"a%2Bb%2bc", "a+b+c"},
    {"%c3%BC", "\xc3\xbc"},
    {"%ff", "\xff"}, /* whether it is UTF-8 is for others to ask */
    {"%26%3D%25", "&=%"},
    {"%", NULL},
    {"%2", NULL},
    {"a%2", NULL},
    {"%zz", NULL},
    {"%2g", NULL},
    {"%+1", NULL},
    {"%00", NULL},
};

static void urlencoded_decodes_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(decode_cases); i++) {
        char text[32];
        size_t len = 0;
        bool good = urlencoded_decode(span_str(decode_cases[i].value), text, &len);
        if (good != (decode_cases[i].text != NULL) ||
            (good && !span_eq_str(span_of(text, len), decode_cases[i].text)))
            fail_msg("%s", decode_cases[i].value);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(urlencoded_knows_its_type),
        cmocka_unit_test(urlencoded_finds_fields),
        cmocka_unit_test(urlencoded_decodes_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
