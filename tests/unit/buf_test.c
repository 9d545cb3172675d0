/* buf_test - spans, growing buffers, and the names of results. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"

static const struct {
    const char *text, *prefix;
    bool starts, equal;
} span_cases[] = {
    {"", "", true, true},
    {"abc", "", true, false},
    {"abc", "ab", true, false},
    {"abc", "abc", true, true},
    {"abc", "abcd", false, false},
    {"abc", "b", false, false},
    {"", "a", false, false},
};

static void span_compares_by_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(span_cases) / sizeof(span_cases[0]); i++) {
        struct span text = span_str(span_cases[i].text);

        assert_int_equal(span_starts(text, span_str(span_cases[i].prefix)), span_cases[i].starts);
        assert_int_equal(span_eq_str(text, span_cases[i].prefix), span_cases[i].equal);
    }
    assert_true(span_eq(SPAN_NONE, span_str("")));
    assert_false(span_eq(span_of("a\0b", 3), span_of("a\0c", 3)));
}

static void span_dup_terminates(void **state)
{
    char *copy = span_dup(span_of("abcdef", 3));
    char *nothing = span_dup(SPAN_NONE);

    (void)state;
    assert_string_equal(copy, "abc");
    assert_string_equal(nothing, "");
    free(copy);
    free(nothing);
}

static void buf_is_usable_when_empty(void **state)
{
    struct buf b = BUF_INIT;

    (void)state;
    assert_string_equal(buf_text(&b), "");
    assert_int_equal(buf_span(&b).len, 0);
    buf_clear(&b);
    buf_drop(&b, 0);
    buf_add(&b, NULL, 0);
    assert_string_equal(buf_text(&b), "");
    buf_done(&b);
    buf_add_str(&b, "again");
    assert_string_equal(buf_text(&b), "again");
    buf_done(&b);
    buf_done(&b);
}

static void buf_grows_and_stays_terminated(void **state)
{
    struct buf b = BUF_INIT;

    (void)state;
    for (size_t i = 0; i < 100000; i++) {
        buf_add_char(&b, (char)('a' + i % 26));
        assert_int_equal(b.data[b.len], 0);
    }
    assert_int_equal(b.len, 100000);
    for (size_t i = 0; i < b.len; i++)
        assert_int_equal(b.data[i], 'a' + i % 26);
    buf_done(&b);
}

static void buf_reserve_promises_room(void **state)
{
    struct buf b = BUF_INIT;
    uint8_t *data;

    (void)state;
    buf_reserve(&b, 1000);
    data = b.data;
    for (size_t i = 0; i < 1000; i++)
        buf_add_char(&b, 'x');
    assert_ptr_equal(b.data, data);
    buf_done(&b);
}

static void buf_keeps_inner_nul(void **state)
{
    struct buf b = BUF_INIT;

    (void)state;
    buf_add(&b, "a\0b", 3);
    buf_add_span(&b, span_of("\0", 1));
    assert_int_equal(b.len, 4);
    assert_memory_equal(b.data, "a\0b\0", 5);
    buf_done(&b);
}

/* Every length around the room there is, where one byte too few would show. */
static void buf_printf_fits_any_length(void **state)
{
    char text[300];

    (void)state;
    memset(text, 'x', sizeof(text));
    for (int n = 0; n < (int)sizeof(text); n++) {
        struct buf b = BUF_INIT;

        buf_add_str(&b, "head ");
        buf_printf(&b, "%.*s|%d", n, text, n);
        assert_int_equal(b.len, 5 + (size_t)n + 1 + (n < 10 ? 1 : n < 100 ? 2 : 3));
        assert_int_equal(b.data[b.len], 0);
        assert_int_equal(strlen(buf_text(&b)), b.len);
        buf_done(&b);
    }
}

static void buf_drop_keeps_the_end(void **state)
{
    struct buf b = BUF_INIT;

    (void)state;
    buf_add_str(&b, "abcdef");
    buf_drop(&b, 2);
    assert_string_equal(buf_text(&b), "cdef");
    buf_drop(&b, 4);
    assert_string_equal(buf_text(&b), "");
    assert_int_equal(b.len, 0);
    buf_done(&b);
}

static void mem_alloc_is_zeroed(void **state)
{
    uint8_t *p = mem_alloc(100);
    char *copy = mem_strdup("text");

    (void)state;
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(p[i], 0);
    p = mem_resize(p, 200);
    free(p);
    assert_string_equal(copy, "text");
    free(copy);
    free(mem_alloc(0));
}

static void err_name_knows_every_value(void **state)
{
    (void)state;
    for (int err = 0; err < ERR__MAX; err++)
        assert_string_not_equal(err_name((enum err)err), "unknown");
    assert_string_equal(err_name(ERR_NOTFOUND), "not found");
    assert_string_equal(err_name(ERR__MAX), "unknown");
    assert_string_equal(err_name((enum err) - 1), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(span_compares_by_bytes),
        cmocka_unit_test(span_dup_terminates),
        cmocka_unit_test(buf_is_usable_when_empty),
        cmocka_unit_test(buf_grows_and_stays_terminated),
        cmocka_unit_test(buf_reserve_promises_room),
        cmocka_unit_test(buf_keeps_inner_nul),
        cmocka_unit_test(buf_printf_fits_any_length),
        cmocka_unit_test(buf_drop_keeps_the_end),
        cmocka_unit_test(mem_alloc_is_zeroed),
        cmocka_unit_test(err_name_knows_every_value),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
