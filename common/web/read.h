#ifndef WEB_READ_H
#define WEB_READ_H
/*
 * read - the one way to answer a request that only reads.
 */
#include "base/json.h"
#include "view/page.h"
#include "web/request.h"

#define READ_LIMIT_MAX 1000 /* rows that ?limit= may ask for */

/* Writes the body of a reply. Headers may be added where nothing goes wrong any more. */
typedef enum err read_print(struct request *request, struct store_txn *txn, struct json_out *out);

/*
 * Replies with the status and what `print` writes in a read transaction; after ERR_NOTFOUND with
 * 404 and the sentence `none`.
 */
void read_reply(struct request *request, int status, read_print *print, const char *none);

/* Likewise, with 200 and what `print` writes as bytes that are nobody's text. */
void read_reply_bytes(struct request *request, read_print *print, const char *none);

/*
 * Reads ?limit=, which is `limit` where it is not given (0: any number of rows), into a page that
 * has the bytes of the settings. False when the request was answered.
 */
bool read_page(struct request *request, size_t limit, struct page *ret_page);

#endif
