#ifndef DAMAGE_H
#define DAMAGE_H
/*
 * damage - what every stored record must withstand: being cut anywhere, being
 * longer, being of another version, and any of its bytes being another.
 *
 * The damaged copies have exactly their size, so that a sanitizer sees a read
 * past the end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"

/* Reads a record, and touches all it has read. */
typedef enum err damage_decode(struct span record);

static inline enum err damage_try(damage_decode *decode, const void *data, size_t len)
{
    uint8_t *copy = malloc(len ? len : 1);
    assert_non_null(copy);
    if (len)
        memcpy(copy, data, len);
    enum err err = decode(span_of(copy, len));
    free(copy);
    return err;
}

static inline void damage_is_noticed(struct span record, damage_decode *decode)
{
    struct buf bytes = BUF_INIT;
    buf_add_span(&bytes, record);
    assert_int_equal(damage_try(decode, bytes.data, bytes.len), ERR_OK);
    for (size_t len = 0; len < bytes.len; len++)
        if (damage_try(decode, bytes.data, len) != ERR_CORRUPT)
            fail_msg("cut to %zu of %zu bytes", len, bytes.len);
    for (int version = 0; version < 256; version++) {
        uint8_t good = record.data[0];
        bytes.data[0] = (uint8_t)version;
        assert_int_equal(
            damage_try(decode, bytes.data, bytes.len), version == good ? ERR_OK : ERR_CORRUPT);
        bytes.data[0] = good;
    }
    buf_add_char(&bytes, 0);
    assert_int_equal(damage_try(decode, bytes.data, bytes.len), ERR_CORRUPT);
    bytes.len--;
    /* Whatever else is wrong may be taken for something, but not read past the end. */
    static const uint8_t wrongs[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
    for (size_t i = 1; i < bytes.len; i++) {
        uint8_t good = bytes.data[i];
        for (size_t k = 0; k < sizeof wrongs; k++) {
            bytes.data[i] = wrongs[k];
            enum err err = damage_try(decode, bytes.data, bytes.len);
            assert_true(err == ERR_OK || err == ERR_CORRUPT);
        }
        bytes.data[i] = good;
    }
    buf_done(&bytes);
}

/* Reads every byte of a span; for the sanitizer. */
static inline unsigned damage_touch(struct span s)
{
    unsigned sum = 0;
    for (size_t i = 0; i < s.len; i++)
        sum += s.data[i];
    return sum;
}

#endif
