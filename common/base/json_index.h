#ifndef BASE_JSON_INDEX_H
#define BASE_JSON_INDEX_H
/*
 * json_index - where the values of checked JSON text are, found in one pass. Whoever looks for
 * many values in a large document then goes from value to value and not over their bytes.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define JSON_INDEX_MAX 1000000 /* values; 16 bytes of memory each */

/* Offsets in the text. The first element or member of a container stands right behind it. */
struct json_place {
    uint32_t name; /* of the opening quote of a member's name; 0: it is no member */
    uint32_t value, end;
    uint32_t next; /* place of the next element or member of the same container; 0: none */
};

struct json_index {
    struct span text; /* borrowed */
    struct json_place *places;
    size_t count;
};

/*
 * The text is what json_check has passed, of less than 4 GiB. False when it has more than
 * JSON_INDEX_MAX values or more than JSON_DEPTH_MAX containers within each other. Free with
 * json_index_done in either case.
 */
bool json_index_make(struct json_index *index, struct span text);
void json_index_done(struct json_index *index);

/* A place's first element or member; 0: it has none. */
size_t json_index_first(const struct json_index *index, size_t place);

/* A member's name as written, without its quotes, and a value as written. */
struct span json_index_name(const struct json_index *index, size_t place);
struct span json_index_value(const struct json_index *index, size_t place);

#endif
