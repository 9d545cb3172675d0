#ifndef RUNNER_SAVED_H
#define RUNNER_SAVED_H
/*
 * saved - what an execution's steps have saved and emitted so far, within its bounds. Steps
 * say it in JSON (lines.h, answer.h):
 *
 *   save   an object, merged into the execution's data by top-level name
 *   emit   {"event_type": …, "payload": …, "event_source": …, "topic": …}: an event,
 *          published when the step has succeeded
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "home/config.h"
#include "proc/frame.h"

struct saved {
    struct buf data;  /* one JSON object; empty while nothing was saved */
    struct buf emits; /* as frame_add_emit writes them */
    size_t emit_count;
    size_t lines;   /* how many lines all steps have written */
    struct buf why; /* why something was refused last, as a sentence part */
};

/* Take the object of a save, and that of an emit: checked JSON. False: saved->why says why. */
bool saved_merge(struct saved *saved, struct span object, const struct config *config);
bool saved_emit_object(struct saved *saved, struct span object, const struct config *config);

/* Adds an event within the limits. False, and saved->why, for one beyond them, or no event. */
bool saved_emit(struct saved *saved, const struct frame_emit *emit, const struct config *config);

/* Sets saved->why. Returns false. */
bool saved_refuse(struct saved *saved, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void saved_done(struct saved *saved);

#endif
