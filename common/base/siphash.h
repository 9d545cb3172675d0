#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H
/*
 * siphash - SipHash-1-3 (Aumasson and Bernstein, 2012): a keyed hash for tables, so that
 * whoever does not know the key cannot choose what collides.
 */
#include <stdint.h>

#include "base/buf.h"

/* The hash of a number and a text behind it. Its first bits are as good as its last. */
uint64_t siphash(const uint64_t key[2], uint64_t number, struct span text);

#endif
