/*
 * records_test - a FastCGI request that arrives, byte by byte and in pieces of any size, and the
 * records of a reply.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "web/records.h"

#define MOST 20000 /* bytes of a body that are kept */

enum { BEGIN = 1, ABORT = 2, END = 3, PARAMS = 4, STDIN = 5, STDOUT = 6, VALUES = 9 };

/* Parameters of more than a byte are one without a name. */
static void add(struct buf *out, int type, int id, size_t content, int padding)
{
    uint8_t head[] = {1, (uint8_t)type, (uint8_t)(id >> 8), (uint8_t)id, (uint8_t)(content >> 8),
        (uint8_t)content, (uint8_t)padding, 0};
    buf_add(out, head, sizeof head);
    for (size_t i = 0; i < content + (size_t)padding; i++)
        buf_add_char(out, 'x');
    if (type == PARAMS && content > 1) {
        out->data[out->len - content - (size_t)padding] = 0;
        out->data[out->len - content - (size_t)padding + 1] = (uint8_t)(content - 2);
    }
}

struct one {
    int type, id;
    size_t content;
    int padding;
};

static const struct {
    struct one records[8]; /* up to type 0 */
    enum records is;
} cases[] = {
    {{{0}}, RECORDS_PART},
    {{{BEGIN, 1, 8, 0}}, RECORDS_PART},
    {{{BEGIN, 1, 8, 0}, {PARAMS, 1, 0, 0}}, RECORDS_PART},
    {{{BEGIN, 1, 8, 0}, {PARAMS, 1, 0, 0}, {STDIN, 1, 0, 0}}, RECORDS_WHOLE},
    {{{BEGIN, 1, 8, 0}, {PARAMS, 1, 9, 0}, {STDIN, 1, 9, 0}}, RECORDS_BAD},
    {{{BEGIN, 1, 8, 0}, {PARAMS, 1, 9, 7}, {PARAMS, 1, 0, 0}, {STDIN, 1, 9, 7}}, RECORDS_PART},
    {{{BEGIN, 1, 8, 0}, {PARAMS, 1, 9, 7}, {PARAMS, 1, 0, 0}, {STDIN, 1, 9, 7}, {STDIN, 1, 0, 0}},
        RECORDS_WHOLE},
    {{{BEGIN, 1, 8, 0}, {PARAMS, 1, 9, 0}, {PARAMS, 1, 9, 0}, {PARAMS, 1, 0, 0}, {STDIN, 1, 9, 0},
         {STDIN, 1, 9, 0}, {STDIN, 1, 0, 0}},
        RECORDS_WHOLE},
    {{{BEGIN, 258, 8, 0}, {PARAMS, 258, 0, 0}, {STDIN, 258, 0, 0}}, RECORDS_WHOLE},
    /* Of another request, or of the connection: skipped behind the parameters. */
    {{{BEGIN, 1, 8, 0}, {PARAMS, 2, 0, 0}}, RECORDS_BAD},
    {{{BEGIN, 1, 8, 0}, {PARAMS, 257, 0, 0}}, RECORDS_BAD},
    {{{BEGIN, 0, 8, 0}, {PARAMS, 0, 0, 0}}, RECORDS_BAD},
    {{{BEGIN, 1, 8, 0}, {PARAMS, 1, 0, 0}, {STDIN, 2, 0, 0}}, RECORDS_PART},
    {{{BEGIN, 1, 8, 0}, {PARAMS, 1, 0, 0}, {STDIN, 2, 5, 3}, {VALUES, 0, 9, 0}, {ABORT, 2, 0, 0},
         {STDIN, 1, 0, 0}},
        RECORDS_WHOLE},
    {{{BEGIN, 1, 8, 0}, {VALUES, 0, 0, 0}}, RECORDS_BAD},
    /* A beginning that says more or less than one does. */
    {{{BEGIN, 1, 8, 1}, {PARAMS, 1, 0, 0}}, RECORDS_PART},
    {{{BEGIN, 1, 7, 0}, {PARAMS, 1, 0, 0}}, RECORDS_BAD},
    {{{BEGIN, 1, 16, 0}, {PARAMS, 1, 0, 0}}, RECORDS_BAD},
    /* Not in this order. */
    {{{PARAMS, 1, 0, 0}}, RECORDS_BAD},
    {{{BEGIN, 1, 8, 0}, {BEGIN, 1, 8, 0}}, RECORDS_BAD},
    {{{BEGIN, 1, 8, 0}, {STDIN, 1, 0, 0}}, RECORDS_BAD},
    {{{BEGIN, 1, 8, 0}, {ABORT, 1, 0, 0}}, RECORDS_BAD},
    {{{BEGIN, 1, 8, 0}, {PARAMS, 1, 0, 0}, {ABORT, 1, 0, 0}}, RECORDS_BROKEN},
    {{{BEGIN, 1, 8, 0}, {PARAMS, 1, 0, 0}, {STDIN, 1, 9, 0}, {ABORT, 1, 0, 0}}, RECORDS_BROKEN},
    /* Longer than is kept. */
    {{{BEGIN, 1, 8, 0}, {PARAMS, 1, 0, 0}, {STDIN, 1, MOST, 0}, {STDIN, 1, MOST, 0},
         {STDIN, 1, 0, 0}},
        RECORDS_WHOLE},
};

