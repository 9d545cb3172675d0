/* read - see read.h. */
#include "web/read.h"

#include "base/ascii.h"

/* Reads the body. False when the request was answered. */
static bool read_body(
    struct request *request, read_print *print, const char *none, struct buf *body)
{
    struct store_txn *txn;
    struct json_out out = json_out_to(body);
    enum err err = store_read_begin(request->store, &txn);
    if (!err) {
        err = print(request, txn, &out);
        store_read_end(txn);
    }
    if (err == ERR_NOTFOUND)
        reply_problem(request, 404, "%s", none);
    else if (err)
        reply_error(request, err);
    return !err;
}

void read_reply(struct request *request, int status, read_print *print, const char *none)
{
    struct buf body = BUF_INIT;
    if (read_body(request, print, none, &body))
        reply_json(request, status, buf_span(&body));
    buf_done(&body);
}

void read_reply_bytes(struct request *request, read_print *print, const char *none)
{
    struct buf body = BUF_INIT;
    if (read_body(request, print, none, &body))
        reply_bytes(request, buf_span(&body));
    buf_done(&body);
}

bool read_page(struct request *request, size_t limit, struct page *ret_page)
{
    struct span text;
    uint64_t number = limit;
    if (!request_text(request, "limit", &text))
        return false;
    if (text.data && !(ascii_number(text, READ_LIMIT_MAX, &number) && number)) {
        reply_problem(request, 422, "limit: must be a whole number from 1 to %d.", READ_LIMIT_MAX);
        return false;
    }
    *ret_page = (struct page){
        .limit = (size_t)number, .bytes = (size_t)request->home->config.web_reply_bytes};
    return true;
}
