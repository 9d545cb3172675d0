#ifndef STORE_PAUSES_H
#define STORE_PAUSES_H
/*
 * pauses - what an operator has told to wait: intake, the dispatcher, or one pipeline.
 *
 * While intake is paused, mutations with STORE_INTAKE are refused (store.h). While the dispatcher
 * or a pipeline is, events are routed and executions wait, and what runs comes to its end.
 */
#include "store/store.h"

/* PAUSE(constant, name): what can be paused. Stored by number. */
#define PAUSES_KINDS(PAUSE) \
    PAUSE(INTAKE, "intake") \
    PAUSE(DISPATCHER, "dispatcher") \
    PAUSE(PIPELINE, "pipeline")

enum pause_kind {
#define PAUSE(constant, name) PAUSE_##constant,
    PAUSES_KINDS(PAUSE)
#undef PAUSE
        PAUSE__MAX
};

const char *pause_name(enum pause_kind kind);

#define PAUSE_REASON_MAX 500 /* bytes */

struct pause {
    enum pause_kind kind;
    struct span pipeline_id; /* of a pipeline, else empty */
    int64_t since_ms;
    struct span reason; /* a sentence of the operator's; may be empty */
};

/* Pauses, or gives a pause another reason. */
enum err pauses_set(struct store_txn *txn, const struct pause *pause) MUST_CHECK;

/* Ends a pause. ERR_NOTFOUND: there is none. */
enum err pauses_lift(
    struct store_txn *txn, enum pause_kind kind, struct span pipeline_id) MUST_CHECK;

/* For a pipeline that is deleted. */
enum err pauses_drop(struct store_txn *txn, struct span pipeline_id) MUST_CHECK;

/* A pause, which borrows from the transaction. ERR_NOTFOUND: there is none. */
enum err pauses_get(struct store_txn *txn, enum pause_kind kind, struct span pipeline_id,
    struct pause *ret_pause) MUST_CHECK;

/* Does the pipeline wait, by itself or with all others? */
enum err pauses_hold(struct store_txn *txn, struct span pipeline_id, bool *ret_held) MUST_CHECK;

/* Visits every pause, in the order of kinds. */
enum err pauses_each(struct store_txn *txn, void (*visit)(const struct pause *pause, void *context),
    void *context) MUST_CHECK;

#endif
