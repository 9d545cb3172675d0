/* request - reading a request; see request.h. */
#include "web/request.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "web/channel.h"

#define QUERY_VALUE_MAX 4096

struct span request_header(const struct request *request, const char *cgi_name)
{
    size_t len = strlen(cgi_name);
    for (char **v = request->channel->variables; *v; v++)
        if ((*v)[0] == cgi_name[0] && strncmp(*v, cgi_name, len) == 0 && (*v)[len] == '=')
            return span_str(*v + len + 1);
    return SPAN_NONE;
}

/* "x-hub-signature-256" as HTTP_X_HUB_SIGNATURE_256: are they the same? Ends at the variable's '='.
 */
static bool is_named(const char *variable, const char *name)
{
    if (strncmp(variable, "HTTP_", 5) != 0)
        return false;
    for (variable += 5; *name && *variable != '='; name++, variable++) {
        char c = *name >= 'a' && *name <= 'z' ? (char)(*name - 'a' + 'A') : *name;
        if (*variable != (c == '-' ? '_' : c))
            return false;
    }
    return !*name && *variable == '=';
}

struct span request_header_named(const struct request *request, const char *name, bool *ret_twice)
{
    struct span value = SPAN_NONE;
    size_t seen = 0;
    for (char **v = request->channel->variables; *v; v++)
        if (is_named(*v, name) && seen++ == 0)
            value = span_str(strchr(*v, '=') + 1);
    *ret_twice = seen > 1;
    return value;
}

static struct span named(void *context, const char *name, bool *ret_twice)
{
    return request_header_named(context, name, ret_twice);
}

struct signed_request request_signed(const struct request *request)
{
    return (struct signed_request){named, (void *)(uintptr_t)request, request->body};
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool form_decode(const char *text, size_t len, struct buf *out)
{
    for (size_t i = 0; i < len; i++) {
        char c = text[i] == '+' ? ' ' : text[i];
        if (c == '%') {
            int high = i + 2 < len ? hex(text[i + 1]) : -1;
            int low = i + 2 < len ? hex(text[i + 2]) : -1;
            if (high < 0 || low < 0)
                return false;
            c = (char)(high << 4 | low);
            i += 2;
        }
        if (!c)
            return false;
        buf_add_char(out, c);
    }
    return true;
}

static bool is_utf8(struct span s)
{
    for (size_t i = 0, len; i < s.len; i += len) {
        len = utf8_length(s.data + i, s.data + s.len);
        if (!len)
            return false;
    }
    return true;
}

enum err request_query(const struct request *request, const char *name, struct buf *out)
{
    size_t len = strlen(name), from = out->len;
    bool found = false;
    for (const char *at = request->query; *at;) {
        size_t part = strcspn(at, "&");
        const char *equals = memchr(at, '=', part);
        size_t name_len = equals ? (size_t)(equals - at) : part;
        if (name_len == len && memcmp(at, name, len) == 0) {
            if (found)
                return ERR_INVALID;
            found = true;
            size_t value_len = equals ? part - name_len - 1 : 0;
            if (value_len > QUERY_VALUE_MAX || !form_decode(at + part - value_len, value_len, out))
                return ERR_INVALID;
        }
        at += part + (at[part] == '&');
    }
    if (!is_utf8(span_of(out->data + from, out->len - from)))
        return ERR_INVALID;
    return found ? ERR_OK : ERR_NOTFOUND;
}

void reply_bad_query(struct request *request, const char *name)
{
    reply_problem(request, 400,
        "The query parameter %s is there twice, badly encoded or longer than %d bytes.", name,
        QUERY_VALUE_MAX);
}

bool request_version(struct request *request, uint32_t *ret_version)
{
    struct buf text = BUF_INIT;
    char *end;
    *ret_version = 0;
    enum err err = request_query(request, "pipeline_version", &text);
    if (err == ERR_NOTFOUND)
        return true;
    const char *digits = buf_text(&text);
    unsigned long version = strtoul(digits, &end, 10);
    bool good = !err && digits[0] >= '1' && digits[0] <= '9' && !*end && text.len <= 9;
    buf_done(&text);
    *ret_version = (uint32_t)version;
    if (err)
        reply_bad_query(request, "pipeline_version");
    else if (!good)
        reply_problem(request, 404, "There is no such pipeline or version.");
    return !err && good;
}

/* The request's mutation is called with the request, and so is what comes after it. */
static void written(struct store_op *op)
{
    struct request *request = op->context;
    request->after(request, op->err);
}

void request_write(struct request *request, unsigned flags, store_mutation *mutation,
    void (*after)(struct request *request, enum err err))
{
    request->after = after;
    request->op = (struct store_op){
        .mutation = mutation, .context = request, .flags = flags, .done = written};
    store_submit(request->store, &request->op);
}
