#ifndef WEB_ROUTE_H
#define WEB_ROUTE_H
/*
 * route - finds the handler of a request in its program's table.
 */
#include "web/request.h"

/*
 * Does the path match the pattern ("/fx/cid/{cid}")? Then the parts in braces,
 * which are never empty, are in ret_params, borrowed from the path.
 */
bool route_matches(const char *pattern, struct span path, struct span ret_params[ROUTE_PARAMS_MAX]);

/*
 * The route of the request, its parameters set. NULL when there is none; the
 * request is then answered: 404, or 405 with Allow. HEAD is served as GET.
 */
const struct route *route_find(struct request *request);

#endif
