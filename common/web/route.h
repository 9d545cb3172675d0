#ifndef WEB_ROUTE_H
#define WEB_ROUTE_H
/*
 * route - finds the handler of a request in its program's table.
 */
#include "web/request.h"

/*
 * Does the path match the pattern ("/fx/cid/{cid}")? If it does, ret_params has the parts in
 * braces, which are never empty and borrow from the path.
 */
bool route_matches(const char *pattern, struct span path, struct span ret_params[ROUTE_PARAMS_MAX]);

/* Does the program take this path, by any method? */
bool route_is_known(const struct program *program, struct span path);

/*
 * The route of the request, whose parameters are set. NULL when there is none: the request was
 * answered, with 404, or 405 and Allow. HEAD is served as GET.
 */
const struct route *route_find(struct request *request);

#endif
