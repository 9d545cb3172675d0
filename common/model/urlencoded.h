#ifndef MODEL_URLENCODED_H
#define MODEL_URLENCODED_H
/*
 * urlencoded - application/x-www-form-urlencoded: forms, and the queries of URLs
 * (URL Standard, section 5.1).
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Does the value of Content-Type name a form? */
bool urlencoded_is(struct span content_type);

/* Cuts a field off the form: name and value, as they were sent. False where none is left. */
bool urlencoded_next(struct span *form, struct span *ret_name, struct span *ret_value);

/*
 * The value of the field of that name, as it was sent, and how often the field is there; the
 * value is of the first.
 */
size_t urlencoded_find(struct span form, const char *name, struct span *ret_value);

/*
 * Decodes into `text`, which has room for as many bytes as the value has; *ret_len are used.
 * False for what is badly encoded or holds a NUL.
 */
bool urlencoded_decode(struct span value, char *text, size_t *ret_len);

#endif
