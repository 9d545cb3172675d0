/* json_test - the strict check, walking, merging and writing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "base/json.h"
#include "base/utf8.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *const good_texts[] = {
    "null",
    "true",
    "false",
    "0",
    "-0",
    "-1",
    "10",
    "0.5",
    "-0.0",
    "1e5",
    "1E+5",
    "1e-05",
    "0e0",
    "1.5e3",
    "1e400",
    "123456789012345678901234567890123456789012345678901234567890",
    "0.000000000000000000000000000000000000000000000000000000000001",
    "\"\"",
    "\"a\"",
    "[]",
    "{}",
    " \t\r\n[ ] \t\r\n",
    " { } ",
    "[1,2,3]",
    "[ 1 , 2 ]",
    "[[],[[]],{}]",
    "{\"a\":1}",
    " { \"a\" : 1 , \"b\" : [ ] } ",
    "{\"\":0}",
    "{\"a\":{\"a\":{\"a\":1}}}",
    "[{\"a\":1},{\"a\":2}]",
    "{\"a\":{\"b\":1},\"b\":{\"b\":2}}",
    "{\"a\":1,\"A\":2,\"a \":3}",
    "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
    "\"\\u0001\\u001f\\u00e9\\uFFFF\\uABcd\"",
    "\"\\ud83d\\ude00\\uD800\\uDC00\\udbff\\udfff\"",
    "\"\x7f\"",
    "\"\xc2\x80\xdf\xbf\"",
    "\"\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\"",
    "\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"",
    "\"\xe2\x80\xa8\xe2\x80\xa9\"",
    "\"\xef\xbb\xbf\"",
    "\"0123456\xc3\xa9 8 9 0123456789 \\n 0123456789\"",
    "{\"\xc3\xa9\":1,\"e\xcc\x81\":2}",
    "{\"\\\\u0061\":1,\"a\":2}",
    "\"\\\\u0000\"",
    "\"//\"",
};

static const struct {
    const char *text;
    size_t offset;
} bad_texts[] = {
    /* nothing, too little, too much */
    {"", 0},
    {" ", 1},
    {"\n\t", 2},
    {"[", 1},
    {"{", 1},
    {"[1", 2},
    {"[1,", 3},
    {"{\"a\"", 4},
    {"{\"a\":", 5},
    {"{\"a\":1", 6},
    {"{\"a\":1,", 7},
    {"\"", 1},
    {"\"abc", 4},
    {"\"\\", 2},
    {"\"\\\"", 3},
    {"\"abc\\", 5},
    {"1 2", 2},
    {"{} {}", 3},
    {"[]]", 2},
    {"{}}", 2},
    {"null,", 4},
    {"\"a\"\"b\"", 3},
    {"]", 0},
    {"}", 0},
    {",", 0},
    {":", 0},
    /* brackets and commas */
    {"[1,]", 3},
    {"[,1]", 1},
    {"[1,,2]", 3},
    {"[1 2]", 3},
    {"[1}", 2},
    {"[}", 1},
    {"{]", 1},
    {"{\"a\":1]", 6},
    {"{\"a\":1,}", 7},
    {"{,\"a\":1}", 1},
    {"{\"a\" 1}", 5},
    {"{\"a\",1}", 4},
    {"{\"a\"::1}", 5},
    {"{\"a\":}", 5},
    {"{\"a\":1 \"b\":2}", 7},
    {"{a:1}", 1},
    {"{1:1}", 1},
    {"{null:1}", 1},
    {"[\"a\":1]", 4},
    {"{[]:1}", 1},
    /* member names twice */
    {"{\"a\":1,\"a\":2}", 7},
    {"{\"a\":1,\"b\":{\"a\":1},\"a\":2}", 19},
    {"{\"\":1,\"\":2}", 6},
    {"{\"a\":1,\"\\u0061\":2}", 7},
    {"{\"\\u0061\":1,\"a\":2}", 12},
    {"{\"\\u006a\":1,\"\\u006A\":2}", 12},
    {"{\"/\":1,\"\\/\":2}", 7},
    {"{\"\\n\":1,\"\\u000a\":2}", 8},
    {"{\"\xc3\xa9\":1,\"\\u00e9\":2}", 8},
    {"{\"\xf0\x9f\x98\x80\":1,\"\\ud83d\\ude00\":2}", 10},
    {"[{\"b\":{\"x\":{}},\"b\":1}]", 15},
    /* literals */
    {"nul", 3},
    {"NULL", 0},
    {"Null", 0},
    {"nulL", 3},
    {"True", 0},
    {"TRUE", 0},
    {"tru", 3},
    {"truee", 4},
    {"False", 0},
    {"fals e", 4},
    {"nan", 1},
    {"NaN", 0},
    {"[NaN]", 1},
    {"Infinity", 0},
    {"-Infinity", 1},
    {"-inf", 1},
    {"undefined", 0},
    /* numbers */
    {"01", 1},
    {"-01", 2},
    {"00", 1},
    {"+1", 0},
    {"-", 1},
    {"--1", 1},
    {".5", 0},
    {"-.5", 1},
    {"1.", 2},
    {"[1.]", 3},
    {"1.e5", 2},
    {"1e", 2},
    {"1e+", 3},
    {"1e-", 3},
    {"1e5.5", 3},
    {"1ee5", 2},
    {"0x10", 1},
    {"1_000", 1},
    {"1,000", 1},
    {"1a", 1},
    {"\xd9\xa1", 0},
    /* quotes, comments, other white space */
    {"'a'", 0},
    {"{'a':1}", 1},
    {"{\"a\":'b'}", 5},
    {"// x\n1", 0},
    {"/* x */ 1", 0},
    {"1 // x", 2},
    {"[1 /* x */]", 3},
    {"# x\n1", 0},
    {"\f1", 0},
    {"\v1", 0},
    {"\xc2\xa0"
     "1",
        0},
    {"\xef\xbb\xbf{}", 0},
    {"{}\xef\xbb\xbf", 2},
    /* escapes */
    {"\"\\a\"", 1},
    {"\"\\'\"", 1},
    {"\"\\x41\"", 1},
    {"\"\\U0041\"", 1},
    {"\"\\0\"", 1},
    {"\"\\\n\"", 1},
    {"\"\\u\"", 1},
    {"\"\\u12\"", 1},
    {"\"\\u123", 1},
    {"\"\\u123g\"", 1},
    {"\"\\u+123\"", 1},
    {"\"\\u 123\"", 1},
    {"\"a\\u0000b\"", 2},
    {"{\"a\\u0000\":1}", 3},
    {"\"\\ud800\"", 1},
    {"\"\\udc00\"", 1},
    {"\"\\udfff\\ud800\"", 1},
    {"\"\\ud800\\ud800\"", 1},
    {"\"\\ud800\\u0041\"", 1},
    {"\"\\ud800x\"", 1},
    {"\"\\ud800\\n\"", 1},
    {"\"\\ud800\\", 1},
    {"\"\\ud800\\u", 1},
    {"\"\\ud800\\udc0", 1},
    {"\"\\ud83d\\ude00\\ude00\"", 13},
    {"{\"\\ud800\":1}", 2},
    /* control characters */
    {"\"a\nb\"", 2},
    {"\"a\tb\"", 2},
    {"\"\x01\"", 1},
    {"\"\x1f\"", 1},
    {"\"0123456789\x1f\"", 11},
    {"{\"a\n\":1}", 3},
    /* UTF-8 */
    {"\"\x80\"", 1},
    {"\"\xbf\"", 1},
    {"\"\xc0\xaf\"", 1},
    {"\"\xc1\xbf\"", 1},
    {"\"\xc3\"", 1},
    {"\"\xc3(\"", 1},
    {"\"\xe0\x80\xaf\"", 1},
    {"\"\xe0\x9f\xbf\"", 1},
    {"\"\xe2\x82\"", 1},
    {"\"\xed\xa0\x80\"", 1},
    {"\"\xed\xbf\xbf\"", 1},
    {"\"\xf0\x80\x80\xaf\"", 1},
    {"\"\xf0\x8f\xbf\xbf\"", 1},
    {"\"\xf0\x9f\x98\"", 1},
    {"\"\xf4\x90\x80\x80\"", 1},
    {"\"\xf5\x80\x80\x80\"", 1},
    {"\"\xf8\x88\x80\x80\x80\"", 1},
    {"\"\xfe\"", 1},
    {"\"\xff\"", 1},
    {"\"01234567\xff\"", 9},
    {"\"abc\xc3", 4},
    {"\"abc\xe2\x82", 4},
    {"\"abc\xf0\x9f\x98", 4},
    {"{\"\xff\":1}", 2},
    {"\xff", 0},
};