static void add_case(struct buf *out, size_t i)
{
    for (const struct one *one = cases[i].records; one->type; one++)
        add(out, one->type, one->id, one->content, one->padding);
}

/* Reads the bytes in pieces of this size, none of which stays where it was. */
static enum records read_pieces(struct records_request *r, struct span bytes, size_t piece)
{
    enum records is = r->is;
    for (size_t at = 0, len; at < bytes.len; at += len) {
        len = bytes.len - at < piece ? bytes.len - at : piece;
        uint8_t *copy = mem_resize(NULL, len);
        memcpy(copy, bytes.data + at, len);
        is = records_read(r, span_of(copy, len));
        free(copy);
    }
    return is;
}

static void request_is_whole_with_its_last_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf bytes = BUF_INIT;
        struct records_request r = {.body_most = MOST};
        enum records is = RECORDS_PART;
        add_case(&bytes, i);
        for (size_t at = 0; at < bytes.len; at++) {
            if (is == RECORDS_WHOLE || (is != RECORDS_PART && is != cases[i].is))
                fail_msg("case %zu, %zu bytes of %zu: %d", i, at, bytes.len, is);
            is = records_read(&r, span_of(bytes.data + at, 1));
        }
        if (is != cases[i].is)
            fail_msg("case %zu: %d", i, is);
        records_done(&r);
        buf_done(&bytes);
    }
}

static void request_is_the_same_in_any_pieces(void **state)
{
    static const size_t pieces[] = {2, 3, 7, 8, 9, 16, 100, 1000, 65536};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (size_t k = 0; k < sizeof pieces / sizeof pieces[0]; k++) {
            struct buf bytes = BUF_INIT;
            struct records_request r = {.body_most = MOST};
            add_case(&bytes, i);
            enum records is = read_pieces(&r, buf_span(&bytes), pieces[k]);
            if (is != cases[i].is)
                fail_msg("case %zu in pieces of %zu: %d", i, pieces[k], is);
            assert_true(r.body.len <= MOST);
            records_done(&r);
            buf_done(&bytes);
        }
}

/* What stands behind a request is none of it, and is not forgotten. */
static void request_ends_where_it_ends(void **state)
{
    (void)state;
    for (int followed = 0; followed < 2; followed++) {
        struct buf bytes = BUF_INIT;
        struct records_request r = {.body_most = MOST};
        add(&bytes, BEGIN, 1, 8, 0);
        add(&bytes, PARAMS, 1, 0, 0);
        add(&bytes, STDIN, 1, 0, 7);
        size_t len = bytes.len;
        if (followed)
            add(&bytes, BEGIN, 2, 8, 0);
        assert_int_equal(records_read(&r, buf_span(&bytes)), RECORDS_WHOLE);
        assert_int_equal(r.came, len);
        assert_int_equal(r.followed, followed);
        records_done(&r);
        buf_done(&bytes);
    }
}

