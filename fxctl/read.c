/* read - see read.h. */
#include "fxctl/read.h"

int read_document(struct fxctl *ctl, read_print *print, void *context,
    int (*none)(const struct fxctl *ctl, const void *context), struct buf *document)
{
    struct store_txn *txn;
    struct json_out out = json_out_to(document);
    int status = ctl->store ? EXIT_DONE : fxctl_open(ctl, STORE_READ_ONLY);
    if (status)
        return status;
    enum err err = store_read_begin(ctl->store, &txn);
    if (!err) {
        err = print(ctl, txn, &out, context);
        store_read_end(txn);
    }
    if (err == ERR_NOTFOUND && none)
        return none(ctl, context);
    return err ? fxctl_failed(err) : EXIT_DONE;
}
