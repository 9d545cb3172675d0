#ifndef MODEL_FIELD_H
#define MODEL_FIELD_H
/*
 * field - reads JSON objects into structs by a table of their members.
 *
 * Each member is read by its reader in the table. Members that the table does not know
 * are refused, as are required ones that are missing. The first fault ends the reading
 * with a sentence that begins with its place:
 * `options.scale.max: must be a whole number from 1 to 256`.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/json_tree.h"

struct field_reader {
    struct buf path; /* of the value at hand, "options.scale"; "" is the document itself */
    struct buf *why; /* borrowed; gets the sentence */
};

struct field {
    const char *name; /* NULL ends a table */
    /* Reads v into *at, which is `offset` bytes into the target. False when it was refused. */
    bool (*read)(
        struct field_reader *r, const struct json_tree *v, const struct field *field, void *at);
    size_t offset;
    bool required;

    /* What readers go by; each reader below names what it uses. */
    double min, max;
    bool (*rule)(struct span text);
    const char *right; /* what the rule accepts, for messages: "a topic is …" */
    const struct field *members;
    const char *choices[2];
};

/* `where` is the path of the document within a larger one, or "". Borrows why. */
void field_reader_init(struct field_reader *r, const char *where, struct buf *why);
void field_reader_done(struct field_reader *r);

/* Goes to a member or an element and back: field_leave takes what was returned on entering. */
size_t field_enter(struct field_reader *r, const char *name);
size_t field_enter_element(struct field_reader *r, size_t i);
void field_leave(struct field_reader *r, size_t mark);

/* Appends the path and the sentence to why. Always false. */
bool field_refuse(struct field_reader *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Refuses a member of the value at hand, likewise. */
bool field_refuse_member(struct field_reader *r, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Has the value the type? If not, refuses the value with the name of the type. */
bool field_is(struct field_reader *r, const struct json_tree *v, enum json_type type);

/* Reads an object by the table into the target, which owns the texts that are set (free). */
bool field_object(
    struct field_reader *r, const struct json_tree *v, const struct field *fields, void *target);

/* Readers for tables. */
bool field_members(struct field_reader *r, const struct json_tree *v, const struct field *field,
    void *at); /* an object, read by `members` */
bool field_text(struct field_reader *r, const struct json_tree *v, const struct field *field,
    void *at); /* char *: a string that `rule` accepts */
bool field_whole(struct field_reader *r, const struct json_tree *v, const struct field *field,
    void *at); /* uint32_t: min … max */
bool field_seconds(struct field_reader *r, const struct json_tree *v, const struct field *field,
    void *at); /* int64_t milliseconds: seconds, min … max, with a fraction or without */
bool field_flag(struct field_reader *r, const struct json_tree *v, const struct field *field,
    void *at); /* bool */
bool field_choice(struct field_reader *r, const struct json_tree *v, const struct field *field,
    void *at); /* bool: one of two strings, true for the second */
bool field_json(struct field_reader *r, const struct json_tree *v, const struct field *field,
    void *at); /* char *: any value, as compact JSON */
bool field_json_object(struct field_reader *r, const struct json_tree *v, const struct field *field,
    void *at); /* char *: an object, as compact JSON */

#endif
