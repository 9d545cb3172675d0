#ifndef BASE_PACK_H
#define BASE_PACK_H
/*
 * pack - the explicit encoding of stored records and of frames between the
 * dispatcher and its runners.
 *
 * Integers are big-endian, so composed keys sort by number. Bytes carry a
 * 32-bit length. Reading never runs past the end: the first shortage sets
 * `bad`, every later read yields zero, and the reader asks once at the end.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/id.h"

void pack_u8(struct buf *b, uint8_t v);
void pack_u16(struct buf *b, uint16_t v);
void pack_u32(struct buf *b, uint32_t v);
void pack_u64(struct buf *b, uint64_t v);
void pack_i64(struct buf *b, int64_t v);
void pack_uuid(struct buf *b, const struct uuid *id);
void pack_bytes(struct buf *b, struct span s);
void pack_str(struct buf *b, const char *text); /* NULL is stored as "" */

struct unpack {
    struct span rest;
    bool bad; /* a read went beyond the end */
};

struct unpack unpack_from(struct span record);
uint8_t unpack_u8(struct unpack *u);
uint16_t unpack_u16(struct unpack *u);
uint32_t unpack_u32(struct unpack *u);
uint64_t unpack_u64(struct unpack *u);
int64_t unpack_i64(struct unpack *u);
struct uuid unpack_uuid(struct unpack *u);
struct span unpack_bytes(struct unpack *u); /* borrows from the record */
char *unpack_str(struct unpack *u);         /* a copy that the caller frees; never NULL */

/* True when no read went beyond the end and no byte is left over. */
bool unpack_done(const struct unpack *u);

#endif
