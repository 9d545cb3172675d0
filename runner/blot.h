#ifndef RUNNER_BLOT_H
#define RUNNER_BLOT_H
/*
 * blot - takes the secrets that a step was given out of what is kept of it: its log, its error.
 *
 * A secret of 8 bytes or more is found as it stands, each of its lines, and what follows its
 * first blank ("Bearer TOKEN"); at an end of the text, which may have been cut there, also a part
 * of it. One that a step has encoded or changed is not found.
 */
#include "runner/step.h"

/* Puts "(not shown)" in the place of each secret of the step. */
void blot_out(const struct step_call *call, struct buf *text);

/*
 * A text that is shown as it grows. What may be the beginning of a secret is held back until it
 * is known to be none. Zero but for the step, it is at its beginning.
 */
struct blot_stream {
    const struct step_call *call;
    struct buf held; /* blot_stream_done */
    size_t gone;     /* of these bytes the first so many are the end of a secret */
    bool in_secret;  /* what was shown last is that sign */
    bool is_cut;     /* something was left out before what is held */
};

/* Takes what comes next, and appends what can be shown by now; with `last` all that is left. */
void blot_stream_add(struct blot_stream *stream, struct span text, bool last, struct buf *out);

/* Something is left out here. Returns how many bytes that were held back go with it. */
size_t blot_stream_cut(struct blot_stream *stream);

void blot_stream_done(struct blot_stream *stream);

#endif