static void request_that_ends_too_early(void **state)
{
    (void)state;
    for (int params = 0; params < 2; params++) {
        struct buf bytes = BUF_INIT;
        struct records_request r = {.body_most = MOST};
        add(&bytes, BEGIN, 1, 8, 0);
        if (params)
            add(&bytes, PARAMS, 1, 0, 0);
        assert_int_equal(records_read(&r, buf_span(&bytes)), RECORDS_PART);
        assert_int_equal(records_end(&r), params ? RECORDS_BROKEN : RECORDS_BAD);
        assert_int_equal(records_read(&r, buf_span(&bytes)), r.is); /* and stays so */
        records_done(&r);
        buf_done(&bytes);
    }
}

/* More than any front end lets through, of a body that nobody keeps. */
static void request_without_end_is_broken_off(void **state)
{
    struct buf record = BUF_INIT;
    struct records_request r = {.body_most = 1};
    (void)state;
    add(&record, BEGIN, 1, 8, 0);
    add(&record, PARAMS, 1, 0, 0);
    assert_int_equal(records_read(&r, buf_span(&record)), RECORDS_PART);
    buf_clear(&record);
    add(&record, STDIN, 1, 65535, 255);
    size_t times = 0;
    while (records_read(&r, buf_span(&record)) == RECORDS_PART)
        assert_true(++times * record.len <= RECORDS_MAX);
    assert_int_equal(r.is, RECORDS_BROKEN);
    assert_true(records_held(&r) <= 256);
    records_done(&r);
    buf_done(&record);
}

#define PAIR(text) \
    { \
        text, sizeof text - 1 \
    }

/* Streams of parameters, and what is made of them: variables with a blank behind each. */
static const struct {
    struct {
        const char *bytes;
        size_t len;
    } params;
    const char *variables; /* NULL: the lengths are not those of the stream */
} claims[] = {
    {PAIR(""), ""},
    {PAIR("\1\1ab"), "a=b "},
    {PAIR("\0\0\0\0"), "= = "},
    {PAIR("\1\0a\3\2abcde\0\1x"), "a= abc=de =x "},
    {PAIR("\200\0\0\1\200\0\0\1ab\1\0c"), "a=b c= "},
    {PAIR("\200\0\0\0\200\0\0\2ab"), "=ab "},
    {PAIR("\1\3ab\0c"), "a=b "}, /* as far as a text of C has it */
    /* Ends within a length, a name, a value. */
    {PAIR("\1"), NULL},
    {PAIR("\1\1a"), NULL},
    {PAIR("\2\0a"), NULL},
    {PAIR("\177\0"), NULL},
    {PAIR("\200"), NULL},
    {PAIR("\200\0\0"), NULL},
    {PAIR("\1\200\0\0"), NULL},
    {PAIR("\1\1ab\1"), NULL},
    {PAIR("\1\2ab"), NULL},
    /* Claims what nobody has, alone, together or behind good ones. */
    {PAIR("\1\200\20\0\0a"), NULL},
    {PAIR("\200\20\0\1\1"), NULL},
    {PAIR("\377\377\377\376\0"), NULL},
    {PAIR("\300\0\0\0\300\0\0\0"), NULL},
    {PAIR("\377\377\377\377\377\377\377\377"), NULL},
    {PAIR("\1\1ab\1\3cdef\0\377\377\377\377"), NULL},
};

/* A request's beginning and parameters, so many bytes a record. */
static struct buf with_params(struct span params, size_t record)
{
    struct buf bytes = BUF_INIT;
    add(&bytes, BEGIN, 1, 8, 0);
    for (size_t at = 0, len; at < params.len; at += len) {
        len = params.len - at < record ? params.len - at : record;
        add(&bytes, PARAMS, 1, len, 0);
        memcpy(bytes.data + bytes.len - len, params.data + at, len);
    }
    add(&bytes, PARAMS, 1, 0, 0);
    return bytes;
}

