/* http_call - see http_call.h. */
#include "http/http_call.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/log.h"
#include "http/http_client.h"
#include "model/event.h"
#include "model/whsec.h"

/* What was made for one call. */
struct made {
    const struct frame_call *call;
    struct event event;
    struct buf event_text; /* the event in the JSON format */
    struct span body;
    char **headers;
    size_t header_count;
};

/* Headers. */

/* Takes the line, which is NUL-terminated. */
static void add_line(struct made *m, struct buf *line)
{
    m->headers = mem_resize(m->headers, (m->header_count + 1) * sizeof *m->headers);
    m->headers[m->header_count++] = (char *)line->data;
}

/* libcurl wants "Name;" for a header without a value. */
static void add_header(struct made *m, struct span name, struct span value)
{
    struct buf line = BUF_INIT;
    buf_add_span(&line, name);
    buf_add_str(&line, value.len ? ": " : ";");
    buf_add_span(&line, value);
    add_line(m, &line);
}

static void add_text(struct made *m, const char *name, const char *value)
{
    add_header(m, span_str(name), span_str(value));
}

/* Leaves out a header that libcurl would send by itself. */
static void leave_out(struct made *m, const char *name_and_colon)
{
    struct buf line = BUF_INIT;
    buf_add_str(&line, name_and_colon);
    add_line(m, &line);
}

static bool begins(struct span name, const char *with)
{
    struct span prefix = span_str(with);
    return name.len >= prefix.len && strncasecmp((const char *)name.data, with, prefix.len) == 0;
}

/* Is it a header that this program gives? */
static bool is_ours(struct span name, bool is_signed)
{
    return (name.len == 12 && begins(name, "content-type")) || begins(name, "ce-") ||
           begins(name, "x-fx-") || (is_signed && begins(name, "webhook-"));
}

static void add_step_headers(struct made *m)
{
    struct span rest = m->call->headers, name, value;
    for (uint16_t i = 0; i < m->call->header_count && frame_header_next(&rest, &name, &value); i++)
        if (!is_ours(name, m->call->secret.len > 0))
            add_header(m, name, value);
    /* libcurl would wait for a "100 Continue" before it sends a large body. */
    leave_out(m, "Expect:");
}

/* Percent-encoding of header values (CloudEvents HTTP binding 1.0.2, section 3.1.3.2). */
static void encode(struct span text, struct buf *out)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        if (c > 0x20 && c < 0x7f && c != '"' && c != '%')
            buf_add_char(out, (char)c);
        else
            buf_printf(out, "%%%02X", c);
    }
}

/* Names of attributes are lower-case letters and digits; nothing else gets into a header's name. */
static bool is_attribute(struct span name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!(name.data[i] >= 'a' && name.data[i] <= 'z') &&
            !(name.data[i] >= '0' && name.data[i] <= '9'))
            return false;
    return name.len > 0;
}

static void add_attribute(struct made *m, const struct json_item *item)
{
    struct buf line = BUF_INIT, text = BUF_INIT;
    if (item->type == JSON_STRING)
        json_unescape(item->value, &text);
    else
        buf_add_span(&text, item->value);
    buf_add_str(&line, "ce-");
    buf_add_span(&line, item->name);
    buf_add_str(&line, text.len ? ": " : ";");
    encode(buf_span(&text), &line);
    add_line(m, &line);
    buf_done(&text);
}

/* Adds the attributes of the JSON format, so that both modes say the same. */
static void add_attributes(struct made *m)
{
    struct json_walk walk = json_walk_start(buf_span(&m->event_text));
    for (struct json_item item; json_walk_next(&walk, &item);) {
        bool scalar =
            item.type == JSON_STRING || item.type == JSON_NUMBER || item.type == JSON_BOOL;
        if (scalar && is_attribute(item.name) && !json_name_is(item.name, "data") &&
            !json_name_is(item.name, "datacontenttype"))
            add_attribute(m, &item);
    }
}

/* A media type from outside must not bring a line end into the headers. */
static bool is_printable(struct span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < 0x20 || text.data[i] > 0x7e)
            return false;
    return text.len > 0;
}

static void add_content_type(struct made *m)
{
    if (m->call->structured)
        add_text(m, "Content-Type", "application/cloudevents+json; charset=utf-8");
    else if (is_printable(m->event.datacontenttype))
        add_header(m, span_str("Content-Type"), m->event.datacontenttype);
    else if (m->event.data_kind == EVENT_DATA_JSON)
        add_text(m, "Content-Type", "application/json");
    else
        leave_out(m, "Content-Type:");
}

static void add_ids(struct made *m)
{
    char text[UUID_TEXT], attempt[16];
    uuid_format(&m->call->execution, text);
    add_text(m, "X-FX-Execution-Id", text);
    snprintf(attempt, sizeof attempt, "%" PRIu32, m->call->attempt);
    add_text(m, "X-FX-Attempt", attempt);
    uuid_format(&m->event.cid, text);
    add_text(m, "X-FX-Cid", text);
}

/* Signing (Standard Webhooks, the symmetric scheme "v1"). */

/*
 * A secret that can be base64 is taken for base64, as the reference libraries do; any other
 * text is the key as it stands. Behind "whsec_" stands base64 (pipeline_parse has checked).
 */
