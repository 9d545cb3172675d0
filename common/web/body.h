#ifndef WEB_BODY_H
#define WEB_BODY_H
/*
 * body - what a request's body must be before a handler looks into it.
 */
#include <stdbool.h>

#include "web/request.h"

/*
 * Is the body JSON, by its Content-Type (application/json or +json, RFC 6839; without one it
 * counts as JSON) and by the strict check? False when the request was answered: 415 or 400.
 */
bool body_is_json(struct request *request);

/*
 * Is a text of the body JSON, by the strict check? False when the request was answered: 400, in
 * a sentence that begins with `what`, such as "The body".
 */
bool body_check_json(struct request *request, struct span text, const char *what);

#endif
