#ifndef STORE_AUDIT_H
#define STORE_AUDIT_H
/*
 * audit - every change that somebody makes is told of in the transaction that makes it
 * (model/audit.h). The function of a table family that makes the change calls audit_add, so
 * that no caller of it can forget to; who makes it is what the mutation was handed in with
 * (store.h). The store ends a program whose mutation changes something for somebody and tells
 * nothing of it.
 */
#include "base/json.h"
#include "model/audit.h"
#include "store/store.h"

/*
 * Adds a record of who acts in this transaction. The subject is a thing's kind and id, "pipeline"
 * and "orders"; of the home itself the id is empty. The detail is a JSON object, or empty.
 */
enum err audit_add(struct store_txn *txn, enum audit_action action, const char *kind,
    struct span id, struct span detail) MUST_CHECK;

/* Likewise, with {name: value} as the detail. */
enum err audit_add_with(struct store_txn *txn, enum audit_action action, const char *kind,
    struct span id, const char *name, struct span value) MUST_CHECK;

#define AUDIT_LIMIT_DEFAULT 100
#define AUDIT_LIMIT_MAX 1000
#define AUDIT_LOOKED_MAX 10000 /* records that a page looks at, so that its cost is bounded */

/* What to list. Zero stands for "any" throughout. A text may end in "*", for any ending. */
struct audit_query {
    struct span actor; /* a name */
    struct span action;
    struct span subject; /* in full: those of one are found by an index */
    int64_t since_ms, until_ms;
    bool oldest_first;
    uint64_t from; /* the `next` of the page before, which this page begins behind; 0: the first */
    size_t limit;
};

/* Called with a record, which borrows from the transaction. False ends the page with it. */
typedef bool audit_visit(const struct audit *audit, void *context);

/*
 * A page that is short, or empty, need not be the last: *ret_next is 0 where no page follows, else
 * the `from` of the next one. Where the oldest come first, the next one may be there later only:
 * *ret_next is then the last that was looked at, or `from`.
 */
enum err audit_list(struct store_txn *txn, const struct audit_query *query, audit_visit *visit,
    void *context, uint64_t *ret_next) MUST_CHECK;

/* The number of the last record; 0: there is none. */
enum err audit_last(struct store_txn *txn, uint64_t *ret_seq) MUST_CHECK;

#endif
