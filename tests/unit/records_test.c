/*
 * records_test - how much of a FastCGI request has arrived, byte by byte, and the records
 * of a reply.
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

#define MOST 16384

enum { BEGIN = 1, ABORT = 2, END = 3, PARAMS = 4, STDIN = 5, STDOUT = 6, VALUES = 9 };

static void add(struct buf *out, int type, int id, size_t content, int padding)
{
    uint8_t head[] = {1, (uint8_t)type, (uint8_t)(id >> 8), (uint8_t)id, (uint8_t)(content >> 8),
        (uint8_t)content, (uint8_t)padding, 0};
    buf_add(out, head, sizeof head);
    for (size_t i = 0; i < content + (size_t)padding; i++)
        buf_add_char(out, 'x');
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
    /* Of another request, or of the connection. */
    {{{BEGIN, 1, 8, 0}, {PARAMS, 2, 0, 0}}, RECORDS_BAD},
    {{{BEGIN, 1, 8, 0}, {PARAMS, 257, 0, 0}}, RECORDS_BAD},
    {{{BEGIN, 1, 8, 0}, {PARAMS, 1, 0, 0}, {STDIN, 2, 0, 0}}, RECORDS_OTHER},
    {{{BEGIN, 1, 8, 0}, {VALUES, 0, 0, 0}}, RECORDS_BAD},
    /* A beginning that libfcgi does not read as it stands. */
    {{{BEGIN, 1, 8, 1}, {PARAMS, 1, 0, 0}}, RECORDS_BAD},
    {{{BEGIN, 1, 7, 0}, {PARAMS, 1, 0, 0}}, RECORDS_BAD},
    {{{BEGIN, 1, 16, 0}, {PARAMS, 1, 0, 0}}, RECORDS_BAD},
    /* Not in this order. */
    {{{PARAMS, 1, 0, 0}}, RECORDS_BAD},
    {{{BEGIN, 1, 8, 0}, {STDIN, 1, 0, 0}}, RECORDS_BAD},
    {{{BEGIN, 1, 8, 0}, {PARAMS, 1, 0, 0}, {ABORT, 1, 0, 0}}, RECORDS_OTHER},
    /* As long as may be, and longer. */
    {{{BEGIN, 1, 8, 0}, {PARAMS, 1, 0, 0}, {STDIN, 1, MOST - 40, 0}, {STDIN, 1, 0, 0}},
        RECORDS_WHOLE},
    {{{BEGIN, 1, 8, 0}, {PARAMS, 1, 0, 0}, {STDIN, 1, MOST - 39, 0}, {STDIN, 1, 0, 0}},
        RECORDS_OTHER},
    {{{BEGIN, 1, 8, 0}, {PARAMS, 1, 0, 0}, {STDIN, 1, MOST - 39, 0}}, RECORDS_PART},
    {{{BEGIN, 1, 8, 0}, {PARAMS, 1, 65535, 255}}, RECORDS_OTHER},
};

static void request_is_whole_with_its_last_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf bytes = BUF_INIT;
        for (const struct one *one = cases[i].records; one->type; one++)
            add(&bytes, one->type, one->id, one->content, one->padding);
        enum records is = records_look(buf_span(&bytes), MOST);
        if (is != cases[i].is)
            fail_msg("case %zu: %d", i, is);
        for (size_t len = 0; len < bytes.len; len++) {
            is = records_look(span_of(bytes.data, len), MOST);
            if (is == RECORDS_WHOLE || (is != RECORDS_PART && is != cases[i].is))
                fail_msg("case %zu, %zu bytes of %zu: %d", i, len, bytes.len, is);
        }
        buf_done(&bytes);
    }
}

/* What stands behind a request does not make it any less whole. */
static void request_ends_where_it_ends(void **state)
{
    struct buf bytes = BUF_INIT;
    (void)state;
    add(&bytes, BEGIN, 1, 8, 0);
    add(&bytes, PARAMS, 1, 0, 0);
    add(&bytes, STDIN, 1, 0, 0);
    add(&bytes, BEGIN, 2, 8, 0);
    assert_int_equal(records_look(buf_span(&bytes), MOST), RECORDS_WHOLE);
    buf_done(&bytes);
}

#define PAIR(text) \
    { \
        text, sizeof text - 1 \
    }

/* Streams of parameters: what their lengths claim. */
static const struct {
    struct {
        const char *bytes;
        size_t len;
    } params;
    bool good;
} claims[] = {
    {PAIR(""), true}, {PAIR("\1\1ab"), true}, {PAIR("\0\0\0\0"), true},
    {PAIR("\177\0"), true}, /* its end is to come */
    {PAIR("\200\0\0\1\200\0\0\1ab\1\0c"), true},
    {PAIR("\1\200\20\0\0a"), true},                                         /* as long as may be */
    {PAIR("\200\20\0\0\200\20\0\0"), true}, {PAIR("\1\200\20\0\1"), false}, /* longer by a byte */
    {PAIR("\200\20\0\1\1"), false},
    {PAIR("\377\377\377\376\0"), false}, /* what malloc has not, alone or together */
    {PAIR("\300\0\0\0\300\0\0\0"), false}, {PAIR("\377\377\377\377\377\377\377\377"), false},
    {PAIR("\1\1ab\1\3cdef\0\377\377\377\377"), false}, /* behind good ones */
};

/* However a stream is cut into records, and wherever the bytes end. */
static void lengths_that_no_parameter_has_are_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof claims / sizeof claims[0]; i++) {
        for (size_t piece = 1; piece <= 20; piece++) {
            struct buf bytes = BUF_INIT;
            add(&bytes, BEGIN, 1, 8, 0);
            for (size_t at = 0, len; at < claims[i].params.len; at += len) {
                len = claims[i].params.len - at < piece ? claims[i].params.len - at : piece;
                add(&bytes, PARAMS, 1, len, 0);
                memcpy(bytes.data + bytes.len - len, claims[i].params.bytes + at, len);
            }
            enum records is = records_look(buf_span(&bytes), MOST);
            if (is != (claims[i].good ? RECORDS_PART : RECORDS_BAD))
                fail_msg("claim %zu in pieces of %zu: %d", i, piece, is);
            buf_done(&bytes);
        }
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
        cmocka_unit_test(request_ends_where_it_ends),
        cmocka_unit_test(lengths_that_no_parameter_has_are_bad),
        cmocka_unit_test(reply_is_one_stream_and_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
