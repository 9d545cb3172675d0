/*
 * arena - see arena.h. Small pieces share chunks; a large piece has a chunk of its
 * own, so that it wastes no more than a chunk's head.
 */
#include "base/arena.h"

#include <assert.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#ifndef __has_feature
#define __has_feature(name) 0 /* gcc defines a macro where clang has a feature */
#endif

#define CHUNK_BYTES 2048 /* holds what a plain request needs */

/*
 * The largest piece that shares a chunk, in bytes; what is left of a chunk when the
 * next one is begun is less than this. Under ASan no pieces share one, so that it
 * knows where each of them ends.
 */
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define SHARED_MAX 0
#else
#define SHARED_MAX 512
#endif

struct arena_chunk {
    struct arena_chunk *next;
    alignas(max_align_t) uint8_t bytes[];
};

void arena_done(struct arena *arena)
{
    for (struct arena_chunk *chunk = arena->chunks, *next; chunk; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    *arena = (struct arena){0};
}

static uint8_t *add_chunk(struct arena *arena, struct arena_chunk *chunk)
{
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    return chunk->bytes;
}

static void begin_shared_chunk(struct arena *arena)
{
    arena->at = add_chunk(arena, mem_resize(NULL, CHUNK_BYTES));
    arena->left = CHUNK_BYTES - sizeof(struct arena_chunk);
}

/* Zeroed bytes at a multiple of `alignment`, a power of two. */
static void *take(struct arena *arena, size_t size, size_t alignment)
{
    assert(size > 0 && size <= ARENA_PIECE_MAX);
    if (size > SHARED_MAX)
        return add_chunk(arena, mem_alloc(sizeof(struct arena_chunk) + size));
    size_t gap = -(uintptr_t)arena->at & (alignment - 1);
    if (arena->left < gap + size) {
        begin_shared_chunk(arena);
        gap = 0;
    }
    uint8_t *piece = arena->at + gap;
    arena->at = piece + size;
    arena->left -= gap + size;
    return memset(piece, 0, size);
}

void *arena_alloc(struct arena *arena, size_t size)
{
    return take(arena, size ? size : 1, alignof(max_align_t));
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
    assert(size > 0 && count <= ARENA_PIECE_MAX / size);
    return arena_alloc(arena, count * size);
}

char *arena_text(struct arena *arena, size_t len)
{
    return take(arena, len + 1, 1);
}

struct span arena_copy(struct arena *arena, struct span text)
{
    char *copy = arena_text(arena, text.len);
    if (text.len)
        memcpy(copy, text.data, text.len);
    return span_of(copy, text.len);
}

struct span arena_keep(struct arena *arena, struct buf *text)
{
    struct span kept = arena_copy(arena, buf_span(text));
    buf_done(text);
    return kept;
}
