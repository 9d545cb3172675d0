#ifndef DISPATCHER_RECORD_H
#define DISPATCHER_RECORD_H
/*
 * record - what became of claimed executions: the state of each, its attempts, its retries
 * and the events it emitted, within a turn.
 */
#include "dispatcher/happening.h"
#include "model/execution.h"

struct dispatcher;
struct store_txn;

enum err record_happening(
    struct dispatcher *d, struct store_txn *txn, const struct happening *happening) MUST_CHECK;

/* Notes which runners are to be told that people want one of their executions cancelled. */
enum err record_cancels(struct dispatcher *d, struct store_txn *txn) MUST_CHECK;

/* Makes an execution pending again, at once or in `wait_ms`, and keeps its attempt's end. */
enum err record_put_back(struct dispatcher *d, struct store_txn *txn, struct execution *execution,
    int64_t wait_ms) MUST_CHECK;

/* Notes when the first attempt of an execution began, which its limit of time counts from. */
void record_begun(struct execution *execution);

/* Ends an execution that people wanted cancelled, however its attempt has ended. */
enum err record_cancelled(struct store_txn *txn, struct execution *execution) MUST_CHECK;

#endif
