/* retry_version_test - how people say which version an execution is tried again with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "model/retry_version.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void retry_version_is_read_and_written(void **state)
{
    static const struct {
        const char *text;
        struct retry_version version;
    } rows[] = {
        {"latest", {RETRY_LATEST, 0}},
        {"same", {RETRY_SAME, 0}},
        {"1", {RETRY_NUMBER, 1}},
        {"4294967295", {RETRY_NUMBER, UINT32_MAX}},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct retry_version version;
        struct buf text = BUF_INIT;
        assert_true(retry_version_parse(span_str(rows[i].text), &version));
        assert_int_equal(version.which, rows[i].version.which);
        if (version.which == RETRY_NUMBER)
            assert_int_equal(version.number, rows[i].version.number);
        retry_version_print(&version, &text);
        assert_string_equal(buf_text(&text), rows[i].text);
        buf_done(&text);
    }
}

static void retry_version_refuses_the_rest(void **state)
{
    static const char *const texts[] = {"", "0", "01", "-1", "+1", "1 ", " 1", "1.0", "4294967296",
        "99999999999999999999", "Latest", "LATEST", "newest", "latest ", "sam", "same1",
        "latest|same"};
    struct retry_version version;
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++)
        if (retry_version_parse(span_str(texts[i]), &version))
            fail_msg("\"%s\"", texts[i]);
    assert_false(retry_version_parse(span_of("same\0", 5), &version));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(retry_version_is_read_and_written),
        cmocka_unit_test(retry_version_refuses_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
