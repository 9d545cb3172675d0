/* name_test - which names the contract allows, at the edge of each rule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "model/limits.h"
#include "model/name.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum kind { TOPIC, PIPELINE_ID, PIPELINE, STEP, SCRIPT, VARIABLE, KIND__MAX };

static bool (*const rules[KIND__MAX])(struct span s) = {
    [TOPIC] = name_is_topic,
    [PIPELINE_ID] = name_is_pipeline_id,
    [PIPELINE] = name_is_pipeline,
    [STEP] = name_is_step,
    [SCRIPT] = name_is_script,
    [VARIABLE] = name_is_variable,
};

/* For each kind, in the order of the enum: is the text such a name? */
static const struct {
    const char *text;
    bool is[KIND__MAX];
} cases[] = {
    {"", {0, 0, 0, 0, 0, 0}},
    {"a", {1, 1, 1, 1, 1, 1}},
    {"A", {1, 1, 1, 1, 1, 1}},
    {"7", {1, 1, 1, 1, 1, 0}},
    {"_", {1, 0, 1, 0, 1, 1}},
    {"-a", {1, 0, 1, 0, 0, 0}},
    {".a", {1, 0, 1, 0, 0, 0}},
    {"..", {1, 0, 1, 0, 0, 0}},
    {"a-b", {1, 1, 1, 1, 1, 0}},
    {"a.b", {1, 1, 1, 1, 1, 0}},
    {"a_b", {1, 1, 1, 1, 1, 1}},
    {"a:b", {1, 0, 1, 0, 0, 0}},
    {"a/b", {1, 0, 1, 0, 0, 0}},
    {"aB", {1, 1, 1, 1, 1, 1}},
    {"a b", {0, 0, 1, 0, 0, 0}},
    {"a*", {0, 0, 1, 0, 0, 0}},
    {"a\n", {0, 0, 0, 0, 0, 0}},
    {"gr\xc3\xbc\xc3\x9f", {0, 0, 1, 0, 0, 0}},
    {"FX_HOME", {1, 1, 1, 1, 1, 0}},
    {"FX", {1, 1, 1, 1, 1, 1}},
    {"fx_home", {1, 1, 1, 1, 1, 1}},
};

static void name_rules_accept_what_the_contract_allows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        for (size_t kind = 0; kind < KIND__MAX; kind++)
            if (rules[kind](span_str(cases[i].text)) != cases[i].is[kind])
                fail_msg("\"%s\", kind %zu", cases[i].text, kind);
}

static void name_ends_at_its_limit(void **state)
{
    static const size_t limits[KIND__MAX] = {
        TOPIC_MAX, PIPELINE_ID_MAX, PIPELINE_NAME_MAX, STEP_NAME_MAX, SCRIPT_NAME_MAX, 128};
    char text[512];
    (void)state;
    memset(text, 'a', sizeof text);
    for (size_t kind = 0; kind < KIND__MAX; kind++) {
        assert_true(rules[kind](span_of(text, limits[kind])));
        assert_false(rules[kind](span_of(text, limits[kind] + 1)));
    }
}

static void name_has_no_nul(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < KIND__MAX; kind++) {
        assert_false(rules[kind](span_of("a\0b", 3)));
        assert_false(rules[kind](span_of("\0", 1)));
        assert_false(rules[kind](SPAN_NONE));
    }
}

static const struct {
    const char *name;
    bool good;
} pipeline_cases[] = {
    {"Order Processing", true}, {"a  b", true}, {" a", false}, {"a ", false}, {" ", false},
    {"'\"\\%$&;<>|`!#*?()[]{}~", true}, {"--help", true}, {"a\tb", false}, {"a\x7f", false},
    {"\xc3\x84rger", true},             /* Latin 1 */
    {"\xe6\xb3\xa8\xe6\x96\x87", true}, /* Chinese */
    {"\xf0\x9f\x9b\x92 cart", true},    /* an emoji */
    {"e\xcc\x81", true},                /* a combining accent */
    {"\xcd\xb8", true},                 /* U+0378, unassigned */
    {"a\xc2\xa0z", false},              /* no-break space */
    {"a\xc2\x85z", false},              /* next line */
    {"a\xc2\xadz", false},              /* soft hyphen */
    {"a\xe2\x80\x83z", false},          /* em space */
    {"\xe3\x80\x80", false},            /* ideographic space */
    {"a\xe2\x80\x8bz", false},          /* zero width space */
    {"a\xe2\x80\x8dz", false},          /* zero width joiner */
    {"a\xe2\x80\xa8z", false},          /* line separator */
    /* NOLINTNEXTLINE(misc-misleading-bidirectional): what is tried */
    {"a\xe2\x80\xaez", false}, /* right-to-left override */
    {"a\xd8\x9cz", false},     /* Arabic letter mark */
    /* NOLINTNEXTLINE(misc-misleading-bidirectional): likewise */
    {"a\xe2\x81\xa6z", false},           /* left-to-right isolate */
    {"\xef\xbb\xbfz", false},            /* byte order mark */
    {"\xe2\x9d\xa4\xef\xb8\x8f", false}, /* variation selector */
    {"\xe3\x85\xa4", false},             /* Hangul filler */
    {"\xe2\xa0\x80", false},             /* blank in Braille */
    {"\xee\x80\x80", false},             /* private use */
    {"\xef\xbf\xbe", false},             /* U+FFFE */
    {"\xf3\xa0\x81\xa1", false},         /* a tag */
    {"a\xff", false},                    /* no UTF-8 */
    {"a\xc3", false},                    /* cut */
    {"\xed\xa0\x80", false},             /* a surrogate */
};

