/* names_test - lists of names as settings hold them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/names.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
    const char *list, *name;
    bool has;
} cases[] = {
    {"", "A", false},
    {"", "", false},
    {"A", "A", true},
    {"A", "a", false},
    {"A", "AB", false},
    {"AB", "A", false},
    {"A B", "B", true},
    {"  A \t B  ", "B", true},
    {"A  B", "", false},
    {"APP_*", "APP_", true},
    {"APP_*", "APP_X", true},
    {"APP_*", "APP", false},
    {"APP_*", "XAPP_X", false},
    {"A B* C", "B", true},
    {"A B* C", "BC", true},
    {"A B* C", "CB", false},
    {"*", "ANYTHING", true},
    {"*", "", true},
};

static void names_have_finds_names_and_beginnings(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        if (names_have(cases[i].list, cases[i].name) != cases[i].has)
            fail_msg("\"%s\" in \"%s\"", cases[i].name, cases[i].list);
}

static void names_are_list_takes_names_alone(void **state)
{
    static const char *const good[] = {"", " ", "A", "a.b-c_1", "A B", "\tA*  B ", "*", "A *"};
    static const char *const bad[] = {
        "A,B", "A=B", "A*B", "**", "A**", "$A", "A /B", "\xc3\xbc", "A\nB", "*A"};
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++)
        if (!names_are_list(good[i]))
            fail_msg("\"%s\"", good[i]);
    for (size_t i = 0; i < COUNT(bad); i++)
        if (names_are_list(bad[i]))
            fail_msg("\"%s\"", bad[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_have_finds_names_and_beginnings),
        cmocka_unit_test(names_are_list_takes_names_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
