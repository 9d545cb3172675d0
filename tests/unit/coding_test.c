/* coding_test - what a Content-Encoding names, what is decoded, and where that ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/coding.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define B(text) text, sizeof(text) - 1

static const struct {
    const char *header;
    enum coding coding;
} names[] = {
    {"", CODING_NONE},
    {"identity", CODING_NONE},
    {"IDENTITY , identity", CODING_NONE},
    {"utf-8", CODING_NONE},
    {" ,\t,, ", CODING_NONE},
    {"gzip", CODING_GZIP},
    {"GZip", CODING_GZIP},
    {"x-gzip", CODING_GZIP},
    {"\tgzip ", CODING_GZIP},
    {"gzip,", CODING_GZIP},
    {",identity,gzip", CODING_GZIP},
    {"deflate", CODING_DEFLATE},
    {"DEFLATE", CODING_DEFLATE},
    {"gzip, gzip", CODING_UNKNOWN},
    {"gzip,deflate", CODING_UNKNOWN},
    {"br", CODING_UNKNOWN},
    {"gzip, br", CODING_UNKNOWN},
    {"br, identity", CODING_UNKNOWN},
    {"gzip;q=1", CODING_UNKNOWN},
    {"gzip deflate", CODING_UNKNOWN},
    {"gzi", CODING_UNKNOWN},
    {"gzipp", CODING_UNKNOWN},
    {"*", CODING_UNKNOWN},
};

static void header_names_a_coding(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(names); i++)
        if (coding_read(span_str(names[i].header)) != names[i].coding)
            fail_msg("\"%s\"", names[i].header);
    assert_int_equal(coding_read(SPAN_NONE), CODING_NONE);
    assert_int_equal(coding_read(span_of("gzip\0", 5)), CODING_UNKNOWN);
}

static const struct {
    enum coding coding;
    const char *coded;
    size_t len;
    const char *text;
    enum err err;
    const char *why;
} vectors[] = {
    {CODING_GZIP,
        B("\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcbH\xcd\xc9\xc9W\xc8@"
          "\x90\x00\x80\x88\xf9\xe5\x11\x00\x00\x00"),
        "hello hello hello", ERR_OK, NULL},
    {CODING_DEFLATE, B("x\x9c\xcbH\xcd\xc9\xc9W\xc8@\x90\x00:.\x06}"), "hello hello hello", ERR_OK,
        NULL},
    {CODING_DEFLATE, B("\xcbH\xcd\xc9\xc9W\xc8@\x90\x00"), "hello hello hello", ERR_OK, NULL},
    {CODING_GZIP,
        B("\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00"), "",
        ERR_OK, NULL},
    {CODING_DEFLATE, B("x\x9c\x03\x00\x00\x00\x00\x01"), "", ERR_OK, NULL},
    {CODING_DEFLATE, B("\x03\x00"), "", ERR_OK, NULL},
    {CODING_GZIP,
        B("\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcbH\xcd\xc9\xc9W\x00\x00\xf6\xf9\x81\xed\x06"
          "\x00\x00\x00\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03KLO\xcc\xcc\x03\x00\xfc["
          "\xa1\x93\x05\x00\x00\x00"),
        "hello again", ERR_OK, NULL},
    {CODING_DEFLATE,
        B("x\x9c\x00\x63\xffxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
          "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
          "\x01\x00\x00\xff\xff"),
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        ERR_OK, NULL},
    {CODING_GZIP, B(""), "", ERR_INVALID, "ends early"},
    {CODING_DEFLATE, B(""), "", ERR_INVALID, "ends early"},
    {CODING_GZIP,
        B("\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcbH\xcd\xc9\xc9W\xc8@"
          "\x90\x00\x80\x88\xf9\xe5\x11\x00\x00"),
        "", ERR_INVALID, "ends early"},
    {CODING_DEFLATE, B("x\x9c\xcbH\xcd\xc9\xc9W\xc8@\x90\x00:.\x06"), "", ERR_INVALID,
        "ends early"},
    {CODING_DEFLATE, B("\xcbH\xcd\xc9\xc9W\xc8@\x90"), "", ERR_INVALID, "ends early"},
    {CODING_GZIP, B("hello hello hello"), "", ERR_INVALID, "is damaged, or is none"},
    {CODING_DEFLATE, B("hello hello hello"), "", ERR_INVALID, "is damaged, or is none"},
    {CODING_GZIP, B("x\x9c\xcbH\xcd\xc9\xc9W\xc8@\x90\x00:.\x06}"), "", ERR_INVALID,
        "is damaged, or is none"},
    {CODING_GZIP,
        B("\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcbH\xcd\xc9\xc9W\xc8@"
          "\x90\x00\x80\x88\xf9\xe5\x11\x00\x00\x00x"),
        "", ERR_INVALID, "ends early"},
    {CODING_GZIP,
        B("\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcbH\xcd\xc9\xc9W\xc8@"
          "\x90\x00\x80\x88\xf9\xe5\x11\x00\x00\x00xx"),
        "", ERR_INVALID, "is damaged, or is none"},
    {CODING_DEFLATE, B("x\x9c\xcbH\xcd\xc9\xc9W\xc8@\x90\x00:.\x06}x"), "", ERR_INVALID,
        "has something behind its end"},
    {CODING_DEFLATE, B("\xcbH\xcd\xc9\xc9W\xc8@\x90\x00x"), "", ERR_INVALID,
        "has something behind its end"},
    {CODING_DEFLATE, B("x\xbb\x00\x00\x00\x01\xcbH\xcd\xc9\xc9W\xc8@\x90\x00"), "", ERR_INVALID,
        "is damaged, or is none"},
};

static void data_is_decoded_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        struct buf bytes = BUF_INIT;
        const char *why = NULL;
        struct span coded = span_of(vectors[i].coded, vectors[i].len);
        buf_add_str(&bytes, "before ");
        enum err err = coding_decode(vectors[i].coding, coded, 1000, &bytes, &why);
        if (err != vectors[i].err)
            fail_msg("%zu: %s", i, err_name(err));
        if (err)
            assert_string_equal(why, vectors[i].why);
        else
            assert_string_equal(buf_text(&bytes) + strlen("before "), vectors[i].text);
        buf_done(&bytes);
    }
}

/* Every bound is kept exactly, also where the data would be damaged behind it. */
static void bound_is_kept(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct span coded = span_of(vectors[i].coded, vectors[i].len);
        size_t whole = strlen(vectors[i].text);
        for (size_t most = 0; most <= whole + 1; most++) {
            struct buf bytes = BUF_INIT;
            const char *why;
            enum err err = coding_decode(vectors[i].coding, coded, most, &bytes, &why);
            assert_int_equal(err, most < whole ? ERR_FULL : ERR_OK);
            assert_true(bytes.len <= most + 1);
            buf_done(&bytes);
        }
    }
}

static void data_cut_anywhere_ends_early(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        for (size_t len = 0; len < vectors[i].len; len++) {
            struct buf bytes = BUF_INIT;
            const char *why;
            assert_int_equal(ERR_INVALID, coding_decode(vectors[i].coding,
                                              span_of(vectors[i].coded, len), 1000, &bytes, &why));
            assert_string_equal(why, "ends early");
            buf_done(&bytes);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_names_a_coding),
        cmocka_unit_test(data_is_decoded_or_refused),
        cmocka_unit_test(bound_is_kept),
        cmocka_unit_test(data_cut_anywhere_ends_early),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
