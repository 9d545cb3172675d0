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
    {"A", {1, 1, 0, 1, 1, 1}},
    {"7", {1, 1, 1, 1, 1, 0}},
    {"_", {1, 0, 0, 0, 1, 1}},
    {"-a", {1, 0, 0, 0, 0, 0}},
    {".a", {1, 0, 0, 0, 0, 0}},
    {"..", {1, 0, 0, 0, 0, 0}},
    {"a-b", {1, 1, 1, 1, 1, 0}},
    {"a.b", {1, 1, 0, 1, 1, 0}},
    {"a_b", {1, 1, 1, 1, 1, 1}},
    {"a:b", {1, 0, 0, 0, 0, 0}},
    {"a/b", {1, 0, 0, 0, 0, 0}},
    {"aB", {1, 1, 0, 1, 1, 1}},
    {"a b", {0, 0, 0, 0, 0, 0}},
    {"a*", {0, 0, 0, 0, 0, 0}},
    {"a\n", {0, 0, 0, 0, 0, 0}},
    {"gr\xc3\xbc\xc3\x9f", {0, 0, 0, 0, 0, 0}},
    {"FX_HOME", {1, 1, 0, 1, 1, 0}},
    {"FX", {1, 1, 0, 1, 1, 1}},
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
        cmocka_unit_test(version_is_a_number_from_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
