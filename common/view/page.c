/* page - see page.h. */
#include "view/page.h"

#include "view/execution.h"

void page_begin(struct page *page, const struct json_out *out)
{
    page->rows = 0;
    page->start = out->buf->len;
}

bool page_is_full(const struct page *page, const struct json_out *out)
{
    return page->rows && (page->rows == page->limit || out->buf->len - page->start >= page->bytes);
}

enum err page_add_execution(
    struct page *page, struct store_txn *txn, const struct uuid *id, struct json_out *out)
{
    page->rows++;
    return page->brief ? execution_print_brief(txn, id, out)
                       : execution_print(txn, NULL, id, page->bytes, out);
}
