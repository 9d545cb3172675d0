#ifndef WEB_REQUEST_H
#define WEB_REQUEST_H
/*
 * request - one HTTP request and its reply, whichever way the front end sent it.
 *
 * A handler owns its request and ends it with exactly one call: one of the
 * reply functions, or request_write, whose `after` then ends it. After that
 * call the request is gone. All text borrows from the request: from its variables,
 * its body or its arena.
 */
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/coding.h"
#include "base/id.h"
#include "home/home.h"
#include "home/meter.h"
#include "model/credential.h"
#include "model/scheme.h"
#include "store/store.h"

struct request;
struct channel;
struct networks;

typedef void request_handler(struct request *request);

#define ROUTE_PARAMS_MAX 2

/*
 * A route. A segment of the pattern in braces matches any one segment of a path; the handler
 * gets what was matched, in order: "/fx/cid/{cid}".
 */
struct route {
    const char *method;
    const char *pattern;
    unsigned scope; /* the scope that a credential needs; SCOPE_NONE: open to all */
    request_handler *handler;
    bool webhooks;      /* a webhook's signature will do as well */
    bool without_store; /* is served, with a store of NULL, where that cannot be opened */
};

/* A program of the suite. Its folder, its log lines and its scope have the same name. */
struct program {
    const char *name;
    enum store_mode mode;
    const struct route *routes;
    size_t route_count;
    bool reads_key; /* secret.key; others cannot (home/need.h) */
};

/* A body that came compressed. web/content.h says which, and request_decode undoes that. */
struct coded {
    enum coding coding;
    bool tried;
    enum err err;    /* of the try */
    const char *why; /* it failed, a sentence part */
    struct buf bytes;
};

struct request {
    /* For everyone. */
    const struct program *program;
    const struct home *home;
    struct store *store;

    char id[UUID_TEXT];
    const char *method;
    struct span path;  /* of the gateway, without the base */
    struct span base;  /* what the client has put in front of it, as it was sent: "/bridge" */
    const char *query; /* raw, without the '?'; never NULL */
    struct span params[ROUTE_PARAMS_MAX];
    struct span body;     /* what a handler reads: decoded */
    struct span received; /* the same as it came, which is what most senders sign */

    /*
     * The credential that the request came with, its text in the arena; empty on open routes. A
     * webhook's secret comes with the scheme that it signs by. Where both a key and a signature
     * came, the credential is the key.
     */
    struct credential credential;
    const struct scheme *scheme;

    /*
     * Holds what lives as long as the request. The handler uses it first, and the mutation when the
     * handler has handed the request on, so never both at a time.
     */
    struct arena arena;

    /* What a handler carries from request_write to the mutation and to `after`; in the arena. */
    void *state;

    /* The rest is for this layer alone. */
    struct channel *channel;
    int64_t began_us; /* monotonic */
    struct meter *meter;
    const struct networks *proxies;
    struct buf body_bytes, headers;
    struct coded coded;
    struct store_op op;
    void (*after)(struct request *request, enum err err);
};

/* A header by its CGI name ("HTTP_IF_MATCH"); empty for a header that was not sent. */
struct span request_header(const struct request *request, const char *cgi_name);

/* A header by its own name, in lower case ("if-match"). Sets *ret_twice when it came twice. */
struct span request_header_named(const struct request *request, const char *name, bool *ret_twice);

/*
 * Makes request->body what was coded, within the limit of bodies. Does that once, and says the
 * same ever after: ERR_FULL or ERR_INVALID, as coding_decode.
 */
enum err request_decode(struct request *request) MUST_CHECK;

/* The request as a signature's verification wants it. */
struct signed_request request_signed(struct request *request);

/*
 * Decodes a value of application/x-www-form-urlencoded into the request's arena, with a NUL
 * behind it. False for a value that is badly encoded or holds a NUL itself.
 */
bool request_decoded(struct request *request, struct span value, struct span *ret_text);

/*
 * A query parameter, decoded as by request_decoded. ERR_NOTFOUND when absent. ERR_INVALID when the
 * parameter is there twice, holds a NUL, is badly encoded, no UTF-8 or too long; *ret_value is
 * then an empty text.
 */
enum err request_query(
    struct request *request, const char *name, struct span *ret_value) MUST_CHECK;

/*
 * Likewise, for a handler: *ret_value has no data (NULL) when the parameter is absent. False
 * when the request was answered, with 400 for a bad one.
 */
bool request_text(struct request *request, const char *name, struct span *ret_value);

/*
 * What poll(2) is to be asked by a handler that waits for something. It says something when the
 * client has left: the reply is then for nobody, or for one who wants it as it is.
 */
struct pollfd request_peer(const struct request *request);

/*
 * Has whoever would take the reply closed the connection? A system call, for handlers whose reply
 * is dear. A client that has only said that it sends nothing more is still there.
 */
bool request_is_forsaken(const struct request *request);

/*
 * Hands a mutation to the store (store_submit, same flags), made for whoever has the request's
 * credential, and calls `after` once the mutation is durable or has failed. The mutation's context
 * is the request.
 */
void request_write(struct request *request, unsigned flags, store_mutation *mutation,
    void (*after)(struct request *request, enum err err));

/* Whom the request's mutations are made for: whoever has its key. In the arena. */
const struct actor *request_actor(struct request *request);

/* Adds a header to the reply to come. The text is the program's own, never a client's. */
void reply_header(struct request *request, const char *name, const char *value);

/*
 * Names the event that the request has made, or the first of several, in X-Correlation-Id, which
 * front ends put into their line of the request.
 */
void reply_cid(struct request *request, const struct uuid *cid);

/* Replies with a JSON body. */
void reply_json(struct request *request, int status, struct span body);

/* Replies with bytes that are nobody's text. */
void reply_bytes(struct request *request, struct span body);

/* Replies with a text of any bytes, which browsers take for nothing else. */
void reply_text(struct request *request, int status, struct span body);

/* Replies with a text of this Content-Type. */
void reply_as(struct request *request, int status, const char *type, struct span body);

/* Replies without a body. */
void reply_nothing(struct request *request, int status);

/* Replies with {"message": text}. */
void reply_message(struct request *request, int status, const char *text);

/*
 * Replies with a problem (RFC 9457). The detail says what is wrong and what to do, and never holds
 * a path of the machine or a secret.
 */
void reply_problem(struct request *request, int status, const char *detail, ...)
    __attribute__((format(printf, 3, 4)));

/* Replies with the problem of a store's error, with Retry-After where trying again helps. */
void reply_error(struct request *request, enum err err);

/* Replies with 429 and Retry-After. */
void reply_too_many(struct request *request, int64_t wait_ms, const char *detail);

/* The one translation of errors into HTTP. */
int err_http_status(enum err err);

#endif
