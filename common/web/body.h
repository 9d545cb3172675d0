#ifndef WEB_BODY_H
#define WEB_BODY_H
/*
 * body - what a request's body must be before a handler looks into it.
 */
#include <stdbool.h>

#include "base/json.h"
#include "web/request.h"

/*
 * Is the body JSON, by its Content-Type (application/json or +json, RFC 6839; without one it
 * counts as JSON) and by a check in which all of it is ours? False when the request was
 * answered: 415 or 400.
 */
bool body_is_json(struct request *request);

/*
 * The same under rules that tell what of the body is foreign. A byte order mark before such a
 * body is no part of *ret_json.
 */
bool body_read_json(struct request *request, const struct json_rules *rules, struct span *ret_json);

/*
 * Is a text of the body JSON under such rules? A byte order mark before it is left out of *text.
 * False when the request was answered: 400, in a sentence that begins with `what`, such as
 * "The body".
 */
bool body_check_json(
    struct request *request, const struct json_rules *rules, const char *what, struct span *text);

#endif
