/* reply - what ends a request; see request.h. */
#include "web/request.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "home/stats.h"
#include "web/channel.h"

#define RETRY_AFTER "2" /* seconds: most causes have gone by then, or need a person */

static const char *reason(int status)
{
    static const struct {
        int status;
        const char *text;
    } reasons[] = {{200, "OK"}, {201, "Created"}, {204, "No Content"}, {304, "Not Modified"},
        {400, "Bad Request"}, {401, "Unauthorized"}, {403, "Forbidden"}, {404, "Not Found"},
        {405, "Method Not Allowed"}, {408, "Request Timeout"}, {409, "Conflict"},
        {411, "Length Required"}, {412, "Precondition Failed"}, {413, "Content Too Large"},
        {415, "Unsupported Media Type"}, {422, "Unprocessable Content"}, {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"}, {414, "URI Too Long"},
        {417, "Expectation Failed"}, {501, "Not Implemented"}, {502, "Bad Gateway"},
        {504, "Gateway Timeout"}, {505, "HTTP Version Not Supported"},
        {500, "Internal Server Error"}, {503, "Service Unavailable"}};
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (reasons[i].status == status)
            return reasons[i].text;
    return "Unknown";
}

/* Sends status, headers and body in one go and ends the request. */
static void finish(struct request *request, int status, const char *type, struct span body)
{
    struct buf head = BUF_INIT;
    buf_reserve(&head, request->headers.len + 320);
    buf_printf(&head, "Status: %d %s\r\n", status, reason(status));
    if (type)
        buf_printf(&head, "Content-Type: %s\r\nContent-Length: %zu\r\n", type, body.len);
    buf_printf(&head,
        "X-Request-Id: %s\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n",
        request->id);
    buf_add_span(&head, buf_span(&request->headers));
    buf_add_str(&head, "\r\n");
    channel_send(request->channel, buf_span(&head), body);
    stats_request(status, clock_mono_us() - request->began_us);
    buf_done(&head);
    buf_done(&request->headers);
    buf_done(&request->body_bytes);
    buf_done(&request->coded.bytes);
    arena_done(&request->arena);
    free(request);
}

void reply_header(struct request *request, const char *name, const char *value)
{
    buf_printf(&request->headers, "%s: %s\r\n", name, value);
}

void reply_cid(struct request *request, const struct uuid *cid)
{
    char text[UUID_TEXT];
    uuid_format(cid, text);
    reply_header(request, "X-Correlation-Id", text);
}

void reply_too_many(struct request *request, int64_t wait_ms, const char *detail)
{
    char seconds[24];
    snprintf(seconds, sizeof seconds, "%lld", (long long)(wait_ms + 999) / 1000);
    reply_header(request, "Retry-After", seconds);
    reply_problem(request, 429, "%s", detail);
}

void reply_json(struct request *request, int status, struct span body)
{
    finish(request, status, "application/json", body);
}

void reply_bytes(struct request *request, struct span body)
{
    finish(request, 200, "application/octet-stream", body);
}

void reply_text(struct request *request, int status, struct span body)
{
    finish(request, status, "text/plain; charset=utf-8", body);
}

void reply_as(struct request *request, int status, const char *type, struct span body)
{
    finish(request, status, type, body);
}

void reply_nothing(struct request *request, int status)
{
    finish(request, status, NULL, SPAN_NONE);
}

void reply_message(struct request *request, int status, const char *text)
{
    struct buf body = BUF_INIT;
    struct json_out o = json_out_to(&body);
    json_open(&o, '{');
    json_put_str(&o, "message", text);
    json_close(&o, '}');
    reply_json(request, status, buf_span(&body));
    buf_done(&body);
}

void reply_problem(struct request *request, int status, const char *detail, ...)
{
    struct buf body = BUF_INIT, text = BUF_INIT;
    va_list args;
    va_start(args, detail);
    buf_vprintf(&text, detail, args);
    va_end(args);
    struct json_out o = json_out_to(&body);
    json_open(&o, '{');
    json_put_str(&o, "type", "about:blank");
    json_put_str(&o, "title", reason(status));
    json_put_int(&o, "status", status);
    json_put_text(&o, "detail", buf_span(&text));
    json_put_str(&o, "instance", request->id);
    json_close(&o, '}');
    finish(request, status, "application/problem+json", buf_span(&body));
    buf_done(&body);
    buf_done(&text);
}

int err_http_status(enum err err)
{
    switch (err) {
    case ERR_OK:
        return 200;
    case ERR_INVALID:
        return 422;
    case ERR_DENIED:
        return 403;
    case ERR_NOTFOUND:
        return 404;
    case ERR_CONFLICT:
        return 409;
    case ERR_GONE:
        return 410;
    case ERR_FULL:
    case ERR_TIMEOUT:
    case ERR_BUSY:
    case ERR_IO:
    case ERR_CORRUPT:
    case ERR__MAX:
        break;
    }
    return 503;
}

void reply_error(struct request *request, enum err err)
{
    static const char *const details[ERR__MAX] = {
        [ERR_INVALID] = "The request is not acceptable.",
        [ERR_NOTFOUND] = "There is no such thing.",
        [ERR_GONE] = "It is kept no longer.",
        [ERR_CONFLICT] = "It stands in the way of something that is there.",
        [ERR_FULL] = "There is no room left for new work; nothing was stored. Free space on the "
                     "disk or raise the size of the database, then send it again.",
    };
    assert(err < ERR__MAX);
    int status = err_http_status(err);
    if (status == 503) {
        log_error("503 %s: %s", request->method, err_name(err));
        reply_header(request, "Retry-After", RETRY_AFTER);
    }
    reply_problem(request, status, "%s",
        details[err] ? details[err]
                     : "The store cannot be used right now; nothing was stored. "
                       "Send it again later.");
}
