/* verify - checks the signature of a saved webhook request, offline, and says why it fails. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/clock.h"
#include "base/coding.h"
#include "base/json.h"
#include "fxctl/help.h"
#include "fxctl/input.h"
#include "fxctl/operand.h"
#include "fxctl/secret.h"
#include "model/headers.h"
#include "model/scheme_secret.h"

#define REQUEST_MAX (26 << 20) /* bytes: the largest body that can be allowed, and headers */
#define HEADERS_KEPT 256
#define AT_MAX INT64_C(999999999999) /* the digits that a timestamp may have */

#define TOKEN_CHARACTERS \
    "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* The request as it was saved. Text borrows from `bytes` and the command line. */
struct saved {
    struct buf bytes;
    struct headers headers;
    size_t count; /* of the lines that they came in */
    struct span body;
    struct buf decoded; /* what the body was before it was encoded */
};

/* Headers. */

static struct span find_header(void *context, const char *name, bool *ret_twice)
{
    const struct saved *saved = context;
    return headers_of_signature(saved->headers.variables, name, ret_twice);
}

/* Of what RFC 9110, section 5.5, has in a header's value; servers refuse what it has not. */
static bool is_value(struct span value)
{
    for (size_t i = 0; i < value.len; i++)
        if ((value.data[i] < 0x20 && value.data[i] != '\t') || value.data[i] == 0x7f)
            return false;
    return true;
}

static bool is_token(struct span name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!name.data[i] || !strchr(TOKEN_CHARACTERS, name.data[i]))
            return false;
    return name.len > 0;
}

/* Keeps a header "Name: value". False for what is no header, or not one that may be there, too. */
static bool keep_header(struct saved *saved, struct span line)
{
    const uint8_t *colon = line.len ? memchr(line.data, ':', line.len) : NULL;
    if (!colon || saved->count == HEADERS_KEPT)
        return false;
    struct span name = span_of(line.data, (size_t)(colon - line.data));
    struct span value = ascii_trim(span_of(colon + 1, line.len - name.len - 1), ASCII_BLANK);
    if (!is_token(name) || !is_value(value))
        return false;
    saved->count++;
    return headers_add(&saved->headers, name, value);
}

/* Is it the line that a request may begin with, "POST /fx/events/webhook HTTP/1.1"? */
static bool is_first_line(struct span line)
{
    return line.len && memmem(line.data, line.len, " HTTP/", 6);
}

/* Cuts a line off the rest, without its LF or CRLF. False when no line is whole. */
static bool cut_line(struct span *rest, struct span *ret_line)
{
    const uint8_t *end = rest->len ? memchr(rest->data, '\n', rest->len) : NULL;
    if (!end)
        return false;
    size_t len = (size_t)(end - rest->data);
    *ret_line = span_of(rest->data, len && end[-1] == '\r' ? len - 1 : len);
    *rest = span_of(end + 1, rest->len - len - 1);
    return true;
}

/* Reads headers, an empty line and the body. */
static int read_request(struct saved *saved, const char *name)
{
    int status = input_read_bytes(name, REQUEST_MAX, &saved->bytes);
    struct span rest = buf_span(&saved->bytes), line;
    bool twice = false;
    if (status)
        return status;
    for (size_t number = 1;; number++) {
        if (!cut_line(&rest, &line))
            return fxctl_refuse("%s has no empty line between its headers and its body", name);
        if (!line.len)
            break;
        if (!keep_header(saved, line) && !(number == 1 && is_first_line(line)))
            return fxctl_refuse("%s: line %zu is not a header, or is one too many", name, number);
    }
    saved->body = rest;
    if (find_header(saved, "transfer-encoding", &twice).len)
        return fxctl_refuse("%s was saved as it was transferred, in chunks; what is signed is the "
                            "body without them",
            name);
    return EXIT_DONE;
}

static int read_saved(const struct fxctl *ctl, struct saved *saved)
{
    const char *request = fxctl_option(ctl, "request"), *body = fxctl_option(ctl, "body");
    int status = EXIT_DONE;
    if (!request == !body)
        return help_usage(ctl, "give either --request or --body");
    for (int i = 0; i < ctl->many_count; i++)
        if (!keep_header(saved, span_str(ctl->many[i])))
            return help_usage(ctl, "--header: must be a header such as 'X-Name: value'");
    if (request)
        return read_request(saved, request);
    status = input_read_bytes(body, REQUEST_MAX, &saved->bytes);
    saved->body = buf_span(&saved->bytes);
    return status;
}

/* The check. */

struct check {
    struct credential asked; /* only its provider is set */
    struct scheme scheme;
    struct buf secret;
    struct saved saved;
    int64_t now_s;
};

static int read_secret(const struct fxctl *ctl, struct check *c)
{
    const char *file = fxctl_option(ctl, "secret-file"), *name = fxctl_option(ctl, "secret-env");
    struct buf why = BUF_INIT;
    int status = EXIT_DONE;
    if (!file == !name)
        return help_usage(ctl, "give either --secret-file or --secret-env");
    if (file)
        status = secret_read_file(ctl, file, &c->secret);
    else if (getenv(name))
        buf_add_str(&c->secret, getenv(name));
    else
        status = help_usage(ctl, "--secret-env: the environment has no %s", name);
    if (!status && !scheme_secret_check(&c->scheme, buf_span(&c->secret), &why))
        status = fxctl_refuse("the secret %s", buf_text(&why));
    buf_done(&why);
    return status;
}

