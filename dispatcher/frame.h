#ifndef DISPATCHER_FRAME_H
#define DISPATCHER_FRAME_H
/*
 * frame - what the dispatcher and a runner say to each other over their socket
 * pair: a 32-bit length, a type, and that many bytes less one.
 *
 *   dispatcher → runner   FRAME_PIPELINE   a version the runner has not got yet
 *                         FRAME_JOB        one attempt of one execution
 *   runner → dispatcher   FRAME_OUTCOME    what became of it
 *
 * Both ends come from one build, so the encoding has no version. All text borrows
 * from the frame.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/id.h"
#include "model/execution.h"
#include "model/limits.h"

enum frame_type { FRAME_PIPELINE = 1, FRAME_JOB, FRAME_OUTCOME, FRAME_CANCEL };

#define FRAME_MAX (256u << 20) /* a longer one is a fault of the other end */

/*
 * Cuts the first whole frame off the buffer's front: its type and its body,
 * which borrows from the buffer until *ret_taken bytes are dropped. False when
 * none is whole yet; *ret_bad when there never will be.
 */
bool frame_next(const struct buf *in, enum frame_type *ret_type, struct span *ret_body,
    size_t *ret_taken, bool *ret_bad);

struct frame_pipeline {
    struct span pipeline_id;
    uint32_t version;
    struct span definition; /* the text of model/pipeline.h */
};

struct frame_job {
    struct uuid execution;
    uint32_t attempt;
    struct span pipeline_id;
    uint32_t pipeline_version; /* sent before as FRAME_PIPELINE */
    struct span event;         /* the stored form, model/event.h */
};

struct frame_emit {
    struct span event_type, event_source, topic, payload;
};

struct frame_outcome {
    struct uuid execution;
    uint32_t attempt;
    enum status status; /* completed, or failed */
    bool final;         /* do not try again, even where attempts are left */
    int64_t started_ms, duration_us;
    struct span error; /* empty when completed */
    struct span data;  /* JSON object saved, or empty */
    uint16_t step_count;
    struct step_result steps[STEPS_MAX];
    struct span logs[STEPS_MAX];
    uint32_t emit_count;
    struct span emits; /* frame_emit_next takes them one by one */
};

/* Each appends one whole frame. */
void frame_put_pipeline(struct buf *out, const struct frame_pipeline *pipeline);
void frame_put_cancel(struct buf *out);
void frame_put_job(struct buf *out, const struct frame_job *job);
void frame_put_outcome(struct buf *out, const struct frame_outcome *outcome);

/* Each reads a body; false when it is not one. */
bool frame_get_pipeline(struct span body, struct frame_pipeline *ret_pipeline);
bool frame_get_job(struct span body, struct frame_job *ret_job);
bool frame_get_outcome(struct span body, struct frame_outcome *ret_outcome);

/* The encoded list of emits in an outcome. */
void frame_add_emit(struct buf *emits, const struct frame_emit *emit);
bool frame_emit_next(struct span *emits, struct frame_emit *ret_emit);

#endif
