#ifndef MODEL_FILTER_H
#define MODEL_FILTER_H
/*
 * filter - CloudEvents subscription filters (Subscriptions API 1.0, section
 * 3.2.4.1) over the attributes of an event, and one dialect of ours over its
 * payload.
 *
 * A filter is an object with one member, its dialect:
 *   {"exact":  {"type": "order.created"}}     every named attribute equals
 *   {"prefix": {"source": "https://shop/"}}   every named attribute starts with
 *   {"suffix": {"type": ".created"}}          every named attribute ends with
 *   {"all": [filter, …]}  {"any": [filter, …]}  {"not": filter}
 *   {"json": {"/order/paid": true}}           RFC 6901 pointers into the payload; the JSON values
 * are equal A list of filters matches when all do; an empty list matches everything. An attribute
 * the event lacks matches nothing. Numbers compare by value.
 */
#include <stdbool.h>

#include "base/buf.h"
#include "base/json_tree.h"
#include "model/event.h"

struct filter; /* a list of filters */

#define FILTER_DEPTH_MAX 16  /* all, any and not within each other */
#define FILTER_COUNT_MAX 100 /* filters in one list, nested ones included */

/*
 * Reads a list of filters from a JSON array. NULL and a sentence appended to
 * ret_why, which names the place beginning with `where` (e.g. "options.filters"),
 * when it is not acceptable. The result is independent of the tree.
 */
struct filter *filter_parse(const struct json_tree *list, const char *where, struct buf *ret_why);
void filter_free(struct filter *filter);

/*
 * Does the event match? NULL matches everything. When it does not and ret_why is
 * not NULL, appends why in a sentence part: `exact: type is "a", not "b"`.
 */
bool filter_match(const struct filter *filter, const struct event *event, struct buf *ret_why);

#endif
