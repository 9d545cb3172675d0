#ifndef MODEL_JSON_VALUE_H
#define MODEL_JSON_VALUE_H
/*
 * json_value - finds and compares values in checked JSON text (base/json.h),
 * in place: no tree is built for an event that a filter looks at.
 */
#include <stdbool.h>

#include "base/buf.h"

/* Is the text an RFC 6901 pointer: "", or "/" before each name, with ~0 and ~1 for "~" and "/"? */
bool json_value_is_pointer(struct span pointer);

/*
 * The value that a pointer leads to, without white space round it; borrows from
 * the document. False when there is none. A bad pointer leads nowhere.
 */
bool json_value_find(struct span document, struct span pointer, struct span *ret_value);

/*
 * Do both mean the same? Numbers compare by value, to the last digit; strings by
 * their characters; arrays in order; objects by their members in any order.
 */
bool json_value_eq(struct span a, struct span b);

#endif
