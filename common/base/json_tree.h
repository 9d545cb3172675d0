#ifndef BASE_JSON_TREE_H
#define BASE_JSON_TREE_H
/*
 * json_tree - a JSON document as a tree, for documents that the program has to understand
 * (pipeline definitions, webhook schemes). A thin cover over json-c, which only
 * base/json*.c includes.
 *
 * One rule of ownership: json_tree_parse gives a tree that json_tree_free ends, and
 * everything else borrows from the tree. A tree belongs to one thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"

struct json_tree; /* a value of any type */

/*
 * Checks strictly (json_check), then builds the tree. NULL, and *ret_fault set, when the text
 * is not acceptable. For the document `null` the tree is NULL as well; ret_fault->what, which
 * is NULL after every success, tells the two apart.
 */
struct json_tree *json_tree_parse(
    struct span text, unsigned max_depth, struct json_fault *ret_fault);
void json_tree_free(struct json_tree *tree);

/* NULL stands for JSON null everywhere, so the type of NULL is JSON_NULL. */
enum json_type json_tree_type(const struct json_tree *v);

/* A member of an object. NULL when v is no object, or the member is missing or null. */
struct json_tree *json_tree_get(const struct json_tree *v, const char *name);
bool json_tree_has(const struct json_tree *v, const char *name);

/* The text of a string, empty for any other type. NUL-terminated; inner NULs cannot occur. */
struct span json_tree_text(const struct json_tree *v);

/* The value as a number. False for no number, one out of range, or, as int, not a whole one. */
bool json_tree_number(const struct json_tree *v, double *ret_value);
bool json_tree_int(const struct json_tree *v, int64_t *ret_value);
bool json_tree_bool(const struct json_tree *v); /* false for any other type */

/* Elements of an array or members of an object, in the order of the document. 0 for other types. */
size_t json_tree_count(const struct json_tree *v);
struct json_tree *json_tree_at(const struct json_tree *v, size_t i); /* arrays */
/* Calls fn for each member until fn says false. True when all members were visited. */
bool json_tree_each(const struct json_tree *v,
    bool (*fn)(const char *name, struct json_tree *value, void *context), void *context);

/* Appends the value as compact JSON. */
void json_tree_print(const struct json_tree *v, struct buf *out);

#endif
