#ifndef FXCTL_READ_H
#define FXCTL_READ_H
/*
 * read - the one way to a document of something that is read once.
 */
#include "base/json.h"
#include "fxctl/fxctl.h"

/* Writes the document. ERR_NOTFOUND: what the command line names is not there. */
typedef enum err read_print(
    struct fxctl *ctl, struct store_txn *txn, struct json_out *out, void *context);

/*
 * Opens the home with its store, where they are not open yet, and appends to *document what
 * `print` writes in a read transaction. EXIT_DONE, or the status to leave with, after saying why;
 * `none` says what was not found, and may be NULL where nothing is named.
 */
int read_document(struct fxctl *ctl, read_print *print, void *context,
    int (*none)(const struct fxctl *ctl, const void *context), struct buf *document);

#endif