/* Checks a copy of exactly that size, so that the sanitizer sees a read past the end. */
static bool check_copy(struct span text, unsigned max_depth, struct json_fault *ret_fault)
{
    uint8_t *copy = mem_resize(NULL, text.len);
    bool ok;

    if (text.len > 0)
        memcpy(copy, text.data, text.len);
    ok = json_check(span_of(copy, text.len), max_depth, ret_fault);
    free(copy);
    return ok;
}

static bool accepts(struct span text)
{
    struct json_fault fault;

    return check_copy(text, JSON_DEPTH_DEFAULT, &fault);
}

static void legal_text_is_accepted(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(good_texts); i++) {
        struct json_fault fault;

        if (!check_copy(span_str(good_texts[i]), JSON_DEPTH_DEFAULT, &fault))
            fail_msg("%s: refused at %zu: %s", good_texts[i], fault.offset, fault.what);
    }
}

static void other_text_is_refused_where_it_goes_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad_texts); i++) {
        struct json_fault fault = {99, NULL};

        if (check_copy(span_str(bad_texts[i].text), JSON_DEPTH_DEFAULT, &fault))
            fail_msg("accepted: %s", bad_texts[i].text);
        assert_non_null(fault.what);
        if (fault.offset != bad_texts[i].offset)
            fail_msg("%s: refused at %zu, not %zu: %s", bad_texts[i].text, fault.offset,
                bad_texts[i].offset, fault.what);
    }
}

