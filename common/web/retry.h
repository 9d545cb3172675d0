#ifndef WEB_RETRY_H
#define WEB_RETRY_H
/*
 * retry - the routes by which people try executions again: ?version=, and what is said.
 */
#include "store/actions.h"
#include "web/request.h"

/* Reads ?version=, which is "latest" where it is absent. False when the request was answered. */
bool retry_read_version(struct request *request, struct retry_version *ret_version);

/* What a route does to one execution, and the words for it. */
struct retry_route {
    enum err (*act)(struct store_txn *txn, struct action_retry *retry);
    const char *unknown; /* a sentence */
    const char *stays;   /* a sentence without the reason at its end: "It cannot be tried again" */
};

/* Tries the execution again that the path names. Ends the request. */
void retry_one(struct request *request, const struct retry_route *route);

#endif
