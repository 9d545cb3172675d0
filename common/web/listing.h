#ifndef WEB_LISTING_H
#define WEB_LISTING_H
/*
 * listing - a page of executions (view/listing.h): what was asked for, and the reply.
 */
#include "store/executions.h"
#include "web/request.h"

/*
 * Reads the named parameters into *query, whose text borrows from the request's arena. The
 * names, ended by NULL, are some of those of listing_take. False when the request was answered.
 */
bool listing_read(struct request *request, const char *const *names, struct execution_query *query);

/*
 * Replies with {member: [execution, …], "next"}, in brief unless the request has ?full=1. A query
 * without a limit gets the default. For a client that has left no page is made.
 */
void listing_reply(
    struct request *request, const struct execution_query *query, const char *member);

#endif
