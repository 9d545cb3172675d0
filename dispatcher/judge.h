#ifndef DISPATCHER_JUDGE_H
#define DISPATCHER_JUDGE_H
/*
 * judge - whether events match the filters of triggers, where that is costly.
 *
 * A turn's mutation holds the store's only write lock, so that what it takes is taken from
 * whoever sends events. It judges only what costs next to nothing, and puts the rest off: that
 * is judged before the next turn, outside of any mutation, so much at a time, and remembered
 * until the event is routed.
 */
#include <stdbool.h>

#include "base/err.h"

struct dispatcher;
struct filter_subject;
struct listener;

/* Does the trigger hear of events at this place, on this topic? Its filters are asked later. */
bool judge_hears(const struct listener *listener, const struct filter_subject *subject);

enum judgement { JUDGE_MATCHES, JUDGE_DIFFERS, JUDGE_LATER };

/* Within a turn: what is known of the event, or costs next to nothing to find out. */
enum judgement judge_now(
    struct dispatcher *d, const struct listener *listener, struct filter_subject *subject);

/* Before a turn: what the turn before has put off. Errors are logged; the turn goes on without. */
void judge_deferred(struct dispatcher *d);

#endif
