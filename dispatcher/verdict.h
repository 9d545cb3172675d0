#ifndef DISPATCHER_VERDICT_H
#define DISPATCHER_VERDICT_H
/*
 * verdict - what is known of events and the filters of triggers before the events are routed.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/trigger.h"

/* What is known of an event, by its place in the log, for one generation of a trigger. */
struct verdict {
    uint64_t seq, queue, generation;
    bool matches;
};

/* Verdicts. Those up to `sorted` can be found; verdict_add puts others behind these. */
struct verdicts {
    struct verdict *list;
    size_t count, sorted, room;
};

/* The verdict; NULL when none is known. */
const struct verdict *verdict_find(
    const struct verdicts *verdicts, uint64_t seq, const struct trigger *trigger);
void verdict_add(
    struct verdicts *verdicts, uint64_t seq, const struct trigger *trigger, bool matches);
/* Sorts the verdicts, so that all of them can be found. */
void verdict_sort(struct verdicts *verdicts);

#endif