/* What RFC 8259 allows and text of ours may not have. */
static const char *const foreign_texts[] = {
    "{\"a\":1,\"a\":2}",
    "{\"a\":1,\"\\u0061\":2}",
    "[{\"b\":{\"x\":{}},\"b\":1}]",
    "{\"\":1,\"\":2}",
    "\"a\\u0000b\"",
    "{\"a\\u0000\":1}",
    "\"\\ud800\"",
    "\"\\udc00\"",
    "\"\\udfff\\ud800\"",
    "\"\\ud800\\ud800\"",
    "\"\\ud800\\u0041\"",
    "\"\\ud800x\"",
    "\"\\ud800\\n\"",
    "\"\\ud83d\\ude00\\ude00\"",
    "{\"\\ud800\":1}",
};

static bool accepts_by(const char *text, const struct json_rules *rules)
{
    struct json_fault fault;
    return json_check_by(span_str(text), JSON_DEPTH_DEFAULT, rules, &fault);
}

static void foreign_text_may_be_all_that_the_rfc_allows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(good_texts); i++)
        assert_true(accepts_by(good_texts[i], &json_foreign));
    for (size_t i = 0; i < COUNT(foreign_texts); i++) {
        assert_false(accepts(span_str(foreign_texts[i])));
        assert_true(accepts_by(foreign_texts[i], &json_foreign));
    }
}

/* A text that is refused as ours is refused as foreign too, but for those that the RFC allows. */
static void foreign_text_may_be_no_more(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad_texts); i++) {
        struct json_fault ours = {99, ""}, theirs = {99, NULL};
        struct span text = span_str(bad_texts[i].text);
        assert_false(json_check(text, JSON_DEPTH_DEFAULT, &ours));
        bool taken = json_check_by(text, JSON_DEPTH_DEFAULT, &json_foreign, &theirs);
        bool allowed = strstr(ours.what, "twice") || strstr(ours.what, "surrogate") ||
                       strstr(ours.what, "NUL");
        if (taken ? !allowed : !allowed && theirs.offset != ours.offset)
            fail_msg("%s: %s", bad_texts[i].text, ours.what);
    }
}

static const struct json_rules payload_rules = {.foreign = {{1, "payload"}}, .count = 1};
static const struct json_rules batch_rules = {.foreign = {{2, "data"}}, .count = 1};
static const struct json_rules answer_rules = {.foreign = {{2, NULL}, {3, "payload"}}, .count = 2};

static const struct {
    const struct json_rules *rules;
    const char *text; /* "@" stands for a foreign text */
    bool good;
} envelopes[] = {
    {&payload_rules, "{\"payload\":@}", true},
    {&payload_rules, "{\"a\":1,\"p\\u0061yload\":@,\"b\":\"\"}", true},
    {&payload_rules, "{\"payload\":[[{\"a\":@}], @],\"b\":{\"a\":1}}", true},
    {&payload_rules, "{\"payload\":{\"payload\":@,\"payload\":@}}", true},
    {&payload_rules, "@", false},
    {&payload_rules, "{\"payloads\":@}", false},
    {&payload_rules, "{\"payload\":1,\"a\":@}", false},
    {&payload_rules, "{\"payload\":[1],\"a\":@}", false},
    {&payload_rules, "{\"payload\":{},\"a\":[@]}", false},
    {&payload_rules, "{\"payload\":@,\"a\":@}", false},
    {&payload_rules, "{\"payload\":@,\"payload\":@}", false},
    {&payload_rules, "{\"a\":{\"payload\":@}}", false},
    {&payload_rules, "[{\"payload\":@}]", false},
    {&batch_rules, "[{\"data\":@},{\"a\":1,\"data\":[@]}]", true},
    {&batch_rules, "[{\"data\":@},{\"a\":@}]", false},
    {&batch_rules, "[{\"data\":@},@]", false},
    {&batch_rules, "{\"data\":@}", false},
    {&answer_rules, "{\"save\":{\"a\":@,\"b\":[@]},\"emit\":[{\"payload\":@}]}", true},
    {&answer_rules, "{\"save\":@}", false},
    {&answer_rules, "{\"emit\":[{\"topic\":@}]}", false},
    {&answer_rules, "{\"emit\":[@]}", false},
    {&answer_rules, "{\"error\":@}", false},
};

/* Puts the foreign text where the "@" are. */
static void fill(struct buf *out, const char *text, const char *foreign)
{
    for (; *text; text++) {
        if (*text == '@')
            buf_add_str(out, foreign);
        else
            buf_add_char(out, *text);
    }
}

/* A member's value is another's, and what is round it is ours. */
static void envelopes_are_judged_by_whose_what_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(envelopes); i++) {
        for (size_t k = 0; k < COUNT(foreign_texts); k++) {
            struct buf text = BUF_INIT;
            fill(&text, envelopes[i].text, foreign_texts[k]);
            if (accepts_by(buf_text(&text), envelopes[i].rules) != envelopes[i].good)
                fail_msg("%s", buf_text(&text));
            buf_done(&text);
        }
        struct buf text = BUF_INIT;
        fill(&text, envelopes[i].text, "\"\xff\"");
        assert_false(accepts_by(buf_text(&text), envelopes[i].rules));
        buf_done(&text);
    }
}

