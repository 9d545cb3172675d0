#ifndef FXCTL_PAGES_H
#define FXCTL_PAGES_H
/*
 * pages - lists that are read and printed page by page, each page in a transaction of its own:
 * however long a list is, no more than a page of it is in memory, and no reader keeps the store
 * from using its old pages again.
 *
 * With --json a list is one document, which breaks off where a later page cannot be read; the exit
 * status tells. Otherwise it is a table, whose columns grow with a later page that needs it.
 */
#include "base/json.h"
#include "fxctl/table.h"
#include "view/page.h"

struct pages {
    const char *member;           /* of the document, that has the rows */
    const struct column *columns; /* of the table */
    const char *none;             /* said on standard error where the table would be empty */
    bool brief;                   /* as in struct page */

    /*
     * Writes the rows, objects, that come behind those before, as far as the page has room. Where
     * there are others, *ret_more says so.
     */
    enum err (*print)(struct fxctl *ctl, struct store_txn *txn, struct page *page,
        struct json_out *out, void *context, bool *ret_more);

    /* Write what the document has before and behind the rows; NULL: it has them alone. */
    void (*begin)(struct json_out *out, void *context);
    void (*end)(struct json_out *out, void *context);
};

/* Prints the whole list from the open store; nothing after an error on the first page. */
enum err pages_print(struct fxctl *ctl, const struct pages *pages, void *context) MUST_CHECK;

/* Opens the store, and prints a list in which nothing is named. The status to leave with. */
int pages_answer(struct fxctl *ctl, const struct pages *pages, void *context);

#endif
