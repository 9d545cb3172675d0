#ifndef STORE_KEY_H
#define STORE_KEY_H
/*
 * key - composed keys, built in place. LMDB takes keys of at most 511 bytes;
 * the longest here is the subject of a record in audit, its NUL and a number.
 */
#include <stdint.h>

#include "base/buf.h"
#include "base/id.h"

struct key {
    uint8_t bytes[160];
    size_t len;
};

#define KEY_INIT ((struct key){{0}, 0})

void key_u8(struct key *key, uint8_t v);
void key_u16(struct key *key, uint16_t v);
void key_u32(struct key *key, uint32_t v);
void key_u64(struct key *key, uint64_t v);
void key_uuid(struct key *key, const struct uuid *id);
void key_text(struct key *key, struct span text);       /* and a NUL; the model bounds the text */
void key_bytes_add(struct key *key, struct span bytes); /* of a fixed length */
struct span key_span(const struct key *key);

/* Keys that more than one table has. */
struct key key_of_seq(uint64_t seq);
struct key key_of_uuid(const struct uuid *id);

/* Read the end of a key back. In a shorter key, which is damaged, there is no such id. */
uint64_t key_tail_u64(struct span key);
struct uuid key_tail_uuid(struct span key);

#endif
