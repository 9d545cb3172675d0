#ifndef BASE_BUF_H
#define BASE_BUF_H
/*
 * buf - bytes: a borrowed run of them (struct span) and an owned, growing one
 * (struct buf).
 *
 * A span never owns what it points at. A buf owns its bytes until buf_done.
 * Allocation succeeds or the process ends, so callers bound sizes that come from
 * outside before they ask for memory.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span {
    const uint8_t *data; /* may be NULL when len is 0 */
    size_t len;
};

#define SPAN_NONE ((struct span){NULL, 0})

struct span span_of(const void *data, size_t len);
struct span span_str(const char *text); /* without the NUL */
bool span_eq(struct span a, struct span b);
bool span_eq_str(struct span a, const char *text);
bool span_starts(struct span a, struct span prefix);

/* The span as a NUL-terminated copy that the caller frees. Bytes after an inner NUL are lost. */
char *span_dup(struct span s);

struct buf {
    uint8_t *data; /* data[len] is always 0 once anything was added */
    size_t len;
    size_t cap;
};

#define BUF_INIT ((struct buf){NULL, 0, 0})

void buf_done(struct buf *b);  /* frees the bytes; the buf is empty and usable again */
void buf_clear(struct buf *b); /* forgets the bytes, keeps the room */
void buf_reserve(struct buf *b, size_t more);
void buf_add(struct buf *b, const void *data, size_t len);
void buf_add_span(struct buf *b, struct span s);
void buf_add_str(struct buf *b, const char *text);
void buf_add_char(struct buf *b, char c);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/* Drops the first n bytes (n <= len). */
void buf_drop(struct buf *b, size_t n);

/* A view of all bytes; valid until the buf changes. */
struct span buf_span(const struct buf *b);

/* The text, NUL-terminated; "" when empty. Valid until the buf changes. */
const char *buf_text(const struct buf *b);

/* Allocation that ends the process when there is no memory. Free with free(). */
void *mem_alloc(size_t size); /* zeroed */
void *mem_resize(void *old, size_t size);
char *mem_strdup(const char *text);

#endif
