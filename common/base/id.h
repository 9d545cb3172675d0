#ifndef BASE_ID_H
#define BASE_ID_H
/*
 * id - UUID version 7 (RFC 9562, section 5.7): correlation, execution and
 * request ids.
 *
 * Ids made by one process sort in the order they were made, also within a
 * millisecond: the twelve bits after the version count up (RFC 9562, section
 * 6.2, method 1). The other 62 bits are random. Thread-safe.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct uuid {
    uint8_t bytes[16];
};

#define UUID_NONE ((struct uuid){{0}})
#define UUID_TEXT 37 /* 36 characters and the NUL */

struct uuid uuid_new(void);

/* As uuid_new, but without a clock: version and variant are set, the rest is as given. */
struct uuid uuid_make(int64_t unix_ms, uint16_t counter, uint64_t random);

/* The smallest id that can be made at that millisecond: where a range of times begins or ends. */
struct uuid uuid_floor(int64_t unix_ms);

bool uuid_is_none(const struct uuid *id);
bool uuid_eq(const struct uuid *a, const struct uuid *b);
struct span uuid_span(const struct uuid *id);

/* When the id was made, as it says itself. */
int64_t uuid_ms(const struct uuid *id);

/* Lower-case text with hyphens (RFC 9562, section 4). */
void uuid_format(const struct uuid *id, char ret_text[UUID_TEXT]);

/* True and *ret_id set when the text is exactly one UUID, in either case. */
bool uuid_parse(struct span text, struct uuid *ret_id);

/* Fills the buffer with bytes from the kernel's random generator. */
void random_bytes(void *buffer, size_t len);

#endif
