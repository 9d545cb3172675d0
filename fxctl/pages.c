/* pages - see pages.h. */
#include "fxctl/pages.h"

#include <stdio.h>

static enum err read_page(struct fxctl *ctl, const struct pages *pages, void *context,
    struct json_out *out, bool *ret_more)
{
    struct page page = {
        .bytes = (size_t)ctl->home.config.web_reply_bytes,
        .brief = pages->brief,
    };
    struct store_txn *txn;
    enum err err = store_read_begin(ctl->store, &txn);
    *ret_more = false;
    if (err)
        return err;
    page_begin(&page, out);
    err = pages->print(ctl, txn, &page, out, context, ret_more);
    store_read_end(txn);
    return err;
}

static void begin(const struct pages *pages, void *context, struct json_out *out)
{
    if (pages->begin) {
        pages->begin(out, context);
        return;
    }
    json_open(out, '{');
    json_key(out, pages->member);
    json_open(out, '[');
}

static void end(const struct pages *pages, void *context, struct json_out *out)
{
    if (pages->end) {
        pages->end(out, context);
        return;
    }
    json_close(out, ']');
    json_close(out, '}');
}

static enum err print_document(struct fxctl *ctl, const struct pages *pages, void *context)
{
    struct buf text = BUF_INIT;
    struct json_out out = json_out_to(&text);
    enum err err = ERR_OK;
    begin(pages, context, &out);
    for (bool more = true; !err && more;) {
        err = read_page(ctl, pages, context, &out, &more);
        if (err)
            break;
        fwrite(text.data, 1, text.len, stdout);
        buf_clear(&text);
    }
    if (!err) {
        end(pages, context, &out);
        fxctl_print(&text);
    }
    buf_done(&text);
    return err;
}

static enum err print_table(struct fxctl *ctl, const struct pages *pages, void *context)
{
    struct table table = {.columns = pages->columns};
    struct buf rows = BUF_INIT, text = BUF_INIT;
    enum err err = ERR_OK;
    for (bool more = true; !err && more;) {
        struct json_out out = json_out_to(&rows);
        buf_clear(&rows);
        buf_clear(&text);
        json_open(&out, '[');
        err = read_page(ctl, pages, context, &out, &more);
        json_close(&out, ']');
        if (!err)
            table_page(&table, buf_span(&rows), &text);
        fxctl_print(&text);
    }
    if (!err && !table.headed)
        fxctl_say("%s", pages->none);
    buf_done(&rows);
    buf_done(&text);
    return err;
}

enum err pages_print(struct fxctl *ctl, const struct pages *pages, void *context)
{
    return ctl->json ? print_document(ctl, pages, context) : print_table(ctl, pages, context);
}

int pages_answer(struct fxctl *ctl, const struct pages *pages, void *context)
{
    int status = fxctl_open(ctl, STORE_READ_ONLY);
    if (status)
        return status;
    enum err err = pages_print(ctl, pages, context);
    return err ? fxctl_failed(err) : EXIT_DONE;
}
