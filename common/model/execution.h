#ifndef MODEL_EXECUTION_H
#define MODEL_EXECUTION_H
/*
 * execution - one run of one pipeline version for one event.
 *
 *   pending ──claimed──▶ in_progress ──all steps done──▶ completed
 *      ▲  │                   │
 *      │  └─trigger gone──▶ skipped
 *      └──attempt failed or lost, attempts left──┤
 *                             └──attempts used up──▶ failed
 *
 * Its id is a UUIDv7 made when it is created, so ids sort by creation.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/id.h"
#include "base/json.h"

/* STATUS(constant, name): the one table of names (api.md). */
#define EXECUTION_STATUSES(STATUS) \
    STATUS(PENDING, "pending") \
    STATUS(IN_PROGRESS, "in_progress") \
    STATUS(COMPLETED, "completed") \
    STATUS(FAILED, "failed") \
    STATUS(SKIPPED, "skipped")

enum status {
#define STATUS(constant, name) STATUS_##constant,
    EXECUTION_STATUSES(STATUS)
#undef STATUS
        STATUS__MAX
};

const char *status_name(enum status status);
bool status_parse(struct span name, enum status *ret_status);
bool status_is_final(enum status status);

/* What became of one step in the last attempt. */
struct step_result {
    struct span name;
    enum status status;  /* pending: not reached */
    int64_t started_ms;  /* 0: never */
    int64_t duration_us; /* -1: not finished */
    int32_t exit_code;   /* -1: none (not run, or ended by a signal) */
};

struct execution {
    struct uuid id;
    struct uuid cid;
    struct uuid parent; /* the execution that emitted the event, or UUID_NONE */
    uint64_t event_seq;
    uint64_t queue;
    enum status status;
    uint32_t attempt;  /* 1 for the first; counts every claim */
    uint32_t failures; /* attempts that ended in failure */
    uint32_t losses;   /* attempts whose runner died */
    uint32_t pipeline_version;
    int64_t created_ms;
    int64_t started_ms;  /* of the last attempt; 0: never */
    int64_t duration_us; /* of the last attempt; -1 until finished */
    int64_t due_ms;      /* pending: not before then; 0: at once */
    struct span pipeline_id, pipeline_name, event_type;
    struct span error;               /* empty: none */
    const struct step_result *steps; /* step_count of them; NULL where not yet run */
    uint16_t step_count;
};

/* Appends the stored form; schema/store.md has the layout. */
void execution_encode(const struct execution *execution, struct buf *out);

/*
 * Reads a stored form. Text borrows from the record; the steps, where there are
 * any, are put into `steps`, which the caller provides with room for
 * STEPS_MAX, or NULL to leave them out. ERR_CORRUPT when it is no record.
 */
enum err execution_decode(
    struct span record, struct execution *ret_execution, struct step_result *steps) MUST_CHECK;

/*
 * Writes an ExecutionResult (api.md). `data` is the checked JSON object the
 * steps saved, or empty; logs[i] is the kept output of step i (logs may be NULL
 * where no step was run).
 */
void execution_format(const struct execution *execution, struct span data, const struct span *logs,
    struct json_out *out);

#endif
