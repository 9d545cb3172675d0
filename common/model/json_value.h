#ifndef MODEL_JSON_VALUE_H
#define MODEL_JSON_VALUE_H
/*
 * json_value - finds and compares values in checked JSON text (base/json.h), in place.
 *
 * What a definition and a payload make of each other can be costly. `steps` is what may still
 * be spent: each value looked at costs one, and so do JSON_STEP_BYTES of text gone over. At 0
 * the answer is false, and says nothing. NULL sets no limit.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/json_index.h"

#define JSON_STEP_BYTES 16

/* Is the text an RFC 6901 pointer: "", or "/" before each name, with ~0 and ~1 for "~" and "/"? */
bool json_value_is_pointer(struct span pointer);

/*
 * The value that a pointer leads to, without white space round it; borrows from
 * the text. Of members that have one name, the last. False when there is none. A bad
 * pointer leads nowhere.
 */
bool json_value_find(
    const struct json_index *index, struct span pointer, uint64_t *steps, struct span *ret_value);

/*
 * Do both mean the same? Numbers compare by value, to the last digit; strings by
 * their characters; arrays in order; objects by their members in any order, of which the
 * last of a name counts.
 */
bool json_value_eq(struct span a, struct span b, uint64_t *steps);

#endif