static void a_mark_is_skipped_once_and_only_before(void **state)
{
    static const struct {
        const char *text, *behind;
    } cases[] = {
        {"\xef\xbb\xbf{}", "{}"},
        {"\xef\xbb\xbf\xef\xbb\xbf{}", "\xef\xbb\xbf{}"},
        {" \xef\xbb\xbf{}", " \xef\xbb\xbf{}"},
        {"\xef\xbb\xbf", ""},
        {"\xef\xbb", "\xef\xbb"},
        {"{}", "{}"},
        {"", ""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_true(span_eq_str(json_behind_mark(span_str(cases[i].text)), cases[i].behind));
    assert_int_equal(json_behind_mark(SPAN_NONE).len, 0);
}

/* Whatever stands in an array or a member is judged as it is alone. */
static void judgement_does_not_depend_on_the_place(void **state)
{
    static const char *const frames[][2] = {{"[", "]"}, {"{\"k\":", "}"}, {"[0,", ",0]"}};

    (void)state;
    for (size_t f = 0; f < COUNT(frames); f++) {
        for (size_t i = 0; i < COUNT(good_texts); i++) {
            struct buf b = BUF_INIT;

            buf_printf(&b, "%s%s%s", frames[f][0], good_texts[i], frames[f][1]);
            if (!accepts(buf_span(&b)))
                fail_msg("refused: %s", buf_text(&b));
            buf_done(&b);
        }
    }
}

static void every_truncation_is_refused(void **state)
{
    static const char text[] = "{\"a\":[1.5e3,{\"\\u00e9\":\"\\ud83d\\ude00 \xf0\x9f\x98\x80\"},"
                               "true,false,null,-0],\"b\":{}}";

    (void)state;
    assert_true(accepts(span_str(text)));
    for (size_t len = 0; len < sizeof(text) - 1; len++)
        assert_false(accepts(span_of(text, len)));
}

static void raw_nul_is_refused(void **state)
{
    (void)state;
    assert_false(accepts(span_of("\0", 1)));
    assert_false(accepts(span_of("{}\0", 3)));
    assert_false(accepts(span_of("\"\0\"", 3)));
    assert_false(accepts(span_of("\"01234567\0\"", 11)));
    assert_false(accepts(span_of("{\"a\0\":1}", 8)));
    assert_false(accepts(span_of("[1\0]", 4)));
}

/* Every single byte and pair of bytes in a string, against the rules written another way. */
static void strings_accept_what_they_should(void **state)
{
    (void)state;
    for (unsigned a = 0; a < 256; a++) {
        for (unsigned b = 0; b < 256; b++) {
            uint8_t text[] = {'"', (uint8_t)a, (uint8_t)b, '"'};
            bool plain_a = a >= 0x20 && a < 0x80 && a != '"' && a != '\\';
            bool plain_b = b >= 0x20 && b < 0x80 && b != '"' && b != '\\';
            bool pair = a >= 0xc2 && a <= 0xdf && b >= 0x80 && b <= 0xbf;
            bool escape = a == '\\' && b != 0 && strchr("\"\\/bfnrt", (int)b) != NULL;

            assert_int_equal(accepts(span_of(text, 4)), (plain_a && plain_b) || pair || escape);
        }
    }
}

/* Each code point, and each place in the eight bytes that are looked at together. */
static void strings_accept_every_code_point(void **state)
{
    (void)state;
    for (uint32_t c = 0x20; c <= 0x10ffff; c++) {
        uint8_t text[32] = "\"01234567";
        size_t at = 1 + c % 8, len;

        if (c == '"' || c == '\\')
            continue;
        if (c >= 0xd800 && c <= 0xdfff) {
            text[at] = 0xed;
            text[at + 1] = (uint8_t)(0x80 | ((c >> 6) & 0x3f));
            text[at + 2] = (uint8_t)(0x80 | (c & 0x3f));
            len = 3;
        } else {
            len = utf8_encode(c, text + at);
            assert_int_equal(utf8_length(text + at, text + at + len), len);
            assert_int_equal(utf8_length(text + at, text + at + len - 1), 0);
        }
        text[at + len] = '"';
        assert_int_equal(json_check(span_of(text, at + len + 1), 1, &(struct json_fault){0}),
            c < 0xd800 || c > 0xdfff);
    }
}

static struct span nested(struct buf *b, size_t depth, const char *open, const char *close)
{
    buf_clear(b);
    for (size_t i = 0; i < depth; i++)
        buf_add_str(b, open);
    if (open[0] == '{')
        buf_add_char(b, '1');
    for (size_t i = 0; i < depth; i++)
        buf_add_str(b, close);
    return buf_span(b);
}

static void depth_is_limited(void **state)
{
    static const char *const brackets[][2] = {{"[", "]"}, {"{\"a\":", "}"}};
    static const unsigned limits[] = {0, 1, 2, 63, 64, 65, 128, JSON_DEPTH_MAX};
    struct json_fault fault;
    struct buf b = BUF_INIT;

    (void)state;
    for (size_t k = 0; k < COUNT(brackets); k++) {
        const char *open = brackets[k][0], *close = brackets[k][1];

        for (size_t i = 0; i < COUNT(limits); i++) {
            unsigned max = limits[i];

            if (max > 0)
                assert_true(json_check(nested(&b, max, open, close), max, &fault));
            assert_false(json_check(nested(&b, max + 1, open, close), max, &fault));
            assert_int_equal(fault.offset, max * strlen(open));
        }
        assert_false(json_check(nested(&b, JSON_DEPTH_MAX + 1, open, close), UINT32_MAX, &fault));
        assert_false(json_check(nested(&b, 500000, open, close), 64, &fault));
    }
    assert_true(json_check(span_str("1"), 0, &fault));
    /* Many, but only two open at once. */
    buf_clear(&b);
    buf_add_str(&b, "[[]");
    for (size_t i = 0; i < 1000; i++)
        buf_add_str(&b, ",[],{}");
    buf_add_str(&b, "]");
    assert_true(json_check(buf_span(&b), 2, &fault));
    assert_false(json_check(buf_span(&b), 1, &fault));
    buf_done(&b);
}

/* Alternating containers: the kind of each level is remembered beyond one word of bits. */
static void brackets_must_match_at_every_depth(void **state)
{
    struct json_fault fault;

    (void)state;
    for (size_t wrong = 0; wrong <= 200; wrong++) {
        struct buf b = BUF_INIT;

        for (size_t i = 0; i < 200; i++)
            buf_add_str(&b, i % 3 == 0 ? "{\"a\":" : "[");
        buf_add_str(&b, "1");
        for (size_t i = 200; i-- > 0;)
            buf_add_char(&b, (i % 3 == 0) != (i == wrong) ? '}' : ']');
        assert_int_equal(json_check(buf_span(&b), 200, &fault), wrong == 200);
        buf_done(&b);
    }
}

/* An object with the names n0, n1, …; the name at `twice` appears again at the end. */
static void add_names(struct buf *b, size_t count, size_t twice)
{
    buf_add_char(b, '{');
    for (size_t i = 0; i < count; i++)
        buf_printf(b, "%s\"n%zu\":%zu", i > 0 ? "," : "", i, i);
    if (twice < count)
        buf_printf(b, ",\"\\u006e%zu\":0", twice);
    buf_add_char(b, '}');
}

static void duplicates_are_found_in_objects_of_any_size(void **state)
{
    (void)state;
    for (size_t count = 1; count < 600; count += count < 140 ? 1 : 97) {
        for (size_t twice = 0; twice <= count; twice += 1 + count / 5) {
            struct json_fault fault;
            struct buf b = BUF_INIT;

            add_names(&b, count, twice);
            assert_int_equal(json_check(buf_span(&b), 1, &fault), twice >= count);
            buf_done(&b);
        }
    }
}

/* Names of inner objects come and go while those of the outer object stay. */
static void duplicates_are_found_around_inner_objects(void **state)
{
    (void)state;
    for (size_t twice = 0; twice <= 200; twice += 7) {
        struct json_fault fault;
        struct buf b = BUF_INIT;

        buf_add_char(&b, '{');
        for (size_t i = 0; i < 200; i++) {
            buf_printf(&b, "%s\"n%zu\":", i > 0 ? "," : "", i);
            add_names(&b, i, SIZE_MAX);
        }
        if (twice < 200)
            buf_printf(&b, ",\"n%zu\":1", twice);
        buf_add_char(&b, '}');
        assert_int_equal(json_check(buf_span(&b), 2, &fault), twice >= 200);
        buf_done(&b);
    }
}

static double check_seconds(const struct buf *b)
{
    struct json_fault fault;
    clock_t start = clock();

    if (!json_check(buf_span(b), JSON_DEPTH_DEFAULT, &fault))
        fail_msg("refused at %zu: %s", fault.offset, fault.what);
    return (double)(clock() - start) / CLOCKS_PER_SEC;
}

/*
 * Milliseconds are expected, also under a sanitizer less than a second; work
 * that grows with the square would take minutes.
 */
static void large_documents_take_linear_time(void **state)
{
    struct buf b = BUF_INIT;

    (void)state;
    add_names(&b, 100000, SIZE_MAX);
    assert_true(check_seconds(&b) < 3);

    buf_clear(&b);
    for (size_t level = 0; level < 63; level++) {
        add_names(&b, 1600, SIZE_MAX);
        b.len -= 1;
        buf_add_str(&b, ",\"x\":");
    }
    buf_add_str(&b, "1");
    for (size_t level = 0; level < 63; level++)
        buf_add_char(&b, '}');
    assert_true(check_seconds(&b) < 3);

    buf_clear(&b);
    buf_add_str(&b, "[{}");
    for (size_t i = 0; i < 100000; i++)
        buf_add_str(&b, ",{\"a\":1}");
    buf_add_str(&b, "]");
    assert_true(check_seconds(&b) < 3);

    buf_clear(&b);
    buf_add_char(&b, '{');
    for (size_t i = 0; i < 60000; i++)
        buf_printf(&b, "%s\"\\u006e\\u006f%zu\":0", i > 0 ? "," : "", i);
    buf_add_char(&b, '}');
    assert_true(check_seconds(&b) < 3);

    buf_clear(&b);
    buf_add_char(&b, '"');
    for (size_t i = 0; i < 1000000; i++)
        buf_add_str(&b, "\\\\");
    buf_add_char(&b, '"');
    assert_true(check_seconds(&b) < 3);
    buf_done(&b);
}

/* Walking. */

static const struct {
    const char *text;
    const char *items; /* name=value for objects, value for arrays, each ended by | */
} walk_cases[] = {
    {"{}", ""},
    {" [ ] ", ""},
    {"{\"a\":1}", "a=1|"},
    {" { \"a\" : 1 , \"b\" : [ 1, {\"c\":2} ] } ", "a=1|b=[ 1, {\"c\":2} ]|"},
    {"[1,\"]\",[\"}\"],{\"x\":\"\\\"]\"},null]", "1|\"]\"|[\"}\"]|{\"x\":\"\\\"]\"}|null|"},
    {"[\"\\\\\",\"\\\\\\\"\",\"\"]", "\"\\\\\"|\"\\\\\\\"\"|\"\"|"},
    {"{\"a\\\"b\":true,\"\":-1.5e3}", "a\\\"b=true|=-1.5e3|"},
    {"[true,false,-0]", "true|false|-0|"},
    {"[1\n,\n2\n]", "1|2|"},
    {"1", ""},
    {"\"[1]\"", ""},
};

static void walking_yields_the_items_as_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(walk_cases); i++) {
        struct json_walk walk = json_walk_start(span_str(walk_cases[i].text));
        struct json_item item;
        struct buf b = BUF_INIT;

        assert_true(accepts(span_str(walk_cases[i].text)));
        while (json_walk_next(&walk, &item)) {
            if (walk.object) {
                buf_add_span(&b, item.name);
                buf_add_char(&b, '=');
            } else {
                assert_int_equal(item.name.len, 0);
            }
            buf_add_span(&b, item.value);
            buf_add_char(&b, '|');
            assert_int_equal(item.type, json_type_of(item.value));
        }
        assert_false(json_walk_next(&walk, &item));
        assert_string_equal(buf_text(&b), walk_cases[i].items);
        buf_done(&b);
    }
}

