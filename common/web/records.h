#ifndef WEB_RECORDS_H
#define WEB_RECORDS_H
/*
 * records - what crosses a FastCGI connection (FastCGI 1.0, section 3.3): a request, in
 * whatever pieces its bytes come, and the records of a reply.
 *
 * One record begins a request, then come two streams, its parameters and its body, each ended by
 * an empty record, all of one id. No length that a peer claims takes memory: that is only taken
 * for bytes that have come.
 */
#include <stdbool.h>

#include "base/buf.h"

enum records {
    RECORDS_PART,   /* a part of a request; more is to come */
    RECORDS_WHOLE,  /* a whole request */
    RECORDS_BROKEN, /* a request whose body does not come to its end, which can be answered */
    RECORDS_BAD,    /* nothing that a web server sends */
};

#define RECORDS_PARAMS_MAX (1 << 20) /* bytes of all parameters of a request together */
#define RECORDS_MAX (32 << 20)       /* bytes of a request; above the limit of every front end */

/* A request that arrives. Begins as all zero but for body_most; freed by records_done. */
struct records_request {
    size_t body_most; /* bytes of the body that are kept; what comes behind them is thrown away */
    enum records is;
    int id;
    char **variables; /* "NAME=value", ended by NULL; NULL until all have come */
    struct buf body;
    size_t came;   /* bytes of it in all */
    bool followed; /* something has come behind it */

    /* The rest is for records.c alone: the record at hand, and the stream of parameters. */
    uint8_t head[8];
    size_t head_len, content, padding; /* bytes of its head that came, and that are to come */
    struct buf params;                 /* what the variables borrow from */
    enum { RECORDS_BEGIN, RECORDS_PARAMS, RECORDS_STDIN } stage;
};

/*
 * Goes on with the next bytes of the connection. Before the end of the parameters anything but the
 * order above is RECORDS_BAD, and so are parameters whose lengths are not those of their stream.
 * Behind them, records of another id or kind are skipped, and an abort breaks the request off.
 */
enum records records_read(struct records_request *request, struct span bytes);

/* Nothing more will come. A request that is a part is RECORDS_BROKEN then, or RECORDS_BAD. */
enum records records_end(struct records_request *request);

/* Bytes of memory that the request takes up. */
size_t records_held(const struct records_request *request);

void records_done(struct records_request *request);

/* Appends the records of a whole reply, head and body, and the one that ends the request. */
void records_add_reply(struct buf *out, int request_id, struct span head, struct span body);

#endif
