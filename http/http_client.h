#ifndef HTTP_HTTP_CLIENT_H
#define HTTP_HTTP_CLIENT_H
/*
 * http_client - one POST, over libcurl, which only http_client.c includes.
 *
 * Connects to allowed addresses only, decided when the address is known and about to
 * be connected to. Follows no redirect, uses no proxy, checks certificates, reads
 * RESPONSE_MAX bytes of a reply at most. Connections are kept for the next request;
 * `allowed` is therefore the same in all requests of a process.
 */
#include "model/address.h"

#define RESPONSE_MAX (1u << 20) /* bytes of a reply's body that are read */

struct http_request {
    const char *url;
    char *const *headers; /* "Name: value", or "Name;" where the value is empty */
    size_t header_count;
    struct span body;
    int64_t timeout_ms;         /* above 0 */
    int64_t connect_timeout_ms; /* within that */
    size_t keep_bytes;          /* of the reply's body */
    const struct networks *allowed;
};

enum http_end {
    HTTP_REPLIED,
    HTTP_TOO_LONG,    /* replied with more than RESPONSE_MAX bytes */
    HTTP_TIMED_OUT,   /* timeout_ms are over */
    HTTP_NOT_ALLOWED, /* the address, which is in `error` */
    HTTP_FAILED,      /* `error` says how, as a sentence part */
};

struct http_reply {
    enum http_end end;
    int status;             /* HTTP_REPLIED, HTTP_TOO_LONG */
    int64_t retry_after_ms; /* 0: it has not said */
    bool cut;               /* the body is its beginning only */
    struct buf body;        /* buf_done */
    char error[256];
};

void http_post(const struct http_request *request, struct http_reply *ret_reply);

/* Once, before the process ends. */
void http_client_close(void);

#endif
