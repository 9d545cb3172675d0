#ifndef MODEL_HEADERS_H
#define MODEL_HEADERS_H
/*
 * headers - the headers of a request as a web server hands them to programs: as variables,
 * "HTTP_X_NAME=value" (RFC 3875, section 4.1.18).
 *
 * headers_find reads such variables. headers_add makes them of what was received, as lighttpd
 * does, so that `fxctl verify` reads the headers of a saved request in the same
 * way as the gateway does those of one that arrives.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/*
 * The value of a header by its name in lower case ("x-hub-signature-256"); empty for one that
 * was not sent. Sets *ret_twice to true when there are several variables of that name, and
 * leaves it alone otherwise: the first is then the value.
 */
struct span headers_find(char *const *variables, const char *name, bool *ret_twice);

/*
 * The same of what a signature may depend on, with the headers that CGI has under names of its own:
 * Content-Type is CONTENT_TYPE (RFC 3875, section 4.1.3), and Authorization may have become
 * REDIRECT_HTTP_AUTHORIZATION (Apache).
 */
struct span headers_of_signature(char *const *variables, const char *name, bool *ret_twice);

/* Headers that were received, as variables. Zero is none. */
struct headers {
    char **variables; /* with a NULL behind the last; NULL while there is none */
    struct header *all;
    size_t count;
};

/*
 * Adds a header as it was received; the name is borrowed. Headers of one name, in whatever
 * case, become one list with ", " between the values (RFC 9110, section 5.3), and an empty
 * one is as if it had not been sent (lighttpd). Names that only look alike to CGI, as X-Name
 * and X_Name, stay two variables. Content-Type is no list: the same twice is one, and false is
 * returned for another one, with which the front end refuses the request (lighttpd).
 */
bool headers_add(struct headers *headers, struct span name, struct span value);
void headers_done(struct headers *headers);

#endif
