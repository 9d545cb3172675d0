/* read - see read.h. */
#include "web/read.h"

void read_reply(struct request *request, int status, read_print *print, const char *none)
{
    struct store_txn *txn;
    struct buf body = BUF_INIT;
    struct json_out out = json_out_to(&body);
    enum err err = store_read_begin(request->store, &txn);
    if (!err) {
        err = print(request, txn, &out);
        store_read_end(txn);
    }
    if (err == ERR_NOTFOUND)
        reply_problem(request, 404, "%s", none);
    else if (err)
        reply_error(request, err);
    else
        reply_json(request, status, buf_span(&body));
    buf_done(&body);
}
