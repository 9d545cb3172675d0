/* pack - see pack.h. */
#include "base/pack.h"

#include <assert.h>
#include <string.h>

/* Adds the n low bytes of v, the highest first. */
static void pack_number(struct buf *b, uint64_t v, unsigned n)
{
    uint8_t bytes[8];
    for (unsigned i = 0; i < n; i++)
        bytes[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
    buf_add(b, bytes, n);
}

void pack_u8(struct buf *b, uint8_t v)
{
    pack_number(b, v, 1);
}

void pack_u16(struct buf *b, uint16_t v)
{
    pack_number(b, v, 2);
}

void pack_u32(struct buf *b, uint32_t v)
{
    pack_number(b, v, 4);
}

void pack_u64(struct buf *b, uint64_t v)
{
    pack_number(b, v, 8);
}

void pack_i64(struct buf *b, int64_t v)
{
    pack_number(b, (uint64_t)v, 8);
}

void pack_uuid(struct buf *b, const struct uuid *id)
{
    buf_add(b, id->bytes, sizeof id->bytes);
}

void pack_bytes(struct buf *b, struct span s)
{
    assert(s.len <= UINT32_MAX);
    pack_u32(b, (uint32_t)s.len);
    buf_add_span(b, s);
}

void pack_str(struct buf *b, const char *text)
{
    pack_bytes(b, span_str(text ? text : ""));
}

struct unpack unpack_from(struct span record)
{
    return (struct unpack){record, false};
}

/*
 * The next n bytes; an empty span, and `bad`, where there are fewer. The rest is then
 * discarded, so that a later, smaller read cannot pick up bytes from the middle.
 */
static struct span take(struct unpack *u, size_t n)
{
    if (u->rest.len < n) {
        u->bad = true;
        u->rest = SPAN_NONE;
        return SPAN_NONE;
    }
    struct span s = span_of(u->rest.data, n);
    if (n)
        u->rest = span_of(u->rest.data + n, u->rest.len - n);
    return s;
}

static uint64_t unpack_number(struct unpack *u, unsigned n)
{
    struct span s = take(u, n);
    uint64_t v = 0;
    for (size_t i = 0; i < s.len; i++)
        v = v << 8 | s.data[i];
    return v;
}

uint8_t unpack_u8(struct unpack *u)
{
    return (uint8_t)unpack_number(u, 1);
}

uint16_t unpack_u16(struct unpack *u)
{
    return (uint16_t)unpack_number(u, 2);
}

uint32_t unpack_u32(struct unpack *u)
{
    return (uint32_t)unpack_number(u, 4);
}

uint64_t unpack_u64(struct unpack *u)
{
    return unpack_number(u, 8);
}

int64_t unpack_i64(struct unpack *u)
{
    return (int64_t)unpack_number(u, 8);
}

struct uuid unpack_uuid(struct unpack *u)
{
    struct uuid id = UUID_NONE;
    struct span s = take(u, sizeof id.bytes);
    if (s.len)
        memcpy(id.bytes, s.data, s.len);
    return id;
}

struct span unpack_bytes(struct unpack *u)
{
    return take(u, unpack_u32(u));
}

char *unpack_str(struct unpack *u)
{
    return span_dup(unpack_bytes(u));
}

bool unpack_done(const struct unpack *u)
{
    return !u->bad && !u->rest.len;
}
