#ifndef BASE_BUCKETS_H
#define BASE_BUCKETS_H
/*
 * buckets - of a histogram whose bounds double: bucket i has amounts of up to 2^i units, and the
 * last one what is more.
 */
#include <stddef.h>
#include <stdint.h>

/* Which of `count` buckets has the amount. A unit that is begun is a whole one. */
static inline size_t buckets_find(uint64_t amount, uint64_t unit, size_t count)
{
    uint64_t units = amount / unit + (amount % unit != 0);
    size_t bits = units > 1 ? 64 - (size_t)__builtin_clzll(units - 1) : 0;
    return bits < count ? bits : count - 1;
}

#endif
