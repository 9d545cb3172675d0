/* blot_test - no secret of a step is left in what is kept of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "runner/blot.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define GONE "(not shown)"
#define SECRET "0123456789abcdef"
#define OVERLAPS "abcabcabc" /* in pieces more of such a secret is found */

static const struct {
    const char *secret, *text, *left;
} cases[] = {
    {SECRET, "", ""},
    {SECRET, "nothing of it", "nothing of it"},
    {SECRET, SECRET, GONE},
    {SECRET, "a" SECRET "b", "a" GONE "b"},
    {SECRET, SECRET "\n" SECRET, GONE "\n" GONE},
    {SECRET, SECRET SECRET, GONE},
    {SECRET, "0123456789abcdeF!", "0123456789abcdeF!"},
    {SECRET, "01230123456789abcdef", "0123" GONE},
    /* from 8 bytes on */
    {"1234567", "1234567", "1234567"},
    {"12345678", "12345678", GONE},
    {"", "", ""},
    /* cut at an end of the text */
    {SECRET, "cdef and on", GONE " and on"},
    {SECRET, "def and on", "def and on"},
    {SECRET, "123456789abcdef!", GONE "!"},
    {SECRET, "ends in 0123", "ends in " GONE},
    {SECRET, "ends in 012", "ends in 012"},
    {SECRET, "ends in 0123456789abcde", "ends in " GONE},
    {SECRET, "6789abc", "6789abc"}, /* neither its beginning nor its end */
    /* a part that is a secret by itself */
    {"Bearer " SECRET, "token " SECRET ".", "token " GONE "."},
    {"Bearer " SECRET, "Bearer " SECRET ".", GONE "."},
    {"first line\n" SECRET "\r\nlast", "x" SECRET "x", "x" GONE "x"},
    {"first line\n" SECRET "\r\nlast", "x last", "x last"},
    {SECRET "\n", "x" SECRET "x", "x" GONE "x"},
    /* it overlaps itself */
    {"aaaaaaaa", "aaaaaaaaaaaa", GONE},
    {OVERLAPS, "xabcabcabcabcx", "x" GONE "abcx"},
};

/*
 * In pieces of whatever size the text shows as it does at once. Before it stands what makes its
 * beginning no end of a secret that was cut.
 */
static void check_stream(const struct step_call *call, const char *text)
{
    struct buf whole = BUF_INIT, at_once = BUF_INIT;
    buf_printf(&whole, "|%s", text);
    buf_add_span(&at_once, buf_span(&whole));
    blot_out(call, &at_once);
    for (size_t piece = 1; piece <= whole.len; piece++) {
        struct blot_stream stream = {.call = call};
        struct buf out = BUF_INIT;
        for (size_t at = 0; at < whole.len; at += piece) {
            size_t len = whole.len - at < piece ? whole.len - at : piece;
            blot_stream_add(&stream, span_of(whole.data + at, len), false, &out);
        }
        blot_stream_add(&stream, SPAN_NONE, true, &out);
        assert_string_equal(buf_text(&out), buf_text(&at_once));
        blot_stream_done(&stream);
        buf_done(&out);
    }
    buf_done(&whole);
    buf_done(&at_once);
}

/* A step that is given the secret, by its environment or by a header. */
static void check(
    const char *secret, const char *other, const char *text, const char *left, enum step_kind kind)
{
    char name[] = "NAME", reference[] = "ref";
    char *value = mem_strdup(secret), *second = mem_strdup(other);
    struct pair pairs[] = {{name, {second, reference}}, {name, {value, reference}}};
    struct step step = {.kind = kind};
    struct pipeline pipeline = {.has_secrets = true};
    if (kind == STEP_HTTP) {
        step.headers = pairs;
        step.header_count = 2;
    } else {
        pipeline.env = pairs;
        pipeline.env_count = 2;
    }
    struct step_call call = {.pipeline = &pipeline, .step = &step};
    struct buf log = BUF_INIT;
    buf_add_str(&log, text);
    blot_out(&call, &log);
    assert_string_equal(buf_text(&log), left);
    buf_done(&log);
    if (strcmp(secret, OVERLAPS) != 0)
        check_stream(&call, text);
    free(value);
    free(second);
}

