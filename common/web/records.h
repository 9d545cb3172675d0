#ifndef WEB_RECORDS_H
#define WEB_RECORDS_H
/*
 * records - what crosses a FastCGI connection (FastCGI 1.0, section 3.3), as far as libfcgi does
 * not handle it: whether a request has arrived whole, and the records of a reply.
 */
#include "base/buf.h"

enum records {
    RECORDS_PART,  /* a part of a request; more is to come */
    RECORDS_WHOLE, /* a whole request: reading it will not wait for its peer */
    RECORDS_OTHER, /* longer than was asked for, or not as web servers send a request */
    RECORDS_BAD,   /* not to be read: its parameters are not as any web server sends them */
};

#define RECORDS_PARAMETER_MAX (1 << 20) /* bytes of a parameter's name, and of its value */

/*
 * How much of a request has arrived, by its first bytes: one record begins a request, then come
 * two streams, each ended by an empty record, all of one id. libfcgi skips records of another id
 * and goes on reading, so any other order is RECORDS_OTHER, and so is a request of more than
 * `most` bytes.
 *
 * libfcgi takes as much memory as a parameter's lengths say, and ends the process where there is
 * not so much. So a length among the bytes that is beyond RECORDS_PARAMETER_MAX is RECORDS_BAD,
 * and so is any other order before the end of the parameters; and a padded beginning, whose
 * padding libfcgi does not skip.
 */
enum records records_look(struct span bytes, size_t most);

/* Appends the records of a whole reply, head and body, and the one that ends the request. */
void records_add_reply(struct buf *out, int request_id, struct span head, struct span body);

#endif
