/* pack_test - the encoding of records: exact bytes, round trips, and every truncation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/pack.h"

static const uint64_t numbers[] = {
    0,
    1,
    127,
    128,
    255,
    256,
    65535,
    65536,
    UINT32_MAX,
    UINT64_C(1) << 32,
    INT64_MAX,
    (uint64_t)INT64_MAX + 1,
    UINT64_MAX,
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void pack_writes_big_endian(void **state)
{
    static const uint8_t expected[] = {
        1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, /* u8 u16 u32 u64 */
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,    /* i64 -2 */
        0, 0, 0, 2, 'h', 'i', 0, 0, 0, 0, 0, 0, 0, 0,      /* "hi", NULL, "" */
    };
    struct buf b = BUF_INIT;

    (void)state;
    pack_u8(&b, 1);
    pack_u16(&b, 0x0203);
    pack_u32(&b, 0x04050607);
    pack_u64(&b, UINT64_C(0x08090a0b0c0d0e0f));
    pack_i64(&b, -2);
    pack_str(&b, "hi");
    pack_str(&b, NULL);
    pack_bytes(&b, SPAN_NONE);
    assert_int_equal(b.len, sizeof(expected));
    assert_memory_equal(b.data, expected, sizeof(expected));
    buf_done(&b);
}

static void pack_sorts_numbers(void **state)
{
    (void)state;
    for (size_t i = 1; i < COUNT(numbers); i++) {
        struct buf a = BUF_INIT, b = BUF_INIT;

        pack_u64(&a, numbers[i - 1]);
        pack_u64(&b, numbers[i]);
        assert_true(memcmp(a.data, b.data, 8) < 0);
        buf_done(&a);
        buf_done(&b);
    }
}

static void numbers_return_as_they_were(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(numbers); i++) {
        struct buf b = BUF_INIT;
        struct unpack u;

        pack_u8(&b, (uint8_t)numbers[i]);
        pack_u16(&b, (uint16_t)numbers[i]);
        pack_u32(&b, (uint32_t)numbers[i]);
        pack_u64(&b, numbers[i]);
        pack_i64(&b, (int64_t)numbers[i]);
        u = unpack_from(buf_span(&b));
        assert_int_equal(unpack_u8(&u), (uint8_t)numbers[i]);
        assert_int_equal(unpack_u16(&u), (uint16_t)numbers[i]);
        assert_int_equal(unpack_u32(&u), (uint32_t)numbers[i]);
        assert_true(unpack_u64(&u) == numbers[i]);
        assert_true(unpack_i64(&u) == (int64_t)numbers[i]);
        assert_true(unpack_done(&u));
        buf_done(&b);
    }
}

/* One of each; the reads mirror read_sample. */
static void pack_sample(struct buf *b, const struct uuid *id)
{
    pack_u8(b, 7);
    pack_uuid(b, id);
    pack_str(b, "text");
    pack_bytes(b, span_of("\0\1\2", 3));
    pack_u16(b, 9);
}

static bool read_sample(struct span record, const struct uuid *id, bool *ret_same)
{
    struct unpack u = unpack_from(record);
    uint8_t first = unpack_u8(&u);
    struct uuid got = unpack_uuid(&u);
    char *text = unpack_str(&u);
    struct span bytes = unpack_bytes(&u);
    uint16_t last = unpack_u16(&u);

    *ret_same = first == 7 && uuid_eq(&got, id) && strcmp(text, "text") == 0 &&
                span_eq(bytes, span_of("\0\1\2", 3)) && last == 9;
    free(text);
    return unpack_done(&u);
}

static void records_return_as_they_were(void **state)
{
    struct uuid id = uuid_new();
    struct buf b = BUF_INIT;
    bool same;

    (void)state;
    pack_sample(&b, &id);
    assert_true(read_sample(buf_span(&b), &id, &same));
    assert_true(same);
    buf_done(&b);
}

static void every_truncation_is_noticed(void **state)
{
    struct uuid id = uuid_new();
    struct buf b = BUF_INIT;

    (void)state;
    pack_sample(&b, &id);
    for (size_t len = 0; len < b.len; len++) {
        /* A copy of exactly that size lets the sanitizer see a read past the end. */
        uint8_t *copy = mem_resize(NULL, len);
        bool same;

        memcpy(copy, b.data, len);
        assert_false(read_sample(span_of(copy, len), &id, &same));
        assert_false(same);
        free(copy);
    }
    buf_done(&b);
}

static void trailing_bytes_are_noticed(void **state)
{
    struct uuid id = uuid_new();
    struct buf b = BUF_INIT;
    bool same;

    (void)state;
    pack_sample(&b, &id);
    pack_u8(&b, 0);
    assert_false(read_sample(buf_span(&b), &id, &same));
    assert_true(same);
    buf_done(&b);
}

static void length_beyond_the_end_yields_nothing(void **state)
{
    static const uint8_t record[] = {0xff, 0xff, 0xff, 0xff, 'a', 'b'};
    struct unpack u = unpack_from(span_of(record, sizeof(record)));

    (void)state;
    assert_int_equal(unpack_bytes(&u).len, 0);
    assert_true(u.bad);
    /* What was left is not read as something else. */
    assert_int_equal(unpack_u8(&u), 0);
    assert_false(unpack_done(&u));
}

static void empty_record_is_done(void **state)
{
    struct unpack u = unpack_from(SPAN_NONE);
    char *text;

    (void)state;
    assert_true(unpack_done(&u));
    text = unpack_str(&u);
    assert_string_equal(text, "");
    assert_true(u.bad);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pack_writes_big_endian),
        cmocka_unit_test(pack_sorts_numbers),
        cmocka_unit_test(numbers_return_as_they_were),
        cmocka_unit_test(records_return_as_they_were),
        cmocka_unit_test(every_truncation_is_noticed),
        cmocka_unit_test(trailing_bytes_are_noticed),
        cmocka_unit_test(length_beyond_the_end_yields_nothing),
        cmocka_unit_test(empty_record_is_done),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
