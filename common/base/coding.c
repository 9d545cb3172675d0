/* coding - see coding.h. The only file that includes zlib.h. */
#include "base/coding.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#define ZLIB_CONST /* what it reads is const */
#include <zlib.h>

#include "base/ascii.h"

#define STEP 16384 /* bytes that are decoded at a time */

/* What zlib takes as windowBits: the largest window, 2^15 bytes, and how the data is wrapped. */
enum wrapping {
    WRAPPED_ZLIB = MAX_WBITS,
    WRAPPED_GZIP = MAX_WBITS + 16,
    WRAPPED_NOT = -MAX_WBITS,
};

/*
 * Names. Some senders name the charset here that they mean for Content-Type: it says nothing that
 * is not so anyway.
 */
static enum coding coding_named(struct span name)
{
    static const struct {
        const char *name;
        enum coding coding;
    } codings[] = {{"", CODING_NONE}, {"identity", CODING_NONE}, {"utf-8", CODING_NONE},
        {"gzip", CODING_GZIP}, {"x-gzip", CODING_GZIP}, {"deflate", CODING_DEFLATE}};
    for (size_t i = 0; i < sizeof codings / sizeof codings[0]; i++)
        if (strlen(codings[i].name) == name.len &&
            (!name.len || strncasecmp((const char *)name.data, codings[i].name, name.len) == 0))
            return codings[i].coding;
    return CODING_UNKNOWN;
}

enum coding coding_read(struct span header)
{
    enum coding found = CODING_NONE;
    while (header.len) {
        const uint8_t *comma = memchr(header.data, ',', header.len);
        size_t len = comma ? (size_t)(comma - header.data) : header.len;
        enum coding coding = coding_named(ascii_trim(span_of(header.data, len), ASCII_BLANK));
        if (coding)
            found = found ? CODING_UNKNOWN : coding;
        len += comma != NULL;
        header = span_of(header.data + len, header.len - len);
    }
    return found;
}

/* Decoding. */

static void *take_memory(void *opaque, unsigned count, unsigned size)
{
    (void)opaque;
    return mem_alloc((size_t)count * size);
}

static void give_memory(void *opaque, void *memory)
{
    (void)opaque;
    free(memory);
}

/* Decodes some more, up to one byte more than `most` in all. What zlib says of it. */
static int decode_some(z_stream *z, size_t most, struct buf *bytes)
{
    size_t left = most + 1 - bytes->len, step = left < STEP ? left : STEP;
    buf_reserve(bytes, step);
    z->next_out = bytes->data + bytes->len;
    z->avail_out = (unsigned)step;
    int result = inflate(z, Z_NO_FLUSH);
    bytes->len += step - z->avail_out;
    bytes->data[bytes->len] = 0;
    return result;
}

/* What is wrong with data that zlib has left off decoding; NULL where it came to its end. */
static const char *fault_of(const z_stream *z, int result)
{
    if (result == Z_STREAM_END)
        return z->avail_in ? "has something behind its end" : NULL;
    return result == Z_BUF_ERROR ? "ends early" : "is damaged, or is none";
}

static enum err decode(
    enum wrapping wrapping, struct span coded, size_t most, struct buf *bytes, const char **ret_why)
{
    z_stream z = {.next_in = coded.data,
        .avail_in = (unsigned)coded.len,
        .zalloc = take_memory,
        .zfree = give_memory};
    size_t start = bytes->len;
    int result = inflateInit2(&z, wrapping);
    assert(result == Z_OK);
    while (result == Z_OK && bytes->len - start <= most) {
        result = decode_some(&z, start + most, bytes);
        if (result == Z_STREAM_END && wrapping == WRAPPED_GZIP && z.avail_in)
            result = inflateReset(&z); /* of the next member */
    }
    inflateEnd(&z);
    if (bytes->len - start > most)
        return ERR_FULL;
    *ret_why = fault_of(&z, result);
    return *ret_why ? ERR_INVALID : ERR_OK;
}

/* Does the data begin as zlib's does? (RFC 1950, section 2.2: CMF and FLG) */
static bool is_wrapped(struct span coded)
{
    return coded.len >= 2 && (coded.data[0] & 15) == Z_DEFLATED &&
           (coded.data[0] << 8 | coded.data[1]) % 31 == 0;
}

/*
 * The name means data that zlib has wrapped (RFC 9110, section 8.4.1.2), and many senders leave
 * the wrapping out. Data without it may begin as if it had one.
 */
static enum err decode_deflate(
    struct span coded, size_t most, struct buf *bytes, const char **ret_why)
{
    size_t start = bytes->len;
    const char *ignored;
    bool wrapped = is_wrapped(coded);
    if (wrapped) {
        enum err err = decode(WRAPPED_ZLIB, coded, most, bytes, ret_why);
        if (err != ERR_INVALID)
            return err;
        bytes->len = start;
    }
    return decode(WRAPPED_NOT, coded, most, bytes, wrapped ? &ignored : ret_why);
}

enum err coding_decode(
    enum coding coding, struct span coded, size_t most, struct buf *ret_bytes, const char **ret_why)
{
    assert(coding == CODING_GZIP || coding == CODING_DEFLATE);
    assert(coded.len <= INT_MAX);
    return coding == CODING_GZIP ? decode(WRAPPED_GZIP, coded, most, ret_bytes, ret_why)
                                 : decode_deflate(coded, most, ret_bytes, ret_why);
}
