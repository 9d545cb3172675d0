#ifndef HTTP_HTTP_CLIENT_H
#define HTTP_HTTP_CLIENT_H
/*
 * http_client - one POST, over libcurl, which only http_client.c includes.
 *
 * Connects to allowed addresses only, which is decided when an address is about to be
 * connected to. Follows no redirect, uses no proxy, checks certificates, and reads
 * RESPONSE_MAX bytes of a reply at most. Connections are kept for the next request, so
 * `allowed` must be the same in all requests of a process.
 */
#include "model/address.h"

#define RESPONSE_MAX (1u << 20) /* bytes of a reply's body that are read */

struct http_request {
    const char *url;
    char *const *headers; /* "Name: value", or "Name;" where the value is empty */
    size_t header_count;
    struct span body;
    int64_t timeout_ms;         /* above 0 */
    int64_t connect_timeout_ms; /* a part of timeout_ms */
    size_t keep_bytes;          /* how much of the reply's body is kept */
    const struct networks *allowed;
};

enum http_end {
    HTTP_REPLIED,
    HTTP_TOO_LONG,    /* replied with more than RESPONSE_MAX bytes */
    HTTP_TIMED_OUT,   /* timeout_ms are over */
    HTTP_NOT_ALLOWED, /* the address is not allowed; it is in `error` */
    HTTP_FAILED,      /* `error` says how, as a sentence part */
};

struct http_reply {
    enum http_end end;
    int status;             /* HTTP_REPLIED, HTTP_TOO_LONG */
    int64_t retry_after_ms; /* 0: the server has not said */
    bool cut;               /* only the beginning of the body was kept */
    struct buf body;        /* buf_done */
    char error[256];
};

void http_post(const struct http_request *request, struct http_reply *ret_reply);

/* Called once, before the process ends. */
void http_client_close(void);

#endif