static void types_are_told(void **state)
{
    (void)state;
    assert_int_equal(json_type_of(span_str(" null")), JSON_NULL);
    assert_int_equal(json_type_of(span_str("true")), JSON_BOOL);
    assert_int_equal(json_type_of(span_str("\nfalse")), JSON_BOOL);
    assert_int_equal(json_type_of(span_str("-1")), JSON_NUMBER);
    assert_int_equal(json_type_of(span_str("0")), JSON_NUMBER);
    assert_int_equal(json_type_of(span_str("\"\"")), JSON_STRING);
    assert_int_equal(json_type_of(span_str("[]")), JSON_ARRAY);
    assert_int_equal(json_type_of(span_str(" {}")), JSON_OBJECT);
}

static const struct {
    const char *name, *text;
    bool same;
} name_cases[] = {
    {"", "", true},
    {"abc", "abc", true},
    {"abc", "ab", false},
    {"ab", "abc", false},
    {"abc", "abd", false},
    {"\\u0061bc", "abc", true},
    {"\\u0061", "\\u0061", false},
    {"\\n", "\n", true},
    {"\\n", "\\n", false},
    {"\\\\n", "\\n", true},
    {"a\\/b", "a/b", true},
    {"\\u00e9", "\xc3\xa9", true},
    {"\\ud83d\\ude00", "\xf0\x9f\x98\x80", true},
    {"\\u0061x", "a", false},
    {"\\u0061", "ax", false},
};

