#ifndef WEB_BODY_H
#define WEB_BODY_H
/*
 * body - what a request's body must be before a handler looks into it.
 */
#include <stdbool.h>

#include "web/request.h"

/*
 * True when the body is JSON: by its Content-Type (application/json or +json, RFC
 * 6839; absent means JSON too) and by the strict check. Otherwise the request was
 * answered: 415 or 400.
 */
bool body_is_json(struct request *request);

/* True when a text of the body is JSON, by the strict check. Otherwise the request was answered
 * with 400 and a sentence that begins with `what`, such as "The body". */
bool body_check_json(struct request *request, struct span text, const char *what);

#endif