static void sign(struct made *m)
{
    struct buf key = BUF_INIT, signature = BUF_INIT;
    char id[UUID_TEXT], timestamp[24];
    uint8_t mac[CRYPTO_MAC_MAX];
    if (!whsec_decode(m->call->secret, &key))
        buf_add_span(&key, m->call->secret);
    uuid_format(&m->call->execution, id);
    snprintf(timestamp, sizeof timestamp, "%" PRId64, clock_wall_ms() / 1000);
    struct span parts[] = {
        span_str(id), span_str("."), span_str(timestamp), span_str("."), m->body};
    size_t len = crypto_hmac(CRYPTO_HASH_SHA256, buf_span(&key), parts, 5, mac);
    buf_add_str(&signature, "v1,");
    base64_encode(span_of(mac, len), &signature);
    add_text(m, "webhook-id", id);
    add_text(m, "webhook-timestamp", timestamp);
    add_header(m, span_str("webhook-signature"), buf_span(&signature));
    crypto_forget(&key);
    buf_done(&signature);
}

/* The whole request. */
static void make(struct made *m)
{
    if (event_decode(m->call->event, &m->event))
        log_die(EXIT_FIX, "fx-runner sent no event");
    event_format(&m->event, &m->event_text);
    m->body = m->call->structured ? buf_span(&m->event_text) : m->event.data;
    add_step_headers(m);
    add_content_type(m);
    if (!m->call->structured)
        add_attributes(m);
    add_ids(m);
    if (m->call->secret.len)
        sign(m);
}

static void made_done(struct made *m)
{
    for (size_t i = 0; i < m->header_count; i++)
        free(m->headers[i]);
    free(m->headers);
    buf_done(&m->event_text);
}

/* Replies. */

static enum reply_end judge_status(int status, struct buf *error)
{
    if (status >= 200 && status <= 299)
        return REPLY_GOOD;
    buf_printf(error, "was answered with HTTP %d", status);
    if (status >= 300 && status <= 399)
        buf_add_str(error, ", and redirects are not followed");
    bool again = status == 404 || status == 408 || status == 409 || status == 429 || status >= 500;
    return again ? REPLY_FAILED : REPLY_GAVE_UP;
}

static enum reply_end judge(const struct http_reply *reply, struct buf *error)
{
    enum reply_end end = REPLY_FAILED;
    switch (reply->end) {
    case HTTP_REPLIED:
        end = judge_status(reply->status, error);
        break;
    case HTTP_TOO_LONG:
        end = judge_status(reply->status, error);
        if (end != REPLY_GOOD)
            break;
        end = REPLY_GAVE_UP;
        buf_printf(
            error, "was answered with HTTP %d and more than %u bytes", reply->status, RESPONSE_MAX);
        break;
    case HTTP_TIMED_OUT:
        end = REPLY_TIMED_OUT;
        break;
    case HTTP_NOT_ALLOWED:
        end = REPLY_GAVE_UP;
        /* Whoever writes definitions is not told which addresses the names in here have. */
        log_warn(
            "the address %s is not allowed; add it to allow in [http] of fx.conf", reply->error);
        buf_add_str(error, "the address of its host is not allowed, as it is not public; the log "
                           "names it, and the setting [http] allow opens it");
        break;
    case HTTP_FAILED:
        buf_printf(error, "had no reply: %s", reply->error);
        break;
    }
    return end;
}

static void write_log(const struct http_reply *reply, struct buf *log)
{
    if (reply->end != HTTP_REPLIED && reply->end != HTTP_TOO_LONG)
        return;
    buf_printf(log, "HTTP %d", reply->status);
    if (reply->cut)
        buf_printf(log, ", cut after %zu bytes", reply->body.len);
    buf_add_char(log, '\n');
    buf_add_span(log, buf_span(&reply->body));
}

/* Sends the request and appends what became of it. */
static void post(const struct home *home, const struct made *m, struct buf *out)
{
    struct networks allowed;
    struct http_reply reply;
    struct frame_reply frame = {.end = REPLY_FAILED};
    struct buf error = BUF_INIT, log = BUF_INIT;
    int64_t connect_ms = home->config.http_connect_seconds * 1000;
    char *url = span_dup(m->call->url);
    buf_add_str(&error, "allow in [http] of fx.conf: ");
    if (networks_parse(home->config.http_allow, &allowed, &error)) {
        buf_clear(&error);
        struct http_request request = {
            .url = url,
            .headers = m->headers,
            .header_count = m->header_count,
            .body = m->body,
            .timeout_ms = m->call->timeout_ms,
            .connect_timeout_ms =
                connect_ms < m->call->timeout_ms ? connect_ms : m->call->timeout_ms,
            .keep_bytes = (size_t)home->config.step_response_bytes,
            .allowed = &allowed,
        };
        http_post(&request, &reply);
        frame.end = judge(&reply, &error);
        frame.retry_after_ms = reply.retry_after_ms;
        write_log(&reply, &log);
        buf_done(&reply.body);
    }
    frame.error = buf_span(&error);
    frame.log = buf_span(&log);
    frame_put_reply(out, &frame);
    networks_done(&allowed);
    buf_done(&error);
    buf_done(&log);
    free(url);
}

void http_call(const struct home *home, const struct frame_call *call, struct buf *out)
{
    struct made m = {.call = call};
    make(&m);
    post(home, &m, out);
    made_done(&m);
}