static void secrets_are_blotted_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        check(cases[i].secret, "", cases[i].text, cases[i].left, STEP_SCRIPT);
        check(cases[i].secret, "", cases[i].text, cases[i].left, STEP_HTTP);
    }
}

/* Whichever comes first. */
static void secret_within_a_secret_leaves_nothing(void **state)
{
    (void)state;
    check(SECRET, "89abcdef", "x" SECRET "x", "x" GONE "x", STEP_SCRIPT);
    check("89abcdef", SECRET, "x" SECRET "x", "x" GONE "x", STEP_SCRIPT);
    check("abcdefgh", "efghijkl", "abcdefghijkl", GONE, STEP_SCRIPT);
}

/* A text that stands in a definition is no secret, nor is what another step is given. */
static void other_texts_stay(void **state)
{
    char name[] = "NAME", text[] = SECRET;
    struct pair pair = {name, {text, NULL}};
    struct step step = {.kind = STEP_SCRIPT};
    struct pipeline pipeline = {.has_secrets = true, .env = &pair, .env_count = 1};
    struct step_call call = {.pipeline = &pipeline, .step = &step};
    struct buf log = BUF_INIT;
    (void)state;
    buf_add_str(&log, SECRET);
    blot_out(&call, &log);
    assert_string_equal(buf_text(&log), SECRET);
    buf_done(&log);
}

static void every_place_of_a_cut_is_found(void **state)
{
    (void)state;
    for (size_t len = 4; len < strlen(SECRET); len++) {
        char begins[64], ends[64];
        snprintf(begins, sizeof begins, "%s|", SECRET + strlen(SECRET) - len);
        snprintf(ends, sizeof ends, "|%.*s", (int)len, SECRET);
        check(SECRET, "", begins, GONE "|", STEP_SCRIPT);
        check(SECRET, "", ends, "|" GONE, STEP_SCRIPT);
    }
}

/* Nothing is held back but what may be a secret's beginning, and of that nothing is shown. */
static void stream_shows_all_that_it_can(void **state)
{
    static const struct {
        const char *text, *shown; /* so far */
    } pieces[] = {
        {"hello\n", "hello\n"},
        {"0123", "hello\n"},
        {"4x", "hello\n01234x"},
        {"012345678", "hello\n01234x"},
        {"9abcdef", "hello\n01234x" GONE},
        {"01", "hello\n01234x" GONE},
    };
    char name[] = "NAME", reference[] = "ref", value[] = SECRET;
    struct pair pair = {name, {value, reference}};
    struct step step = {.kind = STEP_SCRIPT};
    struct pipeline pipeline = {.has_secrets = true, .env = &pair, .env_count = 1};
    struct step_call call = {.pipeline = &pipeline, .step = &step};
    struct blot_stream stream = {.call = &call};
    struct buf out = BUF_INIT;
    (void)state;
    for (size_t i = 0; i < COUNT(pieces); i++) {
        blot_stream_add(&stream, span_str(pieces[i].text), false, &out);
        assert_string_equal(buf_text(&out), pieces[i].shown);
    }
    assert_int_equal(blot_stream_cut(&stream), 2);
    blot_stream_add(&stream, span_str("89abcdef|"), false, &out);
    assert_string_equal(buf_text(&out), "hello\n01234x" GONE GONE "|");
    blot_stream_done(&stream);
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secrets_are_blotted_out),
        cmocka_unit_test(secret_within_a_secret_leaves_nothing),
        cmocka_unit_test(other_texts_stay),
        cmocka_unit_test(every_place_of_a_cut_is_found),
        cmocka_unit_test(stream_shows_all_that_it_can),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
