#ifndef DISPATCHER_JUDGE_H
#define DISPATCHER_JUDGE_H
/*
 * judge - whether events match the filters of triggers, where that is costly.
 *
 * A turn's mutation holds the store's only write lock, so the time it takes is taken from
 * whoever sends events. It judges only filters that cost next to nothing. The others are judged
 * before the next turn, outside of any mutation, some of them at a time, and their verdicts are
 * remembered until the event is routed.
 */
#include <stdbool.h>

#include "base/err.h"

struct dispatcher;
struct filter_subject;
struct listener;

/* Does the trigger hear of events at this place, on this topic? Its filters are asked later. */
bool judge_hears(const struct listener *listener, const struct filter_subject *subject);

enum judgement { JUDGE_MATCHES, JUDGE_DIFFERS, JUDGE_LATER };

/* Within a turn: the verdict where it is known, or costs next to nothing to find out. */
enum judgement judge_now(
    struct dispatcher *d, const struct listener *listener, struct filter_subject *subject);

/* Before a turn: judges what the turn before has put off. Errors are logged, and no more. */
void judge_deferred(struct dispatcher *d);

#endif
