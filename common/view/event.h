#ifndef VIEW_EVENT_H
#define VIEW_EVENT_H
/*
 * event - an event of the log, and lists of them: what may be asked for, and how a page is
 * written.
 */
#include "base/json.h"
#include "store/event_list.h"
#include "view/page.h"

#define EVENT_PAYLOAD_SHOWN_MAX 65536 /* bytes; a larger payload is fetched by itself */

/*
 * Writes {"seq", "cid", "id", "type", "topic", "source", "subject", "accepted", "door",
 * "credential", "credential_name", "address", "datacontenttype", "bytes", "parent_execution_id"}:
 * all of an event but what may be large.
 */
enum err event_print_row(
    struct store_txn *txn, const struct event *event, struct json_out *out) MUST_CHECK;

/*
 * Writes the same with "time", "dataschema", "extensions", "headers", "query", "routed", "erased",
 * "erased_by" and "payload", which is JSON as it was sent, a string where it is text, and missing
 * where it is neither, or large; "payload_shown" says which. ERR_NOTFOUND: there is no such event.
 */
enum err event_print(struct store_txn *txn, uint64_t seq, struct json_out *out) MUST_CHECK;

/*
 * Puts one value into the query, whose text borrows it. The names are those that clients know:
 * type, source, topic, credential, door, since, until, limit, before. NULL, or what the value
 * must be: "must not be empty".
 */
const char *event_list_take(struct event_query *query, const char *name, struct span value);

/*
 * Writes {"events": [row, …], "next", "looked_back_to"}: event_list_begin, event_list_page for
 * one page or more, event_list_close. A page, whose limit is that of the query, moves the query
 * on to the page behind it; ret_end->next is 0 where there is none.
 */
void event_list_begin(struct json_out *out);
enum err event_list_page(struct store_txn *txn, struct event_query *query, struct page *page,
    struct json_out *out, struct event_list_end *ret_end) MUST_CHECK;
void event_list_close(const struct event_list_end *end, struct json_out *out);

/* Writes {"cid", "events": [event, …], "more"}: as many events of a cid as the page has room for.
 * ERR_NOTFOUND: the cid was never issued. */
enum err event_print_cid(struct store_txn *txn, const struct uuid *cid, struct page *page,
    struct json_out *out) MUST_CHECK;

#endif
