/* receive - see receive.h. */
#include "web/receive.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "web/auth.h"
#include "web/content.h"
#include "web/place.h"
#include "web/route.h"

#define READ_STEP 16384
#define LENGTH_REQUIRED 411
#define TOO_LARGE 413
#define REFUSED "The web server refused this request as it was sent."

static struct request *request_new(const struct serving *serving, struct channel *channel)
{
    struct request *request = mem_alloc(sizeof *request);
    struct uuid id = uuid_new();
    uuid_format(&id, request->id);
    request->program = serving->program;
    request->home = serving->home;
    request->store = serving->store;
    request->meter = serving->meter;
    request->proxies = serving->proxies;
    request->channel = channel;
    request->began_us = clock_mono_us();
    return request;
}

/* Reads the announced length; one above the limit is read as some length above it. False: none. */
static bool read_length(struct span text, size_t limit, size_t *ret_length)
{
    *ret_length = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        if (*ret_length <= limit)
            *ret_length = *ret_length * 10 + (text.data[i] - '0');
    }
    return true;
}

/* Reads the body to its end, but no more than `most` bytes. False when the body broke off. */
static bool take_body(struct request *request, size_t most)
{
    struct buf *body = &request->body_bytes;
    ssize_t n = 1;
    while (n > 0 && body->len < most) {
        size_t left = most - body->len, step = left < READ_STEP ? left : READ_STEP;
        buf_reserve(body, step);
        n = channel_read(request->channel, body->data + body->len, step);
        if (n > 0)
            body->len += (size_t)n;
    }
    return n >= 0;
}

/* `refused`: who has refused it, as a sentence; "": this program. */
static void reply_too_large(struct request *request, const char *refused)
{
    reply_problem(request, TOO_LARGE, "%sThe body is too large; the limit is %zu bytes.", refused,
        (size_t)request->home->config.web_body_bytes);
}

/* Reads the body. False when the request was answered. */
static bool read_body(struct request *request)
{
    const size_t limit = (size_t)request->home->config.web_body_bytes;
    const struct buf *body = &request->body_bytes;
    struct span text = request_header(request, "CONTENT_LENGTH");
    size_t length;
    bool known = text.len, good = read_length(text, limit, &length), whole = true;
    if (good && length <= limit)
        whole = take_body(request, known ? length : limit + 1);
    if (good && whole && body->len <= limit && (!known || body->len == length)) {
        channel_drain(request->channel); /* a reply that leaves later finds the body read */
        request->body = request->received = buf_span(body);
        return true;
    }
    if (!good)
        reply_problem(request, 400, "Content-Length is not a number.");
    else if (length > limit || body->len > limit)
        reply_too_large(request, "");
    else if (known)
        reply_problem(request, 400,
            "The body ended early: %zu bytes of the %zu that Content-Length announced came.",
            body->len, length);
    else
        reply_problem(request, 400, "The body broke off; send it again.");
    return false;
}

/* The error that the front end tells its handler in REDIRECT_STATUS; 0 where nothing is wrong. */
static int front_end_error(const struct request *request)
{
    struct span text = request_header(request, "REDIRECT_STATUS");
    int status = text.len == 3 ? (int)strtol((const char *)text.data, NULL, 10) : 0;
    return status >= 400 ? status : 0;
}

/*
 * Restores a POST that the front end has handed to its error handler for want of a length.
 * SCRIPT_NAME is then the handler's, and REQUEST_URI has what the client sent.
 */
static void restore_post(struct request *request)
{
    struct span uri = request_header(request, "REQUEST_URI");
    const uint8_t *mark = uri.len ? memchr(uri.data, '?', uri.len) : NULL;
    place_restore(request);
    request->query = mark ? (const char *)mark + 1 : "";
    request->method = "POST";
}

/* Does the error pass? Front ends name these when a program died or hangs, and replace it. */
static bool is_passing(int error)
{
    return error == 500 || (error >= 502 && error <= 504);
}

/* What may have made a web server refuse a request, as a sentence behind what happened. */
static const char *front_end_cause(int error)
{
    static const struct {
        int status;
        const char *cause;
    } causes[] = {
        {400, " Its first line, Host, a header or the length of its body is not as HTTP has it, or "
              "a GET has a body."},
        {414, " Its path and query are too long."},
        {417, " What it expects is unknown; Expect: 100-continue is known."},
        {431, " Its headers are too large."},
        {501, " Its method or its Transfer-Encoding is unknown."},
        {505, " Its version of HTTP is unknown."},
    };
    for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++)
        if (causes[i].status == error)
            return causes[i].cause;
    return "";
}

static void reply_front_end_error(struct request *request, int error)
{
    if (is_passing(error)) {
        reply_header(request, "Retry-After", "2");
        reply_problem(request, 503,
            "The web server could not have this request answered; send it again later.");
    } else if (error == LENGTH_REQUIRED) {
        reply_problem(request, error,
            "A POST needs a length: send Content-Length: 0 where there is no body.");
    } else if (error == TOO_LARGE) {
        reply_too_large(request, REFUSED " ");
    } else {
        reply_problem(request, error, REFUSED "%s", front_end_cause(error));
    }
}

static void read_variables(struct request *request)
{
    struct span method = request_header(request, "REQUEST_METHOD");
    struct span query = request_header(request, "QUERY_STRING");
    request->method = method.len ? (const char *)method.data : "GET";
    request->query = query.len ? (const char *)query.data : "";
}

/*
 * Senders go on with what they are told to try again later: so they are told where nobody has to
 * mend anything first. A store of another version (ERR_CONFLICT) is about to be carried over.
 */
static void reply_no_store(struct request *request, enum err fault)
{
    bool lasts = fault == ERR_INVALID || fault == ERR_NOTFOUND || fault == ERR_DENIED ||
                 fault == ERR_CORRUPT;
    if (!lasts) {
        reply_error(request, ERR_IO);
        return;
    }
    log_error("500 %s: the home is not in order", request->method);
    reply_problem(request, 500,
        "The gateway is not in order, and its log says what somebody has to mend; nothing was "
        "stored. Sending it again helps when that is done.");
}

/* Returns how many bytes the request takes up beside those that came. */
static size_t serve_route(struct request *request, enum err fault)
{
    const struct route *route = route_find(request);
    size_t decoded = 0;
    if (route && !request->store && !route->without_store)
        reply_no_store(request, fault);
    else if (route && read_body(request) && content_is_known(request) &&
             auth_check(request, route) && content_decode(request)) {
        decoded = request->coded.bytes.len;
        route->handler(request);
    }
    return decoded;
}

/*
 * lighttpd refuses a POST without a length. Such a request has no body, and is as good as one
 * that says so: it is served where the path is this program's.
 */
static size_t answer(struct request *request, enum err fault)
{
    size_t decoded = 0;
    int error = front_end_error(request);
    read_variables(request);
    bool is_plain = place_find(request);
    if (error == LENGTH_REQUIRED)
        restore_post(request);
    if (error == LENGTH_REQUIRED && route_is_known(request->program, request->path))
        error = 0;
    if (error)
        reply_front_end_error(request, error);
    else if (!is_plain)
        reply_problem(request, 404,
            "There is nothing at this path. Paths are taken literally: no \"//\", no dot segments, "
            "no percent-encoding.");
    else
        decoded = serve_route(request, fault);
    return decoded;
}

size_t request_serve(const struct serving *serving, struct channel *channel)
{
    struct request *request = request_new(serving, channel);
    log_context(request->id);
    size_t decoded = answer(request, serving->fault);
    log_context("");
    return decoded;
}