static void names_are_compared_unescaped(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(name_cases); i++)
        assert_int_equal(
            json_name_is(span_str(name_cases[i].name), name_cases[i].text), name_cases[i].same);
}

static void members_are_found(void **state)
{
    struct span text = span_str(" {\"a\":{\"c\":0},\"\\u0062\":[2],\"c\":null}");
    struct json_item item;

    (void)state;
    assert_true(json_find(text, "b", &item));
    assert_true(span_eq_str(item.value, "[2]"));
    assert_int_equal(item.type, JSON_ARRAY);
    assert_true(json_find(text, "c", &item));
    assert_int_equal(item.type, JSON_NULL);
    assert_true(json_find(span_str("{\"a\":1,\"\\u0061\":2,\"b\":3}"), "a", &item));
    assert_true(span_eq_str(item.value, "2"));
    assert_false(json_find(span_str("{\"a\\u0000\":1}"), "a", &item));
    assert_false(json_find(text, "d", &item));
    assert_false(json_find(text, "", &item));
    assert_false(json_find(span_str("{}"), "a", &item));
    assert_false(json_find(span_str("[\"a\"]"), "", &item));
    assert_false(json_find(span_str("1"), "a", &item));
    assert_false(json_find(SPAN_NONE, "a", &item));
}

static const struct {
    const char *value, *text;
} unescape_cases[] = {
    {"\"\"", ""},
    {"\"plain\"", "plain"},
    {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
    {"\"\\u0041\\u00E9\\u20ac\"", "A\xc3\xa9\xe2\x82\xac"},
    {"\"a\\ud83d\\ude00b\"", "a\xf0\x9f\x98\x80"
                             "b"},
    {"\"\\udbff\\udfff\"", "\xf4\x8f\xbf\xbf"},
    {"\"\\\\u0041\"", "\\u0041"},
    {"\"\xc3\xa9\\n\"", "\xc3\xa9\n"},
    {"\"\\ud800\"", "\xed\xa0\x80"},
    {"\"\\udfffx\"", "\xed\xbf\xbfx"},
    {"\"\\ud83d\\ud83d\\ude00\"", "\xed\xa0\xbd\xf0\x9f\x98\x80"},
    {"\"\\ude00\\ud83d\"", "\xed\xb8\x80\xed\xa0\xbd"},
    {"\"\\ud83d\\u0041\"", "\xed\xa0\xbd\x41"},
    {"\"\\ud83d\\n\"", "\xed\xa0\xbd\n"},
};

static void strings_are_unescaped(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(unescape_cases); i++) {
        struct buf b = BUF_INIT;

        buf_add_str(&b, ">");
        json_unescape(span_str(unescape_cases[i].value), &b);
        assert_string_equal(buf_text(&b) + 1, unescape_cases[i].text);
        buf_done(&b);
    }
}

