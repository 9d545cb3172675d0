#ifndef MODEL_EXECUTION_H
#define MODEL_EXECUTION_H
/*
 * execution - one run of one pipeline version for one event.
 *
 *   pending ──claimed──▶ in_progress ──all steps done──▶ completed
 *      ▲  │                   │
 *      │  └─trigger gone, or by request──▶ skipped, or failed where it has tried
 *      └──attempt failed or lost, attempts left──┤
 *                             └──attempts used up──▶ failed
 *
 * An execution's id is a UUIDv7, made with the execution, so ids sort by creation.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/id.h"
#include "base/json.h"

/* STATUS(constant, name): the one table of names, as clients see them. */
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

/* ATTEMPT(constant, name): what becomes of one attempt. */
#define EXECUTION_ATTEMPTS(ATTEMPT) \
    ATTEMPT(NONE, "none") /* none was begun, or the table attempts has it */ \
    ATTEMPT(IN_PROGRESS, "in_progress") \
    ATTEMPT(COMPLETED, "completed") \
    ATTEMPT(FAILED, "failed") \
    ATTEMPT(LOST, "lost") /* the runner or the dispatcher died */ \
    ATTEMPT(CANCELLED, "cancelled")

enum attempt_status {
#define ATTEMPT(constant, name) ATTEMPT_##constant,
    EXECUTION_ATTEMPTS(ATTEMPT)
#undef ATTEMPT
        ATTEMPT__MAX
};

/* One attempt at an execution. */
struct attempt_result {
    uint32_t attempt; /* its number, 1 for the first */
    enum attempt_status status;
    int64_t started_ms;
    int64_t duration_us; /* -1: not finished, or nobody saw the end */
    struct span error;   /* empty: none */
    struct span step;    /* the step that failed; empty: none */
    int32_t exit_code;   /* of the step that failed; -1: none */
    uint32_t version;    /* of the pipeline; 0: a record of version 1 does not say */
};

#define ATTEMPTS_SHOWN_MAX 100 /* an execution lists its last attempts, up to so many */

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
    uint32_t attempt;         /* 1 for the first; counts every claim */
    uint32_t failures;        /* attempts that ended in failure */
    uint32_t losses;          /* attempts whose runner died */
    enum attempt_status last; /* what became of the last attempt, while this record holds it */
    uint32_t pipeline_version;
    int64_t created_ms;
    int64_t started_ms;  /* of the last attempt; 0: never */
    int64_t duration_us; /* of the last attempt; -1 until finished */
    int64_t due_ms;      /* pending: when the next attempt is due; 0: at once */
    int64_t begun_ms;    /* when the first attempt since people last tried it began; 0: none has */
    struct span pipeline_id, pipeline_name, event_type;
    struct span error;               /* empty: none */
    const struct step_result *steps; /* step_count of them, of the last attempt that told of any */
    uint16_t step_count;
    uint32_t steps_attempt; /* the number of that attempt; 0: none has */
    bool without_steps;     /* it was read without its steps, and must not be stored so */
};

/* Has it failed, other than by being cancelled while it ran? Only people try it again. */
bool execution_is_dead_letter(const struct execution *execution);

/*
 * When an execution is over whose attempts and waits may take so long together (0: no limit).
 * INT64_MAX: never, or none of its attempts has begun.
 */
int64_t execution_over_ms(const struct execution *execution, int64_t timeout_ms);

/* PENDING_END(constant, words): why an execution that was pending ends. */
#define EXECUTION_PENDING_ENDS(PENDING_END) \
    PENDING_END(SKIPPED, "skipped by request") \
    PENDING_END(CANCELLED, "cancelled by request") \
    PENDING_END(STOPPED, "the trigger was stopped") \
    PENDING_END(DELETED, "its pipeline was deleted")

enum pending_end {
#define PENDING_END(constant, words) PENDING_END_##constant,
    EXECUTION_PENDING_ENDS(PENDING_END)
#undef PENDING_END
        PENDING_END__MAX
};

/*
 * Ends an execution that was pending, in the status that is true of it: skipped where it never ran,
 * where people want it skipped, or where nothing but their wish has ended it; else failed. The
 * reason, with that of the last attempt (NULL: none is known), is put into `error`, from which the
 * execution borrows it.
 */
void execution_end_pending(struct execution *execution, enum pending_end end,
    const struct attempt_result *last, struct buf *error);

/*
 * The last attempt as the execution's record holds it, with borrowed text. Which step
 * failed is known where the execution has its steps. False when the record holds none.
 */
bool execution_last_attempt(const struct execution *execution, struct attempt_result *ret_attempt);

/* Appends the stored form; schema/store.md has the layout. */
void execution_encode(const struct execution *execution, struct buf *out);
void attempt_encode(const struct attempt_result *attempt, struct buf *out);

/*
 * Reads a stored form; text borrows from the record. The steps are put into `steps`,
 * which has room for STEPS_MAX of them; NULL leaves them out. ERR_CORRUPT when the
 * record is damaged.
 */
enum err execution_decode(
    struct span record, struct execution *ret_execution, struct step_result *steps) MUST_CHECK;

/* Reads an attempt's stored form. Its number is in the key, and left 0 here. */
enum err attempt_decode(struct span record, struct attempt_result *ret_attempt) MUST_CHECK;

/* What belongs to an ExecutionResult besides the record. Zero stands for nothing. */
struct execution_extras {
    struct span data;        /* the checked JSON object the steps saved */
    const struct span *logs; /* the kept output of each step */
    const struct attempt_result *attempts;
    size_t attempt_count;
    bool brief; /* the data and the logs are left out */
};

/* Writes an ExecutionResult (schema/execution-result.schema.json), or an ExecutionBrief. */
void execution_format(
    const struct execution *execution, const struct execution_extras *extras, struct json_out *out);

#endif
