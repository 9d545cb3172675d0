#ifndef VIEW_AUDIT_H
#define VIEW_AUDIT_H
/*
 * audit - a record of a change, and lists of them: what may be asked for, and how a page is
 * written.
 */
#include "base/json.h"
#include "store/audit.h"
#include "view/page.h"

/*
 * Writes {"seq", "at", "actor", "actor_kind", "credential", "address", "request", "action",
 * "subject", "detail"}.
 */
void audit_print(const struct audit *audit, struct json_out *out);

/*
 * Puts one value into the query, whose text borrows it. The names are those that clients know:
 * actor, action, subject, since, until, limit, after, before, in this order. NULL, or what the
 * value must be: "must not be empty".
 */
const char *audit_take(struct audit_query *query, const char *name, struct span value);

/*
 * Writes the rows of a page, and moves the query on to the page behind it. *ret_more: there is
 * one, or, where the oldest come first, there may be.
 */
enum err audit_page(struct store_txn *txn, struct audit_query *query, struct page *page,
    struct json_out *out, bool *ret_more) MUST_CHECK;

#endif