static const struct {
    const char *older, *newer, *merged;
} merge_cases[] = {
    {"", "", "{}"},
    {"{}", "", "{}"},
    {"", "{}", "{}"},
    {"{\"a\":1}", "", "{\"a\":1}"},
    {"", "{\"a\":1}", "{\"a\":1}"},
    {"{\"a\":1}", "{\"b\":2}", "{\"a\":1,\"b\":2}"},
    {"{\"a\":1}", "{\"a\":2}", "{\"a\":2}"},
    {"{\"a\":1,\"b\":2,\"c\":3}", "{\"b\":[ 1 ]}", "{\"a\":1,\"c\":3,\"b\":[ 1 ]}"},
    {"{\"a\":{\"x\":1}}", "{\"a\":{\"y\":2}}", "{\"a\":{\"y\":2}}"},
    {"{\"a\":1}", "{\"a\":null}", "{\"a\":null}"},
    {"{\"\\u0061\":1,\"b\":1}", "{\"a\":2}", "{\"b\":1,\"a\":2}"},
    {"{\"a\":1}", "{\"\\u0061\":2}", "{\"\\u0061\":2}"},
    {" { \"a\" : 1.50e+3 } ", " { \"b\" : -0 } ", "{\"a\":1.50e+3,\"b\":-0}"},
};

static void merging_lets_the_later_value_win(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(merge_cases); i++) {
        struct buf b = BUF_INIT;

        json_merge(span_str(merge_cases[i].older), span_str(merge_cases[i].newer), &b);
        assert_string_equal(buf_text(&b), merge_cases[i].merged);
        assert_true(accepts(buf_span(&b)));
        buf_done(&b);
    }
}

static void merging_large_objects_takes_linear_time(void **state)
{
    struct buf object = BUF_INIT, out = BUF_INIT;
    clock_t start;

    (void)state;
    add_names(&object, 100000, SIZE_MAX);
    start = clock();
    json_merge(buf_span(&object), buf_span(&object), &out);
    assert_true(clock() - start < 3 * CLOCKS_PER_SEC);
    assert_true(span_eq(buf_span(&out), buf_span(&object)));
    buf_done(&object);
    buf_done(&out);
}

/* Writing. */

static void writing_puts_commas_where_they_belong(void **state)
{
    struct buf b = BUF_INIT;
    struct json_out o = json_out_to(&b);

    (void)state;
    json_open(&o, '{');
    json_put_str(&o, "a", "x");
    json_put_str(&o, "none", NULL);
    json_put_int(&o, "min", INT64_MIN);
    json_put_bool(&o, "yes", true);
    json_put_text(&o, "text", span_of("t\"xyz", 3));
    json_put_raw(&o, "raw", span_str("[ 1 ]"));
    json_key(&o, "list");
    json_open(&o, '[');
    json_open(&o, '[');
    json_close(&o, ']');
    json_open(&o, '{');
    json_close(&o, '}');
    json_int(&o, -1);
    json_null(&o);
    json_bool(&o, false);
    json_seconds(&o, 1234567);
    json_time(&o, 0);
    json_close(&o, ']');
    json_key(&o, "q\"\n");
    json_raw(&o, span_str("{}"));
    json_close(&o, '}');
    assert_string_equal(buf_text(&b),
        "{\"a\":\"x\",\"none\":null,\"min\":-9223372036854775808,\"yes\":true,"
        "\"text\":\"t\\\"x\",\"raw\":[ 1 ],\"list\":[[],{},-1,null,false,1.235,"
        "\"1970-01-01T00:00:00.000Z\"],\"q\\\"\\n\":{}}");
    assert_true(accepts(buf_span(&b)));
    buf_done(&b);
}

static const struct {
    int64_t us;
    const char *text;
} seconds_cases[] = {
    {0, "0.000"},
    {499, "0.000"},
    {500, "0.001"},
    {1000, "0.001"},
    {999499, "0.999"},
    {999500, "1.000"},
    {61000000, "61.000"},
    {-1, "0.000"},
    {-1500000, "-1.500"},
    {INT64_MAX, "9223372036854.776"},
    {INT64_MIN, "-9223372036854.776"},
};

static void seconds_have_three_decimals(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(seconds_cases); i++) {
        struct buf b = BUF_INIT;
        struct json_out o = json_out_to(&b);

        json_seconds(&o, seconds_cases[i].us);
        assert_string_equal(buf_text(&b), seconds_cases[i].text);
        buf_done(&b);
    }
}

#define FFFD "\xef\xbf\xbd"

