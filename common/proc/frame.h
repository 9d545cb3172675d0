#ifndef PROC_FRAME_H
#define PROC_FRAME_H
/*
 * frame - what the dispatcher and a runner say to each other over their socket
 * pair, and a runner and its fx-http over pipes: a 32-bit length, a type, and that
 * many bytes less one.
 *
 *   dispatcher → runner   FRAME_PIPELINE   a version the runner has not got yet
 *                         FRAME_JOB        one attempt of one execution
 *                         FRAME_CANCEL     a job is not wanted any more, if it is at hand
 *                         FRAME_RECALL     give back the jobs that have not begun
 *   runner → dispatcher   FRAME_READY      it takes jobs; the first it says
 *                         FRAME_OUTCOME    what became of the oldest job
 *                         FRAME_RETURNED   so many of the newest jobs have not begun
 *   runner → fx-http      FRAME_CALL       one HTTP step of the job
 *   fx-http → runner      FRAME_REPLY      what became of the call
 *
 * While a new version takes the place of an old one, a program may start one of the other
 * version. Who starts names the version of its frames in the last argument, and who does not
 * speak that says so and ends, before it has taken anything. All text borrows from the frame.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/id.h"
#include "model/execution.h"
#include "model/limits.h"

enum frame_type {
    FRAME_PIPELINE = 1,
    FRAME_JOB,
    FRAME_CANCEL,
    FRAME_RECALL,
    FRAME_OUTCOME,
    FRAME_RETURNED,
    FRAME_CALL,
    FRAME_REPLY,
    FRAME_READY,
};

/*
 * The version of all frames, as an argument; raised with whatever the release before cannot read.
 * Release 0.3.0 spoke version 1 without an argument, and knows no FRAME_READY.
 */
#define FRAMES_VERSION "frames=1"
#define FRAMES_UNNAMED "frames=1"

/*
 * Does the starter of this program, which was given these arguments of its own and then perhaps
 * the version, speak our version? Logs what to do where it does not.
 */
bool frame_is_understood(int argc, char **argv, int own);

#define FRAME_MAX (256u << 20) /* a longer one is a fault of the other end */

/*
 * The first whole frame of the bytes that were received: its type, its body, which borrows
 * from the bytes, and how many of them the frame takes. False when no frame is whole yet;
 * *ret_bad when none ever will be.
 */
bool frame_next(struct span in, enum frame_type *ret_type, struct span *ret_body, size_t *ret_taken,
    bool *ret_bad);

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
    int64_t over_ms;           /* wall clock: when the whole execution is; INT64_MAX: it begins */
    struct span event;         /* the stored form, model/event.h */
    struct span secrets;       /* frame_secret_next takes them, as pipeline_each_secret has them */
};

struct frame_emit {
    struct span event_type, event_source, topic, payload;
};

struct frame_outcome {
    struct uuid execution;
    uint32_t attempt;
    enum status status;     /* completed, or failed */
    bool final;             /* do not try again, even where attempts are left */
    int64_t retry_after_ms; /* try again no sooner, as far as the pipeline waits at all */
    int64_t started_ms, duration_us;
    struct span error; /* empty when completed */
    struct span data;  /* JSON object saved, or empty */
    uint16_t step_count;
    struct step_result steps[STEPS_MAX];
    struct span logs[STEPS_MAX];
    uint32_t emit_count;
    struct span emits; /* frame_emit_next takes them one by one */
};

struct frame_call {
    struct uuid execution;
    uint32_t attempt;
    int64_t timeout_ms;
    struct span url;
    struct span secret; /* empty: it is not signed */
    bool structured;
    struct span event; /* the stored form */
    uint16_t header_count;
    struct span headers; /* frame_header_next takes them one by one */
};

enum reply_end { REPLY_GOOD, REPLY_FAILED, REPLY_GAVE_UP, REPLY_TIMED_OUT, REPLY__MAX };

struct frame_reply {
    enum reply_end end;
    int64_t retry_after_ms; /* 0: the server has not said */
    struct span error;      /* a sentence part, empty when good or timed out */
    struct span log;
};

/* Append one whole frame. */
void frame_put_pipeline(struct buf *out, const struct frame_pipeline *pipeline);
void frame_put_job(struct buf *out, const struct frame_job *job);
void frame_put_cancel(struct buf *out, const struct uuid *execution);
void frame_put_recall(struct buf *out);
void frame_put_ready(struct buf *out);
void frame_put_returned(struct buf *out, uint32_t count);
void frame_put_outcome(struct buf *out, const struct frame_outcome *outcome);

void frame_put_call(struct buf *out, const struct frame_call *call);
void frame_put_reply(struct buf *out, const struct frame_reply *reply);

/* Read the body of a frame. False when the bytes are no such body. */
bool frame_get_pipeline(struct span body, struct frame_pipeline *ret_pipeline);
bool frame_get_job(struct span body, struct frame_job *ret_job);
bool frame_get_cancel(struct span body, struct uuid *ret_execution);
bool frame_get_outcome(struct span body, struct frame_outcome *ret_outcome);
bool frame_get_returned(struct span body, uint32_t *ret_count);
int64_t frame_outcome_duration_us(struct span body); /* only that; 0 when it is no outcome */

bool frame_get_call(struct span body, struct frame_call *ret_call);
bool frame_get_reply(struct span body, struct frame_reply *ret_reply);

/* The encoded list of emits in an outcome. */
void frame_add_emit(struct buf *emits, const struct frame_emit *emit);
bool frame_emit_next(struct span *emits, struct frame_emit *ret_emit);

/* The encoded list of the values of step secrets in a job. */
void frame_add_secret(struct buf *secrets, struct span value);
bool frame_secret_next(struct span *secrets, struct span *ret_value);

/* The encoded list of headers in a call. */
void frame_add_header(struct buf *headers, struct span name, struct span value);
bool frame_header_next(struct span *headers, struct span *ret_name, struct span *ret_value);

#endif
