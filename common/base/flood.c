/* flood - see flood.h. */
#include "base/flood.h"

#include <stddef.h>

#define COST_MS (1000 / FLOOD_PER_SECOND)
#define SLOTS 256 /* more than there are kinds; two that share a slot share its allowance */

static struct slot {
    const char *kind;
    int64_t full_ms; /* when its allowance is whole again */
    int64_t told_ms; /* since when lines that were left out have not been told of */
    unsigned left_out;
} slots[SLOTS];

static struct slot *slot_of(const char *kind)
{
    /* The multiplier is 2^64 divided by the golden ratio, which spreads neighbours. */
    return &slots[((uint64_t)(uintptr_t)kind * 0x9e3779b97f4a7c15u) >> 56];
}

bool flood_take(const char *kind, int64_t now_ms)
{
    struct slot *s = slot_of(kind);
    s->kind = kind;
    if (s->full_ms < now_ms)
        s->full_ms = now_ms;
    if (s->full_ms - now_ms <= (FLOOD_BURST - 1) * COST_MS) {
        s->full_ms += COST_MS;
        return true;
    }
    if (!s->left_out++)
        s->told_ms = now_ms;
    return false;
}

unsigned flood_left_out(int64_t now_ms, const char **ret_kind)
{
    for (size_t i = 0; i < SLOTS; i++) {
        struct slot *s = &slots[i];
        if (!s->left_out || now_ms - s->told_ms < FLOOD_TOLD_MS)
            continue;
        unsigned count = s->left_out;
        s->left_out = 0;
        *ret_kind = s->kind;
        return count;
    }
    return 0;
}
