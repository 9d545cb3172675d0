/* verdict - see verdict.h. */
#include "dispatcher/verdict.h"

#include <stdlib.h>

#include "base/buf.h"

#define ROOM_FIRST 64

static int compare(const void *left, const void *right)
{
    const struct verdict *a = left, *b = right;
    if (a->seq != b->seq)
        return a->seq < b->seq ? -1 : 1;
    if (a->queue != b->queue)
        return a->queue < b->queue ? -1 : 1;
    return a->generation < b->generation ? -1 : a->generation > b->generation;
}

const struct verdict *verdict_find(
    const struct verdicts *verdicts, uint64_t seq, const struct trigger *trigger)
{
    struct verdict key = {.seq = seq, .queue = trigger->queue, .generation = trigger->generation};
    return verdicts->sorted ? bsearch(&key, verdicts->list, verdicts->sorted, sizeof key, compare)
                            : NULL;
}

void verdict_add(
    struct verdicts *verdicts, uint64_t seq, const struct trigger *trigger, bool matches)
{
    if (verdicts->count == verdicts->room) {
        verdicts->room = verdicts->room ? 2 * verdicts->room : ROOM_FIRST;
        verdicts->list = mem_resize(verdicts->list, verdicts->room * sizeof *verdicts->list);
    }
    verdicts->list[verdicts->count++] =
        (struct verdict){seq, trigger->queue, trigger->generation, matches};
}

void verdict_sort(struct verdicts *verdicts)
{
    if (verdicts->count)
        qsort(verdicts->list, verdicts->count, sizeof *verdicts->list, compare);
    verdicts->sorted = verdicts->count;
}
