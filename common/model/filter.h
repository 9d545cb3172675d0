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
 *   {"json": {"/order/paid": true}}           every value that a pointer (RFC 6901) finds in
 *                                             the payload equals; numbers compare by value
 *
 * A list of filters matches when all of them match; an empty list matches everything. An
 * attribute that the event lacks matches nothing.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/json_index.h"
#include "base/json_tree.h"
#include "model/event.h"

struct filter; /* a list of filters */

#define FILTER_DEPTH_MAX 16      /* all, any and not within each other */
#define FILTER_COUNT_MAX 100     /* filters in one list, nested ones included */
#define FILTER_TERMS_MAX 100     /* attributes and pointers in one list, nested filters included */
#define FILTER_POINTER_MAX 1024  /* bytes */
#define FILTER_STEPS_MAX 1000000 /* of one evaluation: some ten milliseconds */

/*
 * Reads a list of filters from a JSON array. NULL when the list is not acceptable: a
 * sentence appended to ret_why names the place, which begins with `where`
 * ("options.filters"). The result borrows nothing from the tree.
 */
struct filter *filter_parse(const struct json_tree *list, const char *where, struct buf *ret_why);
void filter_free(struct filter *filter);

/*
 * Are the filters within what a new definition may ask for: FILTER_TERMS_MAX attributes and
 * pointers in all, of FILTER_POINTER_MAX bytes each? If not, false, and a sentence appended to
 * ret_why that begins with `where`. Definitions that were stored before there was a bound run
 * all the same.
 */
bool filter_is_bounded(const struct filter *filter, const char *where, struct buf *ret_why);

/* An event as filters look at it. The first filter that asks for the payload has it indexed. */
struct filter_subject {
    const struct event *event; /* borrowed */
    struct json_index payload;
    enum { PAYLOAD_NEW, PAYLOAD_INDEXED, PAYLOAD_NOT_JSON, PAYLOAD_TOO_LARGE } state;
    uint64_t limit; /* steps of one evaluation: FILTER_STEPS_MAX unless the caller says less */
    uint64_t steps; /* what the last evaluation has left over (model/json_value.h) */
};

void filter_subject_init(struct filter_subject *subject, const struct event *event);
void filter_subject_done(struct filter_subject *subject);

enum filter_verdict {
    FILTER_MATCHES,
    FILTER_DIFFERS,
    FILTER_TOO_COSTLY, /* the payload has too many values, or all steps are spent */
};

/*
 * Does the event match? A NULL filter matches everything. Where the event does not match
 * and ret_why is not NULL, appends why in a sentence part: `exact: type is "a", not "b"`.
 * The verdict depends on the filter and the event alone.
 */
enum filter_verdict filter_judge(
    const struct filter *filter, struct filter_subject *subject, struct buf *ret_why);

#endif
