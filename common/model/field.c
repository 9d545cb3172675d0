/* field - see field.h. */
#include "model/field.h"

#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define NAME_SHOWN_MAX 64 /* bytes of a sender's name that a message repeats */

static const char *const type_names[] = {
    [JSON_NULL] = "null",
    [JSON_BOOL] = "true or false",
    [JSON_NUMBER] = "a number",
    [JSON_STRING] = "a string",
    [JSON_ARRAY] = "an array",
    [JSON_OBJECT] = "an object",
};

void field_reader_init(struct field_reader *r, const char *where, struct buf *why)
{
    *r = (struct field_reader){.path = BUF_INIT, .why = why};
    buf_add_str(&r->path, where);
}

void field_reader_done(struct field_reader *r)
{
    buf_done(&r->path);
}

size_t field_enter(struct field_reader *r, const char *name)
{
    size_t mark = r->path.len, len = strlen(name);
    if (mark)
        buf_add_char(&r->path, '.');
    if (len <= NAME_SHOWN_MAX) {
        buf_add_str(&r->path, name);
        return mark;
    }
    /* A character of several bytes is left out whole, so that the message stays UTF-8. */
    for (len = NAME_SHOWN_MAX; len && ((uint8_t)name[len] & 0xc0) == 0x80;)
        len--;
    buf_add(&r->path, name, len);
    buf_add_str(&r->path, "…");
    return mark;
}

size_t field_enter_element(struct field_reader *r, size_t i)
{
    size_t mark = r->path.len;
    buf_printf(&r->path, "[%zu]", i);
    return mark;
}

void field_leave(struct field_reader *r, size_t mark)
{
    r->path.len = mark;
    if (r->path.data)
        r->path.data[mark] = 0;
}

static void refuse(struct field_reader *r, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
static void refuse(struct field_reader *r, const char *format, va_list args)
{
    if (r->path.len) {
        buf_add_span(r->why, buf_span(&r->path));
        buf_add_str(r->why, ": ");
    }
    buf_vprintf(r->why, format, args);
}

bool field_refuse(struct field_reader *r, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    refuse(r, format, args);
    va_end(args);
    return false;
}

bool field_refuse_member(struct field_reader *r, const char *name, const char *format, ...)
{
    size_t mark = field_enter(r, name);
    va_list args;
    va_start(args, format);
    refuse(r, format, args);
    va_end(args);
    field_leave(r, mark);
    return false;
}

bool field_is(struct field_reader *r, const struct json_tree *v, enum json_type type)
{
    return json_tree_type(v) == type || field_refuse(r, "must be %s", type_names[type]);
}

static bool refuse_unknown(struct field_reader *r, const struct field *fields)
{
    struct buf known = BUF_INIT;
    for (const struct field *field = fields; field->name; field++)
        buf_printf(&known, "%s%s", field == fields ? "" : ", ", field->name);
    field_refuse(r, "is unknown; known here: %s", buf_text(&known));
    buf_done(&known);
    return false;
}

struct visit {
    struct field_reader *r;
    const struct field *fields;
    void *target;
};

static bool visit_member(const char *name, struct json_tree *value, void *context)
{
    const struct visit *visit = context;
    const struct field *field = visit->fields;
    while (field->name && strcmp(field->name, name) != 0)
        field++;
    size_t mark = field_enter(visit->r, name);
    bool good = field->name
                    ? field->read(visit->r, value, field, (char *)visit->target + field->offset)
                    : refuse_unknown(visit->r, visit->fields);
    field_leave(visit->r, mark);
    return good;
}

bool field_object(
    struct field_reader *r, const struct json_tree *v, const struct field *fields, void *target)
{
    struct visit visit = {r, fields, target};
    if (!field_is(r, v, JSON_OBJECT) || !json_tree_each(v, visit_member, &visit))
        return false;
    for (const struct field *field = fields; field->name; field++)
        if (field->required && !json_tree_has(v, field->name))
            return field_refuse_member(r, field->name, "is missing%s%s", field->right ? "; " : "",
                field->right ? field->right : "");
    return true;
}

bool field_members(
    struct field_reader *r, const struct json_tree *v, const struct field *field, void *at)
{
    return field_object(r, v, field->members, at);
}

bool field_text(
    struct field_reader *r, const struct json_tree *v, const struct field *field, void *at)
{
    char **text = at;
    if (!field_is(r, v, JSON_STRING))
        return false;
    if (!field->rule(json_tree_text(v)))
        return field_refuse(r, "%s", field->right);
    *text = span_dup(json_tree_text(v));
    return true;
}

bool field_whole(
    struct field_reader *r, const struct json_tree *v, const struct field *field, void *at)
{
    uint32_t *whole = at;
    int64_t value;
    if (!json_tree_int(v, &value) || (double)value < field->min || (double)value > field->max)
        return field_refuse(r, "must be a whole number from %g to %g", field->min, field->max);
    *whole = (uint32_t)value;
    return true;
}

bool field_seconds(
    struct field_reader *r, const struct json_tree *v, const struct field *field, void *at)
{
    int64_t *ms = at;
    double seconds;
    /* Written so that a NaN, which compares with nothing, is refused too. */
    if (!json_tree_number(v, &seconds) || !(seconds >= field->min && seconds <= field->max))
        return field_refuse(r, "must be a number of seconds from %g to %g", field->min, field->max);
    *ms = llround(seconds * 1000);
    return true;
}

bool field_flag(
    struct field_reader *r, const struct json_tree *v, const struct field *field, void *at)
{
    (void)field;
    bool *flag = at;
    if (!field_is(r, v, JSON_BOOL))
        return false;
    *flag = json_tree_bool(v);
    return true;
}

bool field_choice(
    struct field_reader *r, const struct json_tree *v, const struct field *field, void *at)
{
    bool *second = at;
    struct span text = json_tree_text(v);
    *second = span_eq_str(text, field->choices[1]);
    if (*second || span_eq_str(text, field->choices[0]))
        return true;
    return field_refuse(r, "must be \"%s\" or \"%s\"", field->choices[0], field->choices[1]);
}

bool field_json(
    struct field_reader *r, const struct json_tree *v, const struct field *field, void *at)
{
    (void)r;
    (void)field;
    char **json = at;
    struct buf text = BUF_INIT;
    json_tree_print(v, &text);
    *json = span_dup(buf_span(&text));
    buf_done(&text);
    return true;
}

bool field_json_object(
    struct field_reader *r, const struct json_tree *v, const struct field *field, void *at)
{
    return field_is(r, v, JSON_OBJECT) && field_json(r, v, field, at);
}
