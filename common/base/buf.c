/*
 * buf - spans and growing buffers, and the allocation that does not fail.
 */
#include "base/buf.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#define FIRST_ROOM 64

static _Noreturn void out_of_memory(size_t size)
{
    log_die(EXIT_RETRY, "no memory for %zu bytes", size);
}

void *mem_alloc(size_t size)
{
    void *p = calloc(1, size ? size : 1);
    if (!p)
        out_of_memory(size);
    return p;
}

void *mem_resize(void *old, size_t size)
{
    void *p = realloc(old, size ? size : 1);
    if (!p)
        out_of_memory(size);
    return p;
}

char *mem_strdup(const char *text)
{
    return span_dup(span_str(text));
}

struct span span_of(const void *data, size_t len)
{
    return (struct span){data, len};
}

struct span span_str(const char *text)
{
    return span_of(text, strlen(text));
}

/* memcmp must not be given NULL, which an empty span may hold. */
bool span_eq(struct span a, struct span b)
{
    return a.len == b.len && (!a.len || memcmp(a.data, b.data, a.len) == 0);
}

bool span_eq_str(struct span a, const char *text)
{
    return span_eq(a, span_str(text));
}

bool span_starts(struct span a, struct span prefix)
{
    return a.len >= prefix.len && span_eq(span_of(a.data, prefix.len), prefix);
}

char *span_dup(struct span s)
{
    char *copy = mem_resize(NULL, s.len + 1);
    if (s.len)
        memcpy(copy, s.data, s.len);
    copy[s.len] = 0;
    return copy;
}

void buf_done(struct buf *b)
{
    free(b->data);
    *b = BUF_INIT;
}

void buf_clear(struct buf *b)
{
    b->len = 0;
    if (b->data)
        b->data[0] = 0;
}

/* Room doubles, so that adding bytes one by one costs linear time. One byte is kept for the NUL. */
void buf_reserve(struct buf *b, size_t more)
{
    size_t room = b->cap ? b->cap : FIRST_ROOM;
    if (b->cap > b->len && b->cap - b->len > more)
        return;
    if (more > SIZE_MAX / 2 - b->len - 1)
        out_of_memory(more);
    while (room - b->len <= more)
        room *= 2;
    b->data = mem_resize(b->data, room);
    b->data[b->len] = 0;
    b->cap = room;
}

void buf_add(struct buf *b, const void *data, size_t len)
{
    buf_reserve(b, len);
    if (len)
        memcpy(b->data + b->len, data, len);
    b->len += len;
    b->data[b->len] = 0;
}

void buf_add_span(struct buf *b, struct span s)
{
    buf_add(b, s.data, s.len);
}

void buf_add_str(struct buf *b, const char *text)
{
    buf_add(b, text, strlen(text));
}

void buf_add_char(struct buf *b, char c)
{
    buf_add(b, &c, 1);
}

void buf_printf(struct buf *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    buf_vprintf(b, format, args);
    va_end(args);
}

/* The first attempt uses the room there is; only a text that does not fit is formatted twice. */
void buf_vprintf(struct buf *b, const char *format, va_list args)
{
    va_list again;
    buf_reserve(b, FIRST_ROOM - 1);
    size_t room = b->cap - b->len;
    va_copy(again, args);
    int n = vsnprintf((char *)b->data + b->len, room, format, args);
    assert(n >= 0);
    if ((size_t)n >= room) {
        buf_reserve(b, (size_t)n);
        n = vsnprintf((char *)b->data + b->len, b->cap - b->len, format, again);
        assert(n >= 0);
    }
    va_end(again);
    b->len += (size_t)n;
}

void buf_drop(struct buf *b, size_t n)
{
    assert(n <= b->len);
    if (!n)
        return;
    memmove(b->data, b->data + n, b->len - n + 1);
    b->len -= n;
}

struct span buf_span(const struct buf *b)
{
    return span_of(b->data, b->len);
}

const char *buf_text(const struct buf *b)
{
    return b->data ? (const char *)b->data : "";
}
