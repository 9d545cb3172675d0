#ifndef STORE_DEAD_LETTERS_H
#define STORE_DEAD_LETTERS_H
/*
 * dead_letters - executions that have failed and that nobody tries again but
 * people: their attempts are used up, or they gave up for good. One that was
 * cancelled is none.
 *
 * They have an index of their own, over all and by pipeline, which
 * executions_change keeps: whatever makes an execution pending again takes it
 * out. executions_list lists them.
 */
#include "base/id.h"
#include "base/json.h"
#include "store/store.h"

/* As actions_retry. ERR_NOTFOUND also for an execution that is no dead letter. */
enum err dead_letters_retry(
    struct store_txn *txn, const struct uuid *id, const char **ret_why) MUST_CHECK;

#define DEAD_LETTERS_AT_ONCE 500 /* tried again in one transaction, so that others can write */
#define DEAD_LETTERS_WHYS_MAX 4  /* reasons that are told */

struct dead_letters_retried {
    uint64_t retried;
    uint64_t left;                          /* that cannot be, and so are still dead letters */
    const char *why[DEAD_LETTERS_WHYS_MAX]; /* the different reasons for that, static sentences */
    size_t why_count;
};

/*
 * Tries again all of a pipeline, or of all pipelines where the id is empty; each
 * once, however soon it fails again. Takes several transactions: after an error
 * some have been tried, and the others can be with another call.
 */
enum err dead_letters_retry_all(struct store *store, struct span pipeline_id,
    struct dead_letters_retried *ret_retried) MUST_CHECK;

/* {"retried", "left", "why": [...]} */
void dead_letters_format(const struct dead_letters_retried *retried, struct json_out *out);

#endif
