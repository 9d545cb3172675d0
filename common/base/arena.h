#ifndef BASE_ARENA_H
#define BASE_ARENA_H
/*
 * arena - memory that one owner gives back all at once. What an arena has handed
 * out never moves, however much is asked for later, so it may be borrowed until
 * arena_done.
 *
 * A struct arena that is all zero is empty and ready. It has no lock: its owner
 * sees to it that one thread at a time uses it. Allocation succeeds or the process
 * ends, so a caller bounds sizes that come from outside before they get here.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define ARENA_PIECE_MAX ((size_t)1 << 30) /* bytes; asking for more is a caller's mistake */

struct arena {
    struct arena_chunk *chunks;
    uint8_t *at; /* where the next small piece goes, and how many bytes are left there */
    size_t left;
};

/* Frees everything that was handed out; the arena is empty and usable again. */
void arena_done(struct arena *arena);

/* Zeroed bytes, aligned for any type. */
void *arena_alloc(struct arena *arena, size_t size);

/* The same for so many elements of a size. */
void *arena_array(struct arena *arena, size_t count, size_t size);

/* Room for a text of at most `len` bytes, zeroed, with a NUL behind it. */
char *arena_text(struct arena *arena, size_t len);

/* A copy of the text, with a NUL behind it that is not counted. */
struct span arena_copy(struct arena *arena, struct span text);

/* The same of a text that was built in a buf, which is emptied: buf_done. */
struct span arena_keep(struct arena *arena, struct buf *text);

#endif
