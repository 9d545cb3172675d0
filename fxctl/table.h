#ifndef FXCTL_TABLE_H
#define FXCTL_TABLE_H
/*
 * table - JSON documents of fxctl as aligned text for people.
 *
 * A command builds one JSON document. With --json the document is the answer; without,
 * text is made of the document, so that both always say the same. A table and a list of
 * facts name the members they show; null and missing members show as "-", true and false
 * as yes and no, an array of strings as words joined by commas.
 */
#include <stdbool.h>

#include "fxctl/fxctl.h"

struct column {
    const char *title; /* NULL ends a list */
    const char *member;
    bool number; /* aligned to the right */
};

/*
 * Answers with a document: with --json as it is, else with its array `member` as a table,
 * or with `none` on standard error where the array is empty.
 */
void table_answer(const struct fxctl *ctl, const struct buf *document, const char *member,
    const struct column *columns, const char *none);

/* Appends a heading and a line for each object of a checked array; nothing for an empty one. */
void table_rows(struct span array, const struct column *columns, struct buf *out);

/*
 * Appends a line "title  value" for each column, from one checked object. Null and missing
 * members are left out.
 */
void table_facts(struct span object, const struct column *columns, struct buf *out);

/* Appends one member's value as text; "-" for a missing member. */
void table_value(struct span object, const char *member, struct buf *out);

/* The value of a member, as JSON; empty for a missing member. */
struct span table_member(struct span object, const char *member);

#endif
