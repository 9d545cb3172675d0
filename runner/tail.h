#ifndef RUNNER_TAIL_H
#define RUNNER_TAIL_H
/*
 * tail - the end of a log, of which no more is kept.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct tail {
    struct buf bytes;
    size_t max;
    uint64_t total; /* bytes that were added so far */
};

void tail_add(struct tail *tail, const void *bytes, size_t len);
void tail_note(struct tail *tail, const char *words, struct span names); /* a line of its own */
void tail_trim(struct tail *tail); /* called at the end: leaves the last max bytes */

#endif
