#ifndef STORE_COUNTS_H
#define STORE_COUNTS_H
/*
 * counts - how much was accepted, run, failed and tried again: in each minute, in each hour, and
 * in all; of everything, of each topic, and of each pipeline.
 *
 * Whoever changes an execution's status counts it, in the same transaction, so that counts are
 * exact whatever is killed. The dispatcher, which does most of that, gathers what a turn counts
 * and stores it once (counts_gather, counts_store); elsewhere each change is stored at once.
 * Acceptance counts nothing: an event is counted when it is routed, in the minute in which it was
 * accepted.
 */
#include "model/event.h"
#include "model/execution.h"
#include "store/store.h"

/* NUMBER(constant, name): what is counted. Sums of times have their unit in the name. */
#define COUNTS_NUMBERS(NUMBER) \
    NUMBER(ACCEPTED, "accepted") /* events */ \
    NUMBER(STARTED, "started")   /* executions whose first attempt has ended */ \
    NUMBER(COMPLETED, "completed") \
    NUMBER(FAILED, "failed") /* for good */ \
    NUMBER(SKIPPED, "skipped") \
    NUMBER(RETRIED, "retried") /* attempts that another one is to follow */ \
    NUMBER(RUN_US, "run_us")   /* of attempts */ \
    NUMBER(RUN_MAX_US, "run_max_us") \
    NUMBER(WAIT_US, "wait_us") /* from the event's acceptance to the start, of those started */

#define COUNTS_BUCKETS 24 /* of times: bucket i has up to 2^i ms, the last one what is more */
#define COUNTS_UNIT_US 1000

enum count {
#define NUMBER(constant, name) COUNT_##constant,
    COUNTS_NUMBERS(NUMBER)
#undef NUMBER
        COUNT_RUN,
    COUNT_WAIT = COUNT_RUN + COUNTS_BUCKETS,
    COUNT__MAX = COUNT_WAIT + COUNTS_BUCKETS
};

/* The numbers, and behind them the buckets of run times and of waits. */
struct counts {
    uint64_t n[COUNT__MAX];
};

enum counts_step { COUNTS_TOTAL, COUNTS_MINUTE, COUNTS_HOUR, COUNTS_STEP__MAX };
enum counts_kind { COUNTS_ALL, COUNTS_TOPIC, COUNTS_PIPELINE, COUNTS_KIND__MAX };

#define COUNTS_NAMES_MAX 500 /* names of a kind; all that come after them are counted as "" */

/* An event was routed. */
enum err counts_event(struct store_txn *txn, const struct event *event) MUST_CHECK;

/* An execution has come to its status, which is final. */
enum err counts_end(struct store_txn *txn, const struct execution *execution) MUST_CHECK;

/* An attempt has ended, as the execution says; another one is to follow, or not. */
enum err counts_attempt(
    struct store_txn *txn, const struct execution *execution, bool again) MUST_CHECK;

/* What a transaction counts until it is stored. All zero: nothing. */
struct counts_tally {
    struct counts_entry *chains[256];
};

/* From here on the transaction gathers, afresh, what is counted. */
void counts_gather(struct store_txn *txn, struct counts_tally *tally);

/* Adds what was gathered to what is stored. */
enum err counts_store(struct store_txn *txn, const struct counts_tally *tally) MUST_CHECK;

void counts_forget(struct counts_tally *tally);

/*
 * Visits what is stored of a step, from bucket to bucket (minutes or hours since 1970; 0 of the
 * totals), all names of the one before those of the next.
 */
struct counts_row {
    uint32_t bucket;
    enum counts_kind kind;
    struct span name; /* a topic, or a pipeline's id; "" of COUNTS_ALL, and of all other names */
    struct counts counts;
};
enum err counts_each(struct store_txn *txn, enum counts_step step, uint32_t from, uint32_t to,
    void (*visit)(const struct counts_row *row, void *context), void *context) MUST_CHECK;

#endif
