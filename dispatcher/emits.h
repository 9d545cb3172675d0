#ifndef DISPATCHER_EMITS_H
#define DISPATCHER_EMITS_H
/*
 * emits - the events that an execution's steps have emitted, within a turn.
 *
 * Pipelines that start each other make more and more events. Two budgets end that: how many
 * events may follow from one another, and how many share a cid.
 */
#include "base/err.h"

struct config;
struct execution;
struct frame_outcome;
struct store_txn;

#define EMITS_WHY_MAX 160 /* bytes of a sentence part, with its NUL */

/*
 * May the outcome's events be published? ERR_DENIED when a budget does not allow it, and a
 * sentence part in ret_why.
 */
enum err emits_check(const struct config *config, struct store_txn *txn,
    const struct execution *execution, const struct frame_outcome *outcome,
    char ret_why[EMITS_WHY_MAX]) MUST_CHECK;

/* Appends the outcome's events to the log, under the cid of the execution. */
enum err emits_store(struct store_txn *txn, const struct execution *parent,
    const struct frame_outcome *outcome) MUST_CHECK;

#endif
