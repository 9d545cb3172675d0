/* key - see key.h. */
#include "store/key.h"

#include <assert.h>
#include <string.h>

static void add(struct key *key, const void *data, size_t len)
{
    assert(key->len + len <= sizeof key->bytes);
    if (len) /* data may be NULL when there is none */
        memcpy(key->bytes + key->len, data, len);
    key->len += len;
}

static void add_integer(struct key *key, uint64_t v, size_t bytes)
{
    uint8_t big_endian[8];
    for (size_t i = 0; i < bytes; i++)
        big_endian[i] = (uint8_t)(v >> 8 * (bytes - 1 - i));
    add(key, big_endian, bytes);
}

void key_u8(struct key *key, uint8_t v)
{
    add_integer(key, v, 1);
}

void key_u16(struct key *key, uint16_t v)
{
    add_integer(key, v, 2);
}

void key_u32(struct key *key, uint32_t v)
{
    add_integer(key, v, 4);
}

void key_u64(struct key *key, uint64_t v)
{
    add_integer(key, v, 8);
}

void key_uuid(struct key *key, const struct uuid *id)
{
    add(key, id->bytes, sizeof id->bytes);
}

void key_text(struct key *key, struct span text)
{
    add(key, text.data, text.len);
    add(key, "", 1);
}

void key_bytes_add(struct key *key, struct span bytes)
{
    add(key, bytes.data, bytes.len);
}

struct span key_span(const struct key *key)
{
    return span_of(key->bytes, key->len);
}

struct key key_of_seq(uint64_t seq)
{
    struct key key = KEY_INIT;
    key_u64(&key, seq);
    return key;
}

struct key key_of_uuid(const struct uuid *id)
{
    struct key key = KEY_INIT;
    key_uuid(&key, id);
    return key;
}

uint64_t key_tail_u64(struct span key)
{
    uint64_t v = 0;
    for (size_t i = key.len < 8 ? 0 : key.len - 8; i < key.len; i++)
        v = v << 8 | key.data[i];
    return v;
}

struct uuid key_tail_uuid(struct span key)
{
    struct uuid id = UUID_NONE;
    if (key.len >= sizeof id.bytes)
        memcpy(id.bytes, key.data + key.len - sizeof id.bytes, sizeof id.bytes);
    return id;
}
