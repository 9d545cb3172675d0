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
    bool first;  /* of an array only the first is shown */
    size_t most; /* characters of text that are shown; 0: all */
};

#define COLUMNS_MAX 16
#define TABLE_ERROR_MAX 60 /* characters of an error that a list shows */

/* A table that is written page by page: with its columns set, and all else empty, at first. */
struct table {
    const struct column *columns;
    bool headed; /* the heading has been written */
    size_t widths[COLUMNS_MAX];
};

/*
 * Appends a line for each object of a checked array, behind a heading where there is none yet;
 * nothing for an empty array.
 */
void table_page(struct table *table, struct span array, struct buf *out);

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
