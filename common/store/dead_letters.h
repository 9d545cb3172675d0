#ifndef STORE_DEAD_LETTERS_H
#define STORE_DEAD_LETTERS_H
/*
 * dead_letters - executions that have failed and that only people try again: their
 * attempts are used up, or they gave up for good. One that was cancelled while it
 * ran is no dead letter.
 *
 * Dead letters have an index of their own, over all and by pipeline, which
 * executions_change keeps up to date: an execution that is pending again leaves it.
 * executions_list lists them.
 */
#include "base/id.h"
#include "base/json.h"
#include "store/actions.h"

/* As actions_retry. ERR_NOTFOUND also for an execution that is no dead letter. */
enum err dead_letters_retry(struct store_txn *txn, struct action_retry *retry) MUST_CHECK;

#define DEAD_LETTERS_AT_ONCE 500 /* of one transaction, so that others can write in between */
#define DEAD_LETTERS_WHYS_MAX 4  /* reasons that are told */

struct dead_letters_retried {
    struct retry_version version; /* that was asked for */
    uint64_t retried;
    uint64_t left;                          /* cannot be tried again: still dead letters */
    const char *why[DEAD_LETTERS_WHYS_MAX]; /* the different reasons, as static sentences */
    size_t why_count;
};

/*
 * Tries all dead letters of a pipeline again, or of all pipelines where the id is empty.
 * Each is tried once, however soon it fails again. Takes several transactions: after an
 * error some dead letters have been tried, and another call tries the others. For an actor
 * (store_set_actor).
 */
enum err dead_letters_retry_all(struct store *store, const struct actor *actor,
    struct span pipeline_id, struct retry_version version,
    struct dead_letters_retried *ret_retried) MUST_CHECK;

/* Writes {"retried", "left", "why": [...], "version"}. */
void dead_letters_format(const struct dead_letters_retried *retried, struct json_out *out);

#endif
