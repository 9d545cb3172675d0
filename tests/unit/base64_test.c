/* base64_test - RFC 4648: its vectors, every length and byte, and what a strict reader refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/base64.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* RFC 4648, section 10, and the bytes that tell the two alphabets apart. */
static const struct {
    const char *bytes;
    size_t len;
    const char *standard, *url;
} vectors[] = {
    {"", 0, "", ""},
    {"f", 1, "Zg==", "Zg"},
    {"fo", 2, "Zm8=", "Zm8"},
    {"foo", 3, "Zm9v", "Zm9v"},
    {"foob", 4, "Zm9vYg==", "Zm9vYg"},
    {"fooba", 5, "Zm9vYmE=", "Zm9vYmE"},
    {"foobar", 6, "Zm9vYmFy", "Zm9vYmFy"},
    {"\0", 1, "AA==", "AA"},
    {"\0\0\0", 3, "AAAA", "AAAA"},
    {"\xff", 1, "/w==", "_w"},
    {"\xfb\xef\xbe", 3, "++++", "----"},
    {"\xff\xff\xff", 3, "////", "____"},
};

static void base64_writes_and_reads_the_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        struct span bytes = span_of(vectors[i].bytes, vectors[i].len);
        struct buf standard = BUF_INIT, url = BUF_INIT, back = BUF_INIT;
        base64_encode(bytes, &standard);
        base64url_encode(bytes, &url);
        assert_string_equal(buf_text(&standard), vectors[i].standard);
        assert_string_equal(buf_text(&url), vectors[i].url);
        assert_true(base64_decode(buf_span(&standard), &back));
        assert_true(span_eq(buf_span(&back), bytes));
        buf_done(&standard);
        buf_done(&url);
        buf_done(&back);
    }
}

static void base64_returns_every_byte_at_every_length(void **state)
{
    uint8_t bytes[256];
    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 167 + 13);
    for (size_t len = 0; len <= sizeof bytes; len++) {
        struct buf text = BUF_INIT, back = BUF_INIT;
        base64_encode(span_of(bytes, len), &text);
        assert_int_equal(text.len, (len + 2) / 3 * 4);
        assert_true(base64_decode(buf_span(&text), &back));
        assert_true(span_eq(buf_span(&back), span_of(bytes, len)));
        buf_done(&text);
        buf_done(&back);
    }
}

static void base64_appends(void **state)
{
    struct buf out = BUF_INIT;
    (void)state;
    buf_add_str(&out, "a:");
    base64_encode(span_str("foo"), &out);
    base64url_encode(span_str("f"), &out);
    assert_string_equal(buf_text(&out), "a:Zm9vZg");
    assert_true(base64_decode(span_str("YmFy"), &out));
    assert_string_equal(buf_text(&out), "a:Zm9vZgbar");
    buf_done(&out);
}

static const char *const refused[] = {
    "Z",
    "Zg",
    "Zg=",
    "Zm8",
    "Zg===",
    "Zm9vZg",
    "Zg==Zg==", /* padding before the end */
    "Zm8=Zm8=",
    "Zg==\n",
    "Zm9v\n",
    " Zm9v",
    "Zm 9",
    "Zm\n9v",
    "Zh==", /* stray bits */
    "Zm9=",
    "Zv==",
    "====",
    "=AAA",
    "A===",
    "AA=A",
    "A=AA",
    "----", /* the other alphabet */
    "____",
    "Zm9*",
    "Zm9\x80",
    "Zm9vYmF.",
};

/* When a text is refused, however late, neither the bytes nor the NUL behind them change. */
static void base64_refuses_what_is_not_strict(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        struct buf out = BUF_INIT;
        buf_add_str(&out, "kept");
        if (base64_decode(span_str(refused[i]), &out))
            fail_msg("\"%s\" was accepted", refused[i]);
        assert_int_equal(out.len, 4);
        assert_string_equal(buf_text(&out), "kept");
        buf_done(&out);
    }
}

static void base64_refuses_a_nul(void **state)
{
    struct buf out = BUF_INIT;
    (void)state;
    assert_false(base64_decode(span_of("Zm9\0", 4), &out));
    assert_false(base64_decode(span_of("\0\0\0\0", 4), &out));
    assert_int_equal(out.len, 0);
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64_writes_and_reads_the_vectors),
        cmocka_unit_test(base64_returns_every_byte_at_every_length),
        cmocka_unit_test(base64_appends),
        cmocka_unit_test(base64_refuses_what_is_not_strict),
        cmocka_unit_test(base64_refuses_a_nul),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
