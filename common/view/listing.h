#ifndef VIEW_LISTING_H
#define VIEW_LISTING_H
/*
 * listing - a list of executions: what may be asked for, and how a page is written.
 */
#include "base/json.h"
#include "store/executions.h"
#include "view/page.h"

/*
 * Puts one value into the query, whose text borrows it. The names are those that clients
 * know: status, service, pipeline_id, event_type, since, until, limit, after. NULL, or what
 * the value must be: "must not be empty".
 */
const char *listing_take(struct execution_query *query, const char *name, struct span value);

/*
 * Writes {member: [execution, …], "next"}: listing_begin, listing_page for one page or more,
 * listing_end. A page, whose limit is that of the query, moves the query on to the page behind
 * it; UUID_NONE in *ret_next says that there is none. A page is short that ended because it had
 * looked at enough executions: then "looked_back_to" says how far back.
 */
void listing_begin(const char *member, struct json_out *out);
enum err listing_page(struct store_txn *txn, struct execution_query *query, struct page *page,
    struct json_out *out, struct uuid *ret_next) MUST_CHECK;
void listing_end(const struct uuid *next, bool is_short, struct json_out *out);

#endif