static const struct {
    const char *text;
    size_t len;
    const char *quoted;
} quote_cases[] = {
    {"", 0, "\"\""},
    {"plain /text", 11, "\"plain /text\""},
    {"\"\\\b\f\n\r\t", 7, "\"\\\"\\\\\\b\\f\\n\\r\\t\""},
    {"\x01\x1f\x7f", 3, "\"\\u0001\\u001f\x7f\""},
    {"a\0b", 3, "\"a" FFFD "b\""},
    {"\xc3\xa9\xf0\x9f\x98\x80", 6, "\"\xc3\xa9\xf0\x9f\x98\x80\""},
    {"\xff\xfe", 2, "\"" FFFD FFFD "\""},
    {"\xc3", 1, "\"" FFFD "\""},
    {"\xc0\xaf", 2, "\"" FFFD FFFD "\""},
    {"x\xed\xa0\x80y", 5, "\"x" FFFD FFFD FFFD "y\""},
    {"\xe2\x82", 2, "\"" FFFD FFFD "\""},
};

static void any_bytes_can_be_quoted(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(quote_cases); i++) {
        struct buf b = BUF_INIT;

        json_quote(&b, span_of(quote_cases[i].text, quote_cases[i].len));
        assert_string_equal(buf_text(&b), quote_cases[i].quoted);
        buf_done(&b);
    }
    for (unsigned n = 0; n < 65536; n++) {
        uint8_t text[] = {(uint8_t)n, (uint8_t)(n >> 8), 'x'};
        struct buf b = BUF_INIT;

        json_quote(&b, span_of(text, sizeof(text)));
        assert_true(accepts(buf_span(&b)));
        buf_done(&b);
    }
}

/* Whatever a foreign string is unescaped to, quoted again it means the same. */
static void foreign_text_returns_from_its_characters(void **state)
{
    static const char *const strings[] = {
        "\"a\\u0000b\"",
        "\"\\u0000\\u0000\"",
        "\"\\ud800\"",
        "\"\\udfff\\ud800\"",
        "\"x\\udbff\\udbff\xf0\x9f\x98\x80\\udc00y\"",
        "\"\xed\x9f\xbf\\\"\\\\\"",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(strings); i++) {
        struct buf plain = BUF_INIT, quoted = BUF_INIT;
        json_unescape(span_str(strings[i]), &plain);
        json_quote_foreign(&quoted, buf_span(&plain));
        assert_string_equal(buf_text(&quoted), strings[i]);
        buf_clear(&quoted);
        json_quote(&quoted, buf_span(&plain));
        assert_true(accepts(buf_span(&quoted)));
        buf_done(&plain);
        buf_done(&quoted);
    }
    for (unsigned n = 0; n < 65536; n++) {
        uint8_t text[] = {0xed, (uint8_t)n, (uint8_t)(n >> 8), 0};
        struct buf b = BUF_INIT;
        json_quote_foreign(&b, span_of(text, sizeof text));
        assert_true(accepts_by(buf_text(&b), &json_foreign));
        buf_done(&b);
    }
}

static void quoted_text_is_unescaped_to_itself(void **state)
{
    struct buf text = BUF_INIT, quoted = BUF_INIT, back = BUF_INIT;

    (void)state;
    for (uint32_t c = 1; c < 0x10ffff; c += c < 0x800 ? 1 : 61) {
        uint8_t bytes[4];

        if (c < 0xd800 || c > 0xdfff)
            buf_add(&text, bytes, utf8_encode(c, bytes));
    }
    json_quote(&quoted, buf_span(&text));
    assert_true(accepts(buf_span(&quoted)));
    json_unescape(buf_span(&quoted), &back);
    assert_true(span_eq(buf_span(&back), buf_span(&text)));
    buf_done(&text);
    buf_done(&quoted);
    buf_done(&back);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(legal_text_is_accepted),
        cmocka_unit_test(other_text_is_refused_where_it_goes_wrong),
        cmocka_unit_test(foreign_text_may_be_all_that_the_rfc_allows),
        cmocka_unit_test(foreign_text_may_be_no_more),
        cmocka_unit_test(envelopes_are_judged_by_whose_what_is),
        cmocka_unit_test(a_mark_is_skipped_once_and_only_before),
        cmocka_unit_test(judgement_does_not_depend_on_the_place),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(raw_nul_is_refused),
        cmocka_unit_test(strings_accept_what_they_should),
        cmocka_unit_test(strings_accept_every_code_point),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(brackets_must_match_at_every_depth),
        cmocka_unit_test(duplicates_are_found_in_objects_of_any_size),
        cmocka_unit_test(duplicates_are_found_around_inner_objects),
        cmocka_unit_test(large_documents_take_linear_time),
        cmocka_unit_test(walking_yields_the_items_as_written),
        cmocka_unit_test(types_are_told),
        cmocka_unit_test(names_are_compared_unescaped),
        cmocka_unit_test(members_are_found),
        cmocka_unit_test(strings_are_unescaped),
        cmocka_unit_test(merging_lets_the_later_value_win),
        cmocka_unit_test(merging_large_objects_takes_linear_time),
        cmocka_unit_test(writing_puts_commas_where_they_belong),
        cmocka_unit_test(seconds_have_three_decimals),
        cmocka_unit_test(any_bytes_can_be_quoted),
        cmocka_unit_test(foreign_text_returns_from_its_characters),
        cmocka_unit_test(quoted_text_is_unescaped_to_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