/* As the gateway decodes what it receives. */
static bool decode(void *context, struct span body, struct span *ret_decoded)
{
    struct saved *saved = context;
    bool twice = false;
    const char *why;
    enum coding coding = coding_read(find_header(saved, "content-encoding", &twice));
    buf_clear(&saved->decoded);
    *ret_decoded = body;
    if (!coding || !body.len)
        return !twice;
    if (twice || coding == CODING_UNKNOWN ||
        coding_decode(coding, body, REQUEST_MAX, &saved->decoded, &why))
        return false;
    *ret_decoded = buf_span(&saved->decoded);
    return true;
}

static struct signed_request request_with(struct check *c, struct span body)
{
    return (struct signed_request){find_header, &c->saved, body, decode};
}

static bool is_good(struct check *c, struct span body, struct buf *why)
{
    struct signed_request request = request_with(c, body);
    struct span secret = buf_span(&c->secret);
    return scheme_verify(&c->scheme, &secret, 1, &request, c->now_s, why);
}

/* Editors end what they save with a newline: would the signature be good without it? */
static void add_hint(struct check *c, struct buf *why)
{
    struct span body = c->saved.body;
    struct buf ignored = BUF_INIT;
    if (!body.len || body.data[body.len - 1] != '\n')
        return;
    body.len -= body.len > 1 && body.data[body.len - 2] == '\r' ? 2 : 1;
    if (is_good(c, body, &ignored))
        buf_add_str(why, "; without the newline at the end of the body it would be good");
    buf_done(&ignored);
}

static void put_found(struct json_out *o, const char *name, struct span value)
{
    if (value.len)
        json_put_text(o, name, value);
    else
        json_put_str(o, name, NULL);
}

static void print_json(struct check *c, const struct buf *why)
{
    const struct signed_request request = request_with(c, c->saved.body);
    const char *event = c->scheme.event_header;
    struct buf text = BUF_INIT;
    struct json_out o = json_out_to(&text);
    bool twice = false;
    json_open(&o, '{');
    json_put_bool(&o, "good", !why->len);
    put_found(&o, "why", buf_span(why));
    json_put_text(&o, "provider", c->asked.provider);
    put_found(&o, "delivery_id", scheme_delivery_id(&c->scheme, &request));
    put_found(&o, "event", *event ? find_header(&c->saved, event, &twice) : SPAN_NONE);
    json_close(&o, '}');
    fxctl_print(&text);
    buf_done(&text);
}

static int answer(const struct fxctl *ctl, struct check *c)
{
    struct buf why = BUF_INIT;
    int status = EXIT_DONE;
    if (!is_good(c, c->saved.body, &why)) {
        add_hint(c, &why);
        status = ctl->json ? EXIT_NO : fxctl_refuse("not good: %s", buf_text(&why));
    }
    if (ctl->json)
        print_json(c, &why);
    else if (!status)
        puts("good");
    buf_done(&why);
    return status;
}

static int verify(struct fxctl *ctl)
{
    struct check c = {.secret = BUF_INIT};
    int64_t now_s = clock_wall_ms() / 1000;
    int status = operand_number(ctl, "at", 0, AT_MAX, now_s, &c.now_s);
    if (!status)
        status = secret_read_scheme(ctl, &c.asked, &c.scheme);
    if (!status)
        status = read_secret(ctl, &c);
    if (!status)
        status = read_saved(ctl, &c.saved);
    if (!status)
        status = answer(ctl, &c);
    crypto_forget(&c.secret);
    headers_done(&c.saved.headers);
    buf_done(&c.saved.bytes);
    buf_done(&c.saved.decoded);
    return status;
}

static const struct option_rule verify_options[] = {
    {"provider", "NAME", OPTION_FREE, "who sent it: github (default), gitea, gitlab, stripe, …"},
    {"scheme", "JSON", OPTION_FREE, "how a generic sender signs"},
    {"secret-file", "FILE", OPTION_FREE, "the secret, on one line; - is standard input"},
    {"secret-env", "NAME", OPTION_FREE, "the environment variable with the secret"},
    {"request", "FILE|-", OPTION_FREE, "the request: headers, an empty line, the body"},
    {"body", "FILE|-", OPTION_FREE, "the body alone, with its headers in --header"},
    {"header", "HEADER", OPTION_MANY, "a header, 'X-Name: value'; as often as needed"},
    {"at", "SECONDS", OPTION_FREE,
        "the time that signatures are held against, in Unix time; else now"},
    {0},
};

const struct command verify_commands[] = {
    {
        .name = "verify",
        .options = verify_options,
        .summary = "check the signature of a saved webhook request",
        .details =
            "It is checked as the gateway would, without a home and without a network. Says\n"
            "\"good\", or why it is not, with exit status 1. A secret is never taken from the\n"
            "command line, where others could read it.",
        .run = verify,
    },
    {0},
};
