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
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/id.h"
#include "home/home.h"
#include "home/meter.h"
#include "model/credential.h"
#include "model/scheme.h"
#include "store/store.h"

struct request;
struct channel;

typedef void request_handler(struct request *request);

#define ROUTE_PARAMS_MAX 2

/*
 * A route. Segments of the pattern in braces match any one segment and are
 * handed to the handler in order: "/fx/cid/{cid}".
 */
struct route {
    const char *method;
    const char *pattern;
    unsigned scope; /* what the credential must be for; SCOPE_NONE: open to all */
    request_handler *handler;
    bool webhooks; /* a webhook's signature will do, too */
};

/* A program of the suite: its name is its folder's, its log's and its scope's. */
struct program {
    const char *name;
    enum store_mode mode;
    const struct route *routes;
    size_t route_count;
};

struct request {
    /* For everyone. */
    const struct program *program;
    const struct home *home;
    struct store *store;

    char id[UUID_TEXT];
    const char *method;
    struct span path;
    const char *query; /* raw, without the '?'; never NULL */
    struct span params[ROUTE_PARAMS_MAX];
    struct span body;

    /* Which credential it came with, its text in the arena; empty on open routes. For a webhook's
     * secret the scheme it signs by. Who came with both a key and a signature is known by the key.
     */
    struct credential credential;
    const struct scheme *scheme;

    /* Whatever lives as long as the request. The handler's own, and later the mutation's: the one
     * has handed the request on before the other begins. */
    struct arena arena;

    /* What a handler carries from request_write to the mutation and to `after`; in the arena. */
    void *state;

    /* The rest is this layer's. */
    struct channel *channel;
    struct meter *meter;
    struct buf body_bytes, headers;
    struct scheme scheme_room;
    struct store_op op;
    void (*after)(struct request *request, enum err err);
};

/* A header by its CGI name ("HTTP_IF_MATCH"); empty when it was not sent. */
struct span request_header(const struct request *request, const char *cgi_name);

/* The same by its own name, lower case with hyphens ("if-match"); *ret_twice when it came twice. */
struct span request_header_named(const struct request *request, const char *name, bool *ret_twice);

/* The headers of a request as a signature's verification wants them. */
struct signed_request request_signed(const struct request *request);

/*
 * A value of application/x-www-form-urlencoded, decoded into the request's arena,
 * with a NUL behind it. False when it is badly encoded or holds a NUL itself.
 */
bool form_decode(struct request *request, struct span value, struct span *ret_text);

/*
 * A query parameter, decoded as above. ERR_NOTFOUND when absent. ERR_INVALID when it
 * is there twice, holds a NUL, is badly encoded, no UTF-8 or too long; the caller
 * replies with reply_bad_query. *ret_value is empty then, though still a text.
 */
enum err request_query(
    struct request *request, const char *name, struct span *ret_value) MUST_CHECK;
void reply_bad_query(struct request *request, const char *name);

/*
 * ?pipeline_version=, 0 where it is absent. False when the request was answered: 400,
 * or 404 for what can be no version.
 */
bool request_version(struct request *request, uint32_t *ret_version);

/*
 * Hands a mutation to the store (store_submit, same flags) and calls `after`
 * once it is durable or has failed. The mutation's context is the request.
 */
void request_write(struct request *request, unsigned flags, store_mutation *mutation,
    void (*after)(struct request *request, enum err err));

/* Adds a header to the reply to come. The text is the program's own, never a client's. */
void reply_header(struct request *request, const char *name, const char *value);

/* A JSON body. */
void reply_json(struct request *request, int status, struct span body);

/* No body. */
void reply_nothing(struct request *request, int status);

/* {"message": text} */
void reply_message(struct request *request, int status, const char *text);

/* A problem (RFC 9457). The detail says what was wrong and what to do; never a path or a secret. */
void reply_problem(struct request *request, int status, const char *detail, ...)
    __attribute__((format(printf, 3, 4)));

/* The problem that stands for an error of the store, with Retry-After where trying again helps. */
void reply_error(struct request *request, enum err err);

/* 429 with Retry-After. */
void reply_too_many(struct request *request, int64_t wait_ms, const char *detail);

/* The one map from errors to HTTP. */
int err_http_status(enum err err);

#endif