static void pipeline_is_named_by_what_shows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(pipeline_cases); i++)
        if (name_is_pipeline(span_str(pipeline_cases[i].name)) != pipeline_cases[i].good)
            fail_msg("%zu: \"%s\"", i, pipeline_cases[i].name);
}

static void pipeline_s_name_is_counted_in_characters(void **state)
{
    struct buf name = BUF_INIT;
    (void)state;
    for (size_t i = 0; i < PIPELINE_NAME_MAX; i++)
        buf_add_str(&name, "\xf0\x9f\x9b\x92");
    assert_int_equal(name.len, PIPELINE_NAME_BYTES);
    assert_true(name_is_pipeline(buf_span(&name)));
    buf_add_char(&name, 'a');
    assert_false(name_is_pipeline(buf_span(&name)));
    buf_done(&name);
}

static const struct {
    const char *a, *b;
    bool same;
} same_cases[] = {
    {"order-mail", "order-mail", true},
    {"Order Processing", "ORDER processing", true},
    {"\xc3\x84rger", "\xc3\xa4RGER", true},
    {"\xce\xa3\xce\xaf\xcf\x83\xcf\x85\xcf\x86\xce\xbf\xcf\x82",
        "\xcf\x83\xce\x8a\xce\xa3\xce\xa5\xce\xa6\xce\x9f\xce\xa3",
        true},                                      /* Sisyphos; three sigmas */
    {"\xd0\x96", "\xd0\xb6", true},                 /* Cyrillic */
    {"\xe2\x84\xaa", "k", true},                    /* Kelvin */
    {"\xc8\xba", "\xe2\xb1\xa5", true},             /* of two bytes and of three */
    {"\xf0\x90\x90\x80", "\xf0\x90\x90\xa8", true}, /* Deseret */
    {"\xef\xbc\xa1", "\xef\xbd\x81", true},         /* full width */
    {"\xe1\xba\x9e", "\xc3\x9f", true},             /* sharp s */
    {"\xc3\x9f", "ss", false},                      /* a letter stands for one letter */
    {"\xc4\xb0", "i", false},                       /* Turkish */
    {"\xc4\xb1", "i", false},
    {"\xc3\xa9", "e\xcc\x81", false},
    {"a", "b", false},
    {"a", "", false},
    {"", "a", false},
    {"a", "ab", false},
    {"ab", "a", false},
    {"[", "{", false},
    {"@", "`", false},
};

static void names_differ_in_more_than_case(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(same_cases); i++) {
        struct buf a = BUF_INIT, b = BUF_INIT, again = BUF_INIT;
        name_fold(span_str(same_cases[i].a), &a);
        name_fold(span_str(same_cases[i].b), &b);
        name_fold(buf_span(&a), &again);
        if (name_is_same(span_str(same_cases[i].a), span_str(same_cases[i].b)) !=
                same_cases[i].same ||
            span_eq(buf_span(&a), buf_span(&b)) != same_cases[i].same)
            fail_msg("%zu: %s, %s", i, same_cases[i].a, same_cases[i].b);
        assert_true(span_eq(buf_span(&a), buf_span(&again)));
        buf_done(&a);
        buf_done(&b);
        buf_done(&again);
    }
    assert_false(name_is_same(span_str("a\xff"), span_str("a\xff")));
}

static void name_becomes_a_word(void **state)
{
    static const char *const words[][2] = {{"order-mail", "order-mail"},
        {"Order Processing", "Order%20Processing"}, {"a.b_c~d-9", "a.b_c~d-9"},
        {"100%/?#", "100%25%2F%3F%23"}, {"\xc3\x84", "%C3%84"}, {"", ""}};
    (void)state;
    for (size_t i = 0; i < COUNT(words); i++) {
        struct buf word = BUF_INIT;
        name_encode(span_str(words[i][0]), &word);
        assert_string_equal(buf_text(&word), words[i][1]);
        buf_done(&word);
    }
}

static void version_is_a_number_from_one(void **state)
{
    static const struct {
        const char *text;
        uint32_t version;
    } versions[] = {
        {"1", 1},
        {"999999999", 999999999},
        {"4294967295", UINT32_MAX},
        {"4294967296", 0},
        {"99999999999999999999", 0},
        {"", 0},
        {"0", 0},
        {"01", 0},
        {"-1", 0},
        {"+1", 0},
        {"1.0", 0},
        {"1 ", 0},
        {" 1", 0},
        {"x", 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(versions); i++)
        assert_int_equal(name_version(span_str(versions[i].text)), versions[i].version);
    assert_int_equal(name_version(SPAN_NONE), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(name_rules_accept_what_the_contract_allows),
        cmocka_unit_test(name_ends_at_its_limit),
        cmocka_unit_test(name_has_no_nul),
        cmocka_unit_test(pipeline_is_named_by_what_shows),
        cmocka_unit_test(pipeline_s_name_is_counted_in_characters),
        cmocka_unit_test(names_differ_in_more_than_case),
        cmocka_unit_test(name_becomes_a_word),
        cmocka_unit_test(version_is_a_number_from_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
