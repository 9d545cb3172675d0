#ifndef RUNNER_LINES_H
#define RUNNER_LINES_H
/*
 * lines - what a step says on descriptor 3, one JSON object a line:
 *
 *   {"save": {…}}    merged into the execution's data, by top-level name
 *   {"emit": {"event_type": …, "payload": …, "event_source": …, "topic": …}}
 *                    an event, published when the step has succeeded
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "home/config.h"
#include "proc/frame.h"

/* What an execution's steps have said so far. */
struct saved {
    struct buf data;  /* one JSON object; empty while nothing was saved */
    struct buf emits; /* as frame_add_emit writes them */
    size_t emit_count;
    size_t lines;   /* how many lines all steps have written */
    struct buf why; /* why something was refused last, as a sentence part */
};

/* Takes one line. False when it is not acceptable; saved->why says why. */
bool lines_take(struct span line, const struct config *config, struct saved *saved);

/* Take the parts of a line: a checked object to be merged into the data, and an event. */
bool saved_merge(struct saved *saved, struct span object, const struct config *config);
bool saved_emit_object(struct saved *saved, struct span object, const struct config *config);

/* Adds an event within the limits. False, and saved->why, for one beyond them, or no event. */
bool saved_emit(struct saved *saved, const struct frame_emit *emit, const struct config *config);

void saved_done(struct saved *saved);

#endif