/* However a stream is cut into records, and these into pieces, and however much came before. */
static void lengths_that_no_parameter_has_are_bad(void **state)
{
    static const size_t before[] = {0, 100, 16384 - 30, 16384, 70000};
    (void)state;
    for (size_t i = 0; i < sizeof claims / sizeof claims[0]; i++) {
        for (size_t k = 0; k < sizeof before / sizeof before[0] * 20; k++) {
            struct buf params = BUF_INIT, told = BUF_INIT;
            struct records_request r = {.body_most = MOST};
            size_t piece = 1 + k % 20, filled = 0;
            for (; filled < before[k / 20]; filled += 2)
                buf_add(&params, "\0\0", 2); /* a parameter without a name and a value */
            buf_add(&params, claims[i].params.bytes, claims[i].params.len);
            struct buf bytes = with_params(buf_span(&params), filled ? 1000 + piece : piece);
            enum records is = read_pieces(&r, buf_span(&bytes), filled ? 1000 - piece : piece);
            if (is != (claims[i].variables ? RECORDS_PART : RECORDS_BAD))
                fail_msg("claim %zu in pieces of %zu behind %zu: %d", i, piece, filled, is);
            assert_true(records_held(&r) <= 4 * params.len + 256);
            if (claims[i].variables) {
                for (char **v = r.variables + filled / 2; *v; v++)
                    buf_printf(&told, "%s ", *v);
                assert_string_equal(buf_text(&told), claims[i].variables);
            }
            records_done(&r);
            buf_done(&params);
            buf_done(&told);
            buf_done(&bytes);
        }
    }
}

/* Any number of them up to the bound, and not a byte more. */
static void parameters_have_a_bound(void **state)
{
    (void)state;
    for (size_t over = 0; over < 2; over++) {
        struct buf params = BUF_INIT;
        struct records_request r = {.body_most = MOST};
        buf_add(&params, "\1\200\17\377\372a", 6);
        buf_reserve(&params, RECORDS_PARAMS_MAX);
        memset(params.data + params.len, 'v', RECORDS_PARAMS_MAX);
        params.len = RECORDS_PARAMS_MAX + over;
        struct buf bytes = with_params(buf_span(&params), 65535);
        enum records is = read_pieces(&r, buf_span(&bytes), 65536);
        assert_int_equal(is, over ? RECORDS_BAD : RECORDS_PART);
        if (!over)
            assert_int_equal(r.variables ? strlen(r.variables[0]) : 0, RECORDS_PARAMS_MAX - 4);
        records_done(&r);
        buf_done(&params);
        buf_done(&bytes);
    }
}

/* The records of a reply whose head has so many bytes, taken apart again. */
static void check_reply(struct span reply, size_t head_len)
{
    struct buf records = BUF_INIT, stream = BUF_INIT;
    struct span head = {reply.data, head_len};
    struct span body = {reply.data + head_len, reply.len - head_len};
    records_add_reply(&records, 0x0203, head, body.len ? body : SPAN_NONE);
    size_t at = 0, content = 1;
    while (content) {
        const uint8_t *record = records.data + at;
        assert_int_equal(memcmp(record, "\1\6\2\3", 4), 0);
        content = (size_t)record[4] << 8 | record[5];
        assert_int_equal(content % 8 * (at + 8 + content + 24 < records.len), 0);
        assert_int_equal(record[6], 0);
        buf_add(&stream, record + 8, content);
        at += 8 + content;
        assert_true(at < records.len);
    }
    assert_true(span_eq(buf_span(&stream), reply));
    assert_int_equal(records.len - at, 16);
    assert_int_equal(memcmp(records.data + at, "\1\3\2\3\0\10\0\0\0\0\0\0\0\0\0\0", 16), 0);
    buf_done(&records);
    buf_done(&stream);
}

static void reply_is_one_stream_and_an_end(void **state)
{
    static const size_t lengths[] = {0, 1, 8, 65527, 65528, 65529, 131056, 200001};
    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        uint8_t *reply = mem_alloc(lengths[i]);
        for (size_t k = 0; k < lengths[i]; k++)
            reply[k] = (uint8_t)(k * 7 + k / 256);
        const size_t cuts[] = {0, 1, lengths[i] / 2, 65528, lengths[i]};
        for (size_t k = 0; k < sizeof cuts / sizeof cuts[0]; k++)
            if (cuts[k] <= lengths[i])
                check_reply(span_of(reply, lengths[i]), cuts[k]);
        free(reply);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_is_whole_with_its_last_byte),
        cmocka_unit_test(request_is_the_same_in_any_pieces),
        cmocka_unit_test(request_ends_where_it_ends),
        cmocka_unit_test(request_that_ends_too_early),
        cmocka_unit_test(request_without_end_is_broken_off),
        cmocka_unit_test(lengths_that_no_parameter_has_are_bad),
        cmocka_unit_test(parameters_have_a_bound),
        cmocka_unit_test(reply_is_one_stream_and_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
