/*
 * json_walk - reading checked text: walk, find, merge, unescape (base/json.h).
 *
 * The text has passed json_check, so nothing is checked again. Loops still end at the end of
 * the text, so that a caller's mistake cannot read beyond it.
 */
#include "base/json.h"

#include <string.h>

#include "base/json_escape.h"
#include "base/json_names.h"
#include "base/json_scan.h"

static const uint8_t *skip_container(const uint8_t *at, const uint8_t *end)
{
    size_t depth = 0;
    while (at < end) {
        switch (*at) {
        case '"':
            at = json_skip_string(at, end);
            continue;
        case '{':
        case '[':
            depth++;
            break;
        case '}':
        case ']':
            if (--depth == 0)
                return at + 1;
            break;
        default:
            break;
        }
        at++;
    }
    return end;
}

static const uint8_t *skip_value(const uint8_t *at, const uint8_t *end)
{
    if (at == end)
        return end;
    if (*at == '"')
        return json_skip_string(at, end);
    if (*at == '{' || *at == '[')
        return skip_container(at, end);
    return json_skip_word(at, end);
}

static enum json_type type_at(const uint8_t *at, const uint8_t *end)
{
    if (at == end)
        return JSON_NULL;
    switch (*at) {
    case '{':
        return JSON_OBJECT;
    case '[':
        return JSON_ARRAY;
    case '"':
        return JSON_STRING;
    case 't':
    case 'f':
        return JSON_BOOL;
    case 'n':
        return JSON_NULL;
    default:
        return JSON_NUMBER;
    }
}

enum json_type json_type_of(struct span text)
{
    const uint8_t *end = text.len ? text.data + text.len : text.data;
    return type_at(json_skip_space(text.data, end), end);
}

struct json_walk json_walk_start(struct span text)
{
    const uint8_t *end = text.len ? text.data + text.len : text.data;
    const uint8_t *at = json_skip_space(text.data, end);
    if (at == end || (*at != '{' && *at != '['))
        return (struct json_walk){end, end, false};
    return (struct json_walk){at + 1, end, *at == '{'};
}

bool json_walk_next(struct json_walk *walk, struct json_item *ret_item)
{
    const uint8_t *at = json_skip_space(walk->at, walk->end), *start;
    struct json_item item = {.name = SPAN_NONE};
    if (at < walk->end && *at == ',')
        at = json_skip_space(at + 1, walk->end);
    if (at == walk->end || *at == '}' || *at == ']')
        return false;
    if (walk->object) {
        start = at;
        at = json_skip_string(at, walk->end);
        if (at - start >= 2)
            item.name = span_of(start + 1, (size_t)(at - start - 2));
        at = json_skip_space(at, walk->end);
        if (at < walk->end)
            at = json_skip_space(at + 1, walk->end);
    }
    start = at;
    at = skip_value(at, walk->end);
    item.value = span_of(start, (size_t)(at - start));
    item.type = type_at(start, walk->end);
    walk->at = at;
    *ret_item = item;
    return true;
}

void json_unescape(struct span value, struct buf *out)
{
    if (value.len >= 2)
        json_escape_undo(span_of(value.data + 1, value.len - 2), out);
}

struct span json_unescaped(struct span value, struct arena *arena)
{
    struct span inner = {value.data + 1, value.len - 2};
    struct buf text = BUF_INIT;
    if (!inner.len || !memchr(inner.data, '\\', inner.len))
        return inner;
    json_unescape(value, &text);
    return arena_keep(arena, &text);
}

bool json_name_is(struct span name, const char *text)
{
    const uint8_t *at = name.data, *end = name.len ? at + name.len : at;
    struct span rest = span_str(text);
    /* An escape is longer than its character: a name with one that means the text is longer. */
    if (name.len <= rest.len)
        return span_eq(name, rest) && !memchr(text, '\\', name.len);
    while (at < end) {
        uint8_t bytes[4] = {*at};
        size_t len = 1;
        if (*at == '\\')
            at = json_escape_read(at, end, bytes, &len);
        else
            at++;
        if (!span_starts(rest, span_of(bytes, len)))
            return false;
        rest = span_of(rest.data + len, rest.len - len);
    }
    return !rest.len;
}

bool json_find(struct span object, const char *name, struct json_item *ret_item)
{
    struct json_walk walk = json_walk_start(object);
    struct json_item item;
    bool found = false;
    if (!walk.object)
        return false;
    while (json_walk_next(&walk, &item)) {
        if (json_name_is(item.name, name)) {
            *ret_item = item;
            found = true;
        }
    }
    return found;
}

/* Merging. */

static void add_member(struct buf *out, const struct json_item *item, bool first)
{
    buf_add_str(out, first ? "\"" : ",\"");
    buf_add_span(out, item->name);
    buf_add_str(out, "\":");
    buf_add_span(out, item->value);
}

/* The names of `newer` go into a set first, so that large objects merge in linear time. */
void json_merge(struct span older, struct span newer, struct buf *out)
{
    struct json_names names;
    struct json_item item;
    bool first = true;
    json_names_init(&names);
    struct json_walk walk = json_walk_start(newer);
    while (json_walk_next(&walk, &item))
        (void)json_names_add(&names, 0, item.name);

    buf_add_char(out, '{');
    walk = json_walk_start(older);
    while (json_walk_next(&walk, &item)) {
        if (json_names_has(&names, 0, item.name))
            continue;
        add_member(out, &item, first);
        first = false;
    }
    walk = json_walk_start(newer);
    while (json_walk_next(&walk, &item)) {
        add_member(out, &item, first);
        first = false;
    }
    buf_add_char(out, '}');
    json_names_done(&names);
}
