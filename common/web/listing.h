#ifndef WEB_LISTING_H
#define WEB_LISTING_H
/*
 * listing - a page of executions: what was asked for, and the reply.
 */
#include "store/executions.h"
#include "web/request.h"

/*
 * Takes those of the query's parameters that are named into *query, text borrowed
 * from the request's arena. The names end with NULL and are of: status, service,
 * pipeline_id, event_type, since, until, limit, after. False when the request was
 * answered.
 */
bool listing_read(struct request *request, const char *const *names, struct execution_query *query);

/* {member: [ExecutionResult], "next"}; a query without a limit gets the default one. */
void listing_reply(
    struct request *request, const struct execution_query *query, const char *member);

#endif
