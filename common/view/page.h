#ifndef VIEW_PAGE_H
#define VIEW_PAGE_H
/*
 * page - how much of a list one reply holds: it ends after so many rows, or with the row that
 * takes it to so many bytes, whichever comes first. There is always one row, so that whoever
 * follows the pages comes to the end.
 */
#include "base/id.h"
#include "base/json.h"
#include "store/store.h"

struct page {
    size_t limit; /* rows; 0: any number */
    size_t bytes; /* of text; also what the logs of one execution may take */
    bool brief;   /* of executions: rows without data and logs */

    /* Set by page_begin, and counted by whoever writes rows. */
    size_t rows, start;
};

void page_begin(struct page *page, const struct json_out *out);
bool page_is_full(const struct page *page, const struct json_out *out);

/* Writes an execution as the page's next row. */
enum err page_add_execution(struct page *page, struct store_txn *txn, const struct uuid *id,
    struct json_out *out) MUST_CHECK;

#endif
