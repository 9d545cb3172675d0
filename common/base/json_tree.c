/*
 * json_tree - see json_tree.h.
 *
 * json_check alone judges the text. json-c reads it afterwards in its lenient mode, since
 * json-c's strict mode is neither strict nor the same from one release to the next
 * (PLATFORM.md).
 */
#include "base/json_tree.h"

#include <limits.h>
#include <math.h>
#include <string.h>

/* Two of json-c's type names are also ours: in this file json-c's have other names. */
#define json_type json_c_type
#define json_bool json_c_bool
#include <json-c/json_object.h>
#include <json-c/json_object_iterator.h>
#include <json-c/json_tokener.h>
#undef json_type
#undef json_bool

#include "base/log.h"

/* Beyond this a double cannot tell a whole number from the next one. */
#define DOUBLE_WHOLE_MAX 9007199254740992.0

/* struct json_tree is never defined: a pointer to one is a pointer to json-c's object. */
static struct json_object *object_of(const struct json_tree *v)
{
    return (struct json_object *)(uintptr_t)v;
}

static struct json_tree *tree_of(struct json_object *object)
{
    return (struct json_tree *)object;
}

static bool is_number_char(uint8_t c)
{
    return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

/* Is the number an integer that neither int64_t nor uint64_t holds? */
static bool is_huge_integer(const uint8_t *at, const uint8_t *end)
{
    bool negative = *at == '-';
    uint64_t max = negative ? (uint64_t)INT64_MAX + 1 : UINT64_MAX;
    uint64_t v = 0;
    bool huge = false;
    for (at += negative; at < end; at++) {
        uint64_t digit = (uint64_t)(*at - '0');
        if (*at < '0' || *at > '9')
            return false;
        huge = huge || v > (max - digit) / 10;
        if (!huge)
            v = v * 10 + digit;
    }
    return huge;
}

static const uint8_t *skip_string(const uint8_t *at, const uint8_t *end)
{
    for (at++; at < end && *at != '"'; at++)
        if (*at == '\\')
            at++;
    return at + 1;
}

/*
 * Copies the text for json-c, which would silently replace integers past 64 bits by the
 * largest one. With an exponent of zero such an integer is the same number, and json-c
 * keeps it as it is written.
 */
static void copy_for_json_c(struct span text, struct buf *out)
{
    const uint8_t *at = text.data, *end = at + text.len;
    const uint8_t *run = at; /* the first byte not copied yet */
    while (at < end) {
        if (*at == '"') {
            at = skip_string(at, end);
            continue;
        }
        if (*at != '-' && (*at < '0' || *at > '9')) {
            at++;
            continue;
        }
        const uint8_t *number = at;
        while (at < end && is_number_char(*at))
            at++;
        if (is_huge_integer(number, at)) {
            buf_add(out, run, (size_t)(at - run));
            buf_add_str(out, "e0");
            run = at;
        }
    }
    buf_add(out, run, (size_t)(end - run));
}

struct json_tree *json_tree_parse(
    struct span text, unsigned max_depth, struct json_fault *ret_fault)
{
    struct json_fault fault = {0, NULL};
    struct json_object *object = NULL;
    struct buf copy = BUF_INIT;
    if (!json_check(text, max_depth, ret_fault))
        return NULL;
    copy_for_json_c(text, &copy);
    /* json-c counts a scalar as a level as well. */
    max_depth = max_depth < JSON_DEPTH_MAX ? max_depth : JSON_DEPTH_MAX;
    struct json_tokener *tokener = json_tokener_new_ex((int)max_depth + 2);
    if (!tokener)
        log_die(EXIT_RETRY, "no memory for a JSON parser");
    if (copy.len < INT_MAX) {
        /* json-c reads the NUL as well: a number that stands alone ends with it. */
        object = json_tokener_parse_ex(tokener, (const char *)copy.data, (int)copy.len + 1);
        if (json_tokener_get_error(tokener) != json_tokener_success)
            fault = (struct json_fault){0, "the text could not be read into memory"};
    } else {
        fault = (struct json_fault){0, "the text is too long"};
    }
    json_tokener_free(tokener);
    buf_done(&copy);
    *ret_fault = fault;
    return tree_of(object);
}

void json_tree_free(struct json_tree *tree)
{
    (void)json_object_put(object_of(tree));
}

enum json_type json_tree_type(const struct json_tree *v)
{
    switch (json_object_get_type(object_of(v))) {
    case json_type_boolean:
        return JSON_BOOL;
    case json_type_int:
    case json_type_double:
        return JSON_NUMBER;
    case json_type_string:
        return JSON_STRING;
    case json_type_array:
        return JSON_ARRAY;
    case json_type_object:
        return JSON_OBJECT;
    case json_type_null:
    default:
        return JSON_NULL;
    }
}

struct json_tree *json_tree_get(const struct json_tree *v, const char *name)
{
    struct json_object *member = NULL;
    if (json_tree_type(v) == JSON_OBJECT)
        (void)json_object_object_get_ex(object_of(v), name, &member);
    return tree_of(member);
}

bool json_tree_has(const struct json_tree *v, const char *name)
{
    return json_tree_type(v) == JSON_OBJECT && json_object_object_get_ex(object_of(v), name, NULL);
}

struct span json_tree_text(const struct json_tree *v)
{
    struct json_object *object = object_of(v);
    if (json_tree_type(v) != JSON_STRING)
        return span_of("", 0);
    return span_of(json_object_get_string(object), (size_t)json_object_get_string_len(object));
}

bool json_tree_number(const struct json_tree *v, double *ret_value)
{
    if (json_tree_type(v) != JSON_NUMBER)
        return false;
    double value = json_object_get_double(object_of(v));
    if (!isfinite(value))
        return false;
    *ret_value = value;
    return true;
}

/* json-c holds integers up to UINT64_MAX; asked for less, it gives the nearest that fits. */
bool json_tree_int(const struct json_tree *v, int64_t *ret_value)
{
    struct json_object *object = object_of(v);
    double value;
    if (!json_tree_number(v, &value))
        return false;
    if (json_object_is_type(object, json_type_int)) {
        if (value > 0 && json_object_get_uint64(object) > INT64_MAX)
            return false;
        *ret_value = json_object_get_int64(object);
        return true;
    }
    if (fabs(value) > DOUBLE_WHOLE_MAX || value != (double)(int64_t)value)
        return false;
    *ret_value = (int64_t)value;
    return true;
}

bool json_tree_bool(const struct json_tree *v)
{
    return json_tree_type(v) == JSON_BOOL && json_object_get_boolean(object_of(v));
}

size_t json_tree_count(const struct json_tree *v)
{
    switch (json_tree_type(v)) {
    case JSON_ARRAY:
        return json_object_array_length(object_of(v));
    case JSON_OBJECT:
        return (size_t)json_object_object_length(object_of(v));
    default:
        return 0;
    }
}

struct json_tree *json_tree_at(const struct json_tree *v, size_t i)
{
    if (json_tree_type(v) != JSON_ARRAY || i >= json_tree_count(v))
        return NULL;
    return tree_of(json_object_array_get_idx(object_of(v), i));
}

bool json_tree_each(const struct json_tree *v,
    bool (*fn)(const char *name, struct json_tree *value, void *context), void *context)
{
    struct json_object *object = object_of(v);
    if (json_tree_type(v) != JSON_OBJECT)
        return true;
    struct json_object_iterator at = json_object_iter_begin(object);
    struct json_object_iterator end = json_object_iter_end(object);
    for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at)) {
        struct json_tree *value = tree_of(json_object_iter_peek_value(&at));
        if (!fn(json_object_iter_peek_name(&at), value, context))
            return false;
    }
    return true;
}

void json_tree_print(const struct json_tree *v, struct buf *out)
{
    size_t len = 0;
    const char *text = json_object_to_json_string_length(
        object_of(v), JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &len);

    if (!text)
        log_die(EXIT_RETRY, "no memory for JSON text");
    buf_add(out, text, len);
}
