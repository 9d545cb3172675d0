#ifndef FXCTL_LISTING_H
#define FXCTL_LISTING_H
/*
 * listing - a list of executions, newest first.
 */
#include "fxctl/fxctl.h"
#include "store/executions.h"

/* The options that say which part of a list is wanted. */
#define LISTING_OPTIONS \
    {"limit", "N", OPTION_FREE, "at most so many, 1 to 1000; else 100"}, \
        {"after", "ID", OPTION_FREE, "only those older than this one: the next page"}, \
    { \
        "full", NULL, OPTION_FREE, "with --json: also what their steps saved and wrote" \
    }

/* Reads those options into the query. EXIT_DONE or EXIT_USAGE. */
int listing_options(const struct fxctl *ctl, struct execution_query *query);

/* Reads an option of another name into the query, as view/listing.h names it. As above. */
int listing_option(
    const struct fxctl *ctl, const char *option, const char *name, struct execution_query *query);

/*
 * Prints what the query finds in the open store: as a table, or with --json as
 * {member: [...], "next"}. Says `none` where a table would be empty. EXIT_DONE or
 * EXIT_RETRY.
 */
int listing_answer(
    struct fxctl *ctl, const struct execution_query *query, const char *member, const char *none);

#endif
